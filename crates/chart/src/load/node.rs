//! YAML as a tree in which every node knows its line and column. Aliases are bounded by the parser; `on` stays text.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::diagnostic::Diagnostic;
use super::states::DEPTH_LIMIT;
use crate::definition::Place;

/// Largest file, in bytes.
pub(super) const FILE_LIMIT: usize = 1 << 20;

/// Bytes of stack for reading a file.
const STACK: usize = 64 << 20;

/// A node of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Line and column of the key in front of it, if it has one: where a person looks for a state or a clock.
    pub(super) key: Option<(u32, u32)>,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn place(&self, file: &Arc<str>) -> Place {
        Place { file: file.clone(), line: self.line, column: self.column }
    }

    /// Where the key in front of it stands; without one, where it stands itself.
    pub(super) fn key_place(&self, file: &Arc<str>) -> Place {
        let (line, column) = self.key.unwrap_or((self.line, self.column));
        Place { file: file.clone(), line, column }
    }

    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Int(n) => (*n).into(),
            Kind::Float(n) => (*n).into(),
            Kind::Text(s) => Value::String(s.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::json).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.clone(), node.json())).collect::<Map<_, _>>())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        let (line, column) = place_of(&spanned);
        Ok(Self { line, column, key: None, kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Kind;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
                Ok(Kind::Int(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
                // Beyond i64 a number is no count of anything here.
                Ok(i64::try_from(value).map_or_else(|_| Kind::Text(value.to_string()), Kind::Int))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
                Ok(Kind::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
                Ok(Kind::Text(value.to_owned()))
            }
            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
                Kind::deserialize(deserializer)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Kind::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, mut node)) = map.next_entry::<Spanned<String>, Node>()? {
                    node.key = Some(place_of(&key));
                    entries.push((key.value, node));
                }
                Ok(Kind::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn place_of<T>(spanned: &Spanned<T>) -> (u32, u32) {
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    (narrow(spanned.referenced.line()), narrow(spanned.referenced.column()))
}

/// Reads one file.
pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostic> {
    let at = |line, column| Place { file: file.clone(), line, column };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > FILE_LIMIT {
        return Err(Diagnostic {
            place: at(1, 1),
            path: String::new(),
            problem: format!("the file has {} bytes", text.len()),
            cure: format!("at most {FILE_LIMIT} are allowed"),
        });
    }
    let parse = || {
        // YAML 1.2: `on`, `off`, `yes` and `no` are texts. A state is two levels, what is in it a few more.
        let budget = serde_saphyr::budget! { max_depth: 3 * DEPTH_LIMIT, flow_nesting_limit: 3 * DEPTH_LIMIT };
        let options = serde_saphyr::options! { strict_booleans: true, budget: budget };
        serde_saphyr::from_str_with_options::<Node>(text, options).map_err(|error| {
            let (line, column) = error
                .location()
                .map_or((1, 1), |l| (u32::try_from(l.line()).unwrap_or(1), u32::try_from(l.column()).unwrap_or(1)));
            let (problem, cure) = said(&error.to_string());
            (line, column, problem, cure)
        })
    };
    // The parser recurses; it is given room for the deepest file that is allowed.
    let parsed = std::thread::scope(|scope| {
        let parsing = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        let cannot = || (1, 1, "the file cannot be read".to_owned(), "free memory and try again".to_owned());
        parsing.map_err(|_| cannot())?.join().unwrap_or_else(|_| Err(cannot()))
    });
    parsed.map_err(|(line, column, problem, cure)| Diagnostic {
        place: at(line, column),
        path: String::new(),
        problem,
        cure,
    })
}

/// What the parser said, in plain words and without its own line and column, and what to do.
fn said(message: &str) -> (String, String) {
    let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let mut words = first;
    // `line 3 column 4: what is wrong`, or `what is wrong at line 3, column 4`
    if let Some((place, rest)) = words.split_once(": ")
        && place.starts_with("line ")
    {
        words = rest;
    }
    for before in [" at line ", " (line "] {
        words = words.split(before).next().unwrap_or(words);
    }
    let lower = words.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let (problem, cure) = if has("depth") || has("nest") || has("recursion") {
        ("nests too deep", format!("states nest at most {DEPTH_LIMIT} deep; write the inner states further out"))
    } else if has("duplicate") {
        ("the same key stands twice in one mapping", "keep one of the two, or make one list of what they hold".into())
    } else if has("alias") && (has("budget") || has("limit") || has("replay") || has("ratio")) || has("budget") {
        (
            "grows too large by its aliases, or holds too much",
            "write fewer `*aliases`; the file is at most 1 MiB".into(),
        )
    } else if has("anchor") || has("alias") {
        ("an alias `*name` has no anchor `&name` before it", "write `&name` where it is first written".into())
    } else if has("multiple yaml documents") {
        ("holds more than one document", "take out the line `---`; one file, one workflow".into())
    } else if has("tab") {
        ("a tab stands where spaces belong", "indent with spaces".into())
    } else {
        return (
            format!("not readable as YAML: {}", crate::expr::quoted(words)),
            "look at the indentation, quotes and brackets here and in the line above".into(),
        );
    };
    (problem.to_owned(), cure)
}
