//! What a notice is, and what is known of its case and its recipients at the moment of sending.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An instant, microsecond precision.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// The recipient to whom nothing is ever mailed from here.
pub const PETITIONER: &str = "petitioner";

/// The timeline that reaches the real world.
pub const REAL: &str = "real";

/// A notice as a step wrote it: recipients symbolic, nothing looked up yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Key of the effect, unique within the case.
    pub key: String,
    /// Whom to tell: `owner`, `unit-head`, `petitioner`, `role:…`, `unit:…`, `person:…`.
    pub to: Vec<String>,
    /// Template name.
    pub template: String,
    /// At once, at night too.
    pub urgent: bool,
    /// The rung that caused it; none: an action of a state or transition.
    pub rung: Option<RungRef>,
    /// The party that owned the state when the step ran, as `role:…`, `unit:…` or `person:…`.
    pub owner: Option<String>,
}

/// Which rung of which run of which clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungRef {
    /// Clock name.
    pub clock: String,
    /// Run of the clock, 1, 2, …
    pub run: u32,
    /// The rung's anchor as written, e.g. `due - 3 working days`.
    pub at: String,
    /// The same in words, e.g. `到期前 3 个工作日`.
    pub words: String,
    /// Version of the due date for which it fired; a later one means that the date moved.
    pub due_version: u32,
    /// The due date for which it fired.
    pub due_at: Option<Instant>,
    /// The rung itself ended its clock, by what it raised: the notice is about that.
    #[serde(default)]
    pub ended: bool,
}

/// Someone who can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Person id, or unit id when the unit itself is written to.
    pub id: String,
    /// Name for the salutation.
    pub name: String,
    /// Mail address; none: kept in the local mailbox.
    pub mail: Option<String>,
}

/// What may be said about a case, and what decides whether a notice is still true. Read at the moment of sending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseNow {
    /// Id.
    pub id: Uuid,
    /// District code.
    pub district: String,
    /// Number.
    pub number: String,
    /// Name of the district.
    pub district_name: String,
    /// Title of the workflow, Chinese.
    pub workflow_title: String,
    /// Category of the matter, in words.
    pub category: String,
    /// Town (never the exact place, never what the caller said of it).
    pub place_town: String,
    /// Name of the owning unit.
    pub unit_name: String,
    /// Owning parties of the active states, `role:…`, `unit:…`, `person:…`; the case's owner first.
    pub owners: Vec<String>,
    /// Units that may neither own nor see the case: the accused and theirs.
    pub excluded: Vec<String>,
    /// When it was closed: when it ended, or when it came into the state that counts as closed.
    pub closed_at: Option<Instant>,
    /// Its clocks, all runs.
    pub clocks: Vec<ClockNow>,
    /// How long notices that no rung wrote stay true.
    pub stands: Vec<Stand>,
}

/// Until when a notice of the workflow that no rung wrote asks for something that is still to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// Template of the notice.
    pub template: String,
    /// Its recipients as the workflow writes them.
    pub to: Vec<String>,
    /// What it waits for, in words for the log: `state approving`, `clock extension`.
    pub of: String,
    /// It still waits.
    pub holds: bool,
}

/// One run of one clock, now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClockNow {
    /// Name.
    pub name: String,
    /// Run.
    pub run: u32,
    /// Title, Chinese.
    pub title: String,
    /// Still counts (running, overdue or paused); false: met or void.
    pub open: bool,
    /// Stands still.
    pub paused: bool,
    /// Effective due date.
    pub due_at: Option<Instant>,
    /// The date is provisional: a calendar is not published yet.
    pub provisional: bool,
    /// Raised whenever the date moves.
    pub due_version: u32,
    /// Law and article; empty when it is the office's own target or the article is unverified.
    pub basis: String,
    /// Counted in minutes or hours, not days.
    pub hours: bool,
}

impl CaseNow {
    /// The clock run a rung belongs to.
    #[must_use]
    pub fn clock(&self, rung: &RungRef) -> Option<&ClockNow> {
        self.clocks.iter().find(|clock| clock.name == rung.clock && clock.run == rung.run)
    }
}

/// The namespace under which delivery ids are derived.
const DELIVERIES: Uuid = Uuid::from_u128(0x6b0d_5f2e_77a4_4c7b_9d1e_5c3a_9f21_84d3);

/// The id of a delivery: the same for the same effect, channel and recipient, for ever.
#[must_use]
pub fn delivery_id(case: Uuid, effect_key: &str, channel: &str, recipient: &str) -> Uuid {
    Uuid::new_v5(&DELIVERIES, format!("{case}\n{effect_key}\n{channel}\n{recipient}").as_bytes())
}

/// The id of a digest: the same for the same recipient and day.
#[must_use]
pub fn digest_id(district: &str, timeline: &str, recipient: &str, day: &str) -> Uuid {
    Uuid::new_v5(&DELIVERIES, format!("digest\n{district}\n{timeline}\n{recipient}\n{day}").as_bytes())
}

/// The Message-ID of a delivery.
#[must_use]
pub fn message_id(id: Uuid, domain: &str) -> String {
    format!("<{}@{domain}>", id.simple())
}
