//! Work lists: the question to the journal, and its rows for people.

use chrono::{DateTime, Utc};
use huiyin_chart::Definition;
use huiyin_directory::{Directory, Relation};
use huiyin_journal::accounts::User;
use huiyin_journal::read::{CaseFilter, CaseOrder, CaseRow};

use super::names;
use crate::lamp::{Lamp, due_text};
use crate::permissions::{self, CaseScope};
use crate::ports::CaseQuery;
use crate::views::case::CaseRowView;

/// Id of the state in which a case is closed for work lists although it is not over: rating, review and new facts stay
/// possible until it is archived. Its end, `closed_at`, is the archiving.
pub(crate) const CLOSED: &str = "closed";

/// The journal's form of a question.
pub(crate) fn filter(district: &str, timeline: &str, mut query: CaseQuery) -> CaseFilter {
    query.not_excluded.append(&mut query.stays_away);
    CaseFilter {
        district: district.to_owned(),
        timeline: timeline.to_owned(),
        workflow: query.workflow,
        text: query.text,
        without_identity: !query.identity,
        owners: query.owners,
        not_excluded: query.not_excluded,
        open: query.open,
        closed_states: vec![CLOSED.to_owned()],
        overdue: query.overdue,
        due_before: query.due_before,
        due_from: query.due_from,
        active: query.state,
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
    let closed = row.closed_at.is_some() || row.active.iter().any(|state| state == CLOSED);
    let overdue = row.overdue && !closed;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    CaseRowView {
        state_titles: names::states(definition, &row.active),
        owner_name: row.owner.as_deref().map(|owner| names::party(directory, owner).zh),
        lamp: Lamp::of(closed, overdue, row.due_at, now),
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
        overdue,
        closed,
        mark_titles: row.marks.iter().map(|mark| names::mark(mark)).collect(),
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
    let interested =
        |person: &&huiyin_directory::Person| person.recused_from.iter().any(|unit| excluded.contains(unit));
    let people = directory.people().iter().filter(interested).map(|person| format!("person:{}", person.id));
    CaseScope {
        district: district.to_owned(),
        owners: owners.iter().cloned().chain(owner.map(str::to_owned)).collect(),
        excluded: excluded.iter().cloned().chain(enterprises).chain(people).collect(),
    }
}

/// Units from whose matters a person of the directory must stay away, beside their own.
pub(crate) fn stays_away(directory: &Directory, who: &User) -> Vec<String> {
    let own = directory.people().iter().filter(|person| permissions::is_person(who, &person.id));
    own.flat_map(|person| person.recused_from.iter().cloned()).collect()
}

/// Ids of the enterprises: they never own or see a petition.
pub(crate) fn enterprises(directory: &Directory) -> impl Iterator<Item = &str> {
    let all = directory.units().iter().filter(|unit| unit.relation == Relation::Enterprise);
    all.map(|unit| unit.id.as_str())
}
