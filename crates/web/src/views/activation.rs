//! The activation board: what an incident may reach, in order of arrival, and how each activation stands.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Text;
use super::incident::TaskView;

/// Activations by incident, the newest incident first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivationBoardView {
    /// As of when, by the office's clock.
    pub at: DateTime<Utc>,
    /// Incidents with their activations.
    pub incidents: Vec<ActivationGroupView>,
    /// There are more than are shown.
    pub more: bool,
}

/// The activations of one incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivationGroupView {
    /// Number of the incident.
    pub incident: String,
    /// Its title; empty when the viewer may not see it.
    pub title: String,
    /// The viewer may open it.
    pub may_open: bool,
    /// Where the computation begins: the point somebody named, or the station of the alarm. None: no point of a river is known.
    pub from: Option<Text>,
    /// A point was named that the waters do not know.
    pub point_unknown: bool,
    /// In order of arrival; those whose time is not known come last.
    pub activations: Vec<ActivationView>,
}

/// One activation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivationView {
    /// Case id.
    pub case: Uuid,
    /// Number.
    pub number: String,
    /// Which it is in order of arrival, from 1.
    pub rank: u64,
    /// Source id.
    pub source: String,
    /// Its name.
    pub source_name: String,
    /// Town, in Chinese; empty when it is not known.
    pub town: String,
    /// Possible only: when is not known.
    pub possible: bool,
    /// Leading edge, worst case.
    pub earliest_at: Option<DateTime<Utc>>,
    /// Leading edge, most probable.
    pub probable_at: Option<DateTime<Utc>>,
    /// Peak, most probable.
    pub peak_at: Option<DateTime<Utc>>,
    /// Along the river, metres; 0 when it is not known.
    pub distance_m: u64,
    /// From where the figures were computed, in Chinese.
    pub from: String,
    /// From when they are counted.
    pub released_at: Option<DateTime<Utc>>,
    /// What they rest on, in Chinese.
    pub provenance: String,
    /// Number of the plan in force when it was proposed; empty: there was none.
    pub plan: String,
    /// Its tasks are those of the plan, and not the district's own for the kind.
    pub from_plan: bool,
    /// State id: `proposed`, `declined`, `handing_out`, `acting`, `following`, `summing_up`, `ended`, `withdrawn`.
    pub state: String,
    /// Its title.
    pub state_title: Text,
    /// Over.
    pub closed: bool,
    /// Marks, e.g. that nobody has decided in time.
    pub marks: Vec<Text>,
    /// The earliest due time of its clocks.
    pub due_at: Option<DateTime<Utc>>,
    /// Which clock that is.
    pub due_clock: Option<Text>,
    /// When somebody activated it.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Why it was not activated.
    pub reason: String,
    /// What was learned.
    pub lessons: String,
    /// A task was late from the start: its time by the plan was over when the decision was taken.
    pub late: bool,
    /// What goes out when it is activated, or went out.
    pub planned: Vec<PlannedTaskView>,
    /// The tasks that were given.
    pub tasks: Vec<TaskView>,
    /// What was sampled, oldest first.
    pub samples: Vec<SampleView>,
}

/// A task of the plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlannedTaskView {
    /// Whose it is.
    pub unit_name: Text,
    /// What is to be done, in Chinese.
    pub task: String,
    /// Minutes before the earliest arrival; below 0: after it.
    pub before_minutes: i64,
    /// It was given.
    pub given: bool,
}

/// A sample.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SampleView {
    /// When it was taken.
    pub taken_at: Option<DateTime<Utc>>,
    /// Where.
    pub point: String,
    /// What was looked for.
    pub pollutant: String,
    /// mg/L.
    pub value: f64,
    /// mg/L.
    pub limit: f64,
    /// Beyond the limit.
    pub beyond: bool,
    /// Who recorded it.
    pub who: String,
}

/// A point at which something can have entered a river.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PointView {
    /// What the form of an incident takes.
    pub id: String,
    /// Name, with the river.
    pub title: Text,
    /// `section`, `risk`, `facility`, `source` or `confluence`.
    pub group: String,
}
