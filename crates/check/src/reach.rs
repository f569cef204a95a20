//! Targets about time: `every` event leads to a state within a time, even if nobody acts.
//!
//! From every configuration right after the event, whatever can happen without people is explored: rungs that raise
//! events, delays, events of other cases, in any order. In each configuration found on the way a clock must surely run
//! since the event, with a rung that is due within the time and whose event surely leads to the state. People who act
//! are excused here; that they cannot leave without a lawful disposal is another target.

use std::collections::{HashMap, HashSet, VecDeque};

use huiyin_calendar::Span;
use huiyin_chart::Definition;
use huiyin_chart::definition::{Anchor, ClockDecl, StateIx};

use crate::cover::{Followed, IDLE, RUNNING};
use crate::graph::{Edge, Graph};
use crate::shadow::Happened;

/// Most combinations of configuration and clocks for one target.
const SPOT_LIMIT: usize = 200_000;

/// A claim that did not hold.
pub(crate) struct Broken<'g> {
    /// Steps that lead to where it breaks.
    pub(crate) way: Vec<&'g Edge>,
    /// What is missing there.
    pub(crate) problem: String,
}

/// A configuration with what is known of the clocks that can help: surely running since the event, one bit each.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Spot {
    node: u32,
    sure: u64,
}

struct Reach<'d, 'g> {
    def: &'d Definition,
    graph: &'g Graph,
    reaches: &'d [StateIx],
    /// Clocks with a rung that raises an event in time.
    helpers: Vec<Helper<'d>>,
}

/// A clock that raises events in time.
struct Helper<'d> {
    clock: Followed<'d>,
    events: Vec<&'d str>,
    /// By configuration: in which statuses it can be there.
    statuses: Vec<u8>,
}

/// Proves the claim, or says where it breaks.
pub(crate) fn reaches<'g>(
    def: &Definition,
    graph: &'g Graph,
    every: &str,
    reaches: &[StateIx],
    within: Span,
) -> Result<(), Broken<'g>> {
    let helpers = def.clocks.iter().filter_map(|clock| {
        let events = raised_within(clock, within);
        (!events.is_empty()).then(|| {
            let clock = Followed::of(def, clock);
            Helper { statuses: statuses(graph, &clock), clock, events }
        })
    });
    let reach = Reach { def, graph, reaches, helpers: helpers.take(64).collect() };
    reach.prove(every, within)
}

/// In which statuses a clock can be in each configuration.
fn statuses(graph: &Graph, clock: &Followed<'_>) -> Vec<u8> {
    let mut found = vec![0; graph.nodes.len()];
    found[0] = IDLE;
    let mut waiting = VecDeque::from([0_u32]);
    while let Some(at) = waiting.pop_front() {
        for edge in &graph.edges[at as usize] {
            let with = found[edge.to as usize] | clock.after(found[at as usize], edge);
            if with != found[edge.to as usize] {
                found[edge.to as usize] = with;
                waiting.push_back(edge.to);
            }
        }
    }
    found
}

/// Events that the clock raises for sure when so much time has passed since it began.
fn raised_within(clock: &ClockDecl, within: Span) -> Vec<&str> {
    let times = [clock.within, clock.limit.as_ref().map(|limit| limit.within)];
    let due = times.into_iter().flatten().any(|time| no_longer(time, within));
    let rungs = clock.ladder.iter().filter(|rung| match &rung.at {
        Anchor::Percent(_) | Anchor::Due { before: true, .. } | Anchor::Due { offset: None, .. } => due,
        Anchor::Start(time) => no_longer(*time, within),
        Anchor::Due { before: false, offset: Some(_) } => false,
    });
    rungs.filter_map(|rung| rung.does.raise.as_deref()).collect()
}

/// Surely not longer: only times of one unit are compared, because every unit is counted in its own way.
fn no_longer(time: Span, within: Span) -> bool {
    time.unit == within.unit && time.n <= within.n
}

impl<'g> Reach<'_, 'g> {
    fn prove(&self, every: &str, within: Span) -> Result<(), Broken<'g>> {
        let mut came: HashMap<Spot, (Option<Spot>, &'g Edge)> = HashMap::new();
        let mut waiting = VecDeque::new();
        for (from, edges) in (0..).zip(&self.graph.edges) {
            for edge in edges.iter().filter(|edge| edge.event == every && taken(edge) && !self.enters(edge)) {
                let sure = self.begun(from, edge);
                let spot = Spot { node: edge.to, sure };
                if came.contains_key(&spot) {
                    continue;
                }
                came.insert(spot.clone(), (None, edge));
                waiting.push_back(spot);
            }
        }
        let mut looked = HashSet::new();
        while let Some(spot) = waiting.pop_front() {
            if !looked.insert(spot.clone()) {
                continue;
            }
            if looked.len() > SPOT_LIMIT {
                return Err(Broken { way: Vec::new(), problem: "too many ways to look at; not proved".into() });
            }
            if let Some(problem) = self.missing(&spot, within) {
                return Err(Broken { way: story(&came, &spot), problem });
            }
            for edge in &self.graph.edges[spot.node as usize] {
                if self.needs_people(edge) || self.enters(edge) {
                    continue;
                }
                let next = Spot { node: edge.to, sure: self.still(spot.sure, edge) };
                came.entry(next.clone()).or_insert_with(|| (Some(spot.clone()), edge));
                waiting.push_back(next);
            }
        }
        Ok(())
    }

    /// Helping clocks that surely run after the event and began with it.
    fn begun(&self, from: u32, edge: &Edge) -> u64 {
        let mut sure = 0;
        for (slot, Helper { clock, statuses, .. }) in self.helpers.iter().enumerate() {
            let before = statuses[from as usize];
            if before & RUNNING == 0 && clock.after(before, edge) == RUNNING {
                sure |= 1 << slot;
            }
        }
        sure
    }

    /// Which of these still run, and did not begin anew.
    fn still(&self, sure: u64, edge: &Edge) -> u64 {
        let mut left = sure;
        for (slot, Helper { clock, .. }) in self.helpers.iter().enumerate() {
            if sure & (1 << slot) != 0 && (clock.after(RUNNING, edge) != RUNNING || clock.may_restart(edge)) {
                left &= !(1 << slot);
            }
        }
        left
    }

    /// What is missing for the state to be reached from here in time; none: nothing.
    fn missing(&self, spot: &Spot, within: Span) -> Option<String> {
        let node = &self.graph.nodes[spot.node as usize];
        let state = named(self.def, self.reaches);
        if node.done {
            return Some(format!("the case ends without `{state}`"));
        }
        let mut tried = Vec::new();
        for (slot, Helper { clock, events, .. }) in self.helpers.iter().enumerate() {
            if spot.sure & (1 << slot) == 0 || clock.paused(&node.active) {
                continue;
            }
            for event in events {
                if self.leads(spot.node, event) {
                    return None;
                }
                tried.push(format!(
                    "`{}` raises `{event}`, which does not surely lead there from here",
                    clock.decl.name
                ));
            }
        }
        Some(if tried.is_empty() {
            format!(
                "no clock surely runs since then whose ladder raises an event within {within} that leads to `{state}`"
            )
        } else {
            tried.join("; ")
        })
    }

    /// Does the event surely lead to the state from here?
    fn leads(&self, node: u32, event: &str) -> bool {
        let mut edges = self.graph.edges[node as usize].iter().filter(|edge| edge.event == event).peekable();
        let ignored = self.graph.ignored.contains(&(node, event.to_owned()));
        edges.peek().is_some() && !ignored && edges.all(|edge| self.enters(edge))
    }

    fn enters(&self, edge: &Edge) -> bool {
        edge.happened.iter().any(|each| matches!(each, Happened::Entered(ix) if self.reaches.contains(ix)))
    }

    /// Can this happen only when a person, the public or a machine outside sends it?
    fn needs_people(&self, edge: &Edge) -> bool {
        self.def
            .events
            .iter()
            .any(|event| event.name == edge.event && !event.by.is_empty() && !self.raised(&event.name))
    }

    /// Is the event also raised by a ladder?
    fn raised(&self, name: &str) -> bool {
        let rungs = self.def.clocks.iter().flat_map(|clock| {
            let last = clock.repeat.iter().map(|repeat| &repeat.does);
            clock.ladder.iter().map(|rung| &rung.does).chain(last)
        });
        rungs.into_iter().any(|does| does.raise.as_deref() == Some(name))
    }
}

/// Ids of states, for people.
pub(crate) fn named(def: &Definition, states: &[StateIx]) -> String {
    let ids: Vec<&str> = states.iter().map(|ix| def.states[usize::from(*ix)].id.as_str()).collect();
    ids.join("` or `")
}

fn taken(edge: &Edge) -> bool {
    !matches!(edge.happened.first(), Some(Happened::Event { taken: false, .. }))
}

fn story<'g>(came: &HashMap<Spot, (Option<Spot>, &'g Edge)>, end: &Spot) -> Vec<&'g Edge> {
    let mut way = Vec::new();
    let mut at = Some(end.clone());
    while let Some((before, edge)) = at.as_ref().and_then(|spot| came.get(spot)) {
        way.push(*edge);
        at = before.clone();
    }
    way.reverse();
    way
}
