//! How each clock of a case was kept: read out of the journal and nothing else, so that an exercise can be judged by what
//! happened and not by what was said of it afterwards.

use chrono::{DateTime, Utc};
use huiyin_chart::{ClockEnd, Definition, Fact};

use super::Entry;
use crate::views::Text;
use crate::views::incident::KeptClock;

/// Every run of every clock, in the order in which they began.
#[must_use]
pub fn kept(definition: &Definition, entries: &[Entry], now: DateTime<Utc>) -> Vec<KeptClock> {
    let mut runs: Vec<KeptClock> = Vec::new();
    for entry in entries {
        for fact in &entry.facts {
            if let Ok(fact) = serde_json::from_value::<Fact>(fact.clone()) {
                apply(definition, &mut runs, entry, &fact);
            }
        }
    }
    for run in runs.iter_mut().filter(|run| run.outcome == "open" && run.due_at < now) {
        "overdue".clone_into(&mut run.outcome);
        run.late_by_s = Some((now - run.due_at).num_seconds());
    }
    runs
}

fn apply(definition: &Definition, runs: &mut Vec<KeptClock>, entry: &Entry, fact: &Fact) {
    match fact {
        Fact::ClockStarted { clock, run, start, due, basis, .. } => {
            let declared = definition.clocks.iter().find(|known| known.name == *clock);
            let status = declared.and_then(|clock| clock.limit.as_ref()).map(|limit| status(limit.status));
            let title = declared.map_or_else(|| Text::same(clock), |clock| Text::new(&clock.title.zh, &clock.title.en));
            runs.push(KeptClock {
                clock: clock.clone(),
                title,
                run: *run,
                basis_status: basis.as_ref().and(status).map(str::to_owned),
                basis: basis.clone(),
                started_at: *start,
                due_at: *due,
                ended_at: None,
                outcome: "open".to_owned(),
                late_by_s: None,
                by: None,
                who: None,
                rungs: 0,
            });
        }
        Fact::ClockMet(end) => ended(definition, runs, entry, end, "met"),
        Fact::ClockLate(end) => ended(definition, runs, entry, end, "late"),
        Fact::ClockVoid(end) => ended(definition, runs, entry, end, "void"),
        Fact::ClockResumed { clock, run, due, .. }
        | Fact::ClockExtended { clock, run, due, .. }
        | Fact::ClockMoved { clock, run, due, .. } => {
            if let Some(known) = find(runs, clock, *run) {
                known.due_at = *due;
            }
        }
        Fact::RungFired { clock, run, .. } => {
            if let Some(known) = find(runs, clock, *run) {
                known.rungs += 1;
            }
        }
        _ => {}
    }
}

fn find<'a>(runs: &'a mut [KeptClock], clock: &str, run: u32) -> Option<&'a mut KeptClock> {
    runs.iter_mut().rev().find(|known| known.clock == clock && known.run == run)
}

fn ended(definition: &Definition, runs: &mut [KeptClock], entry: &Entry, end: &ClockEnd, outcome: &str) {
    let Some(known) = find(runs, &end.clock, end.run) else { return };
    outcome.clone_into(&mut known.outcome);
    known.due_at = end.due;
    known.ended_at = Some(end.at);
    known.late_by_s = (outcome != "void").then(|| (end.at - end.due).num_seconds());
    known.by = Some(by(definition, &end.by));
    known.who = Some(entry.who.clone());
}

/// What ended it, in words: the title of an event or of a state.
fn by(definition: &Definition, by: &str) -> Text {
    if let Some(event) = definition.events.iter().find(|event| event.name == by) {
        return Text::new(&event.title.zh, &event.title.en);
    }
    let entered = by.strip_prefix("entered ").unwrap_or(by);
    let state = definition.states.iter().find(|state| state.id == entered).and_then(|state| state.title.as_ref());
    state.map_or_else(|| Text::same(by), |title| Text::new(&title.zh, &title.en))
}

fn status(status: huiyin_chart::definition::LimitStatus) -> &'static str {
    use huiyin_chart::definition::LimitStatus as S;
    match status {
        S::Verified => "verified",
        S::Secondary => "secondary",
        S::Unverified => "unverified",
    }
}
