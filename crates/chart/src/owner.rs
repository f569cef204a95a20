//! Who owns a state, and the case. Always somebody: what is empty, unknown, excluded or cannot be worked out falls
//! back to the duty desk, and where the duty desk must stay away to whoever stands above it.

use serde_json::Value;
use smallvec::SmallVec;

use crate::case::{Context, StepEnv};
use crate::definition::{Definition, Owner, Party, StateIx};
use crate::expr::Scope;
use crate::machine::{Configuration, View};

/// An owner as resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// `role:…`, `unit:…`, `person:…`
    pub(crate) party: String,
    /// Why it fell back to the duty desk.
    pub(crate) fallback: Option<&'static str>,
}

/// States that were handed to another party until they are left.
pub(crate) type Reassigned = [(StateIx, Party)];

/// Everything needed to resolve owners at one moment.
pub(crate) struct Owners<'a> {
    pub(crate) def: &'a Definition,
    pub(crate) config: &'a Configuration,
    pub(crate) reassigned: &'a Reassigned,
    pub(crate) data: &'a Value,
    pub(crate) env: &'a StepEnv<'a>,
}

impl Owners<'_> {
    /// The owner of the case: the root's where it has one, else that of the first active state. A state that was
    /// handed over and comes first takes the case with it.
    pub(crate) fn of_case(&self) -> Resolved {
        let first = self.config.atomic(self.def).next().unwrap_or(0);
        if self.reassigned.iter().any(|(ix, _)| *ix == first) {
            return self.of_state(first);
        }
        let root = self.def.states.first().and_then(|root| root.owner.as_ref());
        root.map_or_else(|| self.of_state(first), |owner| self.resolve(owner))
    }

    /// The owner of a state: handed over, written on it, or inherited from the nearest ancestor.
    pub(crate) fn of_state(&self, ix: StateIx) -> Resolved {
        if let Some((_, party)) = self.reassigned.iter().find(|(state, _)| *state == ix) {
            return self.resolve(&Owner::Party(party.clone()));
        }
        inherited(self.def, ix).map_or_else(|| self.unowned(), |owner| self.resolve(owner))
    }

    /// The owners of the case and of every active atomic state. What several of them inherit is resolved once.
    pub(crate) fn all(&self) -> (Resolved, SmallVec<[(StateIx, Resolved); 4]>) {
        let case = self.of_case();
        let root = self.def.states.first().and_then(|root| root.owner.as_ref());
        let first = self.config.atomic(self.def).next();
        let handed = |ix: StateIx| self.reassigned.iter().any(|(state, _)| *state == ix);
        let by_root = root.filter(|_| !first.is_some_and(handed));
        let states = self.config.atomic(self.def).map(|ix| {
            let inherits = by_root
                .is_some_and(|root| !handed(ix) && inherited(self.def, ix).is_some_and(|own| std::ptr::eq(own, root)));
            (ix, if inherits { case.clone() } else { self.of_state(ix) })
        });
        let states = states.collect();
        (case, states)
    }

    fn unowned(&self) -> Resolved {
        let view = View { data: self.data, event: None, active: &self.config.active, env: self.env };
        fallback(&excluded(self.def, &view, self.env.ctx), self.env.ctx, "empty")
    }

    fn resolve(&self, owner: &Owner) -> Resolved {
        let view = View { data: self.data, event: None, active: &self.config.active, env: self.env };
        resolve(owner, self.def, &view, self.env.ctx)
    }
}

/// The owner that a state has or inherits.
pub(crate) fn inherited(def: &Definition, ix: StateIx) -> Option<&Owner> {
    let mut at = Some(ix);
    while let Some(state) = at.and_then(|ix| def.states.get(usize::from(ix))) {
        if state.owner.is_some() {
            return state.owner.as_ref();
        }
        at = state.parent;
    }
    None
}

/// Resolves an owner as written.
pub(crate) fn resolve(owner: &Owner, def: &Definition, scope: &dyn Scope, ctx: &Context<'_>) -> Resolved {
    let computed;
    let fallback = |why| fallback(&excluded(def, scope, ctx), ctx, why);
    let party = match owner {
        Owner::Party(party) => party,
        Owner::Expr(expr) => match expr.value(scope) {
            Err(_) => return fallback("failed"),
            Ok(Value::String(text)) if text.is_empty() => return fallback("empty"),
            Ok(Value::String(text)) => {
                computed = Party::parse(&text).unwrap_or(Party::Unit(text));
                &computed
            }
            Ok(Value::Null) => return fallback("empty"),
            Ok(_) => return fallback("unknown"),
        },
    };
    let known = match party {
        Party::Role(role) => ctx.directory.role_exists(role),
        Party::Unit(unit) => ctx.directory.unit_exists(unit),
        Party::Person(_) => true,
    };
    if !known {
        return fallback("unknown");
    }
    if let Party::Unit(unit) = party
        && excluded(def, scope, ctx).iter().any(|excluded| excluded == unit)
    {
        return fallback("excluded");
    }
    Resolved { party: party.to_string(), fallback: None }
}

/// The units that may neither own nor see the case.
pub(crate) fn excluded(def: &Definition, scope: &dyn Scope, ctx: &Context<'_>) -> Vec<String> {
    let Some(Ok(value)) = def.excludes.as_ref().map(|expr| expr.value(scope)) else {
        return Vec::new();
    };
    let accused: Vec<String> = match value {
        Value::Array(units) => units.into_iter().filter_map(|unit| unit.as_str().map(str::to_owned)).collect(),
        Value::String(unit) if !unit.is_empty() => vec![unit],
        _ => Vec::new(),
    };
    if accused.is_empty() { accused } else { ctx.directory.excluded(accused) }
}

/// The duty desk; where it must stay away itself, whoever stands above it.
fn fallback(excluded: &[String], ctx: &Context<'_>, why: &'static str) -> Resolved {
    let desk = ctx.directory.duty_desk();
    let party = if excluded.contains(&desk) { ctx.directory.above_duty_desk() } else { format!("unit:{desk}") };
    Resolved { party, fallback: Some(why) }
}
