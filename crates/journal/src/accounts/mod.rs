//! Accounts in the store: people, sessions, one-time sign-in tokens, failed attempts, and the audit trail.
//!
//! Keeps and finds; decides nothing. Who may do what is `web::permissions`; hashing and making of secrets is the
//! caller's, so that only hashes ever come here. Every instant is given by the caller.

mod audit;
mod failures;
mod sessions;
mod tokens;
mod users;

use chrono::{DateTime, TimeZone as _, Utc};
use sqlx::{PgPool, SqlitePool};

pub use audit::{AuditEntry, AuditLine};
pub use sessions::{NewSession, OwnSession, Session};
pub use users::{Account, User};

/// The accounts of one store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    store: Store,
}

/// Which database holds them. The statements are the same text for both.
#[derive(Clone, Debug)]
enum Store {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// Runs the same statement on whichever database is behind.
macro_rules! on_store {
    ($accounts:expr, $pool:ident => $run:expr) => {
        match &$accounts.store {
            $crate::accounts::Store::Sqlite { write: $pool, .. } => $run,
            $crate::accounts::Store::Postgres($pool) => $run,
        }
    };
}
use on_store;

/// As [`on_store`], for what only reads: SQLite's one writer is not kept waiting for it.
macro_rules! on_reading {
    ($accounts:expr, $pool:ident => $run:expr) => {
        match &$accounts.store {
            $crate::accounts::Store::Sqlite { read: $pool, .. } => $run,
            $crate::accounts::Store::Postgres($pool) => $run,
        }
    };
}
use on_reading;

impl Accounts {
    /// Accounts in an SQLite file whose migrations have run: its one writing connection, and those that read.
    #[must_use]
    pub fn sqlite(write: SqlitePool, read: SqlitePool) -> Self {
        Self { store: Store::Sqlite { write, read } }
    }

    /// Accounts in a PostgreSQL database whose migrations have run.
    #[must_use]
    pub fn postgres(pool: PgPool) -> Self {
        Self { store: Store::Postgres(pool) }
    }

    /// Forgets sessions, tokens and failures that no longer matter. Returns how many rows went.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, AccountsError> {
        const SESSIONS: &str = "DELETE FROM sessions WHERE expires_at < $1";
        const TOKENS: &str = "DELETE FROM sign_in_tokens WHERE expires_at < $1";
        const FAILURES: &str = "DELETE FROM sign_in_failures WHERE at < $1";
        let day = chrono::TimeDelta::days(1);
        let mut gone = 0;
        for statement in [SESSIONS, TOKENS, FAILURES] {
            gone += on_store!(self, pool => {
                sqlx::query(statement).bind(micros(now - day)).execute(pool).await?.rows_affected()
            });
        }
        Ok(gone)
    }
}

/// What can go wrong with accounts.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The database refused or is away.
    #[error("accounts: the store did not answer: {0}")]
    Store(#[from] sqlx::Error),
    /// Two people cannot share a sign-in name.
    #[error("accounts: the sign-in name {0:?} is taken. choose another")]
    LoginTaken(String),
    /// No such account.
    #[error("accounts: no account {0:?}")]
    NoSuchUser(String),
    /// A stored list is not JSON.
    #[error("accounts: the stored {field} of account {user:?} cannot be read: {problem}")]
    Unreadable {
        /// Account id.
        user: String,
        /// Column.
        field: &'static str,
        /// What the JSON reader says.
        problem: serde_json::Error,
    },
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn instant(micros: i64) -> DateTime<Utc> {
    Utc.timestamp_micros(micros).single().unwrap_or_default()
}
