//! Rules on readings and on silence, in the words of the field: what fires, once, when; what does not, and why.
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::quality::{History, Judged, Quality};
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::{Outcome, Rules, State, WhyNot};

const STATIONS: &str = "
stations:
  - id: S1
    mn: '1'
    name: {zh: 上, en: up}
    kind: river-section
    place: {zh: 上, en: up}
    at: [106.6, 29.0]
    approximate: true
    profile: '2017'
    class: Ⅲ
    maintenance: [{from: 2026-03-02T08:00:00+08:00, until: 2026-03-02T12:00:00+08:00, why: {zh: 换试剂, en: reagents}}]
    parameters:
      - {pollutant: nh3, unit: mg/L, every: 10m, range: [0, 100]}
      - {pollutant: do, unit: mg/L, every: 10m, range: [0, 20]}
  - id: S2
    mn: '2'
    name: {zh: 下, en: down}
    kind: river-section
    place: {zh: 下, en: down}
    at: [106.6, 29.1]
    approximate: true
    profile: '2017'
    parameters:
      - {pollutant: nh3, unit: mg/L, every: 10m, range: [0, 100]}
";
const POLLUTANTS: &str =
    "pollutants: [{code: nh3, name: {zh: 氨氮, en: ammonia}}, {code: do, name: {zh: 溶解氧, en: oxygen}}]";
const LIMITS: &str = "
tables:
  - standard: GB X
    title: {zh: 标准, en: standard}
    clause: 表1
    from: 2020-01-01
    confidence: V
    classes: [Ⅲ]
    rows:
      - {pollutant: nh3, unit: mg/L, most: [1.0]}
      - {pollutant: do, unit: mg/L, least: [5]}
";
const THRESHOLD: &str = "
rules:
  - id: class
    name: {zh: 超标, en: beyond}
    severity: warning
    cooling: 30m
    threshold: {pollutants: [nh3, do], class: own, for: 10m, clear_margin: 0.2, clear_for: 10m, worse: [2, 5]}
";
const SILENCE: &str = "
rules:
  - id: silence
    name: {zh: 缺数, en: silence}
    severity: notice
    missing: {after: 3x, clear_for: 10m}
";

fn registry() -> Arc<Registry> {
    let text = |path: &str| {
        Some(match path {
            "stations.yaml" => STATIONS.to_owned(),
            "pollutants.yaml" => POLLUTANTS.to_owned(),
            _ => LIMITS.to_owned(),
        })
    };
    Arc::new(Registry::load("", &text).unwrap_or_else(|problems| panic!("{problems}")))
}

fn rules(text: &str) -> Rules {
    Rules::load("rules.yaml", text, Some(registry())).unwrap_or_else(|problems| panic!("{problems}"))
}

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

/// One system: rules, quality control, their memories.
struct House {
    rules: Rules,
    registry: Arc<Registry>,
    state: State,
    history: History,
}

impl House {
    fn with(text: &str) -> Self {
        Self { rules: rules(text), registry: registry(), state: State::default(), history: History::default() }
    }

    fn observation(station: &str, pollutant: &str, value: f64, minute: i64) -> Observation {
        Observation {
            station: station.into(),
            pollutant: pollutant.into(),
            kind: Kind::Real,
            value,
            unit: "mg/L".into(),
            flag: Flag::N,
            observed_at: at(minute),
            received_at: at(minute),
            source: Source::Http,
        }
    }

    fn take(&mut self, observation: Observation, now: i64) -> Vec<String> {
        let judged: Judged = Quality::default().judge(&self.registry, &mut self.history, observation, at(now));
        let outcomes = self.rules.step(&mut self.state, &judged, at(now));
        self.restart();
        told(&outcomes)
    }

    fn read(&mut self, pollutant: &str, value: f64, minute: i64) -> Vec<String> {
        self.take(Self::observation("S1", pollutant, value, minute), minute)
    }

    fn tick(&mut self, minute: i64) -> Vec<String> {
        let outcomes = self.rules.tick(&mut self.state, at(minute));
        self.restart();
        told(&outcomes)
    }

    /// Every step survives a restart: the state goes out and comes back.
    fn restart(&mut self) {
        let written = serde_json::to_string(&self.state).unwrap();
        let back: State = serde_json::from_str(&written).unwrap();
        assert_eq!(back, self.state);
        self.state = back;
    }

    fn why(&self, pollutant: &str, minute: i64) -> (WhyNot, String) {
        let first = self.rules.explain(&self.state, "S1", pollutant, at(minute)).remove(0);
        (first.why, first.words.en)
    }
}

fn told(outcomes: &[Outcome]) -> Vec<String> {
    let tell = |outcome: &Outcome| {
        let what = match outcome {
            Outcome::Raised(_) => "raised",
            Outcome::Worse(_) => "worse",
            Outcome::Cleared(_) => "cleared",
        };
        let alarm = outcome.alarm();
        format!("{what} {} since {}", alarm.place, (alarm.start - at(0)).num_minutes())
    };
    outcomes.iter().map(tell).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_limit_must_be_broken_for_long_enough_and_kept_for_long_enough() {
    let mut house = House::with(THRESHOLD);
    assert_eq!(house.read("nh3", 0.5, 0), NOTHING);
    assert_eq!(house.read("nh3", 1.5, 5), NOTHING);
    assert_eq!(house.why("nh3", 8), (WhyNot::Duration, "not for long enough: 0 minutes of 10 minutes".into()));
    assert_eq!(house.read("nh3", 1.5, 10), NOTHING);
    assert_eq!(house.read("nh3", 1.5, 15), ["raised S1 since 5"]);
    assert_eq!(house.why("nh3", 16).0, WhyNot::Open);
    assert_eq!(house.read("nh3", 2.5, 20), ["worse S1 since 5"]);
    assert_eq!(house.read("nh3", 2.5, 21), NOTHING, "a level is told once");
    assert_eq!(house.read("nh3", 6.0, 22), ["worse S1 since 5"]);
    assert_eq!(house.read("nh3", 0.9, 30), NOTHING, "below the limit is not yet below the clear level");
    assert_eq!(house.read("nh3", 0.7, 40), NOTHING);
    assert_eq!(house.read("nh3", 0.7, 50), ["cleared S1 since 5"]);
    assert_eq!(house.why("nh3", 55).0, WhyNot::Cooling);
    assert_eq!(house.read("nh3", 1.5, 60), NOTHING);
    assert_eq!(house.read("nh3", 1.5, 75), NOTHING, "cooling off");
    assert_eq!(house.read("nh3", 1.5, 80), ["raised S1 since 60"]);
}

#[test]
fn oxygen_alarms_below_and_a_second_pollutant_opens_no_second_alarm() {
    let mut house = House::with(THRESHOLD);
    house.read("nh3", 1.5, 0);
    assert_eq!(house.read("nh3", 1.5, 10), ["raised S1 since 0"]);
    house.read("do", 4.0, 10);
    assert_eq!(house.read("do", 4.0, 20), ["worse S1 since 0"]);
    house.read("nh3", 0.1, 30);
    assert_eq!(house.read("nh3", 0.1, 40), NOTHING, "oxygen is still too low");
    house.read("do", 8.0, 50);
    assert_eq!(house.read("do", 8.0, 60), ["cleared S1 since 0"]);
}

#[test]
fn flapping_at_the_limit_is_one_alarm() {
    let mut house = House::with(THRESHOLD);
    let mut all = Vec::new();
    for minute in 0..600 {
        let value = if minute < 20 || minute % 7 < 4 { 1.05 } else { 0.95 };
        all.extend(house.read("nh3", value, minute));
    }
    assert_eq!(all, ["raised S1 since 0"]);
}

#[test]
fn duplicates_late_and_back_filled_readings_change_no_alarm_of_now() {
    let mut house = House::with(THRESHOLD);
    house.read("nh3", 1.5, 0);
    house.read("nh3", 1.5, 10);
    let before = house.state.clone();
    assert_eq!(house.read("nh3", 1.5, 10), NOTHING, "again");
    assert_eq!(house.take(House::observation("S1", "nh3", 0.1, 5), 12), NOTHING, "out of order");
    assert_eq!(before, house.state);
    // A link that was down for five hours brings what it kept.
    let mut house = House::with(THRESHOLD);
    for minute in [0, 10, 20, 30] {
        assert_eq!(house.take(House::observation("S1", "nh3", 3.0, minute), 300), NOTHING, "back-filled");
    }
    let (why, words) = house.why("nh3", 300);
    assert_eq!(why, WhyNot::Late);
    assert!(words.contains("back-filled"), "{words}");
    assert_eq!(house.read("nh3", 3.0, 301), ["raised S1 since 0"], "what lasts until now is an alarm of now");
}

#[test]
fn what_is_not_good_raises_nothing_and_says_so() {
    let mut house = House::with(THRESHOLD);
    for minute in [0, 20, 40] {
        let mut observation = House::observation("S1", "nh3", 9.0, minute);
        observation.flag = Flag::M;
        assert_eq!(house.take(observation, minute), NOTHING);
    }
    let (why, words) = house.why("nh3", 41);
    assert_eq!((why, words.contains("flag M")), (WhyNot::Quality, true), "{words}");
    let mut infinite = House::observation("S1", "nh3", f64::INFINITY, 50);
    infinite.flag = Flag::N;
    assert_eq!(house.take(infinite, 50), NOTHING);
    // The same without quality control before it.
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let judged = Judged::unexamined(House::observation("S1", "nh3", value, 60));
        assert!(house.rules.step(&mut house.state, &judged, at(60)).is_empty());
    }
    let eight = 24 * 60 + 10;
    assert_eq!(house.read("nh3", 9.0, eight), NOTHING);
    assert_eq!(house.why("nh3", eight).0, WhyNot::Maintenance);
}

#[test]
fn every_other_silence_of_a_rule_is_explained() {
    let mut house = House::with(THRESHOLD);
    assert_eq!(house.why("nh3", 0).0, WhyNot::NoReading);
    house.read("nh3", 0.5, 0);
    let (why, words) = house.why("nh3", 1);
    assert_eq!((why, words.as_str()), (WhyNot::Within, "the last reading 0.5 keeps the limit ≤ 1 (GB X 表1 Ⅲ)"));
    assert_eq!(house.why("unknown", 1).0, WhyNot::NotApplicable);
    let second = house.rules.explain(&house.state, "S2", "nh3", at(0)).remove(0);
    assert_eq!(second.why, WhyNot::NoLimit, "S2 has no class: {}", second.words.en);
}

#[test]
fn silence_alarms_at_its_time_without_the_station_coming_back() {
    let mut house = House::with(SILENCE);
    assert_eq!(house.rules.next_due(&house.state), None);
    house.tick(0);
    assert_eq!(house.rules.next_due(&house.state), Some(at(30)));
    for minute in (0..=60).step_by(10) {
        assert_eq!(house.read("do", 8.0, minute), NOTHING);
        assert_eq!(house.take(House::observation("S2", "nh3", 0.1, minute), minute), NOTHING);
    }
    // S1's ammonia never spoke: a dead channel behind a living station.
    assert_eq!(house.tick(29), NOTHING);
    assert_eq!(house.tick(60), ["raised S1 since 0"]);
    assert_eq!(house.tick(61), NOTHING);
    // The link dies altogether: one alarm a station, not one a pollutant.
    assert_eq!(house.rules.next_due(&house.state), Some(at(90)));
    assert_eq!(house.tick(90), ["raised S2 since 60"]);
    assert_eq!(house.tick(500), NOTHING);
    // Back-filled readings are not the station speaking again.
    assert_eq!(house.take(House::observation("S2", "nh3", 0.1, 100), 501), NOTHING);
    assert_eq!(house.state.open().count(), 2);
    // It is over when everything was back for long enough, also by the clock alone.
    assert_eq!(house.take(House::observation("S2", "nh3", 0.1, 501), 501), NOTHING);
    assert_eq!(house.rules.next_due(&house.state), Some(at(511)));
    assert_eq!(house.tick(511), ["cleared S2 since 60"]);
}

#[test]
fn maintenance_keeps_silence_quiet_until_it_ends() {
    let mut house = House::with(SILENCE);
    let day = 24 * 60;
    house.take(House::observation("S2", "nh3", 0.1, day + 10), day + 10);
    house.read("nh3", 0.1, day - 10);
    house.read("do", 8.0, day - 10);
    assert_eq!(house.tick(day + 20), NOTHING, "S1 is being worked on from 0 to 4 o'clock UTC");
    assert_eq!(house.why("nh3", day + 20).0, WhyNot::Maintenance);
    house.take(House::observation("S2", "nh3", 0.1, day + 235), day + 235);
    assert_eq!(house.rules.next_due(&house.state), Some(at(day + 240)));
    assert_eq!(house.tick(day + 240).len(), 1);
}

#[test]
fn a_rise_within_the_window_alarms() {
    let mut house = House::with(
        "
rules:
  - id: jump
    name: {zh: 突升, en: jump}
    severity: severe
    stations: [S1]
    rate: {pollutants: [nh3], rise: 1.0, within: 30m, for: 0m, clear_for: 10m}
",
    );
    assert_eq!(house.read("nh3", 0.2, 0), NOTHING);
    assert_eq!(house.read("nh3", 0.9, 20), NOTHING);
    assert_eq!(house.read("nh3", 1.3, 29), ["raised S1 since 29"]);
    assert_eq!(house.read("nh3", 1.3, 70), NOTHING);
    assert_eq!(house.read("nh3", 1.3, 80), ["cleared S1 since 29"]);
    assert_eq!(house.read("nh3", 0.0, 85), NOTHING, "a fall is not asked for");
}

#[test]
fn what_arrives_below_must_have_passed_above() {
    let mut house = House::with(
        "
rules:
  - id: agree
    name: {zh: 一致, en: agree}
    severity: notice
    agreement: {pollutant: nh3, upstream: S1, downstream: S2, earliest: 1h, latest: 3h, tolerance: 0.3, for: 10m, clear_for: 10m}
",
    );
    let below = |house: &mut House, value, minute| house.take(House::observation("S2", "nh3", value, minute), minute);
    assert_eq!(below(&mut house, 2.0, 0), NOTHING, "nothing is known of upstream");
    for minute in 0..60 {
        house.read("nh3", if minute < 30 { 0.5 } else { 2.0 }, minute);
    }
    assert_eq!(below(&mut house, 2.2, 120), NOTHING, "the wave of the last hour arrives");
    assert_eq!(below(&mut house, 2.6, 130), NOTHING);
    assert_eq!(below(&mut house, 2.6, 140), ["raised S2 since 130"]);
    below(&mut house, 1.0, 150);
    assert_eq!(below(&mut house, 1.0, 160), ["cleared S2 since 130"]);
}

const ANOMALY: &str = "
rules:
  - id: odd
    name: {zh: 异常, en: odd}
    severity: warning
    stations: [S1]
    anomaly:
      recent: 3m
      gap: 5m
      window: 60m
      least_readings: 20
      combine: 2
      for: 2m
      clear_below: 0.7
      clear_for: 3m
      hold: 3h
      parameters: {nh3: {change: 1.0, sigmas: 3}, do: {change: 2.0, direction: down}}
";

fn minute_by_minute(house: &mut House, from: i64, until: i64, nh3: f64, oxygen: f64) -> Vec<String> {
    (from..until)
        .flat_map(|minute| {
            let mut said = house.read("nh3", nh3, minute);
            said.extend(house.read("do", oxygen, minute));
            said
        })
        .collect()
}

#[test]
fn several_small_changes_together_are_an_anomaly_and_one_alone_is_none() {
    let mut house = House::with(ANOMALY);
    assert_eq!(house.why("nh3", 0).0, WhyNot::NoReading);
    assert_eq!(minute_by_minute(&mut house, 0, 10, 0.5, 8.0), NOTHING);
    assert_eq!(house.why("nh3", 10).0, WhyNot::History);
    assert_eq!(minute_by_minute(&mut house, 10, 100, 0.5, 8.0), NOTHING);
    assert_eq!(house.why("nh3", 100).0, WhyNot::Within);
    assert_eq!(minute_by_minute(&mut house, 100, 110, 1.3, 8.0), NOTHING, "0.8 of a change");
    assert_eq!(minute_by_minute(&mut house, 110, 180, 0.5, 8.0), NOTHING);
    let said = minute_by_minute(&mut house, 180, 200, 1.3, 6.4);
    assert_eq!(said.len(), 1, "0.8 of a change in both: {said:?}");
    assert!(said[0].starts_with("raised S1 since 18"), "{said:?}");
    let said = minute_by_minute(&mut house, 200, 300, 0.5, 8.0);
    assert_eq!(said.len(), 1, "its end, and no second event from the way back: {said:?}");
    assert!(said[0].starts_with("cleared"), "{said:?}");
}

#[test]
fn a_level_that_stays_is_the_usual_one_after_a_while() {
    let mut house = House::with(ANOMALY);
    minute_by_minute(&mut house, 0, 100, 0.5, 8.0);
    let said = minute_by_minute(&mut house, 100, 600, 3.5, 8.0);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("raised") && said[1].starts_with("cleared"), "{said:?}");
}

#[test]
fn a_rule_that_is_withdrawn_ends_its_alarms() {
    let mut house = House::with(THRESHOLD);
    house.read("nh3", 1.5, 0);
    house.read("nh3", 1.5, 10);
    let outcomes = rules(SILENCE).adopt(&mut house.state, at(20));
    assert_eq!(told(&outcomes), ["cleared S1 since 0"]);
    assert_eq!(house.state.open().count(), 0);
}

#[test]
fn mistakes_are_named_by_line_and_field_and_no_rule_is_loaded() {
    for (from, to, expected) in [
        ("for: 10m", "for: ten", "class: for: `ten` is no length of time"),
        ("class: own", "class: Ⅵ", "class: class: no table limits nh3"),
        ("class: own", "above: .inf", "class: above"),
        ("class: own", "above: 1, below: 2", "class: below: 2 is not below 1"),
        ("class: own, ", "", "does not say what the limit is"),
        ("[nh3, do]", "[nh3, foo]", "foo is unknown"),
        ("[nh3, do]", "[]", "no pollutant is named"),
        ("worse: [2, 5]", "worse: [5, 2]", "2 is not above 5"),
        ("clear_margin: 0.2", "clear_margin: 2", "class: clear_margin"),
        ("severity: warning", "severity: awful", "shape"),
        ("threshold:", "treshold:", "shape"),
        ("    cooling: 30m", "    stations: [S9]", "S9 is unknown"),
        ("    cooling: 30m", "    missing: {after: 3x, clear_for: 1m}", "has 2 blocks"),
    ] {
        assert!(THRESHOLD.contains(from), "{from}");
        let text = THRESHOLD.replacen(from, to, 1);
        let said = Rules::load("r.yaml", &text, Some(registry())).map(|_| ()).unwrap_err().to_string();
        let line = said.lines().find(|line| line.contains(expected)).unwrap_or_else(|| panic!("{expected}: {said}"));
        let number: u64 = line.strip_prefix("r.yaml:").and_then(|l| l.split(':').next()?.parse().ok()).unwrap();
        assert!((2..=7).contains(&number) && line.contains("expected: "), "{line}");
    }
    let said = Rules::load("r.yaml", THRESHOLD, None).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("needs limits"), "{said}");
    let daily = THRESHOLD.replace("class: own", "class: 二级/24h");
    assert!(Rules::load("r.yaml", &daily, Some(registry())).is_err());
}

#[test]
fn any_text_is_read_or_refused_and_never_more() {
    use rand::{RngExt as _, SeedableRng as _};
    let seed: u64 = 99;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let whole = format!("{THRESHOLD}{}", ANOMALY.replace("rules:\n", ""));
    for round in 0..harness::size(400, 2_000) {
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..random.random_range(1..6) {
            let place = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes[place] = random.random_range(32..127),
                1 => drop(bytes.remove(place)),
                _ => bytes.insert(place, b"0-:.,[]{}&* \n"[random.random_range(0..13)]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(problems) = Rules::load("r.yaml", &text, Some(registry())) {
            assert!(!problems.0.is_empty(), "seed {seed}, round {round}: refused without a word\n{text}");
        }
    }
}
