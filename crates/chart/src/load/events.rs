//! `events:`: titles, senders, forms and requirements.

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
            if let (Some(that), Some(or_else)) = (self.expr(that, path), self.title(or_else, path)) {
                let at = fields.get("at").and_then(|at| self.text(at, path));
                found.push(Requirement { that, or_else, at });
            }
        }
        found
    }
}
