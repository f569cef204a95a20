//! The activation of a source's plan is proved, and every way of weakening it is found.
use crate::house;

use huiyin_check::{Report, check};

/// The workflow with some text replaced, checked against the names of the district.
fn activation(changes: &[(&str, &str)]) -> Report {
    let mut text = house::read("activation.yaml").unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "activation.yaml no longer says `{from}`");
        text = text.replacen(from, to, 1);
    }
    let definition = house::load("activation.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    check(&definition, &house::names())
}

fn codes(change: (&str, &str)) -> Vec<String> {
    activation(&[change]).problems.iter().map(|problem| problem.code.to_owned()).collect()
}

#[test]
fn it_is_proved_and_rests_on_no_article() {
    let report = activation(&[]);
    assert!(report.passed(), "{report}");
    assert!(report.assumptions.iter().all(|each| each.contains("calendar")), "{:?}", report.assumptions);
}

#[test]
fn a_proposal_that_waits_in_silence_is_refused() {
    let repeat = "      - {repeat: 10 minutes, notify: [role:emergency, unit:emergency-command, role:bureau-head], template: incident-late, urgent: true}\n";
    assert!(codes((repeat, "")).contains(&"silent-ladder".to_owned()));
}

#[test]
fn a_way_to_the_tasks_round_the_decision_is_refused() {
    let arrival = "      decline: {target: declined";
    let round = "      task.done: acting\n      decline: {target: declined";
    assert!(codes((arrival, round)).contains(&"target".to_owned()));
}

#[test]
fn a_way_to_the_end_without_lessons_is_refused() {
    let change = ("section.clean: {target: summing_up", "section.clean: {target: ended");
    assert!(!activation(&[change]).passed());
}

#[test]
fn a_refusal_that_nobody_looks_at_again_and_water_that_nobody_samples_are_refused() {
    let refusal = ("    starts: [{entered: declined}, {event: decline.keep}]", "    starts: {event: decline.keep}");
    assert!(codes(refusal).contains(&"no-clock".to_owned()));
    let samples = ("    starts: [{entered: acting}, {event: sample}]", "    starts: {event: sample}");
    assert!(codes(samples).contains(&"no-clock".to_owned()));
}
