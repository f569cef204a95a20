//! The script of `huiyin try`: what is sent to a chart, and how long to wait before. Reads and checks the text only.

use huiyin_calendar::{Span, Unit};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::expr::quoted;
use crate::load::nearest;

/// Most bytes of a script.
pub const SCRIPT_LIMIT: usize = 16 << 20;
/// What a script looks like.
const FORM: &str = r#"expected [{"event": "name", "data": {…}, "after": "1s"}, …]"#;
const KEYS: [&str; 3] = ["event", "data", "after"];

/// One line of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Event to send; none: only wait.
    #[serde(default)]
    pub event: Option<String>,
    /// Its data: an object or null.
    #[serde(default)]
    pub data: Value,
    /// How long to wait before: a span like `2 working days`, or a number of milliseconds.
    #[serde(default, deserialize_with = "span_or_milliseconds")]
    pub after: Option<Span>,
}

fn span_or_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
    wait(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// Why a script cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}\n    {cure}", self.place())]
pub struct ScriptError {
    /// Line and column, where the text is no JSON.
    pub at: Option<(usize, usize)>,
    /// Number of the item, from 1.
    pub item: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What was expected.
    pub cure: String,
}

impl ScriptError {
    fn place(&self) -> String {
        match (self.at, self.item) {
            (Some((line, column)), _) => format!("{line}:{column}: "),
            (None, Some(item)) => format!("item {item}: "),
            (None, None) => String::new(),
        }
    }
}

/// Reads a script.
///
/// # Errors
/// When it is no JSON list of items, or an item does nothing, names an event that comes from the chart itself, or
/// carries data that are no object.
pub fn read_script(text: &str) -> Result<Vec<Item>, ScriptError> {
    let whole = |problem: String, cure: &str| ScriptError { at: None, item: None, problem, cure: cure.to_owned() };
    if text.len() > SCRIPT_LIMIT {
        return Err(whole(format!("the script has {} bytes", text.len()), "at most 16 MiB are allowed"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let problem = format!("this is no JSON: {}", quoted(said));
        ScriptError { at: Some((error.line(), error.column())), item: None, problem, cure: FORM.to_owned() }
    })?;
    let Value::Array(items) = value else {
        return Err(whole(format!("{} stands here", what(&value)), FORM));
    };
    let numbered = items.iter().enumerate();
    numbered
        .map(|(ix, item)| {
            read_item(item, ix == 0).map_err(|(problem, cure)| ScriptError {
                at: None,
                item: Some(ix + 1),
                problem,
                cure,
            })
        })
        .collect()
}

fn read_item(item: &Value, first: bool) -> Result<Item, (String, String)> {
    let wrong = |problem: String, cure: &str| Err((problem, cure.to_owned()));
    let Value::Object(fields) = item else { return wrong(format!("{} stands here", what(item)), FORM) };
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let cure = nearest(key, KEYS).map_or(FORM.to_owned(), |near| format!("did you mean `{near}`?"));
        return Err((format!("unknown key `{}`", quoted(key)), cure));
    }
    let after = match fields.get("after") {
        None => None,
        Some(after) => {
            wait(after).map_err(|problem| (problem, "write 1s, 2 hours, 3 working days, or milliseconds".into()))?
        }
    };
    let event = match fields.get("event") {
        None | Some(Value::Null) => None,
        Some(Value::String(event)) => Some(event.clone()),
        Some(other) => return wrong(format!("`event` is {}", what(other)), "write the name of an event in quotes"),
    };
    let data = fields.get("data").cloned().unwrap_or_default();
    match &event {
        None if after.is_none() => return wrong("it does nothing".into(), "write an `event`, or `after` to wait"),
        None if !data.is_null() => {
            return wrong("`data` without an `event`".into(), "write the event that carries them");
        }
        Some(name) if name.is_empty() => return wrong("the event has no name".into(), "write the name of an event"),
        Some(name) if name.starts_with("after.") || name.starts_with("done.state.") => {
            let problem = format!("`{}` comes from the chart itself and from nobody else", quoted(name));
            return wrong(problem, "let the delay end with {\"after\": …}, or bring the state to its end");
        }
        Some(name) if name == crate::step::OPENED && !first => {
            return wrong(
                "the case is open already".into(),
                "`case.opened` stands first, with the data of the opening",
            );
        }
        _ => {}
    }
    if !matches!(data, Value::Object(_) | Value::Null) {
        return wrong(format!("`data` is {}", what(&data)), "write an object, like {\"unit\": \"water\"}");
    }
    Ok(Item { event, data, after })
}

/// A span, or a number of milliseconds.
fn wait(after: &Value) -> Result<Option<Span>, String> {
    match after {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(|error: huiyin_calendar::SpanError| error.to_string()),
        Value::Number(number) => match number.as_u64().and_then(|n| u32::try_from(n).ok()) {
            Some(n) => Ok(Some(Span::new(n, Unit::Millisecond))),
            None => Err(format!("`after` is {number}; as milliseconds it is a whole number up to {}", u32::MAX)),
        },
        other => Err(format!("`after` is {}", what(other))),
    }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_script_is_refused_with_its_item_and_in_plain_words() {
        for (text, said) in [
            ("[{}]", "item 1: it does nothing"),
            (r#"[{"event": "a"}, {"event": ""}]"#, "item 2: the event has no name"),
            (r#"[{"event": "a", "data": 5}]"#, "item 1: `data` is a number"),
            (r#"[{"event": "a", "data": [1]}]"#, "item 1: `data` is a list"),
            (r#"[{"data": {}}]"#, "item 1: it does nothing"),
            (r#"[{"event": 5}]"#, "item 1: `event` is a number"),
            (r#"[{"evnt": "a"}]"#, "unknown key `evnt`\n    did you mean `event`?"),
            (r#"[{"event": "after.0.a"}]"#, "comes from the chart itself"),
            (r#"[{"event": "done.state.a"}]"#, "comes from the chart itself"),
            (r#"[{"event": "a"}, {"event": "case.opened"}]"#, "item 2: the case is open already"),
            (r#"[{"after": "soon"}]"#, "item 1: `soon` is not a span of time"),
            (r#"[{"after": -5}]"#, "item 1: `after` is -5"),
            (r#"{"event": "a"}"#, "an object stands here"),
            ("[{\n\"event\": \"a\",}]", "2:14: this is no JSON: trailing comma"),
            ("", "1:0: this is no JSON"),
        ] {
            let error = read_script(text).unwrap_err().to_string();
            assert!(error.starts_with(said) || error.contains(said), "{text}: {error}");
            assert!(!error.contains(" at line "), "the place is told once: {error}");
        }
    }

    #[test]
    fn a_wait_is_a_span_or_milliseconds() {
        let items = read_script(r#"[{"after": 1500}, {"after": "2 hours"}, {"event": "a", "after": null}]"#).unwrap();
        assert_eq!(items[0].after, Some(Span::new(1500, Unit::Millisecond)));
        assert_eq!(items[1].after, Some(Span::new(2, Unit::Hour)));
        assert_eq!(items[2].after, None);
    }
}
