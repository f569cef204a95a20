//! The JSON Schema of the workflow language, for editors: completion, and a red line under what is no key. Its printed form
//! is `docs/workflow.schema.json`.
//!
//! Nothing is read by these types: the loader reads, and says what is wrong in words (`load/`). A test holds the keys of
//! both against each other.
#![allow(dead_code, reason = "these types are looked at by schemars alone")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

/// The schema (JSON Schema 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Workflow).to_value();
    if let Some(top) = schema.as_object_mut() {
        top.insert("title".to_owned(), "Huiyin workflow".into());
    }
    schema
}

/// One value or a list of them.
#[derive(JsonSchema)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A text for people; a plain text serves both languages.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Title {
    Both(String),
    Each(Each),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Each {
    /// Chinese.
    zh: String,
    /// English.
    en: String,
}

/// A CEL expression over `data`, `event`, `case`, `now`, or a value written out.
type Expression = Value;

/// A span of time: `2 hours`, `10 working hours`, `60 days`, `15 working days`, `2 months`; a bare number is milliseconds.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Span {
    Text(String),
    Milliseconds(u32),
}

/// One workflow: the header, and the state that holds all others.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Workflow {
    /// Its name, the same as the file's.
    #[schemars(required)]
    workflow: Option<String>,
    /// Grows with every change.
    version: Option<u32>,
    /// How cases are numbered: `{date}` and `{seq:6}`.
    number: Option<String>,
    /// JSON Schema of what a case remembers, or the name of a file beside it.
    data: Option<Value>,
    /// Which data stand in lists.
    summary: Option<BTreeMap<String, Expression>>,
    /// Units that must stay away 回避.
    excludes: Option<Expression>,
    /// What can happen: name → who may send it, and its form.
    events: Option<BTreeMap<String, Event>>,
    /// The deadlines.
    clocks: Option<BTreeMap<String, Clock>>,
    /// What `huiyin check` shall prove.
    targets: Option<OneOrMany<Target>>,
    /// Roles that the workflow names.
    roles: Option<Value>,
    /// The state that holds all others.
    #[serde(flatten)]
    root: State,
}

/// A state: the case waits in it, runs through it, or ends in it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct State {
    /// By which `#id` names it from anywhere; without it, its path.
    id: Option<String>,
    /// What people see.
    title: Option<Title>,
    description: Option<Title>,
    #[serde(rename = "type")]
    kind: Option<StateType>,
    /// What a history state remembers.
    history: Option<History>,
    /// Of a history state: where to begin while nothing is remembered.
    target: Option<OneOrMany<String>>,
    /// Of a state with states: where it begins.
    initial: Option<Initial>,
    /// States inside.
    states: Option<BTreeMap<String, State>>,
    /// Event → where it leads; `a.*` for all below a, `*` for all; null forbids it.
    on: Option<BTreeMap<String, Transitions>>,
    /// Taken at once when its guard holds.
    always: Option<Transitions>,
    /// Span of time → where it leads.
    after: Option<BTreeMap<String, Transitions>>,
    /// Done when it is entered.
    entry: Option<OneOrMany<Action>>,
    /// Done when it is left.
    exit: Option<OneOrMany<Action>>,
    /// Who owns the case here: `role:…`, `unit:…`, `person:…`, or an expression.
    owner: Option<Expression>,
    /// Notes for other programs.
    meta: Option<Value>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StateType {
    Parallel,
    Final,
    History,
    Compound,
    Atomic,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum History {
    Shallow,
    Deep,
}

/// A state inside, or that and what is done on the way.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Initial {
    State(OneOrMany<String>),
    WithActions(InitialWithActions),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct InitialWithActions {
    target: OneOrMany<String>,
    actions: Option<OneOrMany<Action>>,
}

/// The first whose guard holds is taken.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Transitions {
    /// Forbidden here.
    None(()),
    One(Way),
    List(Vec<Way>),
}

#[derive(JsonSchema)]
#[serde(untagged)]
enum Way {
    /// A state beside, `.child` inside, or `#id` anywhere.
    Target(String),
    Transition(Transition),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Transition {
    /// One state, or one in each of several regions. Without it no state is left.
    target: Option<OneOrMany<String>>,
    /// A condition.
    guard: Option<Expression>,
    actions: Option<OneOrMany<Action>>,
    /// Leave and enter the state even when the target lies inside it.
    reenter: Option<bool>,
    title: Option<Title>,
    description: Option<Title>,
}

/// One thing to do; a plain text is noted in the journal.
#[derive(JsonSchema)]
#[serde(untagged)]
enum Action {
    Log(String),
    Deed(Box<Deed>),
}

/// Exactly one deed; `template` and `urgent` belong to `notify`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Deed {
    /// Field → expression.
    set: Option<BTreeMap<String, Expression>>,
    /// An event of the case itself.
    raise: Option<Raise>,
    /// Id of a delayed raise.
    cancel: Option<String>,
    /// Whom a notice goes to: `owner`, `unit-head`, `role:…`, `unit:…`.
    notify: Option<OneOrMany<String>>,
    /// Template of the notice.
    template: Option<String>,
    /// Cannot wait for the morning.
    urgent: Option<bool>,
    /// Template of a letter.
    document: Option<String>,
    /// An event for other systems.
    emit: Option<Raise>,
    /// A linked case.
    open: Option<Open>,
    /// An event for other cases.
    send: Option<Send>,
    mark: Option<String>,
    unmark: Option<String>,
    /// Another owner.
    reassign: Option<Expression>,
    log: Option<String>,
}

#[derive(JsonSchema)]
#[serde(untagged)]
enum Raise {
    Name(String),
    Event(Box<RaisedEvent>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RaisedEvent {
    event: String,
    data: Option<BTreeMap<String, Expression>>,
    after: Option<Span>,
    delay: Option<Span>,
    /// By which `cancel` finds it.
    id: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Open {
    workflow: String,
    /// What this case calls the other one.
    link: Option<String>,
    data: Option<BTreeMap<String, Expression>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Send {
    /// `parent`, a link, or an expression that gives the id or number of a case, or a list of them.
    to: Expression,
    event: String,
    data: Option<BTreeMap<String, Expression>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Event {
    /// What stands on the button.
    title: Option<Title>,
    description: Option<Title>,
    /// `role:…`, `unit:…`, `owner`, `unit-head`, `public`, `machine`; nobody: clocks and other cases only.
    by: Option<OneOrMany<String>>,
    /// JSON Schema of its data; the console draws the form from it.
    form: Option<Value>,
    /// What must hold, else it is refused with your words.
    require: Option<OneOrMany<Requirement>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Requirement {
    /// A condition.
    that: String,
    /// Why it is refused otherwise.
    #[serde(rename = "else")]
    or_else: Title,
    /// The field of the form at which it is said.
    at: Option<String>,
}

/// A named deadline.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Clock {
    title: Option<Title>,
    description: Option<Title>,
    /// The office's own target.
    within: Option<Span>,
    /// A date that somebody else sets.
    due: Option<Expression>,
    /// The law. Both run, the earlier counts.
    limit: Option<Limit>,
    /// A last day on a day off moves to the next working day.
    rolls: Option<bool>,
    starts: OneOrMany<Trigger>,
    met_by: OneOrMany<Trigger>,
    void_by: Option<OneOrMany<Trigger>>,
    /// States in which it stands still.
    pauses_in: Option<OneOrMany<String>>,
    /// A new run when it starts again.
    restarts: Option<bool>,
    counts_as: Option<CountsAs>,
    extension: Option<Extension>,
    /// Rungs, and one last `repeat:`.
    ladder: Option<OneOrMany<Rung>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum CountsAs {
    Assignment,
    Answer,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Limit {
    within: Span,
    /// Law and article.
    basis: String,
    status: LimitStatus,
    confirmed_by: Option<String>,
    pauses_in: Option<OneOrMany<String>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LimitStatus {
    Verified,
    Secondary,
    Unverified,
}

/// An event, or a state entered.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Trigger {
    event: Option<String>,
    entered: Option<String>,
    /// A condition.
    when: Option<Expression>,
    /// The legal date, when it is not the day of recording.
    at: Option<Expression>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Extension {
    asked_by: String,
    granted_by: String,
    refused_by: Option<String>,
    up_to: Span,
    times: Option<u32>,
    approved_by: String,
    /// Always `before due`.
    asked: Option<String>,
    /// A letter.
    sends: Option<String>,
}

/// `at` a moment of the clock, or the last: `repeat`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Rung {
    /// `50%`, `start + 2 hours`, `due - 3 working days`, `due`, `due + 1 working day`.
    at: Option<String>,
    repeat: Option<Span>,
    notify: Option<OneOrMany<String>>,
    template: Option<String>,
    raise: Option<String>,
    reassign: Option<String>,
    mark: Option<String>,
    urgent: Option<bool>,
}

/// What `huiyin check` shall prove.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Target {
    title: Option<Title>,
    every: Option<Value>,
    reaches: Option<OneOrMany<String>>,
    within: Option<Span>,
    even_if: Option<String>,
    never: Option<OneOrMany<String>>,
    without: Option<OneOrMany<String>>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::load::{CLOCK_KEYS, HEADER_KEYS, RUNG_KEYS, STATE_KEYS};

    fn keys(schema: &Value) -> BTreeSet<&str> {
        schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect()
    }

    #[test]
    fn it_has_the_keys_that_the_loader_knows() {
        let schema = schema();
        let part = |name: &str| keys(&schema["$defs"][name]);
        assert_eq!(part("State"), STATE_KEYS.into());
        assert_eq!(part("Clock"), CLOCK_KEYS.into());
        assert_eq!(part("Rung"), RUNG_KEYS.into());
        assert_eq!(keys(&schema), STATE_KEYS.into_iter().chain(HEADER_KEYS).collect());
    }
}
