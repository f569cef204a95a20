//! A series for a chart: single readings with what quality control says of each, or, where there are too many, the
//! extremes of equal parts of the span; and the limit in force at each moment.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use huiyin_journal::sensing::{Series, Span};
use huiyin_sensing::observation::Observation;
use huiyin_sensing::quality::{Grade, History, Quality};
use huiyin_sensing::registry::Station;

use super::{StationDesk, failed, limit_view, refused, text, word};
use crate::ports::OfficeError;
use crate::views::Text;
use crate::views::stations::{LimitSpanView, PointView, SeriesView};

/// Longest span.
const LONGEST: TimeDelta = TimeDelta::days(400);
/// Kinds of figures.
const KINDS: [&str; 4] = ["real", "minutes", "hour", "day"];
/// Beijing time, by which limits change.
const BEIJING: TimeDelta = TimeDelta::hours(8);
/// Hours of the day at which a limit may begin to count (GB 3096-2008: day and night).
const TURNS: [u32; 3] = [0, 6, 22];

/// Which series.
#[derive(Clone, Debug)]
pub struct SeriesQuery {
    /// Factor code.
    pub pollutant: String,
    /// Kind of figure.
    pub kind: String,
    /// From this moment on; none: a day before the end.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment; none: until now.
    pub until: Option<DateTime<Utc>>,
    /// So many points at most; of a reduced series: for each flag.
    pub points: u32,
}

impl StationDesk {
    /// A series of a station.
    ///
    /// # Errors
    /// No such station or pollutant, a span that is empty or too long, or the store does not answer.
    pub async fn series(&self, id: &str, query: &SeriesQuery) -> Result<SeriesView, OfficeError> {
        let station = self.station(id)?;
        let parameter = station.parameter(&query.pollutant).ok_or_else(|| {
            refused("pollutant", Text::new("该站点不测此因子", "the station does not measure this pollutant"))
        })?;
        if !KINDS.contains(&query.kind.as_str()) {
            let expected = KINDS.join(", ");
            return Err(refused("kind", Text::new(format!("应为 {expected}"), format!("expected one of {expected}"))));
        }
        // Up to now includes what was observed this very moment.
        let until = query.until.unwrap_or_else(|| self.now() + TimeDelta::microseconds(1));
        let from = query.from.unwrap_or_else(|| until - TimeDelta::days(1));
        if from >= until || until - from > LONGEST {
            let (zh, en) = ("时间段应大于零且不超过 400 天", "expected a span above zero and of at most 400 days");
            return Err(refused("from", Text::new(zh, en)));
        }
        let span = Span { station: &station.id, pollutant: &query.pollutant, kind: &query.kind, from, until };
        let scope = &self.0.scope;
        let total = self.0.journal.observation_count(&scope.district, &scope.timeline, &span).await.map_err(failed)?;
        let reduced = total > u64::from(query.points);
        let points =
            if reduced { self.parts(&span, query.points).await? } else { self.single(&span, query.points).await? };
        let part = span.begin_of(query.points, 1) - from;
        Ok(SeriesView {
            station: station.id.clone(),
            pollutant: query.pollutant.clone(),
            name: self.pollutant_name(&query.pollutant),
            unit: parameter.unit.clone(),
            kind: query.kind.clone(),
            from,
            until,
            total,
            reduced,
            part_s: reduced.then(|| part.as_seconds_f64()),
            note: note(reduced, total),
            points,
            limits: self.limits(station, &query.pollutant, from, until),
        })
    }

    /// Every reading, judged as if the span were all there is: its first readings have no neighbours before them.
    async fn single(&self, span: &Span<'_>, limit: u32) -> Result<Vec<PointView>, OfficeError> {
        let (scope, registry) = (&self.0.scope, &self.0.registry);
        let Span { station, pollutant, kind, from, until } = *span;
        let series = Series { station, pollutant, kind, from, until, limit };
        let rows = self.0.journal.observations_of(&scope.district, &scope.timeline, &series).await.map_err(failed)?;
        let (quality, mut history) = (Quality::default(), History::default());
        let mut points: Vec<PointView> = Vec::with_capacity(rows.len());
        for kept in rows {
            let row = kept.row;
            let judged = Observation::from_row(&row)
                .map(|observation| quality.judge(registry, &mut history, observation, row.received_at));
            if let Some(revised) = judged.as_ref().and_then(|judged| judged.revised.as_ref())
                && let Some(before) = points.iter_mut().rev().find(|point| point.at == revised.observed_at)
                && before.quality.as_deref() == Some("good")
            {
                before.quality = Some(word(revised.grade));
                before.reason = Some(text(&revised.reason.words));
            }
            let verdict = judged.map(|judged| judged.verdict);
            points.push(PointView {
                at: row.observed_at,
                until: None,
                low: row.value,
                high: row.value,
                count: 1,
                flag: row.flag,
                quality: verdict.as_ref().map(|verdict| word(verdict.grade)),
                reason: verdict.filter(|verdict| verdict.grade != Grade::Good).map(|verdict| text(&verdict.words())),
            });
        }
        Ok(points)
    }

    async fn parts(&self, span: &Span<'_>, parts: u32) -> Result<Vec<PointView>, OfficeError> {
        let scope = &self.0.scope;
        let buckets = self.0.journal.observation_buckets(&scope.district, &scope.timeline, span, parts).await;
        let point = |bucket: huiyin_journal::sensing::Bucket| PointView {
            at: bucket.first,
            until: Some(bucket.last),
            low: bucket.low,
            high: bucket.high,
            count: bucket.count,
            flag: bucket.flag,
            quality: None,
            reason: None,
        };
        Ok(buckets.map_err(failed)?.into_iter().map(point).collect())
    }

    /// The limits of a span, each for as long as it is in force.
    fn limits(
        &self,
        station: &Station,
        pollutant: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<LimitSpanView> {
        let mut spans: Vec<LimitSpanView> = Vec::new();
        let mut at = from;
        while at < until {
            let next = next_turn(at).min(until);
            if let Some(limit) = self.limit(station, pollutant, at).map(limit_view) {
                match spans.last_mut().filter(|last| last.until == at && last.limit == limit) {
                    Some(last) => last.until = next,
                    None => spans.push(LimitSpanView { from: at, until: next, limit }),
                }
            }
            at = next;
        }
        spans
    }
}

/// The next moment at which a limit may change.
fn next_turn(at: DateTime<Utc>) -> DateTime<Utc> {
    let local = (at + BEIJING).naive_utc();
    let day = local.date();
    let turns = [day, day + TimeDelta::days(1)].into_iter().flat_map(|day| {
        TURNS.into_iter().filter_map(move |hour| Some(day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?)))
    });
    let next = turns.into_iter().find(|turn| *turn > local).unwrap_or(local + TimeDelta::hours(1));
    next.and_utc() - BEIJING
}

fn note(reduced: bool, total: u64) -> Text {
    if reduced {
        return Text::new(
            format!(
                "共 {total} 个读数，已按等长时段合并：每点为该时段内同一标识读数的最小值和最大值，极值不丢失；不逐点质控。"
            ),
            format!(
                "{total} readings, put together: each point is the least and the greatest of the readings with one flag in \
                 a part of the span; no extreme is lost. Quality control is not said of them."
            ),
        );
    }
    Text::new(
        "逐点显示；质控按所选时段内的前后读数判断，时段开头的读数没有前值可比。",
        "Every reading is shown. Quality control compares it with its neighbours within the span; the first have none before.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn limits_are_looked_at_whenever_a_day_or_a_night_begins() {
        let turn = |at: &str| next_turn(at.parse().unwrap()).to_rfc3339();
        assert_eq!(turn("2026-02-28T15:59:59Z"), "2026-02-28T16:00:00+00:00");
        assert_eq!(turn("2026-02-28T16:00:00Z"), "2026-02-28T22:00:00+00:00", "06:00 in Beijing");
        assert_eq!(turn("2026-02-28T23:00:00Z"), "2026-03-01T14:00:00+00:00", "22:00 in Beijing");
    }
}
