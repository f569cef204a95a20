//! `GET /api/waters`: the waters of the district as GeoJSON.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;

/// Reaches as lines, and sources, sections, risk sources, facilities and depots as points, WGS-84. Each feature says its
/// `group`, whether it is `approximate`, and its provenance.
#[utoipa::path(get, path = "/api/waters", tag = "sources",
    responses((status = 200, content_type = "application/geo+json", body = Object), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn map(State(state): State<AppState>) -> Result<Response, ApiError> {
    let text = desk(&state)?.geojson();
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], text).into_response())
}
