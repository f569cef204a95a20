//! The compiled workflow: what `load` makes of the YAML and what everything else reads.
//!
//! Plain data, immutable after loading, shared behind an `Arc`. It holds no behaviour beyond look-ups:
//! the interpreter is in `machine`, clocks are in `clocks`, the two together are `step`.
//! Every part keeps the [`Place`] it was written at, so that `check` and the console can point to it.

use std::collections::BTreeMap;

use huiyin_calendar::Span;
use serde::Serialize;
use serde_json::Value;

use crate::expr::Expr;

/// Index of a state in [`Definition::states`]; 0 is the root. Document order.
pub type StateIx = u16;
/// Index of a transition in [`Definition::transitions`]. Document order.
pub type TransitionIx = u16;
/// Index of a clock in [`Definition::clocks`]. Document order.
pub type ClockIx = u16;

/// Where something was written: 1-based line and column in `file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// File name as the author knows it, e.g. `workflows/petition.yaml`.
    pub file: std::sync::Arc<str>,
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
}

/// A text for people, Chinese first. A plain YAML string fills both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One workflow, loaded and compiled.
#[derive(Debug)]
pub struct Definition {
    /// `workflow:` the name, e.g. `petition`.
    pub name: String,
    /// `version:` a whole number, raised with every change in force.
    pub version: u32,
    /// SHA-256 (lower-case hex) over the sources; the identity under which the definition is kept for ever.
    pub hash: String,
    /// The exact source texts, main file first: what is stored, and what `hash` covers.
    pub sources: Vec<Source>,
    /// `title:`
    pub title: Text,
    /// `number:` the pattern of case numbers, e.g. `XF-{date}-{seq:6}`.
    pub number: Option<String>,
    /// `data:` the shape of a case's data.
    pub data: DataSchema,
    /// `summary:` name → expression; the columns of work lists (`title`, `place`, `category`, `channel`, `received_at`).
    pub summary: BTreeMap<String, Expr>,
    /// `excludes:` an expression giving the unit ids that may neither own nor see the case (the accused and theirs).
    pub excludes: Option<Expr>,
    /// `events:` in document order.
    pub events: Vec<EventDecl>,
    /// `clocks:` in document order.
    pub clocks: Vec<ClockDecl>,
    /// `targets:` what `check` proves.
    pub targets: Vec<TargetDecl>,
    /// All states, document order, root first.
    pub states: Vec<State>,
    /// All transitions, document order.
    pub transitions: Vec<Transition>,
    /// Every name used that is defined elsewhere, in the order it was read.
    pub mentions: Vec<Mention>,
    /// Look-up tables of the interpreter.
    pub tables: crate::machine::Tables,
    /// Look-up tables of the clocks and compiled forms; filled on first use.
    pub reactions: crate::clocks::Reactions,
}

/// A name that a workflow uses and that the district, the templates or another workflow define.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What kind of name.
    pub kind: MentionKind,
    /// The name, without `role:` or `unit:`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Path below the root of the file, e.g. `states.assigned.entry`.
    pub path: String,
}

/// See [`Mention`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MentionKind {
    /// A role of the directory.
    Role,
    /// A unit of the directory.
    Unit,
    /// A mail template.
    Template,
    /// A letter that is drawn up.
    Letter,
    /// A workflow that is opened.
    Workflow,
}

/// Which of the two promised rates a clock's runs are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CountsAs {
    /// 交办率: assigned within the limit.
    Assignment,
    /// 按时回复率: replies delivered by the due date.
    Answer,
}

/// One source file of a definition.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct Source {
    /// Path as referred to.
    pub path: String,
    /// Full text.
    pub text: String,
}

/// The shape of a case's data.
#[derive(Debug, Default)]
pub struct DataSchema {
    /// The JSON Schema as written (null when the workflow declares none: then any field may be set).
    pub schema: Value,
    /// The data of a new case before anything is set: the schema's `default`s.
    pub initial: Value,
    /// Control fields: dotted path → their finite domain. What guards should read.
    pub control: BTreeMap<String, Domain>,
    /// Confidential fields: dotted path → how they are kept from view.
    pub confidential: BTreeMap<String, Confidential>,
    /// The smallest `maxLength` or `maxItems` of any field: shorter values fit everywhere.
    pub(crate) shortest: usize,
}

/// The finite domain of a control field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Domain {
    /// true or false
    Bool,
    /// one of these strings
    Enum(Vec<String>),
    /// whole numbers, both ends included
    Int(i64, i64),
}

/// How a confidential field is kept from view. Both kinds are encrypted at rest with the case's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidential {
    /// Identity and contact: masked on screen; each unmasking is journalled.
    Masked,
    /// Text that may name people: shown to those who may see the case, encrypted at rest.
    Sealed,
}

/// One event that a case understands.
#[derive(Debug)]
pub struct EventDecl {
    /// Name with dots, e.g. `extension.approve`.
    pub name: String,
    /// What people see on the button.
    pub title: Text,
    /// Who may send it. Empty: only the case itself (`raise`), clocks and other cases.
    pub by: Vec<Sender>,
    /// JSON Schema of the event's data; the console draws its form from it. `null` when there is none.
    pub form: Value,
    /// Confidential fields of the form: dotted path → kind.
    pub confidential: BTreeMap<String, Confidential>,
    /// What must hold, else the event is refused with the text.
    pub require: Vec<Requirement>,
    /// Where it was written.
    pub place: Place,
}

/// A condition on an event, and the words of its refusal.
#[derive(Debug)]
pub struct Requirement {
    /// Must be true.
    pub that: Expr,
    /// Why it is refused otherwise.
    pub or_else: Text,
    /// Field of the form that the refusal stands at; none: above the form.
    pub at: Option<String>,
}

/// Who may send an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Sender {
    /// Anyone with this role: `role:dispatcher`.
    Role(String),
    /// Members of this unit: `unit:duty-desk`.
    Unit(String),
    /// Members of the unit that owns the state which takes the event: `owner`.
    Owner,
    /// Head of that unit: `unit-head`.
    UnitHead,
    /// The petitioner or the public, through the public pages: `public`.
    Public,
    /// Machines: sensors, other systems: `machine`.
    Machine,
}

/// One state.
#[derive(Debug)]
pub struct State {
    /// Its own index.
    pub ix: StateIx,
    /// Key under `states:` (the workflow's name for the root).
    pub key: String,
    /// Declared `id:`, else the dotted path below the root; unique in the workflow.
    pub id: String,
    /// What people see.
    pub title: Option<Text>,
    /// Kind.
    pub kind: StateKind,
    /// Parent; none for the root.
    pub parent: Option<StateIx>,
    /// Children in document order.
    pub children: Vec<StateIx>,
    /// Compound: the initial transition (targets below this state, its actions run after this state's entry).
    pub initial: Option<TransitionIx>,
    /// `on:` descriptor → candidate transitions, document order.
    pub on: Vec<(Descriptor, Vec<TransitionIx>)>,
    /// `always:`
    pub always: Vec<TransitionIx>,
    /// `after:` delay → candidate transitions.
    pub after: Vec<(Span, Vec<TransitionIx>)>,
    /// `entry:`
    pub entry: Vec<Action>,
    /// `exit:`
    pub exit: Vec<Action>,
    /// `owner:` of this state; inherited by its descendants.
    pub owner: Option<Owner>,
    /// Where it was written.
    pub place: Place,
}

impl State {
    /// Has no children that could be active.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, StateKind::Atomic | StateKind::Final)
    }
}

/// Kind of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum StateKind {
    /// No children.
    Atomic,
    /// One child active.
    Compound,
    /// All children active.
    Parallel,
    /// Ends its parent.
    Final,
    /// Restores what was active; `deep` or shallow. Its default target is its only transition in `initial`.
    History {
        /// true: all the way down.
        deep: bool,
    },
}

/// An event descriptor of `on:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Descriptor {
    /// `a.b` matches only `a.b`.
    Exact(String),
    /// `a.*` matches `a` and `a.b` and `a.b.c`; holds `a`.
    Prefix(String),
    /// `*` matches every event.
    Any,
}

/// One transition.
#[derive(Debug)]
pub struct Transition {
    /// The state it was written in.
    pub source: StateIx,
    /// Target states, document order as written; empty: no state is left (targetless).
    pub targets: Vec<StateIx>,
    /// Condition; none: always taken.
    pub guard: Option<Expr>,
    /// Actions between exit and entry.
    pub actions: Vec<Action>,
    /// `reenter: true`: an external transition, leaves and re-enters its source.
    pub reenter: bool,
    /// Written as `x: null`: the event is consumed and nothing happens (inner state forbids an outer transition).
    pub forbidden: bool,
    /// Where it was written.
    pub place: Place,
}

/// One action.
#[derive(Debug)]
pub enum Action {
    /// `{set: {path: expr}}`: all expressions are evaluated on the data before, then written in order.
    Set(Vec<(DataPath, Expr)>),
    /// `{raise: name}` or `{raise: {event, data, after, id}}`: to the case itself, now (internal queue) or later (a durable delay).
    Raise {
        /// Event name.
        event: String,
        /// Event data.
        data: Vec<(String, Expr)>,
        /// Delay; none: in this macrostep.
        after: Option<Span>,
        /// Name under which `cancel` finds it.
        id: Option<String>,
    },
    /// `{cancel: id}` of a delayed raise.
    Cancel(String),
    /// `{notify: who, template: name, urgent: bool}`
    Notify {
        /// Recipients.
        to: Vec<Recipient>,
        /// Template name.
        template: String,
        /// Not held back for office hours or digests.
        urgent: bool,
    },
    /// `{document: template}`: a paper that is drawn up and kept on the case (延期告知书 …).
    Document {
        /// Template name.
        template: String,
    },
    /// `{emit: name}` or `{emit: {event, data}}`: a message to the world outside the case.
    Emit {
        /// Event name.
        event: String,
        /// Data.
        data: Vec<(String, Expr)>,
    },
    /// `{open: {workflow, link, data}}`: opens another case linked with this one.
    Open {
        /// Workflow name.
        workflow: String,
        /// What the link is called on this case, e.g. `enforcement`.
        link: String,
        /// Data of the new case.
        data: Vec<(String, Expr)>,
    },
    /// `{send: {to: parent | link name | expr, event, data}}`: an event to other cases.
    Send {
        /// `parent`, a link, or an expression that gives the id or number of a case of the same district and timeline,
        /// or a list of these; an empty text or list: nobody.
        to: Expr,
        /// Event name.
        event: String,
        /// Data.
        data: Vec<(String, Expr)>,
    },
    /// `{mark: name}`: a lasting mark on the case (overdue …).
    Mark(String),
    /// `{unmark: name}`
    Unmark(String),
    /// `{reassign: owner}`: this party owns the active states until the state is left.
    Reassign(Owner),
    /// `{log: text}` or a bare string: a remark in the journal.
    Log(String),
}

/// A dotted path below `data`, split: `a.b` is `["a","b"]`.
pub type DataPath = Vec<String>;

/// Who owns a state.
#[derive(Debug)]
pub enum Owner {
    /// `role:dispatcher`, `unit:duty-desk`, `person:…`
    Party(Party),
    /// An expression giving a unit id or a party string, e.g. `data.unit`; empty or unknown falls back to the duty desk.
    Expr(Expr),
}

/// A role, a unit or a person. Written `role:x`, `unit:x`, `person:x` everywhere (YAML, journal, API).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A role in the district.
    Role(String),
    /// A unit.
    Unit(String),
    /// A person (account id).
    Person(String),
}

/// Whom a notice goes to. Stays symbolic; addresses are looked up when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Recipient {
    /// The owner of the state or clock: `owner`.
    Owner,
    /// Head of the owning unit: `unit-head`.
    UnitHead,
    /// A fixed party.
    Party(Party),
    /// The petitioner, by the channel they gave: `petitioner`.
    Petitioner,
}

/// One clock.
#[derive(Debug)]
pub struct ClockDecl {
    /// Its own index.
    pub ix: ClockIx,
    /// Name.
    pub name: String,
    /// What people see.
    pub title: Text,
    /// The office's own target; none: only the law's limit or a given due date.
    pub within: Option<Span>,
    /// `due:` an instant given by somebody else (a sender), instead of or beside `within` and `limit`.
    pub due: Option<Expr>,
    /// The law's maximum.
    pub limit: Option<Limit>,
    /// A last day on a day off rolls to the next working day. Off by default; display only when unconfirmed.
    pub rolls: bool,
    /// Starts when any of these happens and its `when` holds.
    pub starts: Vec<Trigger>,
    /// Met when any of these happens.
    pub met_by: Vec<Trigger>,
    /// Void when any of these happens.
    pub void_by: Vec<Trigger>,
    /// Stands still while any of these states is active.
    pub pauses_in: Vec<StateIx>,
    /// A new run starts on re-entry; otherwise a clock that ended stays ended.
    pub restarts: bool,
    /// Which of the two promised rates its runs are counted in.
    pub counts_as: Option<CountsAs>,
    /// How it may be extended.
    pub extension: Option<Extension>,
    /// Rungs in written order, without the final repeat.
    pub ladder: Vec<Rung>,
    /// The last rung, repeated until the clock is met or void.
    pub repeat: Option<Repeat>,
    /// Where it was written.
    pub place: Place,
}

/// The law's maximum.
#[derive(Debug)]
pub struct Limit {
    /// Time allowed.
    pub within: Span,
    /// Law and article, e.g. `信访工作条例 第三十四条`.
    pub basis: String,
    /// Whether the article was read.
    pub status: LimitStatus,
    /// Who in the bureau confirmed it.
    pub confirmed_by: Option<String>,
    /// Paused in these states (beside the clock's own pauses).
    pub pauses_in: Vec<StateIx>,
}

/// Whether an article was read in a source of the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitStatus {
    /// Read.
    Verified,
    /// Read in a secondary source.
    Secondary,
    /// Not read yet: shown with a mark, never printed on a letter.
    Unverified,
}

/// What starts, meets or voids a clock.
#[derive(Debug)]
pub struct Trigger {
    /// An event is taken (also `case.opened`), or a state is entered.
    pub on: TriggerOn,
    /// Only if this holds.
    pub when: Option<Expr>,
    /// The legal instant (timestamp, RFC 3339 string or date) of the start or of the meeting; none: now.
    pub at: Option<Expr>,
}

/// See [`Trigger`].
#[derive(Debug, PartialEq, Eq)]
pub enum TriggerOn {
    /// `{event: name}`
    Event(String),
    /// `{entered: state}`
    Entered(StateIx),
}

/// How a clock may be extended.
#[derive(Debug)]
pub struct Extension {
    /// Event that asks; must come before due.
    pub asked_by: String,
    /// Event that grants; its data carry `days` (counted in `up_to`'s unit) and `reason`.
    pub granted_by: String,
    /// Event that refuses: what was asked for is off the table, it cannot be granted any more without asking again.
    pub refused_by: Option<String>,
    /// Longest extension.
    pub up_to: Span,
    /// How often.
    pub times: u32,
    /// Who approves (also must be among the granting event's senders).
    pub approved_by: Party,
    /// Paper that goes out.
    pub sends: Option<String>,
}

/// One rung of a ladder.
#[derive(Debug)]
pub struct Rung {
    /// When.
    pub at: Anchor,
    /// What it does.
    pub does: RungActions,
    /// Where it was written.
    pub place: Place,
}

/// The last rung, again and again.
#[derive(Debug)]
pub struct Repeat {
    /// Interval.
    pub every: Span,
    /// What it does; when nothing is written, the notifications of the last rung that notifies.
    pub does: RungActions,
    /// Where it was written.
    pub place: Place,
}

/// What a rung does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RungActions {
    /// Recipients of a notice.
    pub notify: Vec<Recipient>,
    /// Template of the notice; default `clock-notice`.
    pub template: Option<String>,
    /// Event raised in the case.
    pub raise: Option<String>,
    /// New owner.
    pub reassign: Option<Party>,
    /// Mark set.
    pub mark: Option<String>,
    /// Not held back for office hours or digests.
    pub urgent: bool,
}

/// When a rung is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Anchor {
    /// `50%` of the counted time between start and due.
    Percent(u8),
    /// `start + span`
    Start(Span),
    /// `due - span`, `due`, `due + span`
    Due {
        /// true: before due.
        before: bool,
        /// Distance; none: at due itself.
        offset: Option<Span>,
    },
}

/// A property that `check` proves.
#[derive(Debug)]
pub struct TargetDecl {
    /// What people call it, e.g. 交办率.
    pub title: Text,
    /// What must hold.
    pub claim: Claim,
    /// Where it was written.
    pub place: Place,
}

/// See [`TargetDecl`].
#[derive(Debug)]
pub enum Claim {
    /// `every` event leads to one of `reaches` within the span, even if nobody acts.
    Reaches {
        /// Event after which it must hold.
        every: String,
        /// States of which one must be reached.
        reaches: Vec<StateIx>,
        /// In which time.
        within: Span,
        /// `even_if: nobody acts`
        nobody_acts: bool,
    },
    /// State `never` is not entered before `without` holds: the name of a state that must have been entered.
    NeverWithout {
        /// State that must not be entered …
        never: StateIx,
        /// … before any of these was.
        without: Vec<StateIx>,
    },
}
