//! Is this reading one that may raise an alarm? Flag, unit, clock, maintenance, range, rate of change, flat line, spike.
//!
//! Pure. Nothing is thrown away: a reading keeps its value and gets a verdict with every reason in words. A spike shows
//! only when its successor is there, so the verdict on the reading before may be revised; a jump is suspect at once by its
//! rate of change. [`checks`] holds the definitions, which are those of QARTOD; [`judge`](Quality::judge) applies them to
//! a stream.

pub mod checks;
mod judge;
mod verdict;

pub use judge::{History, Quality};
pub use verdict::{Grade, Judged, Reason, Revised, Verdict, Why};
