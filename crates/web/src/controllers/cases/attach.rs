//! `POST /api/cases/{id}/attachments`: a file for a case, checked by its content.

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;

use super::scope::visible;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::ports::Upload;
use crate::sniff;
use crate::views::case::AttachmentView;

/// Keeps a file on a case. Multipart with one part `file`: PDF, PNG, JPEG, DOCX, XLSX or text.
#[utoipa::path(post, path = "/api/cases/{key}/attachments", tag = "cases",
    params(("key" = String, Path, description = "case id or number")),
    request_body(content = String, content_type = "multipart/form-data"),
    responses((status = 201, body = AttachmentView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 413, body = crate::error::ErrorEnvelope), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn attach(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
    request: Request,
) -> Result<(StatusCode, Json<AttachmentView>), ApiError> {
    let case = visible(&state, &signed, &key).await?.row.id;
    state.uploads.take(&signed.user().id, state.wall()).map_err(ApiError::too_many)?;
    let limit = state.config.max_upload;
    // Sent again with the same id it changes nothing; without one, the same file on the same case is kept once.
    let id = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok()?.parse().ok());
    let mut form = Multipart::from_request(request, &state)
        .await
        .map_err(|_| ApiError::bad_request("content-type", "expected multipart/form-data with a boundary"))?;
    let unread = |problem: MultipartError| match problem.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(limit),
        _ => ApiError::bad_request("file", problem.body_text()),
    };
    while let Some(field) = form.next_field().await.map_err(unread)? {
        if field.name() == Some("file") {
            let (name, bytes) = read(field, limit).await?;
            let (name, kind) = sniff::examine(&name, &bytes)?;
            let upload = Upload { name, media_type: kind.media_type, bytes, id };
            let kept = state.office.attach(signed.user(), case, upload).await?;
            return Ok((StatusCode::CREATED, Json(kept)));
        }
    }
    Err(ApiError::bad_request("file", "missing: expected a part named file"))
}

async fn read(mut field: Field<'_>, limit: usize) -> Result<(String, Vec<u8>), ApiError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    loop {
        match field.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => {
                return Err(ApiError::too_large(limit));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok((name, bytes)),
            Err(problem) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(ApiError::too_large(limit));
            }
            Err(problem) => return Err(ApiError::bad_request("file", problem.body_text())),
        }
    }
}
