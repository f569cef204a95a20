//! A response plan as the console shows it: fields with what stands in them, how complete it is, its versions.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Text;

/// A plan as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanView {
    /// Its case.
    pub case: Uuid,
    /// Number of its case.
    pub number: String,
    /// Title.
    pub title: String,
    /// Id of its source.
    pub source: String,
    /// Name of its source; none: the district has no such source.
    pub source_name: Option<Text>,
    /// State of its case.
    pub state: String,
    /// Title of the state.
    pub state_title: Text,
    /// Number of the plan that this one revises; empty: it is the first.
    pub predecessor: String,
    /// The viewer may save fields now.
    pub may_save: bool,
    /// Chapters with their fields, in the order in which they are printed.
    pub chapters: Vec<ChapterView>,
    /// Whom to call.
    pub contacts: ContactsView,
    /// What lies where.
    pub materials: MaterialsView,
    /// Who does what before the earliest arrival.
    pub tasks: TasksView,
    /// How much is written.
    pub completeness: CompletenessView,
    /// What it said after each save, the newest first; at most 300.
    pub versions: Vec<PlanVersionView>,
}

/// A chapter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChapterView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// A field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// `text`, `date`, `zone` or `list`; a list stands beside the chapters under its id.
    pub kind: String,
    /// A plan cannot be sent to review without it.
    pub required: bool,
    /// `law` (read in its text), `secondary` (second-hand) or `customary`.
    pub from: String,
    /// The article or document, in Chinese.
    pub law: Option<String>,
    /// What to write.
    pub hint: Option<Text>,
    /// What stands in it; empty for lists.
    pub text: String,
    /// How often it was saved: whoever saves says which one they began from.
    pub rev: i64,
    /// `empty`, `begun` (filled by the system or from the plan before, saved by nobody yet) or `saved`.
    pub mark: String,
    /// When it was saved last.
    pub saved_at: Option<DateTime<Utc>>,
    /// Who saved it last.
    pub saved_by: Option<String>,
    /// What the system knows now, where that differs from what stands there.
    pub known: Option<String>,
}

/// Contacts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactsView {
    /// How often they were saved.
    pub rev: i64,
    /// Rows.
    pub rows: Vec<ContactView>,
}

/// A contact.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// Unit, in words.
    pub unit: String,
    /// What it does.
    pub duty: String,
    /// Post or name.
    pub post: String,
    /// Office telephone.
    pub phone: String,
}

/// Material.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MaterialsView {
    /// How often it was saved.
    pub rev: i64,
    /// Rows.
    pub rows: Vec<MaterialView>,
}

/// What lies where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MaterialView {
    /// What.
    pub name: String,
    /// How much.
    pub amount: String,
    /// Where.
    pub place: String,
    /// Who keeps it.
    pub keeper: String,
}

/// Key actions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TasksView {
    /// How often they were saved.
    pub rev: i64,
    /// Rows.
    pub rows: Vec<PlanTaskView>,
}

/// A key action.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanTaskView {
    /// Key, of its own within the plan.
    pub key: String,
    /// Unit id.
    pub unit: String,
    /// Name of the unit.
    pub unit_name: Text,
    /// What it does.
    pub task: String,
    /// Minutes before the earliest arrival at the intake; negative: after it.
    pub before_minutes: i64,
}

/// How much of a plan is written.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CompletenessView {
    /// Fields with something in them.
    pub filled: usize,
    /// All fields.
    pub of: usize,
    /// Required fields with something in them.
    pub required_filled: usize,
    /// Required fields.
    pub required: usize,
    /// Ids of required fields with nothing in them.
    pub missing: Vec<String>,
}

/// A version: what the plan said after one entry of its journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanVersionView {
    /// 1 is the plan as it was opened.
    pub n: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// What happened.
    pub what: Text,
    /// The field that was saved.
    pub field: Option<String>,
}

/// What a plan said at one version, every field as text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanTextView {
    /// Which version.
    pub version: PlanVersionView,
    /// Fields in the order in which they are printed.
    pub fields: Vec<FieldTextView>,
}

/// A field as text; a list is a line a row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldTextView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// What it said.
    pub text: String,
}
