//! Cases: rows of work lists, the page of one case, its history, and what the call form shows before saving.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::clock::ClockView;
use super::{FieldError, Text};
use crate::lamp::Lamp;

/// One row of a work list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseRowView {
    /// Case id.
    pub id: Uuid,
    /// Number, e.g. XF-20261123-000017.
    pub number: String,
    /// District code.
    pub district: String,
    /// Workflow name.
    pub workflow: String,
    /// Version of the workflow the case runs on.
    pub version: u32,
    /// Title.
    pub title: String,
    /// Town or place.
    pub place: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// Ids of the active states.
    pub active: Vec<String>,
    /// Their titles.
    pub state_titles: Vec<Text>,
    /// Owner, as `unit:x`, `role:x` or `person:x`.
    pub owner: Option<String>,
    /// Owner's name for people.
    pub owner_name: Option<String>,
    /// Owners of all active states.
    pub owners: Vec<String>,
    /// The earliest running deadline.
    pub due_at: Option<DateTime<Utc>>,
    /// Which clock it belongs to.
    pub due_clock: Option<String>,
    /// Rests on an unpublished calendar.
    pub due_provisional: bool,
    /// Time left in words.
    pub due_text: Text,
    /// A deadline is over.
    pub overdue: bool,
    /// Lasting marks.
    pub marks: Vec<String>,
    /// Their titles.
    pub mark_titles: Vec<Text>,
    /// Green, yellow, red, grey.
    pub lamp: Lamp,
    /// When it reached the office.
    pub received_at: DateTime<Utc>,
    /// When it was typed in.
    pub opened_at: DateTime<Utc>,
    /// Closed for work lists: in its state `closed`, or over.
    pub closed: bool,
    /// When it was over (archived): nothing can happen to it any more. A closed case has none yet while rating, review
    /// and new facts are still possible.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A page of a work list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseListView {
    /// How many match.
    pub total: u64,
    /// This page.
    pub rows: Vec<CaseRowView>,
}

/// Everything about one case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CasePage {
    /// Its row.
    #[serde(flatten)]
    pub row: CaseRowView,
    /// Its data; confidential fields masked.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Dotted paths of the masked fields.
    pub masked: Vec<String>,
    /// Its deadlines.
    pub clocks: Vec<ClockView>,
    /// What the viewer can do next.
    pub events: Vec<EventFormView>,
    /// Linked cases that the viewer may see.
    pub links: Vec<LinkView>,
    /// Files.
    pub attachments: Vec<AttachmentView>,
    /// Papers drawn up.
    pub documents: Vec<DocumentView>,
    /// The viewer may see the masked fields, with a reason.
    pub may_unmask: bool,
}

/// An event the viewer may send now, with its form.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventFormView {
    /// Event name.
    pub name: String,
    /// What stands on the button.
    pub title: Text,
    /// JSON Schema of its data, or null.
    #[schema(value_type = Option<Object>)]
    pub form: Value,
    /// Values to begin with.
    #[schema(value_type = Object)]
    pub prefill: Value,
}

/// A linked case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// What the link is called.
    pub link: String,
    /// Case id.
    pub case: Uuid,
    /// Case number.
    pub number: String,
    /// Titles of its active states: who may see a case may know how far what it opened has come.
    pub state_titles: Vec<Text>,
    /// The viewer may open it.
    pub may_open: bool,
}

/// A file on a case.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AttachmentView {
    /// SHA-256 of the content, lower-case hex: its address.
    pub hash: String,
    /// File name as given, cleaned.
    pub name: String,
    /// Media type found by looking at the content.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// When it was added.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// A paper of a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentView {
    /// Its number on the case, from 1.
    pub n: u32,
    /// Template name.
    pub template: String,
    /// When it was drawn up.
    pub at: DateTime<Utc>,
    /// It is addressed to the petitioner, whose name is masked until a reason is given.
    pub names_petitioner: bool,
}

/// An entry of a case's history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    /// Its place in the journal.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, for people.
    pub actor_name: String,
    /// What sort of entry.
    pub kind: String,
    /// Which event.
    pub event: Option<String>,
    /// What happened.
    pub title: Text,
    /// What followed from it.
    pub lines: Vec<Text>,
    /// The event's data; confidential fields masked.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Answer to a command.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AcceptedView {
    /// Case id.
    pub case: Uuid,
    /// Case number.
    pub number: String,
    /// Place of the entry in the case's journal.
    pub seq: u64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Active states afterwards.
    pub active: Vec<String>,
}

/// What the call form shows before saving.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// The unit that would be responsible.
    pub unit: Option<ProposedUnit>,
    /// Deadlines that would run.
    pub clocks: Vec<ClockView>,
    /// Cases that look like the same matter.
    pub duplicates: Vec<DuplicateView>,
    /// Whether enough was filled in to look for the same matter; else no duplicates says nothing.
    pub searched: bool,
    /// What is still wrong with the form.
    pub errors: Vec<FieldError>,
}

/// A proposed unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProposedUnit {
    /// Unit id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `internal`, `town`, `peer`, `superior` or `enterprise`.
    pub relation: Option<String>,
    /// Why this one.
    pub reason: Text,
}

/// A case that looks like the same matter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuplicateView {
    /// Case id.
    pub id: Uuid,
    /// Number.
    pub number: String,
    /// Title.
    pub title: String,
    /// When it reached the office.
    pub received_at: DateTime<Utc>,
    /// Owner's name.
    pub owner: Option<String>,
    /// Titles of the active states.
    pub active_titles: Vec<Text>,
    /// Why it is shown.
    pub why: Text,
}
