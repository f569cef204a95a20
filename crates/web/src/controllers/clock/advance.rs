//! `POST /api/clock`: moving the demonstration clock forward. It never goes back.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::accounts::AuditEntry;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::clock::ClockNow;

/// Farthest in one move.
const FARTHEST: TimeDelta = TimeDelta::days(400);

/// By how much, or to when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// A span such as `1 day`, `2 working days`, `3 hours`.
    pub advance: Option<String>,
    /// An instant.
    pub to: Option<DateTime<Utc>>,
}

/// Moves the clock forward. 404 unless the service runs with a demonstration clock.
#[utoipa::path(post, path = "/api/clock", tag = "clock", request_body = Move,
    responses((status = 200, body = ClockNow), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn advance(
    State(state): State<AppState>,
    signed: Signed,
    Body(forward): Body<Move>,
) -> Result<Json<ClockNow>, ApiError> {
    if !state.office.clock_moves() {
        return Err(ApiError::not_found());
    }
    let now = state.office.now();
    let to = match (forward.advance, forward.to) {
        (Some(span), None) => state.office.after(now, &span)?,
        (None, Some(to)) => to,
        _ => {
            return Err(ApiError::bad_request("advance", "expected either advance or to"));
        }
    };
    if to <= now || to - now > FARTHEST {
        return Err(ApiError::field(
            "to",
            "只能向前调整，且一次不超过400天",
            "expected a later time, at most 400 days ahead",
        ));
    }
    let reason = format!("{now} to {to}");
    let entry = AuditEntry {
        at: now,
        district: &signed.user().district,
        user_id: &signed.user().id,
        action: "clock.moved",
        case_id: None,
        reason: &reason,
    };
    state.accounts.audit(&entry).await?;
    let now = state.office.move_clock(to).await?;
    Ok(Json(ClockNow { now, demo: true }))
}
