//! What must hold of every step and wherever a case rests. Nothing here is taken from the code that is watched but the
//! look-up of timers, which is itself compared with the timers that were asked for.

use std::collections::BTreeMap;

use huiyin_calendar::{Instant, Rule};
use huiyin_chart::definition::{Claim, StateIx};
use huiyin_chart::{CaseState, Fact, Input};

use crate::life::{Life, Taken};

/// Something that must not be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which rule.
    pub rule: &'static str,
    /// What was seen.
    pub seen: String,
}

impl Failure {
    pub fn new(rule: &'static str, seen: String) -> Self {
        Self { rule, seen }
    }
}

fn must(holds: bool, rule: &'static str, seen: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(rule, seen())) }
}

/// A step that was thrown away and is done again on the case as it was stored gives the same.
pub fn again(life: &Life<'_>, input: Input<'_>, at: Instant, first: &Taken) -> Result<(), Failure> {
    let def = &life.workflow.def;
    let stored = life.case.to_json(def);
    let back = if life.case.seq == 0 {
        life.case.clone()
    } else {
        CaseState::from_json(def, &stored).map_err(|error| Failure::new("stored form", error.to_string()))?
    };
    must(back == life.case, "stored form", || format!("{stored} reads back as {}", back.to_json(def)))?;
    let second = life.computed(input, at, &back);
    let same = second.as_ref().is_some_and(|second| second.case == first.case && second.out == first.out);
    must(same, "done again", || format!("{:?} and then {:?}", first.out, second.map(|second| second.out)))
}

/// What must hold between two rests.
pub fn step(life: &mut Life<'_>, taken: &Taken, at: Instant) -> Result<(), Failure> {
    let (before, after) = (&life.case, &taken.case);
    must(after.last_at >= before.last_at && after.last_at >= at || after.seq == before.seq, "time", || {
        format!("{} after {} with a step at {at}", after.last_at, before.last_at)
    })?;
    must(after.seq <= before.seq + 1, "steps", || format!("{} after {}", after.seq, before.seq))?;
    dates(life, taken)?;
    for fact in &taken.out.facts {
        if let Fact::RungFired { key, .. } = fact {
            life.count.rungs += 1;
            must(life.keys.insert(format!("rung {key}")), "rung at most once", || key.clone())?;
        }
    }
    for effect in &taken.out.effects {
        let key = effect.key();
        must(life.keys.insert(format!("effect {key}")), "effect at most once", || key.to_owned())?;
    }
    ways(life, taken)
}

/// Due dates move only by a pause, an extension or a calendar, and only later.
fn dates(life: &Life<'_>, taken: &Taken) -> Result<(), Failure> {
    for (ix, decl) in life.workflow.def.clocks.iter().enumerate() {
        let (Some(before), Some(after)) = (&life.case.clocks[ix], &taken.case.clocks[ix]) else { continue };
        if before.run != after.run {
            must(after.run == before.run + 1 && !before.is_running() || after.run > before.run, "runs", || {
                format!("{}: run {} after {}", decl.name, after.run, before.run)
            })?;
            continue;
        }
        if before.due == after.due {
            continue;
        }
        must(after.due > before.due, "dates only later", || {
            format!("{}: {} became {}", decl.name, before.due, after.due)
        })?;
        let reason = taken.out.facts.iter().any(|fact| match fact {
            Fact::ClockPaused { clock, .. }
            | Fact::ClockResumed { clock, .. }
            | Fact::ClockExtended { clock, .. }
            | Fact::ClockMoved { clock, .. } => *clock == decl.name,
            _ => false,
        });
        // A clock that is met or void while it stands still ends with the date that the pause so far gives it.
        let stood = before.pauses.iter().chain(&before.limit_pauses).any(|pause| pause.to.is_none());
        must(reason || stood, "dates only with a reason", || {
            format!("{}: {} became {}: {:?}", decl.name, before.due, after.due, taken.out.facts)
        })?;
    }
    Ok(())
}

/// States entered, in order: none before what it needs.
fn ways(life: &mut Life<'_>, taken: &Taken) -> Result<(), Failure> {
    let def = &life.workflow.def;
    let id = |ix: &StateIx| def.states[usize::from(*ix)].id.as_str();
    for fact in &taken.out.facts {
        let Fact::StateEntered { state } = fact else { continue };
        for target in &def.targets {
            let Claim::NeverWithout { never, without } = &target.claim else { continue };
            let needs = state == id(never) && !without.iter().any(|ix| life.entered.contains_key(id(ix)));
            must(!needs, "never without", || format!("{}: `{state}` was entered first", target.title.en))?;
        }
        life.entered.entry(state.clone()).or_insert(life.on_time.then_some(taken.case.last_at));
    }
    Ok(())
}

/// What must hold wherever a case rests.
pub fn rest(life: &mut Life<'_>) -> Result<(), Failure> {
    let (case, def) = (&life.case, &life.workflow.def);
    let active = || case.active(def).collect::<Vec<_>>().join(", ");
    must(life.workflow.possible.contains(&case.config), "possible", || {
        format!("`check` says that no case can rest in {} (done: {})", active(), case.config.done)
    })?;
    let timers: BTreeMap<String, Instant> = case.timers(def).into_iter().collect();
    must(timers == life.timers, "timers", || format!("{timers:?} are needed, {:?} were asked for", life.timers))?;
    if case.config.done {
        let over = case.closed_at.is_some() && life.timers.is_empty() && !runs(case);
        must(over, "closed", || format!("closed at {:?} with timers {:?}", case.closed_at, life.timers))?;
    } else {
        waiting(life)?;
    }
    life.rested.insert((case.config.active.iter().collect(), case.config.done));
    Ok(())
}

fn runs(case: &CaseState) -> bool {
    case.clocks.iter().flatten().any(huiyin_chart::ClockRun::is_running)
}

/// Somebody owns it, and time itself will remind them.
fn waiting(life: &Life<'_>) -> Result<(), Failure> {
    let (case, def) = (&life.case, &life.workflow.def);
    must(case.closed_at.is_none() && !case.owner.is_empty(), "owner", || format!("owner `{}`", case.owner))?;
    for leaf in case
        .config
        .atomic(def)
        .filter(|ix| def.states[usize::from(*ix)].kind == huiyin_chart::definition::StateKind::Atomic)
    {
        let owned = case.owners.iter().any(|(ix, owner)| *ix == leaf && !owner.is_empty());
        must(owned, "owner of a state", || {
            format!("`{}` has none: {:?}", def.states[usize::from(leaf)].id, case.owners)
        })?;
    }
    for (decl, run) in def.clocks.iter().zip(&case.clocks) {
        let Some(run) = run.as_ref().filter(|run| run.is_running()) else { continue };
        must(run.paused || run.next.is_some(), "next rung", || format!("`{}` runs and has none: {run:?}", decl.name))?;
        must(run.timer == run.next.map(|(at, _)| at), "timer of a clock", || format!("`{}`: {run:?}", decl.name))?;
    }
    let counts = case.clocks.iter().flatten().any(|run| run.is_running() && !run.paused);
    must(counts || !case.config.delays.is_empty(), "clock or delay", || {
        format!("nothing runs in {}", case.active(def).collect::<Vec<_>>().join(", "))
    })
}

/// Where nobody acts: what was promised of every opened case is kept, as soon as its time is over.
pub fn promises(life: &mut Life<'_>) -> Result<(), Failure> {
    let def = &life.workflow.def;
    // The published calendar gives the later date where the year was not published when the case began.
    let calendar = &life.world.calendars[1];
    let mut kept = 0;
    for target in &def.targets {
        let Claim::Reaches { every, reaches, within, nobody_acts: true } = &target.claim else { continue };
        let due = calendar.due(life.case.opened_at, *within, Rule::default(), &[], life.now).at;
        if every != "case.opened" || life.case.last_at <= due {
            continue;
        }
        let reached = reaches.iter().find_map(|ix| life.entered.get(&def.states[usize::from(*ix)].id));
        // After an outage it is made up for, as of the time it was due; when that was is not told.
        let kept_it = reached.is_some_and(|at| at.is_none_or(|at| at <= due));
        must(kept_it, "reaches", || {
            format!("{}: opened {}, due {due}, reached {reached:?}", target.title.en, life.case.opened_at)
        })?;
        kept += 1;
    }
    life.count.promises += kept;
    Ok(())
}
