//! MQTT 3.1.1: one broker, which keeps what comes while nobody is there (persistent session, QoS 1). A message is
//! acknowledged after its readings are committed and never before, so the broker gives it again to whoever dies between;
//! again it changes nothing. Who may publish under which topic is the broker's to see to; which station a topic belongs to
//! is said in the file of doors, and a message cannot name another.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huiyin_engine::Clock;
use rumqttc::{
    AsyncClient, Event, EventLoop, Incoming, MqttOptions, Publish, QoS, SubscribeFilter, SubscribeReasonCode,
    TlsConfiguration, Transport,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::config::{Mqtt, Topic};
use super::told::{self, LARGEST, Voice};
use crate::ingest::{Intake, Reason};
use crate::observation::Source;

/// Messages that were received and are not acknowledged yet. A broker that gives more is hung up on, and gives them again.
const UNDER_WAY: usize = 1024;
/// Messages whose readings are committed together.
const TOGETHER: usize = 256;
/// Pause before the broker is called again, and the longest.
const AGAIN: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Pause before the store is asked again.
const STORE_AGAIN: Duration = Duration::from_millis(200);

/// The door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// The file of authorities.
    #[error("mqtt: ca {file}: {problem}; expected certificates in PEM")]
    Authorities {
        /// Its path.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("mqtt: TLS: {0}")]
    Tls(String),
}

/// The door.
#[derive(Clone)]
pub struct Door {
    /// Where readings go.
    pub intake: Intake,
    /// The broker, and which topic belongs to which station.
    pub mqtt: Arc<Mqtt>,
    /// The house's time, which stamps what comes in.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({:?})", self.mqtt)
    }
}

/// A message and the connection over which it came.
struct Received {
    connection: u64,
    publish: Publish,
}

/// Which connection counts. What came over an earlier one is not acknowledged: the broker gives it again under a number of
/// its own choice, and an old number could be that of another message.
#[derive(Debug, Default)]
struct Current(Mutex<u64>);

impl Current {
    fn next(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn number(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the acknowledgement of a message, unless its connection is gone. False: not now, the line of requests is full.
    fn acknowledge(&self, client: &AsyncClient, received: &Received) -> bool {
        // Held while the request is queued: a connection that ends clears the queue after it took the next number.
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current != received.connection || client.try_ack(&received.publish).is_ok()
    }
}

impl Door {
    /// Listens to the broker until it is told to stop. Nothing that was received and not committed is acknowledged.
    ///
    /// # Errors
    /// When TLS cannot be set up; a broker that is away is called again and again.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), MqttError> {
        let (client, events) = AsyncClient::new(options(&self.mqtt)?, 2 * UNDER_WAY);
        let (line, waits) = mpsc::channel(UNDER_WAY);
        let current = Arc::new(Current::default());
        self.intake.counts().broker(false);
        let committing = commit_all(self.clone(), client.clone(), Arc::clone(&current), waits);
        let listening = self.listen(client, events, line, &current);
        // Both end together: what is under way is not committed then, or committed and not acknowledged.
        let both = async { tokio::join!(committing, listening) };
        stop.run_until_cancelled(both).await;
        self.intake.counts().broker(false);
        Ok(())
    }

    async fn listen(
        &self,
        client: AsyncClient,
        mut events: EventLoop,
        line: mpsc::Sender<Received>,
        current: &Current,
    ) {
        let mut pause = AGAIN;
        // A broker that is there says something at least as often as it is asked.
        let watchdog = self.mqtt.keep_alive * 3;
        loop {
            let heard = tokio::time::timeout(watchdog, events.poll()).await;
            let problem = match heard {
                Ok(Ok(Event::Incoming(Incoming::ConnAck(_)))) => {
                    pause = AGAIN;
                    tracing::info!(broker = %self.mqtt.host, "the MQTT broker is there");
                    self.intake.counts().broker(true);
                    let filters = self.mqtt.topics.iter().map(Topic::filter);
                    let filters: Vec<_> =
                        filters.map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce)).collect();
                    client.try_subscribe_many(filters).err().map(|error| error.to_string())
                }
                Ok(Ok(Event::Incoming(Incoming::Publish(publish)))) => {
                    let received = Received { connection: current.number(), publish };
                    match line.try_send(received) {
                        Ok(()) => None,
                        Err(mpsc::error::TrySendError::Full(_)) => {
                            self.intake.counts().refused(Source::Mqtt, Reason::Limit);
                            Some(format!("it sent more than {UNDER_WAY} messages without waiting; it sends them again"))
                        }
                        Err(mpsc::error::TrySendError::Closed(_)) => return,
                    }
                }
                Ok(Ok(Event::Incoming(Incoming::SubAck(answer)))) => {
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        tracing::error!(
                            "the MQTT broker does not let this user subscribe to every topic of the file of doors"
                        );
                    }
                    None
                }
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("nothing was heard for {} s", watchdog.as_secs())),
            };
            let Some(problem) = problem else { continue };
            current.next();
            events.clean();
            self.intake.counts().broker(false);
            tracing::warn!(broker = %self.mqtt.host, %problem, "the MQTT broker is away; it is called again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // Room for what comes again.
            let _ = line.reserve_many(UNDER_WAY / 2).await;
        }
    }

    /// The readings of a message. What cannot be taken is counted and acknowledged: sent again, it would be no better.
    fn readings(&self, publish: &Publish) -> Vec<crate::observation::Observation> {
        let (counts, topic) = (self.intake.counts(), publish.topic.as_str());
        let refuse = |reason: Reason, problem: &str| {
            counts.refused(Source::Mqtt, reason);
            tracing::warn!(%topic, reason = reason.name(), %problem, "a message was refused");
            Vec::new()
        };
        if publish.payload.len() > LARGEST {
            return refuse(Reason::Limit, &format!("it is larger than {LARGEST} bytes"));
        }
        let registry = self.intake.registry();
        let Some(station) = self.mqtt.topics.iter().find_map(|known| known.station(topic, registry)) else {
            return refuse(Reason::UnknownStation, "the topic belongs to no station");
        };
        let (may, now) = (self.mqtt.stations.as_slice(), self.clock.now());
        let voice = Voice { station: Some(station), may, source: Source::Mqtt, now };
        match told::read(&self.intake, &publish.payload, &voice) {
            Ok(told) => {
                for fault in &told.faults {
                    tracing::warn!(%topic, reason = %fault.reason, field = %fault.field, problem = %fault.problem, "a reading was refused");
                }
                told.observations
            }
            Err(problem) => refuse(Reason::Malformed, &problem),
        }
    }
}

/// Commits what was received, then acknowledges it.
async fn commit_all(door: Door, client: AsyncClient, current: Arc<Current>, mut waits: mpsc::Receiver<Received>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while waits.recv_many(&mut together, TOGETHER).await > 0 {
        let observations: Vec<_> = together.iter().flat_map(|received| door.readings(&received.publish)).collect();
        while let Err(error) = door.intake.keep(&observations).await {
            tracing::debug!(%error, "readings of the MQTT broker wait for the store");
            tokio::time::sleep(STORE_AGAIN).await;
        }
        for received in together.drain(..) {
            while !current.acknowledge(&client, &received) {
                tokio::time::sleep(STORE_AGAIN).await;
            }
        }
    }
}

fn options(mqtt: &Mqtt) -> Result<MqttOptions, MqttError> {
    let mut options = MqttOptions::new(&mqtt.client_id, &mqtt.host, mqtt.port);
    options.set_clean_session(false).set_manual_acks(true).set_keep_alive(mqtt.keep_alive);
    // A little more, so that one too large is refused by name and not by a broken connection.
    options.set_max_packet_size(LARGEST * 2, 64 * 1024);
    if let Some((user, password)) = &mqtt.login {
        options.set_credentials(user, password);
    }
    if mqtt.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls(mqtt)?))));
    }
    Ok(options)
}

fn tls(mqtt: &Mqtt) -> Result<rustls::ClientConfig, MqttError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    let mut roots = rustls::RootCertStore::empty();
    if let Some(file) = &mqtt.ca {
        let failed = |problem: String| MqttError::Authorities { file: file.display().to_string(), problem };
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| failed(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
    } else {
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
    }
    if roots.is_empty() {
        return Err(MqttError::Tls("no certificate authority is known; name one as ca".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| MqttError::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
