//! Limits with the days they are in force: the figure of a standard for a pollutant and a class at a moment.
//!
//! Days and nights are those of Beijing time. A limit says on which side of it the fault lies: dissolved oxygen is bad
//! below, pH on both sides.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::model::{Confidence, Registry};
use crate::words::{Text, figure};

/// What a limit asks, in the unit of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Neither less than the first nor more than the second.
    Between(f64, f64),
}

/// A figure of a standard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// Standard (`GB 3838-2002`).
    pub standard: String,
    /// Where in it.
    pub clause: String,
    /// Pollutant, by its code.
    pub pollutant: String,
    /// Class.
    pub class: String,
    /// Unit of the figures.
    pub unit: String,
    /// The figures and the side.
    pub bound: Bound,
    /// First day in force.
    pub from: NaiveDate,
    /// Last day in force; none while no end is known.
    pub until: Option<NaiveDate>,
    /// Only at these hours.
    pub hours: Option<Hours>,
    /// How well the figure is known.
    pub confidence: Confidence,
    /// What a reader should know.
    pub remark: Option<Text>,
}

/// Part of the day (GB 3096-2008: day 06:00–22:00).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hours {
    /// 06:00 to 22:00.
    Day,
    /// 22:00 to 06:00.
    Night,
}

/// All limits, found by pollutant and class.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    by_name: HashMap<String, HashMap<String, Vec<Limit>>>,
}

impl Limits {
    /// Adds one; gives back the one that is in force at the same time.
    pub(super) fn add(&mut self, limit: Limit) -> Option<Limit> {
        let classes = self.by_name.entry(limit.pollutant.clone()).or_default();
        let others = classes.entry(limit.class.clone()).or_default();
        let overlap = others.iter().find(|other| {
            let apart =
                other.until.is_some_and(|end| end < limit.from) || limit.until.is_some_and(|end| end < other.from);
            let other_hours = matches!((other.hours, limit.hours), (Some(a), Some(b)) if a != b);
            !apart && !other_hours
        });
        if let Some(other) = overlap {
            return Some(other.clone());
        }
        others.push(limit);
        None
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        self.by_name.values().any(|classes| classes.contains_key(class))
    }
}

impl Registry {
    /// The limit of a pollutant (code) for a class at a moment; none where the standard names none or none was in force.
    #[must_use]
    pub fn limit(&self, pollutant: &str, class: &str, at: DateTime<Utc>) -> Option<&Limit> {
        let local = at.with_timezone(&BEIJING);
        let day = local.date_naive();
        let hours = if (6..22).contains(&local.hour()) { Hours::Day } else { Hours::Night };
        self.limits.by_name.get(pollutant)?.get(class)?.iter().find(|limit| {
            limit.from <= day
                && limit.until.is_none_or(|until| day <= until)
                && limit.hours.is_none_or(|only| only == hours)
        })
    }

    /// Whether some standard has a class of this name.
    #[must_use]
    pub fn has_class(&self, class: &str) -> bool {
        self.limits.has_class(class)
    }

    /// Whether some edition of some standard limits a pollutant for a class.
    #[must_use]
    pub fn ever_limits(&self, pollutant: &str, class: &str) -> bool {
        self.limits.by_name.get(pollutant).is_some_and(|classes| classes.contains_key(class))
    }
}

/// UTC+8, the time of day of limits and of series without a zone.
pub(crate) const BEIJING: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(offset) => offset,
    None => panic!("eight hours are an offset"),
};

impl Bound {
    /// Whether a value breaks it. A value that is no number breaks nothing; it is refused before.
    #[must_use]
    pub fn broken_by(&self, value: f64) -> bool {
        match *self {
            Self::AtMost(most) => value > most,
            Self::AtLeast(least) => value < least,
            Self::Between(least, most) => value < least || value > most,
        }
    }

    /// The same bound, moved towards the good side by a share of it (`0.1` asks 10 % more).
    #[must_use]
    pub fn stricter(&self, share: f64) -> Self {
        match *self {
            Self::AtMost(most) => Self::AtMost(most * (1.0 - share)),
            Self::AtLeast(least) => Self::AtLeast(least * (1.0 + share)),
            Self::Between(least, most) => {
                let step = (most - least) * share / 2.0;
                Self::Between(least + step, most - step)
            }
        }
    }

    /// How many times beyond the bound a value is: 1 at the bound, 2 at twice the most or half the least. For two-sided
    /// bounds 1 plus the excess in widths of the band.
    #[must_use]
    pub fn times(&self, value: f64) -> f64 {
        match *self {
            Self::AtMost(most) if most > 0.0 => value / most,
            Self::AtLeast(least) if value > 0.0 => least / value,
            Self::AtLeast(_) => f64::MAX,
            Self::AtMost(most) => 1.0 + (value - most),
            Self::Between(least, most) => 1.0 + (least - value).max(value - most) / (most - least),
        }
    }

    /// In words: `≤ 1`, `≥ 5`, `6–9`.
    #[must_use]
    pub fn words(&self) -> String {
        match *self {
            Self::AtMost(most) => format!("≤ {}", figure(most)),
            Self::AtLeast(least) => format!("≥ {}", figure(least)),
            Self::Between(least, most) => format!("{}–{}", figure(least), figure(most)),
        }
    }
}
