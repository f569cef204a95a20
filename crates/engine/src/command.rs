//! What the engine is asked to do, and what it answers. Both travel as JSON and are kept for ever.

use huiyin_chart::definition::Text;
pub use huiyin_chart::{Actor, ActorKind};
use huiyin_chart::{FieldError, Plan, Refusal};
use huiyin_journal::{Instant, JournalError, canonical};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The timeline that is no exercise.
pub const REAL: &str = "real";
/// The timeline of the exercises 演练 that are begun from the console.
pub const DRILL: &str = "drill";

/// A request to open a case, to deliver one event, or to note something on a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Made by the sender; repeating it changes nothing and gets the same answer.
    pub id: Uuid,
    /// District code, GB/T 2260.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
    /// What to do.
    pub target: Target,
    /// Who asks. The engine checks what they may do.
    pub actor: Actor,
}

/// What a command is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Open a case.
    Open {
        /// Workflow name.
        workflow: String,
        /// Its data.
        data: Value,
        /// The case that opens it, and what that case calls it.
        #[serde(default)]
        parent: Option<Parent>,
    },
    /// Deliver an event.
    Event {
        /// Case.
        case: Uuid,
        /// Event name.
        event: String,
        /// Its data.
        data: Value,
    },
    /// Work the provisional dates of a case out anew with the calendar now in force; they only move later.
    AdoptCalendar {
        /// Case.
        case: Uuid,
    },
    /// Take a case over to another version of its workflow. Only Huiyin itself may: after somebody saw what would move.
    Migrate {
        /// Case.
        case: Uuid,
        /// Content address of the version; it is in memory or in the store.
        to: String,
        /// Which state becomes which, and a rule for each clock.
        plan: Plan,
    },
    /// Take a migration back, as long as nothing else happened to the case.
    UndoMigration {
        /// Case.
        case: Uuid,
    },
    /// Put a file on a case whose content is stored already. Changes nothing else.
    Attach {
        /// Case.
        case: Uuid,
        /// SHA-256 of the content, lower-case hex.
        hash: String,
        /// File name as it was given.
        name: String,
        /// Media type.
        media_type: String,
        /// Size in bytes.
        size: u64,
        /// Who adds it, in words.
        by: String,
    },
    /// End the retention of a closed case: its key is destroyed, and with it everything confidential; its search pieces,
    /// timers and attachments go. The chain stays whole.
    EndRetention {
        /// Case.
        case: Uuid,
        /// By which rule or order.
        basis: String,
    },
    /// Write something into the journal of a case that is no event of its workflow: somebody looked behind the mask,
    /// a paper was attached. Changes nothing else.
    Note {
        /// Case.
        case: Uuid,
        /// `unmasked`, `attached`, …
        kind: String,
        /// What is noted; never a confidential value.
        body: Value,
    },
}

/// The case that opens another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parent {
    /// Its id.
    pub case: Uuid,
    /// What it calls the new case.
    pub link: String,
}

impl Command {
    /// What makes two commands of the same id the same: everything but the roles that the sender happens to hold now.
    #[must_use]
    pub fn body_hash(&self) -> canonical::Hash {
        let body = json!({
            "district": self.district,
            "timeline": self.timeline,
            "target": self.target,
            "actor": self.actor.id,
        });
        canonical::hash(canonical::write(&body).as_bytes())
    }

    /// The case it is about, when it exists already.
    #[must_use]
    pub fn case(&self) -> Option<Uuid> {
        match &self.target {
            Target::Open { .. } => None,
            Target::Event { case, .. }
            | Target::AdoptCalendar { case }
            | Target::Migrate { case, .. }
            | Target::UndoMigration { case }
            | Target::Attach { case, .. }
            | Target::EndRetention { case, .. }
            | Target::Note { case, .. } => Some(*case),
        }
    }
}

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done, and is committed.
    Accepted(Accepted),
    /// It was refused, with a reason; nothing was changed.
    Refused(Refused),
    /// The id was used before with another body; nothing was changed.
    Conflict,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// Case.
    pub case: Uuid,
    /// Its number.
    pub number: String,
    /// Number of the entry that was written.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// Ids of the active atomic states.
    pub active: Vec<String>,
}

/// Why it was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: Text,
    /// Field by field.
    #[serde(default)]
    pub details: Vec<Detail>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detail {
    /// Dotted path.
    pub path: String,
    /// For people.
    pub message: Text,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let detail = |field: FieldError| Detail { path: field.path, message: field.message };
        let details = refusal.details.into_iter().map(detail).collect();
        Self { code: refusal.code.to_owned(), message: refusal.message, details }
    }
}

impl Refused {
    pub(crate) fn new(code: &str, zh: &str, en: &str) -> Self {
        Self { code: code.to_owned(), message: Text { zh: zh.to_owned(), en: en.to_owned() }, details: Vec::new() }
    }
}

/// The engine could not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// Too much waits already.
    #[error("busy: {waiting} commands wait already; send it again in a moment with the same id")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// The store does not answer, or no engine elsewhere does; whether the command was done is not known.
    #[error("the store, or every engine, does not answer ({0}); send it again with the same id")]
    Unavailable(String),
    /// The command breaks whatever touches it and was set aside.
    #[error("command {id} could not be carried out and was set aside: {problem}")]
    Quarantined {
        /// Its id.
        id: Uuid,
        /// What went wrong.
        problem: String,
    },
    /// The engine is going down.
    #[error("the engine is shutting down; send it again with the same id")]
    Closed,
    /// What the engine was set up with does not fit.
    #[error("{0}")]
    Setup(String),
}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
