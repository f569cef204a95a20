//! The whole state of one case between two steps, and its stored form. Stored with names, not numbers, so that a
//! journal can be replayed and read by people.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use huiyin_calendar::{Calendar, Instant, Span};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::clocks::ClockRun;
use crate::definition::{Definition, EventDecl, Party, StateIx};
use crate::directory::Directory;
use crate::machine::{Bits, Configuration, Delay, Env, View};
use crate::migrate::Before;
use crate::owner::excluded;

/// What a step may look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time of the step.
    pub now: Instant,
    /// Working days.
    pub calendar: &'a Calendar,
    /// Units and roles.
    pub directory: &'a dyn Directory,
    /// Id of the case.
    pub case_id: &'a str,
}

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseState {
    /// Active states, history, delayed events.
    pub config: Configuration,
    /// Its data.
    pub data: Value,
    /// The latest run of each clock, by its index.
    pub clocks: Vec<Option<ClockRun>>,
    /// Marks.
    pub marks: BTreeSet<String>,
    /// States handed to another party until they are left.
    pub reassigned: Vec<(StateIx, Party)>,
    /// Owner of the case, as last resolved: `role:…`, `unit:…`, `person:…`.
    pub owner: String,
    /// Owner of each active atomic state, as last resolved.
    pub owners: Vec<(StateIx, String)>,
    /// Its number; set by the caller before the opening step if the workflow speaks of `case.number`.
    pub number: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// Time of the last step.
    pub last_at: Instant,
    /// When a top-level final state was reached.
    pub closed_at: Option<Instant>,
    /// Steps taken; 0: not opened yet.
    pub seq: u64,
    /// The case as it stood before a migration, until the next step.
    pub before: Option<Before>,
}

/// The date that the case is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseDue<'a> {
    /// Clock.
    pub clock: &'a str,
    /// Its effective due date.
    pub at: Instant,
    /// It may move later.
    pub provisional: bool,
}

/// A stored state that does not fit its definition.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not the stored form.
    #[error("not a stored case: {0}")]
    Form(#[from] serde_json::Error),
    /// Names what the definition does not have.
    #[error(
        "the stored case names the {what} `{name}`, which {workflow} version {version} does not have; load it with the definition it was started with"
    )]
    Unknown {
        /// `state` or `clock`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Workflow.
        workflow: String,
        /// Its version.
        version: u32,
    },
}

impl CaseState {
    /// A case that is not opened yet.
    #[must_use]
    pub fn new(def: &Definition) -> Self {
        let data = if def.data.initial.is_object() { def.data.initial.clone() } else { Value::Object(Map::new()) };
        Self {
            config: Configuration::default(),
            data,
            clocks: vec![None; def.clocks.len()],
            marks: BTreeSet::new(),
            reassigned: Vec::new(),
            owner: String::new(),
            owners: Vec::new(),
            number: String::new(),
            opened_at: DateTime::<Utc>::UNIX_EPOCH,
            last_at: DateTime::<Utc>::UNIX_EPOCH,
            closed_at: None,
            seq: 0,
            before: None,
        }
    }

    /// Ids of the active atomic states, document order.
    pub fn active<'a>(&'a self, def: &'a Definition) -> impl Iterator<Item = &'a str> {
        self.config.atomic(def).map(|ix| def.states[usize::from(ix)].id.as_str())
    }

    /// Whether a state, atomic or not, is active.
    #[must_use]
    pub fn is_in(&self, state: crate::definition::StateIx) -> bool {
        self.config.active.contains(state)
    }

    /// Owners of the case and of its active states, the case's first, each once.
    #[must_use]
    pub fn all_owners(&self) -> Vec<&str> {
        let mut all = vec![self.owner.as_str()];
        for (_, owner) in &self.owners {
            if !all.contains(&owner.as_str()) {
                all.push(owner);
            }
        }
        all.retain(|owner| !owner.is_empty());
        all
    }

    /// The earliest due date among the running clocks.
    #[must_use]
    pub fn next_due<'a>(&self, def: &'a Definition) -> Option<CaseDue<'a>> {
        let running = def.clocks.iter().zip(&self.clocks).filter_map(|(decl, run)| Some((decl, run.as_ref()?)));
        running.filter(|(_, run)| run.is_running()).min_by_key(|(_, run)| run.due).map(|(decl, run)| CaseDue {
            clock: &decl.name,
            at: run.due,
            provisional: run.provisional,
        })
    }

    /// The timers that must exist now: key and time. What the engine's self-check compares with its rows.
    #[must_use]
    pub fn timers(&self, def: &Definition) -> Vec<(String, Instant)> {
        let clocks = def.clocks.iter().zip(&self.clocks).filter_map(|(decl, run)| {
            let run = run.as_ref()?;
            Some((crate::clocks::timer_key(&decl.name, run.run), run.timer?))
        });
        clocks.chain(self.config.delays.iter().map(|delay| (delay_key(delay.number), delay.due))).collect()
    }

    /// Columns of work lists, by the workflow's `summary:`. An expression that fails gives null.
    #[must_use]
    pub fn summary(&self, def: &Definition, ctx: &Context<'_>) -> BTreeMap<String, Value> {
        let env = self.env(ctx);
        let view = self.view(&env);
        def.summary.iter().map(|(name, expr)| (name.clone(), expr.value(&view).unwrap_or(Value::Null))).collect()
    }

    /// Units that may neither own nor see the case.
    #[must_use]
    pub fn excluded(&self, def: &Definition, ctx: &Context<'_>) -> Vec<String> {
        excluded(def, &self.view(&self.env(ctx)), ctx)
    }

    pub(crate) fn env<'a>(&'a self, ctx: &'a Context<'a>) -> StepEnv<'a> {
        StepEnv { ctx, now: Cell::new(ctx.now.max(self.last_at)), number: &self.number, opened_at: self.opened_at }
    }

    pub(crate) fn view<'a>(&'a self, env: &'a StepEnv<'a>) -> View<'a> {
        View { data: &self.data, event: None, active: &self.config.active, env }
    }

    /// The events that an active state or a clock would take now and that this actor may send, in document order.
    #[must_use]
    pub fn open_events<'a>(&self, def: &'a Definition, actor: &Actor, ctx: &Context<'_>) -> Vec<&'a EventDecl> {
        crate::admit::open_events(self, def, actor, ctx)
    }

    /// Units that may act on the case now by their name (`unit:x` among the senders of an event that an active state
    /// takes), as party strings.
    #[must_use]
    pub fn units_asked(&self, def: &Definition, ctx: &Context<'_>) -> Vec<String> {
        if self.config.done || self.seq == 0 { Vec::new() } else { crate::takers::units(self, def, ctx) }
    }

    /// As stored.
    #[must_use]
    pub fn to_json(&self, def: &Definition) -> Value {
        let id = |ix: StateIx| def.states.get(usize::from(ix)).map_or("", |state| state.id.as_str()).to_owned();
        let stored = Stored {
            active: self.config.active.iter().map(id).collect(),
            history: self
                .config
                .history
                .iter()
                .map(|(ix, list)| (id(*ix), list.iter().copied().map(id).collect()))
                .collect(),
            delays: self.config.delays.iter().map(|delay| StoredDelay::of(delay, &id)).collect(),
            next_delay: self.config.next_delay,
            done: self.config.done,
            data: self.data.clone(),
            clocks: named_clocks(def, &self.clocks),
            marks: self.marks.clone(),
            reassigned: self.reassigned.iter().map(|(ix, party)| (id(*ix), party.clone())).collect(),
            owner: self.owner.clone(),
            owners: self.owners.iter().map(|(ix, owner)| (id(*ix), owner.clone())).collect(),
            number: self.number.clone(),
            opened_at: self.opened_at,
            last_at: self.last_at,
            closed_at: self.closed_at,
            seq: self.seq,
            before: self.before.clone(),
        };
        serde_json::to_value(stored).unwrap_or(Value::Null)
    }

    /// From the stored form.
    ///
    /// # Errors
    /// When it is not one, or belongs to another definition.
    pub fn from_json(def: &Definition, stored: &Value) -> Result<Self, StateError> {
        let stored = Stored::deserialize(stored)?;
        let unknown = |what, name: &str| StateError::Unknown {
            what,
            name: name.to_owned(),
            workflow: def.name.clone(),
            version: def.version,
        };
        let find =
            |name: &str| def.states.iter().find(|s| s.id == name).map(|s| s.ix).ok_or_else(|| unknown("state", name));
        let mut case = Self::new(def);
        let mut active = Bits::default();
        for name in &stored.active {
            active.insert(find(name)?);
        }
        case.config.active = active;
        for (name, list) in &stored.history {
            let remembered = list.iter().map(|name| find(name)).collect::<Result<_, _>>()?;
            case.config.history.insert(find(name)?, remembered);
        }
        for delay in stored.delays {
            case.config.delays.push(delay.into_delay(&find)?);
        }
        case.config.next_delay = stored.next_delay;
        case.config.done = stored.done;
        for (name, run) in stored.clocks {
            let decl = def.clocks.iter().find(|clock| clock.name == name).ok_or_else(|| unknown("clock", &name))?;
            case.clocks[usize::from(decl.ix)] = Some(run);
        }
        case.reassigned = stored
            .reassigned
            .into_iter()
            .map(|(name, party)| Ok((find(&name)?, party)))
            .collect::<Result<_, StateError>>()?;
        case.owners = stored
            .owners
            .into_iter()
            .map(|(name, owner)| Ok((find(&name)?, owner)))
            .collect::<Result<_, StateError>>()?;
        (case.data, case.marks, case.owner, case.number) = (stored.data, stored.marks, stored.owner, stored.number);
        (case.opened_at, case.last_at, case.closed_at, case.seq) =
            (stored.opened_at, stored.last_at, stored.closed_at, stored.seq);
        case.before = stored.before;
        Ok(case)
    }
}

/// Key of the timer of a delayed event.
pub(crate) fn delay_key(number: u32) -> String {
    format!("delay/{number}")
}

fn named_clocks(def: &Definition, clocks: &[Option<ClockRun>]) -> BTreeMap<String, ClockRun> {
    let runs = def.clocks.iter().zip(clocks);
    runs.filter_map(|(decl, run)| Some((decl.name.clone(), run.clone()?))).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    active: Vec<String>,
    history: BTreeMap<String, Vec<String>>,
    delays: Vec<StoredDelay>,
    next_delay: u32,
    done: bool,
    data: Value,
    clocks: BTreeMap<String, ClockRun>,
    marks: BTreeSet<String>,
    reassigned: Vec<(String, Party)>,
    owner: String,
    owners: Vec<(String, String)>,
    number: String,
    opened_at: Instant,
    last_at: Instant,
    closed_at: Option<Instant>,
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDelay {
    number: u32,
    due: Instant,
    event: String,
    data: Value,
    id: Option<String>,
    state: Option<String>,
}

impl StoredDelay {
    fn of(delay: &Delay, id: &dyn Fn(StateIx) -> String) -> Self {
        Self {
            number: delay.number,
            due: delay.due,
            event: delay.event.clone(),
            data: delay.data.clone(),
            id: delay.id.clone(),
            state: delay.owner.map(id),
        }
    }

    fn into_delay(self, find: &dyn Fn(&str) -> Result<StateIx, StateError>) -> Result<Delay, StateError> {
        let owner = self.state.as_deref().map(find).transpose()?;
        Ok(Delay { number: self.number, due: self.due, event: self.event, data: self.data, id: self.id, owner })
    }
}

/// What the interpreter and expressions ask during a step.
pub(crate) struct StepEnv<'a> {
    pub(crate) ctx: &'a Context<'a>,
    /// Moves on while what was missed is done, each thing at the time it was due.
    pub(crate) now: Cell<Instant>,
    pub(crate) number: &'a str,
    pub(crate) opened_at: Instant,
}

impl Env for StepEnv<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.now.get()
    }
    fn ends(&self, span: Span) -> DateTime<Utc> {
        self.ctx.calendar.shift(self.now.get(), span, false).at
    }
    fn case(&self) -> Value {
        json!({
            "id": self.ctx.case_id,
            "number": self.number,
            "opened_at": crate::expr::write_instant(self.opened_at),
        })
    }
    fn duty_desk(&self) -> String {
        self.ctx.directory.duty_desk()
    }
    fn route(&self, place: &str, category: &str) -> Option<String> {
        self.ctx.directory.route(place, category)
    }
    fn unit_relation(&self, unit: &str) -> Option<String> {
        self.ctx.directory.relation(unit)
    }
    fn stays_away(&self, unit: &str, accused: Vec<String>) -> bool {
        accused.iter().any(|each| each == unit) || self.ctx.directory.excluded(accused).iter().any(|each| each == unit)
    }
}
