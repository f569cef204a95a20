//! The plan of a source and the tasks it gives, as its case has them. Reads only.

use std::collections::BTreeMap;

use huiyin_engine::REAL;
use huiyin_journal::read::CaseFilter;
use huiyin_journal::{Instant, Journal, JournalError};
use serde_json::Value;
use uuid::Uuid;

use crate::follow::Scope;
use crate::tasks::{MOST_TASKS, Task};

/// The workflow of plans.
const WORKFLOW: &str = "response-plan";
/// States in which a plan counts: until it is replaced it holds.
const IN_FORCE: [&str; 2] = ["in_force", "revision_due"];
/// Plans read at once, and rounds of it.
const PAGE: u32 = 500;
const MOST_PAGES: usize = 20;

/// What is known of the plans of a district: source → plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans(BTreeMap<String, Plan>);

/// The plan of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Number of the plan in force.
    pub(crate) in_force: Option<String>,
    /// Its tasks, those that are whole.
    pub(crate) tasks: Vec<Task>,
    /// Another is being drawn up.
    pub(crate) begun: bool,
}

impl Plans {
    /// The open plans of a timeline.
    pub(crate) async fn of(journal: &Journal, scope: &Scope, now: Instant) -> Result<Self, JournalError> {
        let filter = CaseFilter {
            district: scope.district.clone(),
            timeline: scope.timeline.clone(),
            workflow: Some(WORKFLOW.to_owned()),
            open: Some(true),
            limit: PAGE,
            ..CaseFilter::default()
        };
        let (mut plans, mut after) = (BTreeMap::<String, Plan>::new(), Uuid::nil());
        for _ in 0..MOST_PAGES {
            let page = journal.case_records(&filter, now, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for record in &page {
                let state = journal.case_state(record, false).await?;
                let Some(source) = state["data"]["source"].as_str() else { continue };
                let plan = plans.entry(source.to_owned()).or_default();
                if record.active.iter().any(|state| IN_FORCE.contains(&state.as_str())) {
                    // Newest last: ids are ordered by time.
                    plan.in_force = Some(record.number.clone());
                    plan.tasks = tasks(&state["data"]["tasks"]);
                } else {
                    plan.begun = true;
                }
            }
        }
        Ok(Self(plans))
    }

    /// The plan of a source; without one, an empty one.
    pub(crate) fn plan(&self, source: &str) -> Plan {
        self.0.get(source).cloned().unwrap_or_default()
    }
}

/// Plans of exercises are few: an exercise tries the tasks of the real plan, which it only reads.
pub(crate) async fn read_for(journal: &Journal, scope: &Scope, now: Instant) -> Result<(Plans, Plans), JournalError> {
    let own = Plans::of(journal, scope, now).await?;
    if scope.timeline == REAL {
        return Ok((own.clone(), own));
    }
    let real = Scope { district: scope.district.clone(), timeline: REAL.to_owned() };
    Ok((own, Plans::of(journal, &real, now).await?))
}

/// Tasks of a plan's document. One that does not read is left out: the plan's own form refuses it.
fn tasks(written: &Value) -> Vec<Task> {
    let entries = written.as_array().into_iter().flatten();
    let read = entries.filter_map(|entry| serde_json::from_value::<Task>(entry.clone()).ok());
    read.filter(Task::is_whole).take(MOST_TASKS).collect()
}
