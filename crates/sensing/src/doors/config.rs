//! Who may speak at the doors: passwords, addresses, keys. A file of its own, because it holds secrets and the registry of
//! stations does not.

mod http;
mod mqtt;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use huiyin_hj212::cipher::{Keys, StationKey};
use ipnet::IpNet;
use serde::Deserialize;

use crate::registry::Registry;

pub use http::{Caller, Callers, Http};
pub use mqtt::{Mqtt, Topic};

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hj212: Option<LineEntry>,
    http: Option<http::HttpEntry>,
    mqtt: Option<mqtt::MqttEntry>,
    nats: Option<QueueEntry>,
    #[serde(default = "stale_seconds")]
    stale_seconds: u64,
    #[serde(default)]
    stations: Vec<SpeakerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineEntry {
    listen: SocketAddr,
    #[serde(default = "most_lines")]
    most_lines: usize,
    #[serde(default = "most_lines_of_one_address")]
    most_lines_of_one_address: usize,
    #[serde(default = "idle_seconds")]
    idle_seconds: u64,
    #[serde(default = "frame_seconds")]
    frame_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeakerEntry {
    station: String,
    password: String,
    from: Vec<String>,
    #[serde(default)]
    sm4_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueEntry {
    stations: Vec<String>,
}

const fn stale_seconds() -> u64 {
    3600
}
const fn most_lines() -> usize {
    1024
}
const fn most_lines_of_one_address() -> usize {
    256
}
const fn idle_seconds() -> u64 {
    900
}
const fn frame_seconds() -> u64 {
    30
}

/// The doors of a process.
#[derive(Debug)]
pub struct Config {
    /// HJ 212 over TCP, if it is open.
    pub hj212: Option<Line>,
    /// HTTP, if it is open.
    pub http: Option<Http>,
    /// MQTT, if a broker is listened to.
    pub mqtt: Option<Mqtt>,
    /// The queue of observations at NATS, if it is read.
    pub nats: Option<Queue>,
    /// Who may speak HJ 212.
    pub speakers: Speakers,
    /// A station that said nothing for so long is counted as stale.
    pub stale: Duration,
}

/// The queue of observations at NATS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Stations whose observations are taken.
    pub stations: Vec<String>,
}

/// Bounds of the TCP door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Address to listen at.
    pub listen: SocketAddr,
    /// Lines at the same time.
    pub most_lines: usize,
    /// Lines of one source address at the same time.
    pub most_lines_of_one_address: usize,
    /// A line on which nothing came for so long is closed.
    pub idle: Duration,
    /// A frame that was begun must be complete within this time.
    pub frame: Duration,
}

/// One station that may speak. `Debug` shows no secret.
#[derive(Clone)]
pub struct Speaker {
    /// Station, by its id in the registry.
    pub station: String,
    password: String,
    from: Vec<IpNet>,
    key: Option<StationKey>,
}

/// Stations that may speak, by MN.
#[derive(Clone, Debug, Default)]
pub struct Speakers {
    by_mn: HashMap<String, Speaker>,
}

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads the file of the doors and joins it with the registry.
    ///
    /// # Errors
    /// What does not read (with its line), a station that is not registered, an address that is none, a key that is none.
    pub fn read(text: &str, registry: &Registry) -> Result<Self, ConfigError> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let line = |entry: LineEntry| Line {
            listen: entry.listen,
            most_lines: entry.most_lines.max(1),
            most_lines_of_one_address: entry.most_lines_of_one_address.max(1),
            idle: Duration::from_secs(entry.idle_seconds.max(1)),
            frame: Duration::from_secs(entry.frame_seconds.max(1)),
        };
        let mut speakers = Speakers::default();
        for entry in file.stations {
            let station = entry.station.clone();
            let failed = |problem: String| ConfigError(format!("stations: {station}: {problem}"));
            let Some(known) = registry.station(&entry.station) else {
                return Err(failed("not registered; expected an id of stations.yaml".to_owned()));
            };
            if entry.password.is_empty() || entry.from.is_empty() {
                return Err(failed("password and from are needed: the password travels in the clear".to_owned()));
            }
            let net = |text: &String| parse_net(text).ok_or_else(|| failed(format!("from: {text} is no address")));
            let from = entry.from.iter().map(net).collect::<Result<_, _>>()?;
            let key = entry.sm4_key.as_deref().map(StationKey::from_hex).transpose();
            let key = key.map_err(|error| failed(format!("sm4_key: {error}")))?;
            let speaker = Speaker { station: entry.station.clone(), password: entry.password, from, key };
            speakers.by_mn.insert(known.mn.clone(), speaker);
        }
        let nats = file.nats.map(|entry| queue(entry, registry)).transpose()?;
        let (http, mqtt) =
            (file.http.map(|e| e.read(registry)).transpose()?, file.mqtt.map(|e| e.read(registry)).transpose()?);
        let stale = Duration::from_secs(file.stale_seconds.max(1));
        Ok(Self { hj212: file.hj212.map(line), http, mqtt, nats, speakers, stale })
    }

    /// Stations that may be heard through some door.
    #[must_use]
    pub fn stations(&self) -> BTreeSet<String> {
        let hj212 =
            self.speakers.by_mn.values().map(|speaker| speaker.station.as_str()).filter(|_| self.hj212.is_some());
        let http = self.http.iter().flat_map(|door| door.callers.stations());
        let mqtt = self.mqtt.iter().flat_map(|door| door.stations.iter().map(String::as_str));
        let nats = self.nats.iter().flat_map(|door| door.stations.iter().map(String::as_str));
        hj212.chain(http).chain(mqtt).chain(nats).map(str::to_owned).collect()
    }
}

fn queue(entry: QueueEntry, registry: &Registry) -> Result<Queue, ConfigError> {
    match entry.stations.iter().find(|id| registry.station(id).is_none()) {
        None => Ok(Queue { stations: entry.stations }),
        Some(strange) => {
            let cure = "expected an id of stations.yaml";
            Err(ConfigError(format!("nats: stations: {strange} is not registered; {cure}")))
        }
    }
}

/// `10.1.0.0/16`, or one address.
fn parse_net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
}

impl Speakers {
    /// Adds a station that may speak from an address with a password in the clear: for exercises and tests.
    pub fn admit(&mut self, mn: &str, station: &str, password: &str, from: IpAddr) {
        let speaker =
            Speaker { station: station.to_owned(), password: password.to_owned(), from: vec![from.into()], key: None };
        self.by_mn.insert(mn.to_owned(), speaker);
    }

    /// The station with this MN.
    #[must_use]
    pub fn get(&self, mn: &str) -> Option<&Speaker> {
        self.by_mn.get(mn)
    }
}

impl Keys for Speakers {
    fn key(&self, mn: &str) -> Option<&StationKey> {
        self.by_mn.get(mn)?.key.as_ref()
    }
}

impl Speaker {
    /// Whether it may speak from this address.
    #[must_use]
    pub fn comes_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.from.iter().any(|net| net.contains(&address))
    }

    /// What it says when it is simulated.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Its key, where its data areas are encrypted.
    pub(crate) fn key(&self) -> Option<&StationKey> {
        self.key.as_ref()
    }

    /// Whether this is its password. Takes the same time wherever the difference is.
    #[must_use]
    pub fn knows(&self, password: &str) -> bool {
        let (ours, theirs) = (self.password.as_bytes(), password.as_bytes());
        let differ = ours.iter().zip(theirs).fold(0_u8, |differ, (a, b)| differ | (a ^ b));
        ours.len() == theirs.len() && differ == 0
    }
}

impl fmt::Debug for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Speaker({}, from {:?})", self.station, self.from)
    }
}
