//! Laws of the scheduler on both databases: what was missed is made up for once; two of them never run one job twice; what
//! failed is tried again.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{FixedOffset, TimeDelta};
use harness::postgres::Postgres;
use huiyin_assurance::Scope;
use huiyin_engine::{Clock, EngineError, ManualClock};
use huiyin_journal::{Instant, Journal, OpenOptions};
use huiyin_scheduler::{Done, Due, Job, JobError, Plan, Scheduler, Ticked};

/// Writes down what it was run for; fails so often first.
struct Counted {
    plan: Plan,
    runs: Mutex<Vec<Due>>,
    failures: AtomicU32,
}

impl Counted {
    fn new(expression: &str, failures: u32) -> Arc<Self> {
        let plan = Plan::read(expression, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap();
        Arc::new(Self { plan, runs: Mutex::default(), failures: AtomicU32::new(failures) })
    }

    fn planned(&self) -> Vec<(String, u32)> {
        let runs = self.runs.lock().unwrap();
        runs.iter().map(|due| (due.planned_at.format("%Y-%m-%dT%H:%MZ").to_string(), due.missed)).collect()
    }
}

impl Job for Counted {
    fn name(&self) -> &str {
        "counted"
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn run<'a>(&'a self, due: &'a Due) -> Done<'a> {
        Box::pin(async move {
            // The other scheduler gets its turn in the middle.
            tokio::task::yield_now().await;
            if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                return Err(JobError::Figures(EngineError::Setup("not yet".into())));
            }
            self.runs.lock().unwrap().push(due.clone());
            Ok("counted".into())
        })
    }
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

async fn sqlite(folder: &tempfile::TempDir) -> Journal {
    let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    OpenOptions::new(url, folder.path(), at("2026-01-01T00:00:00Z")).open().await.unwrap()
}

fn scheduler(journal: &Journal, clock: &Arc<ManualClock>, job: &Arc<Counted>) -> Scheduler {
    let scope = Scope { district: "500110".into(), timeline: "real".into() };
    let jobs: Vec<Arc<dyn Job>> = vec![Arc::clone(job) as Arc<dyn Job>];
    Scheduler::new(journal.clone(), scope, Arc::clone(clock) as Arc<dyn Clock>, jobs)
}

const DONE: Ticked = Ticked { done: 1, failed: 0 };
const NOTHING: Ticked = Ticked { done: 0, failed: 0 };

async fn missed_runs_are_made_up_for_once(journal: Journal) {
    let clock = Arc::new(ManualClock::new(at("2026-01-10T00:00:00Z")));
    let job = Counted::new("0 30 8 1 * *", 0);
    let first = scheduler(&journal, &clock, &job);
    assert_eq!(first.tick().await.unwrap(), NOTHING, "what was planned before the job was known is nobody's");
    clock.advance_to(at("2026-02-01T00:29:59Z"));
    assert_eq!(first.tick().await.unwrap(), NOTHING);
    clock.advance_to(at("2026-02-01T00:30:00Z"));
    assert_eq!(first.tick().await.unwrap(), DONE);
    assert_eq!(first.tick().await.unwrap(), NOTHING);
    // Down from February to June; a new process starts.
    clock.advance_to(at("2026-06-15T00:00:00Z"));
    let second = scheduler(&journal, &clock, &job);
    assert_eq!(second.tick().await.unwrap(), DONE);
    assert_eq!(second.tick().await.unwrap(), NOTHING);
    assert_eq!(job.planned(), [("2026-02-01T00:30Z".into(), 0), ("2026-06-01T00:30Z".into(), 3)]);
}

#[tokio::test]
async fn missed_runs_are_made_up_for_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    missed_runs_are_made_up_for_once(sqlite(&folder).await).await;
}

#[tokio::test]
async fn missed_runs_are_made_up_for_once_on_postgresql() {
    let ((_server, url), folder) = (Postgres::shared(), tempfile::tempdir().unwrap());
    let options = OpenOptions::new(url, folder.path(), at("2026-01-01T00:00:00Z"));
    missed_runs_are_made_up_for_once(options.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schedulers_on_postgresql_never_run_one_job_twice() {
    let ((_server, url), folder) = (Postgres::shared(), tempfile::tempdir().unwrap());
    let open = || OpenOptions::new(&url, folder.path(), at("2026-01-01T00:00:00Z")).open();
    // Two processes: each with its own connections.
    let (a, b) = (open().await.unwrap(), open().await.unwrap());
    let clock = Arc::new(ManualClock::new(at("2026-01-01T00:00:00Z")));
    let job = Counted::new("0 0 * * * *", 0);
    let schedulers: Vec<Scheduler> =
        (0..8).map(|n| scheduler(if n % 2 == 0 { &a } else { &b }, &clock, &job)).collect();
    schedulers[0].tick().await.unwrap();
    for hour in 1..=30 {
        clock.advance_to(at("2026-01-01T00:00:00Z") + TimeDelta::hours(hour));
        let mut ticks = tokio::task::JoinSet::new();
        for scheduler in &schedulers {
            let scheduler = scheduler.clone();
            ticks.spawn(async move { scheduler.tick().await.unwrap() });
        }
        let done: usize = ticks.join_all().await.iter().map(|ticked| ticked.done).sum();
        assert_eq!(done, 1, "hour {hour}");
    }
    let planned = job.planned();
    let mut once = planned.clone();
    once.dedup();
    assert_eq!((planned.len(), once.len()), (30, 30));
}

#[tokio::test]
async fn what_failed_is_tried_again_after_a_while_and_what_was_left_half_done_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = sqlite(&folder).await;
    let clock = Arc::new(ManualClock::new(at("2026-01-10T00:00:00Z")));
    let job = Counted::new("0 30 8 1 * *", 1);
    let scheduler = scheduler(&journal, &clock, &job);
    scheduler.tick().await.unwrap();
    clock.advance_to(at("2026-02-01T01:00:00Z"));
    assert_eq!(scheduler.tick().await.unwrap(), Ticked { done: 0, failed: 1 });
    assert_eq!(scheduler.tick().await.unwrap(), NOTHING, "not at once");
    clock.advance_to(at("2026-02-01T01:05:00Z"));
    assert_eq!(scheduler.tick().await.unwrap(), DONE);
    assert_eq!(job.planned(), [("2026-02-01T00:30Z".into(), 0)]);
    // Somebody takes the next run and dies.
    let run = huiyin_journal::JobRun {
        district: "500110".into(),
        timeline: "real".into(),
        job: "counted".into(),
        planned_at: at("2026-03-01T00:30:00Z"),
    };
    clock.advance_to(at("2026-03-01T00:30:00Z"));
    journal.take_run(run, 0, clock.now(), clock.now() + TimeDelta::minutes(5)).await.unwrap().unwrap();
    assert_eq!(scheduler.tick().await.unwrap(), NOTHING, "it is leased");
    clock.advance_to(at("2026-03-01T00:35:00Z"));
    assert_eq!(scheduler.tick().await.unwrap(), DONE);
    assert_eq!(job.planned().last(), Some(&("2026-03-01T00:30Z".into(), 0)));
}
