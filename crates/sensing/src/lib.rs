//! From what a station says to the incident it opens: stations, observations, quality control, alarm rules.
//!
//! It never grades an incident and closes none: it proposes, and officers decide.

pub mod doors;
pub mod ingest;
pub mod observation;
pub mod problem;
pub mod quality;
pub mod registry;
pub mod replay;
pub mod rules;
pub mod series;
pub mod simulate;
pub mod watch;
pub mod words;
