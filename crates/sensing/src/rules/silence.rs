//! Missing data: every (station, pollutant) has a clock of its own, so that a dead channel behind a living station is
//! seen, and silence alarms at its time and not when the station comes back. A dead link is one alarm, however many
//! pollutants fall silent with it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::model::{After, Missing, Rule, Rules, What};
use super::outcome::{Alarm, Evidence, Outcome};
use super::state::{Cell, Memory, Open, State};
use super::step::{Heard, end_of};
use crate::words::{Text, spoken};

/// The pollutants of one station.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Silences {
    pub(super) of: BTreeMap<String, Silence>,
    /// All are back since.
    back_since: Option<DateTime<Utc>>,
}

/// One pollutant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Silence {
    /// End of the last reading, or the start of the clock.
    pub(super) seen: DateTime<Utc>,
    pub(super) silent: bool,
}

/// Most pollutants of a station without a registry to bound them.
const MOST_POLLUTANTS: usize = 1_000;

/// Starts the clocks: of every registered station and pollutant in the scope of a rule, and of those that a rule names.
pub(super) fn begin(rules: &Rules, state: &mut State, now: DateTime<Utc>) -> Vec<Outcome> {
    state.begun.get_or_insert(now);
    for rule in &rules.rules {
        let What::Missing(missing) = &rule.what else { continue };
        for (place, pollutants) in scope(rules, rule, missing) {
            let Some(Cell { memory: Memory::Silences(silences), .. }) = state.cell(rule, &place) else { continue };
            for pollutant in pollutants {
                silences.of.entry(pollutant).or_insert(Silence { seen: now, silent: false });
            }
        }
    }
    Vec::new()
}

fn scope(rules: &Rules, rule: &Rule, missing: &Missing) -> Vec<(String, Vec<String>)> {
    if let Some(registry) = &rules.registry {
        let heard = registry.stations().iter().filter(|station| rules.place_of(rule, &station.id).is_some());
        return heard
            .map(|station| {
                let codes = station.parameters.iter().map(|parameter| parameter.pollutant.clone());
                (station.id.clone(), codes.filter(|code| rule.hears(code)).collect())
            })
            .collect();
    }
    let pollutants = missing.pollutants.clone().unwrap_or_default();
    rule.stations.iter().flatten().map(|station| (station.clone(), pollutants.clone())).collect()
}

/// A reading came.
pub(super) fn heard(
    rule: &Rule,
    missing: &Missing,
    place: &str,
    cell: &mut Cell,
    heard: &Heard<'_>,
) -> Option<Outcome> {
    let Memory::Silences(silences) = &mut cell.memory else { return None };
    let code = &heard.observation.pollutant;
    let seen = end_of(heard.observation).min(heard.now);
    if !silences.of.contains_key(code) {
        if silences.of.len() >= MOST_POLLUTANTS {
            return None;
        }
        silences.of.insert(code.clone(), Silence { seen, silent: false });
    }
    // Data that is filled in later does not say that the station speaks again; its own clock decides.
    let waits = heard.rules.wait(missing, place, code);
    let silence = silences.of.get_mut(code)?;
    silence.seen = silence.seen.max(seen);
    if silence.silent && wait_is_over(silence, waits, heard.now) {
        return None;
    }
    silence.silent = false;
    end(rule, missing, place, cell, heard.now)
}

/// Time passed.
pub(super) fn tick(
    rules: &Rules,
    rule: &Rule,
    missing: &Missing,
    place: &str,
    cell: &mut Cell,
    now: DateTime<Utc>,
) -> Option<Outcome> {
    let Memory::Silences(silences) = &mut cell.memory else { return None };
    if maintained_until(rules, place, now).is_none() {
        for (code, silence) in &mut silences.of {
            if wait_is_over(silence, rules.wait(missing, place, code), now) {
                silence.silent = true;
                silences.back_since = None;
            }
        }
    }
    let any = silences.of.values().any(|silence| silence.silent);
    if !any {
        return end(rule, missing, place, cell, now);
    }
    let cooled = cell.cool_until.is_none_or(|until| now >= until);
    (cell.open.is_none() && cooled).then(|| raise(rules, rule, place, cell, now)).flatten()
}

fn raise(rules: &Rules, rule: &Rule, place: &str, cell: &mut Cell, now: DateTime<Utc>) -> Option<Outcome> {
    let Memory::Silences(silences) = &cell.memory else { return None };
    let silent: Vec<(&String, &Silence)> = silences.of.iter().filter(|(_, silence)| silence.silent).collect();
    let start = silent.iter().map(|(_, silence)| silence.seen).min()?;
    let names: Vec<Text> = silent.iter().map(|(code, _)| rules.name(code)).collect();
    let list = |pick: fn(&Text) -> &str, between| names.iter().map(pick).collect::<Vec<_>>().join(between);
    let since = spoken(now - start);
    let whole = silent.len() == silences.of.len() && silent.len() > 1;
    let (all_zh, all_en) = if whole { ("全部因子：", "everything: ") } else { ("", "") };
    let reason = Text::new(
        format!("{} 无数据：{all_zh}{}", since.zh, list(|name| &name.zh, "、")),
        format!("no data for {}: {all_en}{}", since.en, list(|name| &name.en, ", ")),
    );
    let evidence: Vec<Evidence> = silent.iter().map(|(code, silence)| nothing(place, code, silence.seen)).collect();
    cell.open = Some(Open { start, level: 0, reason: reason.clone(), evidence: evidence.clone() });
    Some(Outcome::Raised(alarm(rule, place, start, now, reason, evidence)))
}

fn nothing(place: &str, code: &str, seen: DateTime<Utc>) -> Evidence {
    Evidence {
        station: place.to_owned(),
        pollutant: code.to_owned(),
        value: None,
        unit: String::new(),
        against: String::new(),
        observed_at: seen,
    }
}

/// Ends the alarm when everything is back, and was back long enough.
fn end(rule: &Rule, missing: &Missing, place: &str, cell: &mut Cell, now: DateTime<Utc>) -> Option<Outcome> {
    let Memory::Silences(silences) = &mut cell.memory else { return None };
    let open = cell.open.as_ref()?;
    if silences.of.values().any(|silence| silence.silent) {
        silences.back_since = None;
        return None;
    }
    if now - *silences.back_since.get_or_insert(now) < missing.clear {
        return None;
    }
    let start = open.start;
    silences.back_since = None;
    cell.open = None;
    cell.cool_until = Some(now + rule.cooling).filter(|_| !rule.cooling.is_zero());
    let reason = Text::new("数据已恢复", "data comes again");
    Some(Outcome::Cleared(alarm(rule, place, start, now, reason, Vec::new())))
}

fn alarm(
    rule: &Rule,
    place: &str,
    start: DateTime<Utc>,
    at: DateTime<Utc>,
    reason: Text,
    evidence: Vec<Evidence>,
) -> Alarm {
    Alarm { rule: rule.id.clone(), place: place.to_owned(), start, at, severity: rule.severity, reason, evidence }
}

/// When a tick has something to do at a place.
pub(super) fn due(rules: &Rules, missing: &Missing, place: &str, cell: &Cell) -> Option<DateTime<Utc>> {
    let Memory::Silences(silences) = &cell.memory else { return None };
    let falls_silent = silences
        .of
        .iter()
        .filter(|(_, silence)| !silence.silent)
        .map(|(code, silence)| silence.seen + rules.wait(missing, place, code))
        .map(|due| maintained_until(rules, place, due).unwrap_or(due))
        .min();
    let any = silences.of.values().any(|silence| silence.silent);
    let cooled = cell.cool_until.filter(|_| any && cell.open.is_none());
    let ends = silences.back_since.filter(|_| cell.open.is_some()).map(|since| since + missing.clear);
    [falls_silent, cooled, ends].into_iter().flatten().min()
}

fn wait_is_over(silence: &Silence, wait: TimeDelta, now: DateTime<Utc>) -> bool {
    now - silence.seen >= wait
}

/// The end of the work that is done on a station at a moment, and of the work that follows without a break.
pub(super) fn maintained_until(rules: &Rules, place: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let station = rules.registry.as_ref()?.station(place)?;
    let mut until = station.maintained_at(at)?.until;
    while let Some(next) = station.maintained_at(until) {
        until = next.until;
    }
    Some(until)
}

impl Rules {
    /// So long a (station, pollutant) may be silent.
    pub(super) fn wait(&self, missing: &Missing, place: &str, pollutant: &str) -> TimeDelta {
        match missing.after {
            After::Length(length) => length,
            After::Intervals(count) => {
                let parameter = self.registry.as_ref().and_then(|registry| registry.parameter(place, pollutant));
                parameter.map_or(TimeDelta::hours(1), |parameter| parameter.every) * count
            }
        }
    }
}
