//! `GET /metrics`: counters and gauges for Prometheus. With the collector's bearer token, or for administrators.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::AppState;
use crate::error::ApiError;

/// Counters and gauges in Prometheus text format 0.0.4.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let gauges = state.office.gauges().await?;
    let mut text = state.metrics.text(&gauges);
    if let Some(more) = &state.config.more_metrics {
        text.push_str(&(more.0)());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}
