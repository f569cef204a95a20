//! All stations, or one, with what they said last.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::sensing::{AlarmQuery, ObservationRow};
use huiyin_sensing::registry::Station;

use super::{StationDesk, failed, limit_view, text, word};
use crate::ports::OfficeError;
use crate::views::stations::{Link, ParameterView, ReadingView, StationListView, StationView};

/// So many expected intervals after the last reading a station counts as late, and as silent (as the rule of missing data).
const LATE: i32 = 2;
const SILENT: i32 = 3;
/// More open alarms than this are not counted one by one.
const MOST_ALARMS: u32 = 500;

/// Station → pollutant → its newest reading.
type Newest = HashMap<String, HashMap<String, ObservationRow>>;

impl StationDesk {
    /// All stations, in the order of the registry.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self) -> Result<StationListView, OfficeError> {
        let stations: Vec<&Station> = self.0.registry.stations().iter().collect();
        let rows = self.views(&stations).await?;
        Ok(StationListView { now: self.now(), doors: self.0.doors, demo: self.spills(), rows })
    }

    /// One station.
    ///
    /// # Errors
    /// There is none of this id, or the store does not answer.
    pub async fn one(&self, id: &str) -> Result<StationView, OfficeError> {
        let station = self.station(id)?;
        self.views(&[station]).await?.pop().ok_or(OfficeError::NotFound)
    }

    async fn views(&self, stations: &[&Station]) -> Result<Vec<StationView>, OfficeError> {
        let (scope, now) = (&self.0.scope, self.now());
        let of = |station: &&Station| {
            let id = station.id.clone();
            station
                .parameters
                .iter()
                .map(move |parameter| (id.clone(), parameter.pollutant.clone()))
                .collect::<Vec<_>>()
        };
        let series: Vec<(String, String)> = stations.iter().flat_map(of).collect();
        let asked: Vec<(&str, &str)> = series.iter().map(|(s, p)| (s.as_str(), p.as_str())).collect();
        let rows =
            self.0.journal.newest_observations(&scope.district, &scope.timeline, &asked).await.map_err(failed)?;
        let newest = newest(rows);
        let query = AlarmQuery { open: Some(true), limit: MOST_ALARMS, ..AlarmQuery::default() };
        let open = self.0.journal.alarm_log(&scope.district, &scope.timeline, &query).await.map_err(failed)?;
        let mut alarms: BTreeMap<String, u32> = BTreeMap::new();
        for one in open {
            *alarms.entry(one.alarm.written.place).or_default() += 1;
        }
        let view = |station: &&Station| {
            let open = alarms.get(&station.id).copied().unwrap_or(0);
            self.view(station, newest.get(&station.id), open, now)
        };
        Ok(stations.iter().map(view).collect())
    }

    fn view(
        &self,
        station: &Station,
        newest: Option<&HashMap<String, ObservationRow>>,
        open_alarms: u32,
        now: DateTime<Utc>,
    ) -> StationView {
        let last = newest.and_then(|of| of.values().map(|row| row.received_at).max());
        let every = station.parameters.iter().map(|parameter| parameter.every).min();
        let maintenance = station.maintained_at(now).map(|work| text(&work.why));
        let parameters = station.parameters.iter().map(|parameter| ParameterView {
            pollutant: parameter.pollutant.clone(),
            name: self.pollutant_name(&parameter.pollutant),
            unit: parameter.unit.clone(),
            every_s: parameter.every.num_seconds(),
            reading: newest.and_then(|of| of.get(&parameter.pollutant)).map(|row| self.reading(station, row, now)),
            limit: self.limit(station, &parameter.pollutant, now).map(limit_view),
        });
        StationView {
            id: station.id.clone(),
            name: text(&station.name),
            kind: word(station.kind),
            place: text(&station.place),
            at: station.at,
            approximate: station.approximate,
            water: station.water.clone(),
            class: station.class.clone(),
            link: link(last, every, maintenance.is_some(), now),
            last_received_at: last,
            last_age_s: last.map(|at| (now - at).num_seconds().max(0)),
            maintenance,
            remark: station.remark.as_ref().map(text),
            open_alarms,
            parameters: parameters.collect(),
        }
    }

    fn reading(&self, station: &Station, row: &ObservationRow, now: DateTime<Utc>) -> ReadingView {
        ReadingView {
            kind: row.kind.clone(),
            value: row.value,
            flag: row.flag.clone(),
            observed_at: row.observed_at,
            received_at: row.received_at,
            age_s: (now - row.observed_at).num_seconds().max(0),
            beyond: self.is_beyond(station, &row.pollutant, &row.kind, row.value, row.observed_at),
        }
    }
}

fn newest(rows: Vec<ObservationRow>) -> Newest {
    let mut newest = Newest::new();
    for row in rows {
        let of = newest.entry(row.station.clone()).or_default();
        // Rows come in the order of the kinds; of the same moment the first counts.
        if of.get(&row.pollutant).is_none_or(|known| known.observed_at < row.observed_at) {
            of.insert(row.pollutant.clone(), row);
        }
    }
    newest
}

fn link(last: Option<DateTime<Utc>>, every: Option<TimeDelta>, maintained: bool, now: DateTime<Utc>) -> Link {
    let (Some(last), Some(every)) = (last, every) else {
        return if maintained { Link::Maintenance } else { Link::Never };
    };
    match now - last {
        _ if maintained => Link::Maintenance,
        age if age <= every * LATE => Link::Up,
        age if age <= every * SILENT => Link::Late,
        _ => Link::Silent,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn a_link_is_up_late_or_silent_by_what_is_expected_of_it() {
        let now: DateTime<Utc> = "2026-11-30T00:00:00Z".parse().unwrap();
        let (every, ago) = (Some(TimeDelta::hours(4)), |minutes| Some(now - TimeDelta::minutes(minutes)));
        assert_eq!(link(None, every, false, now), Link::Never);
        assert_eq!(link(ago(480), every, false, now), Link::Up);
        assert_eq!(link(ago(481), every, false, now), Link::Late);
        assert_eq!(link(ago(721), every, false, now), Link::Silent);
        assert_eq!(link(ago(0), every, true, now), Link::Maintenance);
    }
}
