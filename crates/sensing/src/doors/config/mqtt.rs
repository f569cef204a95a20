//! Which broker is listened to, and which topic belongs to which station.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use crate::registry::Registry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttEntry {
    broker: String,
    client_id: String,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    ca: Option<PathBuf>,
    #[serde(default = "keep_alive_seconds")]
    keep_alive_seconds: u64,
    /// Stations that topics with a placeholder may name.
    #[serde(default)]
    stations: Vec<String>,
    topics: Vec<TopicEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    topic: String,
    #[serde(default)]
    station: Option<String>,
}

const fn keep_alive_seconds() -> u64 {
    30
}

/// The MQTT door: one broker. `Debug` shows no password.
#[derive(Clone)]
pub struct Mqtt {
    /// Host of the broker.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS.
    pub tls: bool,
    /// Certificate authorities (PEM); none: those of the system.
    pub ca: Option<PathBuf>,
    /// The broker keeps what comes under this name while nobody is there. Fixed, and of one process only.
    pub client_id: String,
    /// User and password at the broker.
    pub login: Option<(String, String)>,
    /// How often the broker is asked whether it is there.
    pub keep_alive: Duration,
    /// Stations that topics with a placeholder may name.
    pub stations: Vec<String>,
    /// What is subscribed.
    pub topics: Vec<Topic>,
}

/// A topic and its station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Is(String),
    /// A station by its id.
    Station,
    /// A station by its MN.
    Mn,
    /// The station of the topic as a whole; matches nothing of it.
    Of(String),
}

impl fmt::Debug for Mqtt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mqtt({}:{} as {}, {:?})", self.host, self.port, self.client_id, self.topics)
    }
}

impl Topic {
    /// `qj/{station}/readings`, `qj/{mn}/readings`, or a topic without a placeholder and the station that it belongs to.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(topic: &str, station: Option<&str>) -> Result<Self, String> {
        if topic.is_empty() || topic.len() > 512 || topic.contains(['+', '#', '\0']) {
            return Err("expected a topic without + and #, in which {station} or {mn} stands for one level".to_owned());
        }
        let mut levels: Vec<Level> = topic
            .split('/')
            .map(|level| match level {
                "{station}" => Level::Station,
                "{mn}" => Level::Mn,
                other => Level::Is(other.to_owned()),
            })
            .collect();
        let named = levels.iter().filter(|level| !matches!(level, Level::Is(_))).count();
        match (named, station) {
            (1, None) => {}
            (0, Some(station)) => levels.push(Level::Of(station.to_owned())),
            _ => return Err("expected one of {station}, {mn} in the topic, or station beside it".to_owned()),
        }
        if levels.iter().any(|level| matches!(level, Level::Is(text) if text.contains(['{', '}']))) {
            return Err("expected {station} or {mn} as a whole level between two /".to_owned());
        }
        Ok(Self { levels })
    }

    /// What is subscribed for it.
    #[must_use]
    pub fn filter(&self) -> String {
        let levels = self.levels.iter().filter_map(|level| match level {
            Level::Is(text) => Some(text.as_str()),
            Level::Station | Level::Mn => Some("+"),
            Level::Of(_) => None,
        });
        levels.collect::<Vec<_>>().join("/")
    }

    /// The station that a message under this topic is about; none: it belongs to another topic, or to no station.
    #[must_use]
    pub fn station<'a>(&'a self, topic: &'a str, registry: &'a Registry) -> Option<&'a str> {
        let mut parts = topic.split('/');
        let mut station = None;
        for level in &self.levels {
            match level {
                Level::Is(text) => (parts.next()? == text).then_some(())?,
                Level::Station => station = Some(parts.next()?),
                Level::Mn => {
                    let known = registry.by_mn(parts.next()?)?;
                    station = Some(known.id.as_str());
                }
                Level::Of(of) => station = Some(of),
            }
        }
        if parts.next().is_some() { None } else { station }
    }
}

impl MqttEntry {
    pub(super) fn read(self, registry: &Registry) -> Result<Mqtt, ConfigError> {
        let failed = |problem: String| ConfigError(format!("mqtt: {problem}"));
        let (tls, host, port) = broker(&self.broker)
            .ok_or_else(|| failed("broker: expected mqtt://HOST[:1883] or mqtts://HOST[:8883]".to_owned()))?;
        if self.client_id.trim().is_empty() || self.client_id.starts_with(' ') {
            return Err(failed("client_id: expected a name of its own; the broker keeps messages under it".to_owned()));
        }
        let login = match (self.user, self.password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            _ => return Err(failed("user and password go together".to_owned())),
        };
        let mut stations = self.stations;
        let mut topics = Vec::new();
        for entry in &self.topics {
            let topic = Topic::new(&entry.topic, entry.station.as_deref());
            topics.push(topic.map_err(|problem| failed(format!("topics: {}: {problem}", entry.topic)))?);
            stations.extend(entry.station.iter().filter(|&id| !has(&stations, id)).cloned().collect::<Vec<_>>());
        }
        if topics.is_empty() || stations.is_empty() {
            return Err(failed("topics are needed, and stations that they may name".to_owned()));
        }
        if let Some(strange) = stations.iter().find(|id| registry.station(id).is_none()) {
            return Err(failed(format!("stations: {strange} is not registered; expected an id of stations.yaml")));
        }
        let keep_alive = Duration::from_secs(self.keep_alive_seconds.clamp(1, 3600));
        let (ca, client_id) = (self.ca, self.client_id);
        Ok(Mqtt { host, port, tls, ca, client_id, login, keep_alive, stations, topics })
    }
}

fn has(stations: &[String], id: &str) -> bool {
    stations.iter().any(|known| known == id)
}

fn broker(url: &str) -> Option<(bool, String, u16)> {
    let (tls, rest) = match url.split_once("://")? {
        ("mqtt", rest) => (false, rest),
        ("mqtts", rest) => (true, rest),
        _ => return None,
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (rest, if tls { 8883 } else { 1883 }),
    };
    // A password belongs into its own field.
    (!host.is_empty() && !host.contains(['@', '/'])).then(|| (tls, host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_its_station_in_one_way() {
        let topic = Topic::new("qj/{station}/readings", None).expect("it reads");
        assert_eq!(topic.filter(), "qj/+/readings");
        assert_eq!(Topic::new("gas/1", Some("G1")).expect("it reads").filter(), "gas/1");
        for (topic, station) in [
            ("qj/+/x", None),
            ("qj/#", Some("S1")),
            ("qj/x", None),
            ("qj/{station}", Some("S1")),
            ("qj/{station}/{mn}", None),
            ("qj/a{station}", Some("S1")),
            ("", Some("S1")),
        ] {
            assert!(Topic::new(topic, station).is_err(), "{topic} {station:?}");
        }
    }

    #[test]
    fn a_broker_has_a_scheme_and_no_password() {
        assert_eq!(broker("mqtt://b"), Some((false, "b".into(), 1883)));
        assert_eq!(broker("mqtts://b.example:99"), Some((true, "b.example".into(), 99)));
        for wrong in ["b:1883", "http://b", "mqtt://u:p@b:1", "mqtt://", "mqtt://b/x", "mqtt://b:x"] {
            assert_eq!(broker(wrong), None, "{wrong}");
        }
    }
}
