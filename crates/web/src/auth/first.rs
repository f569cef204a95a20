//! The first way in: a person with every role of the demonstration, and a one-time link printed at start.

use chrono::TimeDelta;
use huiyin_journal::accounts::User;
use uuid::Uuid;

use super::secret;
use crate::app::AppState;
use crate::error::ApiError;

/// Sign-in name of the first account.
pub const LOGIN: &str = "admin";
/// How long the printed link works.
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
