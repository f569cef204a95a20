//! Runs of planned jobs: which was the last, and that each is taken by one scheduler at a time.
//!
//! Taking counts `attempts` up, and that number is the fence: who took a run before and slept past the lease can no
//! longer settle it. What a job does and when it is due is the scheduler's.

use crate::error::JournalError;
use crate::store::{Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// Which run of which job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Name of the job.
    pub job: String,
    /// When it was due by its plan.
    pub planned_at: Instant,
}

/// A run that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenRun {
    /// Which.
    pub run: JobRun,
    /// How often it was taken, this time included.
    pub attempts: i64,
}

/// A run as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRun {
    /// When it was due by its plan.
    pub planned_at: Instant,
    /// `known`: the job was first heard of then and nothing ran; `begun`; `done`.
    pub state: String,
    /// How often it was taken.
    pub attempts: i64,
    /// Earlier runs that were missed and are made up for by this one.
    pub missed: i64,
    /// What came of it, in words.
    pub result: String,
    /// When it was last taken.
    pub began_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

type Row = (i64, String, i64, i64, String, i64, Option<i64>);

const KNOW: &str = "INSERT INTO job_runs \
    (district, timeline, job, planned_at, state, attempts, leased_until, missed, result, began_at, ended_at) \
    SELECT $1, $2, $3, $4, 'known', 0, 0, 0, '', $4, $4 \
    WHERE NOT EXISTS (SELECT 1 FROM job_runs WHERE district = $1 AND timeline = $2 AND job = $3) \
    ON CONFLICT (district, timeline, job, planned_at) DO NOTHING";
const TAKE: &str = "INSERT INTO job_runs \
    (district, timeline, job, planned_at, state, attempts, leased_until, missed, result, began_at) \
    VALUES ($1, $2, $3, $4, 'begun', 1, $6, $7, '', $5) \
    ON CONFLICT (district, timeline, job, planned_at) DO UPDATE SET attempts = job_runs.attempts + 1, \
    leased_until = excluded.leased_until, began_at = excluded.began_at \
    WHERE job_runs.state = 'begun' AND job_runs.leased_until <= $5 RETURNING attempts";
const DONE: &str = "UPDATE job_runs SET state = 'done', result = $6, ended_at = $7, leased_until = 0 \
    WHERE district = $1 AND timeline = $2 AND job = $3 AND planned_at = $4 AND attempts = $5 AND state = 'begun'";
const LATER: &str = "UPDATE job_runs SET result = $6, leased_until = $7 \
    WHERE district = $1 AND timeline = $2 AND job = $3 AND planned_at = $4 AND attempts = $5 AND state = 'begun'";
const RUNS: &str = "SELECT planned_at, state, attempts, missed, result, began_at, ended_at FROM job_runs \
    WHERE district = $1 AND timeline = $2 AND job = $3 ORDER BY planned_at DESC LIMIT $4";

impl Journal {
    /// Writes down that a job is known from `now` on, unless it is already: what was planned before is not made up for.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn know_job(&self, district: &str, timeline: &str, job: &str, now: Instant) -> Result<(), JournalError> {
        writing!(self, pool => {
            sqlx::query(KNOW).bind(district).bind(timeline).bind(job).bind(micros(now)).execute(pool).await?;
        });
        Ok(())
    }

    /// Takes a run and keeps other schedulers away until `lease_until`. None: somebody else has it, or it is done.
    /// `missed`: earlier runs that this one makes up for.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_run(
        &self,
        run: JobRun,
        missed: u32,
        now: Instant,
        lease_until: Instant,
    ) -> Result<Option<TakenRun>, JournalError> {
        let taken: Option<(i64,)> = writing!(self, pool => {
            sqlx::query_as(TAKE)
                .bind(&run.district)
                .bind(&run.timeline)
                .bind(&run.job)
                .bind(micros(run.planned_at))
                .bind(micros(now))
                .bind(micros(lease_until))
                .bind(i64::from(missed))
                .fetch_optional(pool)
                .await?
        });
        Ok(taken.map(|(attempts,)| TakenRun { run, attempts }))
    }

    /// It ran. False: somebody else has taken it since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run_done(&self, taken: &TakenRun, result: &str, now: Instant) -> Result<bool, JournalError> {
        self.settle_run(DONE, taken, result, now).await
    }

    /// It failed and may be taken again from `at` on. False: somebody else has taken it since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run_again_at(&self, taken: &TakenRun, why: &str, at: Instant) -> Result<bool, JournalError> {
        self.settle_run(LATER, taken, why, at).await
    }

    async fn settle_run(
        &self,
        sql: &'static str,
        taken: &TakenRun,
        words: &str,
        at: Instant,
    ) -> Result<bool, JournalError> {
        let TakenRun { run, attempts } = taken;
        let changed = writing!(self, pool => {
            sqlx::query(sql)
                .bind(&run.district)
                .bind(&run.timeline)
                .bind(&run.job)
                .bind(micros(run.planned_at))
                .bind(attempts)
                .bind(words)
                .bind(micros(at))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// The newest runs of a job, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn job_runs(
        &self,
        district: &str,
        timeline: &str,
        job: &str,
        limit: u32,
    ) -> Result<Vec<KeptRun>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => {
            sqlx::query_as(RUNS).bind(district).bind(timeline).bind(job).bind(i64::from(limit)).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(kept).collect())
    }
}

fn kept((planned_at, state, attempts, missed, result, began_at, ended_at): Row) -> KeptRun {
    KeptRun {
        planned_at: from_micros(planned_at),
        state,
        attempts,
        missed,
        result,
        began_at: from_micros(began_at),
        ended_at: ended_at.map(from_micros),
    }
}
