//! Ways that lead nowhere: delays that go round in no time, and places from which no end of the case can be reached.

use std::collections::{BTreeSet, VecDeque};

use huiyin_chart::Definition;
use huiyin_chart::definition::StateIx;

use crate::Report;
use crate::cover::spans;
use crate::graph::{Edge, Graph};
use crate::report::Example;
use crate::shape::{SHORTEST, waiting_leaves};
use crate::story::Teller;

/// Delays shorter than a minute that lead round: the case would move for ever, and everybody would be told for ever.
pub(crate) fn delays(def: &Definition, graph: &Graph, teller: &Teller<'_>, report: &mut Report) {
    let spans = spans(def);
    let short = |event: &str| spans.get(event).is_some_and(|span| *span < SHORTEST);
    let next = |node: usize| {
        let edges = graph.edges[node].iter();
        edges.filter(|edge| edge.fired.is_some() && short(&edge.event)).map(|edge| edge.to as usize)
    };
    // What no such delay enters, or leaves, is in no circle: it is taken away until nothing changes.
    let mut inside: BTreeSet<usize> = (0..graph.nodes.len()).filter(|node| next(*node).next().is_some()).collect();
    loop {
        let entered: BTreeSet<usize> = inside.iter().flat_map(|node| next(*node)).collect();
        let kept: BTreeSet<usize> = inside
            .iter()
            .copied()
            .filter(|node| entered.contains(node) && next(*node).any(|to| inside.contains(&to)))
            .collect();
        if kept.len() == inside.len() {
            break;
        }
        inside = kept;
    }
    let Some(node) = inside.first() else { return };
    let Some(leaf) = waiting_leaves(def, &graph.nodes[*node]).next() else { return };
    let problem = "delays shorter than a minute lead from here back to here: the case never comes to rest";
    let cure = "wait longer, or leave the circle";
    let node = u32::try_from(*node).unwrap_or(u32::MAX);
    let told = ("每隔不到一分钟又回到这里，没有尽头", "within a minute it is here again, for ever");
    shown("endless-loop", def, leaf, (problem, cure), teller.tell(&way(graph, node), told), report);
}

/// Configurations from which the case can never end although it can end elsewhere; the first that is found.
pub(crate) fn ends(def: &Definition, graph: &Graph, teller: &Teller<'_>, report: &mut Report) {
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); graph.nodes.len()];
    for (from, edges) in (0u32..).zip(&graph.edges) {
        edges.iter().for_each(|edge| before[edge.to as usize].push(from));
    }
    let mut ends: Vec<bool> = graph.nodes.iter().map(|node| node.done).collect();
    let mut waiting: VecDeque<usize> = (0..ends.len()).filter(|node| ends[*node]).collect();
    if waiting.is_empty() {
        return; // this workflow goes on for ever, and says so
    }
    while let Some(at) = waiting.pop_front() {
        for from in std::mem::take(&mut before[at]) {
            if !std::mem::replace(&mut ends[from as usize], true) {
                waiting.push_back(from as usize);
            }
        }
    }
    let stuck = (1..ends.len()).find(|node| !ends[*node]);
    let Some(node) = stuck else { return };
    let leaf = waiting_leaves(def, &graph.nodes[node]).next();
    // One that is never left at all is told already.
    let Some(leaf) = leaf.filter(|leaf| graph.left.contains(leaf)) else { return };
    let problem = "a dead end: from here no end of the case can ever be reached";
    let cure = "lead a way from here to a final state";
    let node = u32::try_from(node).unwrap_or(u32::MAX);
    let told = ("从这里再也到不了结案", "from here the case can never end");
    shown("dead-end", def, leaf, (problem, cure), teller.tell(&way(graph, node), told), report);
}

fn way(graph: &Graph, node: u32) -> Vec<&Edge> {
    graph.way(&|_, edge| edge.to == node).unwrap_or_default()
}

fn shown(
    code: &'static str,
    def: &Definition,
    leaf: StateIx,
    (problem, cure): (&str, &str),
    example: Example,
    report: &mut Report,
) {
    let state = &def.states[usize::from(leaf)];
    report.shown(code, (state.place.clone(), Some(state.id.clone())), (problem.into(), cure.into()), example);
}
