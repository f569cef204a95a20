//! The transaction of a batch: claim the commands, lock their cases, write everything, commit.
//!
//! The order of locks is the same everywhere, so that batches never wait for each other in a circle:
//! command ids (sorted), cases (in id order), counters (sorted), then rows that belong to a locked case.

use std::collections::HashMap;

use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use super::{Claim, Claimed, Counter, CounterKey, Journal, Locked, Writes, postgres, sqlite};
use crate::error::JournalError;
use crate::kept::{self, Kept};
use crate::time::{Instant, micros};

/// See the module. Dropped without [`Batch::commit`], nothing happened.
pub struct Batch {
    journal: Journal,
    tx: Tx,
}

pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Rows in the form in which the statements of one database take them.
#[derive(Debug)]
pub struct Prepared(Rows);

#[derive(Debug)]
enum Rows {
    Sqlite(sqlite::Encoded),
    Postgres(Box<Writes>),
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch")
    }
}

impl Batch {
    pub(crate) fn new(journal: Journal, tx: Tx) -> Self {
        Self { journal, tx }
    }

    /// Claims commands; the answer is in the order of `claims`. The ids of one call are different from each other.
    /// On PostgreSQL this waits for a batch elsewhere that has claimed one of them and not committed yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim(&mut self, claims: &[Claim], now: Instant) -> Result<Vec<Claimed>, JournalError> {
        self.journal.fault("claim")?;
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let known = match &mut self.tx {
            Tx::Sqlite(tx) => sqlite::claim(tx, claims, micros(now)).await?,
            Tx::Postgres(tx) => postgres::claim(tx, claims, micros(now)).await?,
        };
        let mut known: HashMap<Uuid, _> = known.into_iter().map(|answer| (answer.id, answer)).collect();
        Ok(claims.iter().map(|claim| known.remove(&claim.id).map_or(Claimed::New, Claimed::Known)).collect())
    }

    /// Locks cases and reads them with their timers. Unknown ids are missing in the answer, which is in id order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lock(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError> {
        self.locked(cases, false).await
    }

    /// As [`Batch::lock`], but leaves out cases that somebody else has locked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lock_free(&mut self, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError> {
        self.locked(cases, true).await
    }

    async fn locked(&mut self, cases: &[Uuid], skip: bool) -> Result<Vec<Locked>, JournalError> {
        self.journal.fault("lock")?;
        if cases.is_empty() {
            return Ok(Vec::new());
        }
        match &mut self.tx {
            Tx::Sqlite(tx) => sqlite::lock(tx, cases).await,
            Tx::Postgres(tx) => postgres::lock(tx, cases, skip).await,
        }
    }

    /// Locks counters and gives the last number of each, in the order of `keys`. To be called after the cases are locked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn counters(&mut self, keys: &[CounterKey]) -> Result<Vec<Counter>, JournalError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        debug_assert!(keys.is_sorted(), "counters are locked in order");
        match &mut self.tx {
            Tx::Sqlite(tx) => sqlite::counters(tx, keys).await,
            Tx::Postgres(tx) => postgres::counters(tx, keys).await,
        }
    }

    /// Finds something kept by its content address, on the batch's own connection: asking for another one while holding
    /// this one could wait for ever.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept(&mut self, kind: &str, hash: &str) -> Result<Option<Kept>, JournalError> {
        let row: Option<kept::Row> = match &mut self.tx {
            Tx::Sqlite(tx) => sqlx::query_as(kept::ONE).bind(kind).bind(hash).fetch_optional(&mut **tx).await?,
            Tx::Postgres(tx) => sqlx::query_as(kept::ONE).bind(kind).bind(hash).fetch_optional(&mut **tx).await?,
        };
        Ok(row.map(kept::kept))
    }

    /// Writes everything: in as few statements as there are kinds of things to be written.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn write(&mut self, writes: &Writes) -> Result<(), JournalError> {
        self.journal.fault("write")?;
        match &mut self.tx {
            Tx::Sqlite(tx) => sqlite::write(tx, &sqlite::encode(writes)?).await,
            Tx::Postgres(tx) => postgres::write(tx, writes).await.inspect_err(|e| self.journal.look_again(e)),
        }
    }

    /// As [`Batch::write`], with what [`Journal::prepare`] made ready.
    ///
    /// # Errors
    /// When the database refuses, or the rows were made ready for the other database.
    pub async fn write_prepared(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        self.journal.fault("write")?;
        match (&mut self.tx, &prepared.0) {
            (Tx::Sqlite(tx), Rows::Sqlite(encoded)) => sqlite::write(tx, encoded).await,
            (Tx::Postgres(tx), Rows::Postgres(writes)) => {
                postgres::write(tx, writes).await.inspect_err(|e| self.journal.look_again(e))
            }
            _ => Err(JournalError::damaged("rows to be written", "made ready for the other database")),
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    /// [`JournalError::CommitUnknown`] when the answer was lost: read the command ids back.
    pub async fn commit(self) -> Result<(), JournalError> {
        self.journal.fault("commit")?;
        let done = match self.tx {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        };
        done.map_err(JournalError::CommitUnknown)?;
        self.journal.fault("committed").map_err(|_| JournalError::CommitUnknown(sqlx::Error::WorkerCrashed))
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// When the connection is gone; then the database undoes it.
    pub async fn rollback(self) -> Result<(), JournalError> {
        match self.tx {
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

const ANSWER: &str = "SELECT id, body_hash, case_id, answer FROM commands WHERE id = $1";
impl Journal {
    /// After a failed write: a month may have lost its partition.
    fn look_again(&self, error: &JournalError) {
        if error.is_missing_partition() {
            self.forget_months();
        }
    }

    /// Makes rows ready for [`Batch::write_prepared`]: outside the transaction, so that it is held for less time.
    ///
    /// # Errors
    /// When a value cannot be written down.
    pub fn prepare(&self, writes: Writes) -> Result<Prepared, JournalError> {
        Ok(Prepared(match self.kind() {
            super::Kind::Sqlite => Rows::Sqlite(sqlite::encode(&writes)?),
            super::Kind::Postgres => Rows::Postgres(Box::new(writes)),
        }))
    }

    /// The committed answer of a command; none: it was never committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn answer(&self, id: Uuid) -> Result<Option<super::StoredAnswer>, JournalError> {
        let row: Option<super::rows::RawAnswer> =
            super::writing!(self, pool => sqlx::query_as(ANSWER).bind(id).fetch_optional(pool).await?);
        row.map(TryInto::try_into).transpose()
    }
}
