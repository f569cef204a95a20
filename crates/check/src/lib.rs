//! Proves a workflow before it is loaded: every place where a case can wait has an owner, a running clock and a next
//! rung; nothing is unreachable, nothing is a dead end, no name is unknown. Pure: no clock, no I/O.
//!
//! How: all configurations that the chart can rest in are enumerated with the interpreter itself (`graph`), guards
//! taken both ways unless the fields of the event, or what is remembered of the case (`memory`, `refine`), decide them.
//! Clock statuses are then followed along every path (`cover`), only as many clocks at a time as the proof needs. A
//! promise that breaks is told as a dated story (`story`), real or possible. What is taken on trust is said.

mod basis;
mod cover;
mod decide;
pub mod diagram;
mod graph;
mod idle;
mod law;
mod memory;
mod names;
mod possible;
mod reach;
mod refine;
mod report;
mod rounds;
mod sarif;
mod shadow;
mod shape;
mod story;
mod targets;
mod uses;

use huiyin_chart::Definition;
use story::Teller;

pub use basis::basis;
pub use names::Names;
pub use possible::Possible;
pub use report::{Certainty, Problem, Report, StoryLine};
pub use sarif::sarif;

/// Checks one definition against the names that the district knows. `Ok` is a report without problems.
#[must_use]
pub fn check(def: &Definition, names: &Names) -> Report {
    let mut report = Report::new(def);
    names::check(def, names, &mut report);
    uses::check(def, &mut report);
    shape::clocks(def, &mut report);
    law::check(def, names.calendar.as_ref(), &mut report);
    let control = memory::control(def);
    idle::branches(def, &control, &mut report);
    let mut report = refine::prove(def, &control, &Teller::new(def, names.calendar.as_ref()), &report);
    report.finish();
    report
}
