//! `GET /api/stations/{id}/why`: why did nothing fire?

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Params, Segment};
use crate::views::stations::WhyView;

/// About which pollutant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// Factor code.
    pub pollutant: String,
}

/// Every rule's reason for its silence about one pollutant at a station.
#[utoipa::path(get, path = "/api/stations/{id}/why", tag = "stations",
    params(("id" = String, Path, description = "station id"), About),
    responses((status = 200, body = WhyView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn why(
    State(state): State<AppState>,
    Segment(id): Segment<String>,
    Params(about): Params<About>,
) -> Result<Json<WhyView>, ApiError> {
    Ok(Json(desk(&state)?.why(&id, &about.pollutant).await?))
}
