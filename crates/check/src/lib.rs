//! Proves a workflow before it is loaded: every place where a case can wait has an owner, a running clock and a next
//! rung; nothing is unreachable, nothing is a dead end, no name is unknown. Pure: no clock, no I/O.
//!
//! How: all configurations that the chart can rest in are enumerated with the interpreter itself (`graph`), guards
//! taken both ways unless the fields of the event decide them (`decide`). Clock statuses are then followed along every
//! path (`cover`), only as many clocks at a time as the proof needs. What is taken on trust is said in the report.

mod cover;
mod decide;
pub mod diagram;
mod graph;
mod idle;
mod names;
mod possible;
mod reach;
mod report;
mod sarif;
mod shadow;
mod shape;
mod targets;
mod uses;

use huiyin_chart::Definition;

pub use names::Names;
pub use possible::Possible;
pub use report::{Problem, Report};
pub use sarif::sarif;

/// Checks one definition against the names that the district knows. `Ok` is a report without problems.
#[must_use]
pub fn check(def: &Definition, names: &Names) -> Report {
    let mut report = Report::new(def);
    names::check(def, names, &mut report);
    uses::check(def, &mut report);
    shape::clocks(def, &mut report);
    let graph = graph::explore(def, &mut report);
    shape::states(def, &graph, &mut report);
    idle::branches(def, &mut report);
    if graph.complete {
        idle::raises(def, &graph, &mut report);
        idle::clocks(def, &graph, &mut report);
        cover::clocks(def, &graph, &mut report);
        targets::check(def, &graph, &mut report);
    }
    report.finish();
    report
}
