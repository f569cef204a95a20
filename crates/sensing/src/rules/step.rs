//! A reading comes, or time passes: which rules hear it, and what becomes of their alarms.

use chrono::{DateTime, TimeDelta, Utc};

use super::debounce::Turn;
use super::model::{Rule, Rules, What};
use super::outcome::{Alarm, Evidence, Outcome};
use super::state::{Cell, Memory, Open, State, Unused};
use super::{agreement, anomaly, level, silence};
use crate::observation::{Flag, Kind, Observation};
use crate::quality::Judged;
use crate::words::{Text, spoken};

/// What the kinds of rules need to know of a reading.
pub(super) struct Heard<'a> {
    pub(super) rules: &'a Rules,
    pub(super) observation: &'a Observation,
    /// Not too old to begin or end something.
    pub(super) live: bool,
    pub(super) now: DateTime<Utc>,
}

/// What a kind of rule says of a reading.
pub(super) struct Saying {
    pub(super) turn: Turn,
    /// How many of the rule's multiples are reached.
    pub(super) level: usize,
    pub(super) reason: Text,
    pub(super) evidence: Vec<Evidence>,
    /// Another part of the same alarm is still beyond.
    pub(super) others_active: bool,
}

impl Rules {
    /// Takes a judged reading. Duplicates and readings out of order change no alarm. Readings of the same observed time
    /// and pollutant count once.
    pub fn step(&self, state: &mut State, judged: &Judged, now: DateTime<Utc>) -> Vec<Outcome> {
        let observation = &judged.observation;
        if state.begun.is_none() {
            silence::begin(self, state, now);
        }
        let live = now - end_of(observation) <= self.late_after;
        let good = judged.is_good();
        self.remember_unused(state, judged, live, now);
        let mut outcomes = Vec::new();
        let of_pollutant = self.by_pollutant.get(&observation.pollutant).map_or(&[][..], Vec::as_slice);
        for rule in of_pollutant.iter().chain(&self.of_all).map(|&i| &self.rules[i]) {
            let Some(place) = self.place(rule, observation) else { continue };
            let Some(cell) = state.cell(rule, place) else { continue };
            let heard = Heard { rules: self, observation, live, now };
            if let What::Missing(missing) = &rule.what {
                // Silence ends with any word of the instrument; what the word is worth is for quality control.
                if observation.flag != Flag::B {
                    outcomes.extend(silence::heard(rule, missing, place, cell, &heard));
                }
            } else if good {
                outcomes.extend(heard.by(rule, place, cell));
            }
        }
        outcomes
    }

    /// Lets time pass: silence alarms, and ends.
    pub fn tick(&self, state: &mut State, now: DateTime<Utc>) -> Vec<Outcome> {
        if state.begun.is_none() {
            silence::begin(self, state, now);
        }
        let mut outcomes = Vec::new();
        for rule in &self.rules {
            let What::Missing(missing) = &rule.what else { continue };
            for (place, cell) in state.cells.get_mut(&rule.id).into_iter().flatten() {
                outcomes.extend(silence::tick(self, rule, missing, place, cell, now));
            }
        }
        outcomes
    }

    /// When [`tick`](Self::tick) has something to do next; none when nothing waits. Before the first step or tick no
    /// clock has started.
    #[must_use]
    pub fn next_due(&self, state: &State) -> Option<DateTime<Utc>> {
        let rules = self.rules.iter().filter_map(|rule| match &rule.what {
            What::Missing(missing) => Some((rule, missing)),
            _ => None,
        });
        rules
            .filter_map(|(rule, missing)| {
                let cells = state.cells.get(&rule.id)?;
                cells.iter().filter_map(|(place, cell)| silence::due(self, missing, place, cell)).min()
            })
            .min()
    }

    /// Takes over a state that other rules wrote: what no rule of today stands for is forgotten, its open alarms end.
    pub fn adopt(&self, state: &mut State, now: DateTime<Utc>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        state.cells.retain(|id, places| {
            let rule = self.rules.iter().find(|rule| rule.id == *id);
            places.retain(|place, cell| {
                let stays = rule.is_some_and(|rule| self.place_of(rule, place) == Some(place));
                if !stays && let Some(open) = cell.open.take() {
                    outcomes.push(Outcome::Cleared(Alarm {
                        rule: id.clone(),
                        place: place.clone(),
                        start: open.start,
                        at: now,
                        severity: rule.map_or(super::Severity::Notice, |rule| rule.severity),
                        reason: Text::new("规则已撤销", "the rule was withdrawn"),
                        evidence: Vec::new(),
                    }));
                }
                stays
            });
            rule.is_some()
        });
        outcomes.extend(silence::begin(self, state, now));
        outcomes
    }

    fn remember_unused(&self, state: &mut State, judged: &Judged, live: bool, now: DateTime<Utc>) {
        let observation = &judged.observation;
        let words = if !judged.is_good() {
            judged.verdict.words()
        } else if !live {
            let age = spoken(now - end_of(observation));
            Text::new(
                format!("补传数据：已过 {}，只补历史，不触发现时告警", age.zh),
                format!("back-filled: {} old; fills the history and raises no alarm of now", age.en),
            )
        } else {
            return;
        };
        let known = self.registry.as_ref().is_none_or(|registry| registry.station(&observation.station).is_some());
        if known {
            let unused = Unused { at: observation.observed_at, late: !live, words };
            state.set_aside(&observation.station, &observation.pollutant, unused);
        }
    }

    /// What a pollutant is called.
    pub(super) fn name(&self, pollutant: &str) -> Text {
        let known = self.registry.as_ref().and_then(|registry| registry.pollutant(pollutant)).map(|known| &known.name);
        known.or_else(|| self.names.get(pollutant)).cloned().unwrap_or_else(|| Text::new(pollutant, pollutant))
    }
}

impl Heard<'_> {
    fn by(&self, rule: &Rule, place: &str, cell: &mut Cell) -> Option<Outcome> {
        let may_begin = cell.cool_until.is_none_or(|until| self.now >= until);
        let saying = match (&rule.what, &mut cell.memory) {
            (What::Threshold(threshold), Memory::Parts(parts)) => level::threshold(self, threshold, parts, may_begin),
            (What::Rate(rate), Memory::Parts(parts)) => level::rate(self, rate, parts, may_begin),
            (What::Anomaly(anomaly), Memory::Watch(watch)) => anomaly::heard(self, anomaly, watch, may_begin),
            (What::Agreement(agreement), Memory::River(river)) => agreement::heard(self, agreement, river, may_begin),
            _ => None,
        }?;
        settle(rule, place, cell, saying, self.now)
    }

    /// The reading, as evidence.
    pub(super) fn evidence(&self, against: String) -> Evidence {
        let Observation { station, pollutant, value, unit, observed_at, .. } = self.observation;
        Evidence {
            station: station.clone(),
            pollutant: pollutant.clone(),
            value: Some(*value),
            unit: unit.clone(),
            against,
            observed_at: *observed_at,
        }
    }
}

/// One alarm a cell: begins, becomes worse once a level, ends when its last part does.
fn settle(rule: &Rule, place: &str, cell: &mut Cell, saying: Saying, now: DateTime<Utc>) -> Option<Outcome> {
    let alarm = |start, reason: Text, evidence: Vec<Evidence>| Alarm {
        rule: rule.id.clone(),
        place: place.to_owned(),
        start,
        at: now,
        severity: rule.severity,
        reason,
        evidence,
    };
    match (saying.turn, &mut cell.open) {
        (Turn::Began(start), None) => {
            let (reason, evidence) = (saying.reason, saying.evidence);
            let told = Open { start, level: saying.level, reason: reason.clone(), evidence: evidence.clone() };
            cell.open = Some(told);
            Some(Outcome::Raised(alarm(start, reason, evidence)))
        }
        (Turn::Began(_), Some(open)) => {
            open.level = open.level.max(saying.level);
            Some(Outcome::Worse(alarm(open.start, saying.reason, saying.evidence)))
        }
        (Turn::Nothing, Some(open)) if saying.level > open.level => {
            open.level = saying.level;
            Some(Outcome::Worse(alarm(open.start, saying.reason, saying.evidence)))
        }
        (Turn::Ended, Some(open)) if !saying.others_active => {
            let start = open.start;
            cell.open = None;
            cell.cool_until = Some(now + rule.cooling).filter(|_| !rule.cooling.is_zero());
            Some(Outcome::Cleared(alarm(start, saying.reason, saying.evidence)))
        }
        (Turn::Nothing | Turn::Ended, _) => None,
    }
}

/// The end of what a reading stands for: means carry the beginning of their period.
pub(super) fn end_of(observation: &Observation) -> DateTime<Utc> {
    let period = match observation.kind {
        Kind::Real | Kind::Minutes => TimeDelta::zero(),
        Kind::Hour => TimeDelta::hours(1),
        Kind::Day => TimeDelta::days(1),
    };
    observation.observed_at + period
}
