//! `GET /api/mails`: the mail log.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::is_hidden;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Params;
use crate::ports::MailQuery;
use crate::views::mail::{MailListView, MailRowView};

/// Filters.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// Only of this case.
    pub case: Option<Uuid>,
    /// `queued`, `held`, `sent`, `failed`, `suppressed` or `local`.
    pub state: Option<String>,
    /// Rows, at most 500.
    pub limit: Option<u32>,
    /// Rows to skip.
    pub offset: Option<u32>,
}

/// Mails, newest first.
#[utoipa::path(get, path = "/api/mails", tag = "mails", params(Filters), responses((status = 200, body = MailListView)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(filters): Params<Filters>,
) -> Result<Json<MailListView>, ApiError> {
    if filters
        .state
        .as_deref()
        .is_some_and(|state| !["queued", "held", "sent", "failed", "suppressed", "local"].contains(&state))
    {
        return Err(ApiError::bad_request("state", "expected queued, held, sent, failed, suppressed or local"));
    }
    let limit = filters.limit.unwrap_or(50).min(500);
    let query = MailQuery { case: filters.case, state: filters.state, limit, offset: filters.offset.unwrap_or(0) };
    let rows = state.office.mails(query).await?;
    let hidden = excluded_cases(&state, &signed, &rows).await?;
    let rows = rows.into_iter().filter(|row| row.head.cases.iter().all(|case| !hidden.contains(case))).collect();
    Ok(Json(MailListView { rows }))
}

/// Cases among the rows' of which the viewer must not know.
async fn excluded_cases(state: &AppState, signed: &Signed, rows: &[MailRowView]) -> Result<BTreeSet<Uuid>, ApiError> {
    let mut hidden = BTreeSet::new();
    let cases: BTreeSet<Uuid> = rows.iter().flat_map(|row| row.head.cases.iter().copied()).collect();
    for case in cases {
        if is_hidden(state, signed, case).await? {
            hidden.insert(case);
        }
    }
    Ok(hidden)
}
