//! `GET /api/stations`: all stations.

use axum::Json;
use axum::extract::State;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::views::stations::StationListView;

/// All stations with their last readings, the state of their link and how many alarms are open.
#[utoipa::path(get, path = "/api/stations", tag = "stations",
    responses((status = 200, body = StationListView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn index(State(state): State<AppState>) -> Result<Json<StationListView>, ApiError> {
    Ok(Json(desk(&state)?.list().await?))
}
