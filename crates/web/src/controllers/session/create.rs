//! `POST /api/session`: signing in with a name and a password, or with a one-time token.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use chrono::TimeDelta;
use huiyin_journal::accounts::{AuditEntry, User};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::{cookie, password, secret, session};
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::session::SessionView;

/// Failures are counted over this time.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// So many per sign-in name from one address: who guesses shuts out themselves, not the owner of the name …
const MOST_PER_PAIR: u64 = 10;
/// … so many per sign-in name from everywhere …
const MOST_PER_LOGIN: u64 = 100;
/// … and so many per address for any name: an office may share one.
const MOST_PER_ADDRESS: u64 = 100;

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
        SignIn { token: Some(token), .. } => by_token(&state, &token).await?,
        SignIn { user: Some(login), password: Some(password), .. } => {
            by_password(&state, &caller, login, password).await?
        }
        SignIn { user: None, .. } => {
            return Err(ApiError::bad_request("user", "missing: give user and password, or token"));
        }
        SignIn { password: None, .. } => return Err(ApiError::bad_request("password", "missing")),
    };
    note(&state, &user, "sign_in", &caller.0).await?;
    let (token, session) = session::open(&state, user).await?;
    Ok(([(header::SET_COOKIE, cookie::set(&state.config, &token))], Json(session::view(&state, &session))))
}

async fn by_password(state: &AppState, caller: &Caller, login: String, password: String) -> Result<User, ApiError> {
    if login.len() > password::LONGEST || password.len() > password::LONGEST {
        return Err(ApiError::bad_request("password", "too long"));
    }
    let login = login.trim().to_ascii_lowercase();
    let keys = [
        (secret::digest(&format!("login:{login} address:{}", caller.0)), MOST_PER_PAIR),
        (secret::digest(&format!("login:{login}")), MOST_PER_LOGIN),
        (secret::digest(&format!("address:{}", caller.0)), MOST_PER_ADDRESS),
    ];
    for (key, most) in &keys {
        refuse_after_failures(state, key, *most).await?;
    }
    let account = state.accounts.account_by_login(&login).await?.filter(|account| account.user.active);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let matches = password::verify(state, password, hash).await?;
    match account {
        Some(account) if matches => {
            state.accounts.forgive_failures(&keys[0].0).await?;
            Ok(account.user)
        }
        account => {
            for (key, _) in &keys {
                state.accounts.record_failure(key, state.wall()).await?;
            }
            // A name nobody has is not written down: it may be a password typed into the wrong field.
            if let Some(account) = account {
                note(state, &account.user, "sign_in.failed", &caller.0).await?;
            }
            Err(wrong())
        }
    }
}

/// Writes a sign-in, its failure or a sign-out into the audit trail.
pub(crate) async fn note(state: &AppState, user: &User, action: &str, address: &str) -> Result<(), ApiError> {
    let entry = AuditEntry {
        at: state.office.now(),
        district: &user.district,
        user_id: &user.id,
        action,
        case_id: None,
        reason: address,
    };
    Ok(state.accounts.audit(&entry).await?)
}

/// Uses a one-time token up. Shared with `GET /sign-in`. A wrong one counts against nobody: it has 256 bits, cannot be
/// guessed, and is most often a link that was opened twice.
pub(crate) async fn by_token(state: &AppState, token: &str) -> Result<User, ApiError> {
    let user = match state.accounts.redeem_token(&secret::digest(token), state.wall()).await? {
        Some(id) => state.accounts.user(&id).await?.filter(|user| user.active),
        None => None,
    };
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

fn wrong() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "sign_in_failed", "登录名或密码不正确", "the name or the password is wrong")
}
