//! `GET /api/cases/{id}/documents/{n}`: a paper of a case as an A4 page for printing, without script.
//! `POST /api/cases/{id}/documents/{n}/unmask`: the same with the petitioner's name, for a reason that is written down.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};

use super::scope::{opened, visible};
use super::unmask::{Reason, written_down};
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::{Body, Segment};

/// The paper may have no script and reach nothing; its one style is its own.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A paper of a case as HTML for A4, as it was drawn up. A letter to the petitioner has the name masked.
#[utoipa::path(get, path = "/api/cases/{key}/documents/{n}", tag = "cases",
    params(("key" = String, Path, description = "case id or number"), ("n" = u32, Path, description = "which paper, from 1")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn document(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, n)): Segment<(String, u32)>,
) -> Result<impl IntoResponse, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let document = state.office.document(file.row.id, n, false).await?.ok_or_else(ApiError::not_found)?;
    opened(&state, &signed, file.row.id, "paper.opened", &document.view.template).await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(document.html)))
}

/// A paper of a case as HTML for A4 with the petitioner's name in the clear: for printing and sending.
#[utoipa::path(post, path = "/api/cases/{key}/documents/{n}/unmask", tag = "cases",
    params(("key" = String, Path, description = "case id or number"), ("n" = u32, Path, description = "which paper, from 1")),
    request_body = Reason,
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn unmasked(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, n)): Segment<(String, u32)>,
    Body(reason): Body<Reason>,
) -> Result<impl IntoResponse, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    if !file.documents.iter().any(|paper| paper.n == n) {
        return Err(ApiError::not_found());
    }
    written_down(&state, &signed, file.row.id, &reason).await?;
    let document = state.office.document(file.row.id, n, true).await?.ok_or_else(ApiError::not_found)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(document.html)))
}
