//! The incident is proved, on assumptions that are said, and every way of weakening it is found.
use crate::house;

use huiyin_chart::definition::LimitStatus;
use huiyin_check::{Report, check};

/// The incident workflow with some text replaced, checked against the names of the district.
fn incident(changes: &[(&str, &str)]) -> Report {
    let mut text = house::read("incident.yaml").unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "incident.yaml no longer says `{from}`");
        text = text.replacen(from, to, 1);
    }
    let definition = house::load("incident.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    check(&definition, &house::names())
}

fn said(changes: &[(&str, &str)], code: &str) -> String {
    let report = incident(changes);
    let found = report.problems.iter().find(|problem| problem.code == code);
    found.unwrap_or_else(|| panic!("no `{code}` was found: {report}")).to_string()
}

#[test]
fn an_incident_and_its_tasks_are_proved() {
    for name in ["incident.yaml", "incident-task.yaml"] {
        let definition = house::load(name, &house::read(name).unwrap()).unwrap_or_else(|problems| panic!("{problems}"));
        let report = check(&definition, &house::names());
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn it_assumes_no_more_than_what_was_not_read_at_its_source() {
    let report = incident(&[]);
    let allowed = ["部令第17号", "部令第32号", "环应急〔2020〕28号", "calendar"];
    for each in &report.assumptions {
        assert!(allowed.iter().any(|word| each.contains(word)), "taken on trust: {each}");
    }
}

#[test]
fn every_legal_clock_names_its_article_and_how_sure_it_is() {
    let definition = house::load("incident.yaml", &house::read("incident.yaml").unwrap()).unwrap();
    let limits = definition.clocks.iter().filter_map(|clock| Some((clock.name.as_str(), clock.limit.as_ref()?)));
    let mut verified = Vec::new();
    for (name, limit) in limits {
        assert!(limit.basis.contains('第') || limit.basis.contains('号'), "{name}: {}", limit.basis);
        if limit.status == LimitStatus::Verified {
            verified.push(name);
        }
    }
    verified.sort_unstable();
    assert_eq!(verified, ["city", "radiation_report", "radiation_state"]);
}

#[test]
fn a_ladder_of_the_alarm_that_ends_in_silence_is_refused() {
    let repeat = "      - {repeat: 10 minutes, notify: [unit:duty-desk, unit:emergency-office, unit:emergency-command, role:bureau-head], template: incident-late, urgent: true}\n";
    let changed = said(&[(repeat, "")], "silent-ladder");
    assert!(changed.contains("acknowledgement"), "{changed}");
}

#[test]
fn an_incident_that_nobody_looks_at_again_is_refused() {
    let changed = said(&[("starts: [{entered: live}, {event: situation}]", "starts: {event: situation}")], "no-clock");
    assert!(changed.contains("without a running clock"), "{changed}");
}

#[test]
fn a_way_round_the_approval_of_a_dismissal_is_refused() {
    let change = ("                  false.propose: dismissing", "                  false.propose: \"#false_alarm\"");
    let report = incident(&[change]);
    assert!(!report.passed(), "{report}");
}

#[test]
fn a_way_to_the_end_without_a_report_is_refused() {
    let change = ("response.end: {guard: \"in_state('informed')\", target", "response.end: {target");
    assert!(said(&[change], "target").contains("informed"));
}

#[test]
fn a_warning_that_issues_itself_is_refused() {
    for change in [
        ("warning.ask: {target: asked, actions", "warning.ask: {target: issued, actions"),
        ("warning.approve: {target: approved, actions", "warning.approve: {target: issued, actions"),
        ("warning.ask: {target: changing, actions", "warning.ask: {target: changed, actions"),
    ] {
        assert!(!incident(&[change]).passed(), "{change:?}");
    }
}
