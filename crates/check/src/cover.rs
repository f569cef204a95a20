//! Proves that wherever a case can wait a clock runs, with a next rung.
//!
//! A clock covers the states of its region: that of the states it starts in, the whole case if an event starts it.
//! A paused clock covers nothing. A delay (`after`, a delayed `raise`) that leaves the state however conditions turn
//! out covers it too: time itself moves the case on; but going round by delays alone, with nobody ever told, is
//! refused. Statuses are followed along all ways for as few clocks as the proof needs: whenever a
//! way seems to lead to a state without a clock, and a clock not followed yet surely runs there, it is followed too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use chrono::TimeDelta;
use huiyin_calendar::Span;
use huiyin_chart::Definition;
use huiyin_chart::definition::{Action, ClockDecl, StateIx, StateKind, Trigger, TriggerOn};
use huiyin_chart::machine::after_event;

use crate::Report;
use crate::decide::{Condition, Fields, Known};
use crate::graph::{Edge, Graph};
use crate::shadow::Happened;
use crate::shape::{LONGEST, about, waiting_leaves};
use crate::story::Teller;

/// Most combinations of configuration and clock statuses.
const PRODUCT_LIMIT: usize = 1_000_000;

pub(crate) const IDLE: u8 = 1;
pub(crate) const RUNNING: u8 = 2;
const ENDED: u8 = 4;

/// One clock, ready to be followed.
pub(crate) struct Followed<'d> {
    pub(crate) decl: &'d ClockDecl,
    starts: Vec<(&'d TriggerOn, Option<Condition>)>,
    /// What meets it, then what makes it void.
    ends: Vec<(&'d TriggerOn, Option<Condition>)>,
    region: StateIx,
    /// Events that end it and that no state names: heard although no transition takes them.
    alone: BTreeSet<String>,
}

struct Cover<'d> {
    def: &'d Definition,
    graph: &'d Graph,
    clocks: Vec<Followed<'d>>,
    /// (Node, edge, clock) → statuses after, for each status before; the same edges come again and again.
    steps: HashMap<(u32, u32, usize), [u8; 3]>,
    /// Delayed event → about how long it waits.
    spans: HashMap<String, TimeDelta>,
    /// (Node, state) → the edges of a delay that leaves it in any case.
    delays: HashMap<(u32, StateIx), Rc<[usize]>>,
}

/// A state where nothing runs, and how a case comes there.
struct Bare<'d> {
    way: Vec<&'d Edge>,
    /// Only delays lead from here, and they go round.
    round: bool,
}

/// Index of an edge, where it leads, and for each followed clock the statuses after, by status before.
type Distinct = (usize, u32, Vec<[u8; 3]>);

/// A configuration with the statuses of the followed clocks, two bits each.
type Spot = (u32, u64);

pub(crate) fn clocks(def: &Definition, graph: &Graph, teller: &Teller<'_>, report: &mut Report) {
    let mut cover = Cover {
        def,
        graph,
        clocks: def.clocks.iter().map(|clock| Followed::of(def, clock)).collect(),
        steps: HashMap::new(),
        spans: spans(def),
        delays: HashMap::new(),
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut bare: BTreeMap<StateIx, Bare<'_>> = BTreeMap::new();
    loop {
        let Some(ways) = cover.uncovered(&chosen, &bare) else {
            report.problem(
                "too-large",
                &def.states[0].place,
                "too many clocks run independently of each other; the proof was given up".into(),
                "let clocks end with the states they belong to (`void_by`)".into(),
            );
            return;
        };
        if ways.is_empty() {
            break;
        }
        let before = chosen.clone();
        for (leaf, found) in ways {
            match cover.surely_running(leaf, &found.way, &before) {
                Some(clock) if chosen.contains(&clock) => {}
                Some(clock) => chosen.push(clock),
                None => {
                    bare.insert(leaf, found);
                }
            }
        }
    }
    for (leaf, found) in bare {
        let (problem, cure) = if found.round { round_words() } else { cover.words(leaf) };
        let state = &def.states[usize::from(leaf)];
        let title = state.title.as_ref().map_or(&state.id, |title| &title.zh);
        let (zh, en) = (
            format!("停在“{title}”：没有期限在走，没有人会得到提醒"),
            format!("it waits in `{}`: {problem}", state.id),
        );
        let example = teller.tell(&found.way, (&zh, &en));
        report.shown("no-clock", (state.place.clone(), Some(state.id.clone())), (problem, cure), example);
    }
    for clock in &cover.clocks {
        if let Some(way) = clock.begun_anew(graph) {
            let title = &clock.decl.title;
            let problem = format!(
                "clock `{}` can be given up before it is met and begun anew with a later date",
                clock.decl.name
            );
            let cure = "let `starts:` say `at:` with the date of the law (`at: now`, where the law counts from then), or do not let it begin again (`restarts: false`)";
            let (zh, en) =
                (format!("“{}”重新起算，期限被推后", title.zh), format!("{} runs anew, its date has moved", title.en));
            let example = teller.tell(&way, (&zh, &en));
            report.shown("moved-date", (clock.decl.place.clone(), None), (problem, cure.into()), example);
        }
    }
}

/// About how long delayed events wait, by name; of one that waits differently the shortest.
pub(crate) fn spans(def: &Definition) -> HashMap<String, TimeDelta> {
    let mut found: HashMap<String, TimeDelta> = HashMap::new();
    let mut add = |event: String, span: Span| {
        let span = about(span);
        found.entry(event).and_modify(|known| *known = span.min(*known)).or_insert(span);
    };
    for state in &def.states {
        for (slot, (span, _)) in state.after.iter().enumerate() {
            add(after_event(state, slot), *span);
        }
    }
    let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
    let of_transitions = def.transitions.iter().flat_map(|transition| &transition.actions);
    for action in of_states.chain(of_transitions) {
        if let Action::Raise { event, after: Some(span), .. } = action {
            add(event.clone(), *span);
        }
    }
    found
}

impl<'d> Followed<'d> {
    pub(crate) fn of(def: &'d Definition, decl: &'d ClockDecl) -> Self {
        let made = |triggers: &'d [Trigger]| -> Vec<(&'d TriggerOn, Option<Condition>)> {
            triggers.iter().map(|trigger| (&trigger.on, trigger.when.as_ref().map(Condition::of))).collect()
        };
        let mut ends = made(&decl.met_by);
        ends.extend(made(&decl.void_by));
        let names = ends.iter().filter_map(|(on, _)| match on {
            TriggerOn::Event(name) => Some(name),
            TriggerOn::Entered(_) => None,
        });
        let alone = names.filter(|name| def.only_clocks_hear(name)).cloned().collect();
        Self { decl, starts: made(&decl.starts), ends, region: region(def, decl), alone }
    }

    fn triggered(
        &self,
        triggers: &[(&TriggerOn, Option<Condition>)],
        happened: &Happened,
        fields: Option<&Fields>,
        data: Option<&Fields>,
    ) -> Option<bool> {
        let mut answer = Some(false);
        for (on, when) in triggers {
            let (hit, fields) = match (on, happened) {
                (TriggerOn::Event(name), Happened::Event { name: event, outside, .. }) => {
                    (name == event, fields.filter(|_| *outside))
                }
                (TriggerOn::Entered(state), Happened::Entered(ix)) => (state == ix, None),
                _ => (false, None),
            };
            if !hit {
                continue;
            }
            let known = Known { event: fields, data, ..Known::default() };
            match when.as_ref().map_or(Some(true), |when| when.decide(known)) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// Does it stand still in this configuration?
    pub(crate) fn paused(&self, active: &[StateIx]) -> bool {
        let limit = self.decl.limit.iter().flat_map(|limit| &limit.pauses_in);
        self.decl.pauses_in.iter().chain(limit).any(|ix| active.contains(ix))
    }

    /// A way on which a legal deadline is void and then runs anew from another moment; it must not be that it moves so.
    fn begun_anew<'g>(&self, graph: &'g Graph) -> Option<Vec<&'g Edge>> {
        let legal = self.decl.limit.is_some() && self.decl.restarts && !self.decl.void_by.is_empty();
        if !legal || self.decl.starts.iter().all(|trigger| trigger.at.is_some()) {
            return None;
        }
        let void = &self.ends[self.decl.met_by.len()..];
        let met = &self.ends[..self.decl.met_by.len()];
        let hit = |triggers: &[(&TriggerOn, Option<Condition>)], edge: &Edge| {
            edge.happened.iter().enumerate().any(|(at, happened)| {
                let data = edge.data.get(at).map(AsRef::as_ref);
                self.triggered(triggers, happened, edge.fields.as_ref(), data) != Some(false)
            })
        };
        // 0: not yet, 1: runs, 2: was made void.
        let mut came: HashMap<(u32, u8), ((u32, u8), usize)> = HashMap::new();
        let mut waiting = VecDeque::from([(0u32, 0u8)]);
        let mut seen = HashSet::from([(0u32, 0u8)]);
        while let Some(spot) = waiting.pop_front() {
            for (ix, edge) in graph.edges[spot.0 as usize].iter().enumerate() {
                let (starts, voided) = (hit(&self.starts, edge), hit(void, edge) && !hit(met, edge));
                let again = starts && (spot.1 == 2 || (spot.1 == 1 && voided));
                let next = match spot.1 {
                    0 if starts => 1,
                    1 if voided => 2,
                    same => same,
                };
                if again {
                    let mut way = vec![edge];
                    let mut at = spot;
                    while let Some((before, ix)) = came.get(&at) {
                        way.push(&graph.edges[before.0 as usize][*ix]);
                        at = *before;
                    }
                    way.reverse();
                    return Some(way);
                }
                if seen.insert((edge.to, next)) {
                    came.insert((edge.to, next), (spot, ix));
                    waiting.push_back((edge.to, next));
                }
            }
        }
        None
    }

    /// Could a run that goes on before the step end in it and another begin?
    pub(crate) fn may_restart(&self, edge: &Edge) -> bool {
        self.decl.restarts && {
            let of = |triggers: &[(&TriggerOn, Option<Condition>)]| {
                let hit = |(at, each)| {
                    let data = edge.data.get(at).map(AsRef::as_ref);
                    self.triggered(triggers, each, edge.fields.as_ref(), data) != Some(false)
                };
                edge.happened.iter().enumerate().any(hit)
            };
            of(&self.starts) && of(&self.ends)
        }
    }

    /// Statuses after a step, for a status before.
    pub(crate) fn after(&self, before: u8, edge: &Edge) -> u8 {
        let mut set = before;
        for (at, happened) in edge.happened.iter().enumerate() {
            let data = edge.data.get(at).map(AsRef::as_ref);
            let (taken, heard) = match happened {
                Happened::Event { name, taken, .. } => (*taken, *taken || self.alone.contains(name)),
                Happened::Entered(_) => (true, true),
            };
            let ends =
                if heard { self.triggered(&self.ends, happened, edge.fields.as_ref(), data) } else { Some(false) };
            if ends != Some(false) && set & RUNNING != 0 {
                set |= ENDED;
                if ends == Some(true) {
                    set &= !RUNNING;
                }
            }
            let starts = self.triggered(&self.starts, happened, edge.fields.as_ref(), data);
            if taken && starts != Some(false) {
                let may = if self.decl.restarts { IDLE | ENDED } else { IDLE };
                if set & may != 0 {
                    set |= RUNNING;
                    if starts == Some(true) {
                        set &= !may;
                    }
                }
            }
        }
        set
    }
}

/// The innermost region (or the whole case) that holds every state the clock starts in.
fn region(def: &Definition, clock: &ClockDecl) -> StateIx {
    let mut common: Option<StateIx> = None;
    for trigger in &clock.starts {
        let TriggerOn::Entered(state) = trigger.on else { return 0 };
        common = Some(common.map_or(state, |other| common_ancestor(def, other, state)));
    }
    let mut at = common.unwrap_or(0);
    while let Some(parent) = def.states[usize::from(at)].parent {
        if def.states[usize::from(parent)].kind == StateKind::Parallel {
            return at;
        }
        at = parent;
    }
    0
}

fn common_ancestor(def: &Definition, a: StateIx, b: StateIx) -> StateIx {
    let mut at = a;
    while at != b && !def.tables.below(b, at) {
        let Some(parent) = def.states[usize::from(at)].parent else { return 0 };
        at = parent;
    }
    at
}

impl<'d> Cover<'d> {
    /// Does the clock, when it runs, cover the state in this configuration?
    fn covers(&self, clock: usize, leaf: StateIx, active: &[StateIx]) -> bool {
        let Followed { decl, region, .. } = &self.clocks[clock];
        let paused = decl.pauses_in.iter().any(|ix| active.contains(ix));
        let limit_paused =
            decl.limit.as_ref().is_some_and(|limit| limit.pauses_in.iter().any(|ix| active.contains(ix)));
        let policy = decl.within.is_some() || decl.due.is_some();
        let counts = !paused && (policy || (decl.limit.is_some() && !limit_paused));
        counts && (leaf == *region || self.def.tables.below(leaf, *region))
    }

    fn step(&mut self, from: u32, edge_ix: usize, clock: usize) -> [u8; 3] {
        let key = (from, u32::try_from(edge_ix).unwrap_or(u32::MAX), clock);
        let edge = &self.graph.edges[from as usize][edge_ix];
        let followed = &self.clocks[clock];
        *self.steps.entry(key).or_insert_with(|| [IDLE, RUNNING, ENDED].map(|status| followed.after(status, edge)))
    }

    /// The edges of a node that differ in where they lead or in what they do to the followed clocks.
    fn distinct(&mut self, from: u32, chosen: &[usize]) -> Vec<Distinct> {
        let mut found: Vec<Distinct> = Vec::new();
        let mut seen: HashSet<(u32, Vec<[u8; 3]>)> = HashSet::new();
        for edge_ix in 0..self.graph.edges[from as usize].len() {
            let to = self.graph.edges[from as usize][edge_ix].to;
            let effect: Vec<[u8; 3]> = chosen.iter().map(|clock| self.step(from, edge_ix, *clock)).collect();
            if seen.insert((to, effect.clone())) {
                found.push((edge_ix, to, effect));
            }
        }
        found
    }

    /// Ways to states that no followed clock covers, one for each state; none: too many to look at.
    fn uncovered(
        &mut self,
        chosen: &[usize],
        known: &BTreeMap<StateIx, Bare<'d>>,
    ) -> Option<BTreeMap<StateIx, Bare<'d>>> {
        let graph = self.graph;
        let start: Spot = (0, chosen.iter().enumerate().fold(0, |word, (slot, _)| put(word, slot, IDLE)));
        let mut came: HashMap<Spot, (Spot, usize)> = HashMap::new();
        let mut seen: HashSet<Spot> = HashSet::from([start]);
        let mut edges: HashMap<u32, Rc<[Distinct]>> = HashMap::new();
        let mut waiting = VecDeque::from([start]);
        let mut found: BTreeMap<StateIx, (Spot, bool)> = BTreeMap::new();
        let mut timed: HashMap<Spot, (StateIx, Rc<[usize]>)> = HashMap::new();
        while let Some(spot) = waiting.pop_front() {
            if seen.len() > PRODUCT_LIMIT {
                return None;
            }
            self.look(spot, chosen, known, &mut found, &mut timed);
            let ways = edges.entry(spot.0).or_insert_with(|| self.distinct(spot.0, chosen).into()).clone();
            for (edge_ix, to, effect) in ways.iter() {
                for word in words_after(spot.1, effect) {
                    if seen.insert((*to, word)) {
                        came.insert((*to, word), (spot, *edge_ix));
                        waiting.push_back((*to, word));
                    }
                }
            }
        }
        if found.is_empty() {
            found.extend(self.round(chosen, timed).map(|(leaf, spot)| (leaf, (spot, true))));
        }
        let way = |mut spot: Spot| {
            let mut edges = Vec::new();
            while let Some((before, edge_ix)) = came.get(&spot) {
                edges.push(&graph.edges[before.0 as usize][*edge_ix]);
                spot = *before;
            }
            edges.reverse();
            edges
        };
        Some(found.into_iter().map(|(leaf, (spot, round))| (leaf, Bare { way: way(spot), round })).collect())
    }

    fn look(
        &mut self,
        spot: Spot,
        chosen: &[usize],
        known: &BTreeMap<StateIx, Bare<'d>>,
        found: &mut BTreeMap<StateIx, (Spot, bool)>,
        timed: &mut HashMap<Spot, (StateIx, Rc<[usize]>)>,
    ) {
        let graph = self.graph;
        let node = &graph.nodes[spot.0 as usize];
        if node.done {
            return;
        }
        for leaf in &waiting_leaves(self.def, node).collect::<Vec<_>>() {
            if known.contains_key(leaf) || found.contains_key(leaf) {
                continue;
            }
            let covered = chosen
                .iter()
                .enumerate()
                .any(|(slot, clock)| get(spot.1, slot) == RUNNING && self.covers(*clock, *leaf, &node.active));
            if covered {
                continue;
            }
            let delay = self.delay(spot.0, *leaf);
            if delay.is_empty() {
                found.insert(*leaf, (spot, false));
            } else {
                timed.insert(spot, (*leaf, delay));
            }
        }
    }

    /// The edges of a delay that waits in this configuration and leaves the state whichever way it goes.
    fn delay(&mut self, node: u32, leaf: StateIx) -> Rc<[usize]> {
        let edges = &self.graph.edges[node as usize];
        let made = self.delays.entry((node, leaf)).or_insert_with(|| {
            let mut numbers: Vec<u32> = edges.iter().filter_map(|edge| Some(edge.fired.as_ref()?.0)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let of = |number: u32| {
                edges.iter().enumerate().filter_map(move |(ix, edge)| {
                    edge.fired.as_ref().filter(|fired| fired.0 == number).map(|fired| (ix, fired.1.contains(&leaf)))
                })
            };
            let soon = |number: u32| {
                of(number).all(|(ix, _)| self.spans.get(&edges[ix].event).is_none_or(|span| *span <= LONGEST))
            };
            let leaves = numbers.into_iter().find(|number| soon(*number) && of(*number).all(|(_, left)| left));
            leaves.map(|number| of(number).map(|(ix, _)| ix).collect()).unwrap_or_default()
        });
        made.clone()
    }

    /// A spot from which delays alone lead back to it, with no clock running on the way.
    fn round(&mut self, chosen: &[usize], timed: HashMap<Spot, (StateIx, Rc<[usize]>)>) -> Option<(StateIx, Spot)> {
        let mut ways: HashMap<Spot, Vec<Spot>> = HashMap::new();
        for (spot, (_, delay)) in &timed {
            let mut next = Vec::new();
            for edge_ix in delay.iter() {
                let to = self.graph.edges[spot.0 as usize][*edge_ix].to;
                let effect: Vec<[u8; 3]> = chosen.iter().map(|clock| self.step(spot.0, *edge_ix, *clock)).collect();
                next.extend(words_after(spot.1, &effect).into_iter().map(|word| (to, word)));
            }
            ways.insert(*spot, next);
        }
        // What leads out of the circle, and what only leads into it, is taken away until nothing changes.
        loop {
            let entered: HashSet<Spot> = ways.values().flatten().copied().collect();
            let before = ways.len();
            let inside: HashSet<Spot> = ways.keys().copied().collect();
            ways.retain(|spot, next| entered.contains(spot) && next.iter().any(|each| inside.contains(each)));
            if ways.len() == before {
                break;
            }
        }
        let spot = *ways.keys().min()?;
        Some((timed.get(&spot)?.0, spot))
    }

    /// A clock, not followed yet, that covers the state and runs at the end of this way however conditions turn out.
    fn surely_running(&self, leaf: StateIx, way: &[&Edge], chosen: &[usize]) -> Option<usize> {
        let end = &self.graph.nodes[way.last()?.to as usize];
        (0..self.clocks.len()).find(|clock| {
            if chosen.contains(clock) || !self.covers(*clock, leaf, &end.active) || chosen.len() >= 32 {
                return false;
            }
            let after = |set: u8, edge: &&Edge| {
                [IDLE, RUNNING, ENDED]
                    .into_iter()
                    .filter(|s| set & s != 0)
                    .fold(0, |sum, s| sum | self.clocks[*clock].after(s, edge))
            };
            way.iter().fold(IDLE, after) == RUNNING
        })
    }

    fn words(&self, leaf: StateIx) -> (String, String) {
        let covering: Vec<&str> = (0..self.clocks.len())
            .filter(|clock| {
                let region = self.clocks[*clock].region;
                leaf == region || self.def.tables.below(leaf, region)
            })
            .map(|clock| self.clocks[clock].decl.name.as_str())
            .collect();
        let state = &self.def.states[usize::from(leaf)];
        let still = self.standing_still(leaf);
        let name = if self.def.states.iter().filter(|other| other.key == state.key).count() == 1 {
            &state.key
        } else {
            &state.id
        };
        if covering.is_empty() {
            let cure =
                format!("declare a clock with `starts: {{entered: {name}}}`, a due date, a ladder and `met_by:`");
            return (format!("a case can wait here and no clock can run{still}"), cure);
        }
        let listed = covering.iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let cure = format!(
            "let one run: start it on `{{entered: {name}}}` (with `restarts: true` if the case can come back), or do not end it on the way. could cover it: {listed}"
        );
        (format!("a case can wait here without a running clock{still}"), cure)
    }

    /// The clocks that are paused in a state, in words.
    fn standing_still(&self, leaf: StateIx) -> String {
        let around = |ix: &StateIx| *ix == leaf || self.def.tables.below(leaf, *ix);
        let limit = |clock: &ClockDecl| clock.limit.iter().any(|limit| limit.pauses_in.iter().any(around));
        let paused = self.def.clocks.iter().filter(|clock| clock.pauses_in.iter().any(around) || limit(clock));
        let named: Vec<String> = paused.map(|clock| format!("`{}` (line {})", clock.name, clock.place.line)).collect();
        if named.is_empty() { String::new() } else { format!("; {} stands still here", named.join(", ")) }
    }
}

fn round_words() -> (String, String) {
    (
        "delays alone lead from here back to here, and nobody is ever told".into(),
        "let a clock run meanwhile, or let the circle end in a state where somebody must act".into(),
    )
}

fn words_after(before: u64, effect: &[[u8; 3]]) -> Vec<u64> {
    let mut words = vec![0u64];
    for (slot, after) in effect.iter().enumerate() {
        let set = match get(before, slot) {
            IDLE => after[0],
            RUNNING => after[1],
            _ => after[2],
        };
        let statuses = [IDLE, RUNNING, ENDED].into_iter().filter(|status| set & status != 0);
        words = statuses
            .flat_map(|status| words.iter().map(move |word| put(*word, slot, status)).collect::<Vec<_>>())
            .collect();
    }
    words
}

fn get(word: u64, slot: usize) -> u8 {
    match (word >> (2 * slot)) & 3 {
        0 => IDLE,
        1 => RUNNING,
        _ => ENDED,
    }
}

fn put(word: u64, slot: usize, status: u8) -> u64 {
    let bits = match status {
        IDLE => 0,
        RUNNING => 1,
        _ => 2,
    };
    word | (bits << (2 * slot))
}
