//! `GET /api/health`: the service answers and reaches its store.

use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::error::ApiError;

/// Health.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`; anything else is an error answer.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

/// The service answers and reaches its store.
#[utoipa::path(get, path = "/api/health", tag = "service", security(()),
    responses((status = 200, body = Health), (status = 500, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn health(State(state): State<AppState>) -> Result<Json<Health>, ApiError> {
    state.accounts.failures_since("health", state.wall() - TimeDelta::seconds(1)).await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}
