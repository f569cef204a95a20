//! What rules are, once they are checked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::observation::{Kind, Observation};
use crate::registry::{Bound, Registry, StationKind};
use crate::words::Text;

/// A file of rules, checked. Built only by [`Rules::load`].
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) by_pollutant: HashMap<String, Vec<usize>>,
    /// Rules that hear every pollutant.
    pub(super) of_all: Vec<usize>,
    pub(super) late_after: TimeDelta,
    pub(super) registry: Option<Arc<Registry>>,
    pub(super) series: Series,
    pub(super) names: BTreeMap<String, Text>,
}

/// How a file of readings is read: one station, one column a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Station that the readings count for.
    pub station: String,
    /// Column of the times; `Time` or `time` when none is named.
    pub time: Option<String>,
    /// Column → pollutant. Empty: every column counts under its own name.
    pub columns: BTreeMap<String, String>,
}

/// How grave a rule holds its alarms. People grade incidents; this only orders the list of alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 提示: to be looked at.
    Notice,
    /// 警告: to be looked at now.
    Warning,
    /// 严重: to be acted upon now.
    Severe,
}

/// Which way a change must go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Either.
    #[default]
    Both,
    /// Only up.
    Up,
    /// Only down.
    Down,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id, unique in the file.
    pub id: String,
    /// Name.
    pub name: Text,
    /// How grave.
    pub severity: Severity,
    pub(super) stations: Option<Vec<String>>,
    pub(super) station_kinds: Option<Vec<StationKind>>,
    pub(super) figures: Option<Vec<Kind>>,
    /// So long after an alarm was over no new one is raised.
    pub(super) cooling: TimeDelta,
    pub(super) what: What,
}

/// What a rule looks for.
#[derive(Clone, Debug)]
pub(super) enum What {
    Threshold(Threshold),
    Rate(Rate),
    Missing(Missing),
    Anomaly(Anomaly),
    Agreement(Agreement),
}

/// How long something must last to be told, and to be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasting {
    pub(super) during: TimeDelta,
    pub(super) clear: TimeDelta,
}

#[derive(Clone, Debug)]
pub(super) struct Threshold {
    pub(super) pollutants: Vec<String>,
    pub(super) level: Level,
    /// Share of the limit by which a value must be better for the alarm to be over.
    pub(super) clear_margin: f64,
    /// Multiples of the limit at which it is worse, rising.
    pub(super) worse: Vec<f64>,
    pub(super) lasting: Lasting,
}

#[derive(Clone, Debug)]
pub(super) enum Level {
    Number(Bound),
    Class(String),
    /// The functional class of the station.
    Own,
}

#[derive(Clone, Debug)]
pub(super) struct Rate {
    pub(super) pollutants: Vec<String>,
    pub(super) rise: Option<f64>,
    pub(super) fall: Option<f64>,
    pub(super) within: TimeDelta,
    pub(super) lasting: Lasting,
}

#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) pollutants: Option<Vec<String>>,
    pub(super) after: After,
    pub(super) clear: TimeDelta,
}

/// After how much silence.
#[derive(Clone, Copy, Debug)]
pub(super) enum After {
    Length(TimeDelta),
    /// So many expected intervals of the (station, pollutant).
    Intervals(i32),
}

#[derive(Clone, Debug)]
pub(super) struct Anomaly {
    pub(super) recent: TimeDelta,
    pub(super) gap: TimeDelta,
    pub(super) window: TimeDelta,
    /// Fewest readings of the window for a baseline.
    pub(super) least: usize,
    /// Fewest readings of `recent` for a score.
    pub(super) least_recent: usize,
    /// Exponent by which the parameters' scores are combined: 1 adds them, a high one takes the largest.
    pub(super) combine: f64,
    pub(super) clear_below: f64,
    pub(super) worse: Vec<f64>,
    pub(super) lasting: Lasting,
    /// After so long a new level counts as the usual one.
    pub(super) hold: TimeDelta,
    pub(super) parameters: BTreeMap<String, AnomalyParameter>,
}

#[derive(Clone, Debug)]
pub(super) struct AnomalyParameter {
    /// Change that counts as a whole one, in the unit of the parameter.
    pub(super) change: f64,
    /// And at least so many robust standard deviations of the window.
    pub(super) sigmas: f64,
    pub(super) direction: Direction,
    pub(super) slow: Option<Slow>,
}

/// Change against a slow baseline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slow {
    pub(super) change: f64,
    pub(super) over: TimeDelta,
}

#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) pollutant: String,
    pub(super) upstream: String,
    pub(super) downstream: String,
    pub(super) earliest: TimeDelta,
    pub(super) latest: TimeDelta,
    pub(super) tolerance: f64,
    /// Share of the upstream value by which the tolerance grows.
    pub(super) share: f64,
    pub(super) lasting: Lasting,
}

impl Rules {
    /// The rules, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How `huiyin detect` reads a file for these rules.
    #[must_use]
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// Unit of what a station sends for a pollutant; empty where nobody registered it.
    pub(crate) fn unit(&self, station: &str, pollutant: &str) -> String {
        let parameter = self.registry.as_ref().and_then(|registry| registry.parameter(station, pollutant));
        parameter.map_or_else(String::new, |parameter| parameter.unit.clone())
    }

    /// The place an alarm of this rule would have for a reading, when the rule hears the reading.
    pub(super) fn place<'a>(&'a self, rule: &'a Rule, observation: &'a Observation) -> Option<&'a str> {
        let heard = rule.figures.as_ref().is_none_or(|figures| figures.contains(&observation.kind));
        heard.then(|| self.place_of(rule, &observation.station)).flatten()
    }

    /// The place an alarm of this rule would have for a station.
    pub(super) fn place_of<'a>(&'a self, rule: &'a Rule, station: &'a str) -> Option<&'a str> {
        if let What::Agreement(agreement) = &rule.what {
            let of_it = station == agreement.upstream || station == agreement.downstream;
            return of_it.then_some(agreement.downstream.as_str());
        }
        if rule.stations.as_ref().is_some_and(|only| !only.iter().any(|id| id == station)) {
            return None;
        }
        let Some(registry) = &self.registry else { return Some(station) };
        // A station that nobody registered makes no place: the state stays bounded by the registry.
        let kind = registry.station(station)?.kind;
        rule.station_kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)).then_some(station)
    }
}

impl Rule {
    /// Whether the rule names a pollutant.
    #[must_use]
    pub fn names(&self, pollutant: &str) -> bool {
        self.pollutants().is_some_and(|list| list.contains(&pollutant))
    }

    /// Whether the rule hears a pollutant.
    #[must_use]
    pub fn hears(&self, pollutant: &str) -> bool {
        self.pollutants().is_none_or(|list| list.contains(&pollutant))
    }

    /// The pollutants that it hears; none means all.
    pub(super) fn pollutants(&self) -> Option<Vec<&str>> {
        Some(match &self.what {
            What::Threshold(threshold) => threshold.pollutants.iter().map(String::as_str).collect(),
            What::Rate(rate) => rate.pollutants.iter().map(String::as_str).collect(),
            What::Missing(missing) => missing.pollutants.as_ref()?.iter().map(String::as_str).collect(),
            What::Anomaly(anomaly) => anomaly.parameters.keys().map(String::as_str).collect(),
            What::Agreement(agreement) => vec![&agreement.pollutant],
        })
    }
}
