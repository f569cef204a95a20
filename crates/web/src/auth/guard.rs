//! The guard: stands at every door, and asks for the session, the CSRF value and the permission the door was built with.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use huiyin_journal::accounts::Session;

use super::session::Signed;
use super::{cookie, secret};
use crate::app::{AppState, Secret};
use crate::error::ApiError;
use crate::permissions::{self, Permission};

/// Header that carries the session's CSRF value.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Who may pass a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. Each such door stands in `tests/endpoints_without_authorisation.txt`.
    Anybody,
    /// Anybody who is signed in.
    SignedIn,
    /// Who is signed in and has the permission.
    Needs(Permission),
    /// The metrics collector with its bearer token, or who has [`Permission::SeeMetrics`].
    Collector,
}

/// Lets a request through, or answers 401 or 403.
pub async fn guard(State((state, access)): State<(AppState, Access)>, mut request: Request, next: Next) -> Response {
    match admit(&state, access, request.method(), request.headers()).await {
        Ok(None) => next.run(request).await,
        Ok(Some(session)) => {
            request.extensions_mut().insert(Signed(session));
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn admit(
    state: &AppState,
    access: Access,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Session>, ApiError> {
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && from_elsewhere(headers) {
        return Err(ApiError::csrf());
    }
    let permission = match access {
        Access::Anybody => return Ok(None),
        Access::Collector if is_collector(state, headers) => return Ok(None),
        Access::Collector => Some(Permission::SeeMetrics),
        Access::SignedIn => None,
        Access::Needs(permission) => Some(permission),
    };
    let cookie = cookie::read(headers).ok_or_else(ApiError::not_signed_in)?;
    let session = state.accounts.session(&secret::digest(cookie), state.wall()).await?;
    let session = session.ok_or_else(ApiError::not_signed_in)?;
    if changes && !csrf_matches(headers, &session) {
        return Err(ApiError::csrf());
    }
    if permission.is_some_and(|permission| !permissions::may(&session.user, permission)) {
        return Err(ApiError::not_allowed());
    }
    Ok(Some(session))
}

/// Browsers say where a request comes from; one from another site changes nothing here.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

fn csrf_matches(headers: &HeaderMap, session: &Session) -> bool {
    headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|given| secret::same(given, &session.csrf))
}

fn is_collector(state: &AppState, headers: &HeaderMap) -> bool {
    state.config.metrics_token.as_ref().is_some_and(|expected| is_bearer(expected, headers))
}

/// Whether a request carries this token.
pub(crate) fn is_bearer(expected: &Secret, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|given| secret::same(&expected.0, given))
}
