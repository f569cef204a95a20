//! The bus of many processes: NATS. [`events`] carries what was committed, [`calls`] asks other processes and answers
//! them, [`work`] takes what machines left in a queue; here is the connection, and what a server must be.
//!
//! Nothing here is the record: when NATS is away, publishing fails, the outbox keeps the message and it is published
//! later under the same id, which the stream recognises inside its window.

mod calls;
mod compare;
mod events;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::{OnceCell, broadcast, watch};
use tokio::task::JoinHandle;

pub use calls::{Answers, Offered};
pub use work::{Taken, Worker};

use crate::Message;

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
    /// File with what this role proves itself by: NATS credentials (JWT and key), the seed of an nkey, or `name:password`.
    pub credentials: Option<PathBuf>,
    /// Certificate authorities (PEM) beside those of the system.
    pub authorities: Option<PathBuf>,
    /// District whose events are carried, GB/T 2260.
    pub district: String,
    /// Exercises: they have addresses, streams and, on a server with accounts, an account of their own.
    pub drill: bool,
    /// Whether this process publishes events, and so sees to it that their stream is there.
    pub publishes: bool,
    /// Copies of the streams: 3 in a cluster, 1 on one server.
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
            drill: false,
            publishes: true,
            replicas: 1,
            keep: Duration::from_secs(7 * 86_400),
        }
    }
}

impl NatsConfig {
    /// `huiyin.<district>.<live|drill>`, with which every address begins.
    fn root(&self) -> String {
        format!("huiyin.{}.{}", self.district, if self.drill { "drill" } else { "live" })
    }

    /// Name of a stream.
    fn stream(&self, what: &str) -> String {
        format!("HUIYIN_{}_{}{what}", self.district, if self.drill { "DRILL_" } else { "" })
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
    /// A stream or consumer is not as it was asked for.
    #[error(
        "{stream} came back with {field} {found} instead of {asked}; the server may have left it out silently, or another program owns it"
    )]
    Configuration {
        /// The stream or consumer, by name.
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
    /// The server is new enough.
    server: OnceCell<()>,
    /// The stream of events is as it was asked for.
    events: OnceCell<()>,
    sender: broadcast::Sender<Arc<Message>>,
    /// How often the connection came back or was too slow: what was said meanwhile was not heard.
    gaps: watch::Sender<u64>,
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
        let gaps = watch::channel(0).0;
        let client = client(&config, gaps.clone()).await?;
        let sender = broadcast::channel(BACKLOG).0;
        let hearing = tokio::spawn(events::hear(client.clone(), format!("{}.evt.>", config.root()), sender.clone()));
        let context = jetstream::new(client.clone());
        let (server, events) = (OnceCell::new(), OnceCell::new());
        let nats = Self { client, context, config, server, events, sender, gaps, hearing };
        let ready = async { if nats.config.publishes { nats.events_ready().await } else { nats.server_ready().await } };
        match tokio::time::timeout(PATIENCE, ready).await {
            Ok(Ok(())) => {}
            Ok(Err(error @ (NatsError::TooOld { .. } | NatsError::Configuration { .. }))) => return Err(error),
            Ok(Err(error)) => tracing::warn!(%error, "NATS is not ready; events will be published when it is"),
            Err(_) => tracing::warn!("NATS does not answer; events will be published when it does"),
        }
        Ok(nats)
    }

    /// Makes sure, once, that the server is one to be trusted.
    async fn server_ready(&self) -> Result<(), NatsError> {
        self.server.get_or_try_init(|| self.look_at_server()).await.copied()
    }

    async fn look_at_server(&self) -> Result<(), NatsError> {
        let version = loop {
            match self.client.try_server_info() {
                Some(info) if !info.version.is_empty() => break info.version,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        match version_of(&version) {
            Some(found) if found >= OLDEST_SERVER => Ok(()),
            _ => Err(NatsError::TooOld { found: version }),
        }
    }
}

async fn client(config: &NatsConfig, gaps: watch::Sender<u64>) -> Result<Client, NatsError> {
    if config.servers.contains('@') {
        let problem = "an address holds no password: write `name:password` into a file and name that as credentials";
        return Err(NatsError::Connect { servers: "the address given".into(), problem: problem.into() });
    }
    let wrong = |problem: String| NatsError::Connect { servers: config.servers.clone(), problem };
    let mut options = ConnectOptions::new()
        .name("huiyin")
        .retry_on_initial_connect()
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE))
        .event_callback(move |event| {
            if matches!(event, Event::Connected | Event::SlowConsumer(_)) {
                gaps.send_modify(|gaps| *gaps += 1);
            }
            async {}
        });
    if let Some(file) = &config.credentials {
        let named = |problem: String| wrong(format!("{}: {problem}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|e| named(e.to_string()))?;
        options = match text.trim() {
            text if text.starts_with("-----") => options.credentials(text).map_err(|e| named(e.to_string()))?,
            seed if seed.starts_with("SU") && !seed.contains(':') => options.nkey(seed.to_owned()),
            text => {
                let form = "expected NATS credentials, the seed of an nkey (SU…), or one line `name:password`";
                let (name, password) = text.split_once(':').ok_or_else(|| named(form.into()))?;
                options.user_and_password(name.to_owned(), password.to_owned())
            }
        };
    }
    if let Some(file) = &config.authorities {
        options = options.add_root_certificates(file.clone());
    }
    let servers: Vec<&str> = config.servers.split(',').map(str::trim).collect();
    options.connect(servers).await.map_err(|e| wrong(e.to_string()))
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

    #[tokio::test]
    async fn a_password_in_an_address_is_refused_and_not_repeated() {
        let config = NatsConfig::new("nats://web:s3cret@127.0.0.1:4222", "500110");
        let said = Nats::connect(config).await.expect_err("it is refused").to_string();
        assert!(said.contains("name:password") && !said.contains("s3cret"), "{said}");
    }
}
