//! Which transitions an event enables: inner states first, document order, pre-emption between parallel regions.

use smallvec::SmallVec;

use super::{Bits, Handled, Machine, MachineError, View};
use crate::definition::{StateIx, StateKind, TransitionIx};

/// First and last number of the states that a transition leaves; none: it leaves nothing.
type Left = Option<(StateIx, StateIx)>;

/// The enabled transitions of one microstep.
pub(super) type Picked = SmallVec<[TransitionIx; 4]>;

impl Machine<'_> {
    /// Transitions enabled by an event.
    pub(super) fn select(&mut self, event: Handled<'_>) -> Result<Picked, MachineError> {
        let mut picked = Picked::new();
        let number = self.def.tables.event(event.0);
        self.select_in(0, event, number, &mut picked)?;
        if picked.len() > 1 { self.without_conflicts(&picked) } else { Ok(picked) }
    }

    fn select_in(
        &mut self,
        ix: StateIx,
        event: Handled<'_>,
        number: Option<usize>,
        picked: &mut Picked,
    ) -> Result<(), MachineError> {
        self.work(1)?;
        let before = picked.len();
        let def = self.def;
        for child in &def.states[usize::from(ix)].children {
            if self.config.active.contains(*child) {
                self.select_in(*child, event, number, picked)?;
            }
        }
        if picked.len() > before {
            return Ok(());
        }
        let candidates = def.tables.transitions(&def.states[usize::from(ix)], event.0, number);
        for candidate in candidates.iter() {
            if self.passes(*candidate, event)? {
                // Each state is looked at once, so no transition comes twice.
                picked.push(*candidate);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Eventless transitions enabled now.
    pub(super) fn select_always(&mut self, event: Handled<'_>) -> Result<Picked, MachineError> {
        let mut picked = Picked::new();
        let def = self.def;
        let leaves: SmallVec<[StateIx; 8]> = self.config.atomic(def).collect();
        for leaf in leaves {
            let mut at = Some(leaf);
            'up: while let Some(ix) = at {
                let state = &def.states[usize::from(ix)];
                self.work(1)?;
                for candidate in &state.always {
                    if self.passes(*candidate, event)? {
                        if !picked.contains(candidate) {
                            picked.push(*candidate);
                        }
                        break 'up;
                    }
                }
                at = state.parent;
            }
        }
        if picked.len() > 1 { self.without_conflicts(&picked) } else { Ok(picked) }
    }

    fn passes(&mut self, ix: TransitionIx, event: Handled<'_>) -> Result<bool, MachineError> {
        let Some(guard) = &self.def.transitions[usize::from(ix)].guard else {
            return Ok(true);
        };
        self.work(guard.cost)?;
        let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
        match guard.test(&view) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.sink.failed(&error);
                Ok(false)
            }
        }
    }

    /// Of two transitions that leave a common state, the one written further in wins, else the first.
    ///
    /// Exit sets are runs of state numbers, so that transitions which stay in regions of their own, in the order of
    /// the document, are told apart without comparing each with each.
    fn without_conflicts(&mut self, enabled: &Picked) -> Result<Picked, MachineError> {
        let mut kept: SmallVec<[(TransitionIx, Left); 4]> = SmallVec::new();
        // One past the last state that any of those kept leaves.
        let mut end = 0;
        'next: for one in enabled {
            self.work(1)?;
            let left = self.left_by(*one);
            let begins_after = left.is_none_or(|(first, _)| usize::from(first) >= end);
            if !begins_after {
                self.work(kept.len() as u64)?;
                let source = self.def.transitions[usize::from(*one)].source;
                let mut beaten: SmallVec<[TransitionIx; 4]> = SmallVec::new();
                for (other, other_left) in &kept {
                    if self.meet(left, *other_left) {
                        if self.def.tables.below(source, self.def.transitions[usize::from(*other)].source) {
                            beaten.push(*other);
                        } else {
                            continue 'next;
                        }
                    }
                }
                kept.retain(|(ix, _)| !beaten.contains(ix));
            }
            if let Some((_, last)) = left {
                end = end.max(usize::from(last) + 1);
            }
            kept.push((*one, left));
        }
        Ok(kept.into_iter().map(|(ix, _)| ix).collect())
    }

    /// Do two runs share an active state?
    fn meet(&self, one: Left, other: Left) -> bool {
        let (Some(one), Some(other)) = (one, other) else { return false };
        let (first, last) = (one.0.max(other.0), one.1.min(other.1));
        first <= last && self.config.active.any_within(first, last)
    }

    /// First and last state number of what a transition leaves; the active states between them are its exit set.
    fn left_by(&self, ix: TransitionIx) -> Left {
        let transition = &self.def.transitions[usize::from(ix)];
        if transition.targets.is_empty() {
            return None;
        }
        let Some(domain) = self.domain(ix) else {
            return Some((0, self.def.tables.last_below(0)));
        };
        let first = if transition.reenter && transition.source == domain { domain } else { domain + 1 };
        Some((first, self.def.tables.last_below(domain)))
    }

    /// The active states that a transition leaves.
    pub(super) fn exit_set(&self, ix: TransitionIx) -> Bits {
        self.left_by(ix).map(|(first, last)| self.config.active.within(first, last)).unwrap_or_default()
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
