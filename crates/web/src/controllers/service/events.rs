//! `GET /api/events`: server-sent events for live pages.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::live;

/// Seconds after which a session with too many live pages may try again.
const AGAIN: u32 = 60;

/// What happens to cases the viewer may know of, as it happens.
#[utoipa::path(get, path = "/api/events", tag = "service",
    responses((status = 200, body = live::LiveView, content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(state): State<AppState>,
    signed: Signed,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let place = state.streams.take(&signed.0.token_hash).ok_or_else(|| ApiError::too_many(AGAIN))?;
    Ok(Sse::new(live::stream(state, signed, place)).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}
