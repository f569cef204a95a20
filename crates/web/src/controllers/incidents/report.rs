//! `GET /api/cases/{key}/reports/{kind}`: the draft of a report as an A4 page for printing, with a sketch of the place.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::document::POLICY;
use crate::controllers::cases::scope::{opened, visible};
use crate::error::ApiError;
use crate::extract::Segment;

/// A report as the case gives it now: a draft until somebody signs and sends it.
#[utoipa::path(get, path = "/api/cases/{key}/reports/{kind}", tag = "incidents",
    params(("key" = String, Path, description = "case id or number"), ("kind" = String, Path, description = "initial, followup or final")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn report(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, kind)): Segment<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let html = state.office.report(file.row.id, &kind).await?.ok_or_else(ApiError::not_found)?;
    opened(&state, &signed, file.row.id, "report.opened", &kind).await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)))
}
