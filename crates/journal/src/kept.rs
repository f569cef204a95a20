//! What steps were made with, kept for ever under its content address: definitions, directories, calendars.

use crate::error::JournalError;
use crate::store::{Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// One thing that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// `definition`, `directory`, `calendar`.
    pub kind: String,
    /// Content address.
    pub hash: String,
    /// Name, e.g. of the workflow.
    pub name: String,
    /// Version for people.
    pub version: String,
    /// The content, as its kind writes it.
    pub body: String,
    /// When it was first kept.
    pub at: Instant,
}

pub(crate) type Row = (String, String, String, String, String, i64);

const KEEP: &str = "INSERT INTO kept (kind, hash, name, version, body, at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (kind, hash) DO NOTHING";
pub(crate) const ONE: &str = "SELECT kind, hash, name, version, body, at FROM kept WHERE kind = $1 AND hash = $2";
const NAMED: &str =
    "SELECT kind, hash, name, version, body, at FROM kept WHERE kind = $1 AND name = $2 ORDER BY at, hash";

impl Journal {
    /// Keeps something; nothing happens when it is kept already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep(&self, kept: &Kept) -> Result<(), JournalError> {
        writing!(self, pool => {
            sqlx::query(KEEP)
                .bind(&kept.kind)
                .bind(&kept.hash)
                .bind(&kept.name)
                .bind(&kept.version)
                .bind(&kept.body)
                .bind(micros(kept.at))
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Finds by content address.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept(&self, kind: &str, hash: &str) -> Result<Option<Kept>, JournalError> {
        let row: Option<Row> =
            reading!(self, pool => sqlx::query_as(ONE).bind(kind).bind(hash).fetch_optional(pool).await?);
        Ok(row.map(kept))
    }

    /// Everything of a kind under a name, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn kept_named(&self, kind: &str, name: &str) -> Result<Vec<Kept>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => sqlx::query_as(NAMED).bind(kind).bind(name).fetch_all(pool).await?);
        Ok(rows.into_iter().map(kept).collect())
    }
}

pub(crate) fn kept((kind, hash, name, version, body, at): Row) -> Kept {
    Kept { kind, hash, name, version, body, at: from_micros(at) }
}
