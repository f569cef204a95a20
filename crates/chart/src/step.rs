//! The step: (definition, case, input, context) → the case changed, and an [`Outcome`]. Pure and deterministic.
//!
//! Before an event is handled, everything that is due by then is done, in due order across clocks and delays: every
//! `raise`, `reassign` and `mark`; of the notices of one clock only that of the highest missed rung goes out. Each
//! thing is done as of the time it was due, so that a timer that comes late, by a moment or by an outage, makes
//! nothing late that the workflow did in time; the journal keeps the time of the step beside it.

mod versions;

use std::cell::Cell;

use huiyin_calendar::Instant;
use serde_json::Value;

use crate::actor::Actor;
use crate::case::{CaseState, Context, StepEnv};
use crate::clocks::{self, ClockRun, Firing, Role, Status};
use crate::definition::{ClockIx, Definition, RungActions, StateIx, TriggerOn};
use crate::desk::{Desk, Parts, Waiting, recipient, size};
use crate::machine::{Configuration, Machine};
use crate::migrate::Plan;
use crate::outcome::{Effect, Fact, Outcome, RungRef, TimerChange};
use crate::owner::{Owners, Resolved};
use crate::refusal::Refusal;

/// Name of the event by which a case is opened.
pub const OPENED: &str = "case.opened";
/// Most bytes of data in one case.
pub const DATA_LIMIT: usize = 1024 * 1024;
/// Most rungs and delays done in one step; what remains has its timer and is done in the next.
const DUE_LIMIT: usize = 1000;
/// Template of a rung that names none.
const DEFAULT_TEMPLATE: &str = "clock-notice";

/// What is put in.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Opens the case; its data are laid over the defaults of the schema.
    Open {
        /// Data of the new case.
        data: &'a Value,
    },
    /// An event; admission was checked before.
    Event {
        /// Name.
        name: &'a str,
        /// Data.
        data: &'a Value,
        /// Sender.
        actor: &'a Actor,
    },
    /// Does everything that is due at or before now.
    Tick,
    /// A new calendar: provisional dates are worked out anew; they only move later.
    AdoptCalendar,
    /// The case goes over to the version that the step is given. What was due by now was done before, under the old one.
    Migrate {
        /// The definition it runs on so far.
        from: &'a Definition,
        /// Which state becomes which, and a rule for each clock.
        plan: &'a Plan,
    },
    /// Takes a migration back as long as nothing else happened; the step is given the definition it goes back to.
    UndoMigration {
        /// The definition it runs on so far.
        from: &'a Definition,
    },
}

/// Takes one step. On an error `case` and `out` are to be thrown away.
///
/// # Errors
/// When the event is not expected here, comes too late, asks for more than the workflow allows, or the workflow is
/// at fault.
pub fn step(
    def: &Definition,
    case: &mut CaseState,
    input: Input<'_>,
    ctx: &Context<'_>,
    out: &mut Outcome,
) -> Result<(), Refusal> {
    let now = ctx.now.max(case.last_at);
    let held =
        (now != ctx.now && !matches!(input, Input::Tick)).then_some(Fact::TimeHeld { given: ctx.now, used: now });
    if matches!(input, Input::Open { .. }) {
        open_data(case, input, now)?;
    } else if case.seq == 0 {
        return Err(Refusal::new("workflow_fault", "案件尚未立案", "the case is not opened yet"));
    }
    let change = versions::change_form(def, case, input, ctx, now, out)?;
    let CaseState {
        config,
        data,
        clocks,
        marks,
        reassigned,
        owner,
        owners,
        number,
        opened_at,
        last_at,
        closed_at,
        seq,
        before,
    } = case;
    // Begins where the last step ended: what is due since then is done first, each thing at its own time.
    let begins = match input {
        Input::Event { .. } | Input::Tick => *last_at,
        _ => now,
    };
    let env = StepEnv { ctx, now: Cell::new(begins), number, opened_at: *opened_at };
    let actor = if let Input::Event { actor, .. } = input { Some(actor) } else { None };
    let written = (out.facts.len(), out.timers.len());
    out.facts.extend(held);
    let desk = Desk::new(def, &env, Parts { clocks, marks, reassigned }, out, *seq + 1, actor);
    let mut work = Work { def, config, data, env: &env, until: now, desk };
    match input {
        Input::Open { data } => work.open(data)?,
        Input::Event { name, data, actor } => work.event(name, data, actor)?,
        Input::Tick => work.due()?,
        Input::AdoptCalendar => work.adopt_calendar(),
        Input::Migrate { .. } | Input::UndoMigration { .. } => {
            if let Some(change) = &change {
                work.change_version(change)?;
            }
        }
    }
    work.finish(owner, owners, closed_at)?;
    if matches!(input, Input::Tick) && written == (out.facts.len(), out.timers.len()) {
        return Ok(());
    }
    if !matches!(input, Input::Migrate { .. }) {
        *before = None;
    }
    *seq += 1;
    *last_at = now;
    Ok(())
}

/// The data of a new case.
fn open_data(case: &mut CaseState, input: Input<'_>, now: Instant) -> Result<(), Refusal> {
    if case.seq != 0 {
        return Err(Refusal::new("workflow_fault", "案件已经立案", "the case is open already"));
    }
    if let Input::Open { data } = input {
        merge(&mut case.data, data);
    }
    case.opened_at = now;
    case.last_at = now;
    Ok(())
}

/// Lays given data over the defaults, objects field by field.
pub(crate) fn merge(into: &mut Value, given: &Value) {
    match (into, given) {
        (Value::Object(into), Value::Object(given)) => {
            for (key, value) in given {
                match into.get_mut(key) {
                    Some(field @ Value::Object(_)) if value.is_object() => merge(field, value),
                    _ => {
                        into.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (_, Value::Null) => {}
        (into, given) => *into = given.clone(),
    }
}

/// Refuses an event that asks for, grants or refuses an extension which no running clock can have, in words.
fn may_extend(
    def: &Definition,
    clocks: &[Option<ClockRun>],
    name: &str,
    data: &Value,
    actor: &Actor,
    now: Instant,
) -> Result<(), Refusal> {
    let mut refused = None;
    let mut concerned = false;
    for reaction in def.on_event(name) {
        let ix = usize::from(reaction.clock);
        let (Role::Ask | Role::Grant | Role::Refuse, Some(extension)) = (reaction.role, &def.clocks[ix].extension)
        else {
            continue;
        };
        concerned = true;
        let Some(run) = clocks[ix].as_ref().filter(|run| run.is_running()) else {
            continue;
        };
        let decl = &def.clocks[ix];
        let answer = match reaction.role {
            Role::Ask => crate::clocks::asked(run, decl, extension, now),
            Role::Grant => crate::clocks::granted(run, decl, extension, data, Some(actor), now).map(|_| ()),
            _ => crate::clocks::waits(run, decl),
        };
        match answer {
            Ok(()) => return Ok(()),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) => Err(refusal),
        None if concerned => Err(Refusal::new(
            "not_expected_here",
            "现在没有正在计时、可以延期的期限",
            "no clock that can be extended is running now",
        )),
        None => Ok(()),
    }
}

/// One step at work.
struct Work<'a> {
    def: &'a Definition,
    config: &'a mut Configuration,
    data: &'a mut Value,
    env: &'a StepEnv<'a>,
    /// The time of the step; what is due up to it is done.
    until: Instant,
    desk: Desk<'a>,
}

impl Work<'_> {
    fn open(&mut self, data: &Value) -> Result<(), Refusal> {
        self.desk.large = true;
        Machine::new(self.def, self.config, self.data, self.env, &mut self.desk).start(OPENED, data)?;
        self.desk.settle_pauses(&self.config.active);
        Ok(())
    }

    fn event(&mut self, name: &str, data: &Value, actor: &Actor) -> Result<(), Refusal> {
        self.due()?;
        may_extend(self.def, self.desk.clocks, name, data, actor, self.until)?;
        if self.config.done || !self.send(name, data)? {
            return Err(Refusal::not_expected(name));
        }
        Ok(())
    }

    /// Hands an event to the chart and to the clocks. False: neither took it.
    fn send(&mut self, name: &str, data: &Value) -> Result<bool, Refusal> {
        self.desk.took = false;
        let taken = Machine::new(self.def, self.config, self.data, self.env, &mut self.desk).send(name, data)?;
        let took = taken || self.desk.took;
        if took {
            self.desk.settle_pauses(&self.config.active);
        }
        Ok(took)
    }

    /// Does what is due, in due order.
    fn due(&mut self) -> Result<(), Refusal> {
        for _ in 0..DUE_LIMIT {
            if self.config.done {
                break;
            }
            let delay =
                self.config.next_delay().map(|delay| (delay.due, delay.number)).filter(|(at, _)| *at <= self.until);
            match (delay, self.next_rung()) {
                (Some((at, number)), rung) if rung.is_none_or(|(rung_at, _)| at <= rung_at) => {
                    self.move_to(at);
                    self.delayed(number)?;
                }
                (_, Some((at, clock))) => {
                    self.move_to(at);
                    self.rung(clock)?;
                }
                _ => break,
            }
        }
        if !self.config.done {
            self.move_to(self.until);
        }
        self.tell();
        Ok(())
    }

    /// The time of the step moves on to when something was due; never back.
    fn move_to(&self, at: Instant) {
        self.env.now.set(self.env.now.get().max(at));
    }

    /// The clock whose rung is due first.
    fn next_rung(&self) -> Option<(Instant, ClockIx)> {
        let next = self.desk.clocks.iter().zip(0..).filter_map(|(run, ix)| Some((run.as_ref()?.next?.0, ix)));
        next.filter(|(at, _)| *at <= self.until).min()
    }

    fn delayed(&mut self, number: u32) -> Result<(), Refusal> {
        let event = self.config.delays.iter().find(|delay| delay.number == number).map(|delay| delay.event.clone());
        self.desk.took = false;
        let taken = Machine::new(self.def, self.config, self.data, self.env, &mut self.desk).fire(number)?;
        self.desk.settle_pauses(&self.config.active);
        if !taken && !self.desk.took {
            self.desk.fact(Fact::EventIgnored { event: event.unwrap_or_default() });
        }
        Ok(())
    }

    /// The next rung of a clock fires.
    fn rung(&mut self, ix: ClockIx) -> Result<(), Refusal> {
        let def = self.def;
        let decl = &def.clocks[usize::from(ix)];
        let Some(run) = self.desk.clocks[usize::from(ix)].as_mut() else {
            return Ok(());
        };
        let (run_no, due) = (run.run, run.due);
        let Some(firing) = run.fire(decl, self.env.ctx.calendar, self.until) else {
            run.next = None;
            return Ok(());
        };
        let Some(does) = ClockRun::does(decl, firing.rung) else {
            return Ok(());
        };
        let (at, words) = clocks::rung_words(decl, firing.rung);
        let key = rung_key(&decl.name, run_no, &firing, decl.ladder.len());
        self.desk.fact(Fact::RungFired {
            key: key.clone(),
            clock: decl.name.clone(),
            run: run_no,
            rung: at.clone(),
            planned: firing.planned,
            missed: firing.missed,
            raised: does.raise.clone(),
        });
        if !does.notify.is_empty() {
            let rung = RungRef {
                clock: decl.name.clone(),
                run: run_no,
                at,
                words,
                due_version: firing.due_version,
                due_at: Some(due),
                ended: false,
            };
            self.wait(ix, key, does, rung);
        }
        self.act(ix, does)
    }

    /// What a rung does beside its notice.
    fn act(&mut self, ix: ClockIx, does: &RungActions) -> Result<(), Refusal> {
        if let Some(mark) = &does.mark {
            self.desk.mark(mark);
        }
        if let Some(party) = &does.reassign {
            let states: Vec<StateIx> = self.states_of(ix);
            self.desk.reassign(states.into_iter(), party);
        }
        if let Some(event) = &does.raise {
            self.desk.raising = Some(ix);
            let took = self.send(event, &Value::Null)?;
            self.desk.raising = None;
            if !took {
                self.desk.fact(Fact::EventIgnored { event: event.clone() });
            }
        }
        Ok(())
    }

    /// Keeps the notice of a rung until all that was missed is done; it takes the place of a lower one.
    fn wait(&mut self, clock: ClockIx, key: String, does: &RungActions, rung: RungRef) {
        if let Some(at) = self.desk.waiting.iter().position(|waiting| waiting.clock == clock) {
            let lower = self.desk.waiting.remove(at);
            self.desk.fact(Fact::RungSkipped { key: lower.key, because: "higher_rung".into() });
        }
        self.desk.waiting.push(Waiting {
            clock,
            key,
            to: does.notify.iter().map(recipient).collect(),
            template: does.template.clone().unwrap_or_else(|| DEFAULT_TEMPLATE.to_owned()),
            urgent: does.urgent,
            rung,
        });
    }

    /// The notices that are left go out.
    fn tell(&mut self) {
        for waiting in std::mem::take(&mut self.desk.waiting) {
            let owner = self.clock_owner(waiting.clock);
            self.desk.out.effects.push(Effect::Notify {
                key: waiting.key,
                to: waiting.to,
                template: waiting.template,
                urgent: waiting.urgent,
                rung: Some(waiting.rung),
                owner: Some(owner),
            });
        }
    }

    /// The active states a clock is about: those below the state whose entry starts it, else all.
    fn states_of(&self, ix: ClockIx) -> Vec<StateIx> {
        let decl = &self.def.clocks[usize::from(ix)];
        let started_in: Vec<StateIx> = decl
            .starts
            .iter()
            .filter_map(|trigger| match trigger.on {
                TriggerOn::Entered(state) if self.config.active.contains(state) => Some(state),
                TriggerOn::Entered(_) | TriggerOn::Event(_) => None,
            })
            .collect();
        let about =
            |leaf: StateIx| started_in.iter().any(|state| leaf == *state || self.def.tables.below(leaf, *state));
        self.config.atomic(self.def).filter(|leaf| started_in.is_empty() || about(*leaf)).collect()
    }

    /// Who owns what a clock is about: the state whose entry starts it, else the case.
    fn clock_owner(&self, ix: ClockIx) -> String {
        let owners = self.owners();
        let by_state = self.def.clocks[usize::from(ix)]
            .starts
            .iter()
            .any(|trigger| matches!(trigger.on, TriggerOn::Entered(s) if self.config.active.contains(s)));
        let state = if by_state { self.states_of(ix).first().copied() } else { None };
        state.map_or_else(|| owners.of_case(), |state| owners.of_state(state)).party
    }

    fn owners(&self) -> Owners<'_> {
        Owners { def: self.def, config: self.config, reassigned: self.desk.reassigned, data: self.data, env: self.env }
    }

    /// Ends a finished case, resolves owners, sets timers.
    fn finish(
        mut self,
        owner: &mut String,
        owners: &mut Vec<(StateIx, String)>,
        closed_at: &mut Option<Instant>,
    ) -> Result<(), Refusal> {
        if self.desk.large && size(self.data, DATA_LIMIT) > DATA_LIMIT {
            return Err(Refusal::new(
                "limit_exceeded",
                format!("案件数据超过 {DATA_LIMIT} 字节；长材料请作为附件上传"),
                format!("the data of the case would exceed {DATA_LIMIT} bytes; add long material as an attachment"),
            ));
        }
        if self.config.done && closed_at.is_none() {
            *closed_at = Some(self.env.now.get());
            self.end_case();
        }
        if self.desk.changed {
            self.set_owners(owner, owners);
        }
        self.set_timers();
        Ok(())
    }

    /// Nothing more happens to a finished case: its clocks are void, its delays are gone.
    fn end_case(&mut self) {
        for ix in 0..self.def.clocks.len() {
            if self.desk.clocks[ix].as_ref().is_some_and(ClockRun::is_running) {
                let ix = ClockIx::try_from(ix).unwrap_or(ClockIx::MAX);
                self.desk.end(ix, Status::Void, self.env.now.get(), "case ended".into());
            }
        }
        for delay in self.config.delays.drain(..) {
            self.desk.out.timers.push(TimerChange::Clear { key: crate::case::delay_key(delay.number) });
        }
        self.desk.fact(Fact::Ended);
    }

    fn set_owners(&mut self, owner: &mut String, owners: &mut Vec<(StateIx, String)>) {
        let (case, now) = self.owners().all();
        if case.party != *owner {
            let from = (!owner.is_empty()).then(|| std::mem::take(owner));
            self.desk.fact(changed_owner(None, from, &case));
            *owner = case.party;
        }
        for (ix, resolved) in &now {
            let before = owners.iter().find(|(state, _)| state == ix).map(|(_, owner)| owner);
            if before != Some(&resolved.party) {
                let state = self.def.states[usize::from(*ix)].id.clone();
                self.desk.fact(changed_owner(Some(state), before.cloned(), resolved));
            }
        }
        owners.clear();
        owners.extend(now.into_iter().map(|(ix, resolved)| (ix, resolved.party)));
    }

    /// One timer for each running clock: its next rung.
    fn set_timers(&mut self) {
        for (decl, run) in self.def.clocks.iter().zip(self.desk.clocks.iter_mut()) {
            let Some(run) = run else { continue };
            let at = run.next.map(|(at, _)| at);
            if at == run.timer {
                continue;
            }
            let key = clocks::timer_key(&decl.name, run.run);
            run.timer = at;
            self.desk.out.timers.push(match at {
                Some(at) => TimerChange::Set { key, at },
                None => TimerChange::Clear { key },
            });
        }
    }
}

fn changed_owner(state: Option<String>, from: Option<String>, to: &Resolved) -> Fact {
    Fact::OwnerChanged { state, from, to: to.party.clone(), fallback: to.fallback.map(str::to_owned) }
}

/// `<clock>/<run>/<rung>/<due version>/<occurrence>`; the rung counts from 1, a repeat is `repeat`.
fn rung_key(clock: &str, run: u32, firing: &Firing, rungs: usize) -> String {
    let rung = if usize::from(firing.rung) < rungs { (firing.rung + 1).to_string() } else { "repeat".to_owned() };
    format!("{clock}/{run}/{rung}/{}/{}", firing.due_version, firing.occurrence)
}
