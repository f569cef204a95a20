//! What is committed, told to live pages: from the bus, with who may know of the case.

use std::sync::{Arc, Weak};

use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::{Bureau, rows};
use crate::ports::LiveEvent;

/// Listens for as long as the office lives.
pub(super) fn begin(bureau: &Arc<Bureau>) {
    let mut messages = bureau.parts.engine.bus().listen();
    let office: Weak<Bureau> = Arc::downgrade(bureau);
    tokio::spawn(async move {
        loop {
            match messages.recv().await {
                Ok(message) => {
                    let Some(bureau) = office.upgrade() else { return };
                    if message.district == bureau.parts.district && message.timeline == bureau.parts.timeline {
                        bureau.tell(&message.subject, &message.kind).await;
                    }
                }
                // A page that missed something asks again by itself when the next event comes.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}

impl Bureau {
    async fn tell(&self, case: &str, kind: &str) {
        if self.live.receiver_count() == 0 {
            return;
        }
        let Ok(case) = Uuid::parse_str(case) else { return };
        match self.journal.case(case).await {
            Ok(Some(record)) => {
                let scope = rows::scope(
                    &self.directory(),
                    &record.district,
                    record.owner.as_deref(),
                    &record.owners,
                    &record.excluded,
                );
                // Nobody listening is no failure.
                let _ = self.live.send(LiveEvent { case, number: record.number, kind: kind.to_owned(), scope });
            }
            Ok(None) => {}
            Err(problem) => tracing::warn!(%problem, "a live event could not be told"),
        }
    }
}
