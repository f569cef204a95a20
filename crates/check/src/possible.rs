//! In which configurations a case can rest, as `check` found them: what a simulation compares real cases with.

use std::collections::HashSet;

use huiyin_chart::Definition;
use huiyin_chart::definition::StateIx;
use huiyin_chart::machine::Configuration;

use crate::Report;
use crate::graph::{Scope, explore};
use crate::memory::Chosen;

/// The resting configurations of a definition: active states, and whether the case is done.
#[derive(Debug)]
pub struct Possible {
    found: HashSet<(Vec<StateIx>, bool)>,
    complete: bool,
}

impl Possible {
    /// Explores the chart as `check` does, with every condition that it cannot decide taken both ways.
    #[must_use]
    pub fn of(def: &Definition) -> Self {
        let graph = explore(def, &Chosen::default(), Scope::default(), &mut Report::new(def));
        // The first node is the case before it is opened.
        let found = graph.nodes.iter().skip(1).map(|node| (node.active.clone(), node.done)).collect();
        Self { found, complete: graph.complete }
    }

    /// Can a case rest like this? Where the exploration was given up, nothing is called impossible.
    #[must_use]
    pub fn contains(&self, config: &Configuration) -> bool {
        !self.complete || self.found.contains(&(config.active.iter().collect(), config.done))
    }

    /// How many configurations differ in what is active.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Was everything explored?
    #[must_use]
    pub fn complete(&self) -> bool {
        self.complete
    }
}
