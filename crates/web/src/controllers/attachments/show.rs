//! `GET /api/attachments/{hash}`: a file, to those who may know of a case it is on.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::{opened, visible};
use crate::error::ApiError;
use crate::extract::Segment;
use crate::ports::StoredFile;
use crate::views::case::AttachmentView;

/// A file runs nothing, whatever it is.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// Content of a file, always as a download.
#[utoipa::path(get, path = "/api/attachments/{hash}", tag = "cases",
    params(("hash" = String, Path, description = "SHA-256 of the content, lower-case hex")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(hash): Segment<String>,
) -> Result<impl IntoResponse, ApiError> {
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(ApiError::not_found());
    }
    let StoredFile { cases, bytes } = state.office.attachment(&hash).await?.ok_or_else(ApiError::not_found)?;
    let (case, about) = first_visible(&state, &signed, cases).await.ok_or_else(ApiError::not_found)?;
    opened(&state, &signed, case, "file.downloaded", &about.name).await?;
    let disposition = format!("attachment; filename*=UTF-8''{}", percent(&about.name));
    let invalid = |_| ApiError::internal(&"a stored file has a name or type that no header can carry");
    let disposition = HeaderValue::try_from(disposition).map_err(invalid)?;
    let media_type = HeaderValue::try_from(about.media_type).map_err(invalid)?;
    let policy = HeaderValue::from_static(POLICY);
    Ok((
        [
            (header::CONTENT_TYPE, media_type),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CONTENT_SECURITY_POLICY, policy),
        ],
        bytes,
    ))
}

/// What the file is called on the first of its cases that the viewer may know of; another case's name stays there.
async fn first_visible(
    state: &AppState,
    signed: &Signed,
    cases: Vec<(uuid::Uuid, AttachmentView)>,
) -> Option<(uuid::Uuid, AttachmentView)> {
    for (case, about) in cases {
        if visible(state, signed, &case.to_string()).await.is_ok() {
            return Some((case, about));
        }
    }
    None
}

/// RFC 8187.
fn percent(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
