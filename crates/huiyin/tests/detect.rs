//! `huiyin detect` from the command line: alarms as JSON, bad rows named and skipped, mistakes of rules with their line.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn detect(series: &Path, rules: &Path, format: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_huiyin"))
        .arg("detect")
        .arg(series)
        .arg("--rules")
        .arg(rules)
        .args(["--format", format])
        .output()
        .unwrap()
}

const RULES: &str = "
rules:
  - id: high
    name: {zh: 偏高, en: high}
    severity: warning
    threshold: {pollutants: [nh3], above: 1.0, for: 2m, clear_for: 2m}
";

fn folder(series: &str, rules: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("series.csv"), folder.path().join("rules.yaml"));
    std::fs::write(&a, series).unwrap();
    std::fs::write(&b, rules).unwrap();
    (folder, a, b)
}

#[test]
fn alarms_and_skipped_rows_come_as_json() {
    let mut series = "time,nh3,EVENT\n".to_owned();
    for minute in 0..20 {
        let value = if (5..12).contains(&minute) { 2.0 } else { 0.5 };
        let _ = writeln!(series, "2026-03-01 08:{minute:02}:00,{value},False");
    }
    series.push_str("yesterday,0.5,False\n2026-03-01 08:21:00,inf,False\n2026-03-01 08:22:00,,False\nshort\n");
    let (_folder, series, rules) = folder(&series, RULES);
    let output = detect(&series, &rules, "json");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["alarms"].as_array().unwrap().len(), 1, "{said}");
    let alarm = &said["alarms"][0];
    assert_eq!(alarm["rule"], "high");
    assert_eq!(alarm["start"], "2026-03-01 08:05:00");
    assert_eq!(alarm["end"], "2026-03-01 08:14:00");
    assert_eq!(alarm["parameters"][0], "nh3");
    assert_eq!(alarm["severity"], "warning");
    assert!(alarm["reason"]["zh"].is_string() && alarm["reason"]["en"].is_string());
    assert_eq!(said["readings"], 20);
    let lines: Vec<u64> = said["skipped"].as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [22, 23, 25]);
}

#[test]
fn people_get_a_table() {
    let (_folder, series, rules) = folder("time,nh3\n2026-03-01T08:00:00Z,2\n2026-03-01T08:05:00Z,3\n", RULES);
    let output = detect(&series, &rules, "text");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("仍在持续") && said.contains("2026-03-01T16:00:00+08:00"), "{said}");
}

#[test]
fn a_mistake_in_the_rules_is_named_with_its_line() {
    let (_folder, series, rules) = folder("time,nh3\n", &RULES.replace("for: 2m, clear", "for: soon, clear"));
    let output = detect(&series, &rules, "json");
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("rules.yaml:6") && said.contains("high: for") && said.contains("10m"), "{said}");
}

#[test]
fn a_series_without_the_columns_is_refused_by_name() {
    let (_folder, series, rules) = folder("when,nh3\n", RULES);
    let said = String::from_utf8(detect(&series, &rules, "json").stderr).unwrap();
    assert!(said.contains("no column Time or time") && said.contains("when, nh3"), "{said}");
    let (_folder, series, rules) = folder("time,temperature\n", RULES);
    let said = String::from_utf8(detect(&series, &rules, "json").stderr).unwrap();
    assert!(said.contains("no column that a rule names"), "{said}");
}

#[test]
fn the_public_series_runs_compressed_with_the_shipped_rules() {
    let shared = std::env::var_os("HUIYIN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let series = shared.join("data/water_quality_gecco2018.csv.gz");
    if !series.is_file() {
        eprintln!("skipped: {} is not there", series.display());
        return;
    }
    let rules = root().join("workflows/districts/qijiang/sensing/drinking-water.yaml");
    let output = detect(&series, &rules, "json");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["skipped"].as_array().unwrap().is_empty(), "{}", said["skipped"]);
    assert!(said["alarms"].as_array().unwrap().len() > 10);
}

#[test]
fn rules_of_the_district_find_what_lies_beside_them() {
    let (_folder, series, _) = folder("time,w21003\n2026-03-01T00:00:00Z,0.2\n", RULES);
    let rules = root().join("workflows/districts/qijiang/sensing/rules.yaml");
    let output = detect(&series, &rules, "json");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
