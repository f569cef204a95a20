//! Live pages: what happens to cases, as server-sent events for those who may know of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use chrono::{DateTime, Utc};
use futures_util::Stream;
use futures_util::stream::unfold;
use huiyin_journal::accounts::User;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::permissions;
use crate::ports::Heard;

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

/// How often a silent page's session is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Live pages one session may have open at once.
const MOST_STREAMS: usize = 12;

/// How many live pages each session has open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

/// One open live page; counted until it is dropped.
pub(crate) struct Place {
    streams: Streams,
    session: String,
}

impl Streams {
    /// A place for one more; none when the session has enough.
    pub(crate) fn take(&self, session: &str) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(session.to_owned()).or_default();
        if *count >= MOST_STREAMS {
            return None;
        }
        *count += 1;
        Some(Place { streams: self.clone(), session: session.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.session);
            }
        }
    }
}

struct Page {
    _place: Place,
    state: AppState,
    token_hash: String,
    viewer: User,
    looked: DateTime<Utc>,
    events: broadcast::Receiver<Heard>,
    closing: watch::Receiver<bool>,
}

/// Events this person may know of, until the service closes or the session ends: signing out, new rights or a switched-off
/// account end it within half a minute.
pub(crate) fn stream(state: AppState, signed: Signed, place: Place) -> impl Stream<Item = Result<Event, Infallible>> {
    let page = Page {
        _place: place,
        events: state.office.listen(),
        closing: state.closing.subscribe(),
        looked: state.wall(),
        token_hash: signed.0.token_hash,
        viewer: signed.0.user,
        state,
    };
    unfold(page, |mut page| async move {
        loop {
            let received = tokio::select! {
                received = page.events.recv() => Some(received),
                () = tokio::time::sleep(LOOK_AGAIN) => None,
                _ = page.closing.wait_for(|closed| *closed) => return None,
            };
            if !page.still_signed_in().await {
                return None;
            }
            let view = match received {
                Some(Ok(Heard::Case(event))) if permissions::may_see(&page.viewer, &event.scope) => {
                    LiveView { case: Some(event.case), number: Some(event.number), kind: event.kind }
                }
                Some(Ok(Heard::Case(_))) | None => continue,
                Some(Ok(Heard::Missed) | Err(RecvError::Lagged(_))) => {
                    LiveView { case: None, number: None, kind: "missed".to_owned() }
                }
                Some(Err(RecvError::Closed)) => return None,
            };
            let text = serde_json::to_string(&view).unwrap_or_default();
            return Some((Ok(Event::default().event("case").data(text)), page));
        }
    })
}

impl Page {
    /// Looks at the session again, at most every [`LOOK_AGAIN`]; who cannot be looked up is told nothing.
    async fn still_signed_in(&mut self) -> bool {
        let now = self.state.wall();
        if (now - self.looked).to_std().is_ok_and(|since| since < LOOK_AGAIN) {
            return true;
        }
        self.looked = now;
        match self.state.accounts.session(&self.token_hash, now).await {
            Ok(Some(session)) => {
                self.viewer = session.user;
                true
            }
            Ok(None) => false,
            Err(problem) => {
                tracing::warn!(%problem, "a live page's session could not be read");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_so_many_live_pages_and_a_closed_one_makes_room() {
        let streams = Streams::default();
        let mut open: Vec<_> = (0..MOST_STREAMS).filter_map(|_| streams.take("a")).collect();
        assert_eq!(open.len(), MOST_STREAMS);
        assert!(streams.take("a").is_none());
        assert!(streams.take("b").is_some(), "another session is not concerned");
        open.pop();
        assert!(streams.take("a").is_some());
    }
}
