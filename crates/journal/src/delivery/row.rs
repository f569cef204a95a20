//! The shapes of a delivery and its attempts as they are stored and shown.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Instant;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Queued,
    /// Waits for the digest of its recipient.
    Held,
    /// Accepted by the other side.
    Sent,
    /// Given up, with the reason in `last_result`.
    Failed,
    /// Kept in the local mailbox: no relay is configured, or it belongs to an exercise.
    Local,
    /// Not sent on purpose, with the reason in `last_result`.
    Suppressed,
}

impl DeliveryState {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Local => "local",
            Self::Suppressed => "suppressed",
        }
    }
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptOutcome {
    /// Began; no end was recorded (the process died, or it is under way).
    Started,
    /// The other side took responsibility.
    Accepted,
    /// Worth another attempt.
    Transient,
    /// The other side will never accept it.
    Permanent,
}

impl AttemptOutcome {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Accepted => "accepted",
            Self::Transient => "transient",
            Self::Permanent => "permanent",
        }
    }
}

/// A stored word that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("a {what} of {found:?} is stored; this version does not know it: was the database written by a newer one?")]
pub struct InvalidRow {
    /// Column.
    pub what: &'static str,
    /// What was found.
    pub found: String,
}

impl std::str::FromStr for DeliveryState {
    type Err = InvalidRow;
    fn from_str(word: &str) -> Result<Self, InvalidRow> {
        [Self::Queued, Self::Held, Self::Sent, Self::Failed, Self::Local, Self::Suppressed]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| InvalidRow { what: "delivery state", found: word.to_owned() })
    }
}

impl std::str::FromStr for AttemptOutcome {
    type Err = InvalidRow;
    fn from_str(word: &str) -> Result<Self, InvalidRow> {
        [Self::Started, Self::Accepted, Self::Transient, Self::Permanent]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
            .ok_or_else(|| InvalidRow { what: "attempt outcome", found: word.to_owned() })
    }
}

/// One notice to one recipient over one channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delivery {
    /// Deterministic: UUID v5 of (case, effect key, channel, recipient).
    pub id: Uuid,
    /// District code, e.g. `500110`.
    pub district: String,
    /// `real`, or the name of an exercise.
    pub timeline: String,
    /// The case; none for a digest.
    pub case: Option<Uuid>,
    /// Number of the case; empty for a digest.
    pub case_number: String,
    /// Key of the effect within the case.
    pub effect_key: String,
    /// `mail` or `webhook:<name>`.
    pub channel: String,
    /// Id of the person (or unit) written to.
    pub recipient: String,
    /// Their name.
    pub recipient_name: String,
    /// Mail address, or name of the webhook; empty when there is none.
    pub address: String,
    /// Template name.
    pub template: String,
    /// Clock of the rung, when a rung caused it.
    pub clock: Option<String>,
    /// The rung in words that never change (its anchor), when a rung caused it.
    pub rung: Option<String>,
    /// Goes out at once, at night too.
    pub urgent: bool,
    /// The notice as the step wrote it (JSON); recipients still symbolic.
    pub notice: String,
    /// Subject as last rendered.
    pub subject: String,
    /// Plain text as last rendered.
    pub text: String,
    /// HTML as last rendered.
    pub html: String,
    /// RFC 5322 Message-ID with angle brackets, the same across attempts.
    pub message_id: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Held: when the digest goes out.
    pub hold_until: Option<Instant>,
    /// Queued or held: not touched before.
    pub next_at: Instant,
    /// Attempts begun.
    pub attempts: i32,
    /// What happened last, in words.
    pub last_result: Option<String>,
    /// The digest that carries it.
    pub digest: Option<Uuid>,
    /// First written.
    pub created_at: Instant,
    /// Last changed.
    pub updated_at: Instant,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// 1, 2, …
    pub n: i32,
    /// Began.
    pub at: Instant,
    /// Ended; none when the process died meanwhile.
    pub ended_at: Option<Instant>,
    /// Address at that time.
    pub address: String,
    /// `host:port` of the relay, or the webhook's name.
    pub via: String,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The other side's words.
    pub result: String,
}

/// What the mail log asks for. Everything optional; newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// District code.
    pub district: Option<String>,
    /// Timeline.
    pub timeline: Option<String>,
    /// Only of this case (also the digests that carried its notices are *not* included: the notices are).
    pub case: Option<Uuid>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// At most this many (1 to 500).
    pub limit: u32,
    /// Skipped rows.
    pub offset: u32,
}

/// A recipient whose held notices are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestDue {
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Recipient id.
    pub recipient: String,
}
