//! Stations, their readings and alarms as the console shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Text;

/// Whether a station is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Its last reading came within twice the time in which one is expected.
    Up,
    /// Within three times.
    Late,
    /// Longer ago than that.
    Silent,
    /// Nothing came yet.
    Never,
    /// It is being worked on.
    Maintenance,
}

/// All stations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StationListView {
    /// The office's time.
    pub now: DateTime<Utc>,
    /// Whether this process hears stations; otherwise readings come through another one, or through none.
    pub doors: bool,
    /// What the demonstration's script lets happen; none: stations are not simulated here.
    pub demo: Option<Vec<DemoSpillView>>,
    /// In the order of the registry.
    pub rows: Vec<StationView>,
}

/// A spill that the demonstration plays.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DemoSpillView {
    /// Station.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// In the registered unit.
    pub value: f64,
}

/// One station.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StationView {
    /// Id in the house.
    pub id: String,
    /// Name.
    pub name: Text,
    /// `river-section`, `air`, `gas`, `noise` or `waste-water-outlet`.
    pub kind: String,
    /// Where it stands, in words.
    pub place: Text,
    /// Longitude and latitude, degrees WGS-84.
    pub at: [f64; 2],
    /// Nobody surveyed the position.
    pub approximate: bool,
    /// Water body.
    pub water: Option<String>,
    /// Functional class, by which its limits are found.
    pub class: Option<String>,
    /// Whether it is heard.
    pub link: Link,
    /// When its last reading came.
    pub last_received_at: Option<DateTime<Utc>>,
    /// Seconds since then.
    pub last_age_s: Option<i64>,
    /// What is done on it now.
    pub maintenance: Option<Text>,
    /// What a reader should know.
    pub remark: Option<Text>,
    /// Alarms at it that have not ended.
    pub open_alarms: u32,
    /// What it measures.
    pub parameters: Vec<ParameterView>,
}

/// One pollutant at a station.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ParameterView {
    /// Factor code.
    pub pollutant: String,
    /// Name.
    pub name: Text,
    /// Unit.
    pub unit: String,
    /// Seconds after which a reading is expected.
    pub every_s: i64,
    /// The newest reading of any kind.
    pub reading: Option<ReadingView>,
    /// The limit in force now.
    pub limit: Option<LimitView>,
}

/// One reading.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingView {
    /// `real`, `minutes`, `hour` or `day`.
    pub kind: String,
    /// The figure, in the parameter's unit.
    pub value: f64,
    /// Flag of HJ 212: `N` normal, `F` stopped, `M` maintenance, `S` set by hand, `D` fault, `C` calibration, `T` above the
    /// range, `B` no communication.
    pub flag: String,
    /// When it was observed; of a mean: the beginning of its period.
    pub observed_at: DateTime<Utc>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Seconds since it was observed.
    pub age_s: i64,
    /// It breaks the limit in force when it was observed. Only said where unit and kind are those of the limit.
    pub beyond: bool,
}

/// A figure of a standard.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LimitView {
    /// Standard.
    pub standard: String,
    /// Where in it.
    pub clause: String,
    /// Class.
    pub class: String,
    /// Unit of its figures.
    pub unit: String,
    /// Not less than.
    pub least: Option<f64>,
    /// Not more than.
    pub most: Option<f64>,
    /// Kind of figure that it counts for; none: any.
    pub counts_for: Option<String>,
    /// `V` read in the source, `V2` in another's account, `K` to be checked, `S` from the district's plan.
    pub confidence: String,
    /// What a reader should know.
    pub remark: Option<Text>,
}

/// A limit while it is in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LimitSpanView {
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
    /// The limit.
    pub limit: LimitView,
}

/// Readings of one pollutant at one station.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesView {
    /// Station.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// Name.
    pub name: Text,
    /// Unit of the figures.
    pub unit: String,
    /// `real`, `minutes`, `hour` or `day`.
    pub kind: String,
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
    /// How many readings there are.
    pub total: u64,
    /// Readings were put together: each point is the least and the greatest of a part of the span, for each flag.
    pub reduced: bool,
    /// Length of a part, seconds; none of single readings.
    pub part_s: Option<f64>,
    /// How to read it, in words.
    pub note: Text,
    /// Oldest first.
    pub points: Vec<PointView>,
    /// Limits in force, oldest first; nothing where there was none.
    pub limits: Vec<LimitSpanView>,
}

/// One reading, or those of one flag in one part of the span.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PointView {
    /// When; of several: the first.
    pub at: DateTime<Utc>,
    /// Of several: the last.
    pub until: Option<DateTime<Utc>>,
    /// The least.
    pub low: f64,
    /// The greatest; the same as `low` of a single reading.
    pub high: f64,
    /// How many.
    pub count: u64,
    /// Flag.
    pub flag: String,
    /// `good`, `suspect` or `bad`, as quality control says of single readings; none of several.
    pub quality: Option<String>,
    /// Why, when it is not good.
    pub reason: Option<Text>,
}

/// A page of the alarm log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlarmListView {
    /// The office's time.
    pub now: DateTime<Utc>,
    /// Newest first.
    pub rows: Vec<AlarmView>,
    /// There may be older ones.
    pub more: bool,
}

/// One alarm.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlarmView {
    /// Id.
    pub id: Uuid,
    /// Rule.
    pub rule: String,
    /// Its name.
    pub rule_name: Text,
    /// `notice`, `warning` or `severe`; only the last two open incidents.
    pub severity: String,
    /// Station.
    pub place: String,
    /// Its name.
    pub place_name: Text,
    /// Since when the matter lasts.
    pub started_at: DateTime<Utc>,
    /// When it was over; none: it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why, in words.
    pub reason: Text,
    /// What it rests on.
    pub evidence: Vec<EvidenceView>,
    /// The incident that it opened or joined, if the viewer may see it.
    pub incident: Option<IncidentView>,
    /// There is an incident that the viewer may not see.
    pub incident_hidden: bool,
    /// What it told the engine, the last twenty.
    pub commands: Vec<AlarmCommandView>,
    /// What somebody has to do because the engine did not take it.
    pub todo: Option<Text>,
    #[serde(skip)]
    pub(crate) case: Option<Uuid>,
}

/// An incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IncidentView {
    /// Case id.
    pub id: Uuid,
    /// Case number.
    pub number: String,
}

/// A reading that an alarm rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// Station.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// Its name.
    pub name: Text,
    /// The figure; none for silence.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// What it was held against.
    pub against: String,
    /// When it was observed.
    pub observed_at: DateTime<Utc>,
}

/// What an alarm told the engine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlarmCommandView {
    /// `raised`, `worse` or `cleared`.
    pub what: String,
    /// `waiting`, `done` or `refused`.
    pub state: String,
    /// Why it was refused, in the engine's words (English).
    pub answer: Option<String>,
    /// When it was said.
    pub made_at: DateTime<Utc>,
    /// When it was answered.
    pub done_at: Option<DateTime<Utc>>,
}

/// Why nothing fired.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhyView {
    /// Station.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// The office's time.
    pub now: DateTime<Utc>,
    /// Rules have followed the readings; their memory is at most ten seconds old. Otherwise nothing follows them.
    pub followed: bool,
    /// Every rule, in the order of the file.
    pub rules: Vec<WhyRuleView>,
}

/// Why one rule is silent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhyRuleView {
    /// Rule.
    pub rule: String,
    /// Its name.
    pub name: Text,
    /// `notice`, `warning` or `severe`.
    pub severity: String,
    /// `open`, `not_applicable`, `no_reading`, `quality`, `late`, `maintenance`, `no_limit`, `within`, `duration`,
    /// `cooling` or `history`.
    pub why: String,
    /// In words.
    pub words: Text,
}
