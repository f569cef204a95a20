//! What a step leaves behind beside the new state: facts for the journal, effects for the outbox, timer changes.
//! All of it is plain data; nothing here sends, stores or waits.

use huiyin_calendar::{Instant, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Buffers of one step; [`Outcome::clear`] makes them ready for the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// What must reach the outside.
    pub effects: Vec<Effect>,
    /// Timers to set or clear; the last word on a key counts.
    pub timers: Vec<TimerChange>,
}

impl Outcome {
    /// Empties the buffers and keeps their memory.
    pub fn clear(&mut self) {
        self.facts.clear();
        self.effects.clear();
        self.timers.clear();
    }
}

/// A durable timer of the case. Keys: `clock/<name>/<run>` for the next rung of a clock, `delay/<n>` for a delayed event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimerChange {
    /// (Re)sets it.
    Set {
        /// Key, unique within the case.
        key: String,
        /// When a tick is due; may lie in the past: then at once.
        at: Instant,
    },
    /// Takes it away.
    Clear {
        /// Key.
        key: String,
    },
}

/// Something that must reach the outside. `key` is unique within the case and the same in every replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// A notice to people.
    Notify {
        /// `<clock>/<run>/<rung>/<due version>/<occurrence>`, or `s<step>/<n>`.
        key: String,
        /// `owner`, `unit-head`, `petitioner`, `role:…`, `unit:…`, `person:…`: looked up when it is sent.
        to: Vec<String>,
        /// Template.
        template: String,
        /// At once, at night too.
        urgent: bool,
        /// The rung that caused it; none: an action of the chart.
        rung: Option<RungRef>,
        /// Who `owner` was: `role:…`, `unit:…`, `person:…`.
        owner: Option<String>,
    },
    /// A paper to be drawn up and kept.
    Document {
        /// See above.
        key: String,
        /// Template.
        template: String,
    },
    /// A message to the world outside the case.
    Emit {
        /// See above.
        key: String,
        /// Event name.
        event: String,
        /// Its data.
        data: Value,
    },
    /// Another case to be opened; its id is derived from this case's id and `key`.
    Open {
        /// See above.
        key: String,
        /// Workflow.
        workflow: String,
        /// Name of the link.
        link: String,
        /// Data of the new case.
        data: Value,
    },
    /// An event to another case.
    Send {
        /// See above.
        key: String,
        /// `parent`, the name of a link, or a case id.
        to: String,
        /// Event name.
        event: String,
        /// Its data.
        data: Value,
    },
}

impl Effect {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Notify { key, .. }
            | Self::Document { key, .. }
            | Self::Emit { key, .. }
            | Self::Open { key, .. }
            | Self::Send { key, .. } => key,
        }
    }
}

/// Which rung of which run a notice comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungRef {
    /// Clock.
    pub clock: String,
    /// Run, from 1.
    pub run: u32,
    /// As written: `due - 3 working days`, `50%`, `every 1 working day`.
    pub at: String,
    /// In words: `到期前 3 个工作日`.
    pub words: String,
    /// Version of the due date.
    pub due_version: u32,
    /// The due date.
    pub due_at: Option<Instant>,
    /// The rung itself ended its clock (by what it raised): the notice is about that and still holds.
    pub ended: bool,
}

/// Something that happened to a case; journalled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// A state was entered.
    StateEntered {
        /// Id.
        state: String,
    },
    /// A state was left.
    StateLeft {
        /// Id.
        state: String,
    },
    /// A field was written.
    DataSet {
        /// Dotted.
        path: String,
        /// New value.
        value: Value,
    },
    /// A clock began to run.
    ClockStarted {
        /// Clock.
        clock: String,
        /// Run, from 1.
        run: u32,
        /// The legal start.
        start: Instant,
        /// Effective due date: the earliest of the three below.
        due: Instant,
        /// The office's own.
        policy_due: Option<Instant>,
        /// The law's.
        limit_due: Option<Instant>,
        /// Given by a sender.
        given_due: Option<Instant>,
        /// May move later when a calendar is published.
        provisional: bool,
        /// Law and article.
        basis: Option<String>,
    },
    /// Met in time.
    ClockMet(ClockEnd),
    /// Met after the effective due date.
    ClockLate(ClockEnd),
    /// Void: no longer owed.
    ClockVoid(ClockEnd),
    /// Stands still.
    ClockPaused {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// What stands still: the whole `clock`, or only the law's `limit`.
        part: String,
    },
    /// Runs again; the due dates moved by the pause.
    ClockResumed {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// What runs again.
        part: String,
        /// New effective due date.
        due: Instant,
        /// Version of the due date.
        due_version: u32,
    },
    /// More time was asked for.
    ExtensionAsked {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// Due date at that time.
        due: Instant,
    },
    /// More time was granted.
    ClockExtended {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// How much.
        by: Span,
        /// Who approved.
        approved_by: String,
        /// Why.
        reason: Option<String>,
        /// Effective due date before.
        from: Instant,
        /// And now.
        due: Instant,
        /// Version of the due date.
        due_version: u32,
    },
    /// A provisional date was settled by a calendar.
    ClockMoved {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// Before.
        from: Instant,
        /// Now.
        due: Instant,
        /// Still provisional.
        provisional: bool,
        /// Version of the due date.
        due_version: u32,
    },
    /// A rung was reached and did what it does.
    RungFired {
        /// `<clock>/<run>/<rung>/<due version>/<occurrence>`: at most once, ever.
        key: String,
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// As written.
        rung: String,
        /// When it was due.
        planned: Instant,
        /// Occurrences of a repeated rung that were missed and are not made up for.
        missed: u32,
        /// Event it raised.
        raised: Option<String>,
    },
    /// The notice of a rung was not sent.
    RungSkipped {
        /// Key of the rung.
        key: String,
        /// `higher_rung`: a higher one of the same clock was missed too and speaks for both; `clock_ended`: the clock
        /// ended on the way.
        because: String,
    },
    /// An event raised by a rung or a delay that nobody took.
    EventIgnored {
        /// Event.
        event: String,
    },
    /// The owner of the case, or of one state of it, is another.
    OwnerChanged {
        /// State; none: the case.
        state: Option<String>,
        /// Before.
        from: Option<String>,
        /// Now.
        to: String,
        /// Why it fell back to the duty desk: `empty`, `unknown`, `excluded`, `failed`.
        fallback: Option<String>,
    },
    /// A mark was set.
    Marked {
        /// Mark.
        mark: String,
    },
    /// A mark was taken away.
    Unmarked {
        /// Mark.
        mark: String,
    },
    /// An expression failed; a guard counts as false, an action is left out.
    ExpressionFailed {
        /// As written.
        expression: String,
        /// What went wrong.
        problem: String,
    },
    /// A remark written in the workflow.
    Remark {
        /// Text.
        text: String,
    },
    /// The time given was before the last step; the time of a case never goes back.
    TimeHeld {
        /// As given.
        given: Instant,
        /// As used.
        used: Instant,
    },
    /// A calendar was adopted.
    CalendarAdopted {
        /// Its content hash.
        version: String,
    },
    /// The case went over to another version of its workflow.
    Migrated {
        /// Content address of the version before.
        from: String,
        /// Its number.
        from_version: u32,
        /// Content address of the version now.
        to: String,
        /// Its number.
        to_version: u32,
    },
    /// A migration was undone: the case stands as it stood before it.
    MigrationUndone {
        /// Content address of the version that was left.
        from: String,
        /// Its number.
        from_version: u32,
        /// Content address of the version now.
        to: String,
        /// Its number.
        to_version: u32,
    },
    /// A running clock went over to another version.
    ClockMigrated {
        /// Clock.
        clock: String,
        /// Run.
        run: u32,
        /// `keep`, `recompute`, or `same`: its term is the same in both versions.
        rule: String,
        /// Effective due date before.
        from: Instant,
        /// And now.
        due: Instant,
        /// May move later when a calendar is published.
        provisional: bool,
        /// Version of the due date.
        due_version: u32,
    },
    /// A top-level final state was reached.
    Ended,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockEnd {
    /// Clock.
    pub clock: String,
    /// Run.
    pub run: u32,
    /// The legal instant of the end.
    pub at: Instant,
    /// Effective due date.
    pub due: Instant,
    /// The office's own.
    pub policy_due: Option<Instant>,
    /// After the office's own.
    pub over_policy: bool,
    /// The law's.
    pub limit_due: Option<Instant>,
    /// After the law's.
    pub over_limit: bool,
    /// Given by a sender.
    pub given_due: Option<Instant>,
    /// What ended it: an event, `entered <state>`, or `case ended`.
    pub by: String,
}
