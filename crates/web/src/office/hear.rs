//! What is committed, told to live pages: from the bus, with who may know of the case.

use std::sync::{Arc, Weak};

use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::{Bureau, rows};
use crate::ports::{Heard, LiveEvent};

/// Listens for as long as the office lives.
pub(super) fn begin(bureau: &Arc<Bureau>) {
    let bus = bureau.parts.engine.bus();
    let (mut messages, mut gaps) = (bus.listen(), bus.gaps());
    let office: Weak<Bureau> = Arc::downgrade(bureau);
    tokio::spawn(async move {
        loop {
            let heard = tokio::select! {
                heard = messages.recv() => heard,
                Ok(()) = gaps.changed() => Err(RecvError::Lagged(0)),
            };
            match heard {
                Ok(message) => {
                    let Some(bureau) = office.upgrade() else { return };
                    if message.district == bureau.parts.district && message.timeline == bureau.parts.timeline {
                        bureau.tell(&message.subject, &message.kind).await;
                    }
                }
                // Something was missed: every page asks again.
                Err(RecvError::Lagged(_)) => {
                    let Some(bureau) = office.upgrade() else { return };
                    let _ = bureau.live.send(Heard::Missed);
                }
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
                let event = LiveEvent { case, number: record.number, kind: kind.to_owned(), scope };
                let _ = self.live.send(Heard::Case(event));
            }
            Ok(None) => {}
            Err(problem) => tracing::warn!(%problem, "a live event could not be told"),
        }
    }
}
