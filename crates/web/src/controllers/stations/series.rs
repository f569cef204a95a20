//! `GET /api/stations/{id}/series`: readings of one pollutant, as many points as a chart can show.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Params, Segment};
use crate::stations::SeriesQuery;
use crate::views::stations::SeriesView;

/// Which part of which series.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Factor code.
    pub pollutant: String,
    /// `real` (default), `minutes`, `hour` or `day`.
    pub kind: Option<String>,
    /// From this moment on; default: a day before the end.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment; default: until now. A span has at most 400 days.
    pub until: Option<DateTime<Utc>>,
    /// Most points, 10 to 2000; default 500. When there are more readings, they are put together: then so many for each flag.
    pub points: Option<u32>,
}

/// A series with the limit in force at each moment and the quality of each reading.
#[utoipa::path(get, path = "/api/stations/{id}/series", tag = "stations",
    params(("id" = String, Path, description = "station id"), Which),
    responses((status = 200, body = SeriesView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn series(
    State(state): State<AppState>,
    Segment(id): Segment<String>,
    Params(which): Params<Which>,
) -> Result<Json<SeriesView>, ApiError> {
    let query = SeriesQuery {
        pollutant: which.pollutant,
        kind: which.kind.unwrap_or_else(|| "real".to_owned()),
        from: which.from,
        until: which.until,
        points: which.points.unwrap_or(500).clamp(10, 2000),
    };
    Ok(Json(desk(&state)?.series(&id, &query).await?))
}
