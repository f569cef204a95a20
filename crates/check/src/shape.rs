//! What can be said without following clocks: unreachable states, dead ends, owners, and ladders by themselves.

use chrono::TimeDelta;
use huiyin_calendar::{Span, Unit};
use huiyin_chart::Definition;
use huiyin_chart::definition::{ClockDecl, RungActions, StateIx, StateKind};

use crate::Report;
use crate::graph::{Graph, Node};

/// Repeats and delays that go round are at least so long, so that time advances and nobody is flooded.
pub(crate) const SHORTEST: TimeDelta = TimeDelta::minutes(1);
/// And at most so long, or nobody would live to hear of it.
pub(crate) const LONGEST: TimeDelta = TimeDelta::days(366);

/// About how long a span lasts, whatever the calendar: good enough to tell a moment from a year.
pub(crate) fn about(span: Span) -> TimeDelta {
    let n = i64::from(span.n);
    match span.unit {
        Unit::Millisecond => TimeDelta::milliseconds(n),
        Unit::Second => TimeDelta::seconds(n),
        Unit::Minute => TimeDelta::minutes(n),
        Unit::Hour | Unit::WorkingHour => TimeDelta::hours(n),
        Unit::Day | Unit::WorkingDay => TimeDelta::days(n),
        Unit::Week => TimeDelta::weeks(n),
        Unit::Month => TimeDelta::days(n.saturating_mul(30)),
        Unit::Year => TimeDelta::days(n.saturating_mul(365)),
    }
}

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
        if graph.nodes.iter().any(|node| waiting_leaves(def, node).any(|ix| ix == state.ix)) {
            waiting(def, graph, state.ix, report);
        }
    }
}

pub(crate) fn unreachable(def: &Definition, ix: StateIx, report: &mut Report) {
    let problem = "no way leads here from the beginning".into();
    let cure = "make it a target of a transition whose condition can be true on the way, or take it out".into();
    report.state_problem(UNREACHABLE, def, ix, problem, cure);
}

/// The states in which a case waits in a configuration: those that can go on, and where none can, those that are final
/// for what is around them and end nothing.
pub(crate) fn waiting_leaves<'n>(def: &'n Definition, node: &'n Node) -> impl Iterator<Item = StateIx> + 'n {
    let kind = |ix: StateIx| &def.states[usize::from(ix)].kind;
    let atomic = node.active.iter().any(|ix| *kind(*ix) == StateKind::Atomic);
    let wanted = if atomic { StateKind::Atomic } else { StateKind::Final };
    node.active.iter().copied().filter(move |ix| !node.done && *kind(*ix) == wanted)
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
    for rung in clock.ladder.iter().filter(|rung| !acts(&rung.does) && rung.does.mark.is_none()) {
        let cure = "write what it does: `notify:`, `raise:`, `reassign:` or `mark:`".to_owned();
        report.problem("silent-ladder", &rung.place, format!("a rung of clock `{}` does nothing", clock.name), cure);
    }
    let every = about(repeat.every);
    if every < SHORTEST || every > LONGEST {
        let (problem, cure) = if every < SHORTEST {
            ("again and again without a pause", "repeat it at most once a minute")
        } else {
            ("so seldom that it is silence", "repeat it at least once a year")
        };
        let problem = format!("clock `{}` repeats every {}: {problem}", clock.name, repeat.every);
        report.problem("silent-ladder", &repeat.place, problem, cure.into());
    }
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
