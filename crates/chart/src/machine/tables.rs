//! What is worked out once per definition so that a step only looks it up.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use smallvec::SmallVec;

use crate::definition::{Action, Descriptor, State, StateIx, StateKind, Transition, TransitionIx};

/// A set of states, one bit each.
#[derive(Clone, Debug, Default)]
pub struct Bits(SmallVec<[u64; 2]>);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        let word = |bits: &Self, n: usize| bits.0.get(n).copied().unwrap_or(0);
        (0..self.0.len().max(other.0.len())).all(|n| word(self, n) == word(other, n))
    }
}

impl Eq for Bits {}

impl Bits {
    /// Adds.
    pub fn insert(&mut self, ix: StateIx) {
        let word = usize::from(ix) / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (ix % 64);
    }
    /// Takes out.
    pub fn remove(&mut self, ix: StateIx) {
        if let Some(word) = self.0.get_mut(usize::from(ix) / 64) {
            *word &= !(1 << (ix % 64));
        }
    }
    /// Adds all of another set.
    pub fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
    /// Is it in?
    #[must_use]
    pub fn contains(&self, ix: StateIx) -> bool {
        self.0.get(usize::from(ix) / 64).is_some_and(|word| word & (1 << (ix % 64)) != 0)
    }
    /// Do the two share a state?
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }
    /// Nothing in it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
    /// Is any of `first..=last` in?
    #[must_use]
    pub fn any_within(&self, first: StateIx, last: StateIx) -> bool {
        self.0.iter().enumerate().any(|(n, word)| word & mask(n, first, last) != 0)
    }
    /// Those of `first..=last`.
    #[must_use]
    pub fn within(&self, first: StateIx, last: StateIx) -> Self {
        Self(self.0.iter().enumerate().map(|(n, word)| word & mask(n, first, last)).collect())
    }
    /// Members, ascending (document order).
    pub fn iter(&self) -> impl Iterator<Item = StateIx> + '_ {
        self.0.iter().enumerate().flat_map(|(n, word)| {
            std::iter::successors(Some(*word), |left| Some(left & left.wrapping_sub(1)))
                .take_while(|left| *left != 0)
                .map(move |left| number(n, left.trailing_zeros()))
        })
    }
    /// Members, descending (inner states before their ancestors).
    pub fn iter_back(&self) -> impl Iterator<Item = StateIx> + '_ {
        self.0.iter().enumerate().rev().flat_map(|(n, word)| {
            std::iter::successors(Some(*word), |left| Some(left & !(1 << (63 - left.leading_zeros() % 64))))
                .take_while(|left| *left != 0)
                .map(move |left| number(n, 63 - left.leading_zeros()))
        })
    }
}

fn number(word: usize, bit: u32) -> StateIx {
    // A set is only ever filled with state numbers.
    StateIx::try_from(word * 64 + bit as usize).unwrap_or(StateIx::MAX)
}

/// The bits of word `n` that stand for `first..=last`.
fn mask(n: usize, first: StateIx, last: StateIx) -> u64 {
    let (low, high) = (n * 64, n * 64 + 63);
    let (first, last) = (usize::from(first), usize::from(last));
    if first > last || first > high || last < low {
        return 0;
    }
    let from = u64::MAX << first.saturating_sub(low);
    let to = u64::MAX >> (high.saturating_sub(last).min(63));
    from & to
}
/// What one state takes.
#[derive(Debug, Default)]
struct Taken {
    /// Events that the state names itself, ascending, and their transitions: most specific descriptor first, then
    /// document order.
    named: Vec<(usize, Box<[TransitionIx]>)>,
    /// What it takes whatever the event is called, by `*`.
    any: Box<[TransitionIx]>,
    /// It has prefixes: names that it does not name itself must be matched.
    prefixes: bool,
}

/// Look-up tables of one definition; they grow with what is written, not with states times names.
#[derive(Debug, Default)]
pub struct Tables {
    names: HashMap<String, usize>,
    by_state: Vec<Taken>,
    /// Last index of each state's subtree: descendants are `ix+1..=last[ix]`.
    last: Vec<StateIx>,
    /// States that `always:` is written in.
    pub(crate) always: bool,
}

impl Tables {
    /// Works them out.
    #[must_use]
    pub fn of(states: &[State], transitions: &[Transition]) -> Self {
        let names: HashMap<String, usize> =
            names(states, transitions).into_iter().enumerate().map(|(ix, name)| (name, ix)).collect();
        let by_state = states.iter().map(|state| Taken::of(state, &names)).collect();
        let mut last: Vec<StateIx> = states.iter().map(|state| state.ix).collect();
        for state in states.iter().rev() {
            if let Some(parent) = state.parent {
                let end = last[usize::from(state.ix)];
                let slot = &mut last[usize::from(parent)];
                *slot = (*slot).max(end);
            }
        }
        Self { names, by_state, last, always: states.iter().any(|state| !state.always.is_empty()) }
    }

    /// Is `ix` strictly below `ancestor`?
    #[must_use]
    pub fn below(&self, ix: StateIx, ancestor: StateIx) -> bool {
        ix > ancestor && ix <= self.last[usize::from(ancestor)]
    }

    /// Last index of a state's subtree; the state itself when it has no children.
    #[must_use]
    pub fn last_below(&self, ix: StateIx) -> StateIx {
        self.last[usize::from(ix)]
    }

    /// Number under which [`Tables::transitions`] knows an event; none for a name that no part of the chart mentions.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Candidate transitions of a state for an event, whose number is [`Tables::event`]'s.
    pub(crate) fn transitions<'t>(
        &'t self,
        state: &State,
        event: &str,
        number: Option<usize>,
    ) -> Cow<'t, [TransitionIx]> {
        let taken = &self.by_state[usize::from(state.ix)];
        let named = number.and_then(|number| taken.named.binary_search_by_key(&number, |(number, _)| *number).ok());
        match named {
            Some(at) => Cow::Borrowed(&taken.named[at].1),
            None if taken.prefixes => Cow::Owned(candidates(state, event)),
            None => Cow::Borrowed(&taken.any),
        }
    }
}

impl Taken {
    fn of(state: &State, names: &HashMap<String, usize>) -> Self {
        let mut exact: BTreeMap<&str, Vec<TransitionIx>> = BTreeMap::new();
        let mut prefixes: HashMap<&str, &[TransitionIx]> = HashMap::new();
        let mut any: Vec<TransitionIx> = Vec::new();
        for (descriptor, list) in &state.on {
            match descriptor {
                Descriptor::Exact(name) => exact.entry(name).or_default().extend(list),
                Descriptor::Prefix(name) => drop(prefixes.insert(name, list)),
                Descriptor::Any => any.extend(list),
            }
        }
        let mut named: Vec<(usize, Box<[TransitionIx]>)> = Vec::with_capacity(exact.len());
        for (name, mut list) in exact {
            let longer = name.rmatch_indices('.').map(|(dot, _)| &name[..dot]);
            for prefix in std::iter::once(name).chain(longer) {
                list.extend(prefixes.get(prefix).copied().unwrap_or_default());
            }
            list.extend(&any);
            named.extend(names.get(name).map(|number| (*number, list.into_boxed_slice())));
        }
        named.sort_unstable_by_key(|(number, _)| *number);
        Self { named, any: any.into_boxed_slice(), prefixes: !prefixes.is_empty() }
    }
}

/// Transitions of a state that an event name selects: the exact name first, then the longer prefix, `*` last, then
/// document order.
pub(crate) fn candidates(state: &State, name: &str) -> Vec<TransitionIx> {
    let mut found: Vec<(usize, &[TransitionIx])> = state
        .on
        .iter()
        .filter(|(descriptor, _)| matches(descriptor, name))
        .map(|(descriptor, list)| (specific(descriptor), list.as_slice()))
        .collect();
    found.sort_by_key(|(specific, _)| std::cmp::Reverse(*specific));
    found.into_iter().flat_map(|(_, list)| list.iter().copied()).collect()
}

fn specific(descriptor: &Descriptor) -> usize {
    match descriptor {
        Descriptor::Exact(_) => usize::MAX,
        Descriptor::Prefix(name) => name.len() + 2,
        Descriptor::Any => 1,
    }
}

/// `a` matches only `a`; `a.*` matches `a`, `a.b`, `a.b.c`; `*` matches all.
#[must_use]
pub fn matches(descriptor: &Descriptor, name: &str) -> bool {
    match descriptor {
        Descriptor::Exact(exact) => exact == name,
        Descriptor::Prefix(prefix) => {
            name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Descriptor::Any => true,
    }
}

/// The event that says that a state is done.
#[must_use]
pub fn done_event(state: &State) -> String {
    format!("done.state.{}", state.id)
}

/// The event that ends an `after:` delay; `slot` counts the delays of the state.
#[must_use]
pub fn after_event(state: &State, slot: usize) -> String {
    format!("after.{slot}.{}", state.id)
}

fn names(states: &[State], transitions: &[Transition]) -> std::collections::BTreeSet<String> {
    let mut names = std::collections::BTreeSet::new();
    let raised = |actions: &[Action], names: &mut std::collections::BTreeSet<String>| {
        for action in actions {
            if let Action::Raise { event, .. } = action {
                names.insert(event.clone());
            }
        }
    };
    for state in states {
        for (descriptor, _) in &state.on {
            if let Descriptor::Exact(name) | Descriptor::Prefix(name) = descriptor {
                names.insert(name.clone());
            }
        }
        raised(&state.entry, &mut names);
        raised(&state.exit, &mut names);
        if matches!(state.kind, StateKind::Compound | StateKind::Parallel) {
            names.insert(done_event(state));
        }
    }
    for transition in transitions {
        raised(&transition.actions, &mut names);
    }
    names
}
