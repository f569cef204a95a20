//! `POST /api/cases/{id}/unmask`: the confidential fields, for a reason that is written down first.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::scope::visible;
use super::show::page;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
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
    Path(key): Path<String>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<CasePage>, ApiError> {
    let reason = reason.trim();
    if !(4..=200).contains(&reason.chars().count()) {
        return Err(ApiError::field(
            "reason",
            "请填写查看理由（4至200字）",
            "expected a reason of 4 to 200 characters",
        ));
    }
    let file = visible(&state, &signed, &key).await?;
    state.office.note_unmasking(signed.user(), file.row.id, reason).await?;
    Ok(Json(page(&signed, file)))
}
