//! `targets:`: that a state is never reached before another, and that one is reached in time even if nobody acts
//! (`reach`). A promise that rests on people is listed as taken on trust.

use std::collections::{BTreeSet, HashMap, VecDeque};

use huiyin_chart::Definition;
use huiyin_chart::definition::{Claim, StateIx};

use crate::graph::{Edge, Graph};
use crate::shadow::Happened;
use crate::story::Teller;
use crate::{Report, reach};

pub(crate) fn check(def: &Definition, graph: &Graph, teller: &Teller<'_>, report: &mut Report) {
    for target in &def.targets {
        match &target.claim {
            Claim::NeverWithout { never, without } => {
                if let Some(way) = broken(graph, *never, without) {
                    let id = |ix: StateIx| format!("`{}`", def.states[usize::from(ix)].id);
                    let needed: Vec<String> = without.iter().copied().map(id).collect();
                    let state = &def.states[usize::from(*never)];
                    let title = state.title.as_ref().map_or(&state.id, |title| &title.zh);
                    let end = (
                        format!("进入“{title}”，而应先有的没有发生"),
                        format!("`{}` is entered without what must come first", state.id),
                    );
                    let problem = format!("{}: it can be entered before {}", target.title.zh, needed.join(" or "));
                    let cure = "take this way out, or lead it through the state that is required".to_owned();
                    let example = teller.tell(&way, (&end.0, &end.1));
                    report.shown("target", (target.place.clone(), Some(state.id.clone())), (problem, cure), example);
                }
            }
            Claim::Reaches { every, reaches, within, nobody_acts: true } => {
                if let Err(broken) = reach::reaches(def, graph, every, reaches, *within) {
                    let state = reaches.first().map(|ix| def.states[usize::from(*ix)].id.clone());
                    let problem =
                        format!("{}: if nobody acts it is not reached in time: {}", target.title.zh, broken.problem);
                    let cure = format!(
                        "let a clock start with `{every}` whose ladder raises, within {within}, an event that leads there"
                    );
                    let (zh, en) =
                        (format!("无人处理，{} 内达不到", within.zh()), format!("nobody acts; not within {within}"));
                    let example = teller.tell(&broken.way, (&zh, &en));
                    report.shown("target", (target.place.clone(), state), (problem, cure), example);
                }
            }
            Claim::Reaches { every, reaches, within, nobody_acts: false } => {
                let state = reach::named(def, reaches);
                report.assumptions.push(format!(
                    "{}: `{every}` leads to `{state}` within {within}, because people act (write `even_if: nobody acts` to have it proved without them)",
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
