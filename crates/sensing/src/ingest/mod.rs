//! What came through a door becomes a stored reading: checked against the registry, committed in batches, and only then
//! acknowledged. What follows from a reading is decided elsewhere, from the record.

mod counts;
mod intake;

pub use counts::{Counts, Reason};
pub use intake::{Intake, IntakeError, Refused, Scope};
