//! What the proof knows of a case's data, and how it tells what it found: control fields exactly, other conditions as they
//! like, examples with dates, real or possible.
use crate::house;

use huiyin_check::{Certainty, Problem, Report, check};

/// A loan: `states` and more beside what every one of these needs.
fn loan(more: &str, states: &str) -> Report {
    let text = format!(
        "workflow: loan\nowner: unit:duty-desk\ninitial: a\n{more}\nevents:\n  \
         case.opened: {{title: 立案, by: [role:operator], form: {{type: object, additionalProperties: false, properties: {{}}}}}}\n  \
         go: {{title: 走, by: [role:operator]}}\n  back: {{title: 回, by: [role:operator]}}\nclocks:\n  c: {{within: 5 days, starts: {{entered: a}}, met_by: {{entered: z}}, \
         ladder: [{{at: due, notify: owner, template: clock-overdue}}, {{repeat: 1 day, notify: owner, template: clock-overdue}}]}}\n\
         states:\n{states}\n  z: {{type: final}}\n"
    );
    let definition = house::load("loan.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    check(&definition, &house::names())
}

const TRIES: &str = "data: {type: object, properties: {tries: {type: integer, minimum: 0, maximum: 2, default: 0}}}";

fn only(report: &Report) -> &Problem {
    assert_eq!(report.problems.len(), 1, "{report}");
    &report.problems[0]
}

fn codes(report: &Report) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_control_field_is_followed_so_that_what_cannot_happen_is_no_counter_example() {
    // After `go` tries is 1, so `b` is always left at once; without following it a case could wait there.
    let states = "  a: {on: {go: {target: b, actions: [{set: {tries: 1}}]}}}\n  \
                  b: {always: [{guard: data.tries == 1, target: z}, {guard: data.tries == 0, target: b2}, {guard: data.tries == 2, target: b2}]}\n  \
                  b2: {on: {go: z}}";
    let report = loan(TRIES, states);
    let problem = only(&report);
    assert_eq!((problem.code, problem.state.as_deref()), ("unreachable", Some("b2")), "{report}");
}

#[test]
fn an_inverted_condition_on_a_control_field_makes_a_state_unreachable() {
    let states = |guard: &str| {
        format!(
            "  a: {{on: {{go: [{{guard: \"{guard}\", target: once, actions: [{{set: {{tries: 1}}}}]}}, {{target: z}}]}}}}\n  once: {{on: {{back: a}}}}"
        )
    };
    assert!(loan(TRIES, &states("data.tries < 1")).passed());
    let report = loan(TRIES, &states("!(data.tries < 1)"));
    assert_eq!(only(&report).state.as_deref(), Some("once"), "{report}");
}

#[test]
fn a_field_that_is_computed_is_no_control_field() {
    let states = "  a: {on: {go: {target: b, actions: [{set: {tries: data.tries + 3}}]}}}\n  \
                  b: {always: [{guard: data.tries == 0, target: z}, {guard: data.tries == 1, target: z}, {guard: data.tries == 2, target: z}]}";
    let report = loan(TRIES, states);
    assert!(codes(&report).contains(&"open-choice"), "{report}");
}

#[test]
fn an_example_is_told_with_dates_and_is_real_when_nothing_had_to_be_guessed() {
    // The clock is met by entering `b`, so nothing runs there any more.
    let text = "workflow: loan\nowner: unit:duty-desk\ninitial: a\nevents:\n  go: {title: 交接, by: [role:operator]}\n  end: {title: 了结, by: [role:operator]}\n\
                clocks:\n  c: {within: 5 days, starts: {entered: a}, met_by: {entered: b}, ladder: [{at: due, notify: owner, template: clock-overdue}, \
                {repeat: 1 day, notify: owner, template: clock-overdue}]}\nstates:\n  a: {on: {go: b}}\n  b: {title: 已交接, on: {end: z}}\n  z: {type: final}\n";
    let report = check(&house::load("loan.yaml", text).unwrap(), &house::names());
    let problem = only(&report);
    assert_eq!((problem.code, problem.certainty), ("no-clock", Some(Certainty::Real)), "{report}");
    let told: Vec<&str> = problem.story.iter().map(|line| line.zh.as_str()).collect();
    assert_eq!(told, ["立案", "角色 operator：交接", "停在“已交接”：没有期限在走，没有人会得到提醒"], "{report}");
    assert!(problem.story[0].at.ends_with("-02 09:00") && problem.story[1].at.ends_with(" 10:00"), "{report}");
}

#[test]
fn an_example_that_rests_on_what_cannot_be_known_is_possible() {
    let data = "data: {type: object, properties: {name: {type: string, maxLength: 9, default: ''}}}";
    let text = |guard: &str| {
        format!(
            "workflow: loan\nowner: unit:duty-desk\ninitial: a\n{data}\nevents:\n  go: {{title: 走, by: [role:operator]}}\n  end: {{title: 了, by: [role:operator]}}\n\
             clocks:\n  c: {{within: 5 days, starts: {{entered: a}}, met_by: {{entered: b}}, void_by: {{entered: z}}, ladder: [{{at: due, notify: owner, template: clock-overdue}}, \
             {{repeat: 1 day, notify: owner, template: clock-overdue}}]}}\nstates:\n  a: {{on: {{go: [{{guard: \"{guard}\", target: b}}, z]}}}}\n  b: {{on: {{end: z}}}}\n  z: {{type: final}}\n"
        )
    };
    let report = check(&house::load("loan.yaml", &text("data.name == 'x'")).unwrap(), &house::names());
    assert_eq!(only(&report).certainty, Some(Certainty::Possible), "{report}");
}

#[test]
fn a_choice_that_leaves_something_out_is_refused_and_one_that_covers_everything_is_not() {
    let states = |last: &str| {
        format!(
            "  a: {{on: {{go: [{{guard: data.tries == 0, target: b}}, {last}]}}}}\n  b: {{on: {{go: z, back: {{target: a, actions: [{{set: {{tries: 2}}}}]}}}}}}"
        )
    };
    assert!(loan(TRIES, &states("{guard: data.tries > 0, target: z}")).passed());
    assert!(loan(TRIES, &states("z")).passed());
    let report = loan(TRIES, &states("{guard: data.tries == 2, target: z}"));
    assert_eq!(only(&report).code, "open-choice", "{report}");
}

#[test]
fn the_office_may_not_promise_later_than_the_law() {
    let clock = |within: &str, law: &str| {
        let text = format!(
            "workflow: loan\nowner: unit:duty-desk\ninitial: a\nevents:\n  go: {{title: 走, by: [role:operator]}}\nclocks:\n  c: {{within: {within}, \
             limit: {{within: {law}, basis: 法 第一条, status: unverified}}, starts: {{entered: a}}, met_by: {{entered: z}}, ladder: [{{at: due, notify: owner, template: clock-overdue}}, \
             {{repeat: 1 day, notify: owner, template: clock-overdue}}]}}\nstates:\n  a: {{on: {{go: z}}}}\n  z: {{type: final}}\n"
        );
        check(&house::load("loan.yaml", &text).unwrap(), &house::names())
    };
    assert!(clock("5 days", "5 days").passed());
    assert_eq!(only(&clock("6 days", "5 days")).code, "later-than-law");
    // Five working days can take a fortnight around a long holiday; seven calendar days never do.
    let report = clock("5 working days", "10 days");
    assert!(only(&report).problem.contains("e.g. from 20"), "{report}");
    assert!(clock("5 working days", "30 days").passed());
    assert!(clock("5 days", "5 days").assumptions.iter().any(|said| said.contains("法 第一条 is unverified")));
}

#[test]
fn a_legal_date_does_not_move_by_giving_up_and_beginning_again() {
    let clock = |starts: &str| {
        let text = format!(
            "workflow: loan\nowner: unit:duty-desk\ninitial: a\nevents:\n  go: {{title: 走, by: [role:operator]}}\n  back: {{title: 回, by: [role:operator]}}\n  end: {{title: 了, by: [role:operator]}}\n\
             clocks:\n  c: {{restarts: true, limit: {{within: 5 days, basis: 法 第一条, status: verified}}, starts: {starts}, met_by: {{entered: z}}, void_by: {{entered: b}}, \
             ladder: [{{at: due, notify: owner, template: clock-overdue}}, {{repeat: 1 day, notify: owner, template: clock-overdue}}]}}\n  \
             d: {{restarts: true, within: 5 days, starts: {{entered: b}}, met_by: [{{entered: a}}, {{entered: z}}], ladder: [{{at: due, notify: owner, template: clock-overdue}}, {{repeat: 1 day, notify: owner, template: clock-overdue}}]}}\n\
             states:\n  a: {{on: {{go: b, end: z}}}}\n  b: {{on: {{back: a, end: z}}}}\n  z: {{type: final}}\n"
        );
        check(&house::load("loan.yaml", &text).unwrap(), &house::names())
    };
    let report = clock("{entered: a}");
    let problem = only(&report);
    assert_eq!(problem.code, "moved-date", "{report}");
    assert_eq!(problem.example, ["case.opened", "go", "back"], "{report}");
    assert!(clock("{entered: a, at: case.opened_at}").passed(), "{}", clock("{entered: a, at: case.opened_at}"));
}

#[test]
fn a_final_state_inside_that_ends_nothing_is_a_place_to_wait() {
    let report = loan("", "  a: {on: {go: b, back: z}}\n  b: {initial: f, states: {f: {type: final}}}");
    assert!(codes(&report).contains(&"dead-end"), "{report}");
}

#[test]
fn a_circle_from_which_no_end_is_reached_is_a_dead_end() {
    let report = loan("", "  a: {on: {go: q, back: z}}\n  q: {on: {go: r}}\n  r: {on: {back: q}}");
    assert_eq!(only(&report).code, "dead-end", "{report}");
}

#[test]
fn delays_that_go_round_in_no_time_are_refused() {
    let round = |after: &str| {
        loan(
            "",
            &format!(
                "  a: {{on: {{go: b}}}}\n  b: {{on: {{go: z}}, after: {{{after}: {{target: b, reenter: true}}}}}}"
            ),
        )
    };
    assert_eq!(only(&round("0ms")).code, "endless-loop");
    assert_eq!(only(&round("20 seconds")).code, "endless-loop");
    assert!(round("1 hour").passed(), "{}", round("1 hour"));
}

#[test]
fn a_ladder_says_something_at_each_rung_and_not_every_moment() {
    let clock = |ladder: &str| {
        let text = format!(
            "workflow: loan\nowner: unit:duty-desk\ninitial: a\nevents:\n  go: {{title: 走, by: [role:operator]}}\nclocks:\n  c: {{within: 5 days, \
             starts: {{entered: a}}, met_by: {{entered: z}}, ladder: [{ladder}]}}\nstates:\n  a: {{on: {{go: z}}}}\n  z: {{type: final}}\n"
        );
        check(&house::load("loan.yaml", &text).unwrap(), &house::names())
    };
    let often = clock(
        "{at: due, notify: owner, template: clock-overdue}, {repeat: 1 s, notify: owner, template: clock-overdue}",
    );
    assert_eq!(only(&often).code, "silent-ladder", "{often}");
    let seldom = clock(
        "{at: due, notify: owner, template: clock-overdue}, {repeat: 9 years, notify: owner, template: clock-overdue}",
    );
    assert_eq!(only(&seldom).code, "silent-ladder", "{seldom}");
}
