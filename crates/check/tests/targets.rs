//! 交办率 is proved when nobody acts, and every way of breaking it is found.

use std::path::{Path, PathBuf};

use huiyin_check::{Names, Report, check};

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

/// The petition workflow with some text replaced, checked.
fn petition(changes: &[(&str, &str)]) -> Report {
    let mut text = std::fs::read_to_string(workflows().join("petition.yaml")).expect("petition.yaml");
    for (from, to) in changes {
        assert!(text.contains(from), "petition.yaml no longer says `{from}`");
        text = text.replacen(from, to, 1);
    }
    let beside = |other: &str| std::fs::read_to_string(workflows().join(other)).ok();
    let def = huiyin_chart::load("petition.yaml", &text, &beside).unwrap_or_else(|problems| panic!("{problems}"));
    check(&def, &Names::default())
}

fn broken_target(changes: &[(&str, &str)]) -> String {
    let report = petition(changes);
    let found = report.problems.iter().find(|problem| problem.code == "target");
    let problem = found.unwrap_or_else(|| panic!("not found: {report}"));
    assert!(problem.place.line > 0 && !problem.cure.is_empty());
    problem.to_string()
}

#[test]
fn a_petition_is_assigned_in_time_even_if_nobody_acts() {
    let report = petition(&[]);
    assert!(report.passed(), "{report}");
    assert!(!report.assumptions.iter().any(|each| each.contains("交办率")), "{report}");
}

#[test]
fn a_ladder_that_forces_nothing_breaks_it() {
    let said = broken_target(&[(
        "{at: due, raise: assign.forced}",
        "{at: due, notify: [role:dispatcher], template: clock-overdue}",
    )]);
    assert!(said.contains("no clock surely runs"), "{said}");
}

#[test]
fn a_force_that_depends_on_a_condition_breaks_it() {
    let change = (
        "assign.forced: {target: \"#at_duty_desk\"",
        "assign.forced: {guard: data.returns < 1, target: \"#at_duty_desk\"",
    );
    let said = broken_target(&[change]);
    assert!(said.contains("`assignment` raises `assign.forced`, which does not surely lead there"), "{said}");
}

#[test]
fn a_force_that_comes_too_late_breaks_it() {
    let said = broken_target(&[("{at: due, raise: assign.forced", "{at: due + 1 working day, raise: assign.forced")]);
    assert!(said.contains("within 1 working day"), "{said}");
}

#[test]
fn a_longer_time_of_the_clock_breaks_it() {
    let clock = "counts_as: assignment\n    within: 1 working day";
    broken_target(&[(clock, &clock.replace("1 working day", "2 working days"))]);
}

#[test]
fn a_clock_that_starts_only_sometimes_breaks_it() {
    let clock = "within: 1 working day\n    starts: {entered: registered}";
    let when = "within: 1 working day\n    starts: {entered: registered, when: data.returns < 1}";
    broken_target(&[(clock, when)]);
}
