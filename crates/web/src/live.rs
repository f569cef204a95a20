//! Live pages: what happens to cases, as server-sent events for those who may know of it.

use std::convert::Infallible;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use huiyin_journal::accounts::User;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::permissions;
use crate::ports::LiveEvent;

/// What a page is told: no more than which case to ask for again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LiveView {
    /// Case id; none: some events were missed, ask for everything again.
    pub case: Option<Uuid>,
    /// Case number.
    pub number: Option<String>,
    /// What happened.
    pub kind: String,
}

/// Events this person may know of, until the service closes.
pub(crate) fn stream(
    viewer: User,
    events: broadcast::Receiver<LiveEvent>,
    closing: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((viewer, events, closing), |(viewer, mut events, mut closing)| async move {
        loop {
            let received = tokio::select! {
                received = events.recv() => received,
                _ = closing.wait_for(|closed| *closed) => return None,
            };
            let view = match received {
                Ok(event) if permissions::may_see(&viewer, &event.scope) => {
                    LiveView { case: Some(event.case), number: Some(event.number), kind: event.kind }
                }
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => LiveView { case: None, number: None, kind: "missed".to_owned() },
                Err(RecvError::Closed) => return None,
            };
            let text = serde_json::to_string(&view).unwrap_or_default();
            return Some((Ok(Event::default().event("case").data(text)), (viewer, events, closing)));
        }
    })
}
