//! Cases that look like the matter being typed in: the same telephone or identity number, or a text that
//! reads alike, at the same place if one is given; the same category weighs more. Received within 180 days. Bounded: at most [`MOST_READ`] cases are read.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_chart::Definition;
use huiyin_chart::definition::Confidential;
use huiyin_journal::Journal;
use huiyin_journal::read::{CaseFilter, CaseOrder, CaseRow};
use serde_json::Value;

use super::failed;
use crate::ports::OfficeError;
use crate::similarity::{ALIKE, similarity};
use crate::views::Text;

/// How far back.
const WITHIN: TimeDelta = TimeDelta::days(180);
/// Rows asked for by place.
const MOST_ROWS: u32 = 200;
/// Cases whose text is compared.
const MOST_READ: usize = 40;
/// Shown at most.
const MOST_SHOWN: usize = 5;
/// Letters of title and text below which nothing is compared without a place.
const SHORTEST_TEXT: usize = 4;
/// What the same category adds to how alike two matters are, 0 to 1.
const SAME_CATEGORY: f64 = 0.1;
/// A number shorter than this names nobody.
const SHORTEST_NUMBER: usize = 7;

/// A case, and why it is shown.
pub(crate) struct Found {
    pub(crate) row: CaseRow,
    pub(crate) why: Text,
}

/// Looks for them, best first.
pub(crate) async fn find(
    journal: &Journal,
    definition: &Definition,
    base: &CaseFilter,
    draft: &Value,
    now: DateTime<Utc>,
) -> Result<Vec<Found>, OfficeError> {
    let base = CaseFilter { received_from: Some(now - WITHIN), order: CaseOrder::Received, ..base.clone() };
    let mut found = same_number(journal, definition, &base, draft, now).await?;
    for alike in same_matter(journal, definition, &base, draft, now).await? {
        if found.iter().all(|known| known.row.id != alike.row.id) {
            found.push(alike);
        }
    }
    found.truncate(MOST_SHOWN);
    Ok(found)
}

/// The same telephone or identity number, found by its keyed pieces: the number itself is stored nowhere readable.
async fn same_number(
    journal: &Journal,
    definition: &Definition,
    base: &CaseFilter,
    draft: &Value,
    now: DateTime<Utc>,
) -> Result<Vec<Found>, OfficeError> {
    let masked = definition.data.confidential.iter().filter(|(_, kind)| **kind == Confidential::Masked);
    let numbers = masked.filter_map(|(path, _)| number(field(draft, path)?));
    let mut found: Vec<Found> = Vec::new();
    for number in numbers {
        let filter = CaseFilter { text: Some(number), limit: 5, ..base.clone() };
        for row in journal.list_cases(&filter, now).await.map_err(failed)? {
            if found.iter().all(|known| known.row.id != row.id) {
                let why = Text::new("电话或证件号码相同", "the same telephone or identity number");
                found.push(Found { row, why });
            }
        }
    }
    Ok(found)
}

/// Only what is a number: digits with the signs people write between them.
fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-' | '+' | 'X' | 'x')).count();
    (digits >= SHORTEST_NUMBER && others == 0).then(|| text.to_owned())
}

/// Whether enough is filled in to look for anything.
pub(crate) fn can_search(definition: &Definition, draft: &Value) -> bool {
    let masked = definition.data.confidential.iter().filter(|(_, kind)| **kind == Confidential::Masked);
    let numbers = masked.filter_map(|(path, _)| number(field(draft, path)?)).count();
    let text = text_of(draft).chars().filter(|c| !c.is_whitespace()).count();
    numbers > 0 || text >= SHORTEST_TEXT || (text > 0 && own(draft, "place").is_some())
}

fn own<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    field(data, name).filter(|text| !text.is_empty())
}

fn text_of(data: &Value) -> String {
    format!("{} {}", own(data, "title").unwrap_or_default(), own(data, "content").unwrap_or_default())
}

/// By the same place, or with no place among the newest, what reads alike; the same place and the same category weigh
/// more. A caller and an operator name the category each in their own way, so it decides nothing alone.
async fn same_matter(
    journal: &Journal,
    definition: &Definition,
    base: &CaseFilter,
    draft: &Value,
    now: DateTime<Utc>,
) -> Result<Vec<Found>, OfficeError> {
    if !can_search(definition, draft) {
        return Ok(Vec::new());
    }
    let (place, category, text) = (own(draft, "place"), own(draft, "category"), text_of(draft));
    let filter = CaseFilter {
        text: place.map(str::to_owned),
        without_identity: true,
        workflow: Some(definition.name.clone()),
        limit: MOST_ROWS,
        ..base.clone()
    };
    let mut rows = journal.list_cases(&filter, now).await.map_err(failed)?;
    rows.retain(|row| place.is_none_or(|place| row.place == place));
    let title = own(draft, "title").unwrap_or_default();
    let weight = |row: &CaseRow| if category == Some(row.category.as_str()) { SAME_CATEGORY } else { 0.0 };
    let guess = |row: &CaseRow| similarity(title, &row.title) + weight(row);
    rows.sort_by(|a, b| guess(b).total_cmp(&guess(a)));
    let mut alike: Vec<(f64, Found)> = Vec::new();
    for row in rows.into_iter().take(MOST_READ) {
        let Some(record) = journal.case(row.id).await.map_err(failed)? else { continue };
        let state = journal.case_state(&record, true).await.map_err(failed)?;
        let degree = similarity(&text, &text_of(&state["data"]));
        let sum = degree + weight(&row);
        if sum >= ALIKE + if place.is_some() { 0.0 } else { SAME_CATEGORY } {
            alike.push((sum, Found { why: why(degree, place.is_some(), weight(&row) > 0.0), row }));
        }
    }
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    Ok(alike.into_iter().map(|(_, found)| found).collect())
}

fn why(degree: f64, place: bool, category: bool) -> Text {
    let percent = (degree * 100.0).round();
    let (zh, en) = match (place, category) {
        (true, true) => ("同一地点、同一类别，", "same place and category, "),
        (true, false) => ("同一地点，", "same place, "),
        (false, true) => ("同一类别，", "same category, "),
        (false, false) => ("", ""),
    };
    Text::new(format!("{zh}内容相似（{percent}%）"), format!("{en}the text reads alike ({percent}%)"))
}

fn field<'a>(data: &'a Value, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(data, |value, step| value.get(step))?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_somebody_and_a_sentence_does_not() {
        assert_eq!(number(" 138-8300-1234 ").as_deref(), Some("138-8300-1234"));
        assert_eq!(number("50022219800101123X").as_deref(), Some("50022219800101123X"));
        assert_eq!(number("12345"), None);
        assert_eq!(number("古南街道中山路1234567号"), None);
    }
}
