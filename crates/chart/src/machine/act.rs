//! Actions that change the case itself: `set`, `raise`, `cancel`. All others go to the sink.

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use serde_json::{Map, Value};

use super::{DELAY_LIMIT, Delay, Handled, Machine, MachineError, View};
use crate::definition::{Action, StateIx};
use crate::expr::Expr;

impl Machine<'_> {
    pub(super) fn act_all(&mut self, actions: &[Action], event: Handled<'_>) -> Result<(), MachineError> {
        actions.iter().try_for_each(|action| self.act(action, event))
    }

    fn act(&mut self, action: &Action, event: Handled<'_>) -> Result<(), MachineError> {
        match action {
            Action::Set(fields) => self.set(fields, event),
            Action::Raise { event: name, data, after, id } => {
                let payload = self.payload(data, event);
                match after {
                    None => self.queue.push_back((name.clone(), payload)),
                    Some(span) => self.delay(name.clone(), payload, *span, id.clone(), None)?,
                }
            }
            Action::Cancel(id) => self.cancel(id),
            other => {
                let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
                self.sink.perform(other, &view);
            }
        }
        Ok(())
    }

    fn value(&mut self, expr: &Expr, event: Handled<'_>) -> Option<Value> {
        let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
        match expr.value(&view) {
            Ok(value) => Some(value),
            Err(error) => {
                self.sink.failed(&error);
                None
            }
        }
    }

    /// All values are worked out on the data before; one that fails leaves its field as it is.
    fn set(&mut self, fields: &[(Vec<String>, Expr)], event: Handled<'_>) {
        if let [(path, expr)] = fields {
            if let Some(value) = self.value(expr, event) {
                self.write(path, value);
            }
            return;
        }
        let values: Vec<Option<Value>> = fields.iter().map(|(_, expr)| self.value(expr, event)).collect();
        for ((path, _), value) in fields.iter().zip(values) {
            if let Some(value) = value {
                self.write(path, value);
            }
        }
    }

    fn write(&mut self, path: &[String], value: Value) {
        self.wrote = true;
        self.sink.wrote(path, &value);
        write(self.data, path, value);
    }

    fn payload(&mut self, data: &[(String, Expr)], event: Handled<'_>) -> Value {
        let mut fields = Map::new();
        for (name, expr) in data {
            if let Some(value) = self.value(expr, event) {
                fields.insert(name.clone(), value);
            }
        }
        Value::Object(fields)
    }

    pub(super) fn delay(
        &mut self,
        event: String,
        data: Value,
        span: Span,
        id: Option<String>,
        owner: Option<StateIx>,
    ) -> Result<(), MachineError> {
        if self.config.delays.len() >= DELAY_LIMIT {
            return Err(MachineError::Delays);
        }
        let due: DateTime<Utc> = self.env.ends(span);
        let delay = Delay { number: self.config.next_delay, due, event, data, id, owner };
        self.config.next_delay += 1;
        self.sink.delayed(&delay);
        self.config.delays.push(delay);
        Ok(())
    }

    fn cancel(&mut self, id: &str) {
        let mut at = 0;
        while at < self.config.delays.len() {
            if self.config.delays[at].id.as_deref() == Some(id) {
                let delay = self.config.delays.remove(at);
                self.sink.undelayed(&delay);
            } else {
                at += 1;
            }
        }
    }
}

/// Writes a value at a path, making objects on the way.
pub(crate) fn write(data: &mut Value, path: &[String], value: Value) {
    let mut at = data;
    for step in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(fields) = at else { return };
        at = fields.entry(step.as_str()).or_insert(Value::Null);
    }
    *at = value;
}
