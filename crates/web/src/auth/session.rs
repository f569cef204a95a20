//! Opening sessions, and the signed-in person as handlers receive them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::TimeDelta;
use huiyin_journal::accounts::{NewSession, Session, User};

use super::secret;
use crate::app::AppState;
use crate::error::ApiError;
use crate::permissions;
use crate::views::session::{SessionUser, SessionView};

/// The signed-in person. Only doors behind the guard can receive one.
#[derive(Clone, Debug)]
pub struct Signed(pub Session);

impl Signed {
    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::not_signed_in)
    }
}

/// Opens a session. Returns the cookie's value, which is stored nowhere, and the session.
pub async fn open(state: &AppState, user: User) -> Result<(String, Session), ApiError> {
    let (token, csrf) = (secret::letters((state.entropy)()), secret::letters((state.entropy)()));
    let opened_at = state.wall();
    let lasts = TimeDelta::from_std(state.config.session).map_err(|e| ApiError::internal(&e))?;
    let session = Session { token_hash: secret::digest(&token), user, csrf, expires_at: opened_at + lasts };
    let new = NewSession {
        token_hash: session.token_hash.clone(),
        user_id: session.user.id.clone(),
        csrf: session.csrf.clone(),
        opened_at,
        expires_at: session.expires_at,
    };
    state.accounts.open_session(&new).await?;
    Ok((token, session))
}

/// The session as the console needs it.
#[must_use]
pub fn view(state: &AppState, session: &Session) -> SessionView {
    let user = &session.user;
    SessionView {
        user: SessionUser {
            id: user.id.clone(),
            name: user.name.clone(),
            roles: user.roles.clone(),
            units: user.units.clone(),
            heads: user.heads.clone(),
        },
        csrf: session.csrf.clone(),
        district: state.config.district.clone(),
        demo: state.office.clock_moves(),
        exercise: state.config.exercise,
        exercises: state.config.exercises,
        now: state.office.now(),
        language: user.language.clone(),
        permissions: permissions::allowed(user),
    }
}
