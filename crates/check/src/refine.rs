//! First the proof remembers nothing of a case's data. Where a promise seems to break, it remembers what the conditions
//! on that way read, and looks again. So a proof is sound at every stage, and a counter-example that stays has no better
//! excuse than what cannot be known. That a state is reached is shown the other way round: by a way on which the control
//! fields are followed exactly.

use std::collections::{BTreeSet, HashMap, VecDeque};

use huiyin_chart::Definition;
use huiyin_chart::definition::{StateIx, TransitionIx};

use crate::decide::{Condition, Control};
use crate::graph::{self, Edge, Graph, NODE_LIMIT, Node, Scope};
use crate::memory::Chosen;
use crate::shadow::{Guesses, Happened};
use crate::story::Teller;
use crate::{Report, cover, idle, rounds, shape, targets};
use shape::UNREACHABLE;

/// How often more is remembered before the verdict stands.
const ROUNDS: usize = 5;
/// Most configurations when more is remembered.
const FINER_LIMIT: usize = 4_000;
/// Most configurations when a way to one state is looked for, at first.
const QUICK_LIMIT: usize = 1_500;
/// And when it was not found so soon.
const FIND_LIMIT: usize = 12_000;

/// Proves what rests on the graph of all configurations and adds what was found to `base`.
pub(crate) fn prove(def: &Definition, control: &Control, teller: &Teller<'_>, base: &Report) -> Report {
    let conditions = Conditions::of(def, control);
    let mut chosen = Chosen::default();
    let (mut report, graph) = attempt(def, teller, &chosen, base);
    let Some(graph) = graph else { return report };
    for _ in 0..ROUNDS {
        let more = conditions.with(&chosen, &report);
        if more == chosen {
            break;
        }
        let (finer, graph) = attempt(def, teller, &more, base);
        if graph.is_none() {
            break; // too large to remember so much: the coarser verdict stands
        }
        (report, chosen) = (finer, more);
    }
    let unreachable: BTreeSet<&str> = report
        .problems
        .iter()
        .filter(|problem| problem.code == UNREACHABLE)
        .filter_map(|p| p.state.as_deref())
        .collect();
    let missed: Vec<StateIx> = conditions
        .unreachable(def, &graph)
        .into_iter()
        .filter(|ix| !unreachable.contains(def.states[usize::from(*ix)].id.as_str()))
        .collect();
    missed.into_iter().for_each(|ix| shape::unreachable(def, ix, &mut report));
    report
}

/// One look; no graph: too large.
fn attempt(def: &Definition, teller: &Teller<'_>, chosen: &Chosen, base: &Report) -> (Report, Option<Graph>) {
    let mut report = base.clone();
    let limit = if chosen.is_empty() { NODE_LIMIT } else { FINER_LIMIT };
    let graph = graph::explore(def, chosen, Scope { limit, ..Scope::default() }, &mut report);
    report.remembered = chosen.fields.iter().chain(chosen.atoms.keys()).cloned().collect();
    shape::states(def, &graph, &mut report);
    if !graph.complete {
        return (report, None);
    }
    rounds::delays(def, &graph, teller, &mut report);
    rounds::ends(def, &graph, teller, &mut report);
    idle::raises(def, &graph, &mut report);
    idle::clocks(def, &graph, &mut report);
    cover::clocks(def, &graph, teller, &mut report);
    targets::check(def, &graph, teller, &mut report);
    (report, Some(graph))
}

/// The guards, and the conditions of clocks, of a definition.
struct Conditions {
    guards: Vec<Option<Condition>>,
    /// Of what starts and ends clocks.
    clocks: Vec<Condition>,
    /// Paths of the control fields.
    control: BTreeSet<String>,
}

impl Conditions {
    fn of(def: &Definition, control: &Control) -> Self {
        let triggers =
            def.clocks.iter().flat_map(|clock| clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by));
        Self {
            guards: def.transitions.iter().map(|t| t.guard.as_ref().map(Condition::of)).collect(),
            clocks: triggers.filter_map(|trigger| trigger.when.as_ref()).map(Condition::of).collect(),
            control: control.keys().cloned().collect(),
        }
    }

    /// What the examples of a report rest on is remembered too.
    fn with(&self, chosen: &Chosen, report: &Report) -> Chosen {
        let mut more = chosen.clone();
        let guards = report.guessed.iter().filter_map(|ix| self.guards[usize::from(*ix)].as_ref());
        let examples = report.problems.iter().any(|problem| problem.certainty.is_some());
        for condition in guards.chain(self.clocks.iter().filter(|_| examples)) {
            more.fields.extend(condition.reads.iter().filter(|path| self.control.contains(*path)).cloned());
            condition.lasting_parts(&self.control, &mut more.atoms);
        }
        more
    }

    /// Control fields that a guard reads.
    fn fields(&self, ix: TransitionIx) -> impl Iterator<Item = &String> {
        let reads = self.guards[usize::from(ix)].iter().flat_map(|guard| &guard.reads);
        reads.filter(|path| self.control.contains(*path))
    }

    /// States that no way leads to when control fields are followed exactly. Other conditions may turn out as they like.
    fn unreachable(&self, def: &Definition, graph: &Graph) -> BTreeSet<StateIx> {
        let free = |edge: &Edge| edge.guesses.guards.iter().all(|ix| self.fields(*ix).next().is_none());
        let mut doubtful: BTreeSet<StateIx> = graph.entered.difference(&reached(graph, &free)).copied().collect();
        let mut unreachable = BTreeSet::new();
        while let Some(state) = doubtful.pop_first() {
            let found = self.find(def, state, graph);
            if let Some(entered) = found {
                doubtful.retain(|state| !entered.contains(state));
            } else {
                unreachable.insert(state);
            }
        }
        unreachable
    }

    /// Looks for a way to a state on which control fields are followed exactly. Gives the states that were entered; none:
    /// there is no way. What is too large to know counts as found.
    fn find(&self, def: &Definition, state: StateIx, coarse: &Graph) -> Option<BTreeSet<StateIx>> {
        let search = Search { conditions: self, def, state, distances: coarse.distances(state) };
        let guards = way_to(coarse, state);
        if let Found::Way(entered) = search.exactly(&guards, QUICK_LIMIT) {
            return Some(entered);
        }
        // One field alone may be enough to see that there is none.
        let fields: BTreeSet<&String> = guards.iter().flat_map(|ix| self.fields(*ix)).collect();
        if fields.into_iter().any(|field| search.shut_out(field)) {
            return None;
        }
        match search.exactly(&guards, FIND_LIMIT) {
            Found::Way(entered) => Some(entered),
            Found::None => None,
            Found::TooLarge => Some(BTreeSet::from([state])),
        }
    }
}

/// A search for a way to one state.
struct Search<'s> {
    conditions: &'s Conditions,
    def: &'s Definition,
    state: StateIx,
    distances: HashMap<Node, u32>,
}

enum Found {
    /// The states that were entered.
    Way(BTreeSet<StateIx>),
    None,
    TooLarge,
}

impl Search<'_> {
    /// With the fields of these guards followed, and if they are not enough of more, and nothing else guessed about them.
    fn exactly(&self, guards: &BTreeSet<TransitionIx>, limit: usize) -> Found {
        let mut chosen = Chosen::default();
        let mut guards = guards.clone();
        loop {
            let before = chosen.clone();
            chosen.fields.extend(guards.iter().flat_map(|ix| self.conditions.fields(*ix)).cloned());
            if chosen == before {
                return Found::None;
            }
            let only = |guesses: &Guesses| {
                let mut fields = guesses.guards.iter().flat_map(|ix| self.conditions.fields(*ix));
                fields.all(|path| chosen.fields.contains(path))
            };
            let graph = self.explore(&chosen, Some(&only), limit);
            if graph.entered.contains(&self.state) {
                return Found::Way(graph.entered);
            }
            if !graph.complete {
                return Found::TooLarge;
            }
            guards = graph.skipped;
        }
    }

    /// Is there no way as soon as this one field is followed, whatever everything else is?
    fn shut_out(&self, field: &str) -> bool {
        let chosen = Chosen { fields: BTreeSet::from([field.to_owned()]), ..Chosen::default() };
        let graph = self.explore(&chosen, None, FIND_LIMIT);
        graph.complete && !graph.entered.contains(&self.state)
    }

    fn explore(&self, chosen: &Chosen, only: Option<&dyn Fn(&Guesses) -> bool>, limit: usize) -> Graph {
        let goals = BTreeSet::from([self.state]);
        let distance = |node: &Node| graph::distance(&self.distances, node);
        let scope = Scope { limit, only, goals: Some(&goals), distance: Some(&distance) };
        graph::explore(self.def, chosen, scope, &mut Report::new(self.def))
    }
}

/// Guards guessed on the shortest way to a state.
fn way_to(graph: &Graph, state: StateIx) -> BTreeSet<TransitionIx> {
    let way = graph.way(&|_, edge| entered(edge).any(|each| each == state)).unwrap_or_default();
    way.into_iter().flat_map(|edge| edge.guesses.guards.iter().copied()).collect()
}

/// States entered by ways of such steps alone.
fn reached(graph: &Graph, by: &dyn Fn(&Edge) -> bool) -> BTreeSet<StateIx> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([0u32]);
    let mut waiting = VecDeque::from([0u32]);
    while let Some(at) = waiting.pop_front() {
        for edge in graph.edges[at as usize].iter().filter(|edge| by(edge)) {
            found.extend(entered(edge));
            if seen.insert(edge.to) {
                waiting.push_back(edge.to);
            }
        }
    }
    found
}

fn entered(edge: &Edge) -> impl Iterator<Item = StateIx> {
    edge.happened.iter().filter_map(|each| match each {
        Happened::Entered(ix) => Some(*ix),
        Happened::Event { .. } => None,
    })
}
