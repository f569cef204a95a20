//! What rules say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::model::Severity;
use crate::words::Text;

/// What changed about an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum Outcome {
    /// A new one.
    Raised(Alarm),
    /// The open one is worse: another multiple of the limit, another pollutant.
    Worse(Alarm),
    /// The open one is over.
    Cleared(Alarm),
}

/// An alarm as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Rule, by its id. With `place` and `start` it names the alarm.
    pub rule: String,
    /// Station, by its id.
    pub place: String,
    /// Since when the matter lasts: the first reading beyond, the last one before silence.
    pub start: DateTime<Utc>,
    /// When this was said.
    pub at: DateTime<Utc>,
    /// How grave the rule holds it.
    pub severity: Severity,
    /// Why, in words.
    pub reason: Text,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// A reading that an alarm rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Station.
    pub station: String,
    /// Pollutant, by its code.
    pub pollutant: String,
    /// The figure; none for silence.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// What it was held against, in words.
    pub against: String,
    /// When it was observed.
    pub observed_at: DateTime<Utc>,
}

impl Outcome {
    /// The alarm, whatever is said of it.
    #[must_use]
    pub fn alarm(&self) -> &Alarm {
        match self {
            Self::Raised(alarm) | Self::Worse(alarm) | Self::Cleared(alarm) => alarm,
        }
    }
}
