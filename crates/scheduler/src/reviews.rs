//! The monthly look at the response plans: which sources have none in force, and what falls due with those there are
//! (drills, revisions, steps of their making) in the next three months, or is overdue. The clocks of a plan ring by
//! themselves; this is the list for those who plan the months ahead.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Datelike as _, Days};
use huiyin_assurance::{Desk, Scope};
use huiyin_journal::CaseRecord;
use huiyin_journal::read::CaseFilter;
use huiyin_notify::{Bulletin, BulletinLine, Notifier};
use uuid::Uuid;

use crate::plan::{Plan, PlanError};
use crate::scheduler::{Done, Due, Job, JobError};
use crate::supervision::ReportJobError;

/// Who is told.
const TO: [&str; 2] = ["role:emergency", "role:supervisor"];
/// The workflow of a plan.
const WORKFLOW: &str = "response-plan";
/// States in which a plan counts: until it is replaced it holds.
const VALID: [&str; 2] = ["in_force", "revision_due"];
/// So far ahead.
const AHEAD: Days = Days::new(92);
/// Lines of each kind; how many more there are stands in the last one.
const MOST: usize = 20;
/// Plans read at once, and rounds of it.
const PAGE: u32 = 500;
const MOST_PAGES: usize = 100;

/// A drinking-water source that must have a plan: id and names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// As the data of the plan's case has it.
    pub id: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// See the module.
pub struct PlanReview {
    plan: Plan,
    desk: Arc<Desk>,
    notifier: Notifier,
    sources: Vec<Planned>,
}

impl PlanReview {
    /// On the first of a month at 09:00, of these sources.
    ///
    /// # Errors
    /// When the district is not set up.
    pub fn new(desk: Arc<Desk>, notifier: Notifier, sources: Vec<Planned>) -> Result<Self, ReportJobError> {
        let plan =
            Plan::read("0 0 9 1 * *", desk.calendar()?.zone()).map_err(|e: PlanError| ReportJobError::Plan(e))?;
        Ok(Self { plan, desk, notifier, sources })
    }

    async fn review(&self, due: &Due) -> Result<String, JobError> {
        let plans = open_plans(&self.desk, due).await?;
        let valid = covered_by(&self.desk, &plans).await?;
        let without: Vec<&Planned> = self.sources.iter().filter(|source| !valid.contains(&source.id)).collect();
        let bulletin = self.bulletin(due, &plans, &without)?;
        let (new, of) = self.notifier.announce(&bulletin).await?;
        Ok(format!(
            "{} of {} sources without a plan in force: {new} of {of} mails are new",
            without.len(),
            self.sources.len()
        ))
    }

    fn bulletin(&self, due: &Due, plans: &[CaseRecord], without: &[&Planned]) -> Result<Bulletin, JobError> {
        let calendar = self.desk.calendar()?;
        let day = calendar.date_of(due.planned_at);
        let until = day + AHEAD;
        let line = |zh: &str, en: &str, value: String| BulletinLine { zh: zh.to_owned(), en: en.to_owned(), value };
        let covered = self.sources.len() - without.len();
        let mut lines = vec![line(
            "有施行预案的水源",
            "sources with a plan in force",
            format!("{covered} / {}", self.sources.len()),
        )];
        lines.extend(shortened(without.iter().map(|source| {
            line(&format!("无预案：{}", source.zh), &format!("no plan: {}", source.en), source.id.clone())
        })));
        let mut dated: Vec<_> = plans.iter().filter_map(|plan| Some((plan.due_at?, plan))).collect();
        dated.retain(|(at, _)| calendar.date_of(*at) <= until);
        dated.sort_by_key(|(at, plan)| (*at, plan.number.clone()));
        lines.extend(shortened(dated.iter().map(|(at, plan)| {
            let late = *at < due.now;
            let (zh, en) =
                if late { ("已超期", "overdue") } else { ("三个月内到期", "due within three months") };
            let names = format!("{} {}", plan.number, plan.title);
            line(&format!("{zh}：{names}"), &format!("{en}: {names}"), calendar.date_of(*at).to_string())
        })));
        let scope = self.desk.scope();
        Ok(Bulletin {
            key: format!("job/{}/{}", self.name(), due.planned_at.to_rfc3339()),
            district: scope.district.clone(),
            district_name: self.desk.directory().district().name.zh.clone(),
            timeline: scope.timeline.clone(),
            to: TO.map(str::to_owned).to_vec(),
            urgent: false,
            title_zh: format!("{}年{}月预案与演练审查", day.year(), day.month()),
            title_en: format!("plans and drills to review, {}", day.format("%B %Y")),
            lines,
            path: "/".to_owned(),
        })
    }
}

/// Ids of the sources that have a plan in force.
pub(crate) async fn plans_in_force(desk: &Desk, due: &Due) -> Result<BTreeSet<String>, JobError> {
    covered_by(desk, &open_plans(desk, due).await?).await
}

async fn covered_by(desk: &Desk, plans: &[CaseRecord]) -> Result<BTreeSet<String>, JobError> {
    let mut covered = BTreeSet::new();
    for plan in plans.iter().filter(|plan| plan.active.iter().any(|state| VALID.contains(&state.as_str()))) {
        let state = desk.journal().case_state(plan, false).await?;
        covered.extend(state.pointer("/data/source").and_then(|source| source.as_str()).map(str::to_owned));
    }
    Ok(covered)
}

async fn open_plans(desk: &Desk, due: &Due) -> Result<Vec<CaseRecord>, JobError> {
    let Scope { district, timeline } = desk.scope().clone();
    let filter = CaseFilter {
        district,
        timeline,
        workflow: Some(WORKFLOW.into()),
        open: Some(true),
        limit: PAGE,
        ..CaseFilter::default()
    };
    let (mut plans, mut after) = (Vec::new(), Uuid::nil());
    for _ in 0..MOST_PAGES {
        let page = desk.journal().case_records(&filter, due.now, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        plans.extend(page);
    }
    Ok(plans)
}

/// The first ones, and how many more there are.
fn shortened(lines: impl ExactSizeIterator<Item = BulletinLine>) -> Vec<BulletinLine> {
    let more = lines.len().saturating_sub(MOST);
    let mut kept: Vec<BulletinLine> = lines.take(MOST).collect();
    if more > 0 {
        kept.push(BulletinLine { zh: "另有".into(), en: "and more".into(), value: more.to_string() });
    }
    kept
}

impl Job for PlanReview {
    fn name(&self) -> &str {
        "plan-review"
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn run<'a>(&'a self, due: &'a Due) -> Done<'a> {
        Box::pin(self.review(due))
    }
}
