//! `GET /api/stations/{id}`: one station.

use axum::Json;
use axum::extract::State;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::stations::StationView;

/// One station.
#[utoipa::path(get, path = "/api/stations/{id}", tag = "stations", params(("id" = String, Path, description = "station id")),
    responses((status = 200, body = StationView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<String>,
) -> Result<Json<StationView>, ApiError> {
    Ok(Json(desk(&state)?.one(&id).await?))
}
