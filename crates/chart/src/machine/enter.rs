//! One microstep: leave, act, enter; history and done events on the way.

use smallvec::SmallVec;

use super::{Bits, Handled, Machine, MachineError, View, after_event, done_event};
use crate::definition::{StateIx, StateKind, TransitionIx};

/// What a microstep enters.
#[derive(Default)]
struct Entry {
    states: Bits,
    /// Entered by default: their initial transition's actions run.
    by_default: Bits,
}

/// How a transition goes from where the configuration is.
struct Way {
    /// The innermost state that stays active around it; none: even the root is left.
    domain: Option<StateIx>,
    /// It leads to its own source, by name or through history: that is neither left nor entered, only begun anew inside.
    stays: bool,
}

impl Machine<'_> {
    /// Enters everything for the first time.
    pub(super) fn enter_initial(&mut self, event: Handled<'_>) -> Result<(), MachineError> {
        let mut entry = Entry::default();
        entry.states.insert(0);
        entry.by_default.insert(0);
        self.add_descendants(0, &mut entry);
        self.enter(&entry, event)
    }

    /// Takes these transitions together. False: everything is as it was before (same states, history and data).
    pub(super) fn microstep(&mut self, enabled: &[TransitionIx], event: Handled<'_>) -> Result<bool, MachineError> {
        let def = self.def;
        self.wrote = false;
        let before = self.config.active.clone();
        let moves = enabled.iter().any(|ix| !def.transitions[usize::from(*ix)].targets.is_empty());
        let mut remembered = false;
        // Worked out before anything is left: what history remembers of this very step must not move them.
        let ways: SmallVec<[Way; 4]> = enabled.iter().map(|ix| self.way(*ix)).collect();
        self.work(enabled.len() as u64)?;
        if moves {
            let mut leaving = Bits::default();
            for ix in enabled {
                leaving.join(&self.exit_set(*ix));
            }
            // What is entered is worked out after history has been recorded, as it may be entered from it.
            remembered = self.record_history(&leaving);
            self.exit(&leaving, event)?;
        }
        for ix in enabled {
            self.act_all(&def.transitions[usize::from(*ix)].actions, event)?;
        }
        if moves {
            let mut set = Entry::default();
            for (ix, way) in enabled.iter().zip(&ways) {
                // Every region of a parallel state is looked at for each transition around it.
                self.work(way.domain.map_or(1, |domain| def.states[usize::from(domain)].children.len() as u64))?;
                self.entry_set(*ix, way, &mut set);
            }
            self.enter(&set, event)?;
        }
        Ok(self.wrote || remembered || self.config.done || before != self.config.active)
    }

    /// True: something was remembered.
    fn record_history(&mut self, leaving: &Bits) -> bool {
        let def = self.def;
        let mut remembers = false;
        for state in leaving.iter() {
            for child in &def.states[usize::from(state)].children {
                let StateKind::History { deep } = def.states[usize::from(*child)].kind else {
                    continue;
                };
                let remembered = self
                    .config
                    .active
                    .iter()
                    .filter(|ix| {
                        let each = &def.states[usize::from(*ix)];
                        if deep { each.is_leaf() && def.tables.below(*ix, state) } else { each.parent == Some(state) }
                    })
                    .collect();
                self.config.history.insert(*child, remembered);
                remembers = true;
            }
        }
        remembers
    }

    fn exit(&mut self, leaving: &Bits, event: Handled<'_>) -> Result<(), MachineError> {
        let def = self.def;
        for ix in leaving.iter_back() {
            self.act_all(&def.states[usize::from(ix)].exit, event)?;
            self.cancel_after(ix);
            self.config.active.remove(ix);
            self.sink.exited(ix);
        }
        Ok(())
    }

    fn cancel_after(&mut self, ix: StateIx) {
        let mut at = 0;
        while at < self.config.delays.len() {
            if self.config.delays[at].owner == Some(ix) {
                let delay = self.config.delays.remove(at);
                self.sink.undelayed(&delay);
            } else {
                at += 1;
            }
        }
    }

    fn way(&self, ix: TransitionIx) -> Way {
        let transition = &self.def.transitions[usize::from(ix)];
        let domain = self.domain(ix);
        let back = domain == Some(transition.source) && !transition.reenter;
        Way { domain, stays: back && self.effective_targets(ix).as_slice() == [transition.source] }
    }

    fn entry_set(&self, ix: TransitionIx, way: &Way, entry: &mut Entry) {
        let def = self.def;
        let transition = &def.transitions[usize::from(ix)];
        if transition.targets.is_empty() {
            return;
        }
        if way.stays {
            self.add_descendants(transition.source, entry);
            return;
        }
        let domain = way.domain;
        for target in &transition.targets {
            if !matches!(def.states[usize::from(*target)].kind, StateKind::History { .. }) {
                entry.states.insert(*target);
                entry.by_default.insert(*target);
            }
            self.add_descendants(*target, entry);
        }
        for target in self.effective_targets(ix) {
            let mut ancestors = self.ancestors(target, domain);
            if let Some(domain) = domain
                && def.states[usize::from(domain)].kind == StateKind::Parallel
            {
                ancestors.push(domain);
            }
            let around = if transition.source == 0 && transition.reenter { None } else { domain };
            self.add_ancestors(&ancestors, around, entry);
        }
    }

    /// Proper ancestors of a state, innermost first, up to but without `until`.
    fn ancestors(&self, ix: StateIx, until: Option<StateIx>) -> Vec<StateIx> {
        let mut found = Vec::new();
        if Some(ix) == until {
            return found;
        }
        let mut at = self.def.states[usize::from(ix)].parent;
        while let Some(ancestor) = at.filter(|ancestor| Some(*ancestor) != until) {
            found.push(ancestor);
            at = self.def.states[usize::from(ancestor)].parent;
        }
        found
    }

    fn add_descendants(&self, ix: StateIx, entry: &mut Entry) {
        let def = self.def;
        let state = &def.states[usize::from(ix)];
        match state.kind {
            StateKind::History { .. } => self.add_history(ix, entry),
            StateKind::Compound => {
                let Some(initial) = state.initial else { return };
                for target in &def.transitions[usize::from(initial)].targets {
                    if !matches!(def.states[usize::from(*target)].kind, StateKind::History { .. }) {
                        entry.states.insert(*target);
                        entry.by_default.insert(*target);
                    }
                    self.add_descendants(*target, entry);
                    self.add_ancestors(&self.ancestors(*target, Some(ix)), None, entry);
                }
            }
            StateKind::Parallel => self.add_regions(ix, entry),
            StateKind::Atomic | StateKind::Final => {}
        }
    }

    fn add_regions(&self, ix: StateIx, entry: &mut Entry) {
        let def = self.def;
        for child in &def.states[usize::from(ix)].children {
            if matches!(def.states[usize::from(*child)].kind, StateKind::History { .. }) {
                continue;
            }
            let begun = entry.states.any_within(*child + 1, def.tables.last_below(*child));
            if !begun {
                entry.states.insert(*child);
                entry.by_default.insert(*child);
                self.add_descendants(*child, entry);
            }
        }
    }

    fn add_history(&self, ix: StateIx, entry: &mut Entry) {
        let def = self.def;
        let parent = def.states[usize::from(ix)].parent;
        if let Some(remembered) = self.config.history.get(&ix) {
            for each in remembered {
                entry.states.insert(*each);
                self.add_descendants(*each, entry);
            }
            for each in remembered {
                self.add_ancestors(&self.ancestors(*each, parent), None, entry);
            }
        } else if let Some(default) = self.history_default(ix) {
            let targets = &def.transitions[usize::from(default)].targets;
            for each in targets {
                if !matches!(def.states[usize::from(*each)].kind, StateKind::History { .. }) {
                    entry.states.insert(*each);
                }
                if let Some(parent) = parent
                    && def.states[usize::from(parent)].initial == Some(default)
                {
                    entry.by_default.insert(parent);
                }
                self.add_descendants(*each, entry);
            }
            for each in targets {
                self.add_ancestors(&self.ancestors(*each, parent), None, entry);
            }
        }
    }

    fn add_ancestors(&self, ancestors: &[StateIx], around: Option<StateIx>, entry: &mut Entry) {
        let def = self.def;
        for ancestor in ancestors {
            if around.is_none_or(|around| def.tables.below(*ancestor, around)) {
                entry.states.insert(*ancestor);
            }
            if def.states[usize::from(*ancestor)].kind == StateKind::Parallel {
                self.add_regions(*ancestor, entry);
            }
        }
    }

    fn enter(&mut self, entry: &Entry, event: Handled<'_>) -> Result<(), MachineError> {
        let def = self.def;
        let mut completed = Bits::default();
        for ix in entry.states.iter() {
            let state = &def.states[usize::from(ix)];
            self.config.active.insert(ix);
            let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
            self.sink.entered(ix, &view);
            self.act_all(&state.entry, event)?;
            for (slot, (span, _)) in state.after.iter().enumerate() {
                self.delay(after_event(state, slot), serde_json::Value::Null, *span, None, Some(ix))?;
            }
            if entry.by_default.contains(ix)
                && let Some(initial) = state.initial
            {
                self.act_all(&def.transitions[usize::from(initial)].actions, event)?;
            }
            if state.kind == StateKind::Final {
                self.finish(ix, &mut completed);
            }
        }
        if self.config.done {
            // Everything is left in order, but stays in the configuration: the case shows where it ended.
            let active: Vec<StateIx> = self.config.active.iter_back().collect();
            for ix in active {
                self.act_all(&def.states[usize::from(ix)].exit, event)?;
                self.cancel_after(ix);
            }
        }
        Ok(())
    }

    /// A final state was entered: tells its parent, and every parallel ancestor that is complete by it.
    fn finish(&mut self, ix: StateIx, completed: &mut Bits) {
        let def = self.def;
        let Some(parent) = def.states[usize::from(ix)].parent else {
            return;
        };
        let parent_state = &def.states[usize::from(parent)];
        let mut marker = if parent_state.kind == StateKind::Parallel { Some(parent) } else { parent_state.parent };
        if parent_state.kind == StateKind::Compound {
            self.queue.push_back((done_event(parent_state), serde_json::Value::Null));
        }
        while let Some(ancestor) = marker {
            let state = &def.states[usize::from(ancestor)];
            if state.kind != StateKind::Parallel || completed.contains(ancestor) || !self.is_complete(ancestor) {
                return;
            }
            completed.insert(ancestor);
            self.queue.push_back((done_event(state), serde_json::Value::Null));
            marker = state.parent;
        }
        self.config.done = true;
    }

    fn is_complete(&self, ix: StateIx) -> bool {
        let def = self.def;
        let state = &def.states[usize::from(ix)];
        match state.kind {
            StateKind::Compound => state.children.iter().any(|child| {
                def.states[usize::from(*child)].kind == StateKind::Final && self.config.active.contains(*child)
            }),
            StateKind::Parallel => state
                .children
                .iter()
                .filter(|child| !matches!(def.states[usize::from(**child)].kind, StateKind::History { .. }))
                .all(|child| self.is_complete(*child)),
            StateKind::Final => self.config.active.contains(ix),
            StateKind::Atomic | StateKind::History { .. } => false,
        }
    }
}
