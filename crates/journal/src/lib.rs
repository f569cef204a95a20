//! The record of the house: cases, their journal, timers, outbox, read models, on SQLite and PostgreSQL.
//!
//! The only SQL in the house. It stores what a step produced and finds it again; it knows no workflow language:
//! the state of a case is text to it, beside the columns that were drawn out of that state by the engine.
//! It asks nobody for the time: every instant is handed in, except [`Journal::database_now`].

pub mod accounts;
mod attachment;
pub mod canonical;
mod columns;
pub mod delivery;
mod error;
mod job_runs;
mod kept;
mod migrations;
mod outbox;
pub mod proof;
mod quarantine;
pub mod read;
pub mod secret;
pub mod sensing;
mod settings;
mod store;
mod time;
mod timers;
mod vouched;

pub use attachment::Attachment;
pub use error::JournalError;
pub use job_runs::{JobRun, KeptRun, TakenRun};
pub use kept::Kept;
pub use outbox::{OutboxItem, OutboxSize};
pub use secret::{CaseKey, Vault};
pub use store::{
    AnswerWrite, Batch, CaseKeyWrite, CaseRecord, Claim, Claimed, Counter, CounterKey, Entry, Fault, GramWrite,
    Journal, Kind, LinkWrite, Locked, OpenOptions, OutboxWrite, OwnersWrite, Prepared, Quarantined, SetAside,
    StoredAnswer, TimerRow, TimerWrite, Writes,
};
pub use time::{Instant, from_micros, micros};
pub use timers::{DueCase, MissingTimer};
pub use vouched::Vouched;
