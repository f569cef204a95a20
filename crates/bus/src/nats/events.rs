//! Committed events: one stream holds those of a district for a while; live pages hear them over an ordinary
//! subscription.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::stream;
use futures_util::StreamExt as _;
use tokio::sync::{broadcast, watch};

use super::{Nats, NatsError, PATIENCE, compare};
use crate::{Bus, BusError, Later, Message};

impl Nats {
    /// Makes sure, once, that the stream of events is what was asked for.
    pub(super) async fn events_ready(&self) -> Result<(), NatsError> {
        self.server_ready().await?;
        self.events.get_or_try_init(|| self.stream_as_asked(self.event_stream())).await.copied()
    }

    /// Makes a stream, or brings it to these settings, and compares what the server made of it.
    pub(super) async fn stream_as_asked(&self, asked: stream::Config) -> Result<(), NatsError> {
        let info = self.context.create_or_update_stream(asked.clone()).await;
        let found = info.map_err(|e| NatsError::JetStream(e.to_string()))?.config;
        compare::streams(&asked, &found)
    }

    /// The stream of a district's events.
    fn event_stream(&self) -> stream::Config {
        stream::Config {
            name: self.config.stream("EVENTS"),
            subjects: vec![format!("{}.evt.>", self.config.root())],
            retention: stream::RetentionPolicy::Limits,
            discard: stream::DiscardPolicy::Old,
            storage: stream::StorageType::File,
            num_replicas: self.config.replicas,
            max_age: self.config.keep,
            duplicate_window: Duration::from_secs(600),
            deny_delete: true,
            ..stream::Config::default()
        }
    }

    async fn send(&self, message: &Message) -> Result<(), NatsError> {
        self.events_ready().await?;
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message.id.as_str());
        headers.insert("Content-Type", "application/cloudevents+json");
        let problem = |e: &dyn std::fmt::Display| NatsError::JetStream(e.to_string());
        let payload = serde_json::to_vec(message).map_err(|e| problem(&e))?;
        let sent = self.context.publish_with_headers(message.address(), headers, payload.into()).await;
        sent.map_err(|e| problem(&e))?.await.map_err(|e| problem(&e))?;
        Ok(())
    }
}

impl Bus for Nats {
    fn publish<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), BusError>> {
        Box::pin(async move {
            let failed = |problem: String| BusError { id: message.id.clone(), problem };
            match tokio::time::timeout(PATIENCE, self.send(message)).await {
                Ok(sent) => sent.map_err(|e| failed(e.to_string())),
                Err(_) => Err(failed("NATS did not answer in time".into())),
            }
        })
    }

    fn listen(&self) -> broadcast::Receiver<Arc<Message>> {
        self.sender.subscribe()
    }

    fn gaps(&self) -> watch::Receiver<u64> {
        self.gaps.subscribe()
    }

    fn durable(&self) -> bool {
        true
    }
}

/// Hands what is heard on to the listeners of this process. What does not read is not ours.
pub(super) async fn hear(client: Client, addresses: String, sender: broadcast::Sender<Arc<Message>>) {
    let mut heard = match client.subscribe(addresses).await {
        Ok(heard) => heard,
        Err(e) => return tracing::error!(%e, "committed events cannot be heard"),
    };
    while let Some(raw) = heard.next().await {
        // An engine alone has nobody who listens.
        if sender.receiver_count() == 0 {
            continue;
        }
        match serde_json::from_slice::<Message>(&raw.payload) {
            Ok(message) => drop(sender.send(Arc::new(message))),
            Err(e) => tracing::debug!(%e, subject = %raw.subject, "a message is no event of ours"),
        }
    }
}
