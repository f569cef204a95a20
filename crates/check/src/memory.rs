//! What is remembered of a case's data while ways are followed: the values of some control fields, and the answers to
//! some other conditions until a field that they read is written. Which ones, the proof decides (`refine`): the fewer, the
//! fewer configurations. What is not remembered is unknown each time it is asked, so leaving something out is sound.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_chart::definition::{Action, Definition, Domain};
use serde_json::Value;

use crate::decide::{Condition, Fields, values};

/// Not known (yet).
pub(crate) const UNKNOWN: u8 = u8::MAX;
/// An answer that is remembered.
pub(crate) const FALSE: u8 = 0;
/// See [`FALSE`].
pub(crate) const TRUE: u8 = 1;
// A third answer, 2: the condition cannot be evaluated.

/// The control fields of a definition: those of few values that nothing but literals and forms with the same few values
/// ever change. Path below `data` → its values.
pub(crate) fn control(def: &Definition) -> BTreeMap<String, Domain> {
    let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
    let of_transitions = def.transitions.iter().flat_map(|transition| &transition.actions);
    let sets: Vec<(String, Condition)> = of_states
        .chain(of_transitions)
        .filter_map(|action| if let Action::Set(fields) = action { Some(fields) } else { None })
        .flatten()
        .map(|(path, expr)| (path.join("."), Condition::of(expr)))
        .collect();
    let keeps = |(path, domain): &(&String, &Domain)| {
        values(domain).is_some_and(|values| {
            entered_as(def, path, &values)
                && sets
                    .iter()
                    .filter(|(written, _)| overlap(written, path))
                    .all(|(written, expr)| written == *path && writes_only(def, expr, &values))
        })
    };
    def.data.control.iter().filter(keeps).map(|(path, domain)| (path.clone(), domain.clone())).collect()
}

/// Does the form of the opening give the field no other values?
fn entered_as(def: &Definition, path: &str, values: &[Value]) -> bool {
    let opening = def.events.iter().find(|event| event.name == crate::graph::OPENED);
    let Some(fields) = opening.and_then(|event| event.form.get("properties")) else { return true };
    let mut schema = Some(fields);
    for (depth, step) in path.split('.').enumerate() {
        let below = if depth == 0 { schema } else { schema.and_then(|schema| schema.get("properties")) };
        schema = below.and_then(|fields| fields.get(step));
        if schema.is_none() {
            return true;
        }
    }
    schema.is_some_and(|schema| only(schema, values))
}

/// Does a form field have no other values than these?
fn only(schema: &Value, values: &[Value]) -> bool {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().all(|word| values.contains(word));
    }
    let number = |key: &str| schema.get(key).and_then(Value::as_i64);
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => values.contains(&Value::Bool(true)),
        Some("integer") => match (number("minimum"), number("maximum")) {
            (Some(least), Some(most)) => values.contains(&least.into()) && values.contains(&most.into()),
            _ => false,
        },
        _ => false,
    }
}

/// Is what is written a literal of the domain, or a field of forms with no other values?
fn writes_only(def: &Definition, expr: &Condition, values: &[Value]) -> bool {
    if let Some(value) = expr.literal() {
        return values.contains(&value);
    }
    let Some(field) = expr.event_field() else { return false };
    let mut schemas = def.events.iter().filter_map(|event| event.form.get("properties")?.get(&field)).peekable();
    schemas.peek().is_some() && schemas.all(|schema| only(schema, values))
}

/// One byte for each thing remembered: the index of a field's value, or an answer.
pub(crate) type Memory = Vec<u8>;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Control fields, dotted path below `data`.
    pub(crate) fields: BTreeSet<String>,
    /// Other conditions, as written, with the fields below `data` that they read.
    pub(crate) atoms: BTreeMap<String, BTreeSet<String>>,
}

impl Chosen {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.atoms.is_empty()
    }
}

/// What is remembered, ready to use. Fields first, then answers.
#[derive(Debug, Default)]
pub(crate) struct Items {
    fields: Vec<Field>,
    atoms: Vec<(String, BTreeSet<String>)>,
}

#[derive(Debug)]
struct Field {
    path: String,
    values: Vec<Value>,
    first: u8,
    /// Whoever opens the case may fill it in.
    entered: bool,
}

/// What one `set` does to what is remembered.
#[derive(Debug, Default)]
pub(crate) struct Write {
    /// Item → its new value.
    fields: Vec<(usize, NewValue)>,
    /// Answers that have to be asked again.
    atoms: Vec<usize>,
}

#[derive(Debug)]
enum NewValue {
    /// A literal.
    Known(u8),
    /// Of this field of the event.
    Event(String),
    Any,
}

impl Items {
    pub(crate) fn of(def: &Definition, chosen: &Chosen) -> Self {
        let opening = def.events.iter().find(|event| event.name == crate::graph::OPENED);
        let entered = |path: &str| {
            let key = path.split('.').next().unwrap_or_default();
            // Where nothing says what the opening carries, it may carry everything.
            opening.and_then(|event| event.form.get("properties")).is_none_or(|fields| fields.get(key).is_some())
        };
        let fields = chosen.fields.iter().filter_map(|path| {
            let values = values(def.data.control.get(path)?)?;
            let begun = def.data.initial.pointer(&format!("/{}", path.replace('.', "/")));
            let first = begun.and_then(|begun| values.iter().position(|value| value == begun));
            let first = first.and_then(|ix| u8::try_from(ix).ok()).unwrap_or(UNKNOWN);
            Some(Field { path: path.clone(), values, first, entered: entered(path) })
        });
        let fields = fields.collect();
        Self { fields, atoms: chosen.atoms.iter().map(|(text, reads)| (text.clone(), reads.clone())).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.atoms.is_empty()
    }

    /// Before the case is opened with these fields of the form.
    pub(crate) fn opened(&self, form: Option<&Fields>) -> Memory {
        let field = |field: &Field| match form.and_then(|form| form.get(&field.path)) {
            Some(value) => field.index(value),
            None if field.entered => UNKNOWN,
            None => field.first,
        };
        self.fields.iter().map(field).chain(self.atoms.iter().map(|_| UNKNOWN)).collect()
    }

    /// Fields of the form of the opening that become remembered data.
    pub(crate) fn entered(&self) -> impl Iterator<Item = &String> {
        self.fields.iter().filter(|field| field.entered).map(|field| &field.path)
    }

    /// The known values, by path below `data`.
    pub(crate) fn known(&self, memory: &[u8]) -> Fields {
        let known = self.fields.iter().zip(memory).filter_map(|(field, at)| {
            field.values.get(usize::from(*at)).map(|value| (field.path.clone(), value.clone()))
        });
        known.collect()
    }

    /// The first field among these that is remembered and not known: its item, how many values it can have, and whether
    /// whoever opens the case may choose it.
    pub(crate) fn open_question<'f>(
        &self,
        memory: &[u8],
        mut reads: impl Iterator<Item = &'f String>,
    ) -> Option<(usize, u8, bool)> {
        reads.find_map(|path| {
            let ix = self.fields.iter().position(|field| field.path == *path)?;
            let field = &self.fields[ix];
            (memory[ix] == UNKNOWN).then(|| (ix, u8::try_from(field.values.len()).unwrap_or(UNKNOWN), field.entered))
        })
    }

    /// The item of a condition that is no comparison of control fields.
    pub(crate) fn atom(&self, text: &str) -> Option<usize> {
        self.atoms.iter().position(|(atom, _)| atom == text).map(|ix| self.fields.len() + ix)
    }

    /// What an action writes; none: nothing that is remembered.
    pub(crate) fn write(&self, action: &Action) -> Option<Write> {
        let Action::Set(sets) = action else { return None };
        let mut write = Write::default();
        for (path, expr) in sets {
            let path = path.join(".");
            for (ix, field) in self.fields.iter().enumerate() {
                if field.path == path {
                    write.fields.push((ix, NewValue::of(field, &Condition::of(expr))));
                } else if overlap(&field.path, &path) {
                    write.fields.push((ix, NewValue::Any));
                }
            }
            for (ix, (_, reads)) in self.atoms.iter().enumerate() {
                if reads.iter().any(|read| overlap(read, &path)) {
                    write.atoms.push(self.fields.len() + ix);
                }
            }
        }
        (!write.fields.is_empty() || !write.atoms.is_empty()).then_some(write)
    }

    /// Fields of events that are written to what is remembered.
    pub(crate) fn copied(&self, action: &Action) -> Vec<String> {
        let write = self.write(action).unwrap_or_default();
        write.fields.into_iter().filter_map(|(_, value)| value.event()).collect()
    }

    /// Writes. `event`: the fields of the event being handled, as far as they are known.
    pub(crate) fn apply(&self, write: &Write, event: Option<&Fields>, memory: &mut [u8]) {
        for (ix, value) in &write.fields {
            memory[*ix] = match value {
                NewValue::Known(at) => *at,
                NewValue::Event(name) => {
                    event.and_then(|event| event.get(name)).map_or(UNKNOWN, |value| self.fields[*ix].index(value))
                }
                NewValue::Any => UNKNOWN,
            };
        }
        for ix in &write.atoms {
            memory[*ix] = UNKNOWN;
        }
    }
}

impl Field {
    fn index(&self, value: &Value) -> u8 {
        let at = self.values.iter().position(|known| known == value);
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(UNKNOWN)
    }
}

impl NewValue {
    fn of(field: &Field, written: &Condition) -> Self {
        if let Some(value) = written.literal() {
            return match field.index(&value) {
                UNKNOWN => Self::Any,
                known => Self::Known(known),
            };
        }
        written.event_field().map_or(Self::Any, Self::Event)
    }

    fn event(self) -> Option<String> {
        match self {
            Self::Event(name) => Some(name),
            Self::Known(_) | Self::Any => None,
        }
    }
}

/// Is one path the other, or around it?
fn overlap(one: &str, other: &str) -> bool {
    let around = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    around(one, other) || around(other, one)
}
