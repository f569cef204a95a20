//! `POST /api/users/{id}/token`: a one-time sign-in link for somebody, to be handed over in person.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::create::note;
use crate::app::AppState;
use crate::auth::secret;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Segment;

/// How long the link works.
const LASTS: TimeDelta = TimeDelta::hours(24);

/// A one-time link.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneTimeLink {
    /// The address to open.
    pub link: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Issues a one-time sign-in link.
#[utoipa::path(post, path = "/api/users/{id}/token", tag = "users",
    params(("id" = String, Path, description = "account id")),
    responses((status = 200, body = OneTimeLink), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn token(
    State(state): State<AppState>,
    signed: Signed,
    Segment(id): Segment<String>,
) -> Result<Json<OneTimeLink>, ApiError> {
    let known = state.accounts.user(&id).await?;
    let user = known.filter(|user| user.active && user.district == signed.user().district);
    let user = user.ok_or_else(ApiError::not_found)?;
    let token = secret::letters((state.entropy)());
    let expires_at = state.wall() + LASTS;
    state.accounts.issue_token(&secret::digest(&token), &user.id, expires_at).await?;
    note(&state, &signed, "user.link_issued", &user).await?;
    let link = format!("{}/sign-in?token={token}", state.config.public_url.trim_end_matches('/'));
    Ok(Json(OneTimeLink { link, expires_at }))
}
