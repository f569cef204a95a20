//! `GET /api/assurance`: whether anything is lost.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::error::ApiError;
use crate::views::assurance::AssuranceView;

/// Both rates and the self-checks, measured now.
#[utoipa::path(get, path = "/api/assurance", tag = "assurance", responses((status = 200, body = AssuranceView)))]
pub(crate) async fn show(State(state): State<AppState>) -> Result<Json<AssuranceView>, ApiError> {
    Ok(Json(state.office.assurance().await?))
}
