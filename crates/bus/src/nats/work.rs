//! The queue of what machines ask for: JetStream keeps each message until it was carried out. It is acknowledged after the
//! commit and never before, so a process that dies gives its messages back.

use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, PullConsumer, pull};
use async_nats::jetstream::{AckKind, Message, stream};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::{Nats, NatsError};
use crate::{BusError, Later};

/// A message that is not acknowledged by then is given to another process.
const TO_ACKNOWLEDGE: Duration = Duration::from_secs(30);
/// Messages under way at the same time.
const UNDER_WAY: usize = 256;
/// How long the queue keeps what nobody takes.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Largest queue, in bytes; a sender is refused beyond it and keeps what it has.
const LARGEST: i64 = 1 << 30;
/// Pause before the queue is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Carried out, or refused for good, and committed: it may go.
    Done,
    /// Not now; it comes again.
    Again,
    /// It can never be carried out; why.
    Never(String),
}

/// Carries out what machines ask for.
pub trait Worker: Send + Sync + 'static {
    /// Carries out one message that came under an address. The same message may come more than once.
    fn take(&self, address: String, message: Vec<u8>) -> Later<'_, Taken>;
}

impl Nats {
    /// Takes the messages of the district's machines, with other processes of the same kind, until the handle is
    /// aborted. While NATS is away it waits.
    pub fn work(self: &Arc<Self>, worker: Arc<dyn Worker>) -> JoinHandle<()> {
        let nats = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                match nats.machine_queue().await {
                    Ok(queue) => take_all(queue, &worker).await,
                    Err(error) => tracing::warn!(%error, "the queue of machines cannot be read; trying again"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        })
    }

    /// Leaves a message in the queue of machines. It is kept once it was acknowledged; left again under the same id within
    /// ten minutes it is kept once, and later its receiver recognises it.
    ///
    /// # Errors
    /// When NATS does not acknowledge it: it is to be left again.
    pub async fn leave(&self, address: String, id: &str, message: Vec<u8>) -> Result<(), BusError> {
        let failed = |problem: String| BusError { id: id.to_owned(), problem };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        let sent = self.context.publish_with_headers(address, headers, message.into()).await;
        sent.map_err(|e| failed(e.to_string()))?.await.map_err(|e| failed(e.to_string()))?;
        Ok(())
    }

    async fn machine_queue(&self) -> Result<PullConsumer, NatsError> {
        self.server_ready().await?;
        let name = self.config.stream("MACHINES");
        let subject = format!("{}.cmd.machine.>", self.config.root());
        self.stream_as_asked(stream::Config {
            name: name.clone(),
            subjects: vec![subject.clone()],
            retention: stream::RetentionPolicy::WorkQueue,
            // Full, it refuses the newest: nothing that was acknowledged is thrown away.
            discard: stream::DiscardPolicy::New,
            storage: stream::StorageType::File,
            num_replicas: self.config.replicas,
            max_age: KEPT,
            max_bytes: LARGEST,
            duplicate_window: Duration::from_secs(600),
            ..stream::Config::default()
        })
        .await?;
        let asked = pull::Config {
            durable_name: Some("engine".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: TO_ACKNOWLEDGE,
            max_deliver: -1,
            max_ack_pending: i64::try_from(UNDER_WAY).unwrap_or(i64::MAX),
            filter_subject: subject,
            ..pull::Config::default()
        };
        let failed = |e: &dyn std::fmt::Display| NatsError::JetStream(e.to_string());
        let made: Result<Consumer<pull::Config>, _> = self.context.create_consumer_on_stream(asked.clone(), name).await;
        let consumer = made.map_err(|e| failed(&e))?;
        super::compare::consumers(&asked, &consumer.cached_info().config)?;
        Ok(consumer)
    }
}

/// Until the queue ends, which it does when the connection or the consumer is gone.
async fn take_all(queue: PullConsumer, worker: &Arc<dyn Worker>) {
    let messages = match queue.messages().await {
        Ok(messages) => messages,
        Err(error) => return tracing::warn!(%error, "the queue of machines gives nothing; trying again"),
    };
    messages
        .for_each_concurrent(UNDER_WAY, |message| async move {
            match message {
                Ok(message) => take(message, worker.as_ref()).await,
                Err(error) => tracing::debug!(%error, "the queue of machines was interrupted"),
            }
        })
        .await;
}

async fn take(message: Message, worker: &dyn Worker) {
    let (address, body) = (message.subject.to_string(), message.payload.to_vec());
    let kind = match worker.take(address.clone(), body).await {
        Taken::Done => AckKind::Ack,
        Taken::Again => AckKind::Nak(Some(AGAIN)),
        Taken::Never(why) => {
            tracing::error!(%address, %why, "a machine sent what can never be carried out; it was taken out of the queue");
            AckKind::Term
        }
    };
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, %address, "a message could not be acknowledged; it comes again");
    }
}
