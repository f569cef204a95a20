//! The figures that show whether nothing is lost, as JSON. Counting is `huiyin_assurance`'s.

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_chart::rates::{Rates, Share};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Text;

/// Which stretch of time the rates are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PeriodChoice {
    /// The last 90 days.
    #[default]
    #[serde(rename = "90d")]
    Days90,
    /// This month.
    #[serde(rename = "month")]
    Month,
    /// The month before this one.
    #[serde(rename = "last-month")]
    LastMonth,
    /// This quarter.
    #[serde(rename = "quarter")]
    Quarter,
    /// The quarter before this one.
    #[serde(rename = "last-quarter")]
    LastQuarter,
}

/// Both rates, the self-checks and the alarms. Ages and delays in seconds, rates from 0 to 1.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AssuranceView {
    /// The moment of counting; not older than a minute.
    pub counted_at: DateTime<Utc>,
    /// Open matters without a responsible unit.
    pub unassigned: u64,
    /// The number of the oldest of them; none as well when the viewer may not know of it.
    pub oldest_unassigned: Option<String>,
    /// How long ago it was received.
    pub oldest_unassigned_seconds: f64,
    /// Open cases with a deadline over.
    pub overdue_open: u64,
    /// Timers that should have fired.
    pub timers_overdue: u64,
    /// Age of the oldest of them.
    pub oldest_timer_seconds: f64,
    /// Running clocks without a timer; must be 0.
    pub clocks_without_timer: u64,
    /// Rungs that fired in the last 24 hours.
    pub rungs_fired: u64,
    /// Of these, later than 5 seconds.
    pub rungs_late: u64,
    /// The latest of them, by so much.
    pub rung_latest_seconds: f64,
    /// Mails given up.
    pub mails_failed: u64,
    /// Mails that were refused so far and are tried again.
    pub mails_retried: u64,
    /// Cases that cannot be lived through again from their journal; must be 0.
    pub cases_unreadable: u64,
    /// Cases whose key was destroyed at the end of their retention: in no figure.
    pub cases_forgotten: u64,
    /// The period of the rates.
    pub period: PeriodView,
    /// In all.
    pub total: RatesView,
    /// By the unit that had the matter last.
    pub units: Vec<RatesLineView>,
    /// By channel.
    pub channels: Vec<RatesLineView>,
    /// By category.
    pub categories: Vec<RatesLineView>,
    /// Promises that were broken in the period; `/api/assurance/broken` tells them.
    pub broken: u64,
    /// Alarms on the system itself, raised or not.
    pub alarms: Vec<AlarmView>,
    /// What was proved of each workflow in force.
    pub proofs: Vec<ProofView>,
    /// How the figures are defined.
    pub definitions: Vec<DefinitionView>,
}

/// A stretch of whole local days.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PeriodView {
    /// As it was chosen.
    pub choice: PeriodChoice,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// It is not over: counted up to now.
    pub running: bool,
}

/// A share with what it is made of.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct ShareView {
    /// Kept.
    pub kept: u64,
    /// Of so many.
    pub of: u64,
    /// Kept by of; none when nothing was due.
    pub rate: Option<f64>,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        Self { kept: share.kept, of: share.of, rate: share.rate() }
    }
}

/// Both rates with every column of them.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct RatesView {
    /// 交办率.
    pub assigned: ShareView,
    /// Of these, taken over by the duty desk because nobody assigned them.
    pub fallback: u64,
    /// Of these, still with the duty desk.
    pub fallback_open: u64,
    /// Left out: same person, same matter as another one.
    pub duplicates: u64,
    /// Left out: ended or passed on within the limit, before anybody had to assign them.
    pub ended_first: u64,
    /// 按时回复率.
    pub answered: ShareView,
    /// The same by the dates before any extension.
    pub answered_without_extensions: ShareView,
    /// Of `answered.of`: overdue and open at the end of the period.
    pub overdue_open: u64,
    /// Anonymous and unreachable petitioners, in neither share above.
    pub unreachable: ShareView,
}

impl From<Rates> for RatesView {
    fn from(rates: Rates) -> Self {
        Self {
            assigned: rates.assigned.into(),
            fallback: rates.fallback,
            fallback_open: rates.fallback_open,
            duplicates: rates.duplicates,
            ended_first: rates.ended_first,
            answered: rates.answered.into(),
            answered_without_extensions: rates.answered_without_extensions.into(),
            overdue_open: rates.overdue_open,
            unreachable: rates.unreachable.into(),
        }
    }
}

/// A line of a table of rates.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RatesLineView {
    /// Id of the unit, channel or category; empty: none.
    pub key: String,
    /// Its name.
    pub name: Text,
    /// Its rates.
    pub rates: RatesView,
}

/// An alarm on the system itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlarmView {
    /// Stable name.
    pub name: String,
    /// It is raised.
    pub raised: bool,
    /// What is measured now.
    pub value: f64,
    /// Raised above this.
    pub above: f64,
    /// What it says and what to do.
    pub words: Text,
}

/// What was proved of a workflow before it was loaded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProofView {
    /// Workflow name.
    pub workflow: String,
    /// Its title.
    pub title: Text,
    /// Its version.
    pub version: u32,
    /// Proved.
    pub proved: bool,
    /// Configurations that were looked at.
    pub configurations: u64,
    /// What was taken on trust.
    pub assumptions: Vec<String>,
}

/// What a figure means.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DefinitionView {
    /// Field of the answer.
    pub figure: String,
    /// What is counted.
    pub counts: Text,
}

/// Broken promises of a period, the earliest due first.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct BrokenListView {
    /// How many there are.
    pub total: u64,
    /// Of this page, how many the viewer may not know of.
    pub hidden: u64,
    /// This page.
    pub rows: Vec<BrokenView>,
}

/// Which of the two promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PromiseView {
    /// Assigned within the limit.
    Assigned,
    /// Answered by the due date.
    Answered,
}

/// A promise that was broken: no person, no text of a complaint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BrokenView {
    /// Number of the case.
    pub number: String,
    /// Which promise.
    pub promise: PromiseView,
    /// Unit that had it last.
    pub unit: Text,
    /// Category.
    pub category: Text,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// When it was done, late.
    pub done: Option<DateTime<Utc>>,
    /// When it was dropped, after it was due.
    pub dropped: Option<DateTime<Utc>>,
    /// Whole days late.
    pub days_late: i64,
    /// False: anonymous or unreachable, told beside the rate.
    pub reachable: bool,
    /// What happened.
    pub story: Vec<StoryLineView>,
}

/// A dated line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoryLineView {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: Text,
}
