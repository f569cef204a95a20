//! One reading of one pollutant at one station, whichever door it came through.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One reading. Unique by (station, pollutant, observed time, kind): the same one again changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Station, by its id in the registry of stations.
    pub station: String,
    /// Pollutant, by its factor code (`w21003`).
    pub pollutant: String,
    /// What kind of figure it is.
    pub kind: Kind,
    /// The figure, in `unit`.
    pub value: f64,
    /// Unit as registered for (station, pollutant); never taken from a table of codes.
    pub unit: String,
    /// How good the station says it is.
    pub flag: Flag,
    /// When it was observed; for means over a period, the beginning of the period (HJ 212: 2051, 2061, 2031).
    pub observed_at: DateTime<Utc>,
    /// When it reached Huiyin.
    pub received_at: DateTime<Utc>,
    /// Through which door.
    pub source: Source,
}

/// What kind of figure a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Of the moment (HJ 212 command 2011).
    Real,
    /// Mean of minutes (2051).
    Minutes,
    /// Mean of an hour (2061).
    Hour,
    /// Mean of a day (2031).
    Day,
}

/// Data flags of HJ 212.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Flag {
    /// Normal.
    N,
    /// Stopped.
    F,
    /// Maintenance.
    M,
    /// Set by hand.
    S,
    /// Fault of the instrument.
    D,
    /// Calibration.
    C,
    /// Above the range of the instrument.
    T,
    /// No communication with the instrument.
    B,
}

/// Through which door a reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// HJ 212 over TCP.
    Hj212,
    /// MQTT.
    Mqtt,
    /// HTTP.
    Http,
    /// NATS.
    Nats,
    /// A file.
    File,
}

impl Kind {
    const NAMES: [(Self, &'static str); 4] =
        [(Self::Real, "real"), (Self::Minutes, "minutes"), (Self::Hour, "hour"), (Self::Day, "day")];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name(&Self::NAMES, self)
    }

    /// The kind of a name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        named(&Self::NAMES, text)
    }
}

impl Flag {
    const LETTERS: [(Self, &'static str); 8] = [
        (Self::N, "N"),
        (Self::F, "F"),
        (Self::M, "M"),
        (Self::S, "S"),
        (Self::D, "D"),
        (Self::C, "C"),
        (Self::T, "T"),
        (Self::B, "B"),
    ];

    /// Its letter in a frame.
    #[must_use]
    pub fn letter(self) -> &'static str {
        name(&Self::LETTERS, self)
    }

    /// The flag of a letter.
    #[must_use]
    pub fn of_letter(text: &str) -> Option<Self> {
        named(&Self::LETTERS, text)
    }
}

impl Source {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Hj212, "hj212"),
        (Self::Mqtt, "mqtt"),
        (Self::Http, "http"),
        (Self::Nats, "nats"),
        (Self::File, "file"),
    ];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name(&Self::NAMES, self)
    }

    /// The door of a name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        named(&Self::NAMES, text)
    }
}

fn name<T: PartialEq>(names: &[(T, &'static str)], one: T) -> &'static str {
    names.iter().find(|(other, _)| *other == one).map_or("", |(_, name)| name)
}

fn named<T: Copy>(names: &[(T, &'static str)], text: &str) -> Option<T> {
    names.iter().find(|(_, name)| *name == text).map(|(one, _)| *one)
}
