//! `GET /api/cases/{id}/timeline`: what happened to a case, masks on.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::scope::visible;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::{Params, Segment};
use crate::views::case::TimelineEntry;

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Only entries after this one.
    pub after: Option<u64>,
}

/// Entries of a case's journal, oldest first.
#[utoipa::path(get, path = "/api/cases/{key}/timeline", tag = "cases",
    params(("key" = String, Path, description = "case id or number"), From),
    responses((status = 200, body = Vec<TimelineEntry>), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn timeline(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
    Params(from): Params<From>,
) -> Result<Json<Vec<TimelineEntry>>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    Ok(Json(state.office.timeline(file.row.id, from.after.unwrap_or(0)).await?))
}
