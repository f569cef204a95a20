//! The loop: what is due is taken in the store, done, and written down. Any number of them may share one store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::TimeDelta;
use huiyin_assurance::Scope;
use huiyin_engine::{Clock, EngineError};
use huiyin_journal::accounts::AccountsError;
use huiyin_journal::{Instant, JobRun, Journal, JournalError};
use huiyin_notify::NotifyError;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::alarms::AlarmWatch;
use crate::plan::Plan;

/// A run that was taken is left to its taker for so long.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// A run that failed is tried again after this.
const AGAIN: TimeDelta = TimeDelta::minutes(5);
/// Attempts at one run before it is given up.
const MOST_ATTEMPTS: i64 = 50;
/// Longest rest between two looks: alarms are looked at so often.
const REST: TimeDelta = TimeDelta::seconds(60);

/// Something keeps a job from being done; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Store.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Figures.
    #[error(transparent)]
    Figures(#[from] EngineError),
    /// Accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// Mail.
    #[error(transparent)]
    Mail(#[from] NotifyError),
}

/// What a job is told of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The planned time it runs for.
    pub planned_at: Instant,
    /// Earlier ones that were missed.
    pub missed: u32,
    /// Now.
    pub now: Instant,
}

/// What a job gives back: what came of it, in words.
pub type Done<'a> = Pin<Box<dyn Future<Output = Result<String, JobError>> + Send + 'a>>;

/// Something that is done by a plan. It may be done again for the same planned time when a process dies half way, so that
/// what it leaves must bear the same name then.
pub trait Job: Send + Sync {
    /// Stable name.
    fn name(&self) -> &str;
    /// When.
    fn plan(&self) -> &Plan;
    /// Does it.
    fn run<'a>(&'a self, due: &'a Due) -> Done<'a>;
}

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Jobs done.
    pub done: usize,
    /// Jobs that failed and are tried again.
    pub failed: usize,
}

/// See the module.
#[derive(Clone)]
pub struct Scheduler {
    journal: Journal,
    scope: Scope,
    clock: Arc<dyn Clock>,
    jobs: Vec<Arc<dyn Job>>,
    alarms: Option<Arc<AlarmWatch>>,
}

/// A running loop; [`Running::stop`] lets the look under way end.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Scheduler {
    /// With these jobs, on the store and the clock of the house.
    #[must_use]
    pub fn new(journal: Journal, scope: Scope, clock: Arc<dyn Clock>, jobs: Vec<Arc<dyn Job>>) -> Self {
        Self { journal, scope, clock, jobs, alarms: None }
    }

    /// Looks at the alarms too, every minute.
    #[must_use]
    pub fn watching(self, alarms: AlarmWatch) -> Self {
        Self { alarms: Some(Arc::new(alarms)), ..self }
    }

    /// Does what is due now.
    ///
    /// # Errors
    /// When the store does not answer. What was done stays done.
    pub async fn tick(&self) -> Result<Ticked, JobError> {
        let mut ticked = Ticked::default();
        for job in &self.jobs {
            match self.attend(&**job).await? {
                Some(true) => ticked.done += 1,
                Some(false) => ticked.failed += 1,
                None => {}
            }
        }
        if let Some(alarms) = &self.alarms {
            alarms.look(self.clock.now()).await?;
        }
        Ok(ticked)
    }

    /// Looks at one job. None: nothing is due, or somebody else has it. True: done. False: failed.
    async fn attend(&self, job: &dyn Job) -> Result<Option<bool>, JobError> {
        let now = self.clock.now();
        let Scope { district, timeline } = &self.scope;
        self.journal.know_job(district, timeline, job.name(), now).await?;
        let last = self.journal.job_runs(district, timeline, job.name(), 1).await?;
        let Some(last) = last.first() else { return Ok(None) };
        let (planned_at, missed) = match job.plan().due(last.planned_at, now) {
            Some(due) => due,
            // The last one was begun and not ended: its taker may have died.
            None if last.state == "begun" => (last.planned_at, u32::try_from(last.missed).unwrap_or_default()),
            None => return Ok(None),
        };
        let run =
            JobRun { district: district.clone(), timeline: timeline.clone(), job: job.name().to_owned(), planned_at };
        let Some(taken) = self.journal.take_run(run, missed, now, now + LEASE).await? else { return Ok(None) };
        let done = job.run(&Due { planned_at, missed, now }).await;
        let ended = self.clock.now();
        match done {
            Ok(result) => {
                tracing::info!(job = job.name(), %planned_at, missed, result, "a job is done");
                self.journal.run_done(&taken, &result, ended).await?;
                Ok(Some(true))
            }
            Err(error) => {
                let why = error.to_string();
                tracing::error!(job = job.name(), %planned_at, attempts = taken.attempts, why, "a job failed");
                if taken.attempts >= MOST_ATTEMPTS {
                    self.journal.run_done(&taken, &format!("given up: {why}"), ended).await?;
                } else {
                    self.journal.run_again_at(&taken, &why, ended + AGAIN).await?;
                }
                Ok(Some(false))
            }
        }
    }

    /// When to look again: at the next planned time, within a minute at the latest.
    fn next_look(&self) -> Instant {
        let now = self.clock.now();
        let planned = self.jobs.iter().filter_map(|job| job.plan().next(now)).min();
        planned.map_or(now + REST, |at| at.min(now + REST))
    }

    /// Looks until stopped.
    #[must_use]
    pub fn start(self) -> Running {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = self.tick().await {
                    tracing::error!(%error, "the scheduler could not look");
                }
                tokio::select! {
                    () = self.clock.sleep_until(self.next_look()) => {}
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
            }
        });
        Running { stop, task }
    }
}

impl Running {
    /// Lets the look under way end, then stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the scheduler ended abruptly");
        }
    }
}
