//! Sessions: opened, found while they last, revoked. The cookie's value itself is never stored.

use chrono::{DateTime, Utc};

use super::users::User;
use super::{Accounts, AccountsError, instant, micros, on_reading, on_store, users};

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of the cookie's value, lower-case hex.
    pub token_hash: String,
    /// Whose it is.
    pub user_id: String,
    /// The value that must come back in the CSRF header.
    pub csrf: String,
    /// Now.
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// A session that lasts.
#[derive(Clone, Debug)]
pub struct Session {
    /// SHA-256 of the cookie's value, lower-case hex.
    pub token_hash: String,
    /// Who is signed in.
    pub user: User,
    /// The value that must come back in the CSRF header.
    pub csrf: String,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// SHA-256 of the cookie's value, lower-case hex.
    pub token_hash: String,
    /// When the person signed in.
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

const OPEN: &str =
    "INSERT INTO sessions (token_hash, user_id, csrf, opened_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
const FIND: &str = "SELECT user_id, csrf, expires_at FROM sessions \
     WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2";
const REVOKE: &str = "UPDATE sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL";
const OF_USER: &str = "SELECT token_hash, opened_at, expires_at FROM sessions \
     WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY opened_at DESC, token_hash LIMIT 100";
const REVOKE_OTHERS: &str =
    "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND token_hash <> $2 AND revoked_at IS NULL";
const REVOKE_OF: &str = "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";

impl Accounts {
    /// Opens a session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn open_session(&self, new: &NewSession) -> Result<(), AccountsError> {
        on_store!(self, pool => {
            sqlx::query(OPEN)
                .bind(&new.token_hash)
                .bind(&new.user_id)
                .bind(&new.csrf)
                .bind(micros(new.opened_at))
                .bind(micros(new.expires_at))
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The session, if it lasts at `now`, was not revoked and its person may still sign in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn session(&self, token_hash: &str, now: DateTime<Utc>) -> Result<Option<Session>, AccountsError> {
        let row: Option<(String, String, i64)> = on_reading!(self, pool => {
            sqlx::query_as(FIND).bind(token_hash).bind(micros(now)).fetch_optional(pool).await?
        });
        let Some((user_id, csrf, expires_at)) = row else {
            return Ok(None);
        };
        let Some(user) = self.user(&user_id).await?.filter(|user: &users::User| user.active) else {
            return Ok(None);
        };
        Ok(Some(Session { token_hash: token_hash.to_owned(), user, csrf, expires_at: instant(expires_at) }))
    }

    /// Ends one session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn revoke_session(&self, token_hash: &str, now: DateTime<Utc>) -> Result<(), AccountsError> {
        on_store!(self, pool => {
            sqlx::query(REVOKE).bind(token_hash).bind(micros(now)).execute(pool).await?;
        });
        Ok(())
    }

    /// The sessions of a person that last at `now`, newest first, at most 100.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sessions_of(&self, user_id: &str, now: DateTime<Utc>) -> Result<Vec<OwnSession>, AccountsError> {
        let rows: Vec<(String, i64, i64)> = on_reading!(self, pool => {
            sqlx::query_as(OF_USER).bind(user_id).bind(micros(now)).fetch_all(pool).await?
        });
        let own = |(token_hash, opened, expires)| OwnSession {
            token_hash,
            opened_at: instant(opened),
            expires_at: instant(expires),
        };
        Ok(rows.into_iter().map(own).collect())
    }

    /// Ends every session of a person but the one with this hash. Returns how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn revoke_other_sessions(
        &self,
        user_id: &str,
        kept: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, AccountsError> {
        Ok(on_store!(self, pool => {
            sqlx::query(REVOKE_OTHERS).bind(user_id).bind(kept).bind(micros(now)).execute(pool).await?.rows_affected()
        }))
    }

    /// Ends every session of a person: after a change of password or of rights.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn revoke_sessions_of(&self, user_id: &str, now: DateTime<Utc>) -> Result<u64, AccountsError> {
        Ok(on_store!(self, pool => {
            sqlx::query(REVOKE_OF).bind(user_id).bind(micros(now)).execute(pool).await?.rows_affected()
        }))
    }
}
