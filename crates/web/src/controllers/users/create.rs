//! `POST /api/users`: a new account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use huiyin_journal::accounts::{AuditEntry, User};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppState;
use crate::auth::password;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
use crate::permissions::ROLES;
use crate::views::session::UserView;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// Made by the caller: repeating the request does not make a second account.
    pub id: Uuid,
    /// Sign-in name: letters, digits, `.`, `-`, `_`; capitals and small letters are the same.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Role names.
    pub roles: Vec<String>,
    /// Unit ids.
    #[serde(default)]
    pub units: Vec<String>,
    /// Unit ids headed.
    #[serde(default)]
    pub heads: Vec<String>,
    /// `zh` or `en`.
    pub language: Option<String>,
    /// First password; none: signs in with a one-time token.
    pub password: Option<String>,
}

/// Makes an account.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = UserView), (status = 409, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed: Signed,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<UserView>), ApiError> {
    check_login(&new.login)?;
    let user = User {
        id: new.id.to_string(),
        district: signed.user().district.clone(),
        login: new.login.to_ascii_lowercase(),
        name: new.name,
        roles: new.roles,
        units: new.units,
        heads: new.heads,
        language: new.language.unwrap_or_else(|| "zh".to_owned()),
        active: true,
    };
    check(&state, &user)?;
    if let Some(known) = state.accounts.user(&user.id).await? {
        return if known == user { Ok((StatusCode::CREATED, Json(known.into()))) } else { Err(ApiError::conflict()) };
    }
    let hash = match new.password {
        Some(text) => {
            password::check(&user.login, &text)?;
            Some(password::hash(&state, text).await?)
        }
        None => None,
    };
    state.accounts.create_user(&user, hash.as_deref(), state.wall()).await?;
    note(&state, &signed, "user.created", &user).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

fn check_login(login: &str) -> Result<(), ApiError> {
    let fits = (2..=64).contains(&login.len())
        && login.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'));
    if fits {
        return Ok(());
    }
    Err(ApiError::field(
        "login",
        "登录名为2至64个字母、数字、点、横线或下划线",
        "expected 2 to 64 letters, digits, . - _ or @",
    ))
}

/// Refuses unknown roles, unknown units, an empty name. Shared with the change of an account.
pub(crate) fn check(state: &AppState, user: &User) -> Result<(), ApiError> {
    if user.name.trim().is_empty() || user.name.chars().count() > 100 {
        return Err(ApiError::field("name", "请填写姓名（100字以内）", "expected 1 to 100 characters"));
    }
    if let Some(i) = user.roles.iter().position(|role| !ROLES.contains(&role.as_str())) {
        let en = format!("no such role. expected one of {}", ROLES.join(", "));
        return Err(ApiError::field(&format!("roles[{i}]"), "没有此角色", &en));
    }
    let known: Vec<String> = state.office.units().into_iter().map(|unit| unit.id).collect();
    for (field, units) in [("units", &user.units), ("heads", &user.heads)] {
        if let Some(i) = units.iter().position(|unit| !known.contains(unit)) {
            return Err(ApiError::field(&format!("{field}[{i}]"), "没有此单位", "no such unit in the directory"));
        }
    }
    if !matches!(user.language.as_str(), "zh" | "en") {
        return Err(ApiError::field("language", "语言应为 zh 或 en", "expected zh or en"));
    }
    Ok(())
}

/// Writes down who changed which account to what. Shared with the change of an account.
pub(crate) async fn note(state: &AppState, signed: &Signed, action: &str, user: &User) -> Result<(), ApiError> {
    let reason = format!(
        "{}: roles {:?}, units {:?}, heads {:?}, active {}",
        user.login, user.roles, user.units, user.heads, user.active
    );
    let entry = AuditEntry {
        at: state.office.now(),
        district: &user.district,
        user_id: &signed.user().id,
        action,
        case_id: None,
        reason: &reason,
    };
    Ok(state.accounts.audit(&entry).await?)
}
