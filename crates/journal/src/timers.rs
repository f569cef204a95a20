//! Timers as the engine watches them: what is due, what comes next, and clocks that have none.

use uuid::Uuid;

use crate::error::JournalError;
use crate::store::{Journal, Kind, TimerRow, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// A case with a timer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueCase {
    /// Case.
    pub case: Uuid,
    /// Its earliest due timer.
    pub due_at: Instant,
}

/// A case whose running clocks have fewer timers than they must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTimer {
    /// Case.
    pub case: Uuid,
    /// Its number.
    pub number: String,
    /// Clocks that run.
    pub running: i64,
    /// Their timers.
    pub timers: i64,
}

const OF_CASE: &str = "SELECT key, due_at, version FROM timers WHERE case_id = $1 ORDER BY due_at, key";
const NEXT: &str = "SELECT MIN(due_at) FROM timers WHERE timeline = $1";
const DUE: &str = "SELECT case_id, due_at FROM timers WHERE timeline = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3";
const OVERDUE: &str = "SELECT COUNT(*), MIN(due_at) FROM timers WHERE timeline = $1 AND due_at <= $2";
const WITHOUT: &str = "SELECT c.id, c.number, c.running, COUNT(t.key) FROM cases c \
    LEFT JOIN timers t ON t.case_id = c.id AND t.key >= 'clock/' AND t.key < 'clock0' \
    WHERE c.timeline = $1 AND c.closed_at IS NULL AND c.running > 0 AND c.id > $3 AND c.id <= $4 \
    GROUP BY c.id, c.number, c.running HAVING COUNT(t.key) < c.running LIMIT $2";
const PAGE_END: &str = "SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2";
/// Cases looked at in one statement of the self-check.
const PAGE: i64 = 5000;

const POSTPONE: &str = "UPDATE timers SET due_at = $3 WHERE case_id = $1 AND due_at <= $2";

/// Copies of a case with its timers, under ids of their own; `$1` the case, `$2` and `$3` the first and last number.
const MULTIPLY_SQLITE: [&str; 2] = [
    "WITH RECURSIVE n (n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM n WHERE n < $3) \
     INSERT INTO cases SELECT unhex(printf('0000000000007000%016x', n)), number || '-' || n, district, timeline, workflow, \
     version, definition_hash, state, title, place, category, channel, active, owner, owners, due_at, due_clock, \
     due_provisional, marks, excluded, running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, \
     plain FROM n, cases WHERE id = $1",
    "WITH RECURSIVE n (n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM n WHERE n < $3) \
     INSERT INTO timers SELECT unhex(printf('0000000000007000%016x', n)), key, due_at, version, district, timeline \
     FROM n, timers WHERE case_id = $1",
];
const MULTIPLY_POSTGRES: [&str; 2] = [
    "INSERT INTO cases SELECT ('00000000-0000-7000-' || lpad(to_hex(n >> 48), 4, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid, \
     number || '-' || n, district, timeline, workflow, \
     version, definition_hash, state, title, place, category, channel, active, owner, owners, due_at, due_clock, \
     due_provisional, marks, excluded, running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, \
     plain FROM generate_series($2::bigint, $3) n, cases WHERE id = $1",
    "INSERT INTO timers SELECT ('00000000-0000-7000-' || lpad(to_hex(n >> 48), 4, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid, \
     key, due_at, version, district, timeline FROM generate_series($2::bigint, $3) n, timers WHERE case_id = $1",
];

/// Copies made in one statement.
const MULTIPLIED: usize = 50_000;

impl Journal {
    /// Copies a case and its timers, without its journal. For measurements with many cases that wait.
    #[doc(hidden)]
    pub async fn multiply_case(&self, case: Uuid, times: u64) -> Result<(), JournalError> {
        let statements = match self.kind() {
            Kind::Sqlite => MULTIPLY_SQLITE,
            Kind::Postgres => MULTIPLY_POSTGRES,
        };
        for first in (1..=times.cast_signed()).step_by(MULTIPLIED) {
            let last = (first + MULTIPLIED.cast_signed() as i64 - 1).min(times.cast_signed());
            for sql in statements {
                writing!(self, pool => {
                    sqlx::query(sql).bind(case).bind(first).bind(last).execute(pool).await?;
                });
            }
        }
        Ok(())
    }

    /// When the earliest timer of a timeline fires.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_due(&self, timeline: &str) -> Result<Option<Instant>, JournalError> {
        let (next,): (Option<i64>,) =
            reading!(self, pool => sqlx::query_as(NEXT).bind(timeline).fetch_one(pool).await?);
        Ok(next.map(from_micros))
    }

    /// The timers of a case, earliest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn timers(&self, case: Uuid) -> Result<Vec<TimerRow>, JournalError> {
        let rows: Vec<(String, i64, i64)> =
            reading!(self, pool => sqlx::query_as(OF_CASE).bind(case).fetch_all(pool).await?);
        let row = |(key, due_at, version)| TimerRow { key, due_at: from_micros(due_at), version };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Cases with due timers, earliest first, without lock; looks at no more than `limit` timers.
    /// What is found may be gone when the case is locked: the timers read under lock count.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn due_cases(&self, timeline: &str, now: Instant, limit: u32) -> Result<Vec<DueCase>, JournalError> {
        let rows: Vec<(Uuid, i64)> = reading!(self, pool => {
            sqlx::query_as(DUE).bind(timeline).bind(micros(now)).bind(i64::from(limit)).fetch_all(pool).await?
        });
        let mut seen = std::collections::HashSet::with_capacity(rows.len());
        let first = rows.into_iter().filter(|(case, _)| seen.insert(*case));
        Ok(first.map(|(case, due_at)| DueCase { case, due_at: from_micros(due_at) }).collect())
    }

    /// How many timers are overdue, and since when the oldest is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn overdue_timers(&self, timeline: &str, now: Instant) -> Result<(u64, Option<Instant>), JournalError> {
        let (count, oldest): (i64, Option<i64>) =
            reading!(self, pool => sqlx::query_as(OVERDUE).bind(timeline).bind(micros(now)).fetch_one(pool).await?);
        Ok((count.unsigned_abs(), oldest.map(from_micros)))
    }

    /// Open cases with a running clock that has no timer: nobody would be reminded. Looks at all cases, page by page.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clocks_without_timer(&self, timeline: &str, limit: u32) -> Result<Vec<MissingTimer>, JournalError> {
        let (mut found, mut after) = (Vec::new(), Uuid::nil());
        loop {
            let end: Option<(Uuid,)> = reading!(self, pool => {
                sqlx::query_as(PAGE_END).bind(after).bind(PAGE - 1).fetch_optional(pool).await?
            });
            let last = end.map_or(Uuid::max(), |(id,)| id);
            let rows: Vec<(Uuid, String, i64, i64)> = reading!(self, pool => {
                sqlx::query_as(WITHOUT)
                    .bind(timeline)
                    .bind(i64::from(limit))
                    .bind(after)
                    .bind(last)
                    .fetch_all(pool)
                    .await?
            });
            let missing = |(case, number, running, timers)| MissingTimer { case, number, running, timers };
            found.extend(rows.into_iter().map(missing));
            if end.is_none() || found.len() >= limit as usize {
                found.truncate(limit as usize);
                return Ok(found);
            }
            after = last;
        }
    }

    /// Puts off the due timers of a case that cannot be stepped, so that they do not fire again and again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn postpone_timers(&self, case: Uuid, now: Instant, to: Instant) -> Result<(), JournalError> {
        writing!(self, pool => {
            sqlx::query(POSTPONE).bind(case).bind(micros(now)).bind(micros(to)).execute(pool).await?;
        });
        Ok(())
    }

    /// Loses timers on purpose. For tests of the self-check only.
    #[doc(hidden)]
    pub async fn lose_timers(&self, case: Uuid) -> Result<(), JournalError> {
        writing!(self, pool => { sqlx::query("DELETE FROM timers WHERE case_id = $1").bind(case).execute(pool).await?; });
        Ok(())
    }
}
