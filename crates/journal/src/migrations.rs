//! Brings a database to the newest shape: every file of `migrations/` once, in order, also when several processes start at once.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::error::JournalError;
use crate::time::Instant;
use crate::{canonical, micros};

mod list {
    include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
}

const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL, at BIGINT NOT NULL)";
const DONE: &str = "SELECT name, hash FROM migrations";
const RECORD: &str = "INSERT INTO migrations (name, hash, at) VALUES ($1, $2, $3)";
/// Any number, the same in every process that shares a database.
const LOCK: i64 = 0x4855_4959_494e;

/// Runs what is missing in one transaction under the write lock.
pub(crate) async fn sqlite(pool: &SqlitePool, now: Instant) -> Result<(), JournalError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(TABLE).execute(&mut *tx).await?;
    let done: Vec<(String, String)> = sqlx::query_as(DONE).fetch_all(&mut *tx).await?;
    for (name, text) in missing(list::SQLITE, &done)? {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx).await?;
        let hash = hex::encode(canonical::hash(text.as_bytes()));
        sqlx::query(RECORD).bind(name).bind(hash).bind(micros(now)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Runs what is missing in one transaction under an advisory lock.
pub(crate) async fn postgres(pool: &PgPool, now: Instant) -> Result<(), JournalError> {
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    sqlx::query(TABLE).execute(&mut *tx).await?;
    let done: Vec<(String, String)> = sqlx::query_as(DONE).fetch_all(&mut *tx).await?;
    for (name, text) in missing(list::POSTGRES, &done)? {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx).await?;
        let hash = hex::encode(canonical::hash(text.as_bytes()));
        sqlx::query(RECORD).bind(name).bind(hash).bind(micros(now)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn missing(
    all: &'static [(&'static str, &'static str)],
    done: &[(String, String)],
) -> Result<Vec<(&'static str, &'static str)>, JournalError> {
    let done: BTreeMap<&str, &str> = done.iter().map(|(name, hash)| (name.as_str(), hash.as_str())).collect();
    if let Some(newer) = done.keys().find(|name| all.iter().all(|(known, _)| known != *name)) {
        return Err(JournalError::NewerStore { name: (*newer).to_owned() });
    }
    let mut out = Vec::new();
    for &(name, text) in all {
        match done.get(name) {
            None => out.push((name, text)),
            Some(hash) if *hash == hex::encode(canonical::hash(text.as_bytes())) => {}
            Some(_) => return Err(JournalError::MigrationChanged { name: name.to_owned() }),
        }
    }
    Ok(out)
}
