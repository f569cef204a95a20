//! Several parameters that leave their usual level together, or one that leaves it far.
//!
//! For each parameter the median of the last few readings is held against the median of a window that ended a while ago,
//! in shares of the change that counts: the larger of a figure in the unit of the parameter and a number of robust
//! standard deviations (1.4826 × median absolute deviation) of that window. Optionally the same against a slow mean, for
//! what creeps. The scores are combined by a power mean; 1 is an alarm.
//!
//! While an alarm is open the baseline rests, so that the end of a long event is no event of its own. After `hold` the
//! new level is the usual one.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::debounce::{Debounce, Said, Turn};
use super::model::{Anomaly, AnomalyParameter, Direction, Slow};
use super::outcome::Evidence;
use super::step::{Heard, Saying};
use crate::words::{Text, figure};

/// Most readings that a parameter's window holds.
pub(super) const MOST_READINGS: usize = 4_096;

/// Median absolute deviation → standard deviation of a normal distribution.
const SIGMA_OF_MAD: f64 = 1.4826;

/// What an anomaly rule remembers of a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    pub(super) debounce: Debounce,
    tracks: BTreeMap<String, Track>,
    /// The alarm is open and the baselines rest since (milliseconds).
    held_since: Option<i64>,
    /// The combined score as last computed.
    pub(super) score: f64,
}

/// One parameter; times in milliseconds since 1970.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Track {
    /// Readings of `recent` and `gap`, oldest first.
    young: VecDeque<(i64, f64)>,
    /// Readings of the window before, oldest first. Times are moved on by the length of alarms.
    old: VecDeque<(i64, f64)>,
    /// While an alarm is open: what would be in the window.
    aside: VecDeque<(i64, f64)>,
    /// Values of `old`, sorted; made again after a restart.
    #[serde(skip)]
    sorted: Vec<f64>,
    /// Mean over a long time, since when it is kept, and until when.
    slow: Option<(f64, i64, i64)>,
    scored: Option<Scored>,
}

/// What is derived of a track is no part of what it is.
impl PartialEq for Track {
    fn eq(&self, other: &Self) -> bool {
        (&self.young, &self.old, &self.aside, self.slow, self.scored)
            == (&other.young, &other.old, &other.aside, other.slow, other.scored)
    }
}

/// How a parameter stood at its last reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Scored {
    at: i64,
    recent: f64,
    usual: f64,
    score: f64,
}

/// Takes a reading.
pub(super) fn heard(heard: &Heard<'_>, rule: &Anomaly, watch: &mut Watch, may_begin: bool) -> Option<Saying> {
    let observation = heard.observation;
    let parameter = rule.parameters.get(&observation.pollutant)?;
    let at = observation.observed_at.timestamp_millis();
    let held = watch.held_since.is_some();
    if !watch.tracks.contains_key(&observation.pollutant) {
        watch.tracks.insert(observation.pollutant.clone(), Track::default());
    }
    let track = watch.tracks.get_mut(&observation.pollutant)?;
    if !track.take(rule, parameter, at, observation.value, held) {
        return None;
    }
    watch.score = combined(rule, &watch.tracks, at);
    if let Some(since) = watch.held_since.filter(|since| at - since >= rule.hold.num_milliseconds() && heard.live) {
        return Some(watch.accept(heard, at, since));
    }
    // Another parameter may be ahead in time by a reading: the matter's time never goes back.
    let said = Said {
        at: observation.observed_at,
        over: watch.score >= 1.0,
        clear: watch.score < rule.clear_below,
        live: heard.live,
        may_begin,
    };
    let turn = watch.debounce.feed(said, rule.lasting);
    let level = rule.worse.iter().filter(|multiple| heard.live && watch.score >= **multiple).count();
    match turn {
        Turn::Nothing if level == 0 || !watch.debounce.active => return None,
        Turn::Nothing => {}
        Turn::Began(_) => watch.held_since = Some(at),
        Turn::Ended => watch.go_on(at),
    }
    let (reason, evidence) = watch.words(heard, rule, at, turn == Turn::Ended);
    Some(Saying { turn, level, reason, evidence, others_active: false })
}

/// Power mean of the scores that are fresh.
fn combined(rule: &Anomaly, tracks: &BTreeMap<String, Track>, at: i64) -> f64 {
    let fresh = rule.recent.num_milliseconds();
    let scores = tracks.values().filter_map(|track| track.scored.filter(|scored| at - scored.at <= fresh));
    scores.map(|scored| scored.score.min(1e3).powf(rule.combine)).sum::<f64>().powf(rule.combine.recip())
}

impl Watch {
    /// The level has changed for good: what was set aside is the usual one now.
    fn accept(&mut self, heard: &Heard<'_>, at: i64, since: i64) -> Saying {
        for track in self.tracks.values_mut() {
            track.old = std::mem::take(&mut track.aside);
            track.sorted.clear();
            track.slow = None;
            track.scored = None;
        }
        self.held_since = None;
        self.debounce = Debounce::default();
        let hours = (at - since) / 3_600_000;
        let reason = Text::new(
            format!("{hours} 小时后仍未恢复，视为新的常态"),
            format!("not back after {hours} hours; taken as the usual level from now on"),
        );
        let evidence = vec![heard.evidence(String::new())];
        Saying { turn: Turn::Ended, level: 0, reason, evidence, others_active: false }
    }

    /// The alarm is over: the baselines go on where they rested.
    fn go_on(&mut self, at: i64) {
        let Some(since) = self.held_since.take() else { return };
        for track in self.tracks.values_mut() {
            track.aside.clear();
            for (time, _) in &mut track.old {
                *time += at - since;
            }
        }
    }

    /// The parameters that make most of the score.
    fn words(&self, heard: &Heard<'_>, rule: &Anomaly, at: i64, ended: bool) -> (Text, Vec<Evidence>) {
        if ended {
            return (Text::new("各参数已回到常态", "back at the usual level"), Vec::new());
        }
        let fresh = rule.recent.num_milliseconds();
        let mut of: Vec<(&String, Scored)> = self
            .tracks
            .iter()
            .filter_map(|(code, track)| Some((code, track.scored.filter(|scored| at - scored.at <= fresh)?)))
            .collect();
        of.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
        let most = of.first().map_or(0.0, |first| first.1.score);
        of.retain(|(_, scored)| scored.score >= 0.5 * most);
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        let mut evidence = Vec::new();
        for (code, scored) in of {
            let name = heard.rules.name(code);
            let (recent, usual) = (figure(scored.recent), figure(scored.usual));
            zh.push(format!("{} {recent}（常态 {usual}）", name.zh));
            en.push(format!("{} {recent} (usual {usual})", name.en));
            evidence.push(Evidence {
                station: heard.observation.station.clone(),
                pollutant: code.clone(),
                value: Some(scored.recent),
                unit: if *code == heard.observation.pollutant {
                    heard.observation.unit.clone()
                } else {
                    heard.rules.unit(&heard.observation.station, code)
                },
                against: usual,
                observed_at: DateTime::<Utc>::from_timestamp_millis(scored.at).unwrap_or(heard.observation.observed_at),
            });
        }
        (Text::new(format!("偏离常态：{}", zh.join("，")), format!("off the usual level: {}", en.join(", "))), evidence)
    }

    /// What is not known well enough yet, for the explanation: a parameter without a baseline.
    pub(super) fn unready(&self, rule: &Anomaly, code: &str) -> Option<usize> {
        let count = self.tracks.get(code).map_or(0, |track| track.old.len());
        (count < rule.least).then_some(count)
    }

    /// When a parameter was last heard.
    pub(super) fn last_of(&self, code: &str) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.tracks.get(code)?.young.back()?.0)
    }

    /// How long the combined score has been beyond, as of the last reading of any parameter.
    pub(super) fn lasted(&self) -> Option<TimeDelta> {
        let newest = self.tracks.keys().filter_map(|code| self.last_of(code)).max()?;
        self.debounce.lasted(newest)
    }

    /// Score of one parameter at its last reading.
    pub(super) fn score_of(&self, code: &str) -> Option<(f64, f64, f64)> {
        self.tracks.get(code)?.scored.map(|scored| (scored.score, scored.recent, scored.usual))
    }
}

impl Track {
    /// Takes a reading; true when it is the newest and the score was computed anew.
    fn take(&mut self, rule: &Anomaly, parameter: &AnomalyParameter, at: i64, value: f64, held: bool) -> bool {
        if self.sorted.len() != self.old.len() {
            self.sorted = self.old.iter().map(|(_, value)| *value).collect();
            self.sorted.sort_by(f64::total_cmp);
        }
        let newest = self.young.back().map_or(i64::MIN, |(last, _)| *last);
        if at <= newest {
            self.fill_in(at, value, held);
            return false;
        }
        self.young.push_back((at, value));
        let until = at - (rule.recent + rule.gap).num_milliseconds();
        while self.young.len() > MOST_READINGS || self.young.front().is_some_and(|(time, _)| *time <= until) {
            let Some(reading) = self.young.pop_front() else { break };
            self.grow_old(rule, parameter, reading, held);
        }
        if !held {
            let since = until - rule.window.num_milliseconds();
            while self.old.len() > MOST_READINGS || self.old.front().is_some_and(|(time, _)| *time <= since) {
                if let Some((_, value)) = self.old.pop_front() {
                    let place = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt());
                    self.sorted.remove(place);
                }
            }
        }
        self.scored = self.score(rule, parameter, at);
        true
    }

    /// A reading that comes after younger ones: it belongs to the history and changes no score of now.
    fn fill_in(&mut self, at: i64, value: f64, held: bool) {
        let insert = |list: &mut VecDeque<(i64, f64)>| {
            let place = list.partition_point(|(other, _)| *other < at);
            if list.get(place).is_some_and(|(other, _)| *other == at) {
                return false;
            }
            list.insert(place, (at, value));
            true
        };
        if self.young.front().is_some_and(|(oldest, _)| *oldest <= at) {
            insert(&mut self.young);
        } else if !held && self.old.front().is_some_and(|(oldest, _)| *oldest <= at) && insert(&mut self.old) {
            let place = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt());
            self.sorted.insert(place, value);
        }
    }

    fn grow_old(&mut self, rule: &Anomaly, parameter: &AnomalyParameter, (at, value): (i64, f64), held: bool) {
        if held {
            self.aside.push_back((at, value));
            let since = at - rule.window.num_milliseconds();
            while self.aside.len() > MOST_READINGS || self.aside.front().is_some_and(|(time, _)| *time <= since) {
                self.aside.pop_front();
            }
            return;
        }
        self.old.push_back((at, value));
        let place = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt());
        self.sorted.insert(place, value);
        if let Some(slow) = parameter.slow {
            self.slow = Some(match self.slow {
                None => (value, at, at),
                Some((mean, since, last)) => {
                    let passed = (at - last).max(0) as f64 / slow.over.num_milliseconds() as f64;
                    (mean + (1.0 - (-passed).exp()) * (value - mean), since, at)
                }
            });
        }
    }

    fn score(&self, rule: &Anomaly, parameter: &AnomalyParameter, at: i64) -> Option<Scored> {
        let since = at - rule.recent.num_milliseconds();
        let mut recent: Vec<f64> =
            self.young.iter().rev().take_while(|(time, _)| *time > since).map(|(_, value)| *value).collect();
        if recent.len() < rule.least_recent || self.sorted.len() < rule.least {
            return None;
        }
        recent.sort_by(f64::total_cmp);
        let recent = median(&recent);
        let usual = median(&self.sorted);
        let noise = parameter.sigmas * SIGMA_OF_MAD * deviation(&self.sorted, usual);
        let quick = directed(parameter.direction, recent - usual) / parameter.change.max(noise);
        let slow = parameter.slow.map_or(0.0, |slow| self.creep(slow, parameter.direction, recent));
        Some(Scored { at, recent, usual, score: quick.max(slow) })
    }

    /// Against the slow mean, once that is as old as it is long.
    fn creep(&self, slow: Slow, direction: Direction, recent: f64) -> f64 {
        match self.slow {
            Some((mean, since, last)) if last - since >= slow.over.num_milliseconds() => {
                directed(direction, recent - mean) / slow.change
            }
            _ => 0.0,
        }
    }
}

fn directed(direction: Direction, change: f64) -> f64 {
    match direction {
        Direction::Both => change.abs(),
        Direction::Up => change.max(0.0),
        Direction::Down => (-change).max(0.0),
    }
}

/// Of sorted values; not of none.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// Median absolute deviation of sorted values from their middle: walks outwards from there until half of them are met.
fn deviation(sorted: &[f64], middle: f64) -> f64 {
    let mut above = sorted.partition_point(|value| *value < middle);
    let mut below = above;
    let mut next = || {
        let up = sorted.get(above).map_or(f64::INFINITY, |value| value - middle);
        let down = below.checked_sub(1).map_or(f64::INFINITY, |i| middle - sorted[i]);
        if up <= down {
            above += 1;
            up
        } else {
            below -= 1;
            down
        }
    };
    let half = sorted.len() / 2;
    let mut last = next();
    let mut before = last;
    for _ in 0..half {
        before = last;
        last = next();
    }
    if sorted.len() % 2 == 1 { last } else { f64::midpoint(before, last) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_deviation_is_the_median_of_the_deviations(mut values in prop::collection::vec(-1e6..1e6_f64, 1..60)) {
            values.sort_by(f64::total_cmp);
            let middle = median(&values);
            let mut deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
            deviations.sort_by(f64::total_cmp);
            prop_assert!((deviation(&values, middle) - median(&deviations)).abs() < 1e-9);
        }
    }
}
