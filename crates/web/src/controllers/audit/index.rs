//! `GET /api/audit`: who signed in, looked behind masks, opened files, changed accounts, moved the clock; with the names of
//! people and the numbers of cases.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

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
    pub rows: Vec<AuditLineView>,
}

/// One line of the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLineView {
    /// Grows.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: account id.
    pub user_id: String,
    /// Who: name and sign-in name; the id when there is no such account.
    pub user_name: String,
    /// What, e.g. `unmask`, `sign_in`, `user.changed`.
    pub action: String,
    /// On which case, if on one.
    pub case_id: Option<String>,
    /// Its number.
    pub case_number: Option<String>,
    /// Why, or what was changed.
    pub reason: String,
}

/// The audit trail, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "users", params(Page), responses((status = 200, body = Trail)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(page): Params<Page>,
) -> Result<Json<Trail>, ApiError> {
    let before = page.before.unwrap_or(i64::MAX);
    let rows = lines(&state, &signed, before, page.limit.unwrap_or(100)).await?;
    Ok(Json(Trail { rows }))
}

/// Lines before one, newest first, with names and numbers. Shared with the export.
pub(crate) async fn lines(
    state: &AppState,
    signed: &Signed,
    before: i64,
    limit: u32,
) -> Result<Vec<AuditLineView>, ApiError> {
    let found = state.accounts.audit_lines(&signed.user().district, before, limit).await?;
    let (mut names, mut numbers) = (HashMap::new(), HashMap::new());
    let mut rows = Vec::with_capacity(found.len());
    for line in found {
        if !names.contains_key(&line.user_id) {
            let user = state.accounts.user(&line.user_id).await?;
            let name = user.map_or_else(|| line.user_id.clone(), |user| format!("{} ({})", user.name, user.login));
            names.insert(line.user_id.clone(), name);
        }
        let case = line.case_id.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        if let Some(case) = case
            && !numbers.contains_key(&case)
        {
            numbers.insert(case, state.office.number(case).await?);
        }
        rows.push(AuditLineView {
            id: line.id,
            at: line.at,
            user_name: names.get(&line.user_id).cloned().unwrap_or_default(),
            user_id: line.user_id,
            action: line.action,
            case_number: case.and_then(|case| numbers.get(&case).cloned().flatten()),
            case_id: line.case_id,
            reason: line.reason,
        });
    }
    Ok(rows)
}
