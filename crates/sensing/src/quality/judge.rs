//! The checks on a stream: one reading at a time, with as much memory as they need and no more.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::checks::{rate, spike_height, spread, within};
use super::verdict::{Grade, Judged, Reason, Revised, Verdict, Why};
use crate::observation::{Flag, Kind, Observation};
use crate::registry::{Parameter, Registry};
use crate::words::{Text, figure, spoken};

/// How the checks are set.
#[derive(Clone, Debug)]
pub struct Quality {
    /// So far a station's clock may run ahead.
    pub clock_ahead: TimeDelta,
    /// Whether readings above the range of the instrument (flag T) may raise an alarm: the range check is then left out
    /// for them, because the figure is only known to be high.
    pub above_range_may_alarm: bool,
}

impl Default for Quality {
    fn default() -> Self {
        Self { clock_ahead: TimeDelta::minutes(5), above_range_may_alarm: false }
    }
}

/// Most readings that are remembered of one series, so that a flat line of hours at seconds stays bounded.
const MOST: usize = 512;

/// What is remembered between readings: per station, pollutant and kind the last of them. Bounded by the registry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    series: BTreeMap<String, BTreeMap<String, BTreeMap<Kind, Series>>>,
}

/// The last readings of one series, oldest first; always of rising time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Series {
    last: VecDeque<(DateTime<Utc>, f64)>,
    /// The oldest had to make room: the window may be shorter than asked.
    crowded: bool,
}

impl Quality {
    /// Judges a reading and remembers it. A reading not newer than the last of its series is judged by itself: it
    /// changes no history and is compared with none.
    pub fn judge(
        &self,
        registry: &Registry,
        history: &mut History,
        observation: Observation,
        now: DateTime<Utc>,
    ) -> Judged {
        let mut verdict = Verdict::default();
        let parameter = registry.parameter(&observation.station, &observation.pollutant);
        self.by_itself(registry, parameter, &observation, now, &mut verdict);
        let mut revised = None;
        // What is no measurement must not be a neighbour of one: it would make the next good reading suspect.
        if let Some(parameter) = parameter.filter(|_| verdict.grade != Grade::Bad) {
            let series = history.series(&observation);
            if series.last.back().is_none_or(|(last, _)| *last < observation.observed_at) {
                revised = series.against(parameter, &observation, &mut verdict);
                series.keep(parameter, &observation);
            }
        }
        Judged { observation, verdict, revised }
    }

    fn by_itself(
        &self,
        registry: &Registry,
        parameter: Option<&Parameter>,
        observation: &Observation,
        now: DateTime<Utc>,
        verdict: &mut Verdict,
    ) {
        let value = observation.value;
        if !value.is_finite() {
            verdict.add(Grade::Bad, Why::NotANumber, "不是有限数值", "is no finite number");
        }
        self.flag(observation.flag, verdict);
        if observation.observed_at > now + self.clock_ahead {
            let ahead = spoken(observation.observed_at - now);
            let (zh, en) =
                (format!("观测时间超前 {}，请校时", ahead.zh), format!("observed {} in the future", ahead.en));
            verdict.add(Grade::Bad, Why::ClockSkew, zh, en);
        }
        if let Some(work) =
            registry.station(&observation.station).and_then(|s| s.maintained_at(observation.observed_at))
        {
            let (zh, en) = (format!("站点维护中：{}", work.why.zh), format!("in maintenance: {}", work.why.en));
            verdict.add(Grade::Suspect, Why::Maintenance, zh, en);
        }
        match parameter {
            Some(parameter) => self.against_registry(parameter, observation, verdict),
            None => {
                let (station, pollutant) = (&observation.station, &observation.pollutant);
                let zh = format!("{station} 未登记因子 {pollutant}");
                verdict.add(Grade::Bad, Why::NotRegistered, zh, format!("{pollutant} is not registered at {station}"));
            }
        }
    }

    fn flag(&self, flag: Flag, verdict: &mut Verdict) {
        let (grade, zh, en) = match flag {
            Flag::N => return,
            Flag::T if self.above_range_may_alarm => return,
            Flag::T => (Grade::Suspect, "超上限", "above the range of the instrument"),
            Flag::M => (Grade::Suspect, "维护", "maintenance"),
            Flag::S => (Grade::Suspect, "手工设定", "set by hand"),
            Flag::F => (Grade::Bad, "停运", "stopped"),
            Flag::D => (Grade::Bad, "故障", "fault"),
            Flag::C => (Grade::Bad, "校准", "calibration"),
            Flag::B => (Grade::Bad, "通讯异常", "no communication with the instrument"),
        };
        verdict.add(grade, Why::Flag, format!("数据标记 {flag:?}（{zh}）"), format!("flag {flag:?} ({en})"));
    }

    fn against_registry(&self, parameter: &Parameter, observation: &Observation, verdict: &mut Verdict) {
        let value = observation.value;
        let unit = &parameter.unit;
        if observation.unit != *unit {
            let given = &observation.unit;
            verdict.add(
                Grade::Bad,
                Why::Unit,
                format!("单位为 {given}，登记为 {unit}"),
                format!("comes in {given}, registered in {unit}"),
            );
        }
        let [low, high] = parameter.range;
        let above = observation.flag == Flag::T && self.above_range_may_alarm && value >= high;
        if value.is_finite() && !within(value, parameter.range) && !above {
            let (value, low, high) = (figure(value), figure(low), figure(high));
            let zh = format!("{value} 超出仪器量程 {low}–{high} {unit}");
            verdict.add(Grade::Bad, Why::Range, zh, format!("{value} is outside the instrument's {low}–{high} {unit}"));
        } else if let Some(plausible) = parameter.plausible.filter(|span| value.is_finite() && !within(value, *span)) {
            let (value, low, high) = (figure(value), figure(plausible[0]), figure(plausible[1]));
            let zh = format!("{value} 超出合理范围 {low}–{high} {unit}");
            verdict.add(
                Grade::Suspect,
                Why::Implausible,
                zh,
                format!("{value} is outside the plausible {low}–{high} {unit}"),
            );
        }
    }
}

impl History {
    /// The series of a reading; the key is only copied when it is new.
    fn series(&mut self, observation: &Observation) -> &mut Series {
        let (station, pollutant) = (&observation.station, &observation.pollutant);
        if !self.series.get(station).is_some_and(|of| of.contains_key(pollutant)) {
            self.series.entry(station.clone()).or_default().entry(pollutant.clone()).or_default();
        }
        let of_station = self.series.entry(station.clone()).or_default();
        of_station.entry(pollutant.clone()).or_default().entry(observation.kind).or_default()
    }
}

impl Series {
    /// The checks that need neighbours. A reading whose neighbours lie far back is compared by rate only.
    fn against(&self, parameter: &Parameter, observation: &Observation, verdict: &mut Verdict) -> Option<Revised> {
        let (value, at, unit) = (observation.value, observation.observed_at, &parameter.unit);
        let &(before_at, before) = self.last.back()?;
        if let Some(most) = parameter.rate_per_hour {
            let rate = rate(before, value, (at - before_at).num_seconds()) * 3600.0;
            if rate > most {
                let (rate, most) = (figure(rate), figure(most));
                let zh = format!("变化 {rate} {unit}/h，超过合理速率 {most}");
                verdict.add(
                    Grade::Suspect,
                    Why::RateOfChange,
                    zh,
                    format!("changes by {rate} {unit}/h, plausible {most}"),
                );
            }
        }
        if let Some(flat) = parameter.flat.filter(|flat| self.flat_since(at - flat.during, value, flat.tolerance)) {
            let during = spoken(flat.during);
            let zh = format!("{} 内无变化，疑似恒值", during.zh);
            verdict.add(Grade::Suspect, Why::FlatLine, zh, format!("has not moved for {}", during.en));
        }
        let most = parameter.spike?;
        let (_, earlier) = self.last.iter().rev().nth(1)?;
        let height = spike_height(*earlier, before, value);
        (height > most).then(|| {
            let (height, most) = (figure(height), figure(most));
            let words = Text::new(
                format!("与前后读数之中值相差 {height} {unit}，超过 {most}"),
                format!("{height} {unit} away from the middle of its neighbours, at most {most}"),
            );
            Revised { observed_at: before_at, grade: Grade::Suspect, reason: Reason { why: Why::Spike, words } }
        })
    }

    /// Whether everything since a moment lies within the tolerance; there must be a reading as old as that.
    fn flat_since(&self, since: DateTime<Utc>, value: f64, tolerance: f64) -> bool {
        let old_enough = self.crowded || self.last.front().is_some_and(|(oldest, _)| *oldest <= since);
        if !old_enough {
            return false;
        }
        let first = self.last.partition_point(|(at, _)| *at < since);
        let mut window: Vec<f64> = self.last.range(first..).map(|(_, value)| *value).collect();
        window.push(value);
        window.len() > 2 && spread(&window) < tolerance
    }

    fn keep(&mut self, parameter: &Parameter, observation: &Observation) {
        self.last.push_back((observation.observed_at, observation.value));
        let during = parameter.flat.map_or(TimeDelta::zero(), |flat| flat.during);
        let needed_since = observation.observed_at - during;
        // One older than the window is kept, to know that the window is full; two for the spike.
        while self.last.len() > 3 && self.last[1].0 <= needed_since {
            self.last.pop_front();
            self.crowded = false;
        }
        while self.last.len() > MOST {
            self.last.pop_front();
            self.crowded = true;
        }
    }
}
