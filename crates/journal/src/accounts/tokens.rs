//! One-time sign-in tokens: each opens one session, once, before it expires.

use chrono::{DateTime, Utc};

use super::{Accounts, AccountsError, micros, on_store};

const ISSUE: &str = "INSERT INTO sign_in_tokens (token_hash, user_id, expires_at) VALUES ($1, $2, $3)";
const REDEEM: &str = "UPDATE sign_in_tokens SET used_at = $2 \
     WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING user_id";

impl Accounts {
    /// Keeps the hash (SHA-256, lower-case hex) of a token for a person.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn issue_token(
        &self,
        token_hash: &str,
        user_id: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        on_store!(self, pool => {
            sqlx::query(ISSUE).bind(token_hash).bind(user_id).bind(micros(expires_at)).execute(pool).await?;
        });
        Ok(())
    }

    /// Uses a token up. Returns whose it was, or none when it is unknown, used or expired. Two callers at once: one wins.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn redeem_token(&self, token_hash: &str, now: DateTime<Utc>) -> Result<Option<String>, AccountsError> {
        let row: Option<(String,)> = on_store!(self, pool => {
            sqlx::query_as(REDEEM).bind(token_hash).bind(micros(now)).fetch_optional(pool).await?
        });
        Ok(row.map(|(user,)| user))
    }
}
