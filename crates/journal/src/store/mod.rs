//! The two databases behind one [`Journal`], and the transaction in which a batch of steps is written.

mod batch;
mod literal;
mod open;
mod postgres;
pub(crate) mod rows;
mod sqlite;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Datelike as _;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

pub use batch::{Batch, Prepared};
pub use open::OpenOptions;
pub use rows::{
    AnswerWrite, CaseKeyWrite, CaseRecord, Claim, Claimed, Counter, CounterKey, Entry, GramWrite, LinkWrite, Locked,
    OutboxWrite, OwnersWrite, Quarantined, SetAside, StoredAnswer, TimerRow, TimerWrite, Writes,
};

use crate::accounts::Accounts;
use crate::delivery::Deliveries;
use crate::error::JournalError;
use crate::secret::Vault;
use crate::time::{Instant, from_micros, micros};

/// Which database is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file, one writer.
    Sqlite,
    /// A server, any number of writers.
    Postgres,
}

/// Fails a batch on purpose, for tests: called with the name of the point that is reached.
pub type Fault = dyn Fn(&'static str) -> bool + Send + Sync;

/// The record of the house. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    vault: Vault,
    data_dir: PathBuf,
    /// A second folder for the daily roots.
    roots: Option<PathBuf>,
    /// Months whose partition is known to exist (PostgreSQL).
    months: Mutex<HashSet<(i32, u32)>>,
    /// Connections for the next batches (PostgreSQL).
    warm: Arc<postgres::Warm>,
    fault: Option<Box<Fault>>,
}

pub(crate) enum Db {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres { pool: PgPool },
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({:?})", self.kind())
    }
}

/// Runs the same statement on the reading side of whichever database is behind.
macro_rules! reading {
    ($journal:expr, $pool:ident => $run:expr) => {
        match $journal.db() {
            $crate::store::Db::Sqlite { read: $pool, .. } => $run,
            $crate::store::Db::Postgres { pool: $pool } => $run,
        }
    };
}
pub(crate) use reading;

/// Runs the same statement on the writing side of whichever database is behind.
macro_rules! writing {
    ($journal:expr, $pool:ident => $run:expr) => {
        match $journal.db() {
            $crate::store::Db::Sqlite { write: $pool, .. } => $run,
            $crate::store::Db::Postgres { pool: $pool } => $run,
        }
    };
}
pub(crate) use writing;

/// Whether a month is a partition of the journal, and whether there is a table of its name.
const PARTITION: &str = "SELECT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid \
    WHERE i.inhparent = 'journal'::regclass AND p.relname = $1), to_regclass($1) IS NOT NULL";

impl Journal {
    /// Which database is behind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.inner.db {
            Db::Sqlite { .. } => Kind::Sqlite,
            Db::Postgres { .. } => Kind::Postgres,
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Keys, seals and keyed search.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The folder beside the database: master key, attachments, daily roots.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        &self.inner.data_dir
    }

    /// The second folder for the daily roots.
    pub(crate) fn second_roots(&self) -> Option<&std::path::Path> {
        self.inner.roots.as_deref()
    }

    /// The delivery log on the same database.
    #[must_use]
    pub fn deliveries(&self) -> Deliveries {
        match &self.inner.db {
            Db::Sqlite { write, read } => Deliveries::Sqlite { write: write.clone(), read: read.clone() },
            Db::Postgres { pool } => Deliveries::Postgres(pool.clone()),
        }
    }

    /// The accounts on the same database.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        match &self.inner.db {
            Db::Sqlite { write, read } => Accounts::sqlite(write.clone(), read.clone()),
            Db::Postgres { pool } => Accounts::postgres(pool.clone()),
        }
    }

    /// The time of the database server; none where there is no server (SQLite).
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn database_now(&self) -> Result<Option<Instant>, JournalError> {
        let Db::Postgres { pool } = &self.inner.db else { return Ok(None) };
        let (now,): (i64,) =
            sqlx::query_as("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").fetch_one(pool).await?;
        Ok(Some(from_micros(now)))
    }

    /// Begins the transaction of a batch; on PostgreSQL the server hears of it with its first statement. `now` is the time of
    /// its steps.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self, now: Instant) -> Result<Batch, JournalError> {
        self.fault("begin")?;
        let batch = match &self.inner.db {
            Db::Sqlite { write, .. } => batch::Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres { pool } => {
                self.month_exists(pool, now).await?;
                batch::Tx::Postgres(postgres::Tx::on(pool, &self.inner.warm).await?)
            }
        };
        Ok(Batch::new(self.clone(), batch))
    }

    pub(crate) fn fault(&self, point: &'static str) -> Result<(), JournalError> {
        match &self.inner.fault {
            Some(fault) if fault(point) => Err(JournalError::Injected(point)),
            _ => Ok(()),
        }
    }

    /// A write found no partition: they are looked for again with the next batch.
    pub(crate) fn forget_months(&self) {
        self.inner.months.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Makes the partitions of this month and the next, once.
    async fn month_exists(&self, pool: &PgPool, now: Instant) -> Result<(), JournalError> {
        let this = (now.year(), now.month());
        if self.inner.months.lock().unwrap_or_else(PoisonError::into_inner).contains(&this) {
            return Ok(());
        }
        let mut tx = pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(0x4855_4d4f_4e54_i64).execute(&mut *tx).await?;
        for month in [this, next(this)] {
            let name = format!("journal_{:04}_{:02}", month.0, month.1);
            let (attached, exists): (bool, bool) = sqlx::query_as(PARTITION).bind(&name).fetch_one(&mut *tx).await?;
            if attached {
                continue;
            }
            let (from, to) = (first(month), first(next(month)));
            let make = if exists {
                tracing::error!(%name, "the journal of a month was detached from the journal; it is attached again");
                format!("ALTER TABLE journal ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})")
            } else {
                format!(
                    "CREATE TABLE {name} PARTITION OF journal FOR VALUES FROM ({from}) TO ({to}); \
                     CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} \
                     FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
                )
            };
            sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.inner.months.lock().unwrap_or_else(PoisonError::into_inner).insert(this);
        Ok(())
    }

    /// Writes what SQLite has in its log into the file itself and empties the log, as far as readers allow.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn checkpoint(&self) -> Result<(), JournalError> {
        if let Db::Sqlite { write, .. } = &self.inner.db {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(write).await?;
        }
        Ok(())
    }

    /// Copies an SQLite database as it is at this moment into a new file, while it is in use.
    ///
    /// # Errors
    /// When the file is there already or cannot be written, or the database is PostgreSQL, which has its own tools.
    pub async fn copy_to(&self, file: &std::path::Path) -> Result<(), JournalError> {
        let Db::Sqlite { write, .. } = &self.inner.db else {
            let problem = "it is on PostgreSQL: use pg_dump or pg_basebackup, and copy the data folder";
            return Err(JournalError::damaged("backup", problem));
        };
        sqlx::query("VACUUM INTO $1").bind(file.display().to_string()).execute(write).await?;
        Ok(())
    }

    /// Closes the connections once they are idle; SQLite's log is written into the file first.
    pub async fn close(&self) {
        match &self.inner.db {
            Db::Sqlite { write, read } => {
                read.close().await;
                if let Err(e) = self.checkpoint().await {
                    tracing::warn!(%e, "the log of the database could not be written into its file");
                }
                write.close().await;
            }
            Db::Postgres { pool } => {
                let closing = pool.close();
                self.inner.warm.clear();
                closing.await;
            }
        }
    }
}

fn next((year, month): (i32, u32)) -> (i32, u32) {
    if month == 12 { (year + 1, 1) } else { (year, month + 1) }
}

/// First microsecond of a month, UTC.
fn first((year, month): (i32, u32)) -> i64 {
    chrono::NaiveDate::from_ymd_opt(year, month, 1)
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(0, |at| micros(at.and_utc()))
}
