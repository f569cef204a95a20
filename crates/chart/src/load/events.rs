//! `events:`: titles, senders, forms and requirements.

use serde_json::{Map, Value};

use super::Loader;
use super::data::confidential;
use super::node::{Kind, Node};
use crate::definition::{EventDecl, MentionKind, Requirement, Sender, Text};

impl Loader {
    pub(super) fn event_decls(&mut self, node: &Node) -> Vec<EventDecl> {
        let entries = self.entries(node, "events").unwrap_or_default();
        self.events = entries.iter().map(|(name, _)| name.clone()).chain(["case.opened".to_owned()]).collect();
        entries.iter().filter_map(|(name, node)| self.event_decl(name, node)).collect()
    }

    /// One schema of all that events can carry: the fields of every form, of every `raise`, and, where the opening has no
    /// form of its own, of the data. Null when no events are declared: then anything may come.
    pub(super) fn forms_together(&self, root: &Node) -> Value {
        let Some(Node { kind: Kind::Map(events), .. }) = root.get("events") else { return Value::Null };
        let mut fields = Map::new();
        let mut open = false;
        let mut add = |schema: &Value| {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
            for (name, part) in properties {
                match fields.get(name) {
                    // Forms that say different things of a field leave it open.
                    Some(before) if before != part => drop(fields.insert(name.clone(), Value::Object(Map::new()))),
                    _ => drop(fields.insert(name.clone(), part.clone())),
                }
            }
        };
        for (_, event) in events {
            let Some(form) = event.get("form").map(Node::json) else { continue };
            open |= form.get("properties").is_none()
                || form.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
            add(&form);
        }
        if events.iter().all(|(name, event)| name != crate::step::OPENED || event.get("form").is_none()) {
            open |= self.data.schema.get("properties").is_none();
            add(&self.data.schema);
        }
        raised(root, &mut |name| {
            let any = Value::Object(Map::from_iter([(name.to_owned(), Value::Object(Map::new()))]));
            add(&Value::Object(Map::from_iter([("properties".to_owned(), any)])));
        });
        let mut all = Map::from_iter([("properties".to_owned(), Value::Object(fields))]);
        if open {
            all.insert("additionalProperties".into(), true.into());
        }
        Value::Object(all)
    }

    fn event_decl(&mut self, name: &str, node: &Node) -> Option<EventDecl> {
        let path = format!("events.{name}");
        let fields = self.fields(node, &path, &["title", "by", "form", "require", "description"])?;
        let title = fields
            .get("title")
            .and_then(|title| self.title(title, &path))
            .unwrap_or_else(|| Text { zh: name.to_owned(), en: name.to_owned() });
        let by = fields.get("by").map(|by| self.senders(by, &path)).unwrap_or_default();
        let form = fields.get("form").map(Node::json).unwrap_or_default();
        if let Some(node) = fields.get("form") {
            self.confidential_words(node, &path);
        }
        if let Some(node) = fields.get("form")
            && let Err(error) = jsonschema::validator_for(&super::data::plain_schema(&form))
        {
            self.problem(
                node,
                &path,
                format!("the form is no JSON Schema: {error}"),
                "write {type: object, properties: {…}}",
            );
        }
        let require = fields.get("require").map(|require| self.requirements(require, &path)).unwrap_or_default();
        Some(EventDecl {
            name: name.to_owned(),
            title,
            by,
            confidential: confidential(&form),
            form,
            require,
            place: node.key_place(&self.file),
        })
    }

    fn senders(&mut self, node: &Node, path: &str) -> Vec<Sender> {
        let mut found = Vec::new();
        for item in Self::list(node) {
            let Some(text) = self.text(item, path) else {
                continue;
            };
            found.extend(match text.as_str() {
                "owner" => Some(Sender::Owner),
                "unit-head" => Some(Sender::UnitHead),
                "public" => Some(Sender::Public),
                "machine" => Some(Sender::Machine),
                other => match other.split_once(':') {
                    Some(("role", name)) => {
                        self.mention(MentionKind::Role, name, item, path);
                        Some(Sender::Role(name.to_owned()))
                    }
                    Some(("unit", name)) => {
                        self.mention(MentionKind::Unit, name, item, path);
                        Some(Sender::Unit(name.to_owned()))
                    }
                    _ => {
                        let cure = "write role:…, unit:…, owner, unit-head, public or machine";
                        self.problem(item, path, format!("`{other}` cannot send events"), cure);
                        None
                    }
                },
            });
        }
        found
    }

    fn requirements(&mut self, node: &Node, path: &str) -> Vec<Requirement> {
        let mut found = Vec::new();
        for item in Self::list(node) {
            let Some(fields) = self.fields(item, path, &["that", "else", "at"]) else {
                continue;
            };
            let (Some(that), Some(or_else)) = (fields.get("that"), fields.get("else")) else {
                self.problem(
                    item,
                    path,
                    "a requirement has two parts",
                    "write {that: condition, else: why it is refused}",
                );
                continue;
            };
            if !matches!(that.kind, Kind::Text(_)) {
                self.expected(that, path, "a condition");
                continue;
            }
            if let (Some(that), Some(or_else)) = (self.condition(that, path), self.title(or_else, path)) {
                let at = fields.get("at").and_then(|at| self.text(at, path));
                found.push(Requirement { that, or_else, at });
            }
        }
        found
    }
}

/// The names of the data that any `raise` gives.
fn raised(node: &Node, found: &mut dyn FnMut(&str)) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| raised(item, found)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                if key == "raise"
                    && let Some(Node { kind: Kind::Map(data), .. }) = value.get("data")
                {
                    data.iter().for_each(|(name, _)| found(name));
                }
                raised(value, found);
            }
        }
        _ => {}
    }
}
