//! Random rule files and random series: nothing panics, an alarm is open once per rule and place, a state that was written
//! and read goes on the same, and looking at silences only when they are due changes nothing of what is said.
//!
//! 30,000 executions, with `HUIYIN_THOROUGH=1` 150,000; `HUIYIN_FUZZ=10000000` for more, `HUIYIN_SEED` to repeat a run; use
//! `--release` for many. An execution is one reading or one look at the time.
use crate::made_up;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::quality::{History, Quality};
use huiyin_sensing::rules::{Gate, Outcome, Rules, State};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const STATIONS: usize = 6;

fn seed() -> u64 {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_130);
    eprintln!("seed {seed} (set HUIYIN_SEED to repeat another run)");
    seed
}

fn executions(usual: u64) -> u64 {
    std::env::var("HUIYIN_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn reading(rng: &mut ChaCha8Rng, stations: usize, now: DateTime<Utc>) -> Observation {
    const FLAGS: [Flag; 8] = [Flag::N, Flag::N, Flag::N, Flag::N, Flag::N, Flag::M, Flag::B, Flag::T];
    const KINDS: [Kind; 4] = [Kind::Real, Kind::Real, Kind::Hour, Kind::Day];
    // Mostly of now; sometimes back-filled, sometimes from a clock that runs ahead.
    let age = match rng.random_range(0..20) {
        0 => rng.random_range(0..100_000),
        1 => -rng.random_range(0..3_000),
        _ => rng.random_range(0..120),
    };
    let value = match rng.random_range(0..12) {
        0 => rng.random_range(80.0..600.0),
        1 => f64::MAX,
        2 => -1e300,
        _ => rng.random_range(0.0..100.0),
    };
    Observation {
        station: format!("s{}", rng.random_range(0..stations)),
        pollutant: (*made_up::POLLUTANTS.choose(rng).unwrap()).to_owned(),
        kind: *KINDS.choose(rng).unwrap(),
        value,
        unit: "mg/L".into(),
        flag: *FLAGS.choose(rng).unwrap(),
        observed_at: now - TimeDelta::seconds(age),
        received_at: now,
        source: Source::Hj212,
    }
}

/// A step in time: mostly short, sometimes a gap in which everything falls silent.
fn later(rng: &mut ChaCha8Rng, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(match rng.random_range(0..200) {
        0 => rng.random_range(0..40_000),
        1..20 => rng.random_range(0..1_800),
        _ => rng.random_range(0..60),
    })
}

#[test]
fn looking_only_when_something_is_due_says_the_same() {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let (mut said, mut cleared) = (0_u64, 0_u64);
    for round in 0..harness::size(12, 40) {
        let stations = 1 + round % 12;
        let registry = made_up::registry(stations, "10m");
        let rules = Rules::load("r", made_up::RULES, Some(Arc::clone(&registry))).unwrap_or_else(|p| panic!("{p}"));
        let (mut plain, mut gated, mut gate) = (State::default(), State::default(), Gate::default());
        let (mut history, quality, mut now) = (History::default(), Quality::default(), start());
        for n in 0..1_500 {
            now = later(&mut rng, now);
            let one = rules.tick(&mut plain, now);
            let other = rules.tick_when_due(&mut gated, &mut gate, now);
            assert_eq!(one, other, "round {round}, step {n}, {now}");
            said += one.len() as u64;
            if rng.random_range(0..10) == 0 {
                // Killed and begun again: what was written has no gate.
                gated = serde_json::from_str(&serde_json::to_string(&gated).unwrap()).unwrap();
                gate = Gate::default();
            }
            let judged = quality.judge(&registry, &mut history, reading(&mut rng, stations, now), now);
            let one = rules.step(&mut plain, &judged, now);
            let other = rules.step_gated(&mut gated, &mut gate, &judged, now);
            assert_eq!(one, other, "round {round}, step {n}, {now}");
            cleared += one.iter().filter(|outcome| matches!(outcome, Outcome::Cleared(_))).count() as u64;
        }
        assert_eq!(plain.open().collect::<Vec<_>>(), gated.open().collect::<Vec<_>>());
    }
    eprintln!("{said} said by the time, {cleared} ended by a reading");
    let (least_said, least_cleared) = harness::size((100, 10), (500, 50));
    assert!(
        said > least_said && cleared > least_cleared,
        "the series said too little to mean anything: {said}, {cleared}"
    );
}

#[test]
fn random_rules_on_random_series_keep_their_promises() {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let registry = made_up::registry(STATIONS, "10m");
    let wanted = executions(harness::size(30_000, 150_000));
    let (mut done, mut files, mut refused, mut raised) = (0_u64, 0_u64, 0_u64, 0_u64);
    while done < wanted {
        let text = file(&mut rng);
        files += 1;
        let Ok(rules) = Rules::load("r", &text, Some(Arc::clone(&registry))) else {
            refused += 1;
            done += 1;
            assert!(files < 50 || refused < files * 9 / 10, "nearly every file is refused: {text}");
            continue;
        };
        let (mut state, mut gate, mut history) = (State::default(), Gate::default(), History::default());
        let (quality, mut now, mut open) = (Quality::default(), start(), BTreeSet::new());
        for _ in 0..rng.random_range(50..800) {
            now = later(&mut rng, now);
            let mut outcomes = rules.tick_when_due(&mut state, &mut gate, now);
            let judged = quality.judge(&registry, &mut history, reading(&mut rng, STATIONS, now), now);
            outcomes.extend(rules.step_gated(&mut state, &mut gate, &judged, now));
            done += 2;
            for outcome in &outcomes {
                let (Outcome::Raised(alarm) | Outcome::Worse(alarm) | Outcome::Cleared(alarm)) = outcome;
                let key = (alarm.rule.clone(), alarm.place.clone());
                let fits = match outcome {
                    Outcome::Raised(_) => open.insert(key),
                    Outcome::Worse(_) => open.contains(&key),
                    Outcome::Cleared(_) => open.remove(&key),
                };
                assert!(fits, "{outcome:?} does not fit what is open\n{text}");
                assert!(alarm.start <= alarm.at + quality.clock_ahead && alarm.at == now, "{outcome:?}\n{text}");
                assert!(!alarm.reason.zh.is_empty() && !alarm.reason.en.is_empty(), "{outcome:?}");
            }
            raised += outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Raised(_))).count() as u64;
            if rng.random_range(0..100) == 0 {
                let written = serde_json::to_string(&state).unwrap();
                let read: State = serde_json::from_str(&written).unwrap();
                assert_eq!(read, state, "what is read is what was written\n{text}");
                assert!(written.len() < 4_000_000, "the state stays bounded: {}", written.len());
                (state, gate) = (read, Gate::default());
            }
        }
        let known: BTreeSet<(String, String)> =
            state.open().map(|(rule, place, _)| (rule.to_owned(), place.to_owned())).collect();
        assert_eq!(known, open, "{text}");
    }
    eprintln!("{done} executions, {files} files of which {refused} were refused, {raised} alarms raised");
    assert!(raised > harness::size(20, 100), "nothing was tried");
}

/// A file of one to six rules; some are wrong, and must be refused without a panic.
fn file(rng: &mut ChaCha8Rng) -> String {
    let mut text = String::from("rules:\n");
    if rng.random_range(0..3) == 0 {
        text.insert_str(0, &format!("late_after: {}\n", length(rng)));
    }
    for n in 0..rng.random_range(1..=6) {
        let severity = ["notice", "warning", "severe"].choose(rng).unwrap();
        let _ = write!(text, "  - {{id: r{n}, name: {{zh: 规, en: rule}}, severity: {severity}");
        if rng.random_range(0..3) == 0 {
            let _ = write!(text, ", cooling: {}", length(rng));
        }
        if rng.random_range(0..4) == 0 {
            let _ = write!(text, ", figures: [real, hour]");
        }
        if rng.random_range(0..3) == 0 {
            // The last of them is not registered.
            let station = if rng.random_range(0..20) == 0 { STATIONS } else { rng.random_range(0..STATIONS) };
            let _ = write!(text, ", stations: [s{station}]");
        }
        let (during, clear) = (length(rng), length(rng));
        let lasting = format!("for: {during}, clear_for: {clear}");
        let figure = figure(rng);
        let _ = match rng.random_range(0..5) {
            0 => {
                let way = ["above", "below"].choose(rng).unwrap();
                let worse = ["", ", worse: [2, 5]", ", worse: [1.5]"].choose(rng).unwrap();
                write!(
                    text,
                    ", threshold: {{pollutants: [{}], {way}: {figure}, clear_margin: 0.{}, {lasting}{worse}}}",
                    some(rng),
                    rng.random_range(0..10)
                )
            }
            1 => {
                let way = ["rise", "fall"].choose(rng).unwrap();
                write!(
                    text,
                    ", rate: {{pollutants: [{}], {way}: {figure}, within: {}, {lasting}}}",
                    some(rng),
                    length(rng)
                )
            }
            2 => write!(
                text,
                ", missing: {{after: {}, clear_for: {clear}}}",
                ["3x", "1x", "40m", "2h"].choose(rng).unwrap()
            ),
            3 => {
                let one = format!("{{change: {figure}, sigmas: {}}}", rng.random_range(1..6));
                write!(
                    text,
                    ", anomaly: {{recent: {}, gap: {}, window: {}, least_readings: {}, combine: {}, {lasting}, hold: {}, parameters: {{p0: {one}, p1: {one}}}}}",
                    ["10m", "30m"].choose(rng).unwrap(),
                    ["0m", "30m"].choose(rng).unwrap(),
                    ["2h", "12h", "1d"].choose(rng).unwrap(),
                    rng.random_range(2..30),
                    rng.random_range(1..9),
                    ["6h", "1d"].choose(rng).unwrap(),
                )
            }
            _ => {
                let (up, down) = (rng.random_range(0..STATIONS), rng.random_range(0..STATIONS));
                write!(
                    text,
                    ", agreement: {{pollutant: p{}, upstream: s{up}, downstream: s{down}, earliest: {}, latest: {}, tolerance: {figure}, share: 0.5, {lasting}}}",
                    rng.random_range(0..8),
                    ["10m", "1h"].choose(rng).unwrap(),
                    ["2h", "12h", "5m"].choose(rng).unwrap(),
                )
            }
        };
        text.push_str("}\n");
    }
    text
}

fn length(rng: &mut ChaCha8Rng) -> &'static str {
    ["0m", "90s", "10m", "30m", "2h", "1d"].choose(rng).unwrap()
}

fn figure(rng: &mut ChaCha8Rng) -> String {
    match rng.random_range(0..30) {
        0 => ["0", "-1", ".inf", ".nan", "1e308"].choose(rng).unwrap().to_string(),
        _ => format!("{:.2}", rng.random_range(0.5..200.0)),
    }
}

fn some(rng: &mut ChaCha8Rng) -> String {
    let first = rng.random_range(0..8);
    let last = (first + rng.random_range(1..4)).min(8);
    made_up::POLLUTANTS[first..last].join(", ")
}
