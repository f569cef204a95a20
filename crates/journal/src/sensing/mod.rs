//! What stations said and what followed from it: observations, the memory of the alarm rules, alarms and the commands they
//! send. What a reading means is `sensing`'s; here it is kept once, in order, and decided once.

mod alarms;
mod observations;

pub use alarms::{Alarm, AlarmCommand, AlarmWrite, Decision, SensingState, WaitingCommand};
pub use observations::{KeptObservation, ObservationRow, Series};
