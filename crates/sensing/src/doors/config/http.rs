//! Who may speak at the HTTP door: tokens, kept as their SHA-256, and the addresses from which they count.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{ConfigError, parse_net};
use crate::registry::Registry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpEntry {
    listen: SocketAddr,
    #[serde(default)]
    behind_proxy: bool,
    #[serde(default = "most_lines")]
    most_lines: usize,
    #[serde(default = "most_lines_of_one_address")]
    most_lines_of_one_address: usize,
    #[serde(default = "idle_seconds")]
    idle_seconds: u64,
    #[serde(default = "request_seconds")]
    request_seconds: u64,
    callers: Vec<CallerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerEntry {
    name: String,
    token_sha256: String,
    stations: Vec<String>,
    from: Vec<String>,
}

const fn most_lines() -> usize {
    512
}
const fn most_lines_of_one_address() -> usize {
    128
}
const fn idle_seconds() -> u64 {
    60
}
const fn request_seconds() -> u64 {
    30
}

/// The HTTP door.
#[derive(Clone, Debug)]
pub struct Http {
    /// Address to listen at.
    pub listen: SocketAddr,
    /// The caller's address is the last of `X-Forwarded-For`: only behind a proxy of one's own.
    pub behind_proxy: bool,
    /// Connections at the same time.
    pub most_lines: usize,
    /// Connections of one source address at the same time.
    pub most_lines_of_one_address: usize,
    /// A connection on which nothing came for so long is closed.
    pub idle: Duration,
    /// A request must have come and been answered within this time.
    pub request: Duration,
    /// Who may speak.
    pub callers: Callers,
}

/// Who may speak, by token.
#[derive(Clone, Debug, Default)]
pub struct Callers(Vec<Caller>);

/// A gateway, or a station that speaks HTTP by itself. `Debug` shows no digest.
#[derive(Clone)]
pub struct Caller {
    /// Its name in logs.
    pub name: String,
    digest: [u8; 32],
    /// Stations that it may speak for.
    pub stations: Vec<String>,
    from: Vec<IpNet>,
}

impl Callers {
    /// Lets a caller speak for stations, by its token, from some addresses.
    pub fn admit(&mut self, name: &str, token: &str, stations: &[&str], from: &[IpAddr]) {
        self.0.push(Caller {
            name: name.to_owned(),
            digest: Sha256::digest(token.as_bytes()).into(),
            stations: stations.iter().map(|&id| id.to_owned()).collect(),
            from: from.iter().map(|&address| address.into()).collect(),
        });
    }

    /// The caller with this token. Every caller is compared, each in the same time wherever the difference is.
    #[must_use]
    pub fn of_token(&self, token: &str) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for caller in &self.0 {
            let differ = caller.digest.iter().zip(digest).fold(0_u8, |differ, (a, b)| differ | (a ^ b));
            if differ == 0 {
                found = Some(caller);
            }
        }
        found
    }

    /// Stations that anybody may speak for.
    pub fn stations(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|caller| caller.stations.iter().map(String::as_str))
    }
}

impl Caller {
    /// Whether it may speak from this address.
    #[must_use]
    pub fn comes_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.from.iter().any(|net| net.contains(&address))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({}, for {:?}, from {:?})", self.name, self.stations, self.from)
    }
}

impl HttpEntry {
    pub(super) fn read(self, registry: &Registry) -> Result<Http, ConfigError> {
        let mut callers: Vec<Caller> = Vec::new();
        for entry in self.callers {
            let name = entry.name.clone();
            let failed = |problem: String| ConfigError(format!("http: callers: {name}: {problem}"));
            let mut digest = [0; 32];
            hex::decode_to_slice(entry.token_sha256.trim(), &mut digest).map_err(|_| {
                let cure = "printf %s TOKEN | sha256sum";
                failed(format!("token_sha256: expected the SHA-256 of the token, 64 hex digits, e.g. from: {cure}"))
            })?;
            // The digest of nothing lets in whoever sends an empty token.
            if digest == <[u8; 32]>::from(Sha256::digest(b"")) {
                return Err(failed("token_sha256: is that of an empty token".to_owned()));
            }
            if callers.iter().any(|other| other.digest == digest) {
                return Err(failed("token_sha256: another caller has the same token".to_owned()));
            }
            if entry.stations.is_empty() || entry.from.is_empty() {
                return Err(failed("stations and from are needed: for whom it speaks, and from where".to_owned()));
            }
            if let Some(strange) = entry.stations.iter().find(|id| registry.station(id).is_none()) {
                return Err(failed(format!("stations: {strange} is not registered; expected an id of stations.yaml")));
            }
            let net = |text: &String| parse_net(text).ok_or_else(|| failed(format!("from: {text} is no address")));
            let from = entry.from.iter().map(net).collect::<Result<_, _>>()?;
            callers.push(Caller { name: entry.name.clone(), digest, stations: entry.stations.clone(), from });
        }
        Ok(Http {
            listen: self.listen,
            behind_proxy: self.behind_proxy,
            most_lines: self.most_lines.max(1),
            most_lines_of_one_address: self.most_lines_of_one_address.max(1),
            idle: Duration::from_secs(self.idle_seconds.max(1)),
            request: Duration::from_secs(self.request_seconds.max(1)),
            callers: Callers(callers),
        })
    }
}
