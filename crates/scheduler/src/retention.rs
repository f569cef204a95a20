//! What is kept too long is forgotten at night: readings of stations beyond their time, and sessions, one-time links and
//! failed sign-ins that no longer matter. Nothing of a case is forgotten here: ending the retention of a case destroys its
//! key, and people decide that (`huiyin retention end`).

use std::sync::Arc;

use chrono::{FixedOffset, TimeDelta};
use huiyin_assurance::Scope;
use huiyin_engine::Clock;
use huiyin_journal::Journal;

use crate::plan::{Plan, PlanError};
use crate::scheduler::{Done, Due, Job, JobError};

/// Under this name the alarm rules remember how far they have read.
const RULES: &str = "rules";
/// So many readings at once: others write meanwhile.
const STEP: u32 = 5_000;
/// So many steps in one night: 5 million readings, three days of 200 stations with five readings a minute.
const MOST_STEPS: u32 = 1_000;

/// See the module.
pub struct Retention {
    plan: Plan,
    journal: Journal,
    scope: Scope,
    wall: Arc<dyn Clock>,
    keep_days: u32,
}

impl Retention {
    /// Readings are kept for so many days after they came in; times of the plan are those of `zone`. `wall` is the time by
    /// which people sign in: that of the machine, also where the clock of a demonstration runs ahead.
    ///
    /// # Errors
    /// Never with the plan that is written here.
    pub fn new(
        journal: Journal,
        scope: Scope,
        wall: Arc<dyn Clock>,
        keep_days: u32,
        zone: FixedOffset,
    ) -> Result<Self, PlanError> {
        Ok(Self { plan: Plan::read("0 10 3 * * *", zone)?, journal, scope, wall, keep_days })
    }

    async fn forget(&self, due: &Due) -> Result<String, JobError> {
        let accounts = self.journal.accounts().sweep(self.wall.now()).await?;
        let (readings, more) = self.forget_readings(due).await?;
        let rest = if more { "; more are left for the next night" } else { "" };
        Ok(format!("{readings} readings older than {} days and {accounts} old sign-ins{rest}", self.keep_days))
    }

    /// How many went, and whether more are left. What the rules have not read yet stays.
    async fn forget_readings(&self, due: &Due) -> Result<(u64, bool), JobError> {
        let Scope { district, timeline } = &self.scope;
        let Some(read) = self.journal.sensing_state(district, timeline, RULES).await? else { return Ok((0, false)) };
        let before = due.now - TimeDelta::days(i64::from(self.keep_days));
        let mut gone = 0;
        for _ in 0..MOST_STEPS {
            let step = self.journal.forget_observations(district, timeline, read.seq, before, STEP).await?;
            gone += step;
            if step < u64::from(STEP) {
                return Ok((gone, false));
            }
        }
        Ok((gone, true))
    }
}

impl Job for Retention {
    fn name(&self) -> &str {
        "retention"
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn run<'a>(&'a self, due: &'a Due) -> Done<'a> {
        Box::pin(self.forget(due))
    }
}
