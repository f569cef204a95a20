//! Threshold and rate of change: one part a pollutant, one alarm a station.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::debounce::{Said, Turn};
use super::model::{Level, Rate, Rules, Threshold};
use super::state::Part;
use super::step::{Heard, Saying};
use crate::observation::Observation;
use crate::registry::Bound;
use crate::words::{Text, figure, spoken};

/// Most readings of a rate's window.
const MOST_READINGS: usize = 1_024;

/// A limit as it counts for a reading.
pub(super) struct Counts {
    pub(super) bound: Bound,
    /// Where it is from; empty for a number of the rule.
    pub(super) from: String,
}

/// The limit for a reading at a moment, or why there is none.
pub(super) fn limit(
    rules: &Rules,
    threshold: &Threshold,
    (station, pollutant, unit): (&str, &str, Option<&str>),
    at: DateTime<Utc>,
) -> Result<Counts, Text> {
    let class = match &threshold.level {
        Level::Number(bound) => return Ok(Counts { bound: *bound, from: String::new() }),
        Level::Class(class) => Some(class.as_str()),
        Level::Own => rules.registry.as_ref().and_then(|registry| registry.station(station)?.class.as_deref()),
    };
    let Some(class) = class else {
        return Err(Text::new("站点未登记功能类别", "the station has no functional class"));
    };
    let found = rules.registry.as_ref().and_then(|registry| registry.limit(pollutant, class, at));
    let Some(limit) = found else {
        return Err(Text::new(
            format!("当日没有 {pollutant} 的 {class} 限值"),
            format!("no limit of {pollutant} for {class} was in force"),
        ));
    };
    if let Some(unit) = unit.filter(|unit| *unit != limit.unit) {
        return Err(Text::new(
            format!("限值单位 {}，读数单位 {unit}，不可比", limit.unit),
            format!("the limit is in {}, the reading in {unit}", limit.unit),
        ));
    }
    Ok(Counts { bound: limit.bound, from: format!(" ({} {} {class})", limit.standard, limit.clause) })
}

pub(super) fn threshold(
    heard: &Heard<'_>,
    threshold: &Threshold,
    parts: &mut BTreeMap<String, Part>,
    may_begin: bool,
) -> Option<Saying> {
    let Observation { station, pollutant, value, unit, observed_at: at, .. } = heard.observation;
    let counts = limit(heard.rules, threshold, (station, pollutant, Some(unit)), *at).ok()?;
    let part = part(parts, pollutant);
    if part.last.is_some_and(|(last, _)| last >= *at) {
        return None;
    }
    part.last = Some((*at, *value));
    let over = counts.bound.broken_by(*value);
    let clear = !counts.bound.stricter(threshold.clear_margin).broken_by(*value);
    let said = Said { at: *at, over, clear, live: heard.live, may_begin };
    let turn = part.debounce.feed(said, threshold.lasting);
    let told = turn != Turn::Nothing || part.debounce.active;
    if !told {
        // The common case: nothing to say, so nothing is put into words.
        return None;
    }
    let times = counts.bound.times(*value);
    let level = threshold.worse.iter().filter(|multiple| over && heard.live && times >= **multiple).count();
    let against = format!("{}{}", counts.bound.words(), counts.from);
    let lasted = spoken(part.debounce.pending.map_or_else(chrono::TimeDelta::zero, |since| *at - since));
    let name = heard.rules.name(pollutant);
    let value = figure(*value);
    let reason = match turn {
        Turn::Ended => Text::new(
            format!("{} {value} {unit}，已回到 {against}", name.zh),
            format!("{} {value} {unit}, back within {against}", name.en),
        ),
        Turn::Nothing | Turn::Began(_) => Text::new(
            format!("{} {value} {unit}，不符合 {against}，已 {}", name.zh, lasted.zh),
            format!("{} {value} {unit}, not {against}, for {}", name.en, lasted.en),
        ),
    };
    let evidence = vec![heard.evidence(against)];
    Some(Saying { turn, level, reason, evidence, others_active: others_active(parts, pollutant) })
}

pub(super) fn rate(
    heard: &Heard<'_>,
    rate: &Rate,
    parts: &mut BTreeMap<String, Part>,
    may_begin: bool,
) -> Option<Saying> {
    let Observation { pollutant, value, unit, observed_at: at, .. } = heard.observation;
    let part = part(parts, pollutant);
    let newest = part.last.is_none_or(|(last, _)| last < *at);
    keep(part, rate, *at, *value);
    if !newest {
        return None;
    }
    part.last = Some((*at, *value));
    let (low, high) = part.window.iter().fold((*value, *value), |(low, high), (_, v)| (low.min(*v), high.max(*v)));
    let (rise, fall) = (*value - low, high - *value);
    let over = rate.rise.is_some_and(|most| rise > most) || rate.fall.is_some_and(|most| fall > most);
    let turn = part.debounce.feed(Said { at: *at, over, clear: !over, live: heard.live, may_begin }, rate.lasting);
    if turn == Turn::Nothing {
        return None;
    }
    let name = heard.rules.name(pollutant);
    let within = spoken(rate.within);
    let up = rate.rise.is_some_and(|most| rise > most);
    let (from, change) = if up { (low, rise) } else { (high, fall) };
    let (from, to, change) = (figure(from), figure(*value), figure(change));
    let reason = match turn {
        Turn::Ended => Text::new(
            format!("{} 变化已平缓（{to} {unit}）", name.zh),
            format!("{} moves no more than allowed ({to} {unit})", name.en),
        ),
        Turn::Nothing | Turn::Began(_) => Text::new(
            format!("{} 在 {} 内由 {from} 变为 {to} {unit}（变化 {change}）", name.zh, within.zh),
            format!("{} went from {from} to {to} {unit} within {} (by {change})", name.en, within.en),
        ),
    };
    // Without words: it is read in both languages.
    let evidence = vec![heard.evidence(format!("{change} / {} h", figure(rate.within.as_seconds_f64() / 3600.0)))];
    Some(Saying { turn, level: 0, reason, evidence, others_active: others_active(parts, pollutant) })
}

/// Puts a reading where it belongs in the window; a reading that is there already, or too old, changes nothing.
fn keep(part: &mut Part, rate: &Rate, at: DateTime<Utc>, value: f64) {
    let newest = part.last.map_or(at, |(last, _)| last.max(at));
    let place = part.window.partition_point(|(other, _)| *other < at);
    let there = part.window.get(place).is_some_and(|(other, _)| *other == at);
    if !there && newest - at <= rate.within {
        part.window.insert(place, (at, value));
    }
    while part.window.len() > MOST_READINGS || part.window.front().is_some_and(|(old, _)| newest - *old > rate.within) {
        part.window.pop_front();
    }
}

fn part<'a>(parts: &'a mut BTreeMap<String, Part>, pollutant: &str) -> &'a mut Part {
    if !parts.contains_key(pollutant) {
        parts.insert(pollutant.to_owned(), Part::default());
    }
    parts.entry(pollutant.to_owned()).or_default()
}

fn others_active(parts: &BTreeMap<String, Part>, pollutant: &str) -> bool {
    parts.iter().any(|(name, part)| name != pollutant && part.debounce.active)
}
