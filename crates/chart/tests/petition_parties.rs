//! Who may act on a petition, who must stay away, and how cases that belong together speak to each other.
use crate::office;

use office::{Office, complaint, dispatcher, duty, head, leader, operator, other_case, unit};
use serde_json::{Value, json};

fn assigned(data: Value) -> Office {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(data);
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    office
}

fn signing() -> Value {
    json!({"handler": "handler.water", "no_interest": true})
}

fn accused(units: &[&str]) -> Value {
    let mut data = complaint("2026-06-01T09:30");
    data["accused"] = json!(units);
    data
}

#[test]
fn the_petition_office_neither_signs_nor_approves_for_the_unit() {
    let mut office = assigned(complaint("2026-06-01T09:30"));
    for who in [unit("petition-office"), head("petition-office"), duty()] {
        assert!(!office.offered(&who).contains(&"sign".to_owned()), "{who:?}");
        let refusal = office.refused("sign", signing(), &who);
        assert!(refusal.contains("职权"), "{refusal}");
    }
    office.send("sign", signing(), &unit("water-section"));
    office.send(
        "route.choose",
        json!({"route": "five", "procedure": "ordinary", "accepted_on": "2026-06-01"}),
        &dispatcher(),
    );
    let reply = json!({"conclusion": "answered", "facts": "属实", "opinion": "已整改", "basis": "水污染防治法"});
    assert!(office.refused("reply.draft", reply.clone(), &unit("petition-office")).contains("职权"));
    office.send("reply.draft", reply, &unit("water-section"));
    assert!(office.refused("reply.approve", json!({}), &head("petition-office")).contains("职权"));
    office.send("reply.approve", json!({}), &head("water-section"));
}

#[test]
fn the_night_duty_registers_reports_and_acts_and_so_does_the_unit() {
    let mut office = assigned({
        let mut data = complaint("2026-06-01T09:30");
        data["urgency"] = json!("urgent");
        data
    });
    let night = unit("duty-desk");
    let offered = office.offered(&night);
    assert!(
        offered.contains(&"urgent.report".to_owned()) && offered.contains(&"urgent.measures".to_owned()),
        "{offered:?}"
    );
    office.send("urgent.measures", json!({"measures": "已要求停产"}), &unit("water-section"));
    assert!(office.is_in("measures_taken"));
    office.send("urgent.report", json!({"reported_to": "区政府", "reported_at": "2026-06-01T10:00:00+08:00"}), &night);
    assert_eq!(office.status("urgent_report"), "met");
}

#[test]
fn an_urgent_matter_is_assigned_within_the_hour() {
    let mut office = Office::at("2026-06-02T02:10");
    let mut data = complaint("2026-06-02T02:05");
    data["urgency"] = json!("urgent");
    office.open(data);
    assert_eq!(office.due("urgent_assignment"), "2026-06-02 03:10:00");
    office.until("2026-06-02T03:10");
    assert!(office.is_in("at_duty_desk"), "{:?}", office.active());
    assert_eq!((office.status("urgent_assignment"), office.status("assignment")), ("met".into(), "met".into()));
}

#[test]
fn those_related_to_the_accused_stay_away_too() {
    // The city management company belongs to the urban management bureau.
    let mut office = Office::at("2026-06-01T10:00");
    office.open(accused(&["nanzhou-services"]));
    let refusal = office.refused("assign", json!({"unit": "urban-management"}), &dispatcher());
    assert!(refusal.contains("回避"), "{refusal}");
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    office.send("sign", signing(), &unit("water-section"));
    let ask = |unit: &str| json!({"unit": unit, "task": "核实排口"});
    assert!(office.refused("cohandler.add", ask("urban-management"), &unit("water-section")).contains("回避"));
    assert!(office.refused("cohandler.add", ask("water-section"), &unit("water-section")).contains("主办"));
}

#[test]
fn who_takes_part_is_told_when_the_main_case_ends_otherwise() {
    let mut office = assigned(complaint("2026-06-01T09:30"));
    office.send("sign", signing(), &unit("water-section"));
    office.send("cohandler.add", json!({"unit": "town-ganshui", "task": "核实排口"}), &unit("water-section"));
    office.send("withdraw", json!({"withdrawn_on": "2026-06-01", "proof": "书面撤回申请"}), &operator());
    assert_eq!(office.sent(), [("co-handling".to_owned(), "main.over".to_owned())]);
}

#[test]
fn naming_the_accused_later_takes_the_matter_from_it() {
    let mut office = assigned(complaint("2026-06-01T09:30"));
    office.send("sign", signing(), &unit("water-section"));
    let named = json!({"accused": ["water-section"], "reason": "来电补充被投诉单位"});
    office.send("accused.set", named, &dispatcher());
    assert!(office.is_in("registered"), "{:?}", office.active());
    assert_eq!(office.owner(), "role:dispatcher");
    assert!(office.refused("assign", json!({"unit": "water-section"}), &dispatcher()).contains("回避"));
    let fix = json!({"category": "air", "place": "500110108", "reason": "登记有误"});
    office.send("facts.correct", fix, &dispatcher());
    assert_eq!(office.data("category"), "air");
}

#[test]
fn a_complaint_about_the_duty_desk_is_the_leaders() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(accused(&["duty-desk"]));
    office.until("2026-06-03T00:00");
    assert!(office.is_in("at_duty_desk"));
    assert_eq!(office.owner(), "role:bureau-head", "whoever is complained about never owns it");
    let up = json!({"authority": "district-government", "served_on": "2026-06-02", "method": "in_person", "proof": "签收单"});
    assert!(office.refused("hand_up", up.clone(), &duty()).contains("回避"));
    office.send("hand_up", up, &leader());
    assert!(office.is_in("handed_up"), "{:?}", office.active());
}

#[test]
fn a_complaint_about_the_bureau_is_handed_up_by_the_duty_desk() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(accused(&["bureau"]));
    let up = json!({"authority": "district-government", "served_on": "2026-06-01", "method": "in_person", "proof": "签收单"});
    office.send("hand_up", up.clone(), &unit("duty-desk"));
    assert!(office.is_in("handed_up") && office.wrote("转送函"), "{:?}", office.active());
    assert_eq!(office.status("notice"), "met");
    let mut other = Office::at("2026-06-01T10:00");
    other.open(complaint("2026-06-01T09:30"));
    assert!(other.refused("hand_up", up, &leader()).contains("本局"));
}

#[test]
fn what_is_not_ours_is_passed_on_with_a_notice() {
    let mut office = assigned(complaint("2026-06-01T09:30"));
    let route = json!({"route": "not_ours", "procedure": "ordinary", "accepted_on": "2026-06-01"});
    office.send("route.choose", route, &dispatcher());
    assert!(office.is_in("referring"));
    office.send("referral.prepare", json!({}), &operator());
    assert!(office.wrote("转送函") && office.wrote("告知书"));
    let merge = office.refused("merge.into", json!({"main_case": "XF-20260520-000003"}), &operator());
    assert!(merge.contains("不接受"), "what an inner state forbids is not expected here: {merge}");
}

#[test]
fn each_unit_has_its_own_day_to_sign_and_a_return_is_decided_not_walked_round() {
    let mut office = assigned(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T15:00");
    office.send("return.ask", json!({"reason": "属城管职责范围"}), &unit("water-section"));
    assert!(office.send_any("assign", json!({"unit": "urban-management"}), &dispatcher()).is_err());
    office.send("return.agree", json!({"unit": "urban-management"}), &dispatcher());
    assert_eq!(office.data("returns"), 1);
    assert_eq!(office.due("signing"), "2026-06-03 23:59:59", "one working day for the next unit");
}

#[test]
fn merged_cases_wait_for_their_main_case_and_two_that_follow_each_other_both_work_on() {
    let mut main = assigned(complaint("2026-06-01T09:30"));
    main.send("merge.joined", json!({"number": "XF-20260601-000002"}), &other_case());
    main.send("merge.joined", json!({"number": "XF-20260601-000002"}), &other_case());
    assert_eq!(main.data("followers"), json!(["XF-20260601-000002"]));
    let refusal = main.refused("merge.into", json!({"main_case": "XF-20260520-000003"}), &operator());
    assert!(refusal.contains("并入件"), "{refusal}");
    main.send("withdraw", json!({"withdrawn_on": "2026-06-01", "proof": "书面撤回申请"}), &operator());
    assert_eq!(main.sent(), [("XF-20260601-000002".to_owned(), "main.gone".to_owned())]);

    let mut follower = assigned(complaint("2026-06-01T09:30"));
    follower.send("merge.into", json!({"main_case": "XF-1"}), &operator());
    assert_eq!(follower.sent(), [("XF-1".to_owned(), "merge.joined".to_owned())]);
    follower.send("merge.joined", json!({"number": "XF-1"}), &other_case());
    assert_eq!(follower.sent()[1], ("XF-1".to_owned(), "main.gone".to_owned()), "a follower leads nobody");
    let stray = follower.send_any(
        "main.answered",
        json!({"number": "XF-9", "delivered_on": "2026-06-01", "reply": {}}),
        &other_case(),
    );
    assert!(stray.is_err(), "only the main case answers");
    follower.send("main.gone", json!({"number": "XF-1"}), &other_case());
    assert!(follower.is_in("waiting"), "its own work goes on: {:?}", follower.active());
}
