//! Handing a mail to a relay: TLS, authentication, time-outs, a pool of connections.
//!
//! The pool is our own, on `lettre`'s connections: `lettre`'s pool puts a connection back when a send is cancelled by
//! a time-out, in the middle of DATA. Here a connection goes back only after an answer that leaves it clean.
//! Which relay, and when again, is decided elsewhere.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as WallInstant};

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::config::{Relay, RelayTls, SmtpConfig};
use crate::secret::{Secret, SecretError};

/// A connection that rested longer than this is not used again.
const IDLE: Duration = Duration::from_secs(60);

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// 250: the relay is responsible now. Holds its words.
    Accepted(String),
    /// Worth another attempt: 4xx, unreachable, not signed in, no answer in time.
    Transient(String),
    /// 5xx about this mail: never here.
    Permanent(String),
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpConfigError {
    /// No relay.
    #[error("smtp.relays is empty; expected at least one relay, or no smtp section at all for the local mailbox")]
    NoRelay,
    /// A password would travel in the clear.
    #[error(
        "relay {0}: a password is given but tls is none; expected starttls or implicit (none only for a relay on this machine)"
    )]
    ClearPassword(String),
    /// Half a sign-in.
    #[error("relay {0}: user and password belong together; only one of them is given")]
    HalfCredentials(String),
    /// No password.
    #[error("relay {relay}: {source}")]
    Secret {
        /// `host:port`
        relay: String,
        /// Cause.
        source: SecretError,
    },
    /// The certificate authority cannot be used.
    #[error("relay {relay}: ca_file {path}: {problem}; expected a PEM certificate")]
    Ca {
        /// `host:port`
        relay: String,
        /// File.
        path: String,
        /// Cause.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("relay {relay}: {problem}")]
    Tls {
        /// `host:port`
        relay: String,
        /// Cause.
        problem: String,
    },
    /// The sender is not an address.
    #[error("smtp.{field} {address:?} is not a mail address: {problem}")]
    Address {
        /// Field.
        field: &'static str,
        /// As given.
        address: String,
        /// Cause.
        problem: String,
    },
}

/// The relays of a configuration, ready to be used.
#[derive(Debug)]
pub struct Relays {
    relays: Vec<Door>,
    connect_timeout: Duration,
    send_timeout: Duration,
    pool: usize,
    hello: ClientId,
}

/// One relay and its resting connections.
struct Door {
    name: String,
    host: String,
    port: u16,
    tls: RelayTls,
    parameters: Option<TlsParameters>,
    credentials: Option<(String, Secret)>,
    resting: Mutex<Vec<(AsyncSmtpConnection, WallInstant)>>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("name", &self.name).field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Relays {
    /// Reads secrets and certificates and checks that the configuration makes sense. Connects to nothing.
    ///
    /// # Errors
    /// When it does not.
    pub fn new(config: &SmtpConfig) -> Result<Self, SmtpConfigError> {
        if config.relays.is_empty() {
            return Err(SmtpConfigError::NoRelay);
        }
        check_address("from", &config.from)?;
        if let Some(address) = &config.reply_to {
            check_address("reply_to", address)?;
        }
        Ok(Self {
            relays: config.relays.iter().map(Door::new).collect::<Result<_, _>>()?,
            connect_timeout: Duration::from_secs(config.connect_timeout.max(1)),
            send_timeout: Duration::from_secs(config.send_timeout.max(1)),
            pool: config.pool,
            hello: config.hello.clone().map_or_else(ClientId::default, ClientId::Domain),
        })
    }

    /// How many relays there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.relays.len()
    }

    /// Never true: a configuration without relays is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.relays.is_empty()
    }

    /// `host:port` of a relay.
    #[must_use]
    pub fn name(&self, relay: usize) -> &str {
        self.relays.get(relay).map_or("", |door| door.name.as_str())
    }

    /// Hands one mail to one relay. Always comes back within the two time-outs.
    pub async fn send(&self, relay: usize, message: &Message) -> Sent {
        let Some(door) = self.relays.get(relay) else {
            return Sent::Transient(format!("there is no relay {relay}"));
        };
        let mut connection = match tokio::time::timeout(self.connect_timeout, self.open(door)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Sent::Transient(format!("not connected: {}", words(&error))),
            Err(_) => return Sent::Transient(format!("not connected within {} s", self.connect_timeout.as_secs())),
        };
        let bytes = message.formatted();
        let sending = connection.send(message.envelope(), &bytes);
        match tokio::time::timeout(self.send_timeout, sending).await {
            Ok(Ok(answer)) => {
                let said: Vec<&str> = answer.message().collect();
                let said = format!("{} {}", answer.code(), said.join(" "));
                self.rest(door, connection);
                Sent::Accepted(said)
            }
            // the connection was closed by `send`
            Ok(Err(error)) if error.is_permanent() => Sent::Permanent(words(&error)),
            Ok(Err(error)) => Sent::Transient(words(&error)),
            // dropped in the middle of whatever it was doing: the relay may or may not have the mail
            Err(_) => Sent::Transient(format!(
                "no answer within {} s; the relay may have the mail, the same Message-ID is used again",
                self.send_timeout.as_secs()
            )),
        }
    }

    async fn open(&self, door: &Door) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        while let Some(mut connection) = door.take() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        let implicit = if door.tls == RelayTls::Implicit { door.parameters.clone() } else { None };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (door.host.as_str(), door.port),
            Some(self.connect_timeout),
            &self.hello,
            implicit,
            None,
        )
        .await?;
        if door.tls == RelayTls::Starttls
            && let Some(parameters) = door.parameters.clone()
        {
            connection.starttls(parameters, &self.hello).await?;
        }
        if let Some((user, password)) = &door.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }

    fn rest(&self, door: &Door, connection: AsyncSmtpConnection) {
        if connection.has_broken() {
            return;
        }
        let mut resting = door.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() < self.pool {
            resting.push((connection, WallInstant::now()));
        }
    }
}

impl Door {
    fn new(relay: &Relay) -> Result<Self, SmtpConfigError> {
        let name = format!("{}:{}", relay.host, relay.port);
        let credentials = match (&relay.user, &relay.password) {
            (None, None) => None,
            (Some(user), Some(password)) => {
                if relay.tls == RelayTls::None && !on_this_machine(&relay.host) {
                    return Err(SmtpConfigError::ClearPassword(name));
                }
                let secret =
                    password.read().map_err(|source| SmtpConfigError::Secret { relay: name.clone(), source })?;
                Some((user.clone(), secret))
            }
            _ => return Err(SmtpConfigError::HalfCredentials(name)),
        };
        let parameters = match relay.tls {
            RelayTls::None => None,
            RelayTls::Starttls | RelayTls::Implicit => Some(tls_parameters(relay, &name)?),
        };
        Ok(Self {
            name,
            host: relay.host.clone(),
            port: relay.port,
            tls: relay.tls,
            parameters,
            credentials,
            resting: Mutex::new(Vec::new()),
        })
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((connection, since)) = resting.pop() {
            if since.elapsed() < IDLE {
                return Some(connection);
            }
        }
        None
    }
}

fn tls_parameters(relay: &Relay, name: &str) -> Result<TlsParameters, SmtpConfigError> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(path) = &relay.ca_file {
        let ca =
            |problem: String| SmtpConfigError::Ca { relay: name.to_owned(), path: path.display().to_string(), problem };
        let pem = std::fs::read(path).map_err(|e| ca(e.to_string()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| ca(words(&e)))?);
    }
    builder.build().map_err(|e| SmtpConfigError::Tls { relay: name.to_owned(), problem: words(&e) })
}

fn on_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_address(field: &'static str, address: &str) -> Result<(), SmtpConfigError> {
    address.parse::<lettre::Address>().map(drop).map_err(|e| SmtpConfigError::Address {
        field,
        address: address.to_owned(),
        problem: e.to_string(),
    })
}

/// An error with its causes. None of them carries a password: `lettre` keeps commands out of its errors.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words.push_str(": ");
            words.push_str(&inner_words);
        }
        cause = inner.source();
    }
    words
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::secret::SecretSource;

    fn config(relay: Relay) -> SmtpConfig {
        SmtpConfig {
            relays: vec![relay],
            from: "huiyin@example.org".into(),
            from_name: "回音".into(),
            reply_to: None,
            message_id_domain: None,
            hello: None,
            connect_timeout: 1,
            send_timeout: 1,
            pool: 1,
        }
    }

    fn relay() -> Relay {
        Relay {
            host: "mail.example.org".into(),
            port: 587,
            tls: RelayTls::None,
            ca_file: None,
            user: Some("huiyin".into()),
            password: Some(SecretSource::Env("PATH".into())),
        }
    }

    #[test]
    fn a_password_never_travels_in_the_clear() {
        assert!(matches!(Relays::new(&config(relay())), Err(SmtpConfigError::ClearPassword(_))));
    }

    #[test]
    fn nothing_of_a_password_is_shown() {
        let mut relay = relay();
        relay.tls = RelayTls::Starttls;
        let config = config(relay);
        let shown = format!("{:?} {config:?}", Relays::new(&config).unwrap());
        assert!(!shown.contains(&std::env::var("PATH").unwrap()), "{shown}");
    }

    #[test]
    fn a_user_without_a_password_is_refused() {
        let mut relay = relay();
        relay.password = None;
        assert!(matches!(Relays::new(&config(relay)), Err(SmtpConfigError::HalfCredentials(_))));
    }
}
