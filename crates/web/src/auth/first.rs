//! The first ways in: the first account and the accounts of a demonstration, each by a one-time link.

use chrono::TimeDelta;
use huiyin_journal::accounts::User;
use uuid::Uuid;

use super::secret;
use crate::app::AppState;
use crate::error::ApiError;

/// Sign-in name of the first account.
pub const LOGIN: &str = "admin";
/// Sign-in names of demonstration accounts begin so.
pub const DEMO: &str = "demo.";
/// How long a printed link works.
const LASTS: TimeDelta = TimeDelta::hours(24);

/// Makes sure the first account exists, with these roles and units, and issues a one-time link for it.
///
/// An account that is there already keeps its roles; one that was switched off gets no link.
///
/// # Errors
/// When the store cannot be written, or the account was switched off.
pub async fn one_time_link(state: &AppState, roles: &[&str], units: &[&str]) -> Result<String, ApiError> {
    let user = match state.accounts.account_by_login(LOGIN).await? {
        Some(account) => account.user,
        None => create(state, roles, units).await?,
    };
    if !user.active {
        return Err(ApiError::not_allowed());
    }
    link(state, &user).await
}

/// Whether the first account can sign in by itself: it has a password.
///
/// # Errors
/// When the store cannot be read.
pub async fn has_password(state: &AppState) -> Result<bool, ApiError> {
    let account = state.accounts.account_by_login(LOGIN).await?;
    Ok(account.is_some_and(|account| account.password_hash.is_some()))
}

/// Makes sure a demonstration account exists as given, and issues a one-time link for it.
///
/// # Errors
/// When its sign-in name does not begin with [`DEMO`], or the store cannot be written.
pub async fn demo_link(state: &AppState, user: &User) -> Result<String, ApiError> {
    if !user.login.starts_with(DEMO) {
        return Err(ApiError::internal(&format!("{} is no name of a demonstration account", user.login)));
    }
    match state.accounts.account_by_login(&user.login).await? {
        Some(known) if known.user == *user => {}
        Some(known) => {
            let changed = User { id: known.user.id, ..user.clone() };
            state.accounts.update_user(&changed, state.wall()).await?;
            return link(state, &changed).await;
        }
        None => state.accounts.create_user(user, None, state.wall()).await?,
    }
    link(state, user).await
}

async fn link(state: &AppState, user: &User) -> Result<String, ApiError> {
    let token = secret::letters((state.entropy)());
    state.accounts.issue_token(&secret::digest(&token), &user.id, state.wall() + LASTS).await?;
    Ok(format!("{}/sign-in?token={token}", state.config.public_url.trim_end_matches('/')))
}

async fn create(state: &AppState, roles: &[&str], units: &[&str]) -> Result<User, ApiError> {
    let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    let seed = (state.entropy)();
    let user = User {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed).to_string(),
        district: state.config.district.code.clone(),
        login: LOGIN.to_owned(),
        name: "系统管理员".to_owned(),
        roles: own(roles),
        units: own(units),
        heads: Vec::new(),
        language: "zh".to_owned(),
        active: true,
    };
    state.accounts.create_user(&user, None, state.wall()).await?;
    Ok(user)
}
