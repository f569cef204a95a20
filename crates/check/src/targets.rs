//! `targets:` that the exploration can prove: that a state is never reached before another. Promises about time are
//! listed as taken on trust.

use std::collections::{BTreeSet, HashMap, VecDeque};

use huiyin_chart::Definition;
use huiyin_chart::definition::{Claim, StateIx};

use crate::graph::{Edge, Graph};
use crate::shadow::Happened;
use crate::{Problem, Report};

pub(crate) fn check(def: &Definition, graph: &Graph, report: &mut Report) {
    for target in &def.targets {
        match &target.claim {
            Claim::NeverWithout { never, without } => {
                if let Some(way) = broken(graph, *never, without) {
                    let id = |ix: StateIx| format!("`{}`", def.states[usize::from(ix)].id);
                    let needed: Vec<String> = without.iter().copied().map(id).collect();
                    report.problems.push(Problem {
                        code: "target",
                        place: target.place.clone(),
                        state: Some(def.states[usize::from(*never)].id.clone()),
                        problem: format!("{}: it can be entered before {}", target.title.zh, needed.join(" or ")),
                        cure: "take this way out, or lead it through the state that is required".into(),
                        example: way.iter().map(|edge| edge.label()).collect(),
                    });
                }
            }
            Claim::Reaches { every, reaches, within, .. } => {
                let state = &def.states[usize::from(*reaches)].id;
                report.assumptions.push(format!(
                    "{}: `{every}` leads to `{state}` within {within} (promises about time are not proved yet)",
                    target.title.zh
                ));
            }
        }
    }
}

/// A way that enters `never` before any of `without`.
fn broken<'g>(graph: &'g Graph, never: StateIx, without: &[StateIx]) -> Option<Vec<&'g Edge>> {
    let mut came: HashMap<u32, (u32, &Edge)> = HashMap::new();
    let mut seen = BTreeSet::from([0u32]);
    let mut waiting = VecDeque::from([0u32]);
    while let Some(at) = waiting.pop_front() {
        for edge in &graph.edges[at as usize] {
            let first = edge.happened.iter().find_map(|each| match each {
                Happened::Entered(ix) if *ix == never => Some(true),
                Happened::Entered(ix) if without.contains(ix) => Some(false),
                _ => None,
            });
            match first {
                Some(true) => {
                    let mut way = vec![edge];
                    let mut spot = at;
                    while let Some((before, edge)) = came.get(&spot) {
                        way.push(edge);
                        spot = *before;
                    }
                    way.reverse();
                    return Some(way);
                }
                Some(false) => {}
                None => {
                    if seen.insert(edge.to) {
                        came.insert(edge.to, (at, edge));
                        waiting.push_back(edge.to);
                    }
                }
            }
        }
    }
    None
}
