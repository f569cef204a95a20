//! `GET /api/sessions` and `DELETE /api/sessions`: where one is signed in, and signing out everywhere else.

use axum::Json;
use axum::extract::State;
use huiyin_journal::accounts::OwnSession;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::views::session::OwnSessionView;

/// Where one is signed in, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "session", responses((status = 200, body = Vec<OwnSessionView>)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
) -> Result<Json<Vec<OwnSessionView>>, ApiError> {
    let sessions = state.accounts.sessions_of(&signed.user().id, state.wall()).await?;
    Ok(Json(sessions.into_iter().map(|own| view(&signed, &own)).collect()))
}

/// Signs out everywhere but here. Answers with what is left.
#[utoipa::path(delete, path = "/api/sessions", tag = "session", responses((status = 200, body = Vec<OwnSessionView>)))]
pub(crate) async fn end_others(
    State(state): State<AppState>,
    signed: Signed,
) -> Result<Json<Vec<OwnSessionView>>, ApiError> {
    let now = state.wall();
    state.accounts.revoke_other_sessions(&signed.user().id, &signed.0.token_hash, now).await?;
    let sessions = state.accounts.sessions_of(&signed.user().id, now).await?;
    Ok(Json(sessions.into_iter().map(|own| view(&signed, &own)).collect()))
}

fn view(signed: &Signed, own: &OwnSession) -> OwnSessionView {
    OwnSessionView { opened_at: own.opened_at, expires_at: own.expires_at, here: own.token_hash == signed.0.token_hash }
}
