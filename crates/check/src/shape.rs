//! What can be said without following clocks: unreachable states, dead ends, owners, and ladders by themselves.

use huiyin_chart::Definition;
use huiyin_chart::definition::{ClockDecl, RungActions, StateIx, StateKind};

use crate::Report;
use crate::graph::Graph;

/// Code of a state that is never entered.
pub(crate) const UNREACHABLE: &str = "unreachable";

pub(crate) fn states(def: &Definition, graph: &Graph, report: &mut Report) {
    for state in &def.states {
        let parent_known = state.parent.is_none_or(|parent| graph.entered.contains(&parent));
        if matches!(state.kind, StateKind::History { .. }) {
            let asked =
                def.transitions.iter().any(|t| t.targets.contains(&state.ix) && graph.entered.contains(&t.source));
            if parent_known && !asked && graph.complete {
                report.state_problem(
                    UNREACHABLE,
                    def,
                    state.ix,
                    "no transition goes to this history state".into(),
                    "take it out, or make it a target".into(),
                );
            }
            continue;
        }
        if !graph.entered.contains(&state.ix) {
            if parent_known && graph.complete {
                unreachable(def, state.ix, report);
            }
            continue;
        }
        if state.kind == StateKind::Atomic && rests(graph, state.ix) {
            waiting(def, graph, state.ix, report);
        }
    }
}

pub(crate) fn unreachable(def: &Definition, ix: StateIx, report: &mut Report) {
    let problem = "no way leads here from the beginning".into();
    let cure = "make it a target of a transition whose condition can be true on the way, or take it out".into();
    report.state_problem(UNREACHABLE, def, ix, problem, cure);
}

/// Can a case come to rest here?
pub(crate) fn rests(graph: &Graph, ix: StateIx) -> bool {
    graph.nodes.iter().any(|node| node.active.contains(&ix))
}

fn waiting(def: &Definition, graph: &Graph, ix: StateIx, report: &mut Report) {
    if graph.complete && !graph.left.contains(&ix) {
        let cure = "give it a transition that leaves it, here or in a state around it, or make it `type: final`";
        report.state_problem(
            "dead-end",
            def,
            ix,
            "a dead end: no event, delay or condition ever leaves it".into(),
            cure.into(),
        );
    }
    let mut at = Some(ix);
    while let Some(each) = at {
        if def.states[usize::from(each)].owner.is_some() {
            return;
        }
        at = def.states[usize::from(each)].parent;
    }
    let cure = "write `owner:` here or in a state around it, e.g. `owner: role:dispatcher`, or for the whole workflow at the top";
    report.state_problem("no-owner", def, ix, "a case can wait here and belongs to nobody".into(), cure.into());
}

pub(crate) fn clocks(def: &Definition, report: &mut Report) {
    for clock in &def.clocks {
        ladder(clock, report);
        let mut wrong = |problem: &str, cure: &str| {
            report.problem("endless-clock", &clock.place, format!("clock `{}` {problem}", clock.name), cure.into());
        };
        if clock.starts.is_empty() {
            wrong("never starts", "write `starts: {event: …}` or `starts: {entered: …}`");
        }
        if clock.met_by.is_empty() && clock.void_by.is_empty() {
            wrong("never ends", "write `met_by:` with what fulfils it, and `void_by:` with what makes it pointless");
        }
        if clock.within.is_none() && clock.limit.is_none() && clock.due.is_none() {
            wrong(
                "has no due date",
                "write `within:` (the office's target), `limit:` (the law's) or `due:` (a given date)",
            );
        }
    }
}

fn ladder(clock: &ClockDecl, report: &mut Report) {
    let Some(repeat) = &clock.repeat else {
        let problem = if clock.ladder.is_empty() {
            "has no ladder: when it is late nobody hears of it"
        } else {
            "has a ladder that ends in silence"
        };
        let cure =
            "end the ladder with a repetition, e.g. `- {repeat: 1 working day, notify: [owner, role:supervisor]}`";
        report.problem("silent-ladder", &clock.place, format!("clock `{}` {problem}", clock.name), cure.into());
        return;
    };
    // What it says itself, else the last notice or deed of the ladder: as the clock does it.
    let acts = |does: &RungActions| !does.notify.is_empty() || does.raise.is_some() || does.reassign.is_some();
    if !acts(&repeat.does) && (repeat.does.mark.is_some() || !clock.ladder.iter().any(|rung| acts(&rung.does))) {
        let cure = "write whom it notifies, e.g. `{repeat: 1 working day, notify: owner}`";
        report.problem(
            "silent-ladder",
            &repeat.place,
            format!("clock `{}` repeats nothing to nobody", clock.name),
            cure.into(),
        );
    }
}
