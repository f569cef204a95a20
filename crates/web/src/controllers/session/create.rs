//! `POST /api/session`: signing in with a name and a password, or with a one-time token.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use chrono::TimeDelta;
use huiyin_journal::accounts::User;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::{cookie, password, secret, session};
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::session::SessionView;

/// Failures are counted over this time.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// So many per sign-in name …
const MOST_PER_LOGIN: u64 = 10;
/// … and so many per address: an office may share one.
const MOST_PER_ADDRESS: u64 = 50;

/// A sign-in: name and password, or a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Sign-in name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// One-time token instead of both.
    pub token: Option<String>,
}

/// The caller's address, as far as it is known.
#[derive(Debug)]
pub(crate) struct Caller(pub String);

impl FromRequestParts<AppState> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let forwarded =
            parts.headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        let last = forwarded.and_then(|list| list.rsplit(',').next()).map(|address| address.trim().to_owned());
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
        let address = if state.config.behind_proxy { last.or(direct) } else { direct };
        Ok(Self(address.unwrap_or_else(|| "unknown".to_owned())))
    }
}

/// Signs in.
#[utoipa::path(post, path = "/api/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 200, body = SessionView), (status = 401, body = crate::error::ErrorEnvelope),
        (status = 429, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(sign_in): Body<SignIn>,
) -> Result<impl IntoResponse, ApiError> {
    let user = match sign_in {
        SignIn { token: Some(token), .. } => by_token(&state, &caller, &token).await?,
        SignIn { user: Some(login), password: Some(password), .. } => {
            by_password(&state, &caller, login, password).await?
        }
        SignIn { user: None, .. } => {
            return Err(ApiError::bad_request("user", "missing: give user and password, or token"));
        }
        SignIn { password: None, .. } => return Err(ApiError::bad_request("password", "missing")),
    };
    let (token, session) = session::open(&state, user).await?;
    Ok(([(header::SET_COOKIE, cookie::set(&state.config, &token))], Json(session::view(&state, &session))))
}

async fn by_password(state: &AppState, caller: &Caller, login: String, password: String) -> Result<User, ApiError> {
    if login.len() > password::LONGEST || password.len() > password::LONGEST {
        return Err(ApiError::bad_request("password", "too long"));
    }
    let login_key = secret::digest(&format!("login:{login}"));
    refuse_after_failures(state, &login_key, MOST_PER_LOGIN).await?;
    refuse_after_failures(state, &address_key(caller), MOST_PER_ADDRESS).await?;
    let account = state.accounts.account_by_login(&login).await?.filter(|account| account.user.active);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let matches = password::verify(state, password, hash).await?;
    match account {
        Some(account) if matches => {
            state.accounts.forgive_failures(&login_key).await?;
            Ok(account.user)
        }
        _ => {
            state.accounts.record_failure(&login_key, state.wall()).await?;
            state.accounts.record_failure(&address_key(caller), state.wall()).await?;
            Err(wrong())
        }
    }
}

/// Uses a one-time token up. Shared with `GET /sign-in`.
pub(crate) async fn by_token(state: &AppState, caller: &Caller, token: &str) -> Result<User, ApiError> {
    refuse_after_failures(state, &address_key(caller), MOST_PER_ADDRESS).await?;
    let user = match state.accounts.redeem_token(&secret::digest(token), state.wall()).await? {
        Some(id) => state.accounts.user(&id).await?.filter(|user| user.active),
        None => None,
    };
    if user.is_none() {
        state.accounts.record_failure(&address_key(caller), state.wall()).await?;
    }
    user.ok_or_else(|| {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "token_invalid",
            "登录链接无效、已使用或已过期",
            "the sign-in link is unknown, used or expired. ask for a new one",
        )
    })
}

async fn refuse_after_failures(state: &AppState, who: &str, most: u64) -> Result<(), ApiError> {
    let failures = state.accounts.failures_since(who, state.wall() - WINDOW).await?;
    if failures >= most {
        return Err(ApiError::too_many(u32::try_from(WINDOW.num_seconds()).unwrap_or(u32::MAX)));
    }
    Ok(())
}

fn address_key(caller: &Caller) -> String {
    secret::digest(&format!("address:{}", caller.0))
}

fn wrong() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "sign_in_failed", "登录名或密码不正确", "the name or the password is wrong")
}
