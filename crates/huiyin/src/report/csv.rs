//! One table in UTF-8 with a byte order mark, so that spreadsheet programs read Chinese. The column `part` says what a
//! line is: the period, what a figure counts, a line of rates, or a promise that was broken.

use chrono::{DateTime, FixedOffset, Utc};
use huiyin_assurance::Report;
use huiyin_assurance::words::{COLUMNS, DEFINITIONS, Figure, Text};

use super::{both, cell, figures, parts, promise};
use crate::commands::Failure;

/// Columns before the figures, and after them for broken promises.
const BEFORE: [&str; 4] = ["part", "key", "name_zh", "name_en"];
const AFTER: [&str; 11] = [
    "number",
    "promise",
    "unit",
    "channel",
    "category",
    "due_at",
    "done_at",
    "dropped_at",
    "days_late",
    "reachable",
    "story",
];

/// See the module.
pub(crate) fn csv(report: &Report, zone: FixedOffset) -> Result<Vec<u8>, Failure> {
    let mut rows = Rows(::csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec()));
    let heads = COLUMNS.iter().map(|column| column.key);
    rows.0.write_record(BEFORE.into_iter().chain(heads).chain(AFTER))?;
    let at = report.counted_at.with_timezone(&zone).to_rfc3339();
    rows.named("period", &format!("{}/{}", report.from, report.to), &report.period)?;
    rows.named("counted_at", &at, &Text::default())?;
    rows.named("left_out", "forgotten", &Text::new(report.forgotten.to_string(), report.forgotten.to_string()))?;
    rows.named("left_out", "unreadable", &Text::new(report.unreadable.to_string(), report.unreadable.to_string()))?;
    for (figure, zh, en) in DEFINITIONS {
        rows.named("definition", figure, &Text::new(zh, en))?;
    }
    for (part, _, lines) in parts(report) {
        for line in lines {
            let mut row = named(part, &line.key, &line.name);
            row.extend(figures(&line.rates).map(figure));
            rows.write(row)?;
        }
    }
    for broken in &report.broken {
        let mut row = named("broken", &broken.number, &Text::default());
        row.resize(BEFORE.len() + COLUMNS.len(), String::new());
        let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| at.with_timezone(&zone).to_rfc3339());
        let story = broken
            .story
            .iter()
            .map(|line| format!("{} {}", line.at.with_timezone(&zone).format("%Y-%m-%d %H:%M"), both(&line.what)));
        row.extend([
            broken.number.clone(),
            both(&promise(broken.promise)),
            both(&broken.unit),
            both(&broken.channel),
            both(&broken.category),
            time(Some(broken.due)),
            time(broken.done),
            time(broken.dropped),
            broken.days_late.to_string(),
            if broken.reachable { "yes" } else { "no" }.to_owned(),
            story.collect::<Vec<_>>().join("\n"),
        ]);
        rows.write(row)?;
    }
    Ok(rows.0.into_inner().map_err(|e| e.to_string())?)
}

struct Rows(::csv::Writer<Vec<u8>>);

impl Rows {
    /// A line with nothing but names.
    fn named(&mut self, part: &str, key: &str, name: &Text) -> Result<(), Failure> {
        self.write(named(part, key, name))
    }

    /// Any line, filled up to the width of the table; no cell begins a formula.
    fn write(&mut self, mut row: Vec<String>) -> Result<(), Failure> {
        row.resize(BEFORE.len() + COLUMNS.len() + AFTER.len(), String::new());
        Ok(self.0.write_record(row.iter().map(|text| cell(text).into_owned()))?)
    }
}

fn named(part: &str, key: &str, name: &Text) -> Vec<String> {
    vec![part.to_owned(), key.to_owned(), name.zh.clone(), name.en.clone()]
}

/// A rate as a fraction with four decimals, rounded down; empty when nothing was due.
fn figure(figure: Figure) -> String {
    match figure {
        Figure::Count(n) => n.to_string(),
        Figure::Rate(None) => String::new(),
        Figure::Rate(Some(n)) => format!("{}.{:04}", n / 10_000, n % 10_000),
    }
}
