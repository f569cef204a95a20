//! The record of the house: cases, their journal, timers, outbox, read models, on SQLite and PostgreSQL.
//!
//! The only SQL in the house. It stores what a step produced and finds it again; it knows no workflow language:
//! the state of a case is text to it, beside the columns that were drawn out of that state by the engine.
//! It asks nobody for the time: every instant is handed in, except [`Journal::database_now`].

pub mod accounts;
mod attachment;
pub mod canonical;
pub mod delivery;
mod error;
mod kept;
mod migrations;
mod outbox;
pub mod proof;
pub mod read;
pub mod secret;
mod settings;
mod store;
mod time;
mod timers;

pub use attachment::{Attachment, NewAttachment};
pub use error::JournalError;
pub use kept::Kept;
pub use outbox::OutboxItem;
pub use secret::{CaseKey, Vault};
pub use store::{
    Batch, CaseKeyWrite, CaseRecord, Claim, Claimed, Counter, CounterKey, Entry, LinkWrite, Locked, OpenOptions, Quarantined,
    StoredAnswer, TimerRow, Writes, OutboxWrite, OwnersWrite, TimerWrite, GramWrite, AnswerWrite,
    Fault, Journal, Kind,
};
pub use time::{Instant, from_micros, micros};
pub use timers::{DueCase, MissingTimer};
