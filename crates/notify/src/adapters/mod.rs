//! The seams over the rest of the house: engine, journal, directory, calendar.

mod cases;
mod clock;
mod effect;
mod hours;
mod outbox;
mod people;
mod seams;
mod workflows;

pub use cases::{JournalCases, WorkflowNow, Workflows};
pub use clock::EngineClock;
pub use hours::{CalendarHours, FixedHours};
pub use outbox::JournalOutbox;
pub use people::DirectoryPeople;
pub use workflows::EngineWorkflows;
