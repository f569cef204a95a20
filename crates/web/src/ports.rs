//! What the doors ask of the office behind them: commands to the engine, questions to the journal and the directory.
//!
//! One trait, so that the doors can be read and tested without knowing how cases are kept. [`crate::office`] is the one
//! implementation. Everything here has passed authorisation, except whether the person may know of the case: answers
//! carry the [`CaseScope`] by which the door decides that.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_journal::accounts::User;
use serde_json::Value;
use uuid::Uuid;

use crate::incident::cap::{Message, Origin};
use crate::permissions::CaseScope;
use crate::stations::StationDesk;
use crate::views::activation::{ActivationBoardView, PointView};
use crate::views::assurance::{AssuranceView, BrokenListView, PeriodChoice};
use crate::views::case::{
    AcceptedView, AttachmentView, CaseRowView, DocumentView, DuplicateView, EventFormView, LinkView, ProposedUnit,
    TimelineEntry,
};
use crate::views::clock::ClockView;
use crate::views::directory::{ChoiceView, UnitView};
use crate::views::incident::{IncidentBoardView, KeptView};
use crate::views::mail::{MailRowView, MailView};
use crate::views::plans::{PlanTextView, PlanView};
use crate::views::workflow::WorkflowView;
use crate::views::{FieldError, Text};
use crate::waters::WaterDesk;

/// An answer that comes later.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, OfficeError>> + Send + 'a>>;

/// Why the office did not do it.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// Lawful refusal: the form, the workflow or the state of the case forbids it.
    #[error("refused ({code}): {}", .message.en)]
    Refused {
        /// Stable code.
        code: String,
        /// Words.
        message: Text,
        /// Fields.
        details: Vec<FieldError>,
    },
    /// The command's id was used with another body.
    #[error("the id was used with another body")]
    Conflict,
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Something is broken.
    #[error("{0}")]
    Failed(String),
}

/// A command from a person.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Made by the caller; repeating it changes nothing.
    pub id: Uuid,
    /// What to do.
    pub deed: Deed,
}

/// See [`Submission`].
#[derive(Clone, Debug)]
pub enum Deed {
    /// Open a case.
    Open {
        /// Workflow name.
        workflow: String,
        /// Its data.
        data: Value,
    },
    /// Send an event to a case.
    Event {
        /// Case id.
        case: Uuid,
        /// Event name.
        event: String,
        /// Its data.
        data: Value,
    },
}

/// A response plan to be begun.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// Made by the caller; repeating it changes nothing.
    pub id: Uuid,
    /// Id of the source.
    pub source: String,
    /// Unit that draws it up.
    pub unit: String,
    /// Title; empty: made from the name of the source.
    pub title: String,
    /// The plan that it revises.
    pub current: Option<Uuid>,
}

/// A case by id or by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseKey {
    /// By id.
    Id(Uuid),
    /// By number.
    Number(String),
}

/// A question for a work list, already narrowed to what the viewer may see.
#[derive(Clone, Debug, Default)]
pub struct CaseQuery {
    /// Words in number, title, place; or a telephone or identity number.
    pub text: Option<String>,
    /// `text` may be found in names, telephone and identity numbers, too.
    pub identity: bool,
    /// Only cases of one of these owners; none: of any.
    pub owners: Option<Vec<String>>,
    /// The viewer's own units: never cases from which one of them is excluded.
    pub not_excluded: Vec<String>,
    /// Units in which the viewer has an interest: never cases about one of them.
    pub stays_away: Vec<String>,
    /// Only open, only closed, or both.
    pub open: Option<bool>,
    /// Only overdue, or only those that are not.
    pub overdue: Option<bool>,
    /// Only due before.
    pub due_before: Option<DateTime<Utc>>,
    /// Only due from this time on.
    pub due_from: Option<DateTime<Utc>>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Newest received first instead of earliest due first.
    pub by_received: bool,
    /// At most.
    pub limit: u32,
    /// Skip.
    pub offset: u32,
}

/// One case as it is kept, confidential fields in the clear: masks are put on by the door.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// Its row.
    pub row: CaseRowView,
    /// Who may know of it.
    pub scope: CaseScope,
    /// Its data.
    pub data: Value,
    /// Dotted paths of the fields to mask.
    pub masked: Vec<String>,
    /// Deadlines.
    pub clocks: Vec<ClockView>,
    /// What the viewer can do next.
    pub events: Vec<EventFormView>,
    /// Linked cases, each with who may know of it.
    pub links: Vec<(LinkView, CaseScope)>,
    /// Files.
    pub attachments: Vec<AttachmentView>,
    /// Papers.
    pub documents: Vec<DocumentView>,
}

/// A file to be kept.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Cleaned file name.
    pub name: String,
    /// Media type by content.
    pub media_type: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
    /// Id of the command, made by the sender; repeating it changes nothing.
    pub id: Option<Uuid>,
}

/// A kept file.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// The cases it is on, each with what it is called there.
    pub cases: Vec<(Uuid, AttachmentView)>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// What the call form would lead to.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Proposed unit.
    pub unit: Option<ProposedUnit>,
    /// Deadlines.
    pub clocks: Vec<ClockView>,
    /// What looks like the same matter, each with who may know of it.
    pub duplicates: Vec<(DuplicateView, CaseScope)>,
    /// Enough was filled in to look for the same matter.
    pub searched: bool,
    /// What is still wrong.
    pub errors: Vec<FieldError>,
}

/// A paper for printing.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub view: DocumentView,
    /// A whole page of HTML for A4, without script.
    pub html: String,
}

/// A question for the mail log.
#[derive(Clone, Debug, Default)]
pub struct MailQuery {
    /// Only of this case.
    pub case: Option<Uuid>,
    /// Only in this state.
    pub state: Option<String>,
    /// At most.
    pub limit: u32,
    /// Skip.
    pub offset: u32,
}

/// What live pages are told.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Something happened to a case.
    Case(LiveEvent),
    /// Something may have happened that was not heard: every page asks again.
    Missed,
}

/// Something happened to a case; pages that show it should ask again.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Case id.
    pub case: Uuid,
    /// Case number.
    pub number: String,
    /// What happened, e.g. an event name.
    pub kind: String,
    /// Who may know of it.
    pub scope: CaseScope,
}

/// A message of a public warning, with where it comes from.
#[derive(Clone, Debug)]
pub struct Published {
    /// The incident.
    pub origin: Origin,
    /// The message.
    pub message: Message,
}

/// A figure for `/metrics`.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// Name, e.g. `huiyin_timer_oldest_overdue_seconds`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Its value.
    pub value: f64,
}

/// The office behind the doors.
pub trait Office: Send + Sync + 'static {
    /// Gives a command to the engine; answers when it is committed.
    fn submit<'a>(&'a self, who: &'a User, submission: Submission) -> Promise<'a, AcceptedView>;
    /// A page of a work list.
    fn cases(&self, query: CaseQuery) -> Promise<'_, (u64, Vec<CaseRowView>)>;
    /// One case as this person meets it.
    fn case<'a>(&'a self, key: &'a CaseKey, viewer: &'a User) -> Promise<'a, Option<CaseFile>>;
    /// History of a case after an entry, confidential fields masked.
    fn timeline(&self, case: Uuid, after: u64) -> Promise<'_, Vec<TimelineEntry>>;
    /// What would happen if this were saved.
    fn preview<'a>(&'a self, who: &'a User, workflow: &'a str, data: &'a Value) -> Promise<'a, Preview>;
    /// Writes down that somebody looked behind the mask. What fails here must not be shown.
    fn note_unmasking<'a>(&'a self, who: &'a User, case: Uuid, reason: &'a str) -> Promise<'a, ()>;
    /// Keeps a file on a case.
    fn attach<'a>(&'a self, who: &'a User, case: Uuid, upload: Upload) -> Promise<'a, AttachmentView>;
    /// A kept file.
    fn attachment<'a>(&'a self, hash: &'a str) -> Promise<'a, Option<StoredFile>>;
    /// A paper of a case as it was drawn up; with the petitioner's name in the clear only when `named`.
    fn document(&self, case: Uuid, n: u32, named: bool) -> Promise<'_, Option<Document>>;
    /// Units in which this person of the directory has an interest, beside their own: 回避.
    fn stays_away(&self, who: &User) -> Vec<String>;
    /// The mail log.
    fn mails(&self, query: MailQuery) -> Promise<'_, Vec<MailRowView>>;
    /// One mail.
    fn mail<'a>(&'a self, id: &'a str) -> Promise<'a, Option<MailView>>;
    /// The figures of assurance, its rates of this period.
    fn assurance(&self, period: PeriodChoice) -> Promise<'_, AssuranceView>;
    /// A page of the promises that were broken in this period, whoever may know of the cases.
    fn broken(&self, period: PeriodChoice, limit: usize, offset: usize) -> Promise<'_, BrokenListView>;
    /// Workflows in force; `may_open` for this person.
    fn workflows(&self, viewer: &User) -> Vec<WorkflowView>;
    /// Units.
    fn units(&self) -> Vec<UnitView>;
    /// Towns.
    fn towns(&self) -> Vec<ChoiceView>;
    /// Categories.
    fn categories(&self) -> Vec<ChoiceView>;
    /// What the command page of an incident needs; none: it is no incident.
    fn incident<'a>(&'a self, _case: Uuid, _viewer: &'a User) -> Promise<'a, Option<IncidentBoardView>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// The activations of an incident, or all that are open, that the viewer may know of.
    fn activations<'a>(&'a self, _incident: Option<Uuid>, _viewer: &'a User) -> Promise<'a, ActivationBoardView> {
        let (at, incidents, more) = (self.now(), Vec::new(), false);
        Box::pin(std::future::ready(Ok(ActivationBoardView { at, incidents, more })))
    }
    /// Where something can have entered a river of the district.
    fn water_points(&self) -> Vec<PointView> {
        Vec::new()
    }
    /// The draft of a report (`initial`, `followup`, `final`) as a page for printing.
    fn report<'a>(&'a self, _case: Uuid, _kind: &'a str) -> Promise<'a, Option<String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// How each clock of an incident was kept, from its journal.
    fn kept(&self, _case: Uuid) -> Promise<'_, Option<KeptView>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// The same as a page for printing.
    fn kept_paper(&self, _case: Uuid) -> Promise<'_, Option<String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// Public warnings that their authority approved and that were published, newest first.
    fn published(&self) -> Promise<'_, Vec<Published>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    /// What a response plan says, with what the system knows beside it if `known`; none: the case is no plan.
    fn plan(&self, _case: Uuid, _known: bool) -> Promise<'_, Option<PlanView>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// What it said at a version.
    fn plan_version(&self, _case: Uuid, _n: u32) -> Promise<'_, Option<PlanTextView>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// The same as a page of HTML for printing.
    fn plan_version_paper(&self, _case: Uuid, _n: u32) -> Promise<'_, Option<String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// Begins the plan of a source.
    fn begin_plan<'a>(&'a self, _who: &'a User, _new: NewPlan) -> Promise<'a, AcceptedView> {
        Box::pin(std::future::ready(Err(OfficeError::NotFound)))
    }
    /// The number of a case of this district, for the audit trail.
    fn number(&self, _case: Uuid) -> Promise<'_, Option<String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// Monitoring stations; none where the district has no registry of them.
    fn stations(&self) -> Option<Arc<StationDesk>> {
        None
    }
    /// The waters of the district; none where nobody has drawn them.
    fn waters(&self) -> Option<Arc<WaterDesk>> {
        None
    }
    /// What happens to cases from now on.
    fn listen(&self) -> tokio::sync::broadcast::Receiver<Heard>;
    /// The office's time.
    fn now(&self) -> DateTime<Utc>;
    /// Whether the clock can be moved from the console.
    fn clock_moves(&self) -> bool;
    /// Moves the demonstration clock forward, never back.
    fn move_clock(&self, to: DateTime<Utc>) -> Promise<'_, DateTime<Utc>>;
    /// Reads a span such as `1 day` as a later instant than `from`.
    fn after(&self, from: DateTime<Utc>, span: &str) -> Result<DateTime<Utc>, OfficeError>;
    /// Age of the oldest timer that should have fired, seconds; 0 when there is none, and
    /// where timers are fired elsewhere. Fails when the store does not answer.
    fn oldest_timer(&self) -> Promise<'_, f64>;
    /// Gauges for `/metrics`.
    fn gauges(&self) -> Promise<'_, Vec<Gauge>>;
}
