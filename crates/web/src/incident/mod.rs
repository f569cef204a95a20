//! What is made from an incident's record: report drafts, a sketch of the place, warnings in CAP 1.2, and how each clock
//! was kept.
//!
//! Pure: no clock, no I/O. The office reads the journal and gives it to these; nothing here decides who may see it.

pub mod cap;
pub mod draft;
pub mod kept;
pub mod sketch;

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::Value;

/// One entry of a case's journal, as far as these need it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, for people.
    pub who: String,
    /// Which event; none for timers and notes.
    pub event: Option<String>,
    /// Data of the event.
    pub data: Value,
    /// What followed, as the journal keeps it.
    pub facts: Vec<Value>,
}

/// A text of an object; empty when it is not there.
pub(crate) fn words<'a>(data: &'a Value, name: &str) -> &'a str {
    data[name].as_str().unwrap_or_default().trim()
}

/// An instant of an object.
pub(crate) fn instant(data: &Value, name: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(words(data, name)).ok().map(|at| at.to_utc())
}

/// `6月1日10时05分`, in the district's time.
pub(crate) fn minute_in_words(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%-m月%-d日%-H时%M分").to_string()
}

/// `2026年6月1日10时05分`, in the district's time.
pub(crate) fn instant_in_words(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%Y年%-m月%-d日%-H时%M分").to_string()
}

/// Text that may stand in XML, between tags and in quoted attributes: marked characters are replaced, and what XML 1.0 has
/// no place for is left out.
#[must_use]
pub fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(character),
            '\r' => out.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other < ' ' => {}
            other => out.push(other),
        }
    }
    out
}
