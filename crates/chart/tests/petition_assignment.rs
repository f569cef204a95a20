//! 交办、签收、退单: every petition has a responsible unit within one working day, whatever people do or leave undone.
use crate::office;

use office::{Office, complaint, dispatcher, leader, unit};
use serde_json::json;

#[test]
fn when_nobody_acts_the_duty_desk_owns_it_at_the_end_of_the_next_working_day() {
    // Monday 1 June 2026, 10:00: one working day ends on Tuesday 2 June.
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    assert_eq!(office.due("assignment"), "2026-06-02 23:59:59");
    assert!(office.is_in("registered"));
    office.until("2026-06-02T23:59");
    assert!(office.is_in("registered"), "not a minute early");
    assert!(office.mailed("assign-reminder", "role:dispatcher"), "the dispatcher was reminded half-way");
    office.until("2026-06-03T00:00");
    assert!(office.is_in("at_duty_desk"), "{:?}", office.active());
    assert_eq!(office.data("unit"), "duty-desk");
    assert_eq!(office.status("assignment"), "met", "assigned in time, by the system");
    assert_eq!(office.status("fallback"), "running", "shown apart until a human assigns it");
}

#[test]
fn a_matter_registered_before_a_holiday_is_forced_after_it() {
    // Thursday 18 June 2026; 19 to 21 June are the Dragon Boat holiday: the next working day is Monday 22 June.
    let mut office = Office::at("2026-06-18T16:00");
    office.open(complaint("2026-06-18T16:00"));
    assert_eq!(office.due("assignment"), "2026-06-22 23:59:59");
    office.until("2026-06-22T12:00");
    assert!(office.is_in("registered"));
    office.until("2026-06-23T00:00");
    assert!(office.is_in("at_duty_desk"));
}

#[test]
fn the_fallback_climbs_to_the_leader_and_ends_only_when_a_human_assigns() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    office.until("2026-06-03T00:00");
    assert_eq!(office.due("fallback"), "2026-06-03 23:59:59");
    office.until("2026-06-05T12:00");
    assert!(office.has_mark("unassigned"));
    assert!(office.mailed("clock-overdue-leader", "role:bureau-head"));
    office.until("2026-06-10T12:00");
    assert_eq!(office.status("fallback"), "running", "time does not end it");
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    assert_eq!(office.status("fallback"), "late");
    assert!(office.is_in("waiting") && !office.has_mark("unassigned"), "{:?}", office.active());
}

#[test]
fn a_unit_that_does_not_sign_is_pressed_and_its_leader_told() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    assert!(office.wrote("交办单"));
    assert_eq!(office.due("signing"), "2026-06-02 23:59:59");
    office.until("2026-06-03T00:00");
    assert!(office.mailed("clock-overdue", "role:supervisor") && office.mailed("clock-overdue", "unit-head"));
    office.until("2026-06-04T00:00");
    assert!(office.mailed("clock-overdue-leader", "role:bureau-head"));
    office.send("sign", json!({"handler": "handler.water", "no_interest": true}), &unit("water-section"));
    assert_eq!(office.status("signing"), "late");
    assert!(office.is_in("investigating"));
}

#[test]
fn a_handler_with_an_interest_cannot_sign() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    let refusal =
        office.refused("sign", json!({"handler": "handler.water", "no_interest": false}), &unit("water-section"));
    assert!(refusal.contains("第二十八条"), "{refusal}");
}

#[test]
fn neither_an_enterprise_nor_the_accused_can_be_responsible() {
    let mut office = Office::at("2026-06-01T10:00");
    let mut data = complaint("2026-06-01T09:30");
    data["accused"] = json!(["town-ganshui"]);
    office.open(data);
    let refusal = office.refused("assign", json!({"unit": "yongsheng"}), &dispatcher());
    assert!(refusal.contains("企业"), "{refusal}");
    let refusal = office.refused("assign", json!({"unit": "town-ganshui"}), &dispatcher());
    assert!(refusal.contains("回避"), "{refusal}");
}

#[test]
fn a_return_changes_nothing_until_the_dispatcher_decides() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    office.send("return.ask", json!({"reason": "属城管职责范围"}), &unit("water-section"));
    assert!(office.is_in("return_asked"));
    assert_eq!(office.data("unit"), "water-section", "the owner stays");
    assert_eq!(office.status("signing"), "running", "and so does the clock");
    assert_eq!(office.due("return_decision"), "2026-06-02 23:59:59");
    office.send("return.refuse", json!({"reason": "职责在你科"}), &dispatcher());
    assert!(office.is_in("waiting"));
    assert_eq!(office.due("signing"), "2026-06-02 23:59:59", "asking bought no time");
}

#[test]
fn after_two_returns_the_leader_decides() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    for (from, to) in [("water-section", "urban-management"), ("urban-management", "water-resources")] {
        office.send("return.ask", json!({"reason": "不属本单位职责"}), &unit(from));
        assert!(office.is_in("return_asked"), "{from}");
        office.send("return.agree", json!({"unit": to}), &dispatcher());
        assert_eq!(office.data("unit"), to);
    }
    office.send("return.ask", json!({"reason": "不属本单位职责"}), &unit("water-resources"));
    assert!(office.is_in("leader_asked"), "{:?}", office.active());
    office.send("return.decide", json!({"unit": "water-section"}), &leader());
    assert_eq!(office.data("unit"), "water-section");
    assert!(office.is_in("waiting"));
    assert_eq!(office.status("leader_decision"), "met");
}

#[test]
fn more_than_five_representatives_are_refused_at_the_door() {
    let mut office = Office::at("2026-06-01T10:00");
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("visit");
    data["head_count"] = json!(12);
    data["representatives"] = json!(6);
    assert!(office.refused_opening(data.clone()).contains("第二十条"));
    data["representatives"] = json!(5);
    office.open(data);
}
