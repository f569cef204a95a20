//! `DELETE /api/session`: signing out. The session is revoked in the store, not only forgotten by the browser.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::create::{Caller, note};
use crate::app::AppState;
use crate::auth::cookie;
use crate::auth::session::Signed;
use crate::error::ApiError;

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed: Signed,
    caller: Caller,
) -> Result<impl IntoResponse, ApiError> {
    state.accounts.revoke_session(&signed.0.token_hash, state.wall()).await?;
    note(&state, signed.user(), "sign_out", &caller.0).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::clear(&state.config))]))
}
