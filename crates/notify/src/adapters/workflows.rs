//! Clocks of a case out of its state and the definition it runs on.

use std::collections::BTreeSet;
use std::sync::Arc;

use huiyin_calendar::Unit;
use huiyin_chart::definition::{Action, ClockDecl, Descriptor, LimitStatus, Recipient, TriggerOn};
use huiyin_chart::{CaseState, ClockRun, Definition, Status};
use huiyin_engine::Registry;
use huiyin_journal::{CaseRecord, Journal};
use serde_json::Value;

use super::cases::{WorkflowNow, Workflows};
use crate::notice::{ClockNow, Instant, PETITIONER, Stand};
use crate::seams::{Later, Unavailable};

/// The definitions that the engine keeps.
#[derive(Clone)]
pub struct EngineWorkflows {
    registry: Arc<Registry>,
    journal: Journal,
}

impl EngineWorkflows {
    /// Definitions in force are in `registry`; older ones are found in `journal`.
    #[must_use]
    pub fn new(registry: Arc<Registry>, journal: Journal) -> Self {
        Self { registry, journal }
    }

    async fn look(&self, record: &CaseRecord, state: &Value) -> Result<WorkflowNow, Unavailable> {
        let definition = self.registry.definition_of(&self.journal, &record.definition_hash).await;
        let definition = definition.map_err(|e| Unavailable(e.to_string()))?;
        let case = CaseState::from_json(&definition, state)
            .map_err(|e| Unavailable(format!("the state of {} cannot be read: {e}", record.number)))?;
        Ok(workflow_now(&definition, &case))
    }
}

impl Workflows for EngineWorkflows {
    fn read<'a>(
        &'a self,
        record: &'a CaseRecord,
        state: &'a Value,
        _: Instant,
    ) -> Later<'a, Result<WorkflowNow, Unavailable>> {
        Box::pin(self.look(record, state))
    }
}

/// Title and the latest run of each clock.
fn workflow_now(definition: &Definition, case: &CaseState) -> WorkflowNow {
    let runs = definition.clocks.iter().zip(&case.clocks);
    WorkflowNow {
        title: definition.title.zh.clone(),
        clocks: runs.filter_map(|(clock, run)| run.as_ref().map(|run| clock_now(clock, run))).collect(),
        stands: stands(definition, case),
    }
}

/// What the notices of entries and transitions wait for. One that a state writes on entry waits as long as the state is
/// active; one that an event writes waits as long as a clock runs that this event starts. Written anywhere else too, it
/// tells something that stays true, and is not listed.
fn stands(definition: &Definition, case: &CaseState) -> Vec<Stand> {
    let mut found = Vec::new();
    let mut lasting: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    for state in &definition.states {
        for (template, to) in notices(&state.entry) {
            let of = format!("state {}", state.id);
            found.push(Stand { template, to, of, holds: case.is_in(state.ix) });
        }
        lasting.extend(notices(&state.exit));
        let plain = state.initial.iter().chain(&state.always).chain(state.after.iter().flat_map(|(_, list)| list));
        lasting.extend(plain.flat_map(|ix| notices(&definition.transitions[usize::from(*ix)].actions)));
        for (descriptor, list) in &state.on {
            let clocks = started_by(definition, descriptor);
            for (template, to) in list.iter().flat_map(|ix| notices(&definition.transitions[usize::from(*ix)].actions))
            {
                if clocks.is_empty() {
                    lasting.insert((template, to));
                    continue;
                }
                let runs = |clock: &&ClockDecl| {
                    case.clocks[usize::from(clock.ix)].as_ref().is_some_and(|run| run.status == Status::Running)
                };
                let names: Vec<&str> = clocks.iter().map(|clock| clock.name.as_str()).collect();
                let of = format!("clock {}", names.join(", "));
                found.push(Stand { template, to, of, holds: clocks.iter().any(runs) });
            }
        }
    }
    found.retain(|stand| !lasting.contains(&(stand.template.clone(), stand.to.clone())));
    found
}

fn notices(actions: &[Action]) -> Vec<(String, Vec<String>)> {
    let notice = |action: &Action| match action {
        Action::Notify { to, template, .. } => Some((template.clone(), to.iter().map(named).collect())),
        _ => None,
    };
    actions.iter().filter_map(notice).collect()
}

/// A recipient as effects name it.
fn named(to: &Recipient) -> String {
    match to {
        Recipient::Owner => "owner".into(),
        Recipient::UnitHead => "unit-head".into(),
        Recipient::Party(party) => party.to_string(),
        Recipient::Petitioner => PETITIONER.into(),
    }
}

fn started_by<'a>(definition: &'a Definition, descriptor: &Descriptor) -> Vec<&'a ClockDecl> {
    let Descriptor::Exact(event) = descriptor else { return Vec::new() };
    let starts = |clock: &&ClockDecl| {
        clock.starts.iter().any(|trigger| matches!(&trigger.on, TriggerOn::Event(name) if name == event))
    };
    definition.clocks.iter().filter(starts).collect()
}

fn clock_now(clock: &ClockDecl, run: &ClockRun) -> ClockNow {
    ClockNow {
        name: clock.name.clone(),
        run: run.run,
        title: clock.title.zh.clone(),
        open: run.status == Status::Running,
        paused: run.paused,
        due_at: Some(run.due),
        provisional: run.provisional,
        due_version: run.due_version,
        basis: basis(clock),
        hours: in_hours(clock),
    }
}

/// Law and article; marked when nobody has read it in a source of the law.
fn basis(clock: &ClockDecl) -> String {
    clock.limit.as_ref().map_or_else(String::new, |limit| match limit.status {
        LimitStatus::Verified => limit.basis.clone(),
        LimitStatus::Secondary | LimitStatus::Unverified => format!("{}（待核）", limit.basis),
    })
}

/// Counted in hours or less by its tighter bound.
fn in_hours(clock: &ClockDecl) -> bool {
    let limit = clock.limit.as_ref().map(|limit| limit.within);
    [clock.within, limit].into_iter().flatten().any(|span| {
        matches!(span.unit, Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour | Unit::WorkingHour)
    })
}
