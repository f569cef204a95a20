//! Which active states take an event, and whose they are: `by: [owner]` and `by: [unit-head]` mean the owner of the state
//! that takes the event, not of whatever else is active beside it. Looks only; the step decides for itself.

use serde_json::Value;
use smallvec::SmallVec;

use crate::case::{CaseState, Context};
use crate::definition::{Definition, Sender, StateIx};
use crate::expr::Expr;
use crate::machine::View;
use crate::owner::{Owners, inherited};

/// An active atomic state, and the state at or above it whose transition takes the event.
type Taker = (StateIx, StateIx);

/// Inner states first; an inner state that forbids the event hides the outer ones. `possible` judges the guards.
pub(crate) fn takers(
    case: &CaseState,
    def: &Definition,
    event: &str,
    possible: &dyn Fn(&Expr) -> bool,
) -> SmallVec<[Taker; 4]> {
    let of = |leaf: StateIx| {
        let mut at = Some(leaf);
        while let Some(ix) = at {
            let state = &def.states[usize::from(ix)];
            for transition in crate::machine::candidates(state, event) {
                let transition = &def.transitions[usize::from(transition)];
                if transition.guard.as_ref().is_none_or(possible) {
                    return (!transition.forbidden).then_some((leaf, ix));
                }
            }
            at = state.parent;
        }
        None
    };
    case.config.atomic(def).filter_map(of).collect()
}

/// Units that an event which an active state takes names among its senders: who is asked to act must see the case.
pub(crate) fn units(case: &CaseState, def: &Definition, ctx: &Context<'_>) -> Vec<String> {
    let env = case.env(ctx);
    let mut found: Vec<String> = Vec::new();
    for decl in &def.events {
        let view =
            View { data: &case.data, event: Some((&decl.name, &Value::Null)), active: &case.config.active, env: &env };
        let possible = |expr: &Expr| expr.source.contains("event") || expr.test(&view).unwrap_or(false);
        let named = decl.by.iter().filter_map(|sender| match sender {
            Sender::Unit(unit) => Some(format!("unit:{unit}")),
            _ => None,
        });
        let new: Vec<String> = named.filter(|unit| !found.contains(unit)).collect();
        let fits = || decl.require.iter().all(|requirement| possible(&requirement.that));
        if !new.is_empty() && fits() && !takers(case, def, &decl.name, &possible).is_empty() {
            found.extend(new);
        }
    }
    found
}

/// Owners of the states that take the event, each once. What only clocks hear is the case's owner's. `data` is none
/// while nobody has filled in the form: conditions on the event then count as possible.
pub(crate) fn owners(
    case: &CaseState,
    def: &Definition,
    event: &str,
    data: Option<&Value>,
    ctx: &Context<'_>,
) -> Vec<String> {
    let env = case.env(ctx);
    let payload = data.unwrap_or(&Value::Null);
    let view = View { data: &case.data, event: Some((event, payload)), active: &case.config.active, env: &env };
    let possible = |expr: &Expr| (data.is_none() && expr.source.contains("event")) || expr.test(&view).unwrap_or(false);
    let owners = Owners { def, config: &case.config, reassigned: &case.reassigned, data: &case.data, env: &env };
    let handed = |leaf: StateIx| case.reassigned.iter().any(|(ix, _)| *ix == leaf);
    let same = |a: StateIx, b: StateIx| match (inherited(def, a), inherited(def, b)) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        (None, None) => true,
        _ => false,
    };
    let mut found: Vec<String> = Vec::new();
    for (leaf, ix) in takers(case, def, event, &possible) {
        let whose = if handed(leaf) && same(leaf, ix) { leaf } else { ix };
        let party = owners.of_state(whose).party;
        if !found.contains(&party) {
            found.push(party);
        }
    }
    if found.is_empty() && !case.owner.is_empty() {
        found.push(case.owner.clone());
    }
    found
}
