//! The figures that show whether nothing is lost.

use serde::Serialize;
use utoipa::ToSchema;

use super::Text;

/// Both rates and the self-checks, measured now.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AssuranceView {
    /// Open cases without a responsible unit.
    pub unassigned: u64,
    /// The number of the oldest of them; none as well when the viewer may not know of it.
    pub oldest_unassigned: Option<String>,
    /// Open cases with a deadline over.
    pub overdue_open: u64,
    /// Timers that should have fired.
    pub timers_overdue: u64,
    /// Age of the oldest of them, seconds.
    pub oldest_timer_seconds: f64,
    /// Running clocks without a timer; must be 0.
    pub clocks_without_timer: u64,
    /// Mails that could not be sent.
    pub mails_failed: u64,
    /// 交办率, 0 to 1; none when nothing was due.
    pub assigned_rate: Option<f64>,
    /// Matters in that period that nobody assigned in time: the duty desk has them, or had them first.
    pub assigned_by_fallback: u64,
    /// Of these, still with the duty desk.
    pub assigned_by_fallback_open: u64,
    /// Left out of 交办率: same person, same matter as another one.
    pub assigned_duplicates: u64,
    /// Left out of 交办率: ended or passed on within the limit, before anybody had to assign them.
    pub assigned_ended_first: u64,
    /// 按时回复率, 0 to 1; none when nothing was due.
    pub answered_rate: Option<f64>,
    /// The same by the dates before any extension.
    pub answered_rate_without_extensions: Option<f64>,
    /// Due matters of anonymous or unreachable petitioners: in neither rate.
    pub answers_nobody_can_receive: u64,
    /// How the figures are defined.
    pub definitions: Vec<DefinitionView>,
}

/// What a figure means.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DefinitionView {
    /// Field of the answer.
    pub figure: String,
    /// What is counted.
    pub counts: Text,
}
