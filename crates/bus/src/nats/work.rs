//! Queues: what machines ask for, and what gateways say of stations. JetStream keeps each message until it was carried out.
//! It is acknowledged after the commit and never before, so a process that dies gives its messages back. Both queues are
//! made by whoever reads that of machines (the role `engine`); whoever reads the other one needs no rights to make any.

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

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Machines,
    Observations,
}

impl Queue {
    /// Name of its stream, what its addresses have after the district, name of who reads it.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Machines => ("MACHINES", "cmd.machine.>", "engine"),
            Self::Observations => ("OBSERVATIONS", "obs.*", "ingest"),
        }
    }
}

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
                if let Err(error) = nats.made(Queue::Observations).await {
                    tracing::warn!(%error, "the queue of observations cannot be made; trying again");
                } else {
                    match nats.made(Queue::Machines).await {
                        Ok(queue) => take_all(queue, &worker).await,
                        Err(error) => tracing::warn!(%error, "the queue of machines cannot be read; trying again"),
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        })
    }

    /// Takes what gateways say of the district's stations, with other processes of the same kind, until the handle is
    /// aborted. While NATS is away, or no engine has made the queue, it waits.
    pub fn observations(self: &Arc<Self>, worker: Arc<dyn Worker>) -> JoinHandle<()> {
        let nats = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                match nats.found(Queue::Observations).await {
                    Ok(queue) => take_all(queue, &worker).await,
                    Err(error) => tracing::warn!(%error, "the queue of observations cannot be read; trying again"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        })
    }

    /// The address under which readings of a station are left: `huiyin.<district>.<live|drill>.obs.<station>`.
    #[must_use]
    pub fn station_address(&self, station: &str) -> String {
        format!("{}.obs.{station}", self.config.root())
    }

    /// Leaves a message in a queue. It is kept once it was acknowledged; left again under the same id within
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

    fn asked(&self, queue: Queue) -> (String, pull::Config) {
        let (stream, addresses, reader) = queue.words();
        let asked = pull::Config {
            durable_name: Some(reader.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: TO_ACKNOWLEDGE,
            max_deliver: -1,
            max_ack_pending: i64::try_from(UNDER_WAY).unwrap_or(i64::MAX),
            filter_subject: format!("{}.{addresses}", self.config.root()),
            ..pull::Config::default()
        };
        (self.config.stream(stream), asked)
    }

    /// A queue that somebody else has made.
    async fn found(&self, queue: Queue) -> Result<PullConsumer, NatsError> {
        self.server_ready().await?;
        let (stream, asked) = self.asked(queue);
        let reader = asked.durable_name.clone().unwrap_or_default();
        let found: Result<PullConsumer, _> = self.context.get_consumer_from_stream(reader, stream).await;
        let consumer = found.map_err(|e| NatsError::JetStream(e.to_string()))?;
        super::compare::consumers(&asked, &consumer.cached_info().config)?;
        Ok(consumer)
    }

    /// A queue, made or brought to these settings.
    async fn made(&self, queue: Queue) -> Result<PullConsumer, NatsError> {
        self.server_ready().await?;
        let (name, asked) = self.asked(queue);
        let subject = asked.filter_subject.clone();
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
        Err(error) => return tracing::warn!(%error, "a queue gives nothing; trying again"),
    };
    messages
        .for_each_concurrent(UNDER_WAY, |message| async move {
            match message {
                Ok(message) => take(message, worker.as_ref()).await,
                Err(error) => tracing::debug!(%error, "a queue was interrupted"),
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
            tracing::error!(%address, %why, "something was left in a queue that can never be carried out; it was taken out");
            AckKind::Term
        }
    };
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, %address, "a message could not be acknowledged; it comes again");
    }
}
