//! `POST` and `DELETE /api/stations/spills`: what the demonstration's stations are made to say. 404 where none are simulated.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::stations::StationListView;

/// A spill.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spill {
    /// Station.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// What the station says from its next frame on, in the registered unit and within the range of its instrument.
    pub value: f64,
}

/// Lets a simulated station see a spill.
#[utoipa::path(post, path = "/api/stations/spills", tag = "stations", request_body = Spill,
    responses((status = 200, body = StationListView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn spill(
    State(state): State<AppState>,
    Body(spill): Body<Spill>,
) -> Result<Json<StationListView>, ApiError> {
    let desk = desk(&state)?;
    desk.spill(&spill.station, &spill.pollutant, spill.value)?;
    Ok(Json(desk.list().await?))
}

/// Ends all spills.
#[utoipa::path(delete, path = "/api/stations/spills", tag = "stations",
    responses((status = 200, body = StationListView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn calm(State(state): State<AppState>) -> Result<Json<StationListView>, ApiError> {
    let desk = desk(&state)?;
    desk.calm()?;
    Ok(Json(desk.list().await?))
}
