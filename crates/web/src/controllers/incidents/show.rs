//! `GET /api/cases/{key}/incident`: what the command page of an incident needs beside the case.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::incident::IncidentBoardView;

/// Report drafts, tasks and the public warning of an incident. 404 for any other case.
#[utoipa::path(get, path = "/api/cases/{key}/incident", tag = "incidents",
    params(("key" = String, Path, description = "case id or number")),
    responses((status = 200, body = IncidentBoardView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
) -> Result<Json<IncidentBoardView>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let view = state.office.incident(file.row.id, signed.user()).await?;
    view.map(Json).ok_or_else(ApiError::not_found)
}
