//! The promises of clocks and ladders, one test each, in the words of the office.
use crate::desk;

use desk::{Desk, at, leader, local, person};
use huiyin_calendar::{Calendar, Hours, YearFile, china};
use huiyin_chart::{Effect, Input};
use serde_json::json;

/// One clock on a plain chart: `go` answers, `wait` and `back` pause, `drop` withdraws.
fn chart(clock: &str) -> String {
    format!(
        "
workflow: t
owner: unit:office
initial: hand
clocks:
  reply:
{}
states:
  hand:
    on:
      go: answered
      wait: waiting
      drop: gone
      forced: forced
      ask: {{actions: [asked]}}
      grant: {{actions: [granted]}}
      poke: {{actions: [poked]}}
  waiting: {{on: {{back: hand, go: answered}}}}
  forced: {{on: {{go: answered}}}}
  answered: {{on: {{again: hand}}}}
  gone: {{}}
",
        clock.lines().map(|line| format!("    {line}\n")).collect::<String>()
    )
}

const PLAIN: &str = "
within: 7 days
starts: {event: case.opened, at: data.received_at}
met_by: {entered: answered, at: event.on}
void_by: {entered: gone}
ladder:
  - {at: due - 2 working days, notify: owner, template: soon}
  - {at: due, notify: owner, template: late, mark: overdue}
  - {repeat: 2 working days, notify: owner, template: again}
";

fn received(day: &str) -> serde_json::Value {
    json!({"received_at": format!("{day}:00+08:00")})
}

#[test]
fn time_counts_from_receipt_not_from_the_day_of_typing_in() {
    let desk = Desk::open("2026-06-03T15:00", &chart(PLAIN), received("2026-06-01T09:30"));
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
}

#[test]
fn a_start_in_the_future_buys_no_time() {
    let desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-20T09:30"));
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
}

#[test]
fn a_delivery_recorded_late_counts_from_the_day_it_was_made() {
    for (on, status) in [("2026-06-08", "met"), ("2026-06-09", "late"), ("2026-05-01", "met")] {
        let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
        desk.wake("2026-06-10T10:00");
        desk.send_with("go", json!({"on": on}));
        assert_eq!(desk.status("reply"), status, "{on}");
    }
}

#[test]
fn a_delivery_dated_in_the_future_counts_as_of_now() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.clock("2026-06-03T10:00").send_with("go", json!({"on": "2026-07-01"}));
    assert_eq!(desk.status("reply"), "met");
}

#[test]
fn a_meeting_without_a_readable_date_counts_as_of_now_and_says_so() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.clock("2026-06-03T10:00").send_with("go", json!({"on": "soon"}));
    assert_eq!(desk.status("reply"), "met");
    assert_eq!(desk.facts_of("expression_failed").len(), 1);
}

#[test]
fn the_earlier_of_policy_and_law_is_effective_and_both_are_judged() {
    let clock = PLAIN
        .replace("within: 7 days", "within: 7 days\nlimit: {within: 15 days, basis: 某条例 第一条, status: verified}");
    let mut desk = Desk::open("2026-06-01T10:00", &chart(&clock), received("2026-06-01T09:30"));
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
    assert_eq!(local(desk.view("reply")["limit_due"].as_str().unwrap().parse().unwrap()), "2026-06-16 23:59:59");
    desk.clock("2026-06-10T10:00").send("go");
    let end = desk.facts_of("clock_late")[0];
    assert_eq!((end["over_policy"].as_bool(), end["over_limit"].as_bool()), (Some(true), Some(false)));
}

#[test]
fn the_law_is_effective_where_the_policy_would_be_later() {
    let clock = PLAIN.replace(
        "within: 7 days",
        "within: 30 days\nlimit: {within: 5 working days, basis: 某条例 第一条, status: secondary}",
    );
    let desk = Desk::open("2026-06-01T10:00", &chart(&clock), received("2026-06-01T09:30"));
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
}

#[test]
fn the_senders_date_counts_beside_the_law_and_a_day_means_its_end() {
    let clock = PLAIN.replace("within: 7 days", "within: 7 days\ndue: data.sender_due");
    let open = |due: &str| {
        let mut data = received("2026-06-01T09:30");
        data["sender_due"] = json!(due);
        Desk::open("2026-06-01T10:00", &chart(&clock), data)
    };
    assert_eq!(open("2026-06-05").due("reply"), "2026-06-05 23:59:59");
    assert_eq!(open("2026-06-05T12:00:00+08:00").due("reply"), "2026-06-05 12:00:00");
    assert_eq!(open("2026-06-30").due("reply"), "2026-06-08 23:59:59");
    assert_eq!(open("").due("reply"), "2026-06-08 23:59:59");
}

#[test]
fn hours_run_at_once_by_night_too() {
    let clock = PLAIN.replace("within: 7 days", "within: 2 hours");
    let desk = Desk::open("2026-06-05T23:30", &chart(&clock), received("2026-06-05T23:30"));
    assert_eq!(desk.due("reply"), "2026-06-06 01:30:00");
}

#[test]
fn reminders_come_in_order_and_the_last_repeats_until_the_answer() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.run_until("2026-06-08T12:00");
    assert_eq!(desk.notices(), ["soon"]);
    desk.run_until("2026-06-08T23:59:59");
    assert!(!desk.case.marks.contains("overdue"), "the last day is not over");
    desk.run_until("2026-06-09T00:00");
    assert_eq!(desk.notices(), ["soon", "late"]);
    assert!(desk.case.marks.contains("overdue"));
    // Every second working day from 8 June: 10, 12, 16 (13 and 14 are a weekend), 18.
    desk.run_until("2026-06-18T12:00");
    assert_eq!(desk.notices(), ["soon", "late", "again", "again", "again"]);
    desk.send("go");
    assert!(desk.timers.is_empty(), "{:?}", desk.timers);
    desk.run_until("2026-12-01T12:00");
    assert_eq!(desk.notices().len(), 5, "an answered case is quiet");
}

#[test]
fn what_is_withdrawn_is_void_and_quiet() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.send("drop");
    assert_eq!(desk.status("reply"), "void");
    desk.run_until("2026-12-01T12:00");
    assert!(desk.notices().is_empty());
}

#[test]
fn every_running_clock_has_one_timer_and_no_other_has_one() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    assert_eq!(desk.timers.keys().collect::<Vec<_>>(), ["clock/reply/1"]);
    desk.run_until("2026-06-30T12:00");
    assert_eq!(desk.timers.len(), 1);
    desk.send("drop");
    assert!(desk.timers.is_empty());
}

// -- pauses -----------------------------------------------------------------------------------------------------------

const PAUSING: &str = "
within: 5 working days
starts: {event: case.opened}
met_by: {entered: answered}
pauses_in: [waiting]
ladder:
  - {at: due - 2 working days, notify: owner, template: soon}
  - {at: due, notify: owner, template: late}
  - {repeat: 1 working day}
";

#[test]
fn while_paused_the_date_stays_visible_and_no_reminder_comes() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PAUSING), json!({}));
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
    desk.clock("2026-06-02T10:00").send("wait");
    assert!(desk.timers.is_empty(), "nobody is woken for a paused clock");
    let view = desk.view("reply");
    assert_eq!((view["status"].as_str(), view["paused"].as_bool()), (Some("paused"), Some(true)));
    assert!(view["due_at"].is_string());
    desk.wake("2026-06-30T10:00");
    let left = desk.view("reply")["remaining_text"]["zh"].to_string();
    assert!(left.contains("5 个工作日"), "all five, the day it was paused on does not count: {left}");
    assert!(desk.notices().is_empty());
}

#[test]
fn after_a_pause_the_days_it_touched_are_given_back() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PAUSING), json!({}));
    desk.clock("2026-06-02T10:00").send("wait");
    desk.clock("2026-06-04T10:00").send("back");
    // 2, 3 and 4 June do not count: 5, 8, 9, 10, 11.
    assert_eq!(desk.due("reply"), "2026-06-11 23:59:59");
    assert_eq!(desk.facts_of("clock_resumed").len(), 1);
    desk.run_until("2026-06-09T23:59");
    assert!(desk.notices().is_empty());
    desk.run_until("2026-06-10T00:00");
    assert_eq!(desk.notices(), ["soon"]);
}

#[test]
fn a_clock_that_starts_in_a_pausing_state_stands_still_at_once() {
    let clock = PAUSING.replace("starts: {event: case.opened}", "starts: {entered: waiting}");
    let mut desk = Desk::open("2026-06-01T10:00", &chart(&clock), json!({}));
    desk.send("wait");
    assert_eq!(desk.view("reply")["paused"], true);
    desk.clock("2026-06-03T10:00").send("back");
    assert_eq!(desk.due("reply"), "2026-06-10 23:59:59");
}

// -- extension --------------------------------------------------------------------------------------------------------

const EXTENDING: &str = "
within: 7 days
starts: {event: case.opened}
met_by: {entered: answered}
extension: {asked_by: ask, granted_by: grant, up_to: 10 days, times: 1, approved_by: role:leader, asked: before due, sends: 延期告知书}
ladder:
  - {at: start + 1 day, notify: owner, template: first}
  - {at: due - 2 days, notify: owner, template: soon}
  - {at: due, notify: owner, template: late}
  - {repeat: 1 day}
";

fn refused(desk: &mut Desk, event: &str, data: serde_json::Value, roles: &[&str]) -> &'static str {
    desk.try_send(event, data, &person(roles, &["office"], &[])).unwrap_err().code
}

#[test]
fn an_extension_moves_the_date_and_the_reminders_and_sends_the_paper() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    desk.run_until("2026-06-07T10:00");
    assert_eq!(desk.notices(), ["first", "soon"]);
    desk.send_with("ask", json!({"days": 10, "reason": "监测"}));
    desk.send_with("grant", json!({"days": 10, "reason": "监测"}));
    assert_eq!(desk.due("reply"), "2026-06-18 23:59:59");
    assert!(desk.effects.iter().any(|e| matches!(e, Effect::Document { template, .. } if template == "延期告知书")));
    desk.run_until("2026-06-17T10:00");
    assert_eq!(
        desk.notices(),
        ["first", "soon", "soon"],
        "the reminder before due comes again, the one after the start does not"
    );
    desk.run_until("2026-06-19T00:00");
    assert_eq!(desk.notices().last().unwrap(), "late");
}

#[test]
fn a_reminder_that_would_again_lie_in_the_past_does_not_come_again() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    desk.run_until("2026-06-08T10:00");
    desk.send_with("ask", json!({"days": 1}));
    desk.clock("2026-06-08T11:00").send_with("grant", json!({"days": 1}));
    // Due 9 June: two days before is 7 June, gone by.
    desk.run_until("2026-06-09T12:00");
    assert_eq!(desk.notices(), ["first", "soon"]);
}

#[test]
fn an_extension_is_asked_for_before_due() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    desk.run_until("2026-06-09T10:00");
    assert_eq!(refused(&mut desk, "ask", json!({"days": 3}), &["leader"]), "too_late");
}

#[test]
fn an_extension_asked_in_time_is_granted_in_time_or_not_at_all() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    desk.clock("2026-06-08T20:00").send_with("ask", json!({"days": 10}));
    let mut late = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    late.clock("2026-06-08T20:00").send_with("ask", json!({"days": 10}));
    desk.run_until("2026-06-08T22:00");
    desk.send_with("grant", json!({"days": 10}));
    assert_eq!(desk.due("reply"), "2026-06-18 23:59:59");
    late.run_until("2026-06-10T10:00");
    assert_eq!(refused(&mut late, "grant", json!({"days": 10}), &["leader"]), "too_late");
}

#[test]
fn an_extension_has_a_longest_length_an_approver_and_a_number() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(EXTENDING), json!({}));
    assert!(desk.try_send("grant", json!({"days": 5}), &leader()).is_err(), "nobody asked");
    desk.send_with("ask", json!({"days": 10}));
    assert_eq!(refused(&mut desk, "grant", json!({"days": 11}), &["leader"]), "limit_exceeded");
    assert_eq!(refused(&mut desk, "grant", json!({"days": 5}), &["dispatcher"]), "not_allowed");
    assert!(desk.try_send("grant", json!({"days": 0}), &leader()).is_err());
    assert!(desk.try_send("grant", json!({}), &leader()).is_err());
    desk.send_with("grant", json!({"days": 5}));
    assert_eq!(refused(&mut desk, "ask", json!({"days": 5}), &["leader"]), "limit_exceeded");
    assert_eq!(desk.due("reply"), "2026-06-13 23:59:59");
}

// -- outage -----------------------------------------------------------------------------------------------------------

const CLIMBING: &str = "
within: 1 working day
starts: {event: case.opened}
met_by: [{entered: answered}]
void_by: {entered: gone}
ladder:
  - {at: 50%, notify: owner, template: half}
  - {at: due, notify: owner, template: late, mark: overdue}
  - {at: due + 1 working day, notify: role:leader, template: leader, raise: poke}
  - {at: due + 2 working days, notify: role:leader, template: leader2}
  - {repeat: 1 working day, notify: owner, template: again}
";

#[test]
fn after_an_outage_one_notice_comes_the_highest_and_everything_else_is_done() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(CLIMBING), json!({}));
    desk.wake("2026-06-04T12:00");
    // Due 2 June; missed: 50 %, due, due + 1 (3 June). due + 2 (4 June, at its end) is still to come.
    assert_eq!(desk.notices(), ["leader"]);
    assert!(desk.case.marks.contains("overdue"));
    assert_eq!(desk.facts_of("rung_fired").len(), 3);
    assert_eq!(desk.facts_of("rung_skipped").len(), 2);
    assert!(desk.facts.iter().any(|f| f["kind"] == "remark" && f["text"] == "poked"), "the raise was executed");
    assert_eq!(local(desk.timers["clock/reply/1"]), "2026-06-04 23:59:59");
}

#[test]
fn a_repeat_missed_many_times_comes_once_and_goes_on_in_its_old_rhythm() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(CLIMBING), json!({}));
    desk.run_until("2026-06-05T12:00");
    desk.forget();
    // Repeats at the end of 5, 8, 9, 10 … June; the system sleeps until the 10th at noon.
    desk.wake("2026-06-10T12:00");
    assert_eq!(desk.notices(), ["again"]);
    assert_eq!(local(desk.timers["clock/reply/1"]), "2026-06-10 23:59:59");
    desk.wake("2026-06-10T12:01");
    assert_eq!(desk.notices().len(), 1, "waking again says nothing new");
}

#[test]
fn a_clock_met_on_the_way_stops_the_rest() {
    let clock = "
within: 1 working day
starts: {event: case.opened}
met_by: [{entered: forced}]
ladder:
  - {at: due, raise: forced, notify: role:dispatcher, template: forced}
  - {at: due + 1 working day, notify: role:leader, template: leader}
  - {repeat: 1 working day}
";
    let mut desk = Desk::open("2026-06-01T10:00", &chart(clock), json!({}));
    desk.wake("2026-06-20T12:00");
    assert_eq!(desk.active(), ["forced"]);
    assert_eq!(desk.status("reply"), "met", "forced at the last moment of the last day");
    assert_eq!(desk.notices(), ["forced"], "its own notice goes out, the leader is not troubled");
    assert!(desk.timers.is_empty());
}

#[test]
fn everything_due_happens_in_the_order_of_time_across_clocks_and_delays() {
    let yaml = "
workflow: t
owner: unit:office
initial: a
clocks:
  one:
    within: 2 hours
    starts: {event: case.opened}
    met_by: {entered: z}
    ladder: [{at: due, raise: one}, {repeat: 10 days, notify: owner}]
  two:
    within: 4 hours
    starts: {event: case.opened}
    met_by: {entered: z}
    ladder: [{at: due, raise: two}, {repeat: 10 days, notify: owner}]
states:
  a:
    after: {3h: b}
    on: {one: {actions: [one]}, two: {actions: [wrong]}}
  b: {on: {two: {actions: [two]}}, entry: [b]}
  z: {}
";
    let mut desk = Desk::open("2026-06-01T10:00", yaml, json!({}));
    assert_eq!(desk.timers.len(), 3);
    desk.wake("2026-06-02T10:00");
    let said: Vec<_> = desk.facts_of("remark").iter().map(|f| f["text"].as_str().unwrap()).collect();
    assert_eq!(said, ["one", "b", "two"]);
}

#[test]
fn an_event_that_comes_before_the_timer_was_looked_at_finds_the_case_as_it_should_be() {
    let clock = "
within: 1 working day
starts: {event: case.opened}
met_by: [{entered: forced}]
ladder: [{at: due, raise: forced}, {repeat: 1 working day, notify: owner}]
";
    let mut desk = Desk::open("2026-06-01T10:00", &chart(clock), json!({}));
    desk.clock("2026-06-03T09:00").send("go");
    let entered: Vec<_> = desk.facts_of("state_entered").iter().map(|f| f["state"].as_str().unwrap()).collect();
    assert!(entered.ends_with(&["forced", "answered"]), "{entered:?}");
}

#[test]
fn the_time_of_a_case_never_goes_back() {
    let mut desk = Desk::open("2026-06-03T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.clock("2026-06-02T10:00").send("go");
    assert_eq!(desk.facts_of("clock_met")[0]["at"], json!(at("2026-06-03T10:00")));
}

// -- runs -------------------------------------------------------------------------------------------------------------

#[test]
fn a_met_clock_stays_met_unless_it_restarts() {
    for (restarts, status, run) in [(false, "met", 1), (true, "running", 2)] {
        let clock = format!(
            "within: 7 days\nrestarts: {restarts}\nstarts: {{entered: hand}}\nmet_by: {{entered: answered}}\nladder: [{{repeat: 1 day, notify: owner}}]"
        );
        let mut desk = Desk::open("2026-06-01T10:00", &chart(&clock), json!({}));
        desk.send("go");
        desk.send("again");
        assert_eq!(desk.status("reply"), status);
        assert_eq!(desk.view("reply")["run"], run);
    }
}

#[test]
fn an_event_that_nobody_takes_is_refused_and_changes_nothing() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    let before = desk.case.clone();
    assert_eq!(desk.try_send("back", json!({}), &leader()).unwrap_err().code, "not_expected_here");
    assert_eq!(desk.case, before);
}

#[test]
fn a_case_that_ended_has_no_running_clock_and_no_timer() {
    let yaml =
        chart(PLAIN).replace("  gone: {}", "  gone: {}\n  end: {type: final}").replace("drop: gone", "drop: end");
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, received("2026-06-01T09:30"));
    desk.send("drop");
    assert_eq!(desk.status("reply"), "void");
    assert!(desk.timers.is_empty());
    assert!(desk.try_send("go", json!({}), &leader()).is_err());
}

// -- calendars --------------------------------------------------------------------------------------------------------

/// 2027 as it might be: New Year's Day off.
fn with_2027() -> Calendar {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/calendars");
    let read = |year: i32| std::fs::read_to_string(folder.join(format!("{year}.json"))).unwrap();
    let years = (2024..=2026).map(|year| YearFile::parse(&format!("{year}.json"), &read(year)).unwrap());
    let next = YearFile::parse("2027.json", &next_year()).unwrap();
    Calendar::from_years(china(), Hours::default(), years.chain([next]).collect())
}

fn next_year() -> String {
    json!({"year": 2027, "source": {"zh": "测试", "en": "made up for a test"}, "off": [{"from": "2027-01-01", "to": "2027-01-03", "name": {"zh": "元旦", "en": "New Year"}}], "work": []}).to_string()
}

#[test]
fn a_date_in_an_unpublished_year_is_the_earliest_possible_and_moves_later_when_the_year_is_known() {
    let clock = PLAIN.replace("within: 7 days", "within: 10 working days");
    let mut desk = Desk::open("2026-12-21T10:00", &chart(&clock), received("2026-12-21T09:30"));
    assert_eq!(
        desk.due("reply"),
        "2027-01-02 23:59:59",
        "22 to 31 December without a weekend, then two days as if all were worked"
    );
    assert_eq!(desk.view("reply")["provisional"], true);
    desk.calendar = with_2027();
    desk.stepped(Input::AdoptCalendar).unwrap();
    assert_eq!(desk.view("reply")["provisional"], false);
    assert_eq!(desk.due("reply"), "2027-01-05 23:59:59");
    assert_eq!(desk.facts_of("clock_moved").len(), 1);
}

#[test]
fn adopting_a_calendar_leaves_settled_dates_alone() {
    let mut desk = Desk::open("2026-06-01T10:00", &chart(PLAIN), received("2026-06-01T09:30"));
    desk.calendar = with_2027();
    desk.stepped(Input::AdoptCalendar).unwrap();
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
    assert!(desk.facts_of("clock_moved").is_empty());
}

// -- owners -----------------------------------------------------------------------------------------------------------

#[test]
fn who_cannot_own_a_case_never_does_and_the_duty_desk_steps_in() {
    for (unit, owner) in [
        ("water", "unit:water"),
        ("nowhere", "unit:duty-desk"),
        ("", "unit:duty-desk"),
        ("air", "unit:duty-desk"),
        ("role:leader", "role:leader"),
    ] {
        let yaml = "workflow: t\nowner: data.unit\nexcludes: data.accused\ninitial: a\nstates:\n  a: {}\n";
        let desk = Desk::open("2026-06-01T10:00", yaml, json!({"unit": unit, "accused": ["air"]}));
        assert_eq!(desk.case.owner, owner, "{unit}");
    }
}

#[test]
fn a_rung_can_give_the_case_to_another_until_the_state_is_left() {
    let clock = "
within: 1 working day
starts: {event: case.opened}
met_by: {entered: answered}
ladder: [{at: due, reassign: role:leader}, {repeat: 1 working day, notify: owner}]
";
    let mut desk = Desk::open("2026-06-01T10:00", &chart(clock), json!({}));
    assert_eq!(desk.case.owner, "unit:office");
    desk.run_until("2026-06-03T00:00");
    assert_eq!(desk.case.owner, "role:leader");
    desk.send("go");
    assert_eq!(desk.case.owner, "unit:office");
}
