//! What every workflow must keep, as properties that stateright looks at in every case at rest; and what is asked of
//! all ways together when it has seen them.

use std::collections::BTreeSet;

use huiyin_chart::definition::{StateIx, StateKind};
use stateright::{Checker, Model as Explored, Property};

use super::clocks::{covers, has_next};
use super::model::{Case, Happens, Model};

/// Most cases at rest that are looked at; none of the workflows here comes near.
const MOST: usize = 400_000;

impl Explored for Model {
    type State = Case;
    type Action = Happens;

    fn init_states(&self) -> Vec<Case> {
        self.openings()
    }
    fn actions(&self, case: &Case, actions: &mut Vec<Happens>) {
        self.happens(case, actions);
    }
    fn next_state(&self, case: &Case, happens: Happens) -> Option<Case> {
        self.becomes(case, &happens)
    }
    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no-owner", |model: &Model, case: &Case| {
                waits(model, case).all(|leaf| owned(model, leaf))
            }),
            Property::always("no-clock", |model: &Model, case: &Case| {
                waits(model, case).all(|leaf| reminded(model, case, leaf))
            }),
            Property::always("no-clock: delays go round", |model: &Model, case: &Case| !goes_round(model, case)),
            Property::always("silent-ladder", |model: &Model, case: &Case| {
                let clocks = case.clocks.iter().zip(&model.def.clocks);
                case.done || clocks.filter(|(clock, _)| clock.running).all(|(clock, decl)| has_next(decl, clock))
            }),
            Property::always("endless-loop", |_: &Model, case: &Case| !case.endless),
            Property::always("target", |_: &Model, case: &Case| case.broken.is_empty()),
        ]
    }
}

/// States in which the case waits.
fn waits<'c>(model: &'c Model, case: &'c Case) -> impl Iterator<Item = StateIx> + 'c {
    let atomic = |ix: &StateIx| model.def.states[usize::from(*ix)].kind == StateKind::Atomic;
    case.active.iter().copied().filter(move |ix| !case.done && atomic(ix))
}

fn owned(model: &Model, leaf: StateIx) -> bool {
    let mut at = Some(leaf);
    while let Some(ix) = at {
        let state = &model.def.states[usize::from(ix)];
        if state.owner.is_some() {
            return true;
        }
        at = state.parent;
    }
    false
}

fn by_clock(model: &Model, case: &Case, leaf: StateIx) -> bool {
    let clocks = case.clocks.iter().zip(&model.def.clocks);
    clocks.filter(|(clock, _)| clock.running).any(|(_, decl)| covers(&model.def, decl, leaf, &case.active))
}

/// Where a delay leads that leaves the state.
fn by_delay(model: &Model, case: &Case, leaf: StateIx) -> Option<Case> {
    (0..case.delays.len()).find_map(|ix| {
        let before = std::mem::take(&mut model.seen.lock().unwrap().left);
        let after = model.becomes(case, &Happens::Delay(ix));
        let left = std::mem::replace(&mut model.seen.lock().unwrap().left, before);
        model.seen.lock().unwrap().left.extend(&left);
        after.filter(|_| left.contains(&leaf))
    })
}

/// Something will come: a rung of a clock, or time itself moves the case on.
fn reminded(model: &Model, case: &Case, leaf: StateIx) -> bool {
    by_clock(model, case, leaf) || by_delay(model, case, leaf).is_some()
}

/// Delays alone lead from here back to here, and nobody is ever told.
fn goes_round(model: &Model, case: &Case) -> bool {
    let mut seen: Vec<Case> = Vec::new();
    let mut at = case.clone();
    loop {
        let Some(leaf) = waits(model, &at).find(|leaf| !by_clock(model, &at, *leaf)) else { return false };
        let Some(next) = by_delay(model, &at, leaf) else { return false };
        if seen.contains(&next) {
            return true;
        }
        seen.push(at);
        at = next;
    }
}

/// What does not hold, by the names that `check` has for it, and how many cases were looked at.
pub fn explore(model: Model) -> (BTreeSet<&'static str>, usize) {
    let checker = model.checker().threads(1).target_state_count(MOST).spawn_bfs().join();
    let count = checker.unique_state_count();
    assert!(count < MOST, "not everything was looked at");
    let mut broken: BTreeSet<&'static str> =
        checker.discoveries().keys().map(|name| name.split(':').next().unwrap_or(name)).collect();
    let model = checker.model();
    let seen = model.seen.lock().unwrap();
    for state in model.def.states.iter().filter(|state| !matches!(state.kind, StateKind::History { .. })) {
        let parent_entered = state.parent.is_none_or(|parent| seen.entered.contains(&parent));
        if !seen.entered.contains(&state.ix) {
            broken.extend(parent_entered.then_some("unreachable"));
        } else if state.kind == StateKind::Atomic && seen.rested.contains(&state.ix) && !seen.left.contains(&state.ix) {
            broken.insert("dead-end");
        }
    }
    drop(seen);
    (broken, count)
}
