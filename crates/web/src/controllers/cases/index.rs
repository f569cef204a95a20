//! `GET /api/cases`: work lists.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::accounts::AuditEntry;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Params;
use crate::lamp::{Lamp, NEAR};
use crate::mask::text_hidden;
use crate::permissions::{self, Permission};
use crate::ports::CaseQuery;
use crate::views::case::CaseListView;

/// Rows of a page unless asked otherwise.
const USUAL: u32 = 50;
/// Most rows of a page.
const MOST: u32 = 500;
/// Longest text to search for, characters.
const LONGEST_TEXT: usize = 200;

/// Fewer digits name nobody.
const SHORTEST_NUMBER: usize = 7;
/// Fewer letters are no name.
const SHORTEST_NAME: usize = 2;

/// Filters; all that are given must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// Words in number, title or place; or a telephone or identity number.
    pub text: Option<String>,
    /// Owner, as `unit:x`, `role:x` or `person:x`.
    pub owner: Option<String>,
    /// `1`: only cases of the viewer, their units and roles.
    pub mine: Option<u8>,
    /// `1`: only open cases; `0`: only closed ones, archived or not.
    pub open: Option<u8>,
    /// `1`: only overdue cases.
    pub overdue: Option<u8>,
    /// Only cases due before this time.
    pub due_before: Option<DateTime<Utc>>,
    /// Only this workflow.
    pub workflow: Option<String>,
    /// Only in the state with this id.
    pub state: Option<String>,
    /// Only open cases with this lamp: `red` (over), `yellow` (due within three days) or `green`.
    pub lamp: Option<Lamp>,
    /// `due` (earliest first, the usual) or `received` (newest first).
    pub order: Option<String>,
    /// Rows, at most 500.
    pub limit: Option<u32>,
    /// Rows to skip.
    pub offset: Option<u32>,
}

/// A page of the cases the viewer may know of.
#[utoipa::path(get, path = "/api/cases", tag = "cases", params(Filters),
    responses((status = 200, body = CaseListView), (status = 400, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(filters): Params<Filters>,
) -> Result<Json<CaseListView>, ApiError> {
    let Some(mut query) = query(&signed, filters, state.office.now())? else {
        return Ok(Json(CaseListView { total: 0, rows: Vec::new() }));
    };
    query.stays_away = state.office.stays_away(signed.user());
    query.identity =
        permissions::may(signed.user(), Permission::Unmask) && query.text.as_deref().is_some_and(names_somebody);
    if query.identity {
        state.identities.take(&signed.user().id, state.wall()).map_err(ApiError::too_many)?;
    }
    let (total, rows) = state.office.cases(query.clone()).await?;
    if query.identity && total > 0 {
        let text = query.text.clone().unwrap_or_default();
        let (without, _) = state.office.cases(CaseQuery { identity: false, limit: 1, offset: 0, ..query }).await?;
        if without < total {
            written_down(&state, &signed, &text, total - without).await?;
        }
    }
    Ok(Json(CaseListView { total, rows }))
}

/// Whether a text may be looked for among identities: a whole number (seven digits and more) or what can be a name. A
/// few digits would let somebody read a masked number out, digit by digit.
fn names_somebody(text: &str) -> bool {
    text.split_whitespace().all(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        digits >= SHORTEST_NUMBER || (digits == 0 && letters >= SHORTEST_NAME)
    })
}

/// Writes down that somebody was found by who they are. What was searched for is masked: the trail is no second register.
async fn written_down(state: &AppState, signed: &Signed, text: &str, found: u64) -> Result<(), ApiError> {
    let words: Vec<String> = text.split_whitespace().map(text_hidden).collect();
    let reason = format!("{} → {found}", words.join(" "));
    let entry = AuditEntry {
        at: state.office.now(),
        district: &signed.user().district,
        user_id: &signed.user().id,
        action: "search.identity",
        case_id: None,
        reason: &reason,
    };
    Ok(state.accounts.audit(&entry).await?)
}

/// The question, narrowed to what the viewer may know; none when that leaves nothing.
fn query(signed: &Signed, filters: Filters, now: DateTime<Utc>) -> Result<Option<CaseQuery>, ApiError> {
    let user = signed.user();
    let by_received = match filters.order.as_deref() {
        None | Some("due") => false,
        Some("received") => true,
        Some(_) => return Err(ApiError::bad_request("order", "expected due or received")),
    };
    if filters.lamp == Some(Lamp::Grey) {
        return Err(ApiError::bad_request("lamp", "expected red, yellow or green"));
    }
    if filters.text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        return Err(ApiError::bad_request("text", format!("at most {LONGEST_TEXT} characters")));
    }
    let own = permissions::parties(user);
    let only_own = filters.mine == Some(1) || !permissions::sees_all(user);
    let owners = match (filters.owner, only_own) {
        (None, false) => None,
        (None, true) => Some(own),
        (Some(owner), true) if !own.contains(&owner) => return Ok(None),
        (Some(owner), _) => Some(vec![owner]),
    };
    let kept_from = if only_own { Vec::new() } else { permissions::kept_from(user) };
    let lamp = filters.lamp;
    let overdue = lamp.map(|lamp| lamp == Lamp::Red).or((filters.overdue == Some(1)).then_some(true));
    let soon = now + NEAR + TimeDelta::microseconds(1);
    Ok(Some(CaseQuery {
        identity: false,
        text: filters.text.filter(|text| !text.trim().is_empty()),
        owners,
        not_excluded: user.units.iter().chain(&user.heads).cloned().chain(kept_from).collect(),
        stays_away: Vec::new(),
        open: lamp.map(|_| true).or(filters.open.map(|open| open == 1)),
        overdue,
        due_before: (lamp == Some(Lamp::Yellow)).then_some(soon).into_iter().chain(filters.due_before).min(),
        due_from: (lamp == Some(Lamp::Green)).then_some(soon),
        state: filters.state.filter(|state| !state.is_empty()),
        workflow: filters.workflow,
        by_received,
        limit: filters.limit.unwrap_or(USUAL).min(MOST),
        offset: filters.offset.unwrap_or(0),
    }))
}
