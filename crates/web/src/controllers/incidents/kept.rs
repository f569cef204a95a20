//! `GET /api/cases/{key}/clocks`: how each clock of an incident was kept, from its journal alone.
//! `GET /api/cases/{key}/clocks/paper`: the same as an A4 page for printing.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::document::POLICY;
use crate::controllers::cases::scope::{opened, visible};
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::incident::KeptView;

/// Every clock with its article, when it was due, when it was met, by whom and by how much it was late.
#[utoipa::path(get, path = "/api/cases/{key}/clocks", tag = "incidents",
    params(("key" = String, Path, description = "case id or number")),
    responses((status = 200, body = KeptView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
) -> Result<Json<KeptView>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    state.office.kept(file.row.id).await?.map(Json).ok_or_else(ApiError::not_found)
}

/// The same as a page for printing.
#[utoipa::path(get, path = "/api/cases/{key}/clocks/paper", tag = "incidents",
    params(("key" = String, Path, description = "case id or number")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn paper(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
) -> Result<impl IntoResponse, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let html = state.office.kept_paper(file.row.id).await?.ok_or_else(ApiError::not_found)?;
    opened(&state, &signed, file.row.id, "report.opened", "clocks").await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)))
}
