//! The states of a case in another version: every active state has a counterpart, and together they are a
//! configuration in which a case of that version can be.

use std::collections::BTreeMap;

use super::Plan;
use crate::case::CaseState;
use crate::definition::{Definition, State, StateIx, StateKind};
use crate::machine::Bits;
use crate::refusal::Refusal;

/// Old states to new ones, for one case.
pub(super) struct States<'a> {
    pub(super) from: &'a Definition,
    pub(super) to: &'a Definition,
    pub(super) plan: &'a Plan,
}

impl States<'_> {
    /// The counterpart of an old state; `what` says what it is to the case.
    pub(super) fn counterpart(&self, old: StateIx, what: (&str, &str)) -> Result<StateIx, Refusal> {
        let id = &self.from.states[usize::from(old)].id;
        // The root stands for the whole workflow, whatever it is called.
        if old == 0 {
            return Ok(0);
        }
        let wanted = self.plan.states.get(id).unwrap_or(id);
        self.find(wanted).ok_or_else(|| {
            let version = self.to.version;
            Refusal::new(
                "state_unmapped",
                format!("{}“{id}”在第 {version} 版没有对应的状态；请加 --map {id}=新状态", what.0),
                format!("{} `{id}` has no counterpart in version {version}; add --map {id}=NEW_STATE", what.1),
            )
        })
    }

    /// The counterpart of a state that need not have one.
    pub(super) fn counterpart_if_any(&self, old: StateIx) -> Option<StateIx> {
        self.counterpart(old, ("", "")).ok()
    }

    fn find(&self, id: &str) -> Option<StateIx> {
        self.to.states.iter().find(|state| state.id == id).map(|state| state.ix)
    }

    /// The active states of the new version.
    pub(super) fn active(&self, case: &CaseState) -> Result<Bits, Refusal> {
        let mut active = Bits::default();
        let mut images: BTreeMap<StateIx, StateIx> = BTreeMap::new();
        for leaf in case.config.atomic(self.from) {
            let to = self.counterpart(leaf, ("正处于的状态", "the active state"))?;
            self.may_hold(leaf, to)?;
            images.insert(to, leaf);
            let mut at = Some(to);
            while let Some(ix) = at {
                active.insert(ix);
                at = self.to.states[usize::from(ix)].parent;
            }
        }
        self.complete(0, &mut active, &images)?;
        Ok(active)
    }

    /// A migration neither ends a case or a part of it nor puts it into a state that is none.
    fn may_hold(&self, leaf: StateIx, to: StateIx) -> Result<(), Refusal> {
        let (old, new) = (&self.from.states[usize::from(leaf)], &self.to.states[usize::from(to)]);
        let ends = new.kind == StateKind::Final && old.kind != StateKind::Final;
        let history = matches!(new.kind, StateKind::History { .. });
        if !ends && !history {
            return Ok(());
        }
        let why = if ends {
            ("是终结状态，迁移不能代替办结", "is final, and a migration ends nothing")
        } else {
            ("不是可以停留的状态", "is no state a case can be in")
        };
        Err(Refusal::new(
            "state_unfit",
            format!("“{}”不能对应“{}”：后者{}；请用 --map 改为其他状态", old.id, new.id, why.0),
            format!("`{}` cannot become `{}`: it {}; choose another with --map", old.id, new.id, why.1),
        ))
    }

    /// Regions that are new are entered at their initial state; states that exclude each other are refused.
    fn complete(&self, ix: StateIx, active: &mut Bits, images: &BTreeMap<StateIx, StateIx>) -> Result<(), Refusal> {
        let state = &self.to.states[usize::from(ix)];
        match state.kind {
            StateKind::Parallel => {
                for child in self.real_children(state) {
                    active.insert(child);
                    self.complete(child, active, images)?;
                }
                Ok(())
            }
            StateKind::Compound => {
                let begun: Vec<StateIx> = self.real_children(state).filter(|child| active.contains(*child)).collect();
                match begun[..] {
                    [] => self.complete_initial(state, active, images),
                    [child] => self.complete(child, active, images),
                    [a, b, ..] => Err(self.exclusive(state, a, b, images)),
                }
            }
            StateKind::Atomic | StateKind::Final | StateKind::History { .. } => Ok(()),
        }
    }

    fn real_children<'s>(&'s self, state: &'s State) -> impl Iterator<Item = StateIx> + 's {
        let real = |ix: &StateIx| !matches!(self.to.states[usize::from(*ix)].kind, StateKind::History { .. });
        state.children.iter().copied().filter(real)
    }

    fn complete_initial(
        &self,
        state: &State,
        active: &mut Bits,
        images: &BTreeMap<StateIx, StateIx>,
    ) -> Result<(), Refusal> {
        let initial = state.initial.map(|ix| self.to.transitions[usize::from(ix)].targets.clone()).unwrap_or_default();
        for target in &initial {
            let mut at = Some(*target);
            while let Some(ix) = at.filter(|ix| *ix != state.ix) {
                active.insert(ix);
                at = self.to.states[usize::from(ix)].parent;
            }
        }
        let holds = |ix: &StateIx| {
            matches!(self.to.states[usize::from(*ix)].kind, StateKind::Final | StateKind::History { .. })
        };
        if initial.is_empty() || initial.iter().any(holds) {
            let id = &state.id;
            return Err(Refusal::new(
                "state_unfit",
                format!("“{id}”没有可以停留的初始状态；请用 --map 指明其下的状态"),
                format!("`{id}` has no initial state to wait in; name one below it with --map"),
            ));
        }
        self.complete(state.ix, active, images)
    }

    fn exclusive(&self, state: &State, a: StateIx, b: StateIx, images: &BTreeMap<StateIx, StateIx>) -> Refusal {
        let old = |ix: StateIx| {
            let below = images.iter().find(|(to, _)| **to == ix || self.to.tables.below(**to, ix));
            below.map_or_else(String::new, |(_, leaf)| self.from.states[usize::from(*leaf)].id.clone())
        };
        let (a, b, id) = (old(a), old(b), &state.id);
        Refusal::new(
            "states_exclusive",
            format!("原状态“{a}”与“{b}”在新版本“{id}”中不能同时存在；请用 --map 调整"),
            format!("the old states `{a}` and `{b}` exclude each other inside `{id}`; change the map"),
        )
    }
}
