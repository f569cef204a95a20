//! The engine: commands → batched, committed steps; durable timers; the outbox relay.
//!
//! It sends nothing outside and decides nothing: what a step means is `chart`'s, what is stored is `journal`'s.
//! What it answers is committed; what it cannot commit did not happen.

pub mod asyncapi;
mod clock;
mod columns;
mod command;
mod core;
mod doors;
mod engine;
mod examine;
mod execute;
mod explain;
mod ids;
mod metrics;
mod named;
mod number;
mod people;
mod preview;
mod queue;
mod rederive;
mod registry;
mod relay;
mod roots;
mod run;
mod states;
mod tell;
mod verify;
mod watch;
mod work;

pub use clock::{Clock, ManualClock, ShiftedClock, Sleep, SystemClock};
pub use command::{
    Accepted, Actor, ActorKind, Answer, Command, DRILL, Detail, EngineError, Parent, REAL, Refused, Target,
};
pub use core::Config;
pub use doors::Doors;
pub use engine::{Driver, Engine};
pub use explain::{ActiveState, ClockEvent, ExplainedClock, Explanation, explain};
pub use metrics::Metrics;
pub use preview::{
    CaseChange, ClockChange, Scope, TimerPlan, migrate_command, preview_calendar, preview_migration, preview_undo,
    undo_command,
};
pub use rederive::{Rederived, Relived, rederive, relive, state_at};
pub use registry::{CalendarSource, DirectoryLoader, DirectorySource, District, Registry};
pub use states::{Stood, look_through};
pub use verify::{Finding, Verified, verify};
