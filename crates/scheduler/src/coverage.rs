//! Every morning: is there a source in use without a response plan in force? Then one case says so, with an owner and a
//! clock; its list is kept, and it is closed when every source has a plan. Who must do what is the workflow's to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use huiyin_assurance::{Desk, Scope};
use huiyin_engine::{Actor, ActorKind, Answer, Command, EngineError, Target};
use huiyin_journal::CaseRecord;
use huiyin_journal::read::CaseFilter;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::plan::{Plan, PlanError};
use crate::reviews::{Planned, plans_in_force};
use crate::scheduler::{Done, Due, Job, JobError};
use crate::supervision::ReportJobError;

/// The workflow of the case.
const WORKFLOW: &str = "plan-coverage";
/// Namespace of the ids of its commands.
const COMMANDS: Uuid = Uuid::from_u128(0x0f6d_2b8e_51c4_5f0e_a3b7_94d1_c8e2_6a5b);

/// Gives a command to an engine.
pub type Submit = Arc<dyn Fn(Command) -> Given + Send + Sync>;
/// Its answer, later.
pub type Given = std::pin::Pin<Box<dyn Future<Output = Result<Answer, EngineError>> + Send>>;

/// See the module.
pub struct PlanCoverage {
    plan: Plan,
    desk: Arc<Desk>,
    submit: Submit,
    sources: Vec<Planned>,
}

impl PlanCoverage {
    /// Every day at 08:30, of these sources.
    ///
    /// # Errors
    /// When the district is not set up.
    pub fn new(desk: Arc<Desk>, submit: Submit, sources: Vec<Planned>) -> Result<Self, ReportJobError> {
        let plan =
            Plan::read("0 30 8 * * *", desk.calendar()?.zone()).map_err(|e: PlanError| ReportJobError::Plan(e))?;
        Ok(Self { plan, desk, submit, sources })
    }

    async fn look(&self, due: &Due) -> Result<String, JobError> {
        let covered = plans_in_force(&self.desk, due).await?;
        let without = self.sources.iter().filter(|source| !covered.contains(&source.id));
        let missing: Vec<String> = without.map(|source| format!("{} {}", source.id, source.zh)).collect();
        let (target, done) = match (self.open_case(due).await?, missing.is_empty()) {
            (None, true) => return Ok("every source in use has a plan in force".to_owned()),
            (None, false) => {
                let data = json!({"title": "在用水源补齐应急预案", "missing": missing});
                (Target::Open { workflow: WORKFLOW.into(), data, parent: None }, "opened")
            }
            (Some(case), true) => (Target::Event { case: case.id, event: "covered".into(), data: json!({}) }, "closed"),
            (Some(case), false) => {
                let state = self.desk.journal().case_state(&case, false).await?;
                let told: BTreeSet<&str> =
                    state["data"]["missing"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if told == missing.iter().map(String::as_str).collect() {
                    return Ok(format!("{} sources without a plan in force, as before", missing.len()));
                }
                let data = json!({"missing": missing});
                (Target::Event { case: case.id, event: "gaps.told".into(), data }, "told")
            }
        };
        self.give(due, target).await?;
        Ok(format!("{} sources without a plan in force: {done}", missing.len()))
    }

    /// The open case, if there is one.
    async fn open_case(&self, due: &Due) -> Result<Option<CaseRecord>, JobError> {
        let Scope { district, timeline } = self.desk.scope().clone();
        let filter = CaseFilter {
            district,
            timeline,
            workflow: Some(WORKFLOW.into()),
            open: Some(true),
            limit: 1,
            ..CaseFilter::default()
        };
        Ok(self.desk.journal().case_records(&filter, due.now, Uuid::nil()).await?.pop())
    }

    async fn give(&self, due: &Due, target: Target) -> Result<(), JobError> {
        let Scope { district, timeline } = self.desk.scope().clone();
        // The same run that is done again after a crash sends the same command.
        let id = Uuid::new_v5(&COMMANDS, format!("{district} {timeline} {}", due.planned_at.to_rfc3339()).as_bytes());
        let actor = Actor {
            id: self.name().to_owned(),
            kind: ActorKind::Machine,
            roles: Vec::new(),
            units: Vec::new(),
            heads: Vec::new(),
        };
        match (self.submit)(Command { id, district, timeline, target, actor }).await? {
            Answer::Accepted(_) => {}
            // Another process did it meanwhile, or the case was closed: tomorrow looks anew.
            Answer::Conflict => tracing::info!("the coverage of plans was told already"),
            Answer::Refused(refused) => tracing::warn!(code = %refused.code, "the coverage of plans was refused"),
        }
        Ok(())
    }
}

impl Job for PlanCoverage {
    fn name(&self) -> &str {
        "plan-coverage"
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn run<'a>(&'a self, due: &'a Due) -> Done<'a> {
        Box::pin(self.look(due))
    }
}
