//! Failed sign-ins, counted so that guessing is slowed down on every process that shares the store.

use chrono::{DateTime, Utc};

use super::{Accounts, AccountsError, micros, on_store};

const RECORD: &str = "INSERT INTO sign_in_failures (who, at) VALUES ($1, $2)";
const COUNT: &str = "SELECT COUNT(*) FROM sign_in_failures WHERE who = $1 AND at > $2";
const FORGIVE: &str = "DELETE FROM sign_in_failures WHERE who = $1";

impl Accounts {
    /// Writes down a failure. `who` is a hash of a login or of an address.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_failure(&self, who: &str, at: DateTime<Utc>) -> Result<(), AccountsError> {
        on_store!(self, pool => { sqlx::query(RECORD).bind(who).bind(micros(at)).execute(pool).await?; });
        Ok(())
    }

    /// How often it failed since.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn failures_since(&self, who: &str, since: DateTime<Utc>) -> Result<u64, AccountsError> {
        let (count,): (i64,) = on_store!(self, pool => {
            sqlx::query_as(COUNT).bind(who).bind(micros(since)).fetch_one(pool).await?
        });
        Ok(count.unsigned_abs())
    }

    /// Forgets failures after a success.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forgive_failures(&self, who: &str) -> Result<(), AccountsError> {
        on_store!(self, pool => { sqlx::query(FORGIVE).bind(who).execute(pool).await?; });
        Ok(())
    }
}
