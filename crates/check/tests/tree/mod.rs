//! A workflow file as a tree that can be changed and written again, with the line on which every part then stands.
//! Aliases are written out, comments are lost.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Written as JSON: a number, `true`, `null`, or a quoted text.
    Leaf(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Keys and list numbers from the root.
pub type Path = Vec<String>;

impl Tree {
    pub fn read(text: &str) -> Self {
        let options = serde_saphyr::options! { strict_booleans: true };
        serde_saphyr::from_str_with_options(text, options).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn text(text: &str) -> Self {
        Self::Leaf(serde_json::to_string(text).unwrap())
    }

    /// From flow style, for what a mutation adds.
    pub fn flow(text: &str) -> Self {
        Self::read(text)
    }

    /// The text of a leaf that is a text.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Leaf(json) => serde_json::from_str(json).ok(),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |at, step| match at {
            Self::Map(entries) => entries.iter().find(|(key, _)| key == step).map(|(_, tree)| tree),
            Self::List(items) => items.get(step.parse::<usize>().ok()?),
            Self::Leaf(_) => None,
        })
    }

    pub fn at_mut(&mut self, path: &[String]) -> Option<&mut Self> {
        path.iter().try_fold(self, |at, step| match at {
            Self::Map(entries) => entries.iter_mut().find(|(key, _)| key == step).map(|(_, tree)| tree),
            Self::List(items) => items.get_mut(step.parse::<usize>().ok()?),
            Self::Leaf(_) => None,
        })
    }

    pub fn set(&self, path: &[String], value: Self) -> Self {
        let mut changed = self.clone();
        *changed.at_mut(path).unwrap_or_else(|| panic!("no {path:?}")) = value;
        changed
    }

    pub fn without(&self, path: &[String]) -> Self {
        let mut changed = self.clone();
        let (last, parent) = path.split_last().unwrap();
        match changed.at_mut(parent).unwrap_or_else(|| panic!("no {path:?}")) {
            Self::Map(entries) => entries.retain(|(key, _)| key != last),
            Self::List(items) => drop(items.remove(last.parse().unwrap())),
            Self::Leaf(_) => panic!("{path:?} is inside a leaf"),
        }
        changed
    }

    pub fn with(&self, path: &[String], key: &str, value: Self) -> Self {
        let mut changed = self.clone();
        match changed.at_mut(path).unwrap_or_else(|| panic!("no {path:?}")) {
            Self::Map(entries) => {
                entries.retain(|(name, _)| name != key);
                entries.push((key.to_owned(), value));
            }
            Self::List(_) | Self::Leaf(_) => panic!("{path:?} is no mapping"),
        }
        changed
    }

    /// Every part with its path, outer before inner.
    pub fn parts(&self) -> Vec<(Path, &Self)> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut found);
        found
    }

    fn walk<'t>(&'t self, path: &mut Path, found: &mut Vec<(Path, &'t Self)>) {
        found.push((path.clone(), self));
        let below: Vec<(String, &Self)> = match self {
            Self::Map(entries) => entries.iter().map(|(key, tree)| (key.clone(), tree)).collect(),
            Self::List(items) => items.iter().enumerate().map(|(ix, tree)| (ix.to_string(), tree)).collect(),
            Self::Leaf(_) => Vec::new(),
        };
        for (step, tree) in below {
            path.push(step);
            tree.walk(path, found);
            path.pop();
        }
    }

    /// Block style, and the line of every part: for an entry of a mapping that of its key.
    pub fn write(&self) -> (String, HashMap<Path, u32>) {
        let mut page = Page::default();
        page.tree(self, &mut Vec::new(), 0);
        (page.text, page.lines)
    }
}

#[derive(Default)]
struct Page {
    text: String,
    lines: HashMap<Path, u32>,
    /// So many lines end in the first so many bytes.
    counted: (u32, usize),
}

impl Page {
    fn line(&mut self) -> u32 {
        let (ended, bytes) = self.counted;
        let more = self.text[bytes..].matches('\n').count();
        self.counted = (ended + u32::try_from(more).unwrap(), self.text.len());
        self.counted.0 + 1
    }

    fn tree(&mut self, tree: &Tree, path: &mut Path, indent: usize) {
        match tree {
            Tree::Leaf(json) => {
                self.text += json;
                self.text.push('\n');
            }
            Tree::Map(entries) if entries.is_empty() => self.text += "{}\n",
            Tree::List(items) if items.is_empty() => self.text += "[]\n",
            Tree::Map(entries) => {
                for (ix, (key, below)) in entries.iter().enumerate() {
                    if ix > 0 || !self.text.ends_with("- ") {
                        self.text += &" ".repeat(indent);
                    }
                    path.push(key.clone());
                    let line = self.line();
                    self.lines.insert(path.clone(), line);
                    self.text += &format!("{}: ", serde_json::to_string(key).unwrap());
                    self.below(below, path, indent + 2);
                    path.pop();
                }
            }
            Tree::List(items) => {
                for (ix, item) in items.iter().enumerate() {
                    self.text += &" ".repeat(indent);
                    path.push(ix.to_string());
                    let line = self.line();
                    self.lines.insert(path.clone(), line);
                    self.text += "- ";
                    match item {
                        Tree::List(_) => self.below(item, path, indent + 2),
                        Tree::Map(_) | Tree::Leaf(_) => self.tree(item, path, indent + 2),
                    }
                    path.pop();
                }
            }
        }
    }

    fn below(&mut self, tree: &Tree, path: &mut Path, indent: usize) {
        match tree {
            Tree::Map(entries) if !entries.is_empty() => self.text.push('\n'),
            Tree::List(items) if !items.is_empty() => self.text.push('\n'),
            Tree::Map(_) | Tree::List(_) | Tree::Leaf(_) => {}
        }
        self.tree(tree, path, indent);
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Leaf(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Leaf(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Leaf(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Leaf(value.to_string()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::text(value))
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Leaf("null".into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Tree::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, Tree>()? {
                    entries.push(entry);
                }
                Ok(Tree::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
