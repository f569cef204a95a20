//! The clocks of a case in another version. A run keeps its number, its legal start, its pauses and its extensions;
//! its term follows the rule of the plan; its ladder is that of the new version.
//!
//! A rung of the new ladder counts as done when a rung with the same moment and the same deeds was done before;
//! every other one whose time has come is done at once, so that no promise of the new version is left out; only a
//! reminder that a later one has spoken for is not sent. A run
//! whose date or ladder changed gets a new due version: what fires later is known under names of its own.

use huiyin_calendar::{Calendar, Instant};

use super::{ClockRule, Plan};
use crate::case::CaseState;
use crate::clocks::{ClockRun, Terms, timer_key};
use crate::definition::{ClockDecl, ClockIx, Definition, RungActions};
use crate::outcome::{ClockEnd, Fact, TimerChange};
use crate::refusal::Refusal;

/// What is to happen to one running clock of the new version.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) clock: ClockIx,
    /// None: nothing about its term changed.
    pub(crate) rule: Option<ClockRule>,
    /// Its ladder is another.
    pub(crate) ladder: bool,
}

type Runs = Vec<Option<ClockRun>>;

/// The runs by the clocks of the new version.
pub(super) fn carry_clocks(
    from: &Definition,
    to: &Definition,
    case: &CaseState,
    plan: &Plan,
    facts: &mut Vec<Fact>,
    timers: &mut Vec<TimerChange>,
) -> Result<(Runs, Vec<Running>), Refusal> {
    let mut runs: Runs = vec![None; to.clocks.len()];
    let mut running = Vec::new();
    for (old, run) in from.clocks.iter().zip(&case.clocks) {
        let Some(run) = run else { continue };
        let rule = plan.clocks.get(&old.name).copied();
        let Some(new) = to.clocks.iter().find(|clock| clock.name == old.name) else {
            gone(old, run, rule, to, case.last_at, facts, timers)?;
            continue;
        };
        let mut run = run.clone();
        let differs = differs(&run, old, new);
        if run.is_running() {
            let rule = rule_for(rule, differs, old, new)?;
            let ladder = !same_ladder(old, new);
            if ladder {
                run.fired = fired(old, new, &run);
                run.repeat = repeat(old, new, &run);
            }
            running.push(Running { clock: new.ix, rule, ladder });
            if differs && rule != Some(ClockRule::Recompute) {
                run.terms = Some(run.terms.take().unwrap_or_else(|| Terms::of(old)));
            }
        } else {
            run.fired.resize(new.ladder.len(), None);
            if differs {
                run.terms = Some(run.terms.take().unwrap_or_else(|| Terms::of(old)));
            }
        }
        runs[usize::from(new.ix)] = Some(run);
    }
    Ok((runs, running))
}

/// The term of the new version is another than the one the run was started under.
fn differs(run: &ClockRun, old: &ClockDecl, new: &ClockDecl) -> bool {
    let given = |decl: &ClockDecl| decl.due.as_ref().map(|due| due.source.clone());
    let under = run.terms.clone().unwrap_or_else(|| Terms::of(old));
    !under.same_time(&Terms::of(new)) || given(old) != given(new)
}

fn rule_for(
    rule: Option<ClockRule>,
    differs: bool,
    old: &ClockDecl,
    new: &ClockDecl,
) -> Result<Option<ClockRule>, Refusal> {
    let name = &old.name;
    match rule {
        None if differs => Err(Refusal::new(
            "clock_rule_missing",
            format!("“{}”的期限在新版本中不同；请加 --clock {name}=keep（不变）或 recompute（重算）", old.title.zh),
            format!("the time of `{name}` is another in the new version; add --clock {name}=keep or {name}=recompute"),
        )),
        Some(ClockRule::Drop) if new.limit.is_some() => Err(Refusal::new(
            "clock_of_law",
            format!("“{}”是法定期限，不能取消；请用 keep 或 recompute", old.title.zh),
            format!("`{name}` rests on law and cannot be dropped; write {name}=keep or {name}=recompute"),
        )),
        rule => Ok(rule),
    }
}

/// A clock that the new version does not have.
fn gone(
    old: &ClockDecl,
    run: &ClockRun,
    rule: Option<ClockRule>,
    to: &Definition,
    at: Instant,
    facts: &mut Vec<Fact>,
    timers: &mut Vec<TimerChange>,
) -> Result<(), Refusal> {
    let (name, version) = (&old.name, to.version);
    if old.counts_as.is_some() {
        return Err(Refusal::new(
            "clock_counted",
            format!("“{}”计入交办率或回复率，第 {version} 版须保留同名时限", old.title.zh),
            format!("`{name}` is counted in a promised rate; version {version} must have a clock of that name"),
        ));
    }
    if !run.is_running() {
        return Ok(());
    }
    if rule != Some(ClockRule::Drop) {
        return Err(Refusal::new(
            "clock_gone",
            format!("第 {version} 版没有正在计时的“{}”；请加 --clock {name}=drop，或在新版本中保留它", old.title.zh),
            format!("`{name}` is running and version {version} has no such clock; add --clock {name}=drop, or keep it"),
        ));
    }
    let over = |due: Option<Instant>| due.is_some_and(|due| at > due);
    facts.push(Fact::ClockVoid(ClockEnd {
        clock: name.clone(),
        run: run.run,
        at,
        due: run.due,
        policy_due: run.policy_due,
        over_policy: over(run.policy_due),
        limit_due: run.limit_due,
        over_limit: over(run.limit_due),
        given_due: run.given_due,
        by: "migration".into(),
    }));
    if run.timer.is_some() {
        timers.push(TimerChange::Clear { key: timer_key(name, run.run) });
    }
    Ok(())
}

fn same_ladder(old: &ClockDecl, new: &ClockDecl) -> bool {
    let rungs = old.ladder.len() == new.ladder.len()
        && old.ladder.iter().zip(&new.ladder).all(|(a, b)| a.at == b.at && a.does == b.does);
    let repeat = match (&old.repeat, &new.repeat) {
        (None, None) => true,
        (Some(a), Some(b)) => a.every == b.every && a.does == b.does,
        _ => false,
    };
    rungs && repeat
}

/// What a rung changes; whom it tells is another matter.
fn same_deed(a: &RungActions, b: &RungActions) -> bool {
    a.raise == b.raise && a.reassign == b.reassign && a.mark == b.mark
}

fn fired(old: &ClockDecl, new: &ClockDecl, run: &ClockRun) -> Vec<Option<u32>> {
    let done = |at: &crate::definition::Rung| {
        let before = old.ladder.iter().zip(&run.fired);
        before.filter(|(rung, _)| rung.at == at.at && same_deed(&rung.does, &at.does)).find_map(|(_, fired)| *fired)
    };
    new.ladder.iter().map(done).collect()
}

fn repeat(old: &ClockDecl, new: &ClockDecl, run: &ClockRun) -> Option<(Instant, u32)> {
    let every = |decl: &ClockDecl| decl.repeat.as_ref().map(|repeat| repeat.every);
    run.repeat.filter(|_| every(old) == every(new))
}

/// A run after the rule of the plan. True: its date or its ladder is another than before.
pub(crate) fn apply(
    run: &mut ClockRun,
    decl: &ClockDecl,
    change: &Running,
    given: Option<Instant>,
    calendar: &Calendar,
    now: Instant,
) -> bool {
    let (from, version) = (run.due, run.due_version);
    if change.rule == Some(ClockRule::Recompute) {
        run.terms = None;
        run.given = if decl.due.is_some() { given.or(run.given) } else { None };
        run.reckon(decl, calendar, now, true);
    }
    let moved = run.due != from;
    if moved || change.ladder {
        run.due_version = version + 1;
        if moved {
            run.rearm(decl, calendar, now);
        }
    }
    if change.ladder {
        spoken_for(run, decl, version, calendar, now);
    }
    run.plan(decl, calendar);
    moved || change.ladder
}

/// A reminder whose time is over is not sent when a later one was sent already: it would only tell less.
fn spoken_for(run: &mut ClockRun, decl: &ClockDecl, version: u32, calendar: &Calendar, now: Instant) {
    let times: Vec<Instant> = decl.ladder.iter().map(|rung| run.rung_at(&rung.at, decl, calendar)).collect();
    let done = times.iter().zip(&run.fired).filter(|(_, fired)| fired.is_some()).map(|(at, _)| *at).max();
    let Some(last) = done else { return };
    for (ix, rung) in decl.ladder.iter().enumerate() {
        let only_tells = rung.does.raise.is_none() && rung.does.reassign.is_none() && rung.does.mark.is_none();
        if only_tells && run.fired[ix].is_none() && times[ix] <= now.min(last) {
            run.fired[ix] = Some(version);
        }
    }
}
