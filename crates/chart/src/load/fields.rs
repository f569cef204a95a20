//! Reading mappings, texts, numbers and lists with a good word for each mistake.

use super::node::{Kind, Node};
use super::{Loader, nearest};
use crate::definition::MentionKind;

/// The entries of a mapping whose keys are all known.
pub(super) struct Fields<'n> {
    pub(super) entries: &'n [(String, Node)],
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }
}

impl Loader {
    /// A mapping with only these keys; unknown keys are reported, the rest is still read.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, path: &str, known: &[&str]) -> Option<Fields<'n>> {
        let entries = self.entries(node, path)?;
        for (key, value) in entries {
            if !known.contains(&key.as_str()) {
                let cure = match nearest(key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                self.problem(value, path, format!("unknown key `{key}`"), cure);
            }
        }
        Some(Fields { entries })
    }

    /// A mapping with free keys.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n [(String, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => Some(&[]),
            _ => {
                self.expected(node, path, "a mapping (`key: value`)");
                None
            }
        }
    }

    pub(super) fn expected(&mut self, node: &Node, path: &str, what: &str) {
        self.problem(node, path, format!("{} stands here", node.what()), format!("expected {what}"));
    }

    pub(super) fn text(&mut self, node: &Node, path: &str) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Int(n) => Some(n.to_string()),
            _ => {
                self.expected(node, path, "a text");
                None
            }
        }
    }

    /// A text that names something defined elsewhere.
    pub(super) fn named(&mut self, kind: MentionKind, node: &Node, path: &str) -> Option<String> {
        let name = self.text(node, path)?;
        self.mention(kind, &name, node, path);
        Some(name)
    }

    pub(super) fn whole(&mut self, node: &Node, path: &str, least: i64, most: i64) -> Option<i64> {
        match node.kind {
            Kind::Int(n) if (least..=most).contains(&n) => Some(n),
            _ => {
                self.expected(node, path, &format!("a whole number from {least} to {most}"));
                None
            }
        }
    }

    pub(super) fn truth(&mut self, node: &Node, path: &str) -> bool {
        match node.kind {
            Kind::Bool(b) => b,
            _ => {
                self.expected(node, path, "true or false");
                false
            }
        }
    }

    /// One or many: a list gives its items, anything else itself, nothing an empty list.
    pub(super) fn list(node: &Node) -> &[Node] {
        match &node.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(node),
        }
    }

    /// One of these words.
    pub(super) fn word<'w>(&mut self, node: &Node, path: &str, words: &[&'w str]) -> Option<&'w str> {
        let found = match &node.kind {
            Kind::Text(text) => words.iter().find(|word| *word == text).copied(),
            _ => None,
        };
        if found.is_none() {
            let known = format!("one of {}", words.join(", "));
            match &node.kind {
                Kind::Text(text) => {
                    let near = nearest(text, words.iter().copied());
                    let cure = near.map_or(format!("expected {known}"), |near| format!("did you mean `{near}`?"));
                    self.problem(node, path, format!("`{}` is not known here", crate::expr::quoted(text)), cure);
                }
                _ => self.expected(node, path, &known),
            }
        }
        found
    }
}
