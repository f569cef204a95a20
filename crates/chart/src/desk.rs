//! What happens around the chart while it moves: clocks start and end, marks and owners change, actions become
//! effects, everything becomes a fact. It is the interpreter's [`Sink`]; it decides nothing about states.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use huiyin_calendar::Instant;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use crate::actor::Actor;
use crate::case::{StepEnv, delay_key};
use crate::clocks::{self, ClockRun, Reaction, Role, Status};
use crate::definition::{Action, ClockIx, Definition, Owner, Party, Recipient, StateIx, Trigger};
use crate::expr::{Expr, ExprError, Scope};
use crate::machine::{Bits, Delay, Sink};
use crate::outcome::{ClockEnd, Effect, Fact, Outcome, RungRef, TimerChange};
use crate::owner;

/// A value larger than this makes the step measure the whole data.
const LARGE_VALUE: usize = 16 * 1024;

/// A notice of a rung that waits until everything that was missed is done.
pub(crate) struct Waiting {
    pub(crate) clock: ClockIx,
    pub(crate) key: String,
    pub(crate) to: Vec<String>,
    pub(crate) template: String,
    pub(crate) urgent: bool,
    pub(crate) rung: RungRef,
}

/// The parts of a case that a desk writes to.
pub(crate) struct Parts<'a> {
    pub(crate) clocks: &'a mut [Option<ClockRun>],
    pub(crate) marks: &'a mut BTreeSet<String>,
    pub(crate) reassigned: &'a mut Vec<(StateIx, Party)>,
}

/// See the module.
pub(crate) struct Desk<'a> {
    pub(crate) def: &'a Definition,
    pub(crate) env: &'a StepEnv<'a>,
    pub(crate) actor: Option<&'a Actor>,
    pub(crate) clocks: &'a mut [Option<ClockRun>],
    pub(crate) marks: &'a mut BTreeSet<String>,
    pub(crate) reassigned: &'a mut Vec<(StateIx, Party)>,
    pub(crate) out: &'a mut Outcome,
    /// Number of this step.
    pub(crate) seq: u64,
    /// Effects of this step that are not of rungs.
    pub(crate) effects: u32,
    /// States or data changed: owners are resolved anew.
    pub(crate) changed: bool,
    /// A large value was written.
    pub(crate) large: bool,
    /// A clock took the event.
    pub(crate) took: bool,
    /// The clock whose rung is raising an event.
    pub(crate) raising: Option<ClockIx>,
    /// Notices of rungs, at most one a clock.
    pub(crate) waiting: SmallVec<[Waiting; 1]>,
    /// The state being entered, whose actions are running.
    entering: Option<StateIx>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        def: &'a Definition,
        env: &'a StepEnv<'a>,
        parts: Parts<'a>,
        out: &'a mut Outcome,
        seq: u64,
        actor: Option<&'a Actor>,
    ) -> Self {
        let Parts { clocks, marks, reassigned } = parts;
        Self {
            def,
            env,
            actor,
            clocks,
            marks,
            reassigned,
            out,
            seq,
            effects: 0,
            changed: false,
            large: false,
            took: false,
            raising: None,
            waiting: SmallVec::new(),
            entering: None,
        }
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.out.facts.push(fact);
    }

    fn test(&mut self, expr: &Expr, scope: &dyn Scope) -> bool {
        expr.test(scope).unwrap_or_else(|error| {
            self.failed(&error);
            false
        })
    }

    fn when(&mut self, trigger: &Trigger, scope: &dyn Scope) -> bool {
        trigger.when.as_ref().is_none_or(|when| self.test(when, scope))
    }

    /// The legal instant of a trigger, never after now: a date in the future buys no time. One that cannot be read
    /// counts as now: a fact says so.
    fn at(&mut self, trigger: &Trigger, scope: &dyn Scope) -> Instant {
        let Some(expr) = &trigger.at else {
            return self.env.now.get();
        };
        let now = self.env.now.get();
        match expr.instant(scope) {
            Ok(at) => at.min(now),
            Err(error) => {
                self.failed(&error);
                now
            }
        }
    }

    /// A clock hears of something. True: it did something.
    fn react(&mut self, reaction: Reaction, by: &str, scope: &dyn Scope) -> bool {
        let def = self.def;
        let decl = &def.clocks[usize::from(reaction.clock)];
        let running = self.clocks[usize::from(reaction.clock)].as_ref().is_some_and(ClockRun::is_running);
        let trigger = reaction.trigger(decl);
        match (reaction.role, trigger) {
            (Role::Start, Some(trigger)) => self.start(reaction.clock, trigger, scope),
            (Role::Meet, Some(trigger)) if running && self.when(trigger, scope) => {
                let started = self.clocks[usize::from(reaction.clock)].as_ref().map(|run| run.started_at);
                let at = self.at(trigger, scope);
                let at = started.map_or(at, |started| at.max(started));
                self.end(reaction.clock, Status::Met, at, by.to_owned());
                true
            }
            (Role::Void, Some(trigger)) if running && self.when(trigger, scope) => {
                self.end(reaction.clock, Status::Void, self.env.now.get(), by.to_owned());
                true
            }
            (Role::Ask, _) if running => self.ask(reaction.clock),
            (Role::Grant, _) if running => self.grant(reaction.clock, scope),
            (Role::Refuse, _) if running => {
                let run = self.clocks[usize::from(reaction.clock)].as_mut();
                run.is_some_and(|run| run.asked_at.take().is_some())
            }
            _ => false,
        }
    }

    /// A clock starts, unless it runs, or ended and does not restart.
    pub(crate) fn start(&mut self, ix: ClockIx, trigger: &Trigger, scope: &dyn Scope) -> bool {
        let def = self.def;
        let decl = &def.clocks[usize::from(ix)];
        let before = self.clocks[usize::from(ix)].as_ref().map(|run| (run.run, run.is_running()));
        if before.is_some_and(|(_, running)| running || !decl.restarts) || !self.when(trigger, scope) {
            return false;
        }
        let start = self.at(trigger, scope);
        let given = decl.due.as_ref().and_then(|expr| self.given(expr, scope));
        let mut run = ClockRun::begun(before.map_or(1, |(run, _)| run + 1), start, given, decl.ladder.len());
        run.reckon(decl, self.env.ctx.calendar, self.env.now.get(), true);
        run.plan(decl, self.env.ctx.calendar);
        self.fact(Fact::ClockStarted {
            clock: decl.name.clone(),
            run: run.run,
            start,
            due: run.due,
            policy_due: run.policy_due,
            limit_due: run.limit_due,
            given_due: run.given_due,
            provisional: run.provisional,
            basis: decl.limit.as_ref().map(|limit| limit.basis.clone()),
        });
        self.clocks[usize::from(ix)] = Some(run);
        true
    }

    /// A due date given by somebody else; a date alone means the end of that day.
    pub(crate) fn given(&mut self, expr: &Expr, scope: &dyn Scope) -> Option<Instant> {
        let read = expr.value(scope).and_then(|value| match value.as_str().map(str::parse::<NaiveDate>) {
            Some(Ok(day)) => Ok(self.env.ctx.calendar.end_of_day(day)),
            _ => expr.instant(scope),
        });
        read.map_err(|error| self.failed(&error)).ok()
    }

    /// A running clock ends.
    pub(crate) fn end(&mut self, ix: ClockIx, status: Status, at: Instant, by: String) {
        let def = self.def;
        let decl = &def.clocks[usize::from(ix)];
        let Some(run) = self.clocks[usize::from(ix)].as_mut() else {
            return;
        };
        if run.pause(false, false, self.env.now.get()) {
            run.reckon(decl, self.env.ctx.calendar, self.env.now.get(), false);
        }
        run.status = if status == Status::Met && at > run.due { Status::Late } else { status };
        run.ended_at = Some(at);
        run.paused = false;
        run.next = None;
        let over = |due: Option<Instant>| due.is_some_and(|due| at > due);
        let end = ClockEnd {
            clock: decl.name.clone(),
            run: run.run,
            at,
            due: run.due,
            policy_due: run.policy_due,
            over_policy: over(run.policy_due),
            limit_due: run.limit_due,
            over_limit: over(run.limit_due),
            given_due: run.given_due,
            by,
        };
        if run.timer.take().is_some() {
            self.out.timers.push(TimerChange::Clear { key: clocks::timer_key(&decl.name, run.run) });
        }
        let status = run.status;
        self.out.facts.push(match status {
            Status::Met => Fact::ClockMet(end),
            Status::Late => Fact::ClockLate(end),
            Status::Void | Status::Running => Fact::ClockVoid(end),
        });
        self.drop_notice(ix);
    }

    /// The notice of a clock that ended on the way is moot, unless the clock ended by what its own rung raised.
    fn drop_notice(&mut self, ix: ClockIx) {
        let own = self.raising == Some(ix);
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.clock == ix) {
            if own {
                self.waiting[at].rung.ended = true;
                return;
            }
            let waiting = self.waiting.remove(at);
            self.fact(Fact::RungSkipped { key: waiting.key, because: "clock_ended".into() });
        }
    }

    fn ask(&mut self, ix: ClockIx) -> bool {
        let decl = &self.def.clocks[usize::from(ix)];
        let (Some(run), Some(extension)) = (self.clocks[usize::from(ix)].as_mut(), &decl.extension) else {
            return false;
        };
        if clocks::asked(run, decl, extension, self.env.now.get()).is_err() {
            return false;
        }
        run.asked_at = Some(self.env.now.get());
        let fact = Fact::ExtensionAsked { clock: decl.name.clone(), run: run.run, due: run.due };
        self.fact(fact);
        true
    }

    fn grant(&mut self, ix: ClockIx, scope: &dyn Scope) -> bool {
        let decl = &self.def.clocks[usize::from(ix)];
        let (Some(run), Some(extension)) = (self.clocks[usize::from(ix)].as_mut(), &decl.extension) else {
            return false;
        };
        let Some((_, data)) = scope.event() else {
            return false;
        };
        let Ok(granted) = clocks::granted(run, decl, extension, data, self.actor, self.env.now.get()) else {
            return false;
        };
        let from = run.due;
        let span = granted.by;
        run.extensions.push(span);
        run.given_until = granted.until.or(run.given_until);
        run.asked_at = None;
        run.reckon(decl, self.env.ctx.calendar, self.env.now.get(), false);
        run.rearm(decl, self.env.ctx.calendar, self.env.now.get());
        run.plan(decl, self.env.ctx.calendar);
        let fact = Fact::ClockExtended {
            clock: decl.name.clone(),
            run: run.run,
            by: span,
            approved_by: self.actor.map_or_else(String::new, |actor| actor.id.clone()),
            reason: data.get("reason").and_then(Value::as_str).map(str::to_owned),
            from,
            due: run.due,
            due_version: run.due_version,
        };
        self.fact(fact);
        self.unmark_in_time(ix);
        if let Some(template) = &extension.sends {
            let key = self.effect_key();
            self.out.effects.push(Effect::Document { key, template: template.clone() });
        }
        true
    }

    /// A clock that is in time again takes its mark of lateness away, unless another clock that is over set it too.
    fn unmark_in_time(&mut self, ix: ClockIx) {
        let (def, now) = (self.def, self.env.now.get());
        let over = |run: &Option<ClockRun>| run.as_ref().is_some_and(|run| run.is_running() && run.due < now);
        if over(&self.clocks[usize::from(ix)]) {
            return;
        }
        let marks =
            |decl: &'a crate::definition::ClockDecl| decl.ladder.iter().filter_map(|rung| rung.does.mark.as_deref());
        for mark in marks(&def.clocks[usize::from(ix)]) {
            let mut clocks = def.clocks.iter().zip(self.clocks.iter());
            let still = clocks.any(|(decl, run)| over(run) && marks(decl).any(|each| each == mark));
            if !still && self.marks.remove(mark) {
                self.fact(Fact::Unmarked { mark: mark.to_owned() });
            }
        }
    }

    /// Opens and closes pauses after the chart came to rest.
    pub(crate) fn settle_pauses(&mut self, active: &Bits) {
        let def = self.def;
        for ix in def.pausing() {
            let decl = &def.clocks[usize::from(*ix)];
            let Some(run) = self.clocks[usize::from(*ix)].as_mut().filter(|run| run.is_running()) else {
                continue;
            };
            let whole = decl.pauses_in.iter().any(|state| active.contains(*state));
            let limit =
                decl.limit.as_ref().is_some_and(|limit| limit.pauses_in.iter().any(|state| active.contains(*state)));
            let stood = run.pauses.last().is_some_and(|pause| pause.to.is_none());
            if !run.pause(whole, limit, self.env.now.get()) {
                continue;
            }
            run.reckon(decl, self.env.ctx.calendar, self.env.now.get(), false);
            run.plan(decl, self.env.ctx.calendar);
            let (pauses, part) = if stood == whole { (limit, "limit") } else { (whole, "clock") };
            let (clock, part) = (decl.name.clone(), part.to_owned());
            let fact = if pauses {
                Fact::ClockPaused { clock, run: run.run, part }
            } else {
                Fact::ClockResumed { clock, run: run.run, part, due: run.due, due_version: run.due_version }
            };
            self.fact(fact);
        }
    }

    /// The next key for an effect that is not of a rung.
    pub(crate) fn effect_key(&mut self) -> String {
        let key = format!("s{}/{}", self.seq, self.effects);
        self.effects += 1;
        key
    }

    /// Sets a mark.
    pub(crate) fn mark(&mut self, mark: &str) {
        if !self.marks.contains(mark) {
            self.marks.insert(mark.to_owned());
            self.fact(Fact::Marked { mark: mark.to_owned() });
        }
    }

    /// Hands the given states over until they are left.
    pub(crate) fn reassign(&mut self, states: impl Iterator<Item = StateIx>, party: &Party) {
        for ix in states {
            self.reassigned.retain(|(state, _)| *state != ix);
            self.reassigned.push((ix, party.clone()));
        }
        self.reassigned.sort_unstable_by_key(|(ix, _)| *ix);
        self.changed = true;
    }

    fn payload(&mut self, data: &[(String, Expr)], scope: &dyn Scope) -> Value {
        let mut fields = Map::new();
        for (name, expr) in data {
            match expr.value(scope) {
                Ok(value) => {
                    fields.insert(name.clone(), value);
                }
                Err(error) => self.failed(&error),
            }
        }
        Value::Object(fields)
    }

    /// The owner at this moment of the state being entered, else of the case.
    fn owner_here(&self, scope: &dyn Scope) -> String {
        let handed =
            |ix: StateIx| self.reassigned.iter().find(|(state, _)| *state == ix).map(|(_, party)| party.to_string());
        if let Some(party) = self.entering.and_then(handed) {
            return party;
        }
        let root = self.def.states.first().and_then(|root| root.owner.as_ref());
        let first = || {
            self.def.states.iter().find(|state| state.is_leaf() && scope.in_state(state.ix)).map_or(0, |state| state.ix)
        };
        let owner: Option<&Owner> = match self.entering {
            Some(ix) => owner::inherited(self.def, ix),
            None => root.or_else(|| owner::inherited(self.def, first())),
        };
        owner.map_or_else(
            || format!("unit:{}", self.env.ctx.directory.duty_desk()),
            |owner| owner::resolve(owner, self.def, scope, self.env.ctx).party,
        )
    }

    fn notify(&mut self, to: &[Recipient], template: &str, urgent: bool, scope: &dyn Scope) {
        let owner = self.owner_here(scope);
        let key = self.effect_key();
        self.out.effects.push(Effect::Notify {
            key,
            to: to.iter().map(recipient).collect(),
            template: template.to_owned(),
            urgent,
            rung: None,
            owner: Some(owner),
        });
    }
}

/// A recipient as effects name it.
pub(crate) fn recipient(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Owner => "owner".into(),
        Recipient::UnitHead => "unit-head".into(),
        Recipient::Party(party) => party.to_string(),
        Recipient::Petitioner => "petitioner".into(),
    }
}

/// About how many bytes a value takes; stops counting when it is large.
pub(crate) fn size(value: &Value, enough: usize) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => {
            items.iter().fold(2, |sum, item| if sum > enough { sum } else { sum + size(item, enough) })
        }
        Value::Object(fields) => fields
            .iter()
            .fold(2, |sum, (key, item)| if sum > enough { sum } else { sum + key.len() + 3 + size(item, enough) }),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

impl Sink for Desk<'_> {
    fn handling(&mut self, event: &str, scope: &dyn Scope, taken: bool) {
        self.entering = None;
        let def = self.def;
        let mut took = taken;
        for reaction in def.on_event(event) {
            // An event that states name counts when one of them takes it; and a clock starts only by an event that is
            // expected: taken by the chart or by another clock.
            if took || (reaction.alone && reaction.role != Role::Start) {
                took |= self.react(*reaction, event, scope);
            }
        }
        self.took |= took;
    }

    fn entered(&mut self, ix: StateIx, scope: &dyn Scope) {
        let def = self.def;
        let id = &def.states[usize::from(ix)].id;
        self.fact(Fact::StateEntered { state: id.clone() });
        self.changed = true;
        let reactions = def.on_entered(ix);
        if !reactions.is_empty() {
            let by = format!("entered {id}");
            for reaction in reactions {
                self.react(*reaction, &by, scope);
            }
        }
        self.entering = Some(ix);
    }

    fn exited(&mut self, ix: StateIx) {
        self.entering = None;
        self.changed = true;
        self.reassigned.retain(|(state, _)| *state != ix);
        let state = self.def.states[usize::from(ix)].id.clone();
        self.fact(Fact::StateLeft { state });
    }

    fn wrote(&mut self, path: &[String], value: &Value) {
        self.changed = true;
        self.large |= size(value, LARGE_VALUE) > LARGE_VALUE;
        self.fact(Fact::DataSet { path: path.join("."), value: value.clone() });
    }

    fn perform(&mut self, action: &Action, scope: &dyn Scope) {
        match action {
            Action::Notify { to, template, urgent } => self.notify(to, template, *urgent, scope),
            Action::Document { template } => {
                let key = self.effect_key();
                self.out.effects.push(Effect::Document { key, template: template.clone() });
            }
            Action::Emit { event, data } => {
                let (data, key) = (self.payload(data, scope), self.effect_key());
                self.out.effects.push(Effect::Emit { key, event: event.clone(), data });
            }
            Action::Open { workflow, link, data } => {
                let (data, key) = (self.payload(data, scope), self.effect_key());
                self.out.effects.push(Effect::Open { key, workflow: workflow.clone(), link: link.clone(), data });
            }
            Action::Send { to, event, data } => self.send_to(to, event, data, scope),
            Action::Mark(mark) => self.mark(mark),
            Action::Unmark(mark) => {
                if self.marks.remove(mark) {
                    self.fact(Fact::Unmarked { mark: mark.clone() });
                }
            }
            Action::Reassign(to) => {
                let resolved = owner::resolve(to, self.def, scope, self.env.ctx);
                if let Some(party) = Party::parse(&resolved.party) {
                    let def = self.def;
                    let active: SmallVec<[StateIx; 8]> = def
                        .states
                        .iter()
                        .filter(|state| state.is_leaf() && scope.in_state(state.ix))
                        .map(|s| s.ix)
                        .collect();
                    self.reassign(active.into_iter(), &party);
                }
            }
            Action::Log(text) => self.fact(Fact::Remark { text: text.clone() }),
            Action::Set(_) | Action::Raise { .. } | Action::Cancel(_) => {}
        }
    }

    fn delayed(&mut self, delay: &Delay) {
        self.out.timers.push(TimerChange::Set { key: delay_key(delay.number), at: delay.due });
    }

    fn undelayed(&mut self, delay: &Delay) {
        self.out.timers.push(TimerChange::Clear { key: delay_key(delay.number) });
    }

    fn failed(&mut self, error: &ExprError) {
        self.fact(Fact::ExpressionFailed { expression: error.source_text.clone(), problem: error.problem.clone() });
    }
}

impl Desk<'_> {
    fn send_to(&mut self, to: &Expr, event: &str, data: &[(String, Expr)], scope: &dyn Scope) {
        match to.value(scope) {
            Ok(Value::String(to)) if to.is_empty() => {}
            Ok(Value::String(to)) => {
                let (data, key) = (self.payload(data, scope), self.effect_key());
                self.out.effects.push(Effect::Send { key, to, event: event.to_owned(), data });
            }
            Ok(Value::Array(list)) if list.iter().all(Value::is_string) => {
                let data = self.payload(data, scope);
                for to in list.iter().filter_map(Value::as_str).filter(|to| !to.is_empty()) {
                    let (key, data) = (self.effect_key(), data.clone());
                    self.out.effects.push(Effect::Send { key, to: to.to_owned(), event: event.to_owned(), data });
                }
            }
            Ok(other) => self.failed(&ExprError {
                source_text: to.source.clone(),
                problem: format!("gave {other}; expected `parent`, the name of a link, the id or number of a case, or a list of these"),
            }),
            Err(error) => self.failed(&error),
        }
    }
}
