//! What quality control says of a reading.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::observation::Observation;
use crate::words::Text;

/// How good a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// May raise an alarm.
    Good,
    /// Raises none; people should look.
    Suspect,
    /// Is no measurement.
    Bad,
}

/// Which check says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No finite number.
    NotANumber,
    /// The station's own flag.
    Flag,
    /// No parameter of this station.
    NotRegistered,
    /// Another unit than the registered one.
    Unit,
    /// Observed in the future.
    ClockSkew,
    /// The station is being worked on.
    Maintenance,
    /// Outside of what the instrument can show.
    Range,
    /// Outside of what is plausible here.
    Implausible,
    /// Faster than plausible.
    RateOfChange,
    /// Nothing moves.
    FlatLine,
    /// Far from both neighbours.
    Spike,
}

/// One reason, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which check.
    pub why: Why,
    /// In words.
    pub words: Text,
}

/// The verdict on a reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst of all reasons; good without any.
    pub grade: Grade,
    /// Every reason.
    pub reasons: Vec<Reason>,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { grade: Grade::Good, reasons: Vec::new() }
    }
}

impl Verdict {
    /// Adds a reason.
    pub(super) fn add(&mut self, grade: Grade, why: Why, zh: impl Into<String>, en: impl Into<String>) {
        self.grade = self.grade.max(grade);
        self.reasons.push(Reason { why, words: Text::new(zh, en) });
    }

    /// All reasons in one text.
    #[must_use]
    pub fn words(&self) -> Text {
        let join =
            |pick: fn(&Reason) -> &str, between: &str| self.reasons.iter().map(pick).collect::<Vec<_>>().join(between);
        Text::new(join(|reason| &reason.words.zh, "；"), join(|reason| &reason.words.en, "; "))
    }
}

/// A reading with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The reading as it came.
    pub observation: Observation,
    /// What quality control says of it.
    pub verdict: Verdict,
    /// What the reading now says of the one before it.
    pub revised: Option<Revised>,
}

impl Judged {
    /// A reading without quality control: good when it is a number.
    #[must_use]
    pub fn unexamined(observation: Observation) -> Self {
        let mut verdict = Verdict::default();
        if !observation.value.is_finite() {
            verdict.add(Grade::Bad, Why::NotANumber, "不是有限数值", "is no finite number");
        }
        Self { observation, verdict, revised: None }
    }

    /// Whether it may raise an alarm.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.verdict.grade == Grade::Good && self.observation.value.is_finite()
    }
}

/// A later verdict on the reading before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revised {
    /// When that reading was observed.
    pub observed_at: DateTime<Utc>,
    /// Its grade is at least this.
    pub grade: Grade,
    /// Why.
    pub reason: Reason,
}
