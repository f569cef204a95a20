//! A case of the past, played on the stations of today: a file says what was observed when, on the case's own calendar, and
//! a pace says how many of its seconds pass in one. Only makes the script; `simulate` plays it.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use crate::registry::Registry;
use crate::simulate::{Deed, What};
use crate::words::Text;

/// Most courses of a file, and most points of a course.
const MOST: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Text,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    assumed: Option<Text>,
    begins: DateTime<FixedOffset>,
    ends: DateTime<FixedOffset>,
    pace: u32,
    courses: Vec<Course>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    station: String,
    pollutant: String,
    points: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    at: DateTime<FixedOffset>,
    value: f64,
    #[serde(default, rename = "what")]
    _what: Option<String>,
}

/// A replay, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// What it replays.
    pub title: Text,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// What in it is no fact.
    pub assumed: Option<Text>,
    /// What the stations say.
    pub deeds: Vec<Deed>,
    /// How long it lasts at this pace, seconds.
    pub seconds: u64,
}

/// Why a replay cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReplayError(String);

impl Replay {
    /// Reads a file (YAML) for the stations of a registry. `pace`: seconds of the case in one second; none: the file's own.
    ///
    /// # Errors
    /// The file does not read; a station or pollutant that nobody registered; a value outside of what the instrument shows;
    /// times that do not rise or lie outside of the case; a pace of zero.
    pub fn read(text: &str, registry: &Registry, pace: Option<u32>) -> Result<Self, ReplayError> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| ReplayError(error.to_string()))?;
        let pace = pace.unwrap_or(file.pace);
        if pace == 0 || file.ends <= file.begins {
            return Err(ReplayError("expected a pace of at least 1, and an end after the beginning".to_owned()));
        }
        if file.courses.is_empty() || file.courses.len() > MOST {
            return Err(ReplayError(format!("courses: expected 1 to {MOST}")));
        }
        let seconds = |at: DateTime<FixedOffset>| (at - file.begins).num_seconds().unsigned_abs() / u64::from(pace);
        let mut deeds = Vec::with_capacity(file.courses.len());
        for course in &file.courses {
            let name = format!("{} {}", course.station, course.pollutant);
            let parameter = registry.parameter(&course.station, &course.pollutant).ok_or_else(|| {
                ReplayError(format!("{name}: the station does not measure it. expected a pollutant of stations.yaml"))
            })?;
            if course.points.is_empty() || course.points.len() > MOST {
                return Err(ReplayError(format!("{name}: expected 1 to {MOST} points")));
            }
            let mut points = Vec::with_capacity(course.points.len());
            let mut last = None;
            for Point { at, value, .. } in &course.points {
                let [low, high] = parameter.range;
                if !(low..=high).contains(value) {
                    return Err(ReplayError(format!("{name}: {value} at {at}; expected from {low} to {high}")));
                }
                if *at < file.begins || *at > file.ends || last.is_some_and(|last| last >= *at) {
                    return Err(ReplayError(format!("{name}: {at}; expected rising times between begins and ends")));
                }
                last = Some(*at);
                points.push((seconds(*at), *value));
            }
            let what = What::Course { pollutant: course.pollutant.clone(), points };
            deeds.push(Deed { station: course.station.clone(), from: 0, what });
        }
        let seconds = seconds(file.ends);
        Ok(Self { title: file.title, sources: file.sources, assumed: file.assumed, deeds, seconds })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::path::Path;

    use super::*;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn registry() -> Registry {
        let folder = root().join("workflows/districts/qijiang/sensing");
        Registry::load("", &|name| std::fs::read_to_string(folder.join(name)).ok()).unwrap()
    }

    fn shipped() -> String {
        std::fs::read_to_string(root().join("deploy/replay/jialing-2021.yaml")).unwrap()
    }

    #[test]
    fn the_shipped_replay_keeps_the_hours_of_the_case() {
        let replay = Replay::read(&shipped(), &registry(), None).unwrap();
        assert_eq!(replay.seconds, 266 * 60, "266 hours, a minute each");
        let What::Course { points, .. } = &replay.deeds[1].what else { panic!("{:?}", replay.deeds) };
        let above: Vec<u64> = points.iter().filter(|(_, value)| *value >= 1.1).map(|(at, _)| *at).collect();
        assert_eq!(above, [32 * 60, 55 * 60], "the intake 20 hours after the section, its peak 23 hours later");
        let What::Course { points, .. } = &replay.deeds[0].what else { panic!("{:?}", replay.deeds) };
        assert_eq!(points[1], (12 * 60, 1.12));
        let faster = Replay::read(&shipped(), &registry(), Some(360)).unwrap();
        assert_eq!(faster.seconds, 266 * 10);
        assert!(replay.assumed.is_some() && replay.sources.len() == 2);
    }

    #[test]
    fn what_the_stations_cannot_say_is_refused_by_name() {
        let refused =
            |from: &str, to: &str| Replay::read(&shipped().replace(from, to), &registry(), None).unwrap_err().0;
        assert!(refused("station: S1", "station: S9").contains("S9 w21003"));
        assert!(refused("value: 2.0", "value: 200").contains("expected from 0 to 50"));
        assert!(refused("at: 2021-01-21T23:00:00", "at: 2021-01-20T23:00:00").contains("rising times"));
        assert!(refused("at: 2021-01-19T16:00:00", "at: 2021-01-18T16:00:00").contains("between begins and ends"));
        assert!(refused("pace: 60", "pace: 0").contains("pace"));
        assert!(refused("courses:", "course:").contains("cours"));
    }
}
