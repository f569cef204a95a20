//! Small things that must outlive a restart: key and value.

use crate::error::JournalError;
use crate::store::{Journal, reading, writing};

const GET: &str = "SELECT value FROM settings WHERE key = $1";
const PUT: &str =
    "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const RAISE: &str = "INSERT INTO settings (key, value) VALUES ($1, CAST(CAST($2 AS BIGINT) AS TEXT)) \
    ON CONFLICT (key) DO UPDATE SET value = CASE WHEN CAST(settings.value AS BIGINT) < CAST(excluded.value AS BIGINT) \
    THEN excluded.value ELSE settings.value END RETURNING value";

const ONCE: &str = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
/// What the master key must make of itself in this store.
const MASTER_CHECK: &str = "master.check";

impl Journal {
    /// Binds the store to its master key at the first opening, and refuses another one afterwards.
    pub(crate) async fn bind_master(&self) -> Result<(), JournalError> {
        let check = hex::encode(self.vault().purpose("check", b"huiyin"));
        if self.setting(MASTER_CHECK).await?.is_none() {
            writing!(self, pool => { sqlx::query(ONCE).bind(MASTER_CHECK).bind(&check).execute(pool).await?; });
        }
        let (known,): (String,) = writing!(self, pool => sqlx::query_as(GET).bind(MASTER_CHECK).fetch_one(pool).await?);
        if known == check { Ok(()) } else { Err(JournalError::MasterKeyOther) }
    }

    /// The value of a setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, JournalError> {
        let row: Option<(String,)> = reading!(self, pool => sqlx::query_as(GET).bind(key).fetch_optional(pool).await?);
        Ok(row.map(|(value,)| value))
    }

    /// Writes a setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), JournalError> {
        writing!(self, pool => { sqlx::query(PUT).bind(key).bind(value).execute(pool).await?; });
        Ok(())
    }

    /// Raises a number to at least `value` and returns what it is now: it only ever grows, whoever raises it.
    ///
    /// # Errors
    /// When the database refuses, or the setting is no number.
    pub async fn raise_setting(&self, key: &str, value: i64) -> Result<i64, JournalError> {
        let (now,): (String,) =
            writing!(self, pool => sqlx::query_as(RAISE).bind(key).bind(value).fetch_one(pool).await?);
        now.parse().map_err(|e| JournalError::damaged(format!("settings.{key}"), e))
    }
}
