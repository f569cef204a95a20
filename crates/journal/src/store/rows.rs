//! What a batch reads under lock and what it writes.

use serde::Serialize;
use uuid::Uuid;

use crate::attachment::Attachment;
use crate::canonical::{self, GENESIS, Hash};
use crate::columns::from_columns;
use crate::error::JournalError;
use crate::time::{Instant, from_micros};

/// A case as it is stored: the state as text, and the columns drawn out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// Id, ordered by time of opening.
    pub id: Uuid,
    /// Number for people.
    pub number: String,
    /// District code, GB/T 2260.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
    /// Workflow name.
    pub workflow: String,
    /// Workflow version.
    pub version: i64,
    /// Content address of the definition the case runs on.
    pub definition_hash: String,
    /// JSON; confidential values sealed.
    pub state: String,
    /// Summary columns of work lists.
    pub title: String,
    /// Place in words.
    pub place: String,
    /// Category.
    pub category: String,
    /// Channel.
    pub channel: String,
    /// Ids of the active atomic states.
    pub active: Vec<String>,
    /// The case's owner, a party string.
    pub owner: Option<String>,
    /// All owners, party strings.
    pub owners: Vec<String>,
    /// Earliest due time of its running clocks.
    pub due_at: Option<Instant>,
    /// Which clock that is.
    pub due_clock: Option<String>,
    /// Reaches into an unpublished year.
    pub due_provisional: bool,
    /// Marks.
    pub marks: Vec<String>,
    /// Units that may neither own nor see the case.
    pub excluded: Vec<String>,
    /// Clocks that run and so must have a timer.
    pub running: i64,
    /// When the matter reached the office.
    pub received_at: Instant,
    /// When it was typed in.
    pub registered_at: Instant,
    /// When the case was opened.
    pub opened_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Time of the newest entry; never goes back.
    pub last_at: Instant,
    /// Number of the newest entry, from 1; 0: nothing written yet.
    pub seq: i64,
    /// Hash of the newest entry.
    pub head: Hash,
    /// Lower-case text that may be searched; holds no confidential value.
    pub plain: String,
}

impl CaseRecord {
    /// The record of a case to be opened now; the engine fills in the rest.
    #[must_use]
    pub fn opening(id: Uuid, district: &str, timeline: &str, now: Instant) -> Self {
        Self {
            id,
            number: String::new(),
            district: district.to_owned(),
            timeline: timeline.to_owned(),
            workflow: String::new(),
            version: 0,
            definition_hash: String::new(),
            state: String::new(),
            title: String::new(),
            place: String::new(),
            category: String::new(),
            channel: String::new(),
            active: Vec::new(),
            owner: None,
            owners: Vec::new(),
            due_at: None,
            due_clock: None,
            due_provisional: false,
            marks: Vec::new(),
            excluded: Vec::new(),
            running: 0,
            received_at: now,
            registered_at: now,
            opened_at: now,
            closed_at: None,
            last_at: now,
            seq: 0,
            head: GENESIS,
            plain: String::new(),
        }
    }

    /// Appends an entry at `at` (or later, when the case is already there): raises `seq`, moves `head` and `last_at`.
    /// `body` is what the entry says; its place in the journal is written into it, so that the hash covers it.
    pub fn append(&mut self, kind: &str, at: Instant, mut body: serde_json::Map<String, serde_json::Value>) -> Entry {
        self.seq += 1;
        self.last_at = self.last_at.max(at);
        body.insert("case".into(), self.id.to_string().into());
        body.insert("seq".into(), self.seq.into());
        body.insert("at".into(), self.last_at.timestamp_micros().into());
        body.insert("district".into(), self.district.clone().into());
        body.insert("timeline".into(), self.timeline.clone().into());
        body.insert("kind".into(), kind.into());
        let body = canonical::write(&serde_json::Value::Object(body));
        let prev = self.head;
        self.head = canonical::link(&prev, &body);
        Entry {
            case: self.id,
            seq: self.seq,
            at: self.last_at,
            district: self.district.clone(),
            timeline: self.timeline.clone(),
            kind: kind.to_owned(),
            body,
            prev,
            hash: self.head,
        }
    }
}

/// The columns of `cases` in the order of [`RawCase`].
macro_rules! case_columns {
    () => {
        "c.id, c.number, c.district, c.timeline, c.workflow, c.version, c.definition_hash, c.state, c.title, c.place, \
         c.category, c.channel, c.active, c.owner, c.owners, c.due_at, c.due_clock, c.due_provisional, c.marks, c.excluded, c.running, \
         c.received_at, c.registered_at, c.opened_at, c.closed_at, c.last_at, c.seq, c.head, c.plain"
    };
}
pub(crate) use case_columns;

from_columns! {
    pub(crate) struct RawCase {
        id: Uuid,
        number: String,
        district: String,
        timeline: String,
        workflow: String,
        version: i64,
        definition_hash: String,
        state: String,
        title: String,
        place: String,
        category: String,
        channel: String,
        active: String,
        owner: Option<String>,
        owners: String,
        due_at: Option<i64>,
        due_clock: Option<String>,
        due_provisional: bool,
        marks: String,
        excluded: String,
        running: i64,
        received_at: i64,
        registered_at: i64,
        opened_at: i64,
        closed_at: Option<i64>,
        last_at: i64,
        seq: i64,
        head: Vec<u8>,
        plain: String,
    }
}

pub(crate) fn list(json: &str, what: &str) -> Result<Vec<String>, JournalError> {
    serde_json::from_str(json).map_err(|e| JournalError::damaged(what, e))
}

pub(crate) fn hash_of(bytes: &[u8], what: &str) -> Result<Hash, JournalError> {
    bytes.try_into().map_err(|_| JournalError::damaged(what, "expected 32 bytes"))
}

impl TryFrom<RawCase> for CaseRecord {
    type Error = JournalError;

    fn try_from(raw: RawCase) -> Result<Self, JournalError> {
        Ok(Self {
            active: list(&raw.active, "cases.active")?,
            owners: list(&raw.owners, "cases.owners")?,
            marks: list(&raw.marks, "cases.marks")?,
            excluded: list(&raw.excluded, "cases.excluded")?,
            head: hash_of(&raw.head, "cases.head")?,
            id: raw.id,
            number: raw.number,
            district: raw.district,
            timeline: raw.timeline,
            workflow: raw.workflow,
            version: raw.version,
            definition_hash: raw.definition_hash,
            state: raw.state,
            title: raw.title,
            place: raw.place,
            category: raw.category,
            channel: raw.channel,
            owner: raw.owner,
            due_at: raw.due_at.map(from_micros),
            due_clock: raw.due_clock,
            due_provisional: raw.due_provisional,
            running: raw.running,
            received_at: from_micros(raw.received_at),
            registered_at: from_micros(raw.registered_at),
            opened_at: from_micros(raw.opened_at),
            closed_at: raw.closed_at.map(from_micros),
            last_at: from_micros(raw.last_at),
            seq: raw.seq,
            plain: raw.plain,
        })
    }
}

/// A command to be claimed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its id.
    pub id: Uuid,
    /// Hash of its body.
    pub body_hash: Hash,
}

/// What claiming a command found.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// First time: it is ours.
    New,
    /// It was here before.
    Known(StoredAnswer),
}

/// The answer to a command that was here before.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// Its id.
    pub id: Uuid,
    /// Hash of the body it came with.
    pub body_hash: Hash,
    /// Its case.
    pub case: Option<Uuid>,
    /// JSON.
    pub answer: String,
}

/// A case under lock.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The case.
    pub record: CaseRecord,
    /// Its wrapped key; none: it has none, or it was destroyed.
    pub wrapped_key: Option<Vec<u8>>,
    /// Its timers, earliest first.
    pub timers: Vec<TimerRow>,
}

/// A timer of a locked case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRow {
    /// Name within the case.
    pub key: String,
    /// When it fires.
    pub due_at: Instant,
    /// The entry that set it.
    pub version: i64,
}

/// Which counter numbers come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterKey {
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Workflow name.
    pub workflow: String,
    /// Local date, `YYYYMMDD`.
    pub period: String,
}

/// A counter and the last number given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Which.
    pub key: CounterKey,
    /// Last number given.
    pub n: i64,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Case.
    pub case: Uuid,
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// `opened`, `event`, `tick`, …
    pub kind: String,
    /// Canonical JSON.
    pub body: String,
    /// Hash of the entry before.
    pub prev: Hash,
    /// SHA-256(prev || body).
    pub hash: Hash,
}

/// A timer to be set (or moved).
#[derive(Clone, Debug)]
pub struct TimerWrite {
    /// Case.
    pub case: Uuid,
    /// Name within the case.
    pub key: String,
    /// When it fires.
    pub due_at: Instant,
    /// Not fired before, when that is later; none: at its time.
    pub not_before: Option<Instant>,
    /// The entry that sets it.
    pub version: i64,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
}

/// An effect to be written.
#[derive(Clone, Debug)]
pub struct OutboxWrite {
    /// Unique for ever: `<case>/<effect key>`.
    pub key: String,
    /// `committed`, `notify`, `document`, `emit`, `open`, `send`.
    pub kind: String,
    /// Case.
    pub case: Uuid,
    /// The entry that writes it.
    pub seq: i64,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// JSON; confidential values sealed.
    pub payload: String,
    /// Time of the entry.
    pub created_at: Instant,
    /// Kept from others until then, by the process that writes it and hands it on itself; none: whoever comes first takes
    /// it.
    pub leased_until: Option<Instant>,
}

/// The key of a new case.
#[derive(Clone, Debug)]
pub struct CaseKeyWrite {
    /// Case.
    pub case: Uuid,
    /// As [`crate::Vault::new_case_key`] gave it.
    pub wrapped: Vec<u8>,
}

/// A piece under which a case is found.
#[derive(Clone, Copy, Debug)]
pub struct GramWrite {
    /// Case.
    pub case: Uuid,
    /// As [`crate::Vault::grams`] gave it.
    pub gram: i64,
}

/// The owners of a case, when they changed.
#[derive(Clone, Debug)]
pub struct OwnersWrite {
    /// Case.
    pub case: Uuid,
    /// Party strings.
    pub owners: Vec<String>,
}

/// A child of a case.
#[derive(Clone, Debug)]
pub struct LinkWrite {
    /// Case that opened it.
    pub parent: Uuid,
    /// What the parent calls it.
    pub link: String,
    /// The child.
    pub child: Uuid,
    /// When.
    pub at: Instant,
}

/// The answer to a claimed command.
#[derive(Clone, Debug)]
pub struct AnswerWrite {
    /// Command.
    pub id: Uuid,
    /// Its case.
    pub case: Option<Uuid>,
    /// JSON.
    pub answer: String,
}

/// What was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAside {
    /// A command; it was not done, and may be sent again with the same id.
    Command,
    /// The timers of a case; they are put off and tried again.
    Timers,
}

impl SetAside {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Timers => "timers",
        }
    }
}

/// A command that could not be carried out, or a case whose timers could not be fired, without breaking the batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quarantined {
    /// Row.
    pub id: Uuid,
    /// What it is.
    pub kind: SetAside,
    /// The command's id, or the case whose timers could not be fired.
    pub subject: Uuid,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Its case, if it named one.
    pub case: Option<Uuid>,
    /// What it was, without confidential values.
    pub body: String,
    /// What went wrong at the last try.
    pub error: String,
    /// When it was tried last.
    pub at: Instant,
    /// How often it was tried; written as 1, counted by the store.
    pub times: i64,
}

/// Everything that one batch writes. Empty lists cost nothing.
#[derive(Debug, Default)]
pub struct Writes {
    /// New cases.
    pub opened: Vec<CaseRecord>,
    /// Changed cases.
    pub changed: Vec<CaseRecord>,
    /// Entries.
    pub entries: Vec<Entry>,
    /// Timers set or moved.
    pub timers_set: Vec<TimerWrite>,
    /// Timers cleared: case and key.
    pub timers_cleared: Vec<(Uuid, String)>,
    /// Effects.
    pub outbox: Vec<OutboxWrite>,
    /// Keys of new cases.
    pub keys: Vec<CaseKeyWrite>,
    /// Pieces under which cases are found.
    pub grams: Vec<GramWrite>,
    /// Cases whose retention ended: their keys, pieces, timers and attachments go.
    pub forgotten: Vec<Uuid>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Owners, where they changed.
    pub owners: Vec<OwnersWrite>,
    /// Children.
    pub links: Vec<LinkWrite>,
    /// Counters, with the last number given.
    pub counters: Vec<Counter>,
    /// Answers of claimed commands.
    pub answers: Vec<AnswerWrite>,
    /// Keys of effects that are out: their rows go.
    pub told: Vec<String>,
}

from_columns! {
    pub(crate) struct RawAnswer {
        id: Uuid,
        body_hash: Vec<u8>,
        case_id: Option<Uuid>,
        answer: Option<String>,
    }
}

impl TryFrom<RawAnswer> for StoredAnswer {
    type Error = JournalError;

    fn try_from(raw: RawAnswer) -> Result<Self, JournalError> {
        Ok(Self {
            id: raw.id,
            body_hash: hash_of(&raw.body_hash, "commands.body_hash")?,
            case: raw.case_id,
            answer: raw
                .answer
                .ok_or_else(|| JournalError::damaged(format!("commands.answer of {}", raw.id), "missing"))?,
        })
    }
}

/// Puts the timers of locked cases to their cases.
pub(crate) fn with_timers(
    cases: Vec<(RawCase, Option<Vec<u8>>)>,
    timers: Vec<(Uuid, String, i64, i64)>,
) -> Result<Vec<Locked>, JournalError> {
    let mut by_case: std::collections::HashMap<Uuid, Vec<TimerRow>> = std::collections::HashMap::new();
    for (case, key, due_at, version) in timers {
        by_case.entry(case).or_default().push(TimerRow { key, due_at: from_micros(due_at), version });
    }
    let locked = |(raw, wrapped_key): (RawCase, _)| {
        let record = CaseRecord::try_from(raw)?;
        let timers = by_case.remove(&record.id).unwrap_or_default();
        Ok(Locked { record, wrapped_key, timers })
    };
    cases.into_iter().map(locked).collect()
}
