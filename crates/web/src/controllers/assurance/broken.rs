//! `GET /api/assurance/broken`: every promise that was broken, with its story.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Params;
use crate::views::assurance::{BrokenListView, PeriodChoice};

/// Which ones.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `90d` (default), `month`, `last-month`, `quarter` or `last-quarter`.
    #[param(inline)]
    pub period: Option<PeriodChoice>,
    /// Rows, at most 100.
    pub limit: Option<u32>,
    /// Rows to skip.
    pub offset: Option<u32>,
}

/// Broken promises, the earliest due first. Cases that the viewer may not know of are left out and counted.
#[utoipa::path(get, path = "/api/assurance/broken", tag = "assurance", params(Which),
    responses((status = 200, body = BrokenListView)))]
pub(crate) async fn broken(
    State(state): State<AppState>,
    signed: Signed,
    Params(which): Params<Which>,
) -> Result<Json<BrokenListView>, ApiError> {
    let (limit, offset) = (which.limit.unwrap_or(20).min(100) as usize, which.offset.unwrap_or(0) as usize);
    let mut list = state.office.broken(which.period.unwrap_or_default(), limit, offset).await?;
    let mut rows = Vec::with_capacity(list.rows.len());
    for row in std::mem::take(&mut list.rows) {
        if visible(&state, &signed, &row.number).await.is_ok() {
            rows.push(row);
        } else {
            list.hidden += 1;
        }
    }
    list.rows = rows;
    Ok(Json(list))
}
