//! The order of the river: upstream before downstream, or the names of what stands in its way.

use std::collections::BTreeSet;

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;
use serde_saphyr::Location;

use super::model::{Network, Node, Reach};
use super::problem::Findings;

/// Nodes so that every reach leads onward; a cycle is refused with the names of its reaches, a node that no reach touches
/// with its own.
pub(super) fn downstream_order(
    path: &str,
    graph: &DiGraph<(), ()>,
    nodes: &[Node],
    reaches: &[Reach],
    lines: &[Location],
    findings: &mut Findings,
) -> Vec<NodeIndex> {
    for index in graph.node_indices() {
        if graph.neighbors_undirected(index).next().is_none() {
            let node = &nodes[index.index()];
            let what = format!("no reach begins or ends at {} ({})", node.id, node.name.zh);
            findings.file(path, what, "the missing reach, or no such node");
        }
    }
    if let Ok(order) = toposort(graph, None) {
        return order;
    }
    for ring in tarjan_scc(graph) {
        let members: BTreeSet<NodeIndex> = ring.iter().copied().collect();
        let inside: Vec<usize> = ring
            .iter()
            .flat_map(|&node| graph.edges(node))
            .filter(|edge| members.contains(&edge.target()))
            .map(|edge| Network::reach_of(edge.id()))
            .collect();
        if let Some(&first) = inside.first() {
            let mut names: Vec<String> =
                inside.iter().map(|&i| format!("{} ({})", reaches[i].id, reaches[i].name.zh)).collect();
            names.sort();
            names.truncate(20);
            let what = format!("the water would run in a circle: {}", names.join(", "));
            let field = format!("reach {}: from, to", reaches[first].id);
            findings.at(path, lines[first], field, what, "reaches that lead downstream only");
        }
    }
    Vec::new()
}
