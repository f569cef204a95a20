//! People who may sign in: created, changed, found. Never deleted: their names stand in journals for ever.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Accounts, AccountsError, Store, micros, on_store};

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Stable id, e.g. a UUID; parties refer to it as `person:<id>`.
    pub id: String,
    /// District code, GB/T 2260.
    pub district: String,
    /// Sign-in name, unique in the deployment.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Role names, e.g. `operator`.
    pub roles: Vec<String>,
    /// Units the person belongs to.
    pub units: Vec<String>,
    /// Units the person heads.
    pub heads: Vec<String>,
    /// `zh` or `en`.
    pub language: String,
    /// May sign in.
    pub active: bool,
}

/// A person with the hash of their password.
#[derive(Clone, Debug)]
pub struct Account {
    /// The person.
    pub user: User,
    /// argon2id in PHC form; none: signs in with one-time tokens only.
    pub password_hash: Option<String>,
}

const COLUMNS: &str = "id, district, login, name, password_hash, roles, units, heads, language, active";
const INSERT: &str = "INSERT INTO users (id, district, login, name, password_hash, roles, units, heads, language, \
     active, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
     ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE users SET name = $2, roles = $3, units = $4, heads = $5, language = $6, active = $7, \
     changed_at = $8 WHERE id = $1";
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2, changed_at = $3 WHERE id = $1";
const BY_ID: &str = "SELECT id, district, login, name, password_hash, roles, units, heads, language, active \
     FROM users WHERE id = $1";
const OF_IDS_SQLITE: &str = "SELECT id, district, login, name, password_hash, roles, units, heads, language, active \
     FROM users WHERE id IN (SELECT value FROM json_each($1))";
const OF_IDS_POSTGRES: &str = "SELECT id, district, login, name, password_hash, roles, units, heads, language, active \
     FROM users WHERE id = ANY($1)";
const BY_LOGIN: &str = "SELECT id, district, login, name, password_hash, roles, units, heads, language, active \
     FROM users WHERE lower(login) = lower($1) ORDER BY login = $1 DESC LIMIT 1";
const OF_DISTRICT: &str = "SELECT id, district, login, name, password_hash, roles, units, heads, language, active \
     FROM users WHERE district = $1 ORDER BY login LIMIT 5000";

pub(super) type Row = (String, String, String, String, Option<String>, String, String, String, String, bool);

impl Accounts {
    /// Adds a person.
    ///
    /// # Errors
    /// [`AccountsError::LoginTaken`] when the sign-in name (or the id) exists.
    pub async fn create_user(
        &self,
        user: &User,
        password_hash: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), AccountsError> {
        let written = on_store!(self, pool => {
            sqlx::query(INSERT)
                .bind(&user.id)
                .bind(&user.district)
                .bind(&user.login)
                .bind(&user.name)
                .bind(password_hash)
                .bind(list(&user.roles))
                .bind(list(&user.units))
                .bind(list(&user.heads))
                .bind(&user.language)
                .bind(user.active)
                .bind(micros(now))
                .execute(pool)
                .await?
                .rows_affected()
        });
        if written == 0 { Err(AccountsError::LoginTaken(user.login.clone())) } else { Ok(()) }
    }

    /// Changes name, roles, units, headships, language and whether the person may sign in. The sign-in name stays.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchUser`].
    pub async fn update_user(&self, user: &User, now: DateTime<Utc>) -> Result<(), AccountsError> {
        let written = on_store!(self, pool => {
            sqlx::query(UPDATE)
                .bind(&user.id)
                .bind(&user.name)
                .bind(list(&user.roles))
                .bind(list(&user.units))
                .bind(list(&user.heads))
                .bind(&user.language)
                .bind(user.active)
                .bind(micros(now))
                .execute(pool)
                .await?
                .rows_affected()
        });
        if written == 0 { Err(AccountsError::NoSuchUser(user.id.clone())) } else { Ok(()) }
    }

    /// Replaces the hash of the password.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchUser`].
    pub async fn set_password(&self, user: &str, hash: &str, now: DateTime<Utc>) -> Result<(), AccountsError> {
        let written = on_store!(self, pool => {
            sqlx::query(SET_PASSWORD).bind(user).bind(hash).bind(micros(now)).execute(pool).await?.rows_affected()
        });
        if written == 0 { Err(AccountsError::NoSuchUser(user.to_owned())) } else { Ok(()) }
    }

    /// The person with this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn user(&self, id: &str) -> Result<Option<User>, AccountsError> {
        Ok(self.account(BY_ID, id).await?.map(|account| account.user))
    }

    /// Those of these ids who are there, in no order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn users_of(&self, ids: &[String]) -> Result<Vec<User>, AccountsError> {
        let rows: Vec<Row> = match &self.store {
            Store::Sqlite { read, .. } => sqlx::query_as(OF_IDS_SQLITE).bind(list(ids)).fetch_all(read).await?,
            Store::Postgres(pool) => sqlx::query_as(OF_IDS_POSTGRES).bind(ids).fetch_all(pool).await?,
        };
        rows.into_iter().map(|row| Ok(account(row)?.user)).collect()
    }

    /// The person with this id, with the hash of their password.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn account_by_id(&self, id: &str) -> Result<Option<Account>, AccountsError> {
        self.account(BY_ID, id).await
    }

    /// The person with this sign-in name, with the hash of their password.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn account_by_login(&self, login: &str) -> Result<Option<Account>, AccountsError> {
        self.account(BY_LOGIN, login).await
    }

    /// Everybody in a district (at most 5,000), by sign-in name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn users(&self, district: &str) -> Result<Vec<User>, AccountsError> {
        let rows: Vec<Row> = on_store!(self, pool => {
            sqlx::query_as(OF_DISTRICT).bind(district).fetch_all(pool).await?
        });
        rows.into_iter().map(|row| Ok(account(row)?.user)).collect()
    }

    async fn account(&self, statement: &'static str, key: &str) -> Result<Option<Account>, AccountsError> {
        debug_assert!(statement.contains(COLUMNS), "a row is read by the position of its columns");
        let row: Option<Row> = on_store!(self, pool => {
            sqlx::query_as(statement).bind(key).fetch_optional(pool).await?
        });
        row.map(account).transpose()
    }
}

fn list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string()
}

pub(super) fn account(row: Row) -> Result<Account, AccountsError> {
    let (id, district, login, name, password_hash, roles, units, heads, language, active) = row;
    let read = |field: &'static str, text: &str| {
        serde_json::from_str(text).map_err(|problem| AccountsError::Unreadable { user: id.clone(), field, problem })
    };
    let (roles, units, heads) = (read("roles", &roles)?, read("units", &units)?, read("heads", &heads)?);
    Ok(Account { user: User { id, district, login, name, roles, units, heads, language, active }, password_hash })
}
