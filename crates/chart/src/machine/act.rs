//! Actions that change the case itself: `set`, `raise`, `cancel`. All others go to the sink.

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use serde_json::{Map, Value};

use super::{DELAY_LIMIT, Delay, Handled, Machine, MachineError, QUEUE_LIMIT, View, WRITE_LIMIT};
use crate::definition::{Action, StateIx};
use crate::desk::size;
use crate::expr::{Expr, ExprError};
use crate::step::DATA_LIMIT;

/// Bytes that may be written before the size of the data is worked out anew.
const UNMEASURED: usize = 64 * 1024;

impl Machine<'_> {
    pub(super) fn act_all(&mut self, actions: &[Action], event: Handled<'_>) -> Result<(), MachineError> {
        actions.iter().try_for_each(|action| self.act(action, event))
    }

    fn act(&mut self, action: &Action, event: Handled<'_>) -> Result<(), MachineError> {
        match action {
            Action::Set(fields) => self.set(fields, event)?,
            Action::Raise { event: name, data, after, id } => {
                let payload = self.payload(data, event)?;
                match after {
                    None if self.queue.len() >= QUEUE_LIMIT => return Err(MachineError::Queue),
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

    fn value(&mut self, expr: &Expr, event: Handled<'_>) -> Result<Option<Value>, MachineError> {
        self.work(expr.cost)?;
        let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
        match expr.value(&view) {
            Ok(value) => self.made(&value).map(|()| Some(value)),
            Err(error) => {
                self.sink.failed(&error);
                Ok(None)
            }
        }
    }

    /// Counts a value that was made; all that one macrostep makes is bounded.
    fn made(&mut self, value: &Value) -> Result<(), MachineError> {
        let bytes = size(value, DATA_LIMIT);
        self.written = self.written.saturating_add(bytes);
        if bytes > DATA_LIMIT || self.written > WRITE_LIMIT {
            return Err(MachineError::Data);
        }
        Ok(())
    }

    /// All values are worked out on the data before; one that fails leaves its field as it is.
    fn set(&mut self, fields: &[(Vec<String>, Expr)], event: Handled<'_>) -> Result<(), MachineError> {
        // Also where nothing could be written: as in XState, an eventless transition that sets data is tried again.
        self.wrote = true;
        if let [(path, expr)] = fields {
            if let Some(value) = self.value(expr, event)? {
                self.write(path, expr, value)?;
            }
            return Ok(());
        }
        let values: Vec<Option<Value>> =
            fields.iter().map(|(_, expr)| self.value(expr, event)).collect::<Result<_, _>>()?;
        for ((path, expr), value) in fields.iter().zip(values) {
            if let Some(value) = value {
                self.write(path, expr, value)?;
            }
        }
        Ok(())
    }

    /// Writes what fits: a value longer than the schema allows is told like an expression that fails.
    fn write(&mut self, path: &[String], expr: &Expr, value: Value) -> Result<(), MachineError> {
        if let Some(problem) = self.def.data.too_long(path, &value) {
            self.sink.failed(&ExprError { source_text: expr.source.clone(), problem });
            return Ok(());
        }
        self.unmeasured = self.unmeasured.saturating_add(size(&value, DATA_LIMIT));
        self.sink.wrote(path, &value);
        write(self.data, path, value);
        if self.unmeasured > UNMEASURED {
            self.unmeasured = 0;
            if size(self.data, DATA_LIMIT) > DATA_LIMIT {
                return Err(MachineError::Data);
            }
        }
        Ok(())
    }

    fn payload(&mut self, data: &[(String, Expr)], event: Handled<'_>) -> Result<Value, MachineError> {
        let mut fields = Map::new();
        for (name, expr) in data {
            if let Some(value) = self.value(expr, event)? {
                fields.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(fields))
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
        if data.as_object().is_some_and(|fields| !fields.is_empty()) {
            let waiting = self.config.delays.iter().map(|delay| size(&delay.data, DATA_LIMIT));
            if waiting.fold(size(&data, DATA_LIMIT), usize::saturating_add) > DATA_LIMIT {
                return Err(MachineError::Data);
            }
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
