//! From the YAML that a person wrote to a [`Definition`], or a list of everything that is wrong with it.
//!
//! Two passes: `states` finds the tree and its ids, then everything that refers to them is decoded. Whether the
//! workflow keeps its promises is the business of `check`.

mod clocks;
mod data;
mod diagnostic;
mod events;
mod fields;
mod node;
mod states;
mod text;
mod transitions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

#[cfg(test)]
pub(crate) use clocks::{CLOCK_KEYS, RUNG_KEYS};
pub use data::plain_schema;
pub use diagnostic::{Diagnostic, Diagnostics, nearest};

use crate::definition::{DataSchema, Definition, Mention, MentionKind, Party, Source, State, StateIx, Transition};
use crate::expr::{Declared, Expr};
use crate::machine::Tables;
use node::{Kind, Node};

/// Keys of a state.
pub(crate) const STATE_KEYS: [&str; 15] = [
    "id",
    "title",
    "type",
    "history",
    "target",
    "initial",
    "states",
    "on",
    "always",
    "after",
    "entry",
    "exit",
    "owner",
    "description",
    "meta",
];
/// Keys of the header, beside those of the root state.
pub(crate) const HEADER_KEYS: [&str; 10] =
    ["workflow", "version", "number", "data", "summary", "excludes", "events", "clocks", "targets", "roles"];

/// Loads a definition. `path` names the main file in messages; `other` reads a file that stands beside it.
///
/// # Errors
/// Every problem found, with file, line and cure.
pub fn load(path: &str, text: &str, other: &dyn Fn(&str) -> Option<String>) -> Result<Definition, Diagnostics> {
    let file: Arc<str> = path.into();
    let root = node::read(&file, text).map_err(|problem| Diagnostics(vec![problem]))?;
    let mut loader = Loader {
        file,
        problems: Vec::new(),
        states: Vec::new(),
        transitions: Vec::new(),
        ids: HashMap::new(),
        data: DataSchema::default(),
        sources: vec![Source { path: path.to_owned(), text: text.to_owned() }],
        events: Vec::new(),
        event_fields: serde_json::Value::Null,
        mentions: Vec::new(),
        targeted_history: Vec::new(),
    };
    let definition = loader.definition(&root, other);
    if loader.problems.is_empty()
        && let Some(definition) = definition
    {
        return Ok(definition);
    }
    loader.problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
    loader.problems.dedup();
    Err(Diagnostics(loader.problems))
}

/// One load at work.
struct Loader {
    file: Arc<str>,
    problems: Vec<Diagnostic>,
    states: Vec<State>,
    transitions: Vec<Transition>,
    /// Declared and derived ids.
    ids: HashMap<String, StateIx>,
    data: DataSchema,
    sources: Vec<Source>,
    /// Declared event names.
    events: Vec<String>,
    /// What events carry: all forms together; null when no events are declared.
    event_fields: serde_json::Value,
    mentions: Vec<Mention>,
    /// History states that have a `target:`.
    targeted_history: Vec<StateIx>,
}

impl Loader {
    fn problem(&mut self, at: &Node, path: &str, problem: impl Into<String>, cure: impl Into<String>) {
        // A mapping or list is looked for where its key stands.
        let place = match at.kind {
            Kind::Map(_) | Kind::List(_) => at.key_place(&self.file),
            _ => at.place(&self.file),
        };
        self.problems.push(Diagnostic { place, path: path.to_owned(), problem: problem.into(), cure: cure.into() });
    }

    /// Keeps a name that is defined elsewhere, for `check`.
    fn mention(&mut self, kind: MentionKind, name: &str, at: &Node, path: &str) {
        let place = at.place(&self.file);
        self.mentions.push(Mention { kind, name: name.to_owned(), place, path: path.to_owned() });
    }

    fn mention_party(&mut self, party: &Party, at: &Node, path: &str) {
        match party {
            Party::Role(name) => self.mention(MentionKind::Role, name, at, path),
            Party::Unit(name) => self.mention(MentionKind::Unit, name, at, path),
            // People come and go; they are looked up when something is sent to them.
            Party::Person(_) => {}
        }
    }

    fn definition(&mut self, root: &Node, other: &dyn Fn(&str) -> Option<String>) -> Option<Definition> {
        if matches!(&root.kind, Kind::Null) || matches!(&root.kind, Kind::Map(entries) if entries.is_empty()) {
            let cure = "write at least `workflow: name`, `initial: a` and `states: {a: …}`";
            self.problem(root, "", "the file is empty", cure);
            return None;
        }
        let known: Vec<&str> = HEADER_KEYS.iter().chain(&STATE_KEYS).copied().collect();
        let fields = self.fields(root, "", &known)?;
        let stem = self.file.rsplit('/').next().unwrap_or("").split('.').next().unwrap_or("").to_owned();
        let name =
            fields.get("workflow").or(fields.get("id")).and_then(|node| self.text(node, "workflow")).unwrap_or(stem);
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            let at = fields.get("workflow").or(fields.get("id")).unwrap_or(root);
            let cure =
                "small letters, digits and `-`, like `workflow: petition`; the words people read stand in `title:`";
            self.problem(at, "workflow", format!("`{}` is no name of a workflow", crate::expr::quoted(&name)), cure);
        }
        let version = fields.get("version").and_then(|node| self.whole(node, "version", 1, 1_000_000)).unwrap_or(1);
        if let Some(data) = fields.get("data") {
            self.data_schema(data, other);
        }
        self.state_tree(root, &name)?;
        self.event_fields = self.forms_together(root);
        let events = fields.get("events").map(|node| self.event_decls(node)).unwrap_or_default();
        self.behaviour(root);
        let clocks = fields.get("clocks").map(|node| self.clock_decls(node)).unwrap_or_default();
        let targets = fields.get("targets").map(|node| self.target_decls(node)).unwrap_or_default();
        let mut summary = BTreeMap::new();
        if let Some(node) = fields.get("summary") {
            let columns = ["title", "place", "category", "channel", "received_at"];
            if let Some(columns) = self.fields(node, "summary", &columns) {
                for (key, node) in columns.entries {
                    if let Some(expr) = self.expr(node, &format!("summary.{key}")) {
                        summary.insert(key.clone(), expr);
                    }
                }
            }
        }
        let excludes = fields.get("excludes").and_then(|node| self.expr(node, "excludes"));
        let title = fields.get("title").and_then(|node| self.title(node, "title"));
        let number = fields.get("number").and_then(|node| self.number_pattern(node));
        if !self.problems.is_empty() {
            return None;
        }
        let states = std::mem::take(&mut self.states);
        let transitions = std::mem::take(&mut self.transitions);
        Some(Definition {
            title: title.unwrap_or_else(|| crate::definition::Text { zh: name.clone(), en: name.clone() }),
            name,
            version: u32::try_from(version).unwrap_or(1),
            hash: hash(&self.sources),
            sources: std::mem::take(&mut self.sources),
            number,
            data: std::mem::take(&mut self.data),
            summary,
            excludes,
            events,
            clocks,
            targets,
            mentions: std::mem::take(&mut self.mentions),
            tables: Tables::of(&states, &transitions),
            reactions: crate::clocks::Reactions::default(),
            states,
            transitions,
        })
    }

    fn number_pattern(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "number")?;
        if text.contains("{seq:") && text.contains("{date}") {
            return Some(text);
        }
        self.problem(
            node,
            "number",
            format!("`{text}` would not give unique numbers"),
            "write it like XF-{date}-{seq:6}",
        );
        None
    }

    /// A condition: an expression, or true or false.
    fn condition(&mut self, node: &Node, path: &str) -> Option<Expr> {
        if matches!(node.kind, Kind::Text(_) | Kind::Bool(_)) {
            let made = self.expr(node, path)?;
            if !matches!(made.kind, crate::expr::types::Kind::Bool | crate::expr::types::Kind::Open) {
                let problem = format!("gives {}, and is no condition", made.kind.words());
                self.problem(node, path, problem, "write a comparison, like \"data.returns < 2\"");
                return None;
            }
            return Some(made);
        }
        self.expected(node, path, "a condition, like \"data.returns < 2\"");
        None
    }

    /// A CEL expression; scalars that are no text are literals.
    fn expr(&mut self, node: &Node, path: &str) -> Option<Expr> {
        let place = node.place(&self.file);
        let Kind::Text(source) = &node.kind else { return Some(Expr::literal(node.json(), place)) };
        let ids = &self.ids;
        let declared = Declared { data: &self.data.schema, event: &self.event_fields };
        let state = |id: &str| ids.get(id.strip_prefix('#').unwrap_or(id)).copied();
        let made = Expr::compile_in(source, place, &state, &declared);
        match made {
            Ok(expr) => Some(expr),
            Err(problem) => {
                self.problem(node, path, problem, format!("the expression is: {}", crate::expr::quoted(source)));
                None
            }
        }
    }
}

/// SHA-256 over the sources, each with its name and length before it.
fn hash(sources: &[Source]) -> String {
    let mut sha = Sha256::new();
    for source in sources {
        sha.update((source.path.len() as u64).to_be_bytes());
        sha.update(source.path.as_bytes());
        sha.update((source.text.len() as u64).to_be_bytes());
        sha.update(source.text.as_bytes());
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
