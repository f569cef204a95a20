//! A district of made-up stations, as many as asked: for what must hold at any size.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::fmt::Write as _;
use std::sync::Arc;

use huiyin_sensing::registry::Registry;

/// Pollutants of every station.
pub(crate) const POLLUTANTS: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];

/// Rules that hear everything: a class of one's own would need a table of limits.
pub(crate) const RULES: &str = "
rules:
  - {id: high, name: {zh: 高, en: high}, severity: warning, cooling: 30m,
     threshold: {pollutants: [p0, p1, p2, p3], above: 90, for: 0m, clear_margin: 0.1, clear_for: 0m, worse: [2, 5]}}
  - {id: rise, name: {zh: 升, en: rise}, severity: notice,
     rate: {pollutants: [p4, p5], rise: 60, within: 2h, for: 0m, clear_for: 1h}}
  - {id: silence, name: {zh: 缺, en: silence}, severity: notice, cooling: 30m, missing: {after: 3x, clear_for: 10m}}
  - {id: dead, name: {zh: 停, en: dead}, severity: notice, missing: {pollutants: [p0, p7], after: 5h, clear_for: 0m}}
";

/// So many stations `s0`, `s1`, …; every third has two windows of maintenance, `every` is the expected interval.
pub(crate) fn registry(stations: usize, every: &str) -> Arc<Registry> {
    let mut text = String::from("stations:\n");
    for n in 0..stations {
        let _ = writeln!(
            text,
            "  - id: s{n}\n    mn: 'M{n:023}'\n    name: {{zh: 站, en: station}}\n    kind: gas\n    \
             place: {{zh: 处, en: place}}\n    at: [106.6, 29.0]\n    approximate: true\n    profile: '2017'"
        );
        if n % 3 == 0 {
            let why = "why: {zh: 修, en: work}";
            let _ = writeln!(
                text,
                "    maintenance: [{{from: 2026-03-02T08:00:00+08:00, until: 2026-03-02T12:00:00+08:00, {why}}}, \
                 {{from: 2026-03-02T15:00:00+08:00, until: 2026-03-02T16:00:00+08:00, {why}}}]"
            );
        }
        text.push_str("    parameters:\n");
        for pollutant in POLLUTANTS {
            let _ = writeln!(text, "      - {{pollutant: {pollutant}, unit: mg/L, every: {every}, range: [0, 1000]}}");
        }
    }
    let mut pollutants = String::from("pollutants:\n");
    for pollutant in POLLUTANTS {
        let _ = writeln!(pollutants, "  - {{code: {pollutant}, name: {{zh: {pollutant}, en: {pollutant}}}}}");
    }
    let text = |path: &str| match path {
        "stations.yaml" => Some(text.clone()),
        "pollutants.yaml" => Some(pollutants.clone()),
        _ => Some("tables: []\n".to_owned()),
    };
    Arc::new(Registry::load("", &text).unwrap_or_else(|problems| panic!("{problems}")))
}
