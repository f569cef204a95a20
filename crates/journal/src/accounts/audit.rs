//! The audit trail: who looked behind a mask, changed an account, moved the clock. Appended to, never changed.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Accounts, AccountsError, instant, micros, on_store};

/// Something to be written down.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// Now.
    pub at: DateTime<Utc>,
    /// District code.
    pub district: &'a str,
    /// Who.
    pub user_id: &'a str,
    /// What, e.g. `unmask`, `user.changed`, `clock.moved`.
    pub action: &'a str,
    /// On which case, if on one.
    pub case_id: Option<&'a str>,
    /// Why, in the person's words, or what was changed. Never the content of a complaint.
    pub reason: &'a str,
}

/// One line of the trail.
#[derive(Clone, Debug, Serialize)]
pub struct AuditLine {
    /// Grows.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user_id: String,
    /// What.
    pub action: String,
    /// On which case.
    pub case_id: Option<String>,
    /// Why.
    pub reason: String,
}

const APPEND: &str =
    "INSERT INTO audit (at, district, user_id, action, case_id, reason) VALUES ($1, $2, $3, $4, $5, $6)";
const LIST: &str = "SELECT id, at, user_id, action, case_id, reason FROM audit \
     WHERE district = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

impl Accounts {
    /// Appends one line.
    ///
    /// # Errors
    /// When the store cannot be written: then what was to be audited must not be done.
    pub async fn audit(&self, entry: &AuditEntry<'_>) -> Result<(), AccountsError> {
        on_store!(self, pool => {
            sqlx::query(APPEND)
                .bind(micros(entry.at))
                .bind(entry.district)
                .bind(entry.user_id)
                .bind(entry.action)
                .bind(entry.case_id)
                .bind(entry.reason)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Lines of a district before line `before`, newest first, at most `limit` (and 500).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_lines(&self, district: &str, before: i64, limit: u32) -> Result<Vec<AuditLine>, AccountsError> {
        let rows: Vec<(i64, i64, String, String, Option<String>, String)> = on_store!(self, pool => {
            sqlx::query_as(LIST).bind(district).bind(before).bind(i64::from(limit.min(500))).fetch_all(pool).await?
        });
        Ok(rows
            .into_iter()
            .map(|(id, at, user_id, action, case_id, reason)| AuditLine {
                id,
                at: instant(at),
                user_id,
                action,
                case_id,
                reason,
            })
            .collect())
    }
}
