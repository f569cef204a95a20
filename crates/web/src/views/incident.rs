//! An incident as the command page shows it: report drafts, tasks, the public warning, and how each clock was kept.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Text;

/// What the command page of an incident needs beside the case itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentBoardView {
    /// Case id.
    pub case: Uuid,
    /// Case number.
    pub number: String,
    /// It belongs to an exercise.
    pub exercise: bool,
    /// Initial, follow-up and final report, drafted from the case.
    pub reports: Vec<ReportView>,
    /// The tasks that were given, oldest first.
    pub tasks: Vec<TaskView>,
    /// What was published of the warning, oldest first.
    pub warnings: Vec<WarningView>,
    /// Numbers of the linked petitions.
    pub petitions: Vec<String>,
    /// Whether the sketch knows the place: a station or a town of the water network.
    pub located: bool,
}

/// One report, as the case gives it now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// `initial`, `followup` or `final`.
    pub kind: String,
    /// 初报, 续报, 处理结果报告.
    pub title: Text,
    /// The article that names the elements.
    pub basis: String,
    /// When it was last sent, as recorded on the case.
    pub sent_at: Option<DateTime<Utc>>,
    /// The elements in their order.
    pub elements: Vec<ElementView>,
    /// Titles of the elements that the case does not give yet.
    pub missing: Vec<Text>,
}

/// An element that a report must have.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ElementView {
    /// Field of the form that records it.
    pub name: String,
    /// What it is.
    pub title: Text,
    /// The text; Chinese, because it goes into the report. Empty: nothing is known.
    pub text: String,
    /// Put together from the record of the case, and to be looked over; otherwise somebody wrote it.
    pub drafted: bool,
    /// Not or not wholly known.
    pub missing: bool,
}

/// A task of the incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskView {
    /// Case id of the task.
    pub case: Uuid,
    /// Its number.
    pub number: String,
    /// What is to be done.
    pub task: String,
    /// Whose it is.
    pub unit_name: Text,
    /// In charge on site.
    pub handler: String,
    /// To be done by.
    pub due_at: Option<DateTime<Utc>>,
    /// `given`, `working`, `done` or `cancelled`.
    pub state: String,
    /// Its title.
    pub state_title: Text,
    /// Open and past its time.
    pub overdue: bool,
    /// By the plan of a source its time was over when it was given.
    pub late: bool,
    /// What came of it.
    pub result: String,
    /// The viewer may open it.
    pub may_open: bool,
}

/// A message of the public warning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningView {
    /// CAP identifier.
    pub identifier: String,
    /// `alert`, `update` or `cancel`.
    pub kind: String,
    /// When it was published.
    pub sent: DateTime<Utc>,
    /// What it says in one line.
    pub headline: String,
    /// By whom it was approved, as recorded on the case.
    pub approval: String,
    /// Where the CAP message is read.
    pub href: String,
}

/// How each clock of a case was kept, from its journal alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeptView {
    /// Case number.
    pub number: String,
    /// Title.
    pub title: String,
    /// It belongs to an exercise.
    pub exercise: bool,
    /// As of when.
    pub at: DateTime<Utc>,
    /// Every run of every clock, in the order in which they began.
    pub clocks: Vec<KeptClock>,
    /// How many ended in time.
    pub met: usize,
    /// How many ended late.
    pub late: usize,
    /// How many are open and past their time.
    pub overdue: usize,
    /// How many are open and in time.
    pub open: usize,
    /// How many were no longer owed.
    pub void: usize,
}

/// One run of one clock, as it was kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeptClock {
    /// Clock name.
    pub clock: String,
    /// Title.
    pub title: Text,
    /// Which run, from 1.
    pub run: u32,
    /// Law and article; none: the office's own target.
    pub basis: Option<String>,
    /// `verified`, `secondary` or `unverified`.
    pub basis_status: Option<String>,
    /// From when it counted.
    pub started_at: DateTime<Utc>,
    /// The effective due date at the end, or now.
    pub due_at: DateTime<Utc>,
    /// When it ended: the legal instant, not that of the typing.
    pub ended_at: Option<DateTime<Utc>>,
    /// `met`, `late`, `void`, `open` or `overdue`.
    pub outcome: String,
    /// Seconds after the due date; below 0: so many before it. None where nothing ended and nothing is late.
    pub late_by_s: Option<i64>,
    /// What ended it.
    pub by: Option<Text>,
    /// Who ended it.
    pub who: Option<String>,
    /// How many rungs of its ladder were reached.
    pub rungs: u32,
}
