//! Clocks, as the language describes them (DESIGN §4), written down a second time: what starts and ends them, when they
//! stand still, which states they cover, and which of their rungs come within a time.

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use huiyin_chart::Definition;
use huiyin_chart::definition::{Action, Anchor, ClockDecl, Rung, StateIx, StateKind, Trigger, TriggerOn};
use huiyin_chart::expr::{ExprError, Scope};
use huiyin_chart::machine::{Delay, Env, Sink};
use serde_json::Value;

/// One clock of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    pub running: bool,
    /// It ran and was met or void.
    pub ended: bool,
    /// Rungs that fired in this run.
    pub fired: u8,
    /// It began with the event after which a target is owed, and ran since.
    pub began: bool,
}

/// Listens to the interpreter and lets the clocks react.
pub struct Listener<'d> {
    def: &'d Definition,
    pub clocks: Vec<Clock>,
    pub entered: Vec<StateIx>,
    pub left: Vec<StateIx>,
    /// A clock took the event.
    pub heard: bool,
    /// This is the step after which a target is owed.
    owes: bool,
}

impl<'d> Listener<'d> {
    pub fn new(def: &'d Definition, clocks: Vec<Clock>, owes: bool) -> Self {
        Self { def, clocks, entered: Vec::new(), left: Vec::new(), heard: false, owes }
    }

    /// Lets all clocks react to something. `taken`: the chart took it.
    fn react(&mut self, hit: &dyn Fn(&Trigger) -> bool, taken: bool, alone: bool, scope: &dyn Scope) {
        let holds = |triggers: &[Trigger]| {
            triggers.iter().any(|trigger| {
                hit(trigger) && trigger.when.as_ref().is_none_or(|when| when.test(scope).unwrap_or(false))
            })
        };
        let mut taken = taken;
        for (clock, decl) in self.clocks.iter_mut().zip(&self.def.clocks) {
            if (taken || alone) && clock.running && (holds(&decl.met_by) || holds(&decl.void_by)) {
                *clock = Clock { ended: true, ..Clock::default() };
                self.heard = true;
                taken = true;
            }
        }
        for (clock, decl) in self.clocks.iter_mut().zip(&self.def.clocks) {
            let may = !clock.running && (!clock.ended || decl.restarts);
            if taken && may && holds(&decl.starts) {
                *clock = Clock { running: true, ended: false, fired: 0, began: self.owes };
            }
        }
    }
}

impl Sink for Listener<'_> {
    fn handling(&mut self, event: &str, scope: &dyn Scope, taken: bool) {
        let alone = self.def.only_clocks_hear(event);
        self.react(&|trigger| matches!(&trigger.on, TriggerOn::Event(name) if name == event), taken, alone, scope);
    }
    fn entered(&mut self, ix: StateIx, scope: &dyn Scope) {
        self.entered.push(ix);
        self.react(&|trigger| trigger.on == TriggerOn::Entered(ix), true, false, scope);
    }
    fn exited(&mut self, ix: StateIx) {
        self.left.push(ix);
    }
    fn wrote(&mut self, _path: &[String], _value: &Value) {}
    fn perform(&mut self, _action: &Action, _scope: &dyn Scope) {}
    fn delayed(&mut self, _delay: &Delay) {}
    fn undelayed(&mut self, _delay: &Delay) {}
    fn failed(&mut self, _error: &ExprError) {}
}

/// A world in which time stands still during a step, and every unit is the bureau's own.
pub struct Still;

impl Env for Still {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn ends(&self, _span: Span) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn case(&self) -> Value {
        Value::Null
    }
    fn duty_desk(&self) -> String {
        "duty-desk".into()
    }
    fn route(&self, _place: &str, _category: &str) -> Option<String> {
        None
    }
    fn unit_relation(&self, _unit: &str) -> Option<String> {
        Some("internal".into())
    }
}

/// Does everything of it stand still?
pub fn paused(decl: &ClockDecl, active: &[StateIx]) -> bool {
    let in_any = |states: &[StateIx]| states.iter().any(|ix| active.contains(ix));
    let own = decl.within.is_some() || decl.due.is_some();
    in_any(&decl.pauses_in) || (!own && decl.limit.as_ref().is_some_and(|limit| in_any(&limit.pauses_in)))
}

/// Will somebody be told, or something be done, after all rungs so far?
pub fn has_next(decl: &ClockDecl, clock: &Clock) -> bool {
    if usize::from(clock.fired) < decl.ladder.len() {
        return true;
    }
    let Some(repeat) = &decl.repeat else { return false };
    let acts = |does: &huiyin_chart::definition::RungActions| {
        !does.notify.is_empty() || does.raise.is_some() || does.reassign.is_some()
    };
    acts(&repeat.does) || (repeat.does.mark.is_none() && decl.ladder.iter().any(|rung| acts(&rung.does)))
}

/// Does it count for this state? A clock counts for the life in which it starts; one that an event starts, for all.
pub fn covers(def: &Definition, decl: &ClockDecl, leaf: StateIx, active: &[StateIx]) -> bool {
    !paused(decl, active)
        && decl.starts.iter().all(|trigger| match trigger.on {
            TriggerOn::Event(_) => true,
            TriggerOn::Entered(_) => life(def, decl).is_none_or(|life| life == leaf || def.tables.below(leaf, life)),
        })
}

/// The innermost life of a parallel state around everything in which the clock starts; none: the whole case.
fn life(def: &Definition, decl: &ClockDecl) -> Option<StateIx> {
    let around = |ix: StateIx| {
        let mut found = vec![ix];
        let mut at = ix;
        while let Some(parent) = def.states[usize::from(at)].parent {
            found.push(parent);
            at = parent;
        }
        found
    };
    let starts: Vec<Vec<StateIx>> = decl
        .starts
        .iter()
        .map(|trigger| match trigger.on {
            TriggerOn::Entered(ix) => around(ix),
            TriggerOn::Event(_) => vec![0],
        })
        .collect();
    let is_life = |ix: StateIx| {
        let parent = def.states[usize::from(ix)].parent;
        parent.is_some_and(|parent| def.states[usize::from(parent)].kind == StateKind::Parallel)
    };
    let first = starts.first()?;
    first.iter().copied().find(|ix| is_life(*ix) && starts.iter().all(|around| around.contains(ix)))
}

/// Does a rung come within this time after the clock began, whatever the calendar? Only times of one unit are compared.
pub fn in_time(decl: &ClockDecl, rung: &Rung, within: Span) -> bool {
    let short = |span: Span| span.unit == within.unit && span.n <= within.n;
    let due = decl.within.into_iter().chain(decl.limit.as_ref().map(|limit| limit.within)).any(short);
    match &rung.at {
        Anchor::Percent(_) | Anchor::Due { before: true, .. } | Anchor::Due { offset: None, .. } => due,
        Anchor::Start(span) => short(*span),
        Anchor::Due { before: false, offset: Some(_) } => false,
    }
}
