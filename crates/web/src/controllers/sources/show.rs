//! `GET /api/sources/{id}`: one drinking-water source.

use axum::Json;
use axum::extract::State;

use super::{desk, hide};
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::waters::SourceView;

/// One source with the risk sources above it, in order of arrival.
#[utoipa::path(get, path = "/api/sources/{id}", tag = "sources", params(("id" = String, Path, description = "source id")),
    responses((status = 200, body = SourceView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(id): Segment<String>,
) -> Result<Json<SourceView>, ApiError> {
    let mut source = desk(&state)?.source(&id).await?;
    hide(&state, &signed, std::slice::from_mut(&mut source.row)).await;
    Ok(Json(source))
}
