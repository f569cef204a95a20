//! `POST /api/session/password`: changing one's own password. Every other session of the person ends.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use huiyin_journal::accounts::AuditEntry;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::auth::{cookie, password as passwords, session};
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::session::SessionView;

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The present one; not needed while the account has none.
    pub current: Option<String>,
    /// The new one: at least 10 characters.
    pub password: String,
}

/// Changes one's own password. Answers with a new session; all earlier ones end.
#[utoipa::path(post, path = "/api/session/password", tag = "session", request_body = NewPassword,
    responses((status = 200, body = SessionView), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn password(
    State(state): State<AppState>,
    signed: Signed,
    Body(new): Body<NewPassword>,
) -> Result<impl IntoResponse, ApiError> {
    let user = signed.0.user;
    passwords::check(&user.login, &new.password)?;
    if state.previews.take(&format!("password:{}", user.id), state.wall()).is_err() {
        return Err(ApiError::too_many(60));
    }
    let hash = state.accounts.account_by_id(&user.id).await?.and_then(|account| account.password_hash);
    if hash.is_some() && !passwords::verify(&state, new.current.unwrap_or_default(), hash).await? {
        return Err(ApiError::field("current", "原密码不正确", "the present password is wrong"));
    }
    let hash = passwords::hash(&state, new.password).await?;
    state.accounts.set_password(&user.id, &hash, state.wall()).await?;
    state.accounts.revoke_sessions_of(&user.id, state.wall()).await?;
    let entry = AuditEntry {
        at: state.office.now(),
        district: &user.district,
        user_id: &user.id,
        action: "password.changed",
        case_id: None,
        reason: "",
    };
    state.accounts.audit(&entry).await?;
    let (token, session) = session::open(&state, user).await?;
    Ok(([(header::SET_COOKIE, cookie::set(&state.config, &token))], Json(session::view(&state, &session))))
}
