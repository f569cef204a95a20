//! `GET /api/events`: server-sent events for live pages.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::live;

/// What happens to cases the viewer may know of, as it happens.
#[utoipa::path(get, path = "/api/events", tag = "service",
    responses((status = 200, body = live::LiveView, content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(state): State<AppState>,
    signed: Signed,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(live::stream(state, signed)).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}
