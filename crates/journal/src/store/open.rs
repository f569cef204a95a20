//! Opening a store: connections, settings that make a commit durable, migrations, the master key.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::{Db, Fault, Inner, Journal};
use crate::error::JournalError;
use crate::secret::{Vault, load_master};
use crate::time::Instant;
use crate::{canonical, migrations};

/// How long a caller waits for a connection before it is told that the database does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection to a server that lay still for longer is asked whether it is alive before it is used.
pub(super) const STILL: Duration = Duration::from_secs(1);

/// How to open a store.
pub struct OpenOptions {
    /// `sqlite:PATH` or `postgres://user@host/database`.
    pub url: String,
    /// The folder beside the database: master key, attachments, daily roots. Made when missing.
    pub data_dir: PathBuf,
    /// The master key as 64 hexadecimal digits; none: `master.key` in `data_dir`, made on the first start.
    pub master_key: Option<String>,
    /// A file with the master key as 64 hexadecimal digits, which must be there; used when no key is given.
    pub master_key_file: Option<PathBuf>,
    /// A second folder for the daily roots, best on another machine's disk.
    pub roots: Option<PathBuf>,
    /// The source of keys and nonces; none: the system's randomness. Given only by tests and simulations.
    pub seed: Option<u64>,
    /// false: SQLite does not wait for the disk. Only for simulations, whose store is thrown away.
    pub durable: bool,
    /// Connections: to PostgreSQL in all, to SQLite for reading.
    pub connections: u32,
    /// false: a store that is not there is not made.
    pub create: bool,
    /// The time of opening, for the record of migrations.
    pub now: Instant,
    /// Fails batches on purpose; tests only.
    pub fault: Option<Box<Fault>>,
    /// Most pages of an SQLite file, so that a disk can be full; tests only.
    pub most_pages: Option<Arc<AtomicU32>>,
}

impl OpenOptions {
    /// A durable store with eight connections and a master key in `data_dir`.
    #[must_use]
    pub fn new(url: impl Into<String>, data_dir: impl Into<PathBuf>, now: Instant) -> Self {
        Self {
            url: url.into(),
            data_dir: data_dir.into(),
            master_key: None,
            master_key_file: None,
            roots: None,
            seed: None,
            durable: true,
            connections: 8,
            create: true,
            now,
            fault: None,
            most_pages: None,
        }
    }

    /// Opens the store, brings it to the newest shape, and reads or makes the master key.
    ///
    /// # Errors
    /// When the database or the folder cannot be used, a migration was changed, or the master key is lost.
    pub async fn open(self) -> Result<Journal, JournalError> {
        if self.create {
            own_folder(&self.data_dir)?;
        } else if !self.data_dir.is_dir() {
            return Err(JournalError::NoStore { path: self.data_dir });
        }
        let db = if let Some(path) = self.url.strip_prefix("sqlite:") {
            self.sqlite(Path::new(path.trim_start_matches("//"))).await?
        } else if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            self.postgres().await?
        } else {
            return Err(JournalError::Address(self.url));
        };
        let vault = self.vault(&db).await?;
        let months = Mutex::new(HashSet::new());
        let (data_dir, roots, fault) = (self.data_dir, self.roots, self.fault);
        let journal =
            Journal { inner: Arc::new(Inner { db, vault, data_dir, roots, months, warm: Arc::default(), fault }) };
        journal.bind_master().await?;
        Ok(journal)
    }

    async fn sqlite(&self, path: &Path) -> Result<Db, JournalError> {
        if !self.create && !path.is_file() {
            return Err(JournalError::NoStore { path: path.to_owned() });
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            own_folder(folder)?;
        }
        own_file(path)?;
        let synchronous = if self.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(30))
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "4000")
            // What is deleted is overwritten: a destroyed key must not lie about in free pages.
            .pragma("secure_delete", "1")
            .statement_cache_capacity(200)
            .foreign_keys(true);
        // On a full disk or an i/o error SQLite ends the transaction by itself; the ROLLBACK that follows fails, and the
        // driver goes on believing that it stands in a transaction. Such a connection is closed, never used again.
        let most_pages = self.most_pages.clone();
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .before_acquire(move |connection, _| {
                let most = most_pages.clone();
                Box::pin(async move {
                    if let Some(most) = most {
                        let limit = format!("PRAGMA max_page_count = {}", most.load(Ordering::SeqCst));
                        sqlx::raw_sql(AssertSqlSafe(limit)).execute(&mut *connection).await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        migrations::sqlite(&write, self.now).await?;
        let read = SqlitePoolOptions::new()
            .test_before_acquire(false)
            .max_connections(self.connections.max(1))
            .connect_lazy_with(options.pragma("cache_size", "-8192").pragma("query_only", "1"));
        Ok(Db::Sqlite { write, read })
    }

    async fn postgres(&self) -> Result<Db, JournalError> {
        let options =
            PgConnectOptions::from_str(&self.url)?.application_name("huiyin").statement_cache_capacity(200).options([
                ("statement_timeout", "60000"),
                ("idle_in_transaction_session_timeout", "60000"),
                ("lock_timeout", "10000"),
                // What a batch writes out as text counts on it.
                ("standard_conforming_strings", "on"),
            ]);
        // The text of a batch holds what it writes: none of it may get into our log.
        let options = options.disable_statement_logging();
        let first =
            PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_with(options.clone()).await?;
        migrations::postgres(&first, self.now).await?;
        first.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(self.connections.max(2))
            .acquire_timeout(PATIENCE)
            // Asked before use only when it lay still: one question less for every transaction under load.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > STILL {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| Box::pin(super::postgres::prepare(connection)))
            .connect_with(options)
            .await?;
        Ok(Db::Postgres { pool })
    }

    async fn vault(&self, db: &Db) -> Result<Vault, JournalError> {
        let seed = match self.seed {
            Some(seed) => canonical::hash(format!("huiyin seed {seed}").as_bytes()),
            None => random()?,
        };
        let path = self.data_dir.join("master.key");
        let master = match (&self.master_key, self.seed) {
            (Some(text), _) => crate::secret::parse_master(text.trim(), "the configured master key")?,
            (None, Some(seed)) => canonical::hash(format!("huiyin master {seed}").as_bytes()),
            (None, None) => match &self.master_key_file {
                Some(given) => crate::secret::read_master(given)?,
                None => {
                    // Asked before the file is looked for: whoever binds a store has made the file before.
                    let held = holds_keys(db).await?;
                    if !path.exists() && (held || !self.create) {
                        return Err(JournalError::MasterKeyLost { path });
                    }
                    load_master(&path, random()?)?
                }
            },
        };
        Ok(Vault::new(master, seed))
    }
}

async fn holds_keys(db: &Db) -> Result<bool, JournalError> {
    const ANY: &str =
        "SELECT EXISTS (SELECT 1 FROM case_keys) OR EXISTS (SELECT 1 FROM settings WHERE key = 'master.check')";
    let (any,): (bool,) = match db {
        Db::Sqlite { read, .. } => sqlx::query_as(ANY).fetch_one(read).await?,
        Db::Postgres { pool } => sqlx::query_as(ANY).fetch_one(pool).await?,
    };
    Ok(any)
}

/// Makes a folder that only its owner may look into; one that is there already stays as it is.
fn own_folder(folder: &Path) -> Result<(), JournalError> {
    let mut maker = std::fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder).map_err(JournalError::file(folder))
}

/// Makes a database file that only its owner may read; SQLite gives its log the same permissions.
fn own_file(path: &Path) -> Result<(), JournalError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(JournalError::file(path))
}

fn random() -> Result<[u8; 32], JournalError> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|e| JournalError::damaged("the system's randomness", e))?;
    Ok(bytes)
}
