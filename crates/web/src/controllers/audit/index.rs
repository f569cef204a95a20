//! `GET /api/audit`: who looked behind masks, changed accounts, moved the clock.

use axum::Json;
use axum::extract::State;
use huiyin_journal::accounts::AuditLine;
use serde::Deserialize;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Params;

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only lines before this one.
    pub before: Option<i64>,
    /// Lines, at most 500.
    pub limit: Option<u32>,
}

/// Lines of the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Trail {
    /// Newest first.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<AuditLine>,
}

/// The audit trail, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "users", params(Page), responses((status = 200, body = Trail)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(page): Params<Page>,
) -> Result<Json<Trail>, ApiError> {
    let district = &signed.user().district;
    let rows = state.accounts.audit_lines(district, page.before.unwrap_or(i64::MAX), page.limit.unwrap_or(100)).await?;
    Ok(Json(Trail { rows }))
}
