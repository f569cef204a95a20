//! Work lists: the question to the journal, and its rows for people.

use chrono::{DateTime, Utc};
use huiyin_chart::Definition;
use huiyin_directory::{Directory, Relation};
use huiyin_journal::read::{CaseFilter, CaseOrder, CaseRow};

use super::names;
use crate::lamp::{Lamp, due_text};
use crate::permissions::CaseScope;
use crate::ports::CaseQuery;
use crate::views::case::CaseRowView;

/// The journal's form of a question.
pub(crate) fn filter(district: &str, timeline: &str, query: CaseQuery) -> CaseFilter {
    CaseFilter {
        district: district.to_owned(),
        timeline: timeline.to_owned(),
        workflow: query.workflow,
        text: query.text,
        owners: query.owners,
        not_excluded: query.not_excluded,
        open: query.open,
        overdue: query.overdue,
        due_before: query.due_before,
        order: if query.by_received { CaseOrder::Received } else { CaseOrder::Due },
        limit: query.limit,
        offset: query.offset,
        ..CaseFilter::default()
    }
}

/// A row for people.
pub(crate) fn view(
    directory: &Directory,
    definition: Option<&Definition>,
    row: CaseRow,
    now: DateTime<Utc>,
) -> CaseRowView {
    let closed = row.closed_at.is_some();
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    CaseRowView {
        state_titles: names::states(definition, &row.active),
        owner_name: row.owner.as_deref().map(|owner| names::party(directory, owner).zh),
        lamp: Lamp::of(closed, row.overdue, row.due_at, now),
        due_text: due_text(closed, row.due_at, row.due_provisional, now),
        id: row.id,
        number: row.number,
        district: row.district,
        workflow: row.workflow,
        version: u32::try_from(row.version).unwrap_or_default(),
        title: row.title,
        place: given(row.place),
        category: given(row.category),
        channel: given(row.channel),
        active: row.active,
        owner: row.owner,
        owners: row.owners,
        due_at: row.due_at,
        due_clock: row.due_clock,
        due_provisional: row.due_provisional,
        overdue: row.overdue,
        marks: row.marks,
        received_at: row.received_at,
        opened_at: row.opened_at,
        closed_at: row.closed_at,
    }
}

/// Who may know of a case: its owners, and never the accused and theirs (as the step found them) or any enterprise.
pub(crate) fn scope(
    directory: &Directory,
    district: &str,
    owner: Option<&str>,
    owners: &[String],
    excluded: &[String],
) -> CaseScope {
    let enterprises = enterprises(directory).map(str::to_owned);
    CaseScope {
        district: district.to_owned(),
        owners: owners.iter().cloned().chain(owner.map(str::to_owned)).collect(),
        excluded: excluded.iter().cloned().chain(enterprises).collect(),
    }
}

/// Ids of the enterprises: they never own or see a petition.
pub(crate) fn enterprises(directory: &Directory) -> impl Iterator<Item = &str> {
    let all = directory.units().iter().filter(|unit| unit.relation == Relation::Enterprise);
    all.map(|unit| unit.id.as_str())
}
