//! From what a station says to the incident it opens: stations, observations, quality control, alarm rules.
//!
//! It never grades an incident and closes none: it proposes, and officers decide.

pub mod observation;
pub mod problem;
pub mod quality;
pub mod registry;
pub mod rules;
pub mod series;
pub mod words;
