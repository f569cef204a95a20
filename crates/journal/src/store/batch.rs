//! The transaction of a batch: claim the commands, lock their cases, write everything, commit.
//!
//! The order of locks is the same everywhere, so that batches never wait for each other in a circle:
//! command ids (sorted), cases (in id order), counters (sorted), then rows that belong to a locked case.

use std::collections::HashMap;

use sqlx::{Sqlite, Transaction};
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
    Postgres(postgres::Tx),
}

/// Rows in the form in which the statements of one database take them.
#[derive(Debug)]
pub struct Prepared(Rows);

#[derive(Debug)]
enum Rows {
    Sqlite(sqlite::Encoded),
    Postgres(String),
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

    /// Claims commands, locks `cases`, and those of `free` that nobody else has locked, and reads what is locked with its
    /// timers. The first answer is in the order of `claims`, whose ids are different from each other; unknown cases are
    /// missing in the second, which has `cases` before `free`, each in id order. `now` is the time of the claims.
    /// On PostgreSQL this waits for a batch elsewhere that has claimed one of them and not committed yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take(
        &mut self,
        claims: &[Claim],
        now: Instant,
        cases: &[Uuid],
        free: &[Uuid],
    ) -> Result<(Vec<Claimed>, Vec<Locked>), JournalError> {
        self.journal.fault("claim")?;
        self.journal.fault("lock")?;
        let (known, locked) = match &mut self.tx {
            Tx::Sqlite(tx) => sqlite::take(tx, claims, micros(now), cases, free).await?,
            Tx::Postgres(tx) => postgres::take(tx, claims, micros(now), cases, free).await?,
        };
        let mut known: HashMap<Uuid, _> = known.into_iter().map(|answer| (answer.id, answer)).collect();
        let claimed = claims.iter().map(|claim| known.remove(&claim.id).map_or(Claimed::New, Claimed::Known)).collect();
        Ok((claimed, locked))
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
            Tx::Postgres(tx) => {
                sqlx::query_as(kept::ONE).bind(kind).bind(hash).fetch_optional(tx.connection().await?).await?
            }
        };
        Ok(row.map(kept::kept))
    }

    /// Writes everything and leaves the transaction open.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn write(&mut self, writes: &Writes) -> Result<(), JournalError> {
        self.journal.fault("write")?;
        match (&mut self.tx, self.journal.prepare(writes)?.0) {
            (Tx::Sqlite(tx), Rows::Sqlite(encoded)) => sqlite::write(tx, &encoded).await,
            (Tx::Postgres(tx), Rows::Postgres(text)) => {
                tx.write(&text).await.inspect_err(|e| self.journal.look_again(e))
            }
            _ => Err(other_database()),
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    /// [`JournalError::CommitUnknown`] when the answer was lost: read the command ids back.
    pub async fn commit(self) -> Result<(), JournalError> {
        self.journal.fault("commit")?;
        match self.tx {
            Tx::Sqlite(tx) => tx.commit().await.map_err(JournalError::CommitUnknown)?,
            Tx::Postgres(tx) => tx.commit("").await?,
        }
        self.journal.fault("committed").map_err(|_| JournalError::CommitUnknown(sqlx::Error::WorkerCrashed))
    }

    /// Writes what [`Journal::prepare`] made ready and makes everything last: [`Batch::write`] and [`Batch::commit`] in as few
    /// messages to the database as it takes.
    ///
    /// # Errors
    /// When the database refuses, or the rows were made ready for the other database;
    /// [`JournalError::CommitUnknown`] when the answer was lost: read the command ids back.
    pub async fn finish(self, prepared: &Prepared) -> Result<(), JournalError> {
        self.journal.fault("write")?;
        self.journal.fault("commit")?;
        match (self.tx, &prepared.0) {
            (Tx::Sqlite(mut tx), Rows::Sqlite(encoded)) => {
                sqlite::write(&mut tx, encoded).await?;
                tx.commit().await.map_err(JournalError::CommitUnknown)?;
            }
            (Tx::Postgres(tx), Rows::Postgres(text)) => {
                tx.commit(text).await.inspect_err(|e| self.journal.look_again(e))?;
            }
            _ => return Err(other_database()),
        }
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

fn other_database() -> JournalError {
    JournalError::damaged("rows to be written", "made ready for the other database")
}

const ANSWER: &str = "SELECT id, body_hash, case_id, answer FROM commands WHERE id = $1";

impl Journal {
    /// After a failed write: a month may have lost its partition.
    fn look_again(&self, error: &JournalError) {
        if error.is_missing_partition() {
            self.forget_months();
        }
    }

    /// Makes rows ready for [`Batch::finish`]: outside the transaction, so that it is held for less time.
    ///
    /// # Errors
    /// When a value cannot be written down.
    pub fn prepare(&self, writes: &Writes) -> Result<Prepared, JournalError> {
        Ok(Prepared(match self.kind() {
            super::Kind::Sqlite => Rows::Sqlite(sqlite::encode(writes)?),
            super::Kind::Postgres => Rows::Postgres(postgres::encode(writes)?),
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
