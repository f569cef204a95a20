//! Every configuration in which the chart can rest, and every way from one to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use huiyin_chart::Definition;
use huiyin_chart::definition::{Descriptor, State, StateIx, StateKind, TransitionIx};
use huiyin_chart::machine::{Configuration, Delay, Machine, MachineError, after_event, done_event, matches};
use serde_json::Value;

use std::rc::Rc;

use crate::decide::{Condition, Fields, combinations};
use crate::memory::{Chosen, Memory};
use crate::shadow::{Asked, Guesses, Happened, Listener, Oracle, Shadow};
use crate::{Problem, Report};

/// Most configurations that are looked at.
pub(crate) const NODE_LIMIT: usize = 20_000;
/// Most runs of the interpreter.
const RUN_LIMIT: usize = 400_000;
/// Most ways in which one event can go on from one configuration.
const WAYS_LIMIT: usize = 4_096;
/// The event that opens a case.
pub(crate) const OPENED: &str = "case.opened";

/// One resting configuration; node 0 is the case before it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) active: Vec<StateIx>,
    history: Vec<(StateIx, Vec<StateIx>)>,
    delays: Vec<(String, Option<String>, Option<StateIx>)>,
    /// What is remembered of the data.
    memory: Memory,
    pub(crate) done: bool,
}

impl Node {
    /// The same with nothing remembered.
    fn bare(&self) -> Self {
        Self { memory: Memory::new(), ..self.clone() }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) to: u32,
    /// The event, and its fields when they are known.
    pub(crate) event: String,
    pub(crate) fields: Option<Fields>,
    pub(crate) happened: Vec<Happened>,
    /// A delay ran out: which of those that wait in the configuration, and the states that were left by it.
    pub(crate) fired: Option<(u32, Vec<StateIx>)>,
    /// What was known of the data at each thing that happened; empty when nothing is remembered.
    pub(crate) data: Vec<Rc<Fields>>,
    /// What had to be guessed. Two steps that differ in nothing else are one.
    pub(crate) guesses: Guesses,
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        self.to == other.to
            && self.event == other.event
            && self.fields == other.fields
            && self.happened == other.happened
            && self.fired == other.fired
            && self.data == other.data
    }
}

impl Edge {
    /// For people: `route.choose (route: five)`.
    pub(crate) fn label(&self) -> String {
        let fields: Vec<String> =
            self.fields.iter().flatten().map(|(key, value)| format!("{key}: {}", plain(value))).collect();
        if fields.is_empty() { self.event.clone() } else { format!("{} ({})", self.event, fields.join(", ")) }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All of it.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Vec<Edge>>,
    /// States entered on some way.
    pub(crate) entered: BTreeSet<StateIx>,
    /// Configuration and event that a rung raises, where some way leaves the event unheeded.
    pub(crate) ignored: HashSet<(u32, String)>,
    /// States left on some way.
    pub(crate) left: BTreeSet<StateIx>,
    /// Guards guessed in steps that the scope leaves out.
    pub(crate) skipped: BTreeSet<TransitionIx>,
    /// Everything was looked at.
    pub(crate) complete: bool,
}

/// What is to be explored.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    /// Most configurations; 0: [`NODE_LIMIT`].
    pub(crate) limit: usize,
    /// Only steps whose guesses are like this; the others are kept in [`Graph::skipped`].
    pub(crate) only: Option<&'a dyn Fn(&Guesses) -> bool>,
    /// Ends when all these states were entered.
    pub(crate) goals: Option<&'a BTreeSet<StateIx>>,
    /// How far a configuration seems from there: the nearest is looked at first.
    pub(crate) distance: Option<&'a dyn Fn(&Node) -> u32>,
}

impl Graph {
    /// A shortest way to a step that is wanted, with that step; none: there is none.
    pub(crate) fn way(&self, wanted: &dyn Fn(u32, &Edge) -> bool) -> Option<Vec<&Edge>> {
        let mut came: Vec<Option<(u32, usize)>> = vec![None; self.nodes.len()];
        let mut seen = vec![false; self.nodes.len()];
        let mut waiting = VecDeque::from([0u32]);
        while let Some(at) = waiting.pop_front() {
            for (ix, edge) in self.edges[at as usize].iter().enumerate() {
                if wanted(at, edge) {
                    let mut way = vec![edge];
                    let mut back = at;
                    while let Some((before, ix)) = came[back as usize] {
                        way.push(&self.edges[before as usize][ix]);
                        back = before;
                    }
                    way.reverse();
                    return Some(way);
                }
                if edge.to != 0 && !std::mem::replace(&mut seen[edge.to as usize], true) {
                    came[edge.to as usize] = Some((at, ix));
                    waiting.push_back(edge.to);
                }
            }
        }
        None
    }

    /// For a graph in which nothing is remembered: how many steps each configuration is from entering a state.
    pub(crate) fn distances(&self, state: StateIx) -> HashMap<Node, u32> {
        let enters = |edge: &Edge| edge.happened.contains(&Happened::Entered(state));
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        let mut waiting = VecDeque::new();
        let mut found: Vec<Option<u32>> = vec![None; self.nodes.len()];
        for (from, edges) in (0u32..).zip(&self.edges) {
            for edge in edges {
                before[edge.to as usize].push(from);
            }
            if edges.iter().any(enters) {
                found[from as usize] = Some(1);
                waiting.push_back(from);
            }
        }
        while let Some(at) = waiting.pop_front() {
            let next = found[at as usize].map_or(1, |distance| distance + 1);
            for from in std::mem::take(&mut before[at as usize]) {
                if found[from as usize].is_none() {
                    found[from as usize] = Some(next);
                    waiting.push_back(from);
                }
            }
        }
        let known = self.nodes.iter().zip(found).filter_map(|(node, distance)| Some((node.bare(), distance?)));
        known.collect()
    }
}

/// How far a configuration is, by its like in the graph in which nothing is remembered.
pub(crate) fn distance(known: &HashMap<Node, u32>, node: &Node) -> u32 {
    known.get(&node.bare()).copied().unwrap_or(u32::MAX)
}

struct Explorer<'a> {
    shadow: &'a Shadow,
    scope: Scope<'a>,
    graph: Graph,
    found: HashMap<Node, u32>,
    /// By distance from the goal, else in the order in which they were found.
    waiting: BTreeSet<(u32, u32)>,
    /// Events that rungs raise.
    raised: BTreeSet<String>,
    runs: usize,
    /// Event → the place it goes wrong from.
    loops: BTreeMap<String, (MachineError, Option<StateIx>)>,
    /// Names that clocks wait for and no state names: their events matter although no transition takes them.
    clock_events: BTreeSet<String>,
    /// The last guard of a step in which too much had to be guessed.
    undecidable: Option<TransitionIx>,
    /// Event → states that name it.
    listening: HashMap<String, HashSet<StateIx>>,
    /// Which states can still be entered from which, over all transitions.
    reach: HashMap<Vec<StateIx>, BTreeSet<StateIx>>,
}

pub(crate) fn explore(def: &Definition, chosen: &Chosen, scope: Scope<'_>, report: &mut Report) -> Graph {
    let limit = if scope.limit == 0 { NODE_LIMIT } else { scope.limit };
    let shadow = Shadow::of(def, chosen);
    let conditions: Vec<Condition> = clock_conditions(def);
    let all: Vec<&Condition> = shadow.guards.iter().flatten().chain(&conditions).collect();
    let raised = raised(def);
    let beside = shadow.copied(def);
    let alphabet: Vec<(String, Vec<Option<Fields>>)> = names(def)
        .into_iter()
        .map(|name| (name.clone(), combinations(def, &name, &all, &beside, raised.contains(&name))))
        .collect();
    let mut explorer = Explorer {
        shadow: &shadow,
        scope,
        graph: Graph {
            nodes: Vec::new(),
            edges: Vec::new(),
            entered: BTreeSet::new(),
            left: BTreeSet::new(),
            ignored: HashSet::new(),
            skipped: BTreeSet::new(),
            complete: true,
        },
        found: HashMap::new(),
        waiting: BTreeSet::new(),
        raised,
        runs: 0,
        loops: BTreeMap::new(),
        clock_events: clock_events(def),
        undecidable: None,
        listening: HashMap::new(),
        reach: HashMap::new(),
    };
    explorer.node(Node::default());
    explorer.waiting.clear();
    let entered: Vec<String> = beside.iter().chain(shadow.items.entered()).cloned().collect();
    for fields in combinations(def, OPENED, &all, &entered, false) {
        explorer.ways(0, OPENED, fields.as_ref(), Step::Start);
    }
    while let Some((_, ix)) = explorer.waiting.pop_first() {
        if explorer.scope.goals.is_some_and(|goals| goals.is_subset(&explorer.graph.entered)) {
            break;
        }
        if explorer.graph.nodes.len() > limit || explorer.runs > RUN_LIMIT {
            explorer.graph.complete = false;
            break;
        }
        explorer.successors(ix, &alphabet);
    }
    let place = &def.states[0].place;
    for (problem, state) in explorer.loops.values() {
        let cure = "break the circle of `always` or `raise` with a condition that becomes false".to_owned();
        match state {
            Some(state) => report.state_problem("endless-loop", def, *state, problem.to_string(), cure),
            None => report.problem("endless-loop", place, problem.to_string(), cure),
        }
    }
    if let Some(ix) = explorer.undecidable {
        let transition = &def.transitions[usize::from(ix)];
        report.problems.push(Problem::at(
            "too-large",
            transition.place.clone(),
            Some(def.states[usize::from(transition.source)].id.clone()),
            "in one step more conditions would have to be guessed than can be tried; the proof was given up".into(),
            "let conditions compare control fields (`enum`, `boolean`, bounded `integer`), or decide in several steps"
                .into(),
        ));
    } else if !explorer.graph.complete {
        report.problem(
            "too-large",
            place,
            format!("the chart has more than {} configurations; the proof was given up", explorer.graph.nodes.len()),
            "take parallel regions apart into linked cases".into(),
        );
    }
    report.configurations = explorer.graph.nodes.len() - 1;
    explorer.graph
}

fn clock_conditions(def: &Definition) -> Vec<Condition> {
    let triggers = def.clocks.iter().flat_map(|clock| clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by));
    triggers.filter_map(|trigger| trigger.when.as_ref()).map(Condition::of).collect()
}

fn clock_events(def: &Definition) -> BTreeSet<String> {
    use huiyin_chart::definition::TriggerOn;
    let triggers = def.clocks.iter().flat_map(|clock| clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by));
    triggers
        .filter_map(|trigger| match &trigger.on {
            TriggerOn::Event(name) if def.only_clocks_hear(name) => Some(name.clone()),
            TriggerOn::Event(_) => None,
            TriggerOn::Entered(_) => None,
        })
        .collect()
}

fn raised(def: &Definition) -> BTreeSet<String> {
    let rungs = def.clocks.iter().flat_map(|clock| {
        clock.ladder.iter().map(|rung| &rung.does).chain(clock.repeat.iter().map(|repeat| &repeat.does))
    });
    rungs.filter_map(|does| does.raise.clone()).collect()
}

/// Names of the events that can come from outside the chart.
fn names(def: &Definition) -> BTreeSet<String> {
    let inside: BTreeSet<String> = def
        .states
        .iter()
        .flat_map(|state| (0..state.after.len()).map(|slot| after_event(state, slot)).chain([done_event(state)]))
        .collect();
    let mut names: BTreeSet<String> = def.events.iter().map(|event| event.name.clone()).collect();
    names.extend(clock_events(def));
    for (descriptor, _) in def.states.iter().flat_map(|state| &state.on) {
        match descriptor {
            Descriptor::Exact(name) => names.insert(name.clone()),
            Descriptor::Prefix(name) => names.insert(name.clone()) | names.insert(format!("{name}.other")),
            Descriptor::Any => names.insert("any.other".into()),
        };
    }
    names.retain(|name| !inside.contains(name) && name != OPENED);
    names
}

#[derive(Clone, Copy)]
enum Step {
    Start,
    Send,
    Fire(u32),
}

impl Explorer<'_> {
    fn node(&mut self, node: Node) -> u32 {
        if let Some(ix) = self.found.get(&node) {
            return *ix;
        }
        let ix = u32::try_from(self.graph.nodes.len()).unwrap_or(u32::MAX);
        let distance = self.scope.distance.map_or(0, |distance| distance(&node));
        self.found.insert(node.clone(), ix);
        self.graph.nodes.push(node);
        self.graph.edges.push(Vec::new());
        self.waiting.insert((distance, ix));
        ix
    }

    fn successors(&mut self, ix: u32, alphabet: &[(String, Vec<Option<Fields>>)]) {
        let node = self.graph.nodes[ix as usize].clone();
        if node.done {
            return;
        }
        for (name, combinations) in alphabet {
            if !self.heard(&node, name) {
                if self.raised.contains(name) {
                    self.graph.ignored.insert((ix, name.clone()));
                }
                continue;
            }
            for fields in combinations {
                self.ways(ix, name, fields.as_ref(), Step::Send);
            }
        }
        for (number, (event, ..)) in (0..).zip(&node.delays) {
            self.ways(ix, event, None, Step::Fire(number));
        }
    }

    /// Does an active state name this event, or a clock wait for it?
    fn heard(&mut self, node: &Node, name: &str) -> bool {
        if self.clock_events.contains(name) {
            return true;
        }
        let def = &self.shadow.def;
        let listening = self.listening.entry(name.to_owned()).or_insert_with(|| {
            let listens = |state: &&State| state.on.iter().any(|(on, _)| matches(on, name));
            def.states.iter().filter(listens).map(|state| state.ix).collect()
        });
        node.active.iter().any(|ix| listening.contains(ix))
    }

    /// Runs one event in all the ways in which undecided guards can turn out.
    fn ways(&mut self, from: u32, event: &str, fields: Option<&Fields>, step: Step) {
        let shadow = self.shadow;
        let before = configuration(&self.graph.nodes[from as usize]);
        let active: BTreeSet<StateIx> = before.active.iter().collect();
        let mut script = Some(Vec::new());
        for _ in 0..WAYS_LIMIT {
            let Some(answers) = script.take() else { return };
            self.runs += 1;
            let memory = match step {
                Step::Start => shadow.items.opened(fields),
                Step::Send | Step::Fire(_) => self.graph.nodes[from as usize].memory.clone(),
            };
            let oracle = Oracle::new(shadow, fields, active.clone(), memory, answers);
            let mut listener = Listener::new(&oracle);
            let mut config = before.clone();
            let mut data = Value::Null;
            let mut machine = Machine::new(&shadow.def, &mut config, &mut data, &oracle, &mut listener);
            let result = match step {
                Step::Start => machine.start(event, &Value::Null).map(|()| true),
                Step::Send => machine.send(event, &Value::Null),
                Step::Fire(number) => machine.fire(number),
            };
            let Listener { happened, left, data: known, .. } = listener;
            let Asked { next, memory, guesses, overflow } = oracle.end();
            if overflow {
                self.graph.complete = false;
                self.undecidable = self.undecidable.take().or_else(|| guesses.guards.last().copied());
            }
            match result {
                Ok(taken) if taken || self.clock_events.contains(event) || matches!(step, Step::Fire(_)) => {
                    let fired = match step {
                        Step::Fire(number) => Some((number, left.clone())),
                        Step::Start | Step::Send => None,
                    };
                    self.graph.left.extend(left);
                    let (event, fields) = (event.to_owned(), fields.cloned());
                    let made = Edge { to: 0, event, fields, happened, fired, data: known, guesses };
                    self.edge(from, made, &config, memory);
                }
                Ok(_) if self.raised.contains(event) => {
                    self.graph.ignored.insert((from, event.to_owned()));
                }
                Ok(_) => {}
                Err(error) => {
                    let leaf = config.atomic(&shadow.def).next();
                    self.loops.entry(event.to_owned()).or_insert((error, leaf));
                }
            }
            script = next;
        }
        if script.is_some() {
            self.graph.complete = false;
        }
    }

    fn edge(&mut self, from: u32, made: Edge, config: &Configuration, memory: Memory) {
        if self.scope.only.is_some_and(|only| !only(&made.guesses)) {
            self.graph.skipped.extend(made.guesses.guards);
            return;
        }
        self.graph.entered.extend(made.happened.iter().filter_map(|each| match each {
            Happened::Entered(ix) => Some(*ix),
            Happened::Event { .. } => None,
        }));
        let node = self.resting(config, memory);
        let made = Edge { to: self.node(node), ..made };
        let edges = &mut self.graph.edges[from as usize];
        match edges.iter_mut().find(|edge| **edge == made) {
            Some(same) if made.guesses.guards.len() < same.guesses.guards.len() => same.guesses = made.guesses,
            Some(_) => {}
            None => edges.push(made),
        }
    }

    /// What of a configuration matters for the future.
    fn resting(&mut self, config: &Configuration, memory: Memory) -> Node {
        let active: Vec<StateIx> = config.active.iter().collect();
        if config.done {
            return Node { active, done: true, ..Node::default() };
        }
        let def = &self.shadow.def;
        let nothing = BTreeSet::new();
        let reachable = if config.history.is_empty() {
            &nothing
        } else {
            self.reach.entry(active.clone()).or_insert_with(|| reachable(def, &active))
        };
        // What history remembers is written anew when its parent is left, and means nothing where it is not asked.
        let history = config
            .history
            .iter()
            .filter(|(ix, _)| {
                let parent = def.states[usize::from(**ix)].parent.unwrap_or(0);
                !config.active.contains(parent) && reachable.contains(*ix)
            })
            .map(|(ix, states)| (*ix, states.clone()))
            .collect();
        let mut delays: Vec<_> = config.delays.iter().map(|d| (d.event.clone(), d.id.clone(), d.owner)).collect();
        delays.sort();
        delays.dedup();
        Node { active, history, delays, memory, done: false }
    }
}

fn configuration(node: &Node) -> Configuration {
    let mut config =
        Configuration { history: node.history.iter().cloned().collect(), done: node.done, ..Configuration::default() };
    for ix in &node.active {
        config.active.insert(*ix);
    }
    for (number, (event, id, owner)) in (0..).zip(&node.delays) {
        config.delays.push(Delay {
            number,
            due: chrono::DateTime::UNIX_EPOCH,
            event: event.clone(),
            data: Value::Null,
            id: id.clone(),
            owner: *owner,
        });
        config.next_delay = number + 1;
    }
    config
}

/// States that transitions can still name or enter, starting from these. More than can happen, never less.
fn reachable(def: &Definition, active: &[StateIx]) -> BTreeSet<StateIx> {
    let mut found: BTreeSet<StateIx> = active.iter().copied().collect();
    loop {
        let mut more = BTreeSet::new();
        for transition in def.transitions.iter().filter(|t| found.contains(&t.source)) {
            for target in &transition.targets {
                more.insert(*target);
                if !matches!(def.states[usize::from(*target)].kind, StateKind::History { .. }) {
                    more.extend((0..).take(def.states.len()).filter(|ix| def.tables.below(*ix, *target)));
                }
                // History enters what is around it.
                let mut at = def.states[usize::from(*target)].parent;
                while let Some(parent) = at {
                    if matches!(def.states[usize::from(*target)].kind, StateKind::History { .. }) {
                        more.extend((0..).take(def.states.len()).filter(|ix| def.tables.below(*ix, parent)));
                        more.insert(parent);
                        break;
                    }
                    more.insert(parent);
                    at = def.states[usize::from(parent)].parent;
                }
            }
        }
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}
