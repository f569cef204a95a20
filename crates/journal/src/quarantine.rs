//! What was set aside because it could not be carried out: written down, shown, taken up again.

use uuid::Uuid;

use crate::error::JournalError;
use crate::store::{Journal, Quarantined, SetAside, reading, writing};
use crate::time::{from_micros, micros};

/// Most rows shown at once.
const MOST: u32 = 1000;

const PUT: &str = "INSERT INTO quarantine (id, kind, subject, district, timeline, case_id, body, error, first_at, at, times) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1) ON CONFLICT (kind, subject) DO UPDATE \
    SET error = excluded.error, at = excluded.at, times = quarantine.times + 1";
const NEWEST: &str = "SELECT id, kind, subject, district, timeline, case_id, body, error, at, times FROM quarantine \
    ORDER BY at DESC, id LIMIT $1";
const COUNT: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM quarantine WHERE district = $1 AND timeline = $2 LIMIT 10000) q";
const WHY: &str = "SELECT error FROM quarantine WHERE kind = $1 AND subject = $2";
const TAKE: &str = "DELETE FROM quarantine WHERE id = $1 RETURNING kind, subject";
const NO_LONGER: &str = "UPDATE timers SET not_before = 0 WHERE case_id = $1";
const OVER: &str = "DELETE FROM quarantine WHERE kind = 'timers' AND subject = $1";

type Row = (Uuid, String, Uuid, String, String, Option<Uuid>, String, String, i64, i64);

impl Journal {
    /// Sets something aside that cannot be carried out; the same thing again counts its tries up.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn quarantine(&self, what: &Quarantined) -> Result<(), JournalError> {
        writing!(self, pool => {
            sqlx::query(PUT)
                .bind(what.id)
                .bind(what.kind.word())
                .bind(what.subject)
                .bind(&what.district)
                .bind(&what.timeline)
                .bind(what.case)
                .bind(&what.body)
                .bind(&what.error)
                .bind(micros(what.at))
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// What was set aside, newest first, up to 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn quarantined(&self, limit: u32) -> Result<Vec<Quarantined>, JournalError> {
        let limit = i64::from(limit.min(MOST));
        let rows: Vec<Row> = reading!(self, pool => sqlx::query_as(NEWEST).bind(limit).fetch_all(pool).await?);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Why a command was set aside; none: it was not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_aside_command(&self, command: Uuid) -> Result<Option<String>, JournalError> {
        let row: Option<(String,)> = reading!(self, pool => {
            sqlx::query_as(WHY).bind(SetAside::Command.word()).bind(command).fetch_optional(pool).await?
        });
        Ok(row.map(|(why,)| why))
    }

    /// How many things of a district's timeline are set aside, counted up to 10,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn quarantine_size(&self, district: &str, timeline: &str) -> Result<u64, JournalError> {
        let (n,): (i64,) = reading!(self, pool => {
            sqlx::query_as(COUNT).bind(district).bind(timeline).fetch_one(pool).await?
        });
        Ok(n.unsigned_abs())
    }

    /// Takes a row out of the quarantine: timers that were put off are due again at once; a command may be sent again
    /// with the same id, by whoever holds what it said. False: there is no such row.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn retry_quarantined(&self, id: Uuid) -> Result<bool, JournalError> {
        Ok(writing!(self, pool => {
            let mut tx = pool.begin().await?;
            let taken: Option<(String, Uuid)> = sqlx::query_as(TAKE).bind(id).fetch_optional(&mut *tx).await?;
            if let Some((kind, subject)) = &taken
                && kind == SetAside::Timers.word()
            {
                sqlx::query(NO_LONGER).bind(subject).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            taken.is_some()
        }))
    }

    /// The timers of a case were fired after all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn timers_fire_again(&self, case: Uuid) -> Result<(), JournalError> {
        writing!(self, pool => { sqlx::query(OVER).bind(case).execute(pool).await?; });
        Ok(())
    }
}

fn row((id, kind, subject, district, timeline, case, body, error, at, times): Row) -> Quarantined {
    let kind = if kind == SetAside::Timers.word() { SetAside::Timers } else { SetAside::Command };
    Quarantined { id, kind, subject, district, timeline, case, body, error, at: from_micros(at), times }
}
