//! Alarm rules: what is loaded from YAML, what they remember, and what they say of each reading and of silence.
//!
//! Pure: time is an argument. A rule proposes; it never grades an incident and closes none. One alarm is open per rule and
//! place, however many readings say so. Readings that are old when they arrive fill the history and raise nothing;
//! readings that quality control does not call good are remembered for the explanation and raise nothing.
//!
//! [`Rules::step`] takes a reading, [`Rules::tick`] takes the time (silence alarms without the station coming back),
//! [`Rules::explain`] says in words why nothing fired.

mod agreement;
mod anomaly;
mod build;
mod debounce;
mod explain;
mod gate;
mod kinds;
mod level;
mod model;
mod outcome;
mod silence;
mod source;
mod state;
mod step;

pub use explain::{NotFired, WhyNot};
pub use gate::Gate;
pub use model::{Direction, Rule, Rules, Series, Severity};
pub use outcome::{Alarm, Evidence, Outcome};
pub use state::State;
