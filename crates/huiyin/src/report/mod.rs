//! A report written down: as text for people, CSV, XLSX and JSON for programs. What is in it is made by
//! `huiyin_assurance`; here is only how it looks.
//!
//! A cell that a spreadsheet would take for a formula is made a text ([`cell`]): names of units and categories are data
//! that people write.

mod csv;
mod text;
mod xlsx;

use std::borrow::Cow;

use huiyin_assurance::words::{Figure, Text};
use huiyin_assurance::{Line, Promise, Report};
use huiyin_chart::rates::Rates;

pub(crate) use self::csv::csv;
pub(crate) use self::text::text;
pub(crate) use self::xlsx::xlsx;

/// What a cell must not begin with: a spreadsheet would take the rest for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The parts of a table of rates, in order: stable name, words, lines.
fn parts(report: &Report) -> Vec<(&'static str, Text, Vec<Cow<'_, Line>>)> {
    let total = Line { key: String::new(), name: Text::new("合计", "total"), rates: report.tables.total };
    let borrowed = |lines| Vec::from_iter(<[Line]>::iter(lines).map(Cow::Borrowed));
    vec![
        ("total", Text::new("合计", "total"), vec![Cow::Owned(total)]),
        ("unit", Text::new("按责任单位", "by unit"), borrowed(&report.tables.units)),
        ("channel", Text::new("按来源", "by channel"), borrowed(&report.tables.channels)),
        ("category", Text::new("按类别", "by category"), borrowed(&report.tables.categories)),
    ]
}

/// A text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A promise in words.
fn promise(promise: Promise) -> Text {
    match promise {
        Promise::Assigned => Text::new("交办", "assignment"),
        Promise::Answered => Text::new("按时回复", "answer in time"),
    }
}

/// Both languages in one cell.
fn both(text: &Text) -> String {
    if text.zh == text.en { text.zh.clone() } else { format!("{} {}", text.zh, text.en) }
}

/// The figures of a line, in the order of the columns.
fn figures(rates: &Rates) -> impl Iterator<Item = Figure> {
    huiyin_assurance::words::COLUMNS.iter().map(|column| (column.value)(rates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_becomes_a_text() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let kept = cell(evil);
            assert!(kept.starts_with('\'') && kept.ends_with(evil), "{kept}");
        }
        assert_eq!(cell("水污染"), "水污染");
        assert_eq!(cell("a=b"), "a=b");
    }
}
