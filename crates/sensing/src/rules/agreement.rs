//! Two sections of one river: what arrives below must have passed above, a travel time before. A downstream reading
//! outside of everything the upstream section showed between the latest and the earliest departure, widened by a
//! tolerance, is an input in between, or an instrument that is wrong. People find out which.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::debounce::{Debounce, Said, Turn};
use super::model::Agreement;
use super::outcome::Evidence;
use super::step::{Heard, Saying};
use crate::words::{Text, figure};

/// What is remembered of the river.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct River {
    pub(super) debounce: Debounce,
    /// What passed above, oldest first.
    above: VecDeque<Passed>,
    pub(super) last: Option<Arrived>,
}

/// The last reading below.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Arrived {
    pub(super) at: DateTime<Utc>,
    pub(super) value: f64,
    /// What upstream let expect, when it said anything in time.
    pub(super) span: Option<(f64, f64)>,
}

/// Lowest and highest of a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Passed {
    from: DateTime<Utc>,
    low: f64,
    high: f64,
}

/// So many stretches cover the travel time.
const STRETCHES: i32 = 256;

pub(super) fn heard(heard: &Heard<'_>, rule: &Agreement, river: &mut River, may_begin: bool) -> Option<Saying> {
    let observation = heard.observation;
    if observation.station == rule.upstream {
        river.passed(rule, observation.observed_at, observation.value);
        return None;
    }
    let (at, value, unit) = (observation.observed_at, observation.value, &observation.unit);
    if river.last.is_some_and(|last| last.at >= at) {
        return None;
    }
    let span = river.expected(rule, at);
    river.last = Some(Arrived { at, value, span });
    // Without a word from above nothing is known, neither good nor bad.
    let (low, high) = span?;
    let outside = value < low || value > high;
    let said = Said { at, over: outside, clear: !outside, live: heard.live, may_begin };
    let turn = river.debounce.feed(said, rule.lasting);
    if turn == Turn::Nothing {
        return None;
    }
    let name = heard.rules.name(&rule.pollutant);
    let (value, low, high) = (figure(value), figure(low), figure(high));
    let reason = if turn == Turn::Ended {
        Text::new(format!("{} 上下游已一致", name.zh), format!("{} agrees again with upstream", name.en))
    } else {
        let up = &rule.upstream;
        Text::new(
            format!("{} {value} {unit}，与上游 {up} 按传播时间应有的 {low}–{high} 不符", name.zh),
            format!("{} {value} {unit}, but {up} upstream lets expect {low}–{high} after the travel time", name.en),
        )
    };
    let evidence: Vec<Evidence> = vec![heard.evidence(format!("{low}–{high}"))];
    Some(Saying { turn, level: 0, reason, evidence, others_active: false })
}

impl River {
    /// Remembers what passed above; late readings widen the stretch they belong to.
    fn passed(&mut self, rule: &Agreement, at: DateTime<Utc>, value: f64) {
        let stretch = (rule.latest / STRETCHES).max(TimeDelta::seconds(1));
        let place = self.above.partition_point(|passed| passed.from <= at);
        match place.checked_sub(1).map(|i| &mut self.above[i]).filter(|passed| at - passed.from < stretch) {
            Some(passed) => {
                passed.low = passed.low.min(value);
                passed.high = passed.high.max(value);
            }
            None => self.above.insert(place, Passed { from: at, low: value, high: value }),
        }
        let newest = self.above.back().map_or(at, |passed| passed.from);
        while self.above.len() > 4 * STRETCHES as usize
            || self.above.front().is_some_and(|passed| newest - passed.from > rule.latest * 2)
        {
            self.above.pop_front();
        }
    }

    /// What may arrive below at a moment.
    fn expected(&self, rule: &Agreement, at: DateTime<Utc>) -> Option<(f64, f64)> {
        let stretch = rule.latest / STRETCHES;
        let (first, last) = (at - rule.latest - stretch, at - rule.earliest);
        let from = self.above.partition_point(|passed| passed.from < first);
        let to = self.above.partition_point(|passed| passed.from <= last);
        let span = self.above.range(from..to).fold(None, |span: Option<(f64, f64)>, passed| {
            let (low, high) = span.unwrap_or((passed.low, passed.high));
            Some((low.min(passed.low), high.max(passed.high)))
        });
        let wider = |value: f64| rule.tolerance + rule.share * value.abs();
        span.map(|(low, high)| (low - wider(low), high + wider(high)))
    }
}
