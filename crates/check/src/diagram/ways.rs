//! Which lines are drawn: one for each target of a transition, led through lanes. Everything that leads to one target
//! shares one lane in each box it passes, so that a page has about as many lanes as targets, not as transitions.
//!
//! Boxes stand in columns, lanes run to their right: a line leaves a row to the right, runs along the lane of its
//! target and enters the target from the right. Only the lives of a parallel state stand side by side; a line from or
//! into one of them runs through a gutter below them.

use huiyin_chart::Definition;
use huiyin_chart::definition::{StateIx, StateKind, TransitionIx};

/// A line from a row to a target.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) transition: TransitionIx,
    pub(super) source: StateIx,
    pub(super) target: StateIx,
    /// The innermost box around source and target.
    pub(super) scope: StateIx,
    /// (Parallel state, life) left on the way out, inner first.
    pub(super) out: Vec<(StateIx, StateIx)>,
    /// (Parallel state, life) entered on the way in, outer first.
    pub(super) into: Vec<(StateIx, StateIx)>,
}

/// All lines, in document order. Initial transitions are drawn as dots, not as lines.
pub(super) fn ways(def: &Definition) -> Vec<Way> {
    let initial: Vec<TransitionIx> = def.states.iter().filter_map(|state| state.initial).collect();
    let drawn = def.transitions.iter().zip(0..).filter(|(_, ix)| !initial.contains(ix));
    drawn
        .flat_map(|(transition, ix)| {
            transition.targets.iter().map(move |target| way(def, ix, transition.source, *target))
        })
        .collect()
}

fn way(def: &Definition, transition: TransitionIx, source: StateIx, target: StateIx) -> Way {
    let scope = scope(def, source, target);
    let out = lives(def, source, scope);
    let mut into = lives(def, target, scope);
    into.reverse();
    Way { transition, source, target, scope, out, into }
}

/// The innermost box in which the line can run.
fn scope(def: &Definition, source: StateIx, target: StateIx) -> StateIx {
    if def.tables.below(target, source) {
        return source;
    }
    let mut at = if def.tables.below(source, target) || source == target { parent(def, target) } else { source };
    while at != 0 && !(def.tables.below(source, at) && def.tables.below(target, at)) {
        at = parent(def, at);
    }
    at
}

fn parent(def: &Definition, ix: StateIx) -> StateIx {
    def.states[usize::from(ix)].parent.unwrap_or(0)
}

/// The parallel states between a state and the scope (the scope included), with the life that is left in each.
fn lives(def: &Definition, from: StateIx, scope: StateIx) -> Vec<(StateIx, StateIx)> {
    let mut found = Vec::new();
    let mut at = from;
    while at != scope && at != 0 {
        let above = parent(def, at);
        if def.states[usize::from(above)].kind == StateKind::Parallel {
            found.push((above, at));
        }
        at = above;
    }
    found
}
