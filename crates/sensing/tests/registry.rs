//! The shipped stations, pollutants and limits of Qijiang; and what is refused by file, line and field.
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_sensing::doors::Config;
use huiyin_sensing::registry::{Bound, Confidence, FILES, Registry, StationKind};
use huiyin_sensing::rules::Rules;

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/sensing");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The shipped registry with one text of one file exchanged.
fn with(name: &str, from: &str, to: &str) -> Result<Registry, String> {
    assert!(from.is_empty() || file(name).contains(from), "{from} is not in {name}");
    let text = |path: &str| {
        let text = file(path);
        Some(if path == name && !from.is_empty() { text.replacen(from, to, 1) } else { text })
    };
    Registry::load("", &text).map_err(|problems| problems.to_string())
}

fn shipped() -> Registry {
    with(FILES[0], "", "").unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_shipped_files_of_doors_read_and_name_registered_stations() {
    for name in ["doors.demo.yaml", "doors.example.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let doors = Config::read(&text, &shipped()).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert!(doors.hj212.is_some(), "{name}");
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn the_five_sections_stand_where_the_network_has_them() {
    let registry = shipped();
    let places = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/water/places.yaml"),
    )
    .unwrap();
    for id in ["S1", "S2", "S3", "S4", "S5"] {
        let station = registry.station(id).unwrap();
        assert_eq!(station.kind, StationKind::RiverSection);
        let on = station.on.as_ref().unwrap();
        assert!(places.contains(&format!("on: {{reach: {}, at_m: {}}}", on.reach, on.at_m)), "{id}");
        assert!(places.contains(&station.name.zh), "{id}");
    }
    assert!(registry.stations().iter().all(|station| station.approximate), "nobody surveyed any");
    assert_eq!(registry.by_mn("500110000000000000003101").unwrap().id, "G1");
    for kind in [StationKind::Air, StationKind::Gas, StationKind::WasteWaterOutlet] {
        assert!(registry.stations().iter().any(|station| station.kind == kind), "{kind:?}");
    }
}

#[test]
fn oxygen_is_bad_below_and_ph_on_both_sides() {
    let registry = shipped();
    let limit = |pollutant, class| registry.limit(pollutant, class, at("2026-05-01T00:00:00Z")).unwrap();
    let oxygen = limit("w01009", "Ⅲ");
    assert_eq!(
        (oxygen.bound, oxygen.standard.as_str(), oxygen.unit.as_str()),
        (Bound::AtLeast(5.0), "GB 3838-2002", "mg/L")
    );
    assert!(oxygen.bound.broken_by(4.9) && !oxygen.bound.broken_by(5.0));
    let ph = limit("w01001", "Ⅲ").bound;
    assert!(ph.broken_by(5.9) && ph.broken_by(9.1) && !ph.broken_by(6.0) && !ph.broken_by(9.0));
    assert_eq!(limit("w21011", "Ⅲ").bound, Bound::AtMost(0.2));
    assert_eq!(limit("w21011", "湖库Ⅲ").bound, Bound::AtMost(0.05));
    assert_eq!(limit("w21003", "一级A").bound, Bound::AtMost(5.0));
    assert!(registry.limit("w21001", "Ⅲ", at("2026-05-01T00:00:00Z")).is_none(), "total nitrogen is for lakes only");
}

#[test]
fn limits_change_with_the_day_in_beijing() {
    let registry = shipped();
    let most = |pollutant, class, time| match registry.limit(pollutant, class, at(time)).map(|limit| limit.bound) {
        Some(Bound::AtMost(most)) => most,
        other => panic!("{other:?}"),
    };
    for (time, expected) in [
        ("2026-02-28T15:59:59Z", 75.0),
        ("2026-02-28T16:00:00Z", 60.0),
        ("2030-12-31T15:59:59Z", 60.0),
        ("2030-12-31T16:00:00Z", 50.0),
    ] {
        assert_eq!(most("a34004", "二级/24h", time), expected, "{time}");
    }
    assert_eq!(most("LA", "2类", "2026-05-01T00:00:00Z"), 60.0, "eight in the morning");
    assert_eq!(most("LA", "2类", "2026-05-01T14:00:00Z"), 50.0, "ten in the evening");
    let of_2026 = registry.limit("a34002", "二级/24h", at("2026-05-01T00:00:00Z")).unwrap();
    assert_eq!(of_2026.confidence, Confidence::V2);
    assert!(of_2026.remark.is_some(), "sources disagree, and the limit says so");
}

#[test]
fn mistakes_are_named_by_file_line_and_field_and_nothing_is_loaded() {
    for (name, from, to, expected) in [
        ("stations.yaml", "pollutant: w21003", "pollutant: w99999", "S1/w99999: pollutant: w99999 is unknown"),
        ("stations.yaml", "class: Ⅲ", "class: Ⅵ", "S1: class"),
        ("stations.yaml", "id: S2", "id: S1", "S1 is there twice"),
        ("stations.yaml", "range: [0, 14]", "range: [14, 0]", "S1/w01001: range"),
        ("stations.yaml", "every: 4h", "every: often", "often is no length of time"),
        ("stations.yaml", "at: [106.615, 29.055]", "at: [29.055, 106.615]", "S1: at"),
        ("stations.yaml", "spike: 1,", "spike: .nan,", "S1/w01001: spike"),
        ("stations.yaml", "    approximate: true", "    aproximate: true", "aproximate"),
        ("pollutants.yaml", "code: w01003", "code: w01002", "w01002 is there twice"),
        ("limits.yaml", "most: [2, 4, 6, 10, 15]", "most: [2, 4, 6, 10]", "4 figures for 5 classes"),
        ("limits.yaml", "until: 2026-02-28", "until: 2026-03-01", "GB 3095-2012 counts at the same time"),
        ("limits.yaml", "least: [7.5, 6, 5, 3, 2]", "least: [7.5, 6, .inf, 3, 2]", "w01009: least"),
    ] {
        let said = with(name, from, to).map(|_| ()).expect_err(expected);
        let line = said.lines().find(|line| line.contains(expected)).unwrap_or_else(|| panic!("{expected}: {said}"));
        let number: u64 =
            line.strip_prefix(&format!("{name}:")).and_then(|l| l.split(':').next()?.parse().ok()).unwrap();
        assert!(number > 0 && line.contains("expected: "), "{line}");
    }
    let missing = Registry::load("x", &|_| None).unwrap_err();
    assert_eq!(missing.0.len(), 3);
}

#[test]
fn the_shipped_rules_are_whole() {
    let registry = Arc::new(shipped());
    let rules = Rules::load("rules.yaml", &file("rules.yaml"), Some(registry)).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(rules.rules().len(), 7);
}
