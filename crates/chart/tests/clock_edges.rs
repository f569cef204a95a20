//! Where rules of clocks meet: two clocks at once, a clock late from its first moment, what cannot be read.
use crate::desk;

use desk::{Desk, leader, local};
use huiyin_chart::{Effect, Input};
use serde_json::{Value, json};

fn chart(clocks: &str) -> String {
    let clocks: String = clocks.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "
workflow: t
owner: unit:office
initial: hand
clocks:
{clocks}
states:
  hand:
    on: {{go: answered, hear: hearing, drop: gone, ask: {{actions: [asked]}}, grant: {{actions: [granted]}}, poke: {{actions: [poked]}}, pass: passed}}
  hearing: {{on: {{back: hand}}}}
  passed: {{owner: unit:water, on: {{go: answered}}}}
  answered: {{on: {{again: hand}}}}
  gone: {{}}
"
    )
}

fn limit(desk: &Desk, clock: &str) -> String {
    local(desk.view(clock)["limit_due"].as_str().unwrap().parse().unwrap())
}

#[test]
fn a_hearing_stops_the_law_and_not_the_offices_own_target() {
    let yaml = chart(
        "
review:
  within: 10 days
  limit: {within: 30 days, basis: 信访工作条例 第三十六条, status: verified, pauses_in: [hearing]}
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{at: due, notify: owner, template: late}, {repeat: 1 day}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.send("hear");
    desk.run_until("2026-06-06T10:00");
    assert_eq!(desk.view("review")["paused"], false, "one of its two times still runs");
    desk.send("back");
    assert_eq!(desk.due("review"), "2026-06-11 23:59:59");
    // 2 to 6 June do not count for the law: 1 July and five days.
    assert_eq!(limit(&desk, "review"), "2026-07-06 23:59:59");
}

#[test]
fn a_complaint_typed_in_long_after_receipt_is_pressed_at_once_and_only_once() {
    let yaml = chart(
        "
reply:
  within: 7 days
  starts: {event: case.opened, at: data.received_at}
  met_by: {entered: answered}
  ladder:
    - {at: 50%, notify: owner, template: half}
    - {at: due - 2 days, notify: owner, template: soon}
    - {at: due, notify: owner, template: late, mark: overdue}
    - {repeat: 10 days, notify: owner, template: again}",
    );
    let mut desk = Desk::open("2026-06-10T10:00", &yaml, json!({"received_at": "2026-06-01T09:00:00+08:00"}));
    desk.run_until("2026-06-10T10:00");
    assert_eq!(desk.notices(), ["late"]);
    assert!(desk.case.marks.contains("overdue"));
    assert_eq!(local(desk.timers["clock/reply/1"]), "2026-06-18 23:59:59");
}

#[test]
fn of_two_clocks_each_says_its_own() {
    let clock = |name: &str| {
        format!(
            "
{name}:
  within: 1 day
  starts: {{event: case.opened}}
  met_by: {{entered: answered}}
  ladder: [{{at: 50%, notify: owner, template: half}}, {{at: due, notify: owner, template: {name}}}, {{repeat: 10 days}}]"
        )
    };
    let mut desk = Desk::open("2026-06-01T10:00", &chart(&(clock("one") + &clock("two"))), json!({}));
    desk.wake("2026-06-03T10:00");
    assert_eq!(desk.notices(), ["one", "two"]);
}

#[test]
fn the_notice_of_a_clock_that_another_one_ended_on_the_way_is_not_sent() {
    let yaml = chart(
        "
slow:
  within: 2 hours
  starts: {event: case.opened}
  met_by: {entered: answered}
  void_by: {entered: gone}
  ladder: [{at: due, notify: owner, template: slow}, {repeat: 10 days}]
hard:
  within: 4 hours
  starts: {event: case.opened}
  met_by: {entered: gone}
  ladder: [{at: due, raise: drop, notify: owner, template: hard}, {repeat: 10 days, notify: owner}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.wake("2026-06-02T10:00");
    assert_eq!(desk.notices(), ["hard"]);
    assert_eq!(desk.status("slow"), "void");
    assert_eq!(desk.facts_of("rung_skipped")[0]["because"], "clock_ended");
}

#[test]
fn an_extension_never_brings_a_percentage_again() {
    let yaml = chart(
        "
reply:
  within: 10 days
  starts: {event: case.opened}
  met_by: {entered: answered}
  extension: {asked_by: ask, granted_by: grant, up_to: 10 days, times: 1, approved_by: role:leader}
  ladder: [{at: 50%, notify: owner, template: half}, {at: due, notify: owner, template: late}, {repeat: 10 days}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.run_until("2026-06-07T10:00");
    desk.send_with("ask", json!({"days": 10}));
    desk.send_with("grant", json!({"days": 10}));
    desk.run_until("2026-06-21T12:00");
    assert_eq!(desk.notices(), ["half"]);
    desk.run_until("2026-06-22T00:00");
    assert_eq!(desk.notices(), ["half", "late"]);
}

#[test]
fn a_second_run_counts_anew_under_its_own_name() {
    let yaml = chart(
        "
reply:
  within: 1 day
  restarts: true
  starts: {entered: hand}
  met_by: {entered: answered}
  ladder: [{at: due, notify: owner, template: late}, {repeat: 1 day}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.run_until("2026-06-03T00:00");
    desk.send("go");
    desk.send("again");
    assert_eq!(desk.due("reply"), "2026-06-04 23:59:59");
    assert_eq!(desk.timers.keys().collect::<Vec<_>>(), ["clock/reply/2"]);
    desk.run_until("2026-06-05T00:00");
    let keys: Vec<_> = desk.effects.iter().map(Effect::key).collect();
    assert_eq!(keys, ["reply/1/1/1/0", "reply/2/1/1/0"]);
}

#[test]
fn the_senders_consent_moves_the_senders_date() {
    let yaml = chart(
        "
ticket:
  due: data.sender_due
  starts: {event: case.opened}
  met_by: {entered: answered}
  extension: {asked_by: ask, granted_by: grant, up_to: 30 days, times: 1, approved_by: role:leader}
  ladder: [{at: due, notify: owner}, {repeat: 10 days}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({"sender_due": "2026-06-10"}));
    desk.send_with("ask", json!({"days": 5}));
    desk.send_with("grant", json!({"days": 5}));
    assert_eq!(desk.due("ticket"), "2026-06-15 23:59:59");
}

#[test]
fn a_date_that_cannot_be_read_presses_at_once_instead_of_never() {
    let yaml = chart(
        "
ticket:
  due: data.sender_due
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{at: due, notify: owner, template: late}, {repeat: 10 days}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({"sender_due": "next week"}));
    assert_eq!(desk.facts_of("expression_failed").len(), 1);
    desk.run_until("2026-06-01T10:00");
    assert_eq!(desk.notices(), ["late"]);
}

#[test]
fn a_condition_that_cannot_be_judged_starts_nothing_and_is_recorded() {
    let yaml = chart(
        "
reply:
  within: 1 day
  starts: {event: case.opened, when: data.missing.field == 1}
  met_by: {entered: answered}
  ladder: [{repeat: 1 day, notify: owner}]",
    );
    let desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    assert_eq!(desk.status("reply"), "none");
    assert_eq!(desk.facts_of("expression_failed").len(), 1);
}

#[test]
fn a_clock_never_starts_by_an_event_that_the_case_does_not_expect() {
    let yaml = chart(
        "
poked:
  within: 1 day
  restarts: true
  starts: {event: poke}
  met_by: {entered: answered}
  ladder: [{repeat: 1 day, notify: owner}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.send("poke");
    assert_eq!(desk.status("poked"), "running");
    desk.send("go");
    assert_eq!(desk.try_send("poke", json!({}), &leader()).unwrap_err().code, "not_expected_here");
    assert_eq!(desk.status("poked"), "met");
}

#[test]
fn an_event_of_a_rung_that_nobody_takes_is_recorded() {
    let yaml = chart(
        "
reply:
  within: 1 hour
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{at: due, raise: nowhere}, {repeat: 10 days, notify: owner}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.run_until("2026-06-01T12:00");
    assert_eq!(desk.facts_of("event_ignored")[0]["event"], "nowhere");
}

#[test]
fn a_reminder_about_a_state_names_the_owner_of_that_state() {
    let yaml = chart(
        "
reply:
  within: 1 hour
  starts: {entered: passed}
  met_by: {entered: answered}
  ladder: [{at: due, notify: owner}, {repeat: 10 days}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.send("pass");
    desk.run_until("2026-06-01T12:00");
    let owners: Vec<_> = desk
        .effects
        .iter()
        .filter_map(|effect| {
            serde_json::to_value(effect).unwrap().get("owner").and_then(Value::as_str).map(str::to_owned)
        })
        .collect();
    assert_eq!(owners, ["unit:water"]);
}

#[test]
fn a_roll_forward_moves_only_a_clock_that_says_so() {
    for (rolls, due) in [(false, "2026-06-20 23:59:59"), (true, "2026-06-22 23:59:59")] {
        let yaml = chart(&format!(
            "
reply:
  within: 5 days
  rolls: {rolls}
  starts: {{event: case.opened}}
  met_by: {{entered: answered}}
  ladder: [{{repeat: 1 day, notify: owner}}]"
        ));
        assert_eq!(Desk::open("2026-06-15T10:00", &yaml, json!({})).due("reply"), due);
    }
}

#[test]
fn working_hours_run_inside_office_hours() {
    let yaml = chart(
        "
reply:
  within: 3 working hours
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{repeat: 1 working day, notify: owner}]",
    );
    assert_eq!(Desk::open("2026-06-05T17:00", &yaml, json!({})).due("reply"), "2026-06-08 11:00:00");
}

#[test]
fn the_derivation_names_basis_holidays_and_the_date() {
    let yaml = chart(
        "
reply:
  within: 30 days
  limit: {within: 10 working days, basis: 某条例 第一条, status: unverified}
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{repeat: 1 day, notify: owner}]",
    );
    let desk = Desk::open("2026-06-10T10:00", &yaml, json!({}));
    let told: Vec<String> = desk.view("reply")["derivation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["zh"].as_str().unwrap().to_owned())
        .collect();
    let told = told.join("\n");
    for words in ["某条例 第一条", "待核", "端午节", "10 个工作日", "2026-06-25", "2026-07-10"] {
        assert!(told.contains(words), "{words} is missing in:\n{told}");
    }
    assert!(told.contains("30 日") || told.contains("30 天"), "the office's own target is derived too:\n{told}");
    assert!(told.ends_with("取较早者：法定期限，2026-06-25 23:59"), "{told}");
    assert!(!told.contains("+08:00"), "{told}");
}

#[test]
fn a_tick_with_nothing_due_leaves_no_trace() {
    let yaml = chart(
        "
reply:
  within: 7 days
  starts: {event: case.opened}
  met_by: {entered: answered}
  ladder: [{repeat: 1 day, notify: owner}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
    desk.forget();
    let before = desk.case.clone();
    desk.clock("2026-06-02T10:00").stepped(Input::Tick).unwrap();
    assert!(desk.facts.is_empty() && desk.effects.is_empty());
    assert_eq!(desk.case, before);
}

#[test]
fn a_case_holds_no_more_than_its_limit() {
    let yaml = "workflow: t\nowner: unit:office\ninitial: a\nstates:\n  a: {on: {fill: {actions: [{set: {text: event.text}}]}}}\n";
    let mut desk = Desk::open("2026-06-01T10:00", yaml, json!({}));
    desk.send_with("fill", json!({"text": "x".repeat(100_000)}));
    let refusal = desk.try_send("fill", json!({"text": "x".repeat(2_000_000)}), &leader()).unwrap_err();
    assert_eq!(refusal.code, "limit_exceeded");
}

#[test]
fn a_clock_added_by_a_regrade_starts_there_and_leaves_the_old_one_alone() {
    let yaml = chart(
        "
district_report:
  within: 4 hours
  starts: {event: case.opened, at: data.learned_at}
  met_by: {entered: answered}
  ladder: [{at: due, notify: owner, template: district}, {repeat: 1 hour}]
province_report:
  within: 1 hour
  limit: {within: 2 hours, basis: 突发环境事件信息报告办法 第四条, status: verified}
  starts: {event: poke, when: \"event.grade == 'major'\", at: event.graded_at}
  met_by: {entered: answered}
  restarts: true
  ladder: [{at: due, notify: owner, template: province}, {repeat: 1 hour}]",
    );
    let mut desk = Desk::open("2026-06-01T10:00", &yaml, json!({"learned_at": "2026-06-01T09:30:00+08:00"}));
    desk.clock("2026-06-01T11:00").send_with("poke", json!({"grade": "minor"}));
    assert_eq!(desk.status("province_report"), "none", "no higher grade, no further clock");
    let old = desk.view("district_report");
    desk.clock("2026-06-01T12:00")
        .send_with("poke", json!({"grade": "major", "graded_at": "2026-06-01T11:50:00+08:00"}));
    assert_eq!(desk.due("province_report"), "2026-06-01 12:50:00", "from the regrade, not from the opening");
    assert_eq!(limit(&desk, "province_report"), "2026-06-01 13:50:00");
    let new = desk.view("district_report");
    for field in ["started_at", "due_at", "due_version", "run", "status"] {
        assert_eq!(new[field], old[field], "{field}");
    }
    desk.clock("2026-06-01T12:10")
        .send_with("poke", json!({"grade": "major", "graded_at": "2026-06-01T12:10:00+08:00"}));
    assert_eq!(desk.due("province_report"), "2026-06-01 12:50:00", "graded again, the clock that runs goes on");
}

#[test]
fn in_joint_handling_each_unit_has_clocks_of_its_own() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let yaml = std::fs::read_to_string(folder.join("co-handling.yaml")).unwrap();
    let open = |unit: &str| Desk::open("2026-06-01T10:00", &yaml, json!({"unit": unit, "task": "查排口"}));
    let (mut water, mut air) = (open("water"), open("air"));
    assert_eq!(
        (water.due("signing"), air.due("signing")),
        ("2026-06-02 23:59:59".into(), "2026-06-02 23:59:59".into())
    );
    water.send_with("sign", json!({"handler": "王", "no_interest": true}));
    assert_eq!((water.status("signing"), water.due("working")), ("met".into(), "2026-06-15 23:59:59".into()));
    air.run_until("2026-06-05T09:00");
    assert_eq!(
        (air.status("signing"), air.status("working")),
        ("running".into(), "none".into()),
        "one unit's haste is not another's"
    );
    air.send_with("sign", json!({"handler": "李", "no_interest": true}));
    assert_eq!((air.status("signing"), air.due("working")), ("late".into(), "2026-06-22 23:59:59".into()));
    water.clock("2026-06-10T09:00").send_with("answer", json!({"result": "已查"}));
    assert_eq!((water.status("working"), air.status("working")), ("met".into(), "running".into()));
}

#[test]
fn the_law_beside_an_office_target_is_named_with_its_article_and_how_sure_we_are() {
    for (status, zh, en) in [
        ("verified", "已核", "verified"),
        ("secondary", "转引，待核", "read second-hand"),
        ("unverified", "待核", "unverified"),
    ] {
        let yaml = chart(&format!(
            "
reply:
  within: 7 days
  limit: {{within: 15 days, basis: 某条例 第一条, status: {status}, confirmed_by: 法规科}}
  starts: {{event: case.opened}}
  met_by: {{entered: answered}}
  ladder: [{{at: due, notify: owner}}, {{repeat: 1 day}}]"
        ));
        let desk = Desk::open("2026-06-01T10:00", &yaml, json!({}));
        let lines = desk.view("reply")["derivation"].to_string();
        assert!(
            lines.contains(&format!("依据：某条例 第一条（{zh}，"))
                && lines.contains(&format!("basis: 某条例 第一条 ({en},")),
            "{lines}"
        );
        let law_first = yaml.replace("within: 7 days", "within: 20 days");
        let lines = Desk::open("2026-06-01T10:00", &law_first, json!({})).view("reply")["derivation"].to_string();
        assert!(lines.contains(&format!("依据：某条例 第一条（{zh}，法规科 确认）")), "{lines}");
    }
}
