//! `PUT /api/session/language`: the language in which the console and the mails speak to the signed-in person.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
use crate::views::session::UserView;

/// A choice of language.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenLanguage {
    /// `zh` or `en`.
    pub language: String,
}

/// Chooses one's own language.
#[utoipa::path(put, path = "/api/session/language", tag = "session", request_body = ChosenLanguage,
    responses((status = 200, body = UserView), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn language(
    State(state): State<AppState>,
    signed: Signed,
    Body(ChosenLanguage { language }): Body<ChosenLanguage>,
) -> Result<Json<UserView>, ApiError> {
    if language != "zh" && language != "en" {
        return Err(ApiError::field("language", "语言应为 zh 或 en", "expected zh or en"));
    }
    let mut user = signed.0.user;
    user.language = language;
    state.accounts.update_user(&user, state.wall()).await?;
    Ok(Json(user.into()))
}
