//! Steps by which the rules of a case change while the case stays where it is: a new calendar, another version of its
//! workflow, and the way back. What a case takes along is worked out in `migrate`; here it is put in force.

use huiyin_calendar::Instant;

use super::{Context, Input, OPENED, Work};
use crate::case::CaseState;
use crate::clocks::Status;
use crate::definition::{ClockDecl, Definition, StateIx, StateKind, TriggerOn};
use crate::machine::{Bits, Machine, View};
use crate::migrate::{Carried, ClockRule, Running, apply, carry, restore};
use crate::outcome::Fact;
use crate::refusal::Refusal;

/// Event that conditions see while a case goes over to another version.
const MIGRATED: &str = "case.migrated";

/// What a change of version is to do to the clocks once the case has its new form.
pub(super) struct Change {
    running: Vec<Running>,
    /// States whose clocks start.
    entered: Bits,
    /// The definition it came from had these clocks.
    had: Vec<String>,
    /// A migration, not the undoing of one.
    forward: bool,
}

/// Gives the case the form of the definition it goes to. The first facts and timers of the step are written.
pub(super) fn change_form(
    def: &Definition,
    case: &mut CaseState,
    input: Input<'_>,
    ctx: &Context<'_>,
    now: Instant,
    out: &mut crate::Outcome,
) -> Result<Option<Change>, Refusal> {
    let (from, carried, forward) = match input {
        Input::Migrate { from, plan } => (from, carry(from, def, case, plan, now, ctx.calendar)?, true),
        Input::UndoMigration { from } => (from, restore(from, def, case)?, false),
        _ => return Ok(None),
    };
    let Carried { case: carried, facts, timers, running, entered } = carried;
    *case = carried;
    out.facts.extend(facts);
    out.timers.extend(timers);
    let had = from.clocks.iter().map(|clock| clock.name.clone()).collect();
    Ok(Some(Change { running, entered, had, forward }))
}

impl Work<'_> {
    /// Puts a change of version in force.
    pub(super) fn change_version(&mut self, change: &Change) -> Result<(), Refusal> {
        self.desk.changed = true;
        if !change.forward {
            return Ok(());
        }
        self.desk.large = true;
        for running in &change.running {
            self.migrate_clock(running);
        }
        self.start_clocks(change);
        Machine::new(self.def, self.config, self.data, self.env, &mut self.desk).settle(MIGRATED)?;
        self.desk.settle_pauses(&self.config.active);
        self.covered()
    }

    fn migrate_clock(&mut self, change: &Running) {
        let def = self.def;
        let (ix, now) = (usize::from(change.clock), self.env.now.get());
        let decl = &def.clocks[ix];
        if change.rule == Some(ClockRule::Drop) {
            self.desk.end(change.clock, Status::Void, now, "migration".into());
            return;
        }
        let recompute = change.rule == Some(ClockRule::Recompute);
        let given = decl.due.as_ref().filter(|_| recompute).and_then(|due| {
            let view = View { data: self.data, event: None, active: &self.config.active, env: self.env };
            self.desk.given(due, &view)
        });
        let Some(run) = self.desk.clocks[ix].as_mut() else { return };
        let from = run.due;
        let calendar = self.env.ctx.calendar;
        let touched = apply(run, decl, change, given, calendar, now);
        if !touched && change.rule.is_none() {
            return;
        }
        let fact = Fact::ClockMigrated {
            clock: decl.name.clone(),
            run: run.run,
            rule: change.rule.map_or("same", ClockRule::word).to_owned(),
            from,
            due: run.due,
            provisional: run.provisional,
            due_version: run.due_version,
        };
        self.desk.fact(fact);
    }

    /// Starts the clocks of states that are new to the case, and those clocks of the new version that would run by now:
    /// since the opening, or in a state the case is in.
    fn start_clocks(&mut self, change: &Change) {
        let def = self.def;
        for decl in &def.clocks {
            let unknown = !change.had.contains(&decl.name);
            for trigger in &decl.starts {
                let due = match &trigger.on {
                    TriggerOn::Entered(state) => {
                        change.entered.contains(*state) || (unknown && self.config.active.contains(*state))
                    }
                    TriggerOn::Event(event) => unknown && event == OPENED,
                };
                if due {
                    let view = View { data: self.data, event: None, active: &self.config.active, env: self.env };
                    self.desk.start(decl.ix, trigger, &view);
                }
            }
        }
    }

    /// No waiting case is orphaned: in every state it waits in, a clock runs that has a next rung, or a delay leads on.
    fn covered(&self) -> Result<(), Refusal> {
        let def = self.def;
        let bare = self.config.atomic(def).find(|leaf| {
            let over = |ix: StateIx| ix == *leaf || def.tables.below(*leaf, ix);
            let waits = def.states[usize::from(*leaf)].kind == StateKind::Atomic;
            let clock = def.clocks.iter().zip(self.desk.clocks.iter()).any(|(decl, run)| {
                run.as_ref().is_some_and(|run| run.is_running() && run.next.is_some()) && over(region(def, decl))
            });
            let delay = self.config.delays.iter().any(|delay| delay.owner.is_some_and(over));
            waits && !self.config.done && !clock && !delay
        });
        let Some(leaf) = bare else { return Ok(()) };
        let (id, version) = (&def.states[usize::from(leaf)].id, def.version);
        Err(Refusal::new(
            "state_without_clock",
            format!(
                "迁移到第 {version} 版后，“{id}”没有正在计时的时限，案件会无人催办；请用 --map 换一个状态，或保留原时限"
            ),
            format!(
                "in version {version} no clock would run in `{id}` and nobody would be reminded; map it to another state, or keep the clock that runs now"
            ),
        ))
    }

    pub(super) fn adopt_calendar(&mut self) {
        let calendar = self.env.ctx.calendar;
        for decl in &self.def.clocks {
            let Some(run) = self.desk.clocks[usize::from(decl.ix)].as_mut().filter(|run| run.is_running()) else {
                continue;
            };
            if !run.unsettled {
                continue;
            }
            let (from, provisional) = (run.due, run.provisional);
            run.reckon(decl, calendar, self.env.now.get(), false);
            run.rearm(decl, calendar, self.env.now.get());
            run.plan(decl, calendar);
            if run.due == from && run.provisional == provisional {
                continue;
            }
            let fact = Fact::ClockMoved {
                clock: decl.name.clone(),
                run: run.run,
                from,
                due: run.due,
                provisional: run.provisional,
                due_version: run.due_version,
            };
            self.desk.fact(fact);
        }
        self.desk.fact(Fact::CalendarAdopted { version: calendar.version().to_owned() });
    }
}

/// The innermost region (or the whole case) that holds every state the clock starts in, as `check` has it.
fn region(def: &Definition, clock: &ClockDecl) -> StateIx {
    let mut common: Option<StateIx> = None;
    for trigger in &clock.starts {
        let TriggerOn::Entered(state) = trigger.on else { return 0 };
        common = Some(common.map_or(state, |other| common_ancestor(def, other, state)));
    }
    let mut at = common.unwrap_or(0);
    while let Some(parent) = def.states[usize::from(at)].parent {
        if def.states[usize::from(parent)].kind == StateKind::Parallel {
            return at;
        }
        at = parent;
    }
    0
}

fn common_ancestor(def: &Definition, a: StateIx, b: StateIx) -> StateIx {
    let mut at = a;
    while at != b && !def.tables.below(b, at) {
        let Some(parent) = def.states[usize::from(at)].parent else { return 0 };
        at = parent;
    }
    at
}
