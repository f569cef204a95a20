//! What came in and what was refused, counted by reason; which stations were not heard of lately.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::observation::{Observation, Source};

/// Why something was not taken. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Bytes that are no frame, or a message that does not read.
    Malformed,
    /// A station that is not in the registry, or that this door does not know.
    UnknownStation,
    /// A wrong password or token.
    WrongPassword,
    /// An address from which this station does not speak.
    WrongAddress,
    /// Packets that never came together.
    Incomplete,
    /// A pollutant that is not registered at this station.
    UnknownPollutant,
    /// Another unit than the registered one.
    WrongUnit,
    /// No finite number.
    NotANumber,
    /// No readable time, or one far from now.
    BadTime,
    /// A data flag that the standard does not have.
    BadFlag,
    /// Too many lines at once, too slow, or too long without a word.
    Limit,
}

impl Reason {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownStation => "unknown_station",
            Self::WrongPassword => "wrong_password",
            Self::WrongAddress => "wrong_address",
            Self::Incomplete => "incomplete",
            Self::UnknownPollutant => "unknown_pollutant",
            Self::WrongUnit => "wrong_unit",
            Self::NotANumber => "not_a_number",
            Self::BadTime => "bad_time",
            Self::BadFlag => "bad_flag",
            Self::Limit => "limit",
        }
    }
}

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct Counts {
    kept: Mutex<BTreeMap<Source, (u64, u64)>>,
    refused: Mutex<BTreeMap<(Source, Reason), u64>>,
    expected: Mutex<Expected>,
    /// 0 no broker is listened to, 1 it is away, 2 it is there.
    broker: AtomicI64,
}

/// Stations that are to be heard of.
#[derive(Debug, Default)]
struct Expected {
    after: TimeDelta,
    /// Station → when it was heard of, or began to be waited for.
    heard: BTreeMap<String, DateTime<Utc>>,
}

impl Counts {
    /// Readings of one commit: how many came, how many of them were new.
    pub fn kept(&self, source: Source, came: u64, new: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.entry(source).or_default();
        *one = (one.0 + came, one.1 + new);
    }

    /// Something was not taken.
    pub fn refused(&self, source: Source, reason: Reason) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry((source, reason)).or_default() += 1;
    }

    /// From now on these stations are to be heard of; one that says nothing for `after` is stale.
    pub fn expect(&self, stations: impl IntoIterator<Item = String>, now: DateTime<Utc>, after: TimeDelta) {
        let heard = stations.into_iter().map(|station| (station, now)).collect();
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = Expected { after, heard };
    }

    /// Readings were committed: their stations are alive.
    pub(super) fn heard(&self, observations: &[Observation]) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = "";
        for one in observations {
            if one.station != last
                && let Some(heard) = expected.heard.get_mut(&one.station)
            {
                *heard = one.received_at.max(*heard);
            }
            last = &one.station;
        }
    }

    /// Stations that said nothing for too long, in their order.
    #[must_use]
    pub fn stale(&self, now: DateTime<Utc>) -> Vec<String> {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = expected.heard.iter().filter(|(_, heard)| now - **heard >= expected.after);
        silent.map(|(station, _)| station.clone()).collect()
    }

    /// Whether the broker is there; none is listened to before this was said.
    pub fn broker(&self, connected: bool) {
        self.broker.store(if connected { 2 } else { 1 }, Ordering::Relaxed);
    }

    /// In the text format of Prometheus.
    #[must_use]
    pub fn text(&self, now: DateTime<Utc>) -> String {
        let mut out = String::new();
        let name = "huiyin_ingest_observations_total";
        let _ = writeln!(out, "# HELP {name} Readings committed, by door: new ones and repeated ones.");
        let _ = writeln!(out, "# TYPE {name} counter");
        for (source, (came, new)) in self.readings() {
            let (door, repeated) = (source.name(), came - new);
            let _ = writeln!(out, "{name}{{door=\"{door}\",what=\"new\"}} {new}");
            let _ = writeln!(out, "{name}{{door=\"{door}\",what=\"repeated\"}} {repeated}");
        }
        let name = "huiyin_ingest_refused_total";
        let _ = writeln!(out, "# HELP {name} What was not taken, by door and reason.\n# TYPE {name} counter");
        for ((source, reason), refused) in self.refusals() {
            let _ = writeln!(out, "{name}{{door=\"{}\",reason=\"{}\"}} {refused}", source.name(), reason.name());
        }
        let name = "huiyin_ingest_stations_stale";
        let _ = writeln!(out, "# HELP {name} Stations of these doors that said nothing for too long.");
        let _ = writeln!(out, "# TYPE {name} gauge\n{name} {}", self.stale(now).len());
        let broker = self.broker.load(Ordering::Relaxed);
        if broker > 0 {
            let name = "huiyin_ingest_broker_connected";
            let _ = writeln!(out, "# HELP {name} Whether the MQTT broker is there.");
            let _ = writeln!(out, "# TYPE {name} gauge\n{name} {}", broker - 1);
        }
        out
    }

    /// Readings by door: came, new.
    #[must_use]
    pub fn readings(&self) -> BTreeMap<Source, (u64, u64)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refusals by door and reason.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<(Source, Reason), u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
