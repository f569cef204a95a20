//! The GECCO series, its events, and how alarms are held against them. Shared by the test and the bench.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::print_stderr, reason = "shared by two programs")]

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::{NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::quality::Judged;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::series::{Found, detect};

/// An alarm finds an event when the two overlap, the event widened by this on both sides.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Which part of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The first 60 %: the rules' figures come from here.
    Tuned,
    /// The last 40 %.
    HeldOut,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The series as CSV, or nothing with a word on standard error.
pub fn series() -> Option<String> {
    let shared = std::env::var_os("HUIYIN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = shared.join("data/water_quality_gecco2018.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

/// The shipped rules for drinking water.
pub fn rules() -> Rules {
    let file = "workflows/districts/qijiang/sensing/drinking-water.yaml";
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    Rules::load(file, &text, None).unwrap_or_else(|problems| panic!("{problems}"))
}

fn time(line: &str) -> NaiveDateTime {
    written(line.split(',').next().unwrap())
}

fn written(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

/// One part of the series, with its header. The cut goes by time.
pub fn cut(text: &str, part: Part) -> String {
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let (first, last) = (time(rows[0]), time(rows[rows.len() - 1]));
    let at = first + (last - first) * 6 / 10;
    let kept = rows.into_iter().filter(|row| (time(row) < at) == (part == Part::Tuned));
    std::iter::once(header).chain(kept).collect::<Vec<_>>().join("\n")
}

/// How alarms stand against labelled events.
#[derive(Clone, Debug)]
pub struct Score {
    pub from: NaiveDateTime,
    pub until: NaiveDateTime,
    pub events: usize,
    pub found: usize,
    pub alarms: usize,
    pub false_alarms: usize,
    pub days: f64,
    /// Minutes in alarm outside of the widened events.
    pub minutes_beside: usize,
    pub readings: u64,
}

impl Score {
    pub fn precision(&self) -> f64 {
        (self.alarms - self.false_alarms) as f64 / self.alarms.max(1) as f64
    }

    pub fn recall(&self) -> f64 {
        self.found as f64 / self.events.max(1) as f64
    }

    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
    }

    pub fn false_a_day(&self) -> f64 {
        self.false_alarms as f64 / self.days
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {}: {} of {} events found; {} alarms, {} of them false ({:.2} a day); precision {:.2}, recall {:.2}, \
             F1 {:.2}; {} minutes in alarm beside events; tolerance {} min; {} readings",
            self.from,
            self.until,
            self.found,
            self.events,
            self.alarms,
            self.false_alarms,
            self.false_a_day(),
            self.precision(),
            self.recall(),
            self.f1(),
            self.minutes_beside,
            TOLERANCE.num_minutes(),
            self.readings,
        )
    }
}

/// Labelled events: runs of rows whose last column is True.
fn events(text: &str) -> Vec<(NaiveDateTime, NaiveDateTime)> {
    let mut events: Vec<(NaiveDateTime, NaiveDateTime)> = Vec::new();
    let mut before = false;
    for line in text.lines().skip(1) {
        let now = line.ends_with("True");
        match (before, now) {
            (false, true) => events.push((time(line), time(line))),
            (true, true) => events.last_mut().unwrap().1 = time(line),
            _ => {}
        }
        before = now;
    }
    events
}

/// Runs the rules over a part and holds their alarms against the labels.
pub fn evaluate(text: &str, rules: &Rules) -> Score {
    let found: Found = detect("series", text.as_bytes(), rules).unwrap();
    assert_eq!(found.skipped_in_all(), 0, "{:?}", found.skipped);
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let (from, until) = (time(rows[0]), time(rows[rows.len() - 1]));
    let alarms: Vec<_> =
        found.alarms.iter().map(|alarm| (written(&alarm.start), alarm.end.as_deref().map_or(until, written))).collect();
    let events: Vec<_> = events(text).into_iter().map(|(a, b)| (a - TOLERANCE, b + TOLERANCE)).collect();
    let meets = |a: &(NaiveDateTime, NaiveDateTime), b: &(NaiveDateTime, NaiveDateTime)| a.0 <= b.1 && b.0 <= a.1;
    let within =
        |at: NaiveDateTime, spans: &[(NaiveDateTime, NaiveDateTime)]| spans.iter().any(|s| s.0 <= at && at <= s.1);
    Score {
        from,
        until,
        events: events.len(),
        found: events.iter().filter(|event| alarms.iter().any(|alarm| meets(alarm, event))).count(),
        alarms: alarms.len(),
        false_alarms: alarms.iter().filter(|alarm| !events.iter().any(|event| meets(alarm, event))).count(),
        days: (until - from).num_minutes() as f64 / 1440.0,
        minutes_beside: rows.iter().filter(|row| within(time(row), &alarms) && !within(time(row), &events)).count(),
        readings: found.readings,
    }
}

/// All readings of the series, as they would come from a station.
pub fn observations(text: &str, rules: &Rules) -> Vec<Judged> {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let mut all = Vec::new();
    for line in text.lines().skip(1) {
        let at = Utc.from_utc_datetime(&time(line));
        for (name, cell) in header.iter().zip(line.split(',')) {
            let (Some(pollutant), Ok(value)) = (rules.series().columns.get(*name), cell.parse::<f64>()) else {
                continue;
            };
            all.push(Judged::unexamined(Observation {
                station: rules.series().station.clone(),
                pollutant: pollutant.clone(),
                kind: Kind::Real,
                value,
                unit: String::new(),
                flag: Flag::N,
                observed_at: at,
                received_at: at,
                source: Source::File,
            }));
        }
    }
    all
}
