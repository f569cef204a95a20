//! The bus of a house that lives in one process: a broadcast channel.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use crate::{Bus, BusError, Later, Message};

/// Messages kept for a listener that is slow.
const BACKLOG: usize = 4096;

/// See the module.
#[derive(Clone, Debug)]
pub struct InProcess {
    sender: broadcast::Sender<Arc<Message>>,
    /// Stays at zero: nothing is lost within one process.
    gaps: watch::Sender<u64>,
}

impl Default for InProcess {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, gaps: watch::channel(0).0 }
    }
}

impl Bus for InProcess {
    fn publish<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), BusError>> {
        Box::pin(async move {
            // Nobody listening is no failure.
            if self.sender.receiver_count() > 0 {
                let _ = self.sender.send(Arc::new(message.clone()));
            }
            Ok(())
        })
    }

    fn listen(&self) -> broadcast::Receiver<Arc<Message>> {
        self.sender.subscribe()
    }

    fn gaps(&self) -> watch::Receiver<u64> {
        self.gaps.subscribe()
    }

    fn durable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_listens_hears_it() {
        let bus = InProcess::default();
        let message = Message {
            specversion: "1.0".into(),
            id: "1/s1".into(),
            source: "/huiyin/500110/real/petition".into(),
            kind: "assign.forced".into(),
            subject: "1".into(),
            time: "2026-11-24T00:00:00.000000Z".into(),
            datacontenttype: "application/json".into(),
            district: "500110".into(),
            timeline: "real".into(),
            data: serde_json::json!({}),
        };
        let mut listener = bus.listen();
        bus.publish(&message).await.expect("it is taken");
        assert_eq!(*listener.recv().await.expect("it is heard"), message);
        assert_eq!(message.address(), "huiyin.500110.live.evt.petition.1.assign.forced");
    }
}
