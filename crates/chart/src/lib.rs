//! The workflow language: YAML → [`Definition`] → `step`. Pure: no clock, no I/O, no async.
//!
//! `load` reads what a person wrote, `machine` interprets the statechart, `expr` the conditions in it, `clocks` the
//! deadlines beside it; `step` puts them together; `rates` counts the two promises. Durable timers, journals and mails
//! are the engine's; proofs are `check`'s.

mod actor;
mod admit;
mod case;
mod clocks;
pub mod definition;
mod desk;
mod directory;
pub mod expr;
pub mod load;
pub mod machine;
mod migrate;
mod outcome;
mod owner;
pub mod rates;
mod refusal;
mod schema;
mod script;
mod step;
mod takers;
pub mod try_run;

pub use actor::{Actor, ActorKind};
pub use admit::{EVENT_LIMIT, admit};
pub use case::{CaseDue, CaseState, Context, StateError};
pub use clocks::{ClockRun, ClockView, Interval, NextRung, Reactions, Status, Terms, Told};
pub use definition::Definition;
pub use directory::Directory;
pub use load::{Diagnostic, Diagnostics, load};
pub use migrate::{Before, ClockRule, PLAN_LIMIT, Plan};
pub use outcome::{ClockEnd, Effect, Fact, Outcome, RungRef, TimerChange};
pub use refusal::{FieldError, Refusal};
pub use schema::schema;
pub use step::{DATA_LIMIT, Input, OPENED, step};
