//! Clocks of a case out of its state and the definition it runs on.

use std::sync::Arc;

use huiyin_calendar::Unit;
use huiyin_chart::definition::{ClockDecl, LimitStatus};
use huiyin_chart::{CaseState, ClockRun, Definition, Status};
use huiyin_engine::Registry;
use huiyin_journal::{CaseRecord, Journal};
use serde_json::Value;

use super::cases::{WorkflowNow, Workflows};
use crate::notice::{ClockNow, Instant};
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
    }
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
