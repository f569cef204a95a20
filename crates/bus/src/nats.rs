//! The bus of many processes: committed events on NATS JetStream.
//!
//! One stream holds the events of a district for a while; live pages hear them over an ordinary subscription. Nothing
//! here is the record: when NATS is away, publishing fails, the outbox keeps the message and it is published later
//! under the same id, which the stream recognises inside its window.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions};
use futures_util::StreamExt as _;
use tokio::sync::{OnceCell, broadcast};
use tokio::task::JoinHandle;

use crate::{Bus, BusError, Later, Message};

/// Messages kept for a listener that is slow.
const BACKLOG: usize = 4096;
/// How long NATS may take to accept a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// Oldest server that keeps what it acknowledges: 2.12.0–2.12.2 can lose pending writes, and servers before 2.11 leave
/// settings out without a word.
pub const OLDEST_SERVER: (u64, u64, u64) = (2, 12, 3);

/// How to reach NATS.
#[derive(Clone, Debug)]
pub struct NatsConfig {
    /// `nats://host:4222` or `tls://host:4222`; several are separated by commas.
    pub servers: String,
    /// Credentials file (JWT and key) of this role.
    pub credentials: Option<PathBuf>,
    /// Certificate authorities (PEM) beside those of the system.
    pub authorities: Option<PathBuf>,
    /// District whose events are carried, GB/T 2260.
    pub district: String,
    /// Copies of the stream: 3 in a cluster, 1 on one server.
    pub replicas: usize,
    /// How long events are kept.
    pub keep: Duration,
}

impl NatsConfig {
    /// One server, no credentials, events kept for a week.
    #[must_use]
    pub fn new(servers: impl Into<String>, district: impl Into<String>) -> Self {
        Self {
            servers: servers.into(),
            credentials: None,
            authorities: None,
            district: district.into(),
            replicas: 1,
            keep: Duration::from_secs(7 * 86_400),
        }
    }
}

/// NATS cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The address or the credentials are wrong.
    #[error("NATS at {servers}: {problem}")]
    Connect {
        /// As configured.
        servers: String,
        /// Why.
        problem: String,
    },
    /// The server is too old to be trusted with what it acknowledges.
    #[error("the NATS server is {found}; at least {}.{}.{} is needed, because older ones lose or ignore what they acknowledge", OLDEST_SERVER.0, OLDEST_SERVER.1, OLDEST_SERVER.2)]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The stream is not as it was asked for.
    #[error(
        "the stream {stream} came back with {field} {found} instead of {asked}; the server may have left it out silently, or another program owns the stream"
    )]
    Configuration {
        /// Name of the stream.
        stream: String,
        /// Setting.
        field: &'static str,
        /// As asked.
        asked: String,
        /// As returned.
        found: String,
    },
    /// JetStream refused.
    #[error("JetStream: {0}")]
    JetStream(String),
}

/// See the module.
#[derive(Debug)]
pub struct Nats {
    client: Client,
    context: jetstream::Context,
    config: NatsConfig,
    ready: OnceCell<()>,
    sender: broadcast::Sender<Arc<Message>>,
    hearing: JoinHandle<()>,
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

impl Nats {
    /// Connects and checks the server and the stream. When NATS is away it connects later by itself: people go on
    /// working, and what they did is published when it is back.
    ///
    /// # Errors
    /// When the credentials do not read, or a server that answers is too old or keeps other settings than asked.
    pub async fn connect(config: NatsConfig) -> Result<Self, NatsError> {
        let wrong = |problem: String| NatsError::Connect { servers: config.servers.clone(), problem };
        let mut options = ConnectOptions::new()
            .name("huiyin")
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE));
        if let Some(file) = &config.credentials {
            options = options.credentials_file(file).await.map_err(|e| wrong(format!("{}: {e}", file.display())))?;
        }
        if let Some(file) = &config.authorities {
            options = options.add_root_certificates(file.clone());
        }
        let servers: Vec<&str> = config.servers.split(',').map(str::trim).collect();
        let client = options.connect(servers).await.map_err(|e| wrong(e.to_string()))?;
        let sender = broadcast::channel(BACKLOG).0;
        let hearing = tokio::spawn(hear(client.clone(), format!("huiyin.{}.*.evt.>", config.district), sender.clone()));
        let context = jetstream::new(client.clone());
        let nats = Self { client, context, config, ready: OnceCell::new(), sender, hearing };
        match tokio::time::timeout(PATIENCE, nats.ready()).await {
            Ok(Ok(())) => {}
            Ok(Err(error @ (NatsError::TooOld { .. } | NatsError::Configuration { .. }))) => return Err(error),
            Ok(Err(error)) => tracing::warn!(%error, "NATS is not ready; events will be published when it is"),
            Err(_) => tracing::warn!("NATS does not answer; events will be published when it does"),
        }
        Ok(nats)
    }

    /// Makes sure, once, that the server and the stream are what was asked for.
    async fn ready(&self) -> Result<(), NatsError> {
        self.ready.get_or_try_init(|| self.prepare()).await.copied()
    }

    async fn prepare(&self) -> Result<(), NatsError> {
        let version = loop {
            match self.client.try_server_info() {
                Some(info) if !info.version.is_empty() => break info.version,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        if version_of(&version).is_none_or(|found| found < OLDEST_SERVER) {
            return Err(NatsError::TooOld { found: version });
        }
        let asked = self.stream();
        let info = self.context.create_or_update_stream(asked.clone()).await;
        let found = info.map_err(|e| NatsError::JetStream(e.to_string()))?.config;
        compare(&asked, &found)
    }

    /// The stream of a district's events.
    fn stream(&self) -> stream::Config {
        stream::Config {
            name: format!("HUIYIN_{}_EVENTS", self.config.district),
            subjects: vec![format!("huiyin.{}.*.evt.>", self.config.district)],
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
        self.ready().await?;
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

    fn durable(&self) -> bool {
        true
    }
}

/// Hands what is heard on to the listeners of this process. What does not read is not ours.
async fn hear(client: Client, subject: String, sender: broadcast::Sender<Arc<Message>>) {
    let mut heard = match client.subscribe(subject).await {
        Ok(heard) => heard,
        Err(e) => return tracing::error!(%e, "committed events cannot be heard"),
    };
    while let Some(raw) = heard.next().await {
        match serde_json::from_slice::<Message>(&raw.payload) {
            Ok(message) => drop(sender.send(Arc::new(message))),
            Err(e) => tracing::debug!(%e, subject = %raw.subject, "a message is no event of ours"),
        }
    }
}

/// Settings that must come back as they were asked for.
fn compare(asked: &stream::Config, found: &stream::Config) -> Result<(), NatsError> {
    let pairs = [
        ("subjects", format!("{:?}", asked.subjects), format!("{:?}", found.subjects)),
        ("retention", format!("{:?}", asked.retention), format!("{:?}", found.retention)),
        ("storage", format!("{:?}", asked.storage), format!("{:?}", found.storage)),
        ("replicas", asked.num_replicas.to_string(), found.num_replicas.to_string()),
        ("age", format!("{:?}", asked.max_age), format!("{:?}", found.max_age)),
        ("duplicate window", format!("{:?}", asked.duplicate_window), format!("{:?}", found.duplicate_window)),
        ("protection from deletion", asked.deny_delete.to_string(), found.deny_delete.to_string()),
    ];
    match pairs.into_iter().find(|(_, asked, found)| asked != found) {
        None => Ok(()),
        Some((field, was_asked, found)) => {
            Err(NatsError::Configuration { stream: asked.name.clone(), field, asked: was_asked, found })
        }
    }
}

/// `2.12.3` or `2.12.3-beta.1`: major, minor, patch.
fn version_of(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.split('-').next()?.split('.').map(str::parse::<u64>);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        assert_eq!(version_of("2.12.3"), Some((2, 12, 3)));
        assert_eq!(version_of("2.15.0-RC.1"), Some((2, 15, 0)));
        assert_eq!(version_of("dev"), None);
        assert!(version_of("2.9.10").is_some_and(|found| found < OLDEST_SERVER));
        assert!(version_of("2.12.10").is_some_and(|found| found > OLDEST_SERVER));
    }

    #[test]
    fn a_setting_that_was_left_out_is_named() {
        let asked = stream::Config { num_replicas: 3, ..stream::Config::default() };
        let found = stream::Config { num_replicas: 1, ..asked.clone() };
        let error = compare(&asked, &found).expect_err("it differs");
        assert!(error.to_string().contains("replicas 1 instead of 3"), "{error}");
    }
}
