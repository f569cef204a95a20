//! The statechart interpreter: the algorithm of W3C SCXML with the choices of XState v5, run to completion.
//!
//! It changes a [`Configuration`] and the case's data, and tells a [`World`] what happened. It knows no clock of a
//! case, no owner and no ladder: those are built on top. Differences from XState are listed in `DIFFERENCES.md`.

mod act;
mod enter;
mod select;
mod tables;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use serde_json::Value;

use crate::definition::{Action, Definition, StateIx};
use crate::expr::{ExprError, Scope};

pub(crate) use tables::candidates;
pub use tables::{Bits, Tables, after_event, done_event, matches};

/// Most microsteps in one macrostep; beyond it the chart is in a loop in which time does not advance.
pub const MICROSTEP_LIMIT: usize = 1000;
/// Most raised events that may wait within one macrostep.
pub const QUEUE_LIMIT: usize = 1000;
/// Most bytes of values that one macrostep may make: written to the data or sent with raised events.
pub const WRITE_LIMIT: usize = 16 * crate::step::DATA_LIMIT;
/// Most elementary steps of one macrostep: states looked at, and the steps of expressions as their cost is known at load.
pub const WORK_LIMIT: u64 = 5_000_000;
/// Most delays that may wait in one case.
pub const DELAY_LIMIT: usize = 256;

/// What is active, what history remembers, what waits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Active states with their ancestors.
    pub active: Bits,
    /// History state → what was active when its parent was left.
    pub history: BTreeMap<StateIx, Vec<StateIx>>,
    /// Delayed events, in the order they were made.
    pub delays: Vec<Delay>,
    /// Number of the next delay.
    pub next_delay: u32,
    /// A top-level final state was reached: nothing more happens.
    pub done: bool,
}

/// A delayed event: plain data; the caller makes it a durable timer.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// Unique within the case.
    pub number: u32,
    /// When the event comes.
    pub due: DateTime<Utc>,
    /// The event.
    pub event: String,
    /// Its data.
    pub data: Value,
    /// Name for `cancel`.
    pub id: Option<String>,
    /// The state whose `after:` it is; leaving it cancels the delay.
    pub owner: Option<StateIx>,
}

impl Configuration {
    /// Active states without active children, document order.
    pub fn atomic<'a>(&'a self, def: &'a Definition) -> impl Iterator<Item = StateIx> + 'a {
        self.active.iter().filter(|ix| def.states[usize::from(*ix)].is_leaf())
    }

    /// The delay that is due first.
    #[must_use]
    pub fn next_delay(&self) -> Option<&Delay> {
        self.delays.iter().min_by_key(|delay| (delay.due, delay.number))
    }
}

/// What the interpreter asks.
pub trait Env {
    /// The time of this step.
    fn now(&self) -> DateTime<Utc>;
    /// When a span that starts now ends.
    fn ends(&self, span: Span) -> DateTime<Utc>;
    /// The case for expressions.
    fn case(&self) -> Value;
    /// See [`Scope::duty_desk`].
    fn duty_desk(&self) -> String;
    /// See [`Scope::route`].
    fn route(&self, place: &str, category: &str) -> Option<String>;
    /// See [`Scope::unit_relation`].
    fn unit_relation(&self, unit: &str) -> Option<String>;
    /// See [`Scope::stays_away`].
    fn stays_away(&self, unit: &str, accused: Vec<String>) -> bool {
        accused.iter().any(|each| each == unit)
    }
}

/// What the interpreter tells.
pub trait Sink {
    /// An event begins to be handled (internal ones too); `taken` says whether any transition takes it.
    fn handling(&mut self, event: &str, scope: &dyn Scope, taken: bool);
    /// A state was entered.
    fn entered(&mut self, ix: StateIx, scope: &dyn Scope);
    /// A state was left.
    fn exited(&mut self, ix: StateIx);
    /// A data field was written.
    fn wrote(&mut self, path: &[String], value: &Value);
    /// An action that is none of `set`, `raise`, `cancel` is due.
    fn perform(&mut self, action: &Action, scope: &dyn Scope);
    /// A delay began.
    fn delayed(&mut self, delay: &Delay);
    /// A delay was cancelled or has come.
    fn undelayed(&mut self, delay: &Delay);
    /// An expression failed: a guard counts as false, an action is left out.
    fn failed(&mut self, error: &ExprError);
}

/// What an expression sees at one moment.
pub struct View<'v> {
    /// The case's data.
    pub data: &'v Value,
    /// The event being handled.
    pub event: Option<(&'v str, &'v Value)>,
    /// Active states.
    pub active: &'v Bits,
    /// Everything else.
    pub env: &'v dyn Env,
}

impl Scope for View<'_> {
    fn data(&self) -> &Value {
        self.data
    }
    fn event(&self) -> Option<(&str, &Value)> {
        self.event
    }
    fn case(&self) -> Value {
        self.env.case()
    }
    fn now(&self) -> DateTime<Utc> {
        self.env.now()
    }
    fn in_state(&self, ix: StateIx) -> bool {
        self.active.contains(ix)
    }
    fn duty_desk(&self) -> String {
        self.env.duty_desk()
    }
    fn route(&self, place: &str, category: &str) -> Option<String> {
        self.env.route(place, category)
    }
    fn unit_relation(&self, unit: &str) -> Option<String> {
        self.env.unit_relation(unit)
    }
    fn stays_away(&self, unit: &str, accused: Vec<String>) -> bool {
        self.env.stays_away(unit, accused)
    }
}

/// The chart cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// A loop in which time does not advance.
    #[error(
        "{event}: after {MICROSTEP_LIMIT} microsteps the chart still moves. two `always` or `raise` chase each other"
    )]
    Endless {
        /// Event that started it.
        event: String,
    },
    /// Too many delays.
    #[error("more than {DELAY_LIMIT} delayed events wait in this case. cancel those that are no longer needed")]
    Delays,
    /// Too many raised events.
    #[error("more than {QUEUE_LIMIT} raised events wait in one step. two `raise` chase each other")]
    Queue,
    /// Too much data.
    #[error(
        "the data would grow beyond {} bytes, or one step would write more than {WRITE_LIMIT}. \
         look for a `set` that adds a field to itself",
        crate::step::DATA_LIMIT
    )]
    Data,
    /// Too much work.
    #[error("one step takes more than {WORK_LIMIT} elementary steps. fewer regions, `always` or list expressions")]
    Work,
}

/// The event being handled: its name and payload.
pub(crate) type Handled<'e> = (&'e str, &'e Value);

/// One macrostep at work.
pub struct Machine<'a> {
    def: &'a Definition,
    config: &'a mut Configuration,
    data: &'a mut Value,
    env: &'a dyn Env,
    sink: &'a mut dyn Sink,
    queue: VecDeque<(String, Value)>,
    /// `set` wrote data since this was last looked at.
    wrote: bool,
    /// Elementary steps taken.
    worked: u64,
    /// Bytes of values made.
    written: usize,
    /// Bytes written since the size of the data was worked out.
    unmeasured: usize,
}

impl<'a> Machine<'a> {
    /// Ready to run.
    pub fn new(
        def: &'a Definition,
        config: &'a mut Configuration,
        data: &'a mut Value,
        env: &'a dyn Env,
        sink: &'a mut dyn Sink,
    ) -> Self {
        Self {
            def,
            config,
            data,
            env,
            sink,
            queue: VecDeque::new(),
            wrote: false,
            worked: 0,
            written: 0,
            unmeasured: 0,
        }
    }

    /// Enters the initial configuration and runs to completion. `event` is what opened the case.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn start(&mut self, event: &str, payload: &Value) -> Result<(), MachineError> {
        self.tell_handling((event, payload), true);
        self.enter_initial((event, payload))?;
        self.complete((event, payload))
    }

    /// Handles one event and runs to completion. False: no active state took it, nothing changed.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn send(&mut self, event: &str, payload: &Value) -> Result<bool, MachineError> {
        if self.config.done {
            return Ok(false);
        }
        let enabled = self.select((event, payload))?;
        // What only forbids the event (`x: null`) keeps outer states from it; it is no answer to whoever sent it.
        let taken = enabled.iter().any(|ix| !self.def.transitions[usize::from(*ix)].forbidden);
        self.tell_handling((event, payload), taken);
        if enabled.is_empty() {
            return Ok(false);
        }
        self.microstep(&enabled, (event, payload))?;
        self.complete((event, payload))?;
        Ok(taken)
    }

    /// Takes the eventless transitions that are enabled, and what follows from them: after the chart itself changed.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn settle(&mut self, event: &str) -> Result<(), MachineError> {
        self.complete((event, &Value::Null))
    }

    /// Lets the given delay come: takes it out and handles its event. False: it is not there any more, or nobody took it.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn fire(&mut self, number: u32) -> Result<bool, MachineError> {
        let Some(at) = self.config.delays.iter().position(|delay| delay.number == number) else {
            return Ok(false);
        };
        let delay = self.config.delays.remove(at);
        self.sink.undelayed(&delay);
        self.send(&delay.event, &delay.data)
    }

    /// Goes on until nothing is enabled and no raised event waits. An eventless transition that left everything as it
    /// was (same states, same data) is not tried again before the next event, as in XState: it would be taken for ever.
    fn complete(&mut self, first: Handled<'_>) -> Result<(), MachineError> {
        let always = self.def.tables.always;
        let mut try_always = always;
        let mut current: Option<(String, Value)> = None;
        for _ in 0..MICROSTEP_LIMIT {
            if self.config.done {
                self.queue.clear();
                return Ok(());
            }
            if try_always {
                let event = current.as_ref().map_or(first, |(name, data)| (name.as_str(), data));
                let enabled = self.select_always(event)?;
                if !enabled.is_empty() {
                    try_always = self.microstep(&enabled, event)?;
                    continue;
                }
            }
            let Some(next) = self.queue.pop_front() else {
                return Ok(());
            };
            let event = (next.0.as_str(), &next.1);
            let enabled = self.select(event)?;
            self.tell_handling(event, !enabled.is_empty());
            if !enabled.is_empty() {
                self.microstep(&enabled, event)?;
            }
            try_always = always;
            current = Some(next);
        }
        Err(MachineError::Endless { event: first.0.to_owned() })
    }

    /// Counts elementary steps.
    fn work(&mut self, steps: u64) -> Result<(), MachineError> {
        self.worked = self.worked.saturating_add(steps);
        if self.worked > WORK_LIMIT { Err(MachineError::Work) } else { Ok(()) }
    }

    fn tell_handling(&mut self, event: Handled<'_>, taken: bool) {
        let view = View { data: self.data, event: Some(event), active: &self.config.active, env: self.env };
        self.sink.handling(event.0, &view, taken);
    }
}
