//! Quality control held against the Python package `ioos_qc` on the same series, generated and real, flag by flag; and the
//! checks on a stream against the same checks on a whole series.
//!
//! Where the house differs on purpose:
//! - *Streams know no next reading.* A spike is told of the reading before, when its successor comes; a series marks it
//!   in place.
//! - *A flat line in a stream is one of time*, not of a number of readings at the median interval: the same at an even
//!   pace, and still a line after a gap.
//! - *What fails a check by itself* (flag, range, unit, clock) is no neighbour in a stream; `ioos_qc` knows each check for
//!   itself only.
//! - *Means of `fail` and `suspect`*: a stream's rate, spike and flat line make a reading suspect and never bad.
use crate::gecco;

use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::quality::checks::{Mark, Thresholds, flat_line, gross_range, rate_of_change, spike};
use huiyin_sensing::quality::{Grade, History, Quality, Why};
use huiyin_sensing::registry::Registry;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// A series with its thresholds.
struct Series {
    values: Vec<f64>,
    times: Vec<i64>,
    fail_span: [f64; 2],
    suspect_span: [f64; 2],
    spike: Thresholds,
    rate: Thresholds,
    flat: [usize; 2],
    tolerance: f64,
}

const STEP: i64 = 60;

impl Series {
    fn ours(&self) -> [(&'static str, Vec<Mark>); 4] {
        [
            ("gross_range", gross_range(&self.values, self.fail_span, self.suspect_span)),
            ("spike", spike(&self.values, self.spike)),
            ("rate_of_change", rate_of_change(&self.values, &self.times, self.rate)),
            ("flat_line", flat_line(&self.values, self.flat[0], self.flat[1], self.tolerance)),
        ]
    }

    fn given(&self) -> Value {
        let values: Vec<Option<f64>> = self.values.iter().map(|value| Some(*value).filter(|v| v.is_finite())).collect();
        json!({
            "values": values,
            "times": self.times,
            "fail_span": self.fail_span,
            "suspect_span": self.suspect_span,
            "spike": [self.spike.suspect, self.spike.fail],
            "rate": [self.rate.suspect, self.rate.fail],
            "flat_seconds": self.flat.map(|count| count as i64 * STEP),
            "tolerance": self.tolerance,
        })
    }

    /// A walk with spikes, steps, flat stretches, and gaps; values lie on a grid, as those of instruments do.
    fn made(random: &mut ChaCha8Rng, count: usize, gaps: bool) -> Self {
        let mut values = Vec::with_capacity(count);
        let (mut level, mut rest): (f64, usize) = (50.0, 0);
        for _ in 0..count {
            if rest > 0 {
                rest -= 1;
            } else if random.random_bool(0.02) {
                rest = random.random_range(2..30);
            } else {
                level += random.random_range(-1.0..1.0);
                level = (level * 8.0).round() / 8.0;
            }
            let spike = if random.random_bool(0.02) { random.random_range(-20.0..20.0_f64).round() } else { 0.0 };
            let gap = gaps && random.random_bool(0.03);
            values.push(if gap { f64::NAN } else { level + spike });
        }
        let times = (0..count as i64).map(|i| i * STEP).collect();
        Self {
            values,
            times,
            fail_span: [20.0, 80.0],
            suspect_span: [35.0, 65.0],
            spike: Thresholds { suspect: 3.0, fail: 8.0 },
            rate: Thresholds { suspect: 2.0 / 60.0, fail: 10.0 / 60.0 },
            flat: [8, 16],
            tolerance: 0.25,
        }
    }

    /// Two columns of the public series.
    fn real() -> Vec<Self> {
        let Some(text) = gecco::series() else { return Vec::new() };
        let column = |index: usize| {
            let rows = text.lines().skip(1).take(6_000);
            rows.map(|line| line.split(',').nth(index).unwrap().parse().unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        let of = |index, spans: [[f64; 2]; 2], spike, rate: f64, tolerance| {
            let values = column(index);
            Self {
                times: (0..values.len() as i64).map(|i| i * STEP).collect(),
                values,
                fail_span: spans[0],
                suspect_span: spans[1],
                spike: Thresholds { suspect: spike, fail: 3.0 * spike },
                rate: Thresholds { suspect: rate / 60.0, fail: 3.0 * rate / 60.0 },
                flat: [10, 40],
                tolerance,
            }
        };
        vec![
            of(3, [[8.0, 8.5], [8.3, 8.4]], 0.03, 0.03, 0.015),
            of(6, [[0.0, 0.1], [0.015, 0.03]], 0.002, 0.003, 0.0015),
            of(8, [[500.0, 3000.0], [1400.0, 1900.0]], 60.0, 80.0, 20.0),
        ]
    }
}

fn theirs(series: &[Series]) -> Vec<Value> {
    let packages = ["ioos_qc==3.0.0", "numpy==2.4.6", "pandas==3.1.1"];
    let python = harness::python::environment("qc", &packages).join("python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/qc.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = series.iter().map(|series| series.given().to_string()).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the reference failed");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_flag_is_that_of_ioos_qc() {
    let seed: u64 = 20_260_301;
    println!("seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut series: Vec<Series> = (0..8).map(|i| Series::made(&mut random, 1_000, i % 2 == 1)).collect();
    series.extend(Series::real());
    let mut points = 0;
    let mut met = std::collections::BTreeMap::new();
    for (i, (series, theirs)) in series.iter().zip(theirs(&series)).enumerate() {
        for (check, ours) in series.ours() {
            let reference = theirs[check].as_array().unwrap();
            assert_eq!(ours.len(), reference.len(), "seed {seed}, series {i}, {check}");
            for (at, (ours, reference)) in ours.iter().zip(reference).enumerate() {
                let near = &series.values[at.saturating_sub(2)..(at + 2).min(series.values.len())];
                assert_eq!(
                    *ours as u64,
                    reference.as_u64().unwrap(),
                    "seed {seed}, series {i}, {check} at {at}: {near:?}"
                );
                *met.entry((check, *ours as u8)).or_insert(0) += 1;
                points += 1;
            }
        }
    }
    println!("{points} flags agree: {met:?}");
    for check in ["gross_range", "spike", "rate_of_change", "flat_line"] {
        for mark in [Mark::Good, Mark::Suspect, Mark::Fail, Mark::Missing] {
            assert!(met.contains_key(&(check, mark as u8)), "{check} {mark:?} was never met: {met:?}");
        }
    }
}

const STATIONS: &str = "
stations:
  - id: X
    mn: '1'
    name: {zh: 甲, en: X}
    kind: river-section
    place: {zh: 甲, en: X}
    at: [106.6, 29.0]
    approximate: true
    profile: '2017'
    maintenance: [{from: 2026-06-01T00:00:00+08:00, until: 2026-06-02T00:00:00+08:00, why: {zh: 换试剂, en: reagents}}]
    parameters:
      - {pollutant: p, unit: mg/L, every: 1m, range: [0, 1000], plausible: [35, 65], rate_per_hour: 120, spike: 3,
         flat: {for: 8m, tolerance: 0.25}}
";

fn registry() -> Registry {
    let text = |path: &str| {
        Some(match path {
            "stations.yaml" => STATIONS.to_owned(),
            "pollutants.yaml" => "pollutants: [{code: p, name: {zh: 因子, en: p}}]".to_owned(),
            _ => "tables: []".to_owned(),
        })
    };
    Registry::load("", &text).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

fn reading(value: f64, observed_at: DateTime<Utc>) -> Observation {
    Observation {
        station: "X".into(),
        pollutant: "p".into(),
        kind: Kind::Real,
        value,
        unit: "mg/L".into(),
        flag: Flag::N,
        observed_at,
        received_at: observed_at,
        source: Source::Http,
    }
}

#[test]
fn a_stream_says_the_same_as_a_series() {
    let seed: u64 = 7_331;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let series = Series::made(&mut random, 4_000, false);
    let marks: std::collections::BTreeMap<_, _> = series.ours().into_iter().collect();
    let suspect = |check: &str, i: usize| marks[check][i] >= Mark::Suspect;
    let (registry, quality, mut history) = (registry(), Quality::default(), History::default());
    let mut spikes = vec![false; series.values.len()];
    for (i, value) in series.values.iter().enumerate() {
        let moment = at(series.times[i]);
        let judged = quality.judge(&registry, &mut history, reading(*value, moment), moment);
        let said = |why| judged.verdict.reasons.iter().any(|reason| reason.why == why);
        assert_eq!(said(Why::RateOfChange), suspect("rate_of_change", i), "seed {seed}: rate at {i}");
        assert_eq!(said(Why::FlatLine), suspect("flat_line", i), "seed {seed}: flat line at {i}");
        assert_eq!(said(Why::Implausible), suspect("gross_range", i), "seed {seed}: range at {i}");
        if let Some(revised) = judged.revised {
            assert_eq!(revised.observed_at, at(series.times[i - 1]));
            spikes[i - 1] = true;
        }
        // The history goes through a restart now and then.
        if i % 500 == 0 {
            history = serde_json::from_str(&serde_json::to_string(&history).unwrap()).unwrap();
        }
    }
    for (i, spike) in spikes.iter().enumerate() {
        let marked = matches!(marks["spike"][i], Mark::Suspect | Mark::Fail);
        assert_eq!(*spike, marked, "seed {seed}: spike at {i}");
    }
}

#[test]
fn only_what_is_good_may_alarm_and_every_reason_is_told() {
    let (registry, quality) = (registry(), Quality::default());
    let now = at(0);
    let grade = |change: &dyn Fn(&mut Observation)| {
        let mut observation = reading(50.0, now);
        change(&mut observation);
        let judged = quality.judge(&registry, &mut History::default(), observation, now);
        (judged.verdict.grade, judged.verdict.reasons.iter().map(|reason| reason.why).collect::<Vec<_>>())
    };
    assert_eq!(grade(&|_| {}), (Grade::Good, vec![]));
    for flag in [Flag::F, Flag::M, Flag::S, Flag::D, Flag::T, Flag::C, Flag::B] {
        let (grade, reasons) = grade(&|o| o.flag = flag);
        assert!(grade > Grade::Good && reasons == [Why::Flag], "{flag:?}");
    }
    assert_eq!(grade(&|o| o.value = f64::NAN), (Grade::Bad, vec![Why::NotANumber]));
    assert_eq!(grade(&|o| o.value = f64::INFINITY), (Grade::Bad, vec![Why::NotANumber]));
    assert_eq!(grade(&|o| o.value = -1.0), (Grade::Bad, vec![Why::Range]));
    assert_eq!(grade(&|o| o.unit = "µg/L".into()), (Grade::Bad, vec![Why::Unit]));
    assert_eq!(grade(&|o| o.observed_at = at(301)), (Grade::Bad, vec![Why::ClockSkew]));
    assert_eq!(grade(&|o| o.observed_at = at(299)), (Grade::Good, vec![]));
    assert_eq!(grade(&|o| o.pollutant = "q".into()), (Grade::Bad, vec![Why::NotRegistered]));
    let both = grade(&|o| {
        o.flag = Flag::D;
        o.value = 2e3;
    });
    assert_eq!(both, (Grade::Bad, vec![Why::Flag, Why::Range]));
}

#[test]
fn what_is_read_during_maintenance_raises_nothing() {
    let registry = registry();
    let quality = Quality::default();
    let moment: DateTime<Utc> = "2026-06-01T04:00:00Z".parse().unwrap();
    let judged = quality.judge(&registry, &mut History::default(), reading(50.0, moment), moment);
    assert_eq!(judged.verdict.reasons[0].why, Why::Maintenance);
    assert!(judged.verdict.words().zh.contains("换试剂"));
    let after: DateTime<Utc> = "2026-06-01T16:00:00Z".parse().unwrap();
    assert!(quality.judge(&registry, &mut History::default(), reading(50.0, after), after).is_good());
}

#[test]
fn a_reading_that_comes_twice_or_late_is_no_neighbour() {
    let (registry, quality, mut history) = (registry(), Quality::default(), History::default());
    for i in 0..3 {
        quality.judge(&registry, &mut history, reading(50.0 + i as f64, at(60 * i)), at(60 * i));
    }
    let before = history.clone();
    let again = quality.judge(&registry, &mut history, reading(52.0, at(120)), at(130));
    let late = quality.judge(&registry, &mut history, reading(36.0, at(30)), at(130));
    assert!(again.is_good() && late.is_good());
    assert_eq!(before, history);
}
