//! Which transitions an event enables: inner states first, document order, pre-emption between parallel regions.

use smallvec::SmallVec;

use super::{Bits, Handled, Machine, View, tables};
use crate::definition::{StateIx, StateKind, TransitionIx};

/// The enabled transitions of one microstep.
pub(super) type Picked = SmallVec<[TransitionIx; 4]>;

impl Machine<'_> {
    /// Transitions enabled by an event.
    pub(super) fn select(&mut self, event: Handled<'_>) -> Picked {
        let mut picked = Picked::new();
        let number = self.def.tables.event(event.0);
        self.select_in(0, event, number, &mut picked);
        if picked.len() > 1 { self.without_conflicts(&picked) } else { picked }
    }

    fn select_in(&mut self, ix: StateIx, event: Handled<'_>, number: Option<usize>, picked: &mut Picked) {
        let before = picked.len();
        let def = self.def;
        for child in &def.states[usize::from(ix)].children {
            if self.config.active.contains(*child) {
                self.select_in(*child, event, number, picked);
            }
        }
        if picked.len() > before {
            return;
        }
        let slow;
        let candidates = match number {
            Some(number) => def.tables.transitions(ix, number),
            None => {
                slow = tables::candidates(&def.states[usize::from(ix)], event.0);
                slow.as_slice()
            }
        };
        for candidate in candidates {
            if self.passes(*candidate, event) {
                if !picked.contains(candidate) {
                    picked.push(*candidate);
                }
                return;
            }
        }
    }

    /// Eventless transitions enabled now.
    pub(super) fn select_always(&mut self, event: Handled<'_>) -> Picked {
        let mut picked = Picked::new();
        let def = self.def;
        let leaves: SmallVec<[StateIx; 8]> = self.config.atomic(def).collect();
        for leaf in leaves {
            let mut at = Some(leaf);
            'up: while let Some(ix) = at {
                let state = &def.states[usize::from(ix)];
                for candidate in &state.always {
                    if self.passes(*candidate, event) {
                        if !picked.contains(candidate) {
                            picked.push(*candidate);
                        }
                        break 'up;
                    }
                }
                at = state.parent;
            }
        }
        if picked.len() > 1 { self.without_conflicts(&picked) } else { picked }
    }

    fn passes(&mut self, ix: TransitionIx, event: Handled<'_>) -> bool {
        let Some(guard) = &self.def.transitions[usize::from(ix)].guard else {
            return true;
        };
        let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
        match guard.test(&view) {
            Ok(answer) => answer,
            Err(error) => {
                self.sink.failed(&error);
                false
            }
        }
    }

    /// Of two transitions that leave a common state, the one written further in wins, else the first.
    fn without_conflicts(&self, enabled: &Picked) -> Picked {
        let mut kept: SmallVec<[(TransitionIx, Bits); 4]> = SmallVec::new();
        'next: for one in enabled {
            let leaves = self.exit_set(*one);
            let source = self.def.transitions[usize::from(*one)].source;
            let mut beaten: SmallVec<[TransitionIx; 4]> = SmallVec::new();
            for (other, other_leaves) in &kept {
                if leaves.meets(other_leaves) {
                    if self.def.tables.below(source, self.def.transitions[usize::from(*other)].source) {
                        beaten.push(*other);
                    } else {
                        continue 'next;
                    }
                }
            }
            kept.retain(|(ix, _)| !beaten.contains(ix));
            kept.push((*one, leaves));
        }
        kept.into_iter().map(|(ix, _)| ix).collect()
    }

    /// The active states that a transition leaves.
    pub(super) fn exit_set(&self, ix: TransitionIx) -> Bits {
        let transition = &self.def.transitions[usize::from(ix)];
        if transition.targets.is_empty() {
            return Bits::default();
        }
        let Some(domain) = self.domain(ix) else {
            return self.config.active.clone();
        };
        let mut set = self.config.active.within(domain + 1, self.def.tables.last_below(domain));
        if transition.reenter && transition.source == domain {
            set.insert(domain);
        }
        set
    }

    /// The innermost state that stays active around a transition; none: even the root is left.
    pub(super) fn domain(&self, ix: TransitionIx) -> Option<StateIx> {
        let transition = &self.def.transitions[usize::from(ix)];
        let targets = self.effective_targets(ix);
        let source = transition.source;
        let tables = &self.def.tables;
        if !transition.reenter && targets.iter().all(|target| *target == source || tables.below(*target, source)) {
            return Some(source);
        }
        let first = *targets.first().unwrap_or(&source);
        let mut ancestor = self.def.states[usize::from(first)].parent;
        while let Some(candidate) = ancestor {
            if targets.iter().skip(1).chain([&source]).all(|other| tables.below(*other, candidate)) {
                return Some(candidate);
            }
            ancestor = self.def.states[usize::from(candidate)].parent;
        }
        if transition.reenter { None } else { Some(0) }
    }

    /// Targets with history resolved.
    pub(super) fn effective_targets(&self, ix: TransitionIx) -> SmallVec<[StateIx; 4]> {
        let mut found = SmallVec::new();
        for target in &self.def.transitions[usize::from(ix)].targets {
            self.resolve_history(*target, &mut found);
        }
        found
    }

    fn resolve_history(&self, target: StateIx, found: &mut SmallVec<[StateIx; 4]>) {
        let state = &self.def.states[usize::from(target)];
        if !matches!(state.kind, StateKind::History { .. }) {
            if !found.contains(&target) {
                found.push(target);
            }
            return;
        }
        if let Some(remembered) = self.config.history.get(&target) {
            for each in remembered {
                if !found.contains(each) {
                    found.push(*each);
                }
            }
        } else if let Some(default) = self.history_default(target) {
            for each in &self.def.transitions[usize::from(default)].targets {
                self.resolve_history(*each, found);
            }
        }
    }

    /// The transition of a history state without memory: its own target, else its parent's initial one.
    pub(super) fn history_default(&self, history: StateIx) -> Option<TransitionIx> {
        let state = &self.def.states[usize::from(history)];
        state.initial.or_else(|| state.parent.and_then(|parent| self.def.states[usize::from(parent)].initial))
    }
}
