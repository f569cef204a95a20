//! A store for one test, and cases to put into it.

use std::sync::Arc;

use chrono::{DateTime, TimeZone as _, Utc};
use harness::postgres::Postgres;
use huiyin_journal::{Batch, CaseRecord, Claim, Claimed, Entry, Journal, JournalError, Locked, OpenOptions};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Store {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    server: Option<Arc<Postgres>>,
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", folder.path().join("huiyin.db").display()), folder, server: None }
    }

    pub(crate) fn postgres() -> Self {
        let (server, url) = Postgres::shared();
        Self { url, folder: tempfile::tempdir().unwrap(), server: Some(server) }
    }

    pub(crate) fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new(&self.url, self.folder.path(), at(0));
        options.seed = Some(7);
        options
    }

    pub(crate) async fn open(&self) -> Journal {
        self.options().open().await.unwrap()
    }

    /// Runs SQL behind the journal's back, past its triggers.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        if let Some(server) = &self.server {
            server.sql(&self.url, &format!("SET session_replication_role = replica; {sql}"));
            return;
        }
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        for guard in ["DROP TRIGGER IF EXISTS journal_no_update", "DROP TRIGGER IF EXISTS journal_no_delete"] {
            sqlx::query(guard).execute(&pool).await.unwrap();
        }
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

/// One part of [`Batch::take`] alone.
pub(crate) trait Parts {
    async fn claim(&mut self, claims: &[Claim], now: DateTime<Utc>) -> Result<Vec<Claimed>, JournalError>;
    async fn lock(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError>;
    async fn lock_free(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError>;
}

impl Parts for Batch {
    async fn claim(&mut self, claims: &[Claim], now: DateTime<Utc>) -> Result<Vec<Claimed>, JournalError> {
        Ok(self.take(claims, now, &[], &[]).await?.0)
    }

    async fn lock(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError> {
        Ok(self.take(&[], at(0), cases, &[]).await?.1)
    }

    async fn lock_free(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError> {
        Ok(self.take(&[], at(0), &[], cases).await?.1)
    }
}

/// Seconds after the start of the tests' time.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_795_000_000 + seconds, 0).unwrap()
}

pub(crate) fn seed() -> u64 {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
    eprintln!("seed {seed} (set HUIYIN_SEED to repeat another run)");
    seed
}

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn body(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// A case with its first entry.
pub(crate) fn case(n: u128, seconds: i64) -> (CaseRecord, Entry) {
    let mut case = CaseRecord::opening(id(n), "500110", "real", at(seconds));
    case.number = format!("XF-{n:06}");
    case.workflow = "petition".into();
    case.version = 1;
    case.state = r#"{"data":{}}"#.into();
    case.title = format!("夜间施工噪声 {n}");
    case.place = "古南街道".into();
    case.active = vec!["registered".into()];
    case.owner = Some("unit:duty-desk".into());
    case.owners = vec!["unit:duty-desk".into()];
    case.plain = format!("xf-{n:06} 夜间施工噪声 {n} 古南街道");
    let entry = case.append("opened", at(seconds), body(json!({"by": "person:1", "n": n.to_string()})));
    (case, entry)
}
