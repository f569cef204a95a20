//! What stations said and what followed from it: observations, the memory of the alarm rules, alarms and the commands they
//! send. What a reading means is `sensing`'s; here it is kept once, in order, and decided once.

mod alarm_log;
mod alarms;
mod charts;
mod observations;

pub use alarm_log::{AlarmQuery, LoggedAlarm, SettledCommand};
pub use alarms::{Alarm, AlarmCommand, AlarmWrite, Decision, SensingState, WaitingCommand};
pub use charts::{Bucket, Span};
pub use observations::{KeptObservation, ObservationRow, Series};
