//! `POST /api/cases/{id}/unmask`: the confidential fields, for a reason that is written down first.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::scope::visible;
use super::show::page;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::{Body, Segment};
use crate::views::case::CasePage;

/// Why somebody must know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// 4 to 200 characters.
    pub reason: String,
}

/// The case with its confidential fields in the clear.
#[utoipa::path(post, path = "/api/cases/{key}/unmask", tag = "cases",
    params(("key" = String, Path, description = "case id or number")), request_body = Reason,
    responses((status = 200, body = CasePage), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn unmask(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
    Body(reason): Body<Reason>,
) -> Result<Json<CasePage>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    written_down(&state, &signed, file.row.id, &reason).await?;
    Ok(Json(page(&signed, file)))
}

/// Notes the reason in the audit trail and on the case; only then may anything be shown. Shared with papers.
pub(crate) async fn written_down(
    state: &AppState,
    signed: &Signed,
    case: uuid::Uuid,
    Reason { reason }: &Reason,
) -> Result<(), ApiError> {
    let reason = reason.trim();
    if !(4..=200).contains(&reason.chars().count()) {
        return Err(ApiError::field(
            "reason",
            "请填写查看理由（4至200字）",
            "expected a reason of 4 to 200 characters",
        ));
    }
    Ok(state.office.note_unmasking(signed.user(), case, reason).await?)
}
