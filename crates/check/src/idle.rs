//! What is written and can never happen: conditions that are never true, branches behind one that is always taken,
//! events that are raised and that nothing takes, clocks that never start or can never be met.
//!
//! None of this hurts by itself, but none of it is what the writer meant: a promise rests on it that is not kept.

use std::collections::BTreeSet;

use huiyin_chart::Definition;
use huiyin_chart::definition::{
    Action, ClockDecl, Descriptor, EventDecl, Place, StateIx, TransitionIx, Trigger, TriggerOn,
};
use huiyin_chart::load::nearest;
use huiyin_chart::machine::matches as matches_event;

use crate::decide::{Condition, Control, exhaustive};
use crate::graph::Graph;
use crate::shadow::Happened;
use crate::{Problem, Report};

/// Conditions and branches.
pub(crate) fn branches(def: &Definition, control: &Control, report: &mut Report) {
    for state in &def.states {
        for (descriptor, list) in &state.on {
            let name = match descriptor {
                Descriptor::Exact(name) => Some(name.as_str()),
                Descriptor::Prefix(_) | Descriptor::Any => None,
            };
            row(def, control, (state.ix, name), list, report);
        }
        row(def, control, (state.ix, None), &state.always, report);
    }
    for clock in &def.clocks {
        for trigger in clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by) {
            let event = match &trigger.on {
                TriggerOn::Event(name) => def.events.iter().find(|event| event.name == *name),
                TriggerOn::Entered(_) => None,
            };
            if let Some(when) = trigger.when.as_ref().filter(|when| Condition::of(when).never(def, control, event)) {
                never(&when.place, None, &when.source, report);
            }
        }
    }
}

/// The branches of one event (or of `always`) in one state.
fn row(
    def: &Definition,
    control: &Control,
    (state, event): (StateIx, Option<&str>),
    list: &[TransitionIx],
    report: &mut Report,
) {
    let id = || Some(def.states[usize::from(state)].id.clone());
    let event = event.and_then(|name| def.events.iter().find(|event| event.name == name));
    let mut open: Option<&Place> = None;
    for ix in list {
        let transition = &def.transitions[usize::from(*ix)];
        if let Some(before) = open {
            let problem =
                format!("never taken: the branch in line {} has no condition and is taken first", before.line);
            let cure = "put the branch without condition last, or give it a `guard:`";
            report.problems.push(Problem::at("never-taken", transition.place.clone(), id(), problem, cure.into()));
            continue;
        }
        match &transition.guard {
            None => open = Some(&transition.place),
            Some(guard) if Condition::of(guard).never(def, control, event) => {
                never(&guard.place, id(), &guard.source, report);
            }
            Some(_) => {}
        }
    }
    if open.is_none() && list.len() > 1 && !around(def, state, event.map(|event| event.name.as_str())) {
        choice(def, control, (state, event), list, report);
    }
}

/// Does a state around this one take the same event without a condition?
fn around(def: &Definition, state: StateIx, event: Option<&str>) -> bool {
    let mut at = def.states[usize::from(state)].parent;
    while let Some(ix) = at {
        let outer = &def.states[usize::from(ix)];
        let matching = outer.on.iter().filter(|(on, _)| event.is_some_and(|name| matches_event(on, name)));
        let lists = matching.map(|(_, list)| list).chain(event.is_none().then_some(&outer.always));
        if lists.flatten().any(|ix| def.transitions[usize::from(*ix)].guard.is_none()) {
            return true;
        }
        at = outer.parent;
    }
    false
}

/// Several branches, each with a condition: one of them must always be true.
fn choice(
    def: &Definition,
    control: &Control,
    (state, event): (StateIx, Option<&EventDecl>),
    list: &[TransitionIx],
    report: &mut Report,
) {
    let guards: Vec<Condition> =
        list.iter().filter_map(|ix| def.transitions[usize::from(*ix)].guard.as_ref()).map(Condition::of).collect();
    if exhaustive(&guards.iter().collect::<Vec<_>>(), def, control, event) {
        return;
    }
    let Some(last) = list.last() else { return };
    let place = def.transitions[usize::from(*last)].place.clone();
    let on = event.map_or("always", |event| event.name.as_str());
    let problem = format!("`{on}` has {} branches and none of them is surely taken", list.len());
    let cure = "end the list with a branch without `guard:`, or cover every value of the fields that are compared";
    let id = def.states[usize::from(state)].id.clone();
    report.problems.push(Problem::at("open-choice", place, Some(id), problem, cure.into()));
}

fn never(place: &Place, state: Option<String>, source: &str, report: &mut Report) {
    let problem = format!("`{source}` is never true, whatever the case and the event hold");
    let cure = "compare it with the values that the field can have, or take the branch out";
    report.problems.push(Problem::at("never-true", place.clone(), state, problem, cure.into()));
}

/// Events that rungs and actions raise and that nothing takes.
pub(crate) fn raises(def: &Definition, graph: &Graph, report: &mut Report) {
    let mut heard: BTreeSet<&str> = BTreeSet::new();
    for happened in graph.edges.iter().flatten().flat_map(|edge| &edge.happened) {
        if let Happened::Event { name, taken: true, .. } = happened {
            heard.insert(name);
        }
    }
    let alone = |name: &str| def.only_clocks_hear(name) && def.clocks.iter().any(|clock| ends_by(clock, name));
    let patterns: Vec<&Descriptor> = def.states.iter().flat_map(|state| &state.on).map(|(on, _)| on).collect();
    let by_pattern =
        |name: &str| patterns.iter().any(|on| !matches!(on, Descriptor::Exact(_)) && matches_event(on, name));
    let mut look = |name: &str, place: &Place, state: Option<StateIx>, who: String| {
        if heard.contains(name) || alone(name) || by_pattern(name) {
            return;
        }
        let near = nearest(name, heard.iter().copied());
        let cure = near.map_or_else(
            || format!("write a transition on `{name}` in the states where it can come"),
            |near| format!("did you mean `{near}`? else write a transition on `{name}`"),
        );
        let state = state.map(|ix| def.states[usize::from(ix)].id.clone());
        let problem = format!("{who} raises `{name}`, and nothing takes it");
        report.problems.push(Problem::at("unheard", place.clone(), state, problem, cure));
    };
    for clock in &def.clocks {
        let rungs = clock.ladder.iter().map(|rung| (&rung.does, &rung.place));
        for (does, place) in rungs.chain(clock.repeat.iter().map(|repeat| (&repeat.does, &repeat.place))) {
            if let Some(name) = &does.raise {
                look(name, place, None, format!("the ladder of clock `{}`", clock.name));
            }
        }
    }
    let mut actions = |list: &[Action], place: &Place, state: StateIx| {
        for action in list {
            if let Action::Raise { event, .. } = action {
                look(event, place, Some(state), "an action".into());
            }
        }
    };
    for state in def.states.iter().filter(|state| graph.entered.contains(&state.ix)) {
        actions(&state.entry, &state.place, state.ix);
        actions(&state.exit, &state.place, state.ix);
    }
    for transition in def.transitions.iter().filter(|transition| graph.entered.contains(&transition.source)) {
        actions(&transition.actions, &transition.place, transition.source);
    }
}

fn ends_by(clock: &ClockDecl, event: &str) -> bool {
    let by = |trigger: &Trigger| matches!(&trigger.on, TriggerOn::Event(name) if name == event);
    clock.met_by.iter().chain(&clock.void_by).any(by)
}

/// Clocks that nothing starts or meets.
pub(crate) fn clocks(def: &Definition, graph: &Graph, report: &mut Report) {
    let happened: BTreeSet<&Happened> = graph.edges.iter().flatten().flat_map(|edge| &edge.happened).collect();
    let happens = |trigger: &Trigger, start: bool| match &trigger.on {
        TriggerOn::Entered(state) => happened.contains(&Happened::Entered(*state)),
        TriggerOn::Event(name) => {
            (!start && def.only_clocks_hear(name))
                || [true, false]
                    .into_iter()
                    .any(|outside| happened.contains(&Happened::Event { name: name.clone(), outside, taken: true }))
        }
    };
    for clock in &def.clocks {
        for (triggers, start) in [(&clock.starts, true), (&clock.met_by, false)] {
            if triggers.is_empty() || triggers.iter().any(|trigger| happens(trigger, start)) {
                continue;
            }
            let (problem, cure) = if start {
                (
                    "never starts: nothing that starts it ever happens",
                    "name the event in the `on:` of a state, or start it when a state is entered",
                )
            } else {
                (
                    "can never be met: nothing that meets it ever happens",
                    "name in `met_by:` what fulfils it: an event that a state takes, or a state that is entered",
                )
            };
            report.problem("idle-clock", &clock.place, format!("clock `{}` {problem}", clock.name), cure.into());
        }
    }
}
