//! First pass: the tree of states, their kinds and ids.

use super::node::{Kind, Node};
use super::{Loader, STATE_KEYS};
use crate::definition::{State, StateIx, StateKind};

/// Most states of a workflow.
const STATE_LIMIT: usize = 4096;
/// Deepest nesting.
pub(super) const DEPTH_LIMIT: usize = 64;

impl Loader {
    /// Builds all states without their behaviour.
    pub(super) fn state_tree(&mut self, root: &Node, name: &str) -> Option<()> {
        self.state(root, name.to_owned(), String::new(), None, 0)?;
        for ix in 1..self.states.len() {
            let (id, path) = (self.states[ix].id.clone(), ix);
            let Ok(number) = StateIx::try_from(path) else {
                continue;
            };
            if let Some(first) = self.ids.insert(id.clone(), number) {
                let place = self.states[usize::from(first)].place.line;
                let here = self.states[ix].place.clone();
                self.problems.push(super::Diagnostic {
                    place: here,
                    path: id.clone(),
                    problem: format!("the id `{id}` is used twice; first in line {place}"),
                    cure: "give one of the two another `id`".into(),
                });
            }
        }
        // The whole case is named like the workflow, unless a state has that name.
        let whole = self.states[0].id.clone();
        self.ids.entry(whole).or_insert(0);
        // A key that names one state only can be used like an id.
        let mut keys: std::collections::HashMap<String, Vec<StateIx>> = std::collections::HashMap::new();
        for state in &self.states[1..] {
            keys.entry(state.key.clone()).or_default().push(state.ix);
        }
        for (key, owners) in keys {
            if let [only] = owners.as_slice() {
                self.ids.entry(key).or_insert(*only);
            }
        }
        Some(())
    }

    fn state(
        &mut self,
        node: &Node,
        key: String,
        path: String,
        parent: Option<StateIx>,
        depth: usize,
    ) -> Option<StateIx> {
        if self.states.len() >= STATE_LIMIT || depth > DEPTH_LIMIT {
            const TOO_LARGE: &str = "the chart is too large";
            let cure = format!("at most {STATE_LIMIT} states, nested at most {DEPTH_LIMIT} deep");
            if !self.problems.iter().any(|told| told.problem == TOO_LARGE) {
                self.problem(node, &path, TOO_LARGE, cure);
            }
            return None;
        }
        let shown = if path.is_empty() { key.clone() } else { format!("states.{path}") };
        if parent.is_some() {
            self.fields(node, &shown, &STATE_KEYS)?;
        }
        let ix = StateIx::try_from(self.states.len()).ok()?;
        let id = node.get("id").and_then(|id| self.text(id, &shown));
        let kind = self.kind(node, &shown);
        self.fits_kind(node, &kind, &shown);
        let title = node.get("title").and_then(|title| self.title(title, &shown));
        self.states.push(State {
            ix,
            id: id.unwrap_or_else(|| if path.is_empty() { key.clone() } else { path.clone() }),
            key,
            title,
            kind,
            parent,
            children: Vec::new(),
            initial: None,
            on: Vec::new(),
            always: Vec::new(),
            after: Vec::new(),
            entry: Vec::new(),
            exit: Vec::new(),
            owner: None,
            place: node.key_place(&self.file),
        });
        if matches!(self.states[usize::from(ix)].kind, StateKind::History { .. }) && node.get("target").is_some() {
            self.targeted_history.push(ix);
        }
        if let Some(states) = node.get("states") {
            for (child_key, child) in self.entries(states, &shown)? {
                let child_path = if path.is_empty() { child_key.clone() } else { format!("{path}.{child_key}") };
                if let Some(child) = self.state(child, child_key.clone(), child_path, Some(ix), depth + 1) {
                    self.states[usize::from(ix)].children.push(child);
                }
            }
        }
        Some(ix)
    }

    /// What a final or a parallel state must and must not have.
    fn fits_kind(&mut self, node: &Node, kind: &StateKind, path: &str) {
        if *kind == StateKind::Final {
            for key in ["on", "states", "always", "after", "initial"] {
                if let Some(at) = node.get(key) {
                    let cure = "take it out, or take `type: final` away";
                    self.problem(at, path, format!("a final state has `{key}`, but nothing happens in it"), cure);
                }
            }
        }
        if *kind == StateKind::Parallel {
            let history = |state: &Node| {
                state.get("history").is_some()
                    || matches!(state.get("type").map(|kind| &kind.kind), Some(Kind::Text(kind)) if kind == "history")
            };
            let regions = match node.get("states").map(|states| &states.kind) {
                Some(Kind::Map(states)) => states.iter().filter(|(_, state)| !history(state)).count(),
                _ => 0,
            };
            if regions == 0 {
                let cure = "write its regions under `states:`, or take `type: parallel` away";
                self.problem(node, path, "a parallel state without regions", cure);
            }
        }
    }

    fn kind(&mut self, node: &Node, path: &str) -> StateKind {
        let has_children =
            node.get("states").is_some_and(|states| matches!(&states.kind, Kind::Map(map) if !map.is_empty()));
        let inferred = if has_children { StateKind::Compound } else { StateKind::Atomic };
        let Some(written) = node.get("type") else {
            return match node.get("history") {
                Some(_) => StateKind::History { deep: self.deep(node, path) },
                None => inferred,
            };
        };
        match self.word(written, path, &["parallel", "final", "history", "compound", "atomic"]) {
            Some("parallel") => StateKind::Parallel,
            Some("final") => StateKind::Final,
            Some("history") => StateKind::History { deep: self.deep(node, path) },
            _ => inferred,
        }
    }

    fn deep(&mut self, node: &Node, path: &str) -> bool {
        match node.get("history") {
            Some(Node { kind: Kind::Bool(_), .. }) | None => false,
            Some(history) => self.word(history, path, &["shallow", "deep"]) == Some("deep"),
        }
    }
}
