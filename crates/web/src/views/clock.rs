//! A deadline of a case as people read it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Text;

/// One run of one clock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// Clock name.
    pub clock: String,
    /// Title.
    pub title: Text,
    /// Which run, from 1.
    pub run: u32,
    /// `running`, `paused`, `met`, `late` or `void`.
    pub status: String,
    /// From when it counts.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The effective due date: the earliest of policy, limit and given date.
    pub due_at: Option<DateTime<Utc>>,
    /// The office's own target.
    pub policy_due: Option<DateTime<Utc>>,
    /// The law's maximum.
    pub limit_due: Option<DateTime<Utc>>,
    /// Given by a sender.
    pub given_due: Option<DateTime<Utc>>,
    /// Reaches into a year whose calendar is not published: the earliest possible date.
    pub provisional: bool,
    /// Law and article.
    pub basis: Option<String>,
    /// `verified`, `secondary` or `unverified`.
    pub basis_status: Option<String>,
    /// Time left, or since when it is over.
    pub remaining_text: Text,
    /// Stands still.
    pub paused: bool,
    /// What happens next if nobody acts.
    pub next_rung: Option<NextRung>,
    /// How the date came about, line by line.
    pub derivation: Vec<Text>,
}

/// The next rung of a ladder.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NextRung {
    /// When.
    pub at: DateTime<Utc>,
    /// What it does.
    pub what: Text,
}

/// The office's time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClockNow {
    /// Now, by the office's clock.
    pub now: DateTime<Utc>,
    /// It can be moved from the console.
    pub demo: bool,
}
