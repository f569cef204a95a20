//! `GET /api/users`: everybody who may sign in.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::views::session::UserView;

/// Everybody of the district, by sign-in name.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<UserView>)))]
pub(crate) async fn index(State(state): State<AppState>, signed: Signed) -> Result<Json<Vec<UserView>>, ApiError> {
    let users = state.accounts.users(&signed.user().district).await?;
    Ok(Json(users.into_iter().map(UserView::from).collect()))
}
