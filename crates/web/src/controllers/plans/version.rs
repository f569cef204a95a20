//! `GET /api/cases/{key}/plan/versions/{n}`: what a plan said at one of its versions, every field as text.
//! `GET /api/cases/{key}/plan/versions/{n}/paper`: the same as A4 pages for printing.

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
use crate::views::plans::PlanTextView;

/// One version. 1 is the plan as it was opened.
#[utoipa::path(get, path = "/api/cases/{key}/plan/versions/{n}", tag = "plans",
    params(("key" = String, Path, description = "case id or number"), ("n" = u32, Path, description = "version")),
    responses((status = 200, body = PlanTextView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn version(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, n)): Segment<(String, u32)>,
) -> Result<Json<PlanTextView>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    state.office.plan_version(file.row.id, n).await?.map(Json).ok_or_else(ApiError::not_found)
}

/// The same as a page for printing.
#[utoipa::path(get, path = "/api/cases/{key}/plan/versions/{n}/paper", tag = "plans",
    params(("key" = String, Path, description = "case id or number"), ("n" = u32, Path, description = "version")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn paper(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, n)): Segment<(String, u32)>,
) -> Result<impl IntoResponse, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let html = state.office.plan_version_paper(file.row.id, n).await?.ok_or_else(ApiError::not_found)?;
    opened(&state, &signed, file.row.id, "report.opened", "plan").await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)))
}
