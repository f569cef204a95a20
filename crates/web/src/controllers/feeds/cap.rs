//! `GET /feeds/cap.atom`: public warnings, newest first. `GET /feeds/cap/{identifier}`: one of them as CAP 1.2.
//!
//! Only what its authority approved and somebody published is here; that is decided in [`crate::incident::cap`].

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use crate::app::AppState;
use crate::controllers::session::create::Caller;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::incident::cap::{Feed, feed, xml};

/// Longest identifier.
const LONGEST: usize = 160;

/// Readers may keep it so long.
const KEEP: (HeaderName, &str) = (header::CACHE_CONTROL, "max-age=10");

/// Public warnings as an Atom feed.
#[utoipa::path(get, path = "/feeds/cap.atom", tag = "feeds", security(()),
    responses((status = 200, body = String, content_type = "application/atom+xml"), (status = 429, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn atom(State(state): State<AppState>, caller: Caller) -> Result<impl IntoResponse, ApiError> {
    slow_down(&state, &caller)?;
    let published = state.office.published().await?;
    let root = if state.config.exercise { "/drill" } else { "" };
    let about = Feed {
        base: format!("{}{root}", state.config.public_url.trim_end_matches('/')),
        district: state.config.district.code.clone(),
        office: state.config.district.name.clone(),
        exercise: state.config.exercise,
        now: state.office.now(),
    };
    let messages: Vec<_> = published.into_iter().map(|one| (one.origin, one.message)).collect();
    let text = feed(&about, &messages);
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"), KEEP], text))
}

/// One public warning as a CAP 1.2 message.
#[utoipa::path(get, path = "/feeds/cap/{identifier}", tag = "feeds", security(()),
    params(("identifier" = String, Path, description = "identifier of the message")),
    responses((status = 200, body = String, content_type = "application/cap+xml"), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 429, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn message(
    State(state): State<AppState>,
    caller: Caller,
    Segment(identifier): Segment<String>,
) -> Result<impl IntoResponse, ApiError> {
    slow_down(&state, &caller)?;
    if identifier.len() > LONGEST {
        return Err(ApiError::not_found());
    }
    let published = state.office.published().await?;
    let found = published.into_iter().find(|one| one.message.identifier == identifier);
    let found = found.ok_or_else(ApiError::not_found)?;
    let text = xml(&found.origin, &found.message);
    Ok(([(header::CONTENT_TYPE, "application/cap+xml; charset=utf-8"), KEEP], text))
}

fn slow_down(state: &AppState, caller: &Caller) -> Result<(), ApiError> {
    state.feeds.take(&caller.0, state.wall()).map_err(ApiError::too_many)
}
