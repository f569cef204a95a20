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
const NEXT: &str =
    "SELECT due_at FROM timers WHERE district = $1 AND timeline = $2 AND not_before = 0 ORDER BY due_at LIMIT 1";
const NEXT_PUT_OFF: &str = "SELECT not_before FROM timers WHERE district = $1 AND timeline = $2 AND not_before > 0 ORDER BY not_before LIMIT 1";
const DUE: &str = "SELECT case_id, due_at FROM timers \
    WHERE district = $1 AND timeline = $2 AND due_at <= $3 AND not_before <= $3 ORDER BY due_at LIMIT $4";
const OVERDUE: &str = "SELECT COUNT(*), MIN(due_at) FROM timers WHERE district = $1 AND timeline = $2 AND due_at <= $3";
const PUT_OFF: &str = "SELECT COUNT(*) FROM timers WHERE district = $1 AND timeline = $2 AND not_before > 0";
const OPEN: &str =
    "SELECT id FROM cases WHERE district = $1 AND timeline = $2 AND closed_at IS NULL AND id > $3 ORDER BY id LIMIT $4";
const WITHOUT: &str = "SELECT c.id, c.number, c.running, COUNT(t.key) FROM cases c \
    LEFT JOIN timers t ON t.case_id = c.id AND t.key >= 'clock/' AND t.key < 'clock0' \
    WHERE c.district = $1 AND c.timeline = $2 AND c.closed_at IS NULL AND c.running > 0 AND c.id > $3 AND c.id <= $4 \
    GROUP BY c.id, c.number, c.running HAVING COUNT(t.key) < c.running LIMIT $5";
/// Open cases looked at in one statement of the self-check.
const PAGE: i64 = 5000;

const POSTPONE: &str = "UPDATE timers SET not_before = $3 WHERE case_id = $1 AND due_at <= $2";

/// Copies of a case with its timers, under ids of their own; `$1` the case, `$2` and `$3` the first and last number.
const MULTIPLY_SQLITE: [&str; 2] = [
    "WITH RECURSIVE n (n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM n WHERE n < $3) \
     INSERT INTO cases SELECT unhex(printf('0000000000007000%016x', n)), number || '-' || n, district, timeline, workflow, \
     version, definition_hash, state, title, place, category, channel, active, owner, owners, due_at, due_clock, \
     due_provisional, marks, excluded, running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, \
     plain FROM n, cases WHERE id = $1",
    "WITH RECURSIVE n (n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM n WHERE n < $3) \
     INSERT INTO timers (case_id, key, due_at, version, district, timeline) \
     SELECT unhex(printf('0000000000007000%016x', n)), key, due_at, version, district, timeline \
     FROM n, timers WHERE case_id = $1",
];
const MULTIPLY_POSTGRES: [&str; 2] = [
    "INSERT INTO cases SELECT ('00000000-0000-7000-' || lpad(to_hex(n >> 48), 4, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid, \
     number || '-' || n, district, timeline, workflow, \
     version, definition_hash, state, title, place, category, channel, active, owner, owners, due_at, due_clock, \
     due_provisional, marks, excluded, running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, \
     plain FROM generate_series($2::bigint, $3) n, cases WHERE id = $1",
    "INSERT INTO timers (case_id, key, due_at, version, district, timeline) SELECT ('00000000-0000-7000-' || lpad(to_hex(n >> 48), 4, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid, \
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

    /// When the earliest timer of a district's timeline fires.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_due(&self, district: &str, timeline: &str) -> Result<Option<Instant>, JournalError> {
        let mut next: Option<i64> = None;
        for sql in [NEXT, NEXT_PUT_OFF] {
            let row: Option<(i64,)> = reading!(self, pool => {
                sqlx::query_as(sql).bind(district).bind(timeline).fetch_optional(pool).await?
            });
            next = next.into_iter().chain(row.map(|(at,)| at)).min();
        }
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

    /// Cases of a district with due timers, earliest first, without lock; looks at no more than `limit` timers.
    /// What is found may be gone when the case is locked: the timers read under lock count.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn due_cases(
        &self,
        district: &str,
        timeline: &str,
        now: Instant,
        limit: u32,
    ) -> Result<Vec<DueCase>, JournalError> {
        let rows: Vec<(Uuid, i64)> = reading!(self, pool => {
            let query = sqlx::query_as(DUE).bind(district).bind(timeline).bind(micros(now)).bind(i64::from(limit));
            query.fetch_all(pool).await?
        });
        let mut seen = std::collections::HashSet::with_capacity(rows.len());
        let first = rows.into_iter().filter(|(case, _)| seen.insert(*case));
        Ok(first.map(|(case, due_at)| DueCase { case, due_at: from_micros(due_at) }).collect())
    }

    /// How many timers are overdue, and since when the oldest is; those that were put off are among them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn overdue_timers(
        &self,
        district: &str,
        timeline: &str,
        now: Instant,
    ) -> Result<(u64, Option<Instant>), JournalError> {
        let (count, oldest): (i64, Option<i64>) = reading!(self, pool => {
            sqlx::query_as(OVERDUE).bind(district).bind(timeline).bind(micros(now)).fetch_one(pool).await?
        });
        Ok((count.unsigned_abs(), oldest.map(from_micros)))
    }

    /// How many timers were put off because their case could not be stepped.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_off_timers(&self, district: &str, timeline: &str) -> Result<u64, JournalError> {
        let (count,): (i64,) = reading!(self, pool => {
            sqlx::query_as(PUT_OFF).bind(district).bind(timeline).fetch_one(pool).await?
        });
        Ok(count.unsigned_abs())
    }

    /// Open cases with a running clock that has no timer: nobody would be reminded. Looks at the open cases, page by page.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clocks_without_timer(
        &self,
        district: &str,
        timeline: &str,
        limit: u32,
    ) -> Result<Vec<MissingTimer>, JournalError> {
        let (mut found, mut after) = (Vec::new(), Uuid::nil());
        loop {
            let page: Vec<(Uuid,)> = reading!(self, pool => {
                sqlx::query_as(OPEN).bind(district).bind(timeline).bind(after).bind(PAGE).fetch_all(pool).await?
            });
            let Some(&(last,)) = page.last() else { return Ok(found) };
            let rows: Vec<(Uuid, String, i64, i64)> = reading!(self, pool => {
                sqlx::query_as(WITHOUT)
                    .bind(district)
                    .bind(timeline)
                    .bind(after)
                    .bind(last)
                    .bind(i64::from(limit))
                    .fetch_all(pool)
                    .await?
            });
            let missing = |(case, number, running, timers)| MissingTimer { case, number, running, timers };
            found.extend(rows.into_iter().map(missing));
            if found.len() >= limit as usize {
                found.truncate(limit as usize);
                return Ok(found);
            }
            after = last;
        }
    }

    /// Puts off the due timers of a case that cannot be stepped, so that they do not fire again and again. When they are
    /// due stays as it was.
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
