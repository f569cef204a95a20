//! `PUT /api/users/{id}`: changing an account. Its sessions end, so that new rights hold at once.

use axum::Json;
use axum::extract::State;
use huiyin_journal::accounts::User;
use serde::Deserialize;
use utoipa::ToSchema;

use super::create::{check, note};
use crate::app::AppState;
use crate::auth::password;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::{Body, Segment};
use crate::views::session::UserView;

/// The account as it shall be. The sign-in name stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedUser {
    /// Name for people.
    pub name: String,
    /// Role names.
    pub roles: Vec<String>,
    /// Unit ids.
    pub units: Vec<String>,
    /// Unit ids headed.
    pub heads: Vec<String>,
    /// `zh` or `en`.
    pub language: String,
    /// May sign in.
    pub active: bool,
    /// A new password.
    pub password: Option<String>,
}

/// Changes an account.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users", params(("id" = String, Path, description = "account id")),
    request_body = ChangedUser,
    responses((status = 200, body = UserView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn update(
    State(state): State<AppState>,
    signed: Signed,
    Segment(id): Segment<String>,
    Body(changed): Body<ChangedUser>,
) -> Result<Json<UserView>, ApiError> {
    let known = state.accounts.user(&id).await?.filter(|user| user.district == signed.user().district);
    let User { id, district, login, .. } = known.ok_or_else(ApiError::not_found)?;
    let ChangedUser { name, roles, units, heads, language, active, password: new_password } = changed;
    let user = User { id, district, login, name, roles, units, heads, language, active };
    check(&state, &user)?;
    if user.id == signed.user().id && !(user.active && user.roles.iter().any(|role| role == "admin")) {
        return Err(ApiError::field(
            "roles",
            "不能取消自己的管理员权限",
            "you cannot take your own administration away",
        ));
    }
    if let Some(text) = new_password {
        password::check(&user.login, &text)?;
        let hash = password::hash(&state, text).await?;
        state.accounts.set_password(&user.id, &hash, state.wall()).await?;
    }
    state.accounts.update_user(&user, state.wall()).await?;
    if user.id != signed.user().id {
        state.accounts.revoke_sessions_of(&user.id, state.wall()).await?;
    }
    note(&state, &signed, "user.changed", &user).await?;
    Ok(Json(user.into()))
}
