//! From the text of a file of rules to [`Rules`]: every name, figure and length is checked, all mistakes are told at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use serde_saphyr::Spanned;

use super::kinds;
use super::model::{Rule, Rules, Series, What};
use super::source::{RuleEntry, RulesFile, SeriesEntry};
use crate::observation::Kind;
use crate::problem::{Findings, Problems, read};
use crate::registry::Registry;
use crate::words::length;

/// The most rules of a file.
const MOST_RULES: usize = 2_000;

/// Readings observed so long ago raise nothing, where the file says nothing else.
const LATE_AFTER: TimeDelta = TimeDelta::hours(2);

impl Rules {
    /// Reads a file of rules. With a registry, stations, pollutants and classes are checked against it; without one, rules
    /// may only name figures.
    ///
    /// # Errors
    /// All mistakes with file, line, field and cure; then no rule is loaded.
    pub fn load(file: &str, text: &str, registry: Option<Arc<Registry>>) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let Some(entries) = read::<RulesFile>(file, text, &mut findings) else {
            findings.done()?;
            return Err(Problems(Vec::new()));
        };
        let mut reader = Reader { file, registry: registry.as_deref(), findings };
        if entries.rules.len() > MOST_RULES {
            reader.findings.file(file, format!("{} rules", entries.rules.len()), format!("at most {MOST_RULES}"));
        }
        let late_after = entries.late_after.map_or(LATE_AFTER, |late| reader.length(&late, "late_after"));
        let series = reader.series(entries.series);
        let mut ids = BTreeSet::new();
        let mut rules = Vec::new();
        for entry in entries.rules.into_iter().take(MOST_RULES) {
            if entry.id.value.is_empty() || entry.id.value.len() > 64 || !ids.insert(entry.id.value.clone()) {
                let what = format!("`{}` is empty, too long, or there twice", entry.id.value);
                reader.wrong(&entry.id, "id", what, "an id of its own, 1 to 64 bytes");
            }
            rules.extend(reader.rule(entry));
        }
        reader.findings.done()?;
        let mut by_pollutant: HashMap<String, Vec<usize>> = HashMap::new();
        let mut of_all = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            match rule.pollutants() {
                None => of_all.push(i),
                Some(list) => {
                    for name in list {
                        by_pollutant.entry(name.to_owned()).or_default().push(i);
                    }
                }
            }
        }
        Ok(Self { rules, by_pollutant, of_all, late_after, registry, series, names: entries.names })
    }
}

/// What every kind of rule needs to be read.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) registry: Option<&'a Registry>,
    pub(super) findings: Findings,
}

impl Reader<'_> {
    /// Notes a mistake.
    pub(super) fn wrong<T>(&mut self, at: &Spanned<T>, field: &str, what: impl Into<String>, expected: &str) {
        self.findings.at(self.file, at.defined, field, what, expected);
    }

    /// A length of time, zero included.
    pub(super) fn length(&mut self, text: &Spanned<String>, field: &str) -> TimeDelta {
        let read = length(&text.value);
        if read.is_none() {
            let what = format!("`{}` is no length of time", text.value);
            self.wrong(text, field, what, "a number with s, m, h or d, as 90s, 10m or 2h; at most 400d");
        }
        read.unwrap_or_default()
    }

    /// A length of time above zero.
    pub(super) fn some_length(&mut self, text: &Spanned<String>, field: &str) -> TimeDelta {
        let read = self.length(text, field);
        if read.is_zero() && length(&text.value).is_some() {
            self.wrong(text, field, "is zero", "a length above zero");
        }
        read
    }

    /// A finite number.
    pub(super) fn number(&mut self, value: &Spanned<f64>, field: &str) -> f64 {
        if !value.value.is_finite() {
            self.wrong(value, field, format!("{} is no finite number", value.value), "a finite number");
        }
        value.value
    }

    /// A finite number in a span, the ends included.
    pub(super) fn number_in(&mut self, value: &Spanned<f64>, [low, high]: [f64; 2], field: &str) -> f64 {
        if !(low..=high).contains(&value.value) {
            self.wrong(value, field, format!("is {}", value.value), &format!("a number from {low} to {high}"));
        }
        value.value
    }

    /// A positive number.
    pub(super) fn positive(&mut self, value: &Spanned<f64>, field: &str) -> f64 {
        if !(value.value.is_finite() && value.value > 0.0) {
            self.wrong(value, field, format!("is {}", value.value), "a finite number above 0");
        }
        value.value
    }

    /// Multiples at which an alarm is worse: above one and rising.
    pub(super) fn multiples(&mut self, list: &[Spanned<f64>], field: &str) -> Vec<f64> {
        let mut last = 1.0;
        for value in list {
            if !(value.value.is_finite() && value.value > last) {
                let what = format!("{} is not above {last}", value.value);
                self.wrong(value, field, what, "rising multiples of the limit above 1, as [2, 5]");
            }
            last = value.value;
        }
        list.iter().map(|value| value.value).collect()
    }

    /// Pollutants by their codes; other names of the registry lead to the code.
    pub(super) fn pollutants(&mut self, list: &[Spanned<String>], field: &str, at: &Spanned<String>) -> Vec<String> {
        if list.is_empty() {
            self.wrong(at, field, "no pollutant is named", "at least one code of pollutants.yaml");
        }
        list.iter().map(|name| self.pollutant(name, field)).collect()
    }

    /// One pollutant.
    pub(super) fn pollutant(&mut self, name: &Spanned<String>, field: &str) -> String {
        let Some(registry) = self.registry else { return name.value.clone() };
        if let Some(pollutant) = registry.pollutant(&name.value) {
            return pollutant.code.clone();
        }
        self.wrong(name, field, format!("{} is unknown", name.value), "a code or name of pollutants.yaml");
        name.value.clone()
    }

    /// One station.
    pub(super) fn station(&mut self, id: &Spanned<String>, field: &str) -> String {
        if self.registry.is_some_and(|registry| registry.station(&id.value).is_none()) {
            self.wrong(id, field, format!("{} is unknown", id.value), "an id of stations.yaml");
        }
        id.value.clone()
    }

    fn series(&mut self, entry: Option<SeriesEntry>) -> Series {
        let Some(entry) = entry else {
            return Series { station: "series".into(), time: None, columns: BTreeMap::new() };
        };
        let mut columns = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (column, pollutant) in entry.columns {
            if !taken.insert(pollutant.value.clone()) {
                let what = format!("{} is named by two columns", pollutant.value);
                self.wrong(&pollutant, &format!("series.columns.{column}"), what, "one column a parameter");
            }
            columns.insert(column, pollutant.value);
        }
        Series { station: entry.station, time: entry.time, columns }
    }

    fn rule(&mut self, entry: RuleEntry) -> Option<Rule> {
        let id = entry.id.value.clone();
        let stations: Option<Vec<String>> = entry
            .stations
            .as_ref()
            .map(|list| list.iter().map(|station| self.station(station, &format!("{id}: stations"))).collect());
        if stations.as_ref().is_some_and(Vec::is_empty) {
            self.wrong(&entry.id, &format!("{id}: stations"), "is empty", "ids of stations, or leave it out for all");
        }
        if entry.station_kinds.is_some() && self.registry.is_none() {
            let expected = "stations by id, or a registry beside the rules";
            self.wrong(&entry.id, &format!("{id}: station_kinds"), "needs a registry of stations", expected);
        }
        let cooling =
            entry.cooling.as_ref().map_or(TimeDelta::zero(), |text| self.length(text, &format!("{id}: cooling")));
        let figures = entry.figures.clone();
        let what = self.what(entry)?;
        let (id, name, severity) = (what.0.id.value, what.0.name, what.0.severity);
        Some(Rule { id, name, severity, stations, station_kinds: what.0.station_kinds, figures, cooling, what: what.1 })
    }

    /// The one block that says what the rule looks for.
    fn what(&mut self, mut entry: RuleEntry) -> Option<(RuleEntry, What)> {
        let blocks = [
            entry.threshold.is_some(),
            entry.rate.is_some(),
            entry.missing.is_some(),
            entry.anomaly.is_some(),
            entry.agreement.is_some(),
        ];
        let count = blocks.iter().filter(|there| **there).count();
        if count != 1 {
            let id = entry.id.value.clone();
            let expected = "exactly one of threshold, rate, missing, anomaly, agreement";
            self.wrong(&entry.id, &id, format!("has {count} blocks that say what it looks for"), expected);
            return None;
        }
        let id = entry.id.clone();
        let figures: Vec<Kind> = entry.figures.clone().unwrap_or_default();
        let what = if let Some(block) = entry.threshold.take() {
            What::Threshold(kinds::threshold(self, &id, &figures, block))
        } else if let Some(block) = entry.rate.take() {
            What::Rate(kinds::rate(self, &id, block))
        } else if let Some(block) = entry.missing.take() {
            What::Missing(kinds::missing(self, &id, block))
        } else if let Some(block) = entry.anomaly.take() {
            What::Anomaly(kinds::anomaly(self, &id, block))
        } else {
            What::Agreement(kinds::agreement(self, &id, entry.agreement.take()?))
        };
        Some((entry, what))
    }
}
