//! Which data matter, and with which data an event comes: every value that a condition can tell apart.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_chart::Definition;
use huiyin_chart::definition::Action;
use serde_json::{Map, Value, json};

/// Most combinations of one event.
const MOST: usize = 64;

/// Sources of all conditions.
fn conditions(def: &Definition) -> Vec<&str> {
    let guards = def.transitions.iter().filter_map(|transition| transition.guard.as_ref());
    let triggers = def.clocks.iter().flat_map(|clock| clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by));
    guards.chain(triggers.filter_map(|trigger| trigger.when.as_ref())).map(|expr| expr.source.as_str()).collect()
}

/// First steps of the paths below `root` that a text names: `data.a.b < 1` names `a`.
fn named(text: &str, root: &str) -> BTreeSet<String> {
    let begins = format!("{root}.");
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(&begins) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            continue;
        }
        let rest = &text[at + begins.len()..];
        found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
    }
    found
}

/// Everything that `set` writes: field → the expression.
fn sets(def: &Definition) -> Vec<(&str, &str)> {
    let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
    let actions = of_states.chain(def.transitions.iter().flat_map(|transition| &transition.actions));
    actions
        .filter_map(|action| if let Action::Set(writes) = action { Some(writes) } else { None })
        .flatten()
        .filter_map(|(path, expr)| Some((path.first()?.as_str(), expr.source.as_str())))
        .collect()
}

/// Fields of the data that a condition reads, or that are written into one of these.
pub fn relevant(def: &Definition) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = conditions(def).into_iter().flat_map(|text| named(text, "data")).collect();
    loop {
        let more: BTreeSet<String> = sets(def)
            .into_iter()
            .filter(|(field, _)| found.contains(*field))
            .flat_map(|(_, text)| named(text, "data"))
            .collect();
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

/// Only these fields.
pub fn only(data: &Value, fields: &BTreeSet<String>) -> Value {
    let kept = data.as_object().into_iter().flatten().filter(|(key, _)| fields.contains(*key));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// With which data an event comes. What opens a case becomes its data; there the conditions on `data` count.
pub fn values(def: &Definition, event: &str, relevant: &BTreeSet<String>) -> Vec<Value> {
    let opens = event == "case.opened";
    let mut read: BTreeSet<String> = conditions(def).into_iter().flat_map(|text| named(text, "event")).collect();
    for (field, text) in sets(def) {
        if relevant.contains(field) {
            read.extend(named(text, "event"));
        }
    }
    if opens {
        read.extend(relevant.iter().cloned());
    }
    let Some(decl) = def.events.iter().find(|decl| decl.name == event) else {
        return if opens { product(&opening_data(def, relevant)) } else { vec![Value::Null] };
    };
    let required: Vec<&str> =
        decl.form.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields: BTreeMap<String, Vec<Option<Value>>> = BTreeMap::new();
    for (name, schema) in decl.form.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let must = required.contains(&name.as_str());
        let mut values: Vec<Option<Value>> = domain(schema).into_iter().map(Some).collect();
        if !read.contains(name) {
            values.truncate(1);
        } else if !must {
            values.push(None);
        }
        fields.insert(name.clone(), values);
    }
    let mut made = product(&fields);
    if decl.by.is_empty() && !opens {
        made.push(Value::Null);
    }
    made
}

/// Where no form says with what a case is opened, it may be opened with anything that the data can be.
fn opening_data(def: &Definition, relevant: &BTreeSet<String>) -> BTreeMap<String, Vec<Option<Value>>> {
    let properties = def.data.schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let read = properties.filter(|(name, _)| relevant.contains(*name));
    read.map(|(name, schema)| (name.clone(), domain(schema).into_iter().map(Some).collect())).collect()
}

fn domain(schema: &Value) -> Vec<Value> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.clone();
    }
    let number = |key: &str| schema.get(key).and_then(Value::as_i64);
    match (schema.get("type").and_then(Value::as_str), schema.get("format").and_then(Value::as_str)) {
        (Some("boolean"), _) => vec![true.into(), false.into()],
        (Some("integer" | "number"), _) => {
            let least = number("minimum").unwrap_or(0);
            let most = number("maximum").unwrap_or(least + 2);
            (least..=most.min(least + 3)).chain((most > least + 3).then_some(most)).map(Value::from).collect()
        }
        (Some("array"), _) => vec![json!([])],
        (Some("object"), _) => vec![json!({})],
        (_, Some("date")) => vec!["1970-01-01".into()],
        (_, Some("date-time")) => vec!["1970-01-01T08:00:00+08:00".into()],
        (_, Some("unit")) => vec!["town-ganshui".into()],
        _ => vec!["x".into(), "".into()],
    }
}

fn product(fields: &BTreeMap<String, Vec<Option<Value>>>) -> Vec<Value> {
    let mut made = vec![Map::new()];
    for (name, values) in fields {
        assert!(made.len() * values.len() <= MOST, "too many values to try: {fields:?}");
        made = made
            .iter()
            .flat_map(|before| {
                values.iter().map(|value| {
                    let mut with = before.clone();
                    with.extend(value.clone().map(|value| (name.clone(), value)));
                    with
                })
            })
            .collect();
    }
    made.into_iter().map(Value::Object).collect()
}
