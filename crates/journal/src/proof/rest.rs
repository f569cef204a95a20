//! What proofs compare beside single cases: rows that belong to no case, counters, everything kept, and what was purged.

use uuid::Uuid;

use crate::error::JournalError;
use crate::kept::{self, Kept};
use crate::store::{Counter, CounterKey, Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// Tables whose rows belong to a case, and the column that names it. Not `commands`: a refused one may name a case that
/// never was.
const OWNED: [(&str, &str); 7] = [
    ("timers", "case_id"),
    ("case_owners", "case_id"),
    ("outbox", "case_id"),
    ("case_keys", "case_id"),
    ("grams", "case_id"),
    ("links", "child"),
    ("attachments", "case_id"),
];
const ORPHANS: &str = "SELECT DISTINCT t.{column} FROM {table} t WHERE t.{column} IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = t.{column}) LIMIT 100";
const ENTRIES: &str = "SELECT DISTINCT j.case_id FROM journal j WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = j.case_id) LIMIT 100";
const COUNTERS: &str = "SELECT district, timeline, workflow, period, n FROM counters ORDER BY 1, 2, 3, 4";
const KEPT: &str = "SELECT kind, hash, name, version, body, at FROM kept WHERE kind > $1 OR (kind = $1 AND hash > $2) \
    ORDER BY kind, hash LIMIT 50";
const PURGE: &str = "DELETE FROM outbox WHERE id IN \
    (SELECT id FROM outbox WHERE state <> 'waiting' AND created_at < $1 ORDER BY created_at LIMIT 1000)";
const PURGED: &str = "outbox.purged_before";

impl Journal {
    /// Rows that belong to a case that is not there: table and case.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn orphans(&self) -> Result<Vec<(&'static str, Uuid)>, JournalError> {
        let mut out = Vec::new();
        let entries: Vec<(Uuid,)> = reading!(self, pool => sqlx::query_as(ENTRIES).fetch_all(pool).await?);
        out.extend(entries.into_iter().map(|(case,)| ("journal", case)));
        for (table, column) in OWNED {
            let sql = ORPHANS.replace("{table}", table).replace("{column}", column);
            let rows: Vec<(Uuid,)> =
                reading!(self, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?);
            out.extend(rows.into_iter().map(|(case,)| (table, case)));
        }
        Ok(out)
    }

    /// Every counter with the last number given.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn counters(&self) -> Result<Vec<Counter>, JournalError> {
        let rows: Vec<(String, String, String, String, i64)> =
            reading!(self, pool => sqlx::query_as(COUNTERS).fetch_all(pool).await?);
        let counter = |(district, timeline, workflow, period, n)| Counter {
            key: CounterKey { district, timeline, workflow, period },
            n,
        };
        Ok(rows.into_iter().map(counter).collect())
    }

    /// Things kept, some at a time, after a kind and address.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept_after(&self, kind: &str, hash: &str) -> Result<Vec<Kept>, JournalError> {
        let rows: Vec<kept::Row> =
            reading!(self, pool => sqlx::query_as(KEPT).bind(kind).bind(hash).fetch_all(pool).await?);
        Ok(rows.into_iter().map(kept::kept).collect())
    }

    /// Takes settled effects away that were written before `before`, up to 1,000. Their entries tell of them for ever;
    /// the mark that they were taken away on purpose is signed, and comes first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purge_effects(&self, before: Instant) -> Result<u64, JournalError> {
        if self.purged_before().await?.is_none_or(|known| known < before) {
            let said = micros(before).to_string();
            let mac = hex::encode(self.vault().purpose("purged effects", said.as_bytes()));
            self.set_setting(PURGED, &format!("{said} {mac}")).await?;
        }
        Ok(writing!(self, pool => sqlx::query(PURGE).bind(micros(before)).execute(pool).await?.rows_affected()))
    }

    /// Settled effects written before this may have been taken away; none: none was, or the mark is not ours.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purged_before(&self) -> Result<Option<Instant>, JournalError> {
        let Some(mark) = self.setting(PURGED).await? else { return Ok(None) };
        let Some((said, mac)) = mark.split_once(' ') else { return Ok(None) };
        let right = hex::encode(self.vault().purpose("purged effects", said.as_bytes()));
        Ok(said.parse().ok().filter(|_| right == mac).map(from_micros))
    }
}
