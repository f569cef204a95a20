//! What happens by the calendar of the office and belongs to no case: the supervision reports, the looks at plans
//! and drills, what is forgotten at night, and alarms on the system itself.
//!
//! A job has a plan in the words of cron and runs once for each planned time: [`Scheduler::tick`] looks what is due,
//! takes the run in the store, and does it. Runs that were missed while nothing ran are made up for by one, the latest.
//! What is mailed goes through `notify`; the rungs of cases are the engine's and no business of this crate.

mod alarms;
mod coverage;
mod plan;
mod retention;
mod reviews;
mod scheduler;
mod supervision;

pub use alarms::AlarmWatch;
pub use coverage::{Given, PlanCoverage, Submit};
pub use plan::{Plan, PlanError};
pub use retention::Retention;
pub use reviews::{PlanReview, Planned};
pub use scheduler::{Done, Due, Job, JobError, Running, Scheduler, Ticked};
pub use supervision::{Every, SupervisionReport};
