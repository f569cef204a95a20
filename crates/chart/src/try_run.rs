//! `huiyin try`: a chart alone on virtual time, driven by a script. No clocks, owners or ladders; no engine.

use chrono::{DateTime, Datelike as _, Utc};
use huiyin_calendar::{Calendar, Span};
use serde::Serialize;
use serde_json::{Value, json};

use crate::definition::{Action, Definition, StateIx};
use crate::expr::{Expr, ExprError, Scope, write_instant};
use crate::machine::{Configuration, Delay, Env, Machine, MachineError, Sink};
use crate::step::{OPENED, merge};

pub use crate::script::{Item, SCRIPT_LIMIT, ScriptError, read_script};

/// Most timers that may come in one wait.
pub const TIMER_LIMIT: usize = 100_000;
/// Most timers that may come at one moment; beyond it they chase each other while time stands still.
pub const MOMENT_LIMIT: usize = 1_000;
/// Last year of virtual time.
const LAST_YEAR: i32 = 9999;

/// One line of the answer.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Line {
    /// Ids of the active atomic states, document order.
    pub active: Vec<String>,
    /// Virtual time.
    pub at: String,
    /// What was done since the line before, in order: remarks as texts, other actions as objects.
    pub actions: Vec<Value>,
}

/// Why a chart on virtual time cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// The chart is at fault.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// Timers without end.
    #[error(
        "{timers} timers came {}, the last one `{event}` of {state}. give it a longer delay, or let something end it",
        if *still { "while time stood still" } else { "in one wait" }
    )]
    Timers {
        /// How many.
        timers: usize,
        /// All at one moment.
        still: bool,
        /// The event of the last one.
        event: String,
        /// The state whose delay it is.
        state: String,
    },
    /// Beyond the last year of virtual time.
    #[error("the waits lead beyond the year {LAST_YEAR}. wait less")]
    Time,
}

/// Where a run stopped: what was told until then, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {cause}\n    the active states were {}", self.place(), self.states())]
pub struct Stopped {
    /// The lines before.
    pub lines: Vec<Line>,
    /// Number of the script's item, from 1; none: the opening.
    pub item: Option<usize>,
    /// Its event.
    pub event: Option<String>,
    /// What went wrong.
    pub cause: TrialError,
}

impl Stopped {
    fn place(&self) -> String {
        match (self.item, &self.event) {
            (Some(item), Some(event)) => format!("item {item} (`{event}`)"),
            (Some(item), None) => format!("item {item} (a wait)"),
            (None, _) => "the opening".to_owned(),
        }
    }

    fn states(&self) -> String {
        self.lines.last().map_or_else(|| "none yet".to_owned(), |line| line.active.join(", "))
    }
}

/// Runs a script from `start`. The first line is the initial configuration, then one line an item; what timers did
/// on the way stands in the line of the item that waited. A wait alone, `{"after": "1h"}`, shows what came after the
/// last event. A script that begins with `case.opened` opens with its data; its line is the first.
///
/// # Errors
/// When the chart is at fault, its timers have no end, or time runs out; with the lines before.
pub fn try_run(
    def: &Definition,
    calendar: &Calendar,
    start: DateTime<Utc>,
    script: &[Item],
) -> Result<Vec<Line>, Box<Stopped>> {
    let mut trial = Trial::new(def, calendar, start);
    let mut lines = Vec::new();
    let opening = script.first().filter(|item| item.event.as_deref() == Some(OPENED));
    let first = match opening {
        Some(item) => trial.open_by(item),
        None => trial.open(),
    };
    let mut stopped = match first {
        Ok(line) => {
            lines.push(line);
            None
        }
        Err(cause) => Some((opening.map(|_| 0), cause)),
    };
    for (ix, item) in script.iter().enumerate().skip(usize::from(opening.is_some())) {
        if stopped.is_some() {
            break;
        }
        match trial.item(item) {
            Ok(line) => lines.push(line),
            Err(cause) => stopped = Some((Some(ix), cause)),
        }
    }
    match stopped {
        None => Ok(lines),
        Some((ix, cause)) => Err(Box::new(Stopped {
            lines,
            item: ix.map(|ix| ix + 1),
            event: ix.and_then(|ix| script[ix].event.clone()),
            cause,
        })),
    }
}

/// A chart alone on virtual time, item by item.
pub struct Trial<'a> {
    def: &'a Definition,
    calendar: &'a Calendar,
    config: Configuration,
    data: Value,
    now: DateTime<Utc>,
}

impl<'a> Trial<'a> {
    /// Not opened yet; virtual time is `start`.
    #[must_use]
    pub fn new(def: &'a Definition, calendar: &'a Calendar, start: DateTime<Utc>) -> Self {
        let data = if def.data.initial.is_null() { json!({}) } else { def.data.initial.clone() };
        Self { def, calendar, config: Configuration::default(), data, now: start }
    }

    /// The data as they are now.
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// Enters the initial configuration.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub fn open(&mut self) -> Result<Line, TrialError> {
        self.step(|machine| machine.start(OPENED, &Value::Null))
    }

    /// Enters the initial configuration with the data of an opening laid over the defaults, after its wait.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub fn open_by(&mut self, item: &Item) -> Result<Line, TrialError> {
        if let Some(wait) = item.after {
            self.now = self.later(wait)?;
        }
        merge(&mut self.data, &item.data);
        self.step(|machine| machine.start(OPENED, &item.data))
    }

    /// Waits, then sends. Timers that come due on the way fire in due order, each at its own time.
    ///
    /// # Errors
    /// See [`TrialError`].
    pub fn item(&mut self, item: &Item) -> Result<Line, TrialError> {
        let mut done = Vec::new();
        if let Some(wait) = item.after {
            let until = self.later(wait)?;
            let (mut timers, mut at_once) = (0, 0);
            while let Some(delay) = self.config.next_delay().filter(|delay| delay.due <= until) {
                let (number, due) = (delay.number, delay.due);
                timers += 1;
                at_once = if due > self.now { 0 } else { at_once + 1 };
                if timers > TIMER_LIMIT || at_once > MOMENT_LIMIT {
                    return Err(self.without_end(delay, timers, at_once > MOMENT_LIMIT));
                }
                self.now = self.now.max(due);
                done.extend(self.step(|machine| machine.fire(number).map(|_| ()))?.actions);
            }
            self.now = until;
        }
        let mut line = match &item.event {
            Some(event) => self.step(|machine| machine.send(event, &item.data).map(|_| ()))?,
            None => self.step(|_| Ok(()))?,
        };
        done.append(&mut line.actions);
        Ok(Line { actions: done, ..line })
    }

    fn later(&self, wait: Span) -> Result<DateTime<Utc>, TrialError> {
        let until = self.calendar.shift(self.now, wait, false).at;
        if until.year() > LAST_YEAR { Err(TrialError::Time) } else { Ok(until) }
    }

    fn without_end(&self, delay: &Delay, timers: usize, still: bool) -> TrialError {
        let id = |ix: StateIx| format!("state `{}`", self.def.states[usize::from(ix)].id);
        let states = || self.config.atomic(self.def).map(id).collect::<Vec<_>>().join(", ");
        let state = delay.owner.map_or_else(states, id);
        TrialError::Timers { timers, still, event: delay.event.clone(), state }
    }

    fn step(&mut self, act: impl FnOnce(&mut Machine<'_>) -> Result<(), MachineError>) -> Result<Line, TrialError> {
        let env = Alone { calendar: self.calendar, now: self.now };
        let mut told = Told::default();
        act(&mut Machine::new(self.def, &mut self.config, &mut self.data, &env, &mut told))?;
        let id = |ix: StateIx| self.def.states[usize::from(ix)].id.clone();
        Ok(Line {
            active: self.config.atomic(self.def).map(id).collect(),
            at: write_instant(self.now),
            actions: told.0,
        })
    }
}

/// A world without directory and without case.
struct Alone<'a> {
    calendar: &'a Calendar,
    now: DateTime<Utc>,
}

impl Env for Alone<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }
    fn ends(&self, span: Span) -> DateTime<Utc> {
        self.calendar.shift(self.now, span, false).at
    }
    fn case(&self) -> Value {
        json!({"id": "", "number": ""})
    }
    fn duty_desk(&self) -> String {
        "duty-desk".into()
    }
    fn route(&self, _place: &str, _category: &str) -> Option<String> {
        None
    }
    fn unit_relation(&self, _unit: &str) -> Option<String> {
        None
    }
}

#[derive(Default)]
struct Told(Vec<Value>);

impl Sink for Told {
    fn handling(&mut self, _event: &str, _scope: &dyn Scope, _taken: bool) {}
    fn entered(&mut self, _ix: StateIx, _scope: &dyn Scope) {}
    fn exited(&mut self, _ix: StateIx) {}
    fn wrote(&mut self, path: &[String], value: &Value) {
        self.0.push(json!({"set": {path.join("."): value}}));
    }
    fn perform(&mut self, action: &Action, scope: &dyn Scope) {
        self.0.push(shown(action, scope));
    }
    fn delayed(&mut self, delay: &Delay) {
        if delay.owner.is_none() {
            self.0.push(json!({"raise": delay.event, "due": write_instant(delay.due)}));
        }
    }
    fn undelayed(&mut self, _delay: &Delay) {}
    fn failed(&mut self, error: &ExprError) {
        self.0.push(json!({"failed": error.to_string()}));
    }
}

/// An action as a person reads it, with its values worked out.
fn shown(action: &Action, scope: &dyn Scope) -> Value {
    let value = |expr: &Expr| expr.value(scope).unwrap_or(Value::Null);
    let all = |data: &[(String, Expr)]| -> Value {
        data.iter().map(|(k, e)| (k.clone(), value(e))).collect::<serde_json::Map<_, _>>().into()
    };
    match action {
        Action::Log(text) => Value::String(text.clone()),
        Action::Notify { to, template, urgent } => {
            let to: Vec<String> = to.iter().map(crate::desk::recipient).collect();
            json!({"notify": to, "template": template, "urgent": urgent})
        }
        Action::Document { template } => json!({"document": template}),
        Action::Emit { event, data } => json!({"emit": event, "data": all(data)}),
        Action::Open { workflow, link, data } => json!({"open": workflow, "link": link, "data": all(data)}),
        Action::Send { to, event, data } => {
            json!({"send": event, "to": value(to), "data": all(data)})
        }
        Action::Mark(name) => json!({"mark": name}),
        Action::Unmark(name) => json!({"unmark": name}),
        Action::Reassign(owner) => match owner {
            crate::definition::Owner::Party(party) => json!({"reassign": party}),
            crate::definition::Owner::Expr(expr) => json!({"reassign": value(expr)}),
        },
        Action::Set(_) | Action::Raise { .. } | Action::Cancel(_) => Value::Null,
    }
}
