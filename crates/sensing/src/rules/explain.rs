//! Why did nothing fire? For each rule that could have heard of a pollutant at a station, the reason in words.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::agreement::Arrived;
use super::anomaly::Watch;
use super::level::limit;
use super::model::{Agreement, Anomaly, Missing, Rate, Rule, Rules, Threshold, What};
use super::silence::{Silences, maintained_until};
use super::state::{Cell, Memory, Part, State};
use crate::words::{Text, figure, spoken};

/// Why a rule is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// It did fire; its alarm is open.
    Open,
    /// It does not look at this station or pollutant.
    NotApplicable,
    /// No reading yet.
    NoReading,
    /// The last reading was not good enough.
    Quality,
    /// The last reading was old when it came.
    Late,
    /// The station is being worked on.
    Maintenance,
    /// No limit is in force or comparable.
    NoLimit,
    /// The last reading is within.
    Within,
    /// Beyond, but not for long enough.
    Duration,
    /// The last alarm was over a short while ago.
    Cooling,
    /// Too little history for a judgement.
    History,
}

/// Why one rule is silent about one pollutant at one station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotFired {
    /// Rule, by its id.
    pub rule: String,
    /// Which reason.
    pub why: WhyNot,
    /// In words.
    pub words: Text,
}

type Answer = (WhyNot, Text);

impl Rules {
    /// Says for every rule why nothing fired for a pollutant at a station, in the order of the file.
    #[must_use]
    pub fn explain(&self, state: &State, station: &str, pollutant: &str, now: DateTime<Utc>) -> Vec<NotFired> {
        let explained = self.rules.iter().map(|rule| {
            let (why, words) = self.why_not(rule, state, station, pollutant, now);
            NotFired { rule: rule.id.clone(), why, words }
        });
        explained.collect()
    }

    fn why_not(&self, rule: &Rule, state: &State, station: &str, pollutant: &str, now: DateTime<Utc>) -> Answer {
        let place = self.place_of(rule, station).filter(|_| rule.hears(pollutant));
        let Some(place) = place else {
            let words = Text::new("规则不适用于该站点或因子", "the rule does not look at this station or pollutant");
            return (WhyNot::NotApplicable, words);
        };
        let cell = state.look(rule, place);
        if let Some(open) = cell.and_then(|cell| cell.open.as_ref()) {
            let since = spoken(now - open.start);
            let zh = format!("已告警 {}：{}", since.zh, open.reason.zh);
            return (WhyNot::Open, Text::new(zh, format!("an alarm is open since {}: {}", since.en, open.reason.en)));
        }
        if let Some(until) = cell.and_then(|cell| cell.cool_until).filter(|until| now < *until) {
            let left = spoken(until - now);
            let zh = format!("上次告警刚结束，冷却还剩 {}", left.zh);
            return (WhyNot::Cooling, Text::new(zh, format!("cooling off for {} after the last alarm", left.en)));
        }
        if let (What::Missing(missing), Some(Cell { memory: Memory::Silences(silences), .. })) = (&rule.what, cell) {
            return self.not_silent(missing, silences, place, pollutant, now);
        }
        if let Some(answer) = self.unused(state, station, pollutant, cell) {
            return answer;
        }
        self.by_kind(rule, cell, station, pollutant, now)
    }

    /// The last reading was set aside, and no newer one was used.
    fn unused(&self, state: &State, station: &str, pollutant: &str, cell: Option<&Cell>) -> Option<Answer> {
        let unused = state.unused.get(station)?.get(pollutant)?;
        let used = match cell.map(|cell| &cell.memory) {
            Some(Memory::Parts(parts)) => parts.get(pollutant).and_then(|part| part.last).map(|(at, _)| at),
            Some(Memory::Watch(watch)) => watch.last_of(pollutant),
            Some(Memory::River(river)) => river.last.map(|last| last.at),
            Some(Memory::Silences(_)) | None => None,
        };
        if used.is_some_and(|used| used > unused.at || (used == unused.at && !unused.late)) {
            return None;
        }
        let known = self.registry.as_ref().and_then(|registry| registry.station(station));
        if let Some(work) = known.and_then(|station| station.maintained_at(unused.at)) {
            let zh = format!("站点维护中：{}", work.why.zh);
            return Some((WhyNot::Maintenance, Text::new(zh, format!("in maintenance: {}", work.why.en))));
        }
        if unused.late {
            return Some((WhyNot::Late, unused.words.clone()));
        }
        let zh = format!("最后读数未通过质控：{}", unused.words.zh);
        Some((WhyNot::Quality, Text::new(zh, format!("the last reading is not good: {}", unused.words.en))))
    }

    fn by_kind(&self, rule: &Rule, cell: Option<&Cell>, station: &str, pollutant: &str, now: DateTime<Utc>) -> Answer {
        let nothing = || (WhyNot::NoReading, Text::new("尚无读数", "no reading yet"));
        if let What::Threshold(threshold) = &rule.what {
            let part = match cell.map(|cell| &cell.memory) {
                Some(Memory::Parts(parts)) => parts.get(pollutant),
                _ => None,
            };
            let reading = (station, pollutant, self.registered_unit(station, pollutant));
            return match (part, limit(self, threshold, reading, now)) {
                (Some(part), _) => self.not_beyond(threshold, part, station, pollutant),
                (None, Err(words)) => (WhyNot::NoLimit, words),
                (None, Ok(_)) => nothing(),
            };
        }
        let Some(cell) = cell else { return nothing() };
        match (&rule.what, &cell.memory) {
            (What::Rate(rate), Memory::Parts(parts)) => {
                parts.get(pollutant).map_or_else(nothing, |part| slow(rate, part))
            }
            (What::Anomaly(anomaly), Memory::Watch(watch)) => usual(anomaly, watch, pollutant),
            (What::Agreement(agreement), Memory::River(river)) => match river.last {
                None => nothing(),
                Some(last) => agrees(agreement, river.debounce.lasted(last.at), last),
            },
            _ => nothing(),
        }
    }

    fn registered_unit(&self, station: &str, pollutant: &str) -> Option<&str> {
        Some(self.registry.as_ref()?.parameter(station, pollutant)?.unit.as_str())
    }

    fn not_beyond(&self, threshold: &Threshold, part: &Part, station: &str, pollutant: &str) -> Answer {
        let Some((at, value)) = part.last else {
            return (WhyNot::NoReading, Text::new("尚无读数", "no reading yet"));
        };
        if let Some(answer) = lasting(part.debounce.lasted(at), threshold.lasting.during) {
            return answer;
        }
        let value = figure(value);
        match limit(self, threshold, (station, pollutant, None), at) {
            Err(words) => (WhyNot::NoLimit, words),
            Ok(counts) => {
                let against = format!("{}{}", counts.bound.words(), counts.from);
                let zh = format!("最后读数 {value} 符合限值 {against}");
                (WhyNot::Within, Text::new(zh, format!("the last reading {value} keeps the limit {against}")))
            }
        }
    }

    fn not_silent(
        &self,
        missing: &Missing,
        silences: &Silences,
        place: &str,
        pollutant: &str,
        now: DateTime<Utc>,
    ) -> Answer {
        let Some(silence) = silences.of.get(pollutant) else {
            return (WhyNot::NoReading, Text::new("尚无读数", "no reading yet"));
        };
        if maintained_until(self, place, now).is_some() {
            let words = Text::new("站点维护中，缺数不告警", "in maintenance: silence raises nothing");
            return (WhyNot::Maintenance, words);
        }
        let (silent, wait) = (spoken(now - silence.seen), spoken(self.wait(missing, place, pollutant)));
        let zh = format!("无数据 {}，满 {} 才告警", silent.zh, wait.zh);
        (WhyNot::Duration, Text::new(zh, format!("silent for {}, alarms after {}", silent.en, wait.en)))
    }
}

fn lasting(lasted: Option<chrono::TimeDelta>, during: chrono::TimeDelta) -> Option<Answer> {
    let lasted = lasted.filter(|lasted| *lasted < during)?;
    let (lasted, during) = (spoken(lasted), spoken(during));
    let zh = format!("持续时间未到：已 {}，需 {}", lasted.zh, during.zh);
    Some((WhyNot::Duration, Text::new(zh, format!("not for long enough: {} of {}", lasted.en, during.en))))
}

fn slow(rate: &Rate, part: &Part) -> Answer {
    let at = part.last.map(|(at, _)| at);
    if let Some(answer) = at.and_then(|at| lasting(part.debounce.lasted(at), rate.lasting.during)) {
        return answer;
    }
    if part.window.len() < 2 {
        return (WhyNot::History, Text::new("窗口内读数不足两个", "fewer than two readings in the window"));
    }
    let value = |pick: fn(f64, f64) -> f64| part.window.iter().map(|(_, value)| *value).reduce(pick).unwrap_or(0.0);
    let change = figure(value(f64::max) - value(f64::min));
    let within = spoken(rate.within);
    let zh = format!("{} 内变化 {change}，未超过允许值", within.zh);
    (WhyNot::Within, Text::new(zh, format!("moved by {change} within {}, no more than allowed", within.en)))
}

fn usual(rule: &Anomaly, watch: &Watch, pollutant: &str) -> Answer {
    if let Some(count) = watch.unready(rule, pollutant) {
        let least = rule.least;
        let zh = format!("历史不足：{count} 个读数，需 {least} 个");
        return (WhyNot::History, Text::new(zh, format!("too little history: {count} readings of {least}")));
    }
    if let Some(answer) = watch.lasted().and_then(|lasted| lasting(Some(lasted), rule.lasting.during)) {
        return answer;
    }
    let Some((score, recent, usual)) = watch.score_of(pollutant) else {
        return (WhyNot::History, Text::new("近期读数不足", "too few recent readings"));
    };
    let (score, recent, usual, all) = (figure(score), figure(recent), figure(usual), figure(watch.score));
    (
        WhyNot::Within,
        Text::new(
            format!("近期 {recent}，常态 {usual}，偏离分 {score}，综合 {all}，满 1 才告警"),
            format!("recently {recent}, usually {usual}: score {score}, together {all}; 1 raises an alarm"),
        ),
    )
}

fn agrees(rule: &Agreement, lasted: Option<chrono::TimeDelta>, last: Arrived) -> Answer {
    let Some((low, high)) = last.span else {
        let zh = format!("传播时间内没有上游 {} 的读数", rule.upstream);
        let en = format!("no reading of {} upstream within the travel time", rule.upstream);
        return (WhyNot::History, Text::new(zh, en));
    };
    if let Some(answer) = lasting(lasted, rule.lasting.during) {
        return answer;
    }
    let (value, low, high) = (figure(last.value), figure(low), figure(high));
    let zh = format!("{value} 在上游推算的 {low}–{high} 内");
    (WhyNot::Within, Text::new(zh, format!("{value} lies within {low}–{high}, as upstream lets expect")))
}
