//! `huiyin try`: a chart alone on virtual time, driven by a script. No clocks, owners or ladders; no engine.

use chrono::{DateTime, Utc};
use huiyin_calendar::{Calendar, Span};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::definition::{Action, Definition, StateIx};
use crate::expr::{Expr, ExprError, Scope, write_instant};
use crate::machine::{Configuration, Delay, Env, Machine, MachineError, Sink};

/// One line of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Event to send; none: only wait.
    #[serde(default)]
    pub event: Option<String>,
    /// Its data.
    #[serde(default)]
    pub data: Value,
    /// How long to wait before.
    #[serde(default)]
    pub after: Option<Span>,
}

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

/// Runs a script from `start`. The first line is the initial configuration, then one line an item; what timers did
/// on the way stands in the line of the item that waited. A wait alone, `{"after": "1h"}`, shows what came after the
/// last event.
///
/// # Errors
/// When the chart loops without time advancing.
pub fn try_run(
    def: &Definition,
    calendar: &Calendar,
    start: DateTime<Utc>,
    script: &[Item],
) -> Result<Vec<Line>, MachineError> {
    let mut trial = Trial::new(def, calendar, start);
    let mut lines = vec![trial.open()?];
    for item in script {
        lines.push(trial.item(item)?);
    }
    Ok(lines)
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
    /// When the chart loops without time advancing.
    pub fn open(&mut self) -> Result<Line, MachineError> {
        self.step(|machine| machine.start("case.opened", &Value::Null))
    }

    /// Waits, then sends. Timers that come due on the way fire in due order, each at its own time.
    ///
    /// # Errors
    /// When the chart loops without time advancing.
    pub fn item(&mut self, item: &Item) -> Result<Line, MachineError> {
        let mut done = Vec::new();
        if let Some(wait) = item.after {
            let until = self.calendar.shift(self.now, wait, false).at;
            while let Some((number, due)) =
                self.config.next_delay().map(|d| (d.number, d.due)).filter(|(_, due)| *due <= until)
            {
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

    fn step(&mut self, act: impl FnOnce(&mut Machine<'_>) -> Result<(), MachineError>) -> Result<Line, MachineError> {
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
        Action::Notify { to, template, urgent } => json!({"notify": to, "template": template, "urgent": urgent}),
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
