//! `GET /api/ready`: whether requests should be sent here: the store answers, timers fire, nobody told it to stop.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::error::ApiError;

/// A timer later than this says that timers do not fire.
const LATE: f64 = 60.0;

/// Ready.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`; anything else is an error answer.
    pub status: &'static str,
    /// Age of the oldest timer that should have fired, seconds; 0 when there is none.
    pub oldest_timer_seconds: f64,
}

/// Whether requests should be sent here. 503 while it stops, while the store does not answer, and while timers are late
/// by more than a minute.
#[utoipa::path(get, path = "/api/ready", tag = "service", security(()),
    responses((status = 200, body = Ready), (status = 503, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Json<Ready>, ApiError> {
    if *state.closing.borrow() {
        return Err(ApiError::not_ready("服务正在停止", "the service is stopping"));
    }
    let oldest = state.office.oldest_timer().await.map_err(|problem| {
        tracing::warn!(%problem, "not ready");
        ApiError::not_ready("数据库没有应答", "the store does not answer")
    })?;
    if oldest > LATE {
        return Err(ApiError::not_ready("定时器延迟超过一分钟", "timers are late by more than a minute"));
    }
    Ok(Json(Ready { status: "ready", oldest_timer_seconds: oldest }))
}
