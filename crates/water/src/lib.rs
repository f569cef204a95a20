//! What the river does with what was spilled into it: how long until it arrives, how much of it, for how long, and where
//! it may have come from.
//!
//! [`arrival`] is a small library of published formulae for one reach; [`sheet`] draws the printable map of a source;
//! [`network`] puts sources, reaches, sections and risk sources of a district together and follows a release down, or an
//! exceedance up; [`plan`] is what a response plan says.
//!
//! Pure: no clock, no I/O, no async. It opens no case and notifies nobody; it gives figures with their assumptions, and
//! people decide.

pub mod arrival;
pub mod network;
pub mod plan;
pub mod sheet;
