//! `GET /api/session`: who is signed in, and the CSRF value.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::{Signed, view};
use crate::views::session::SessionView;

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session",
    responses((status = 200, body = SessionView), (status = 401, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(State(state): State<AppState>, signed: Signed) -> Json<SessionView> {
    Json(view(&state, &signed.0))
}
