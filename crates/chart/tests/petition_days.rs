//! The days that count are those on which things happened: no clock is kept by typing late, choosing another route, or
//! recording what lies ahead.
use crate::office;

use office::{Office, complaint, dispatcher, head, leader, operator, other_case, unit};
use serde_json::{Value, json};

fn handled(data: Value) -> Office {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(data);
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    office.send("sign", json!({"handler": "handler.water", "no_interest": true}), &unit("water-section"));
    office
}

fn route(route: &str, procedure: &str, accepted_on: &str) -> Value {
    json!({"route": route, "procedure": procedure, "accepted_on": accepted_on})
}

fn served(on: &str) -> Value {
    json!({"served_on": on, "method": "post", "proof": "EMS 1234"})
}

fn delivered(on: &str) -> Value {
    json!({"delivered_on": on, "method": "post", "proof": "EMS 5678"})
}

fn draft(office: &mut Office, conclusion: &str) {
    let reply = json!({"conclusion": conclusion, "facts": "属实", "opinion": "已整改", "basis": "水污染防治法", "request": "停止排污"});
    office.send("reply.draft", reply, &unit("water-section"));
}

fn answered(route_of: &str, conclusion: &str) -> Office {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route(route_of, "ordinary", "2026-06-02"), &dispatcher());
    draft(&mut office, conclusion);
    office.send("reply.approve", json!({}), &head("water-section"));
    office.send("reply.delivered", delivered("2026-06-02"), &unit("water-section"));
    office
}

#[test]
fn a_reply_is_not_delivered_before_the_day_it_was_approved() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("five", "ordinary", "2026-06-02"), &dispatcher());
    office.until("2026-08-20T09:00");
    draft(&mut office, "answered");
    office.send("reply.approve", json!({}), &head("water-section"));
    let refusal = office.refused("reply.delivered", delivered("2026-07-10"), &unit("water-section"));
    assert!(refusal.contains("审批"), "{refusal}");
    office.send("reply.delivered", delivered("2026-08-20"), &unit("water-section"));
    assert_eq!(office.status("performance"), "late");
    assert_eq!(office.status("delivery"), "met");
}

#[test]
fn acceptance_is_at_the_latest_fifteen_days_after_receipt() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-07-20T09:00");
    let refusal = office.refused("route.choose", route("six", "ordinary", "2026-07-20"), &dispatcher());
    assert!(refusal.contains("十五日"), "{refusal}");
    office.send("route.choose", route("six", "ordinary", "2026-06-16"), &dispatcher());
    assert_eq!(office.limit("handling_six"), "2026-08-15 23:59:59");
}

#[test]
fn a_clock_dropped_after_it_was_due_stays_broken() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    // The office's own 45 days from receipt end on 16 July.
    office.until("2026-07-20T09:00");
    office.send("route.choose", route("six", "ordinary", "2026-06-16"), &dispatcher());
    assert_eq!(office.status("performance"), "void");
    draft(&mut office, "supported");
    office.send("reply.approve", json!({}), &head("water-section"));
    office.send("reply.delivered", delivered("2026-07-20"), &unit("water-section"));
    let rates = office.rates("2026-07-01T00:00", "2026-08-01T00:00");
    assert_eq!((rates.answered.kept, rates.answered.of), (0, 1));
}

#[test]
fn leaving_the_simple_procedure_after_its_time_makes_nothing_good() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("six", "simple", "2026-06-02"), &dispatcher());
    let refusal = office.refused("extension.ask", json!({"days": 5, "reason": "需要监测"}), &unit("water-section"));
    assert!(refusal.contains("简易"), "{refusal}");
    office.until("2026-06-25T09:00");
    office.send("route.choose", route("six", "ordinary", "2026-06-02"), &dispatcher());
    draft(&mut office, "supported");
    office.send("reply.approve", json!({}), &head("water-section"));
    office.send("reply.delivered", delivered("2026-06-25"), &unit("water-section"));
    let rates = office.rates("2026-06-01T00:00", "2026-08-01T00:00");
    assert_eq!((rates.answered.kept, rates.answered.of), (0, 1), "its own date was broken");
}

#[test]
fn another_route_after_approval_needs_another_reply() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("five", "ordinary", "2026-06-02"), &dispatcher());
    draft(&mut office, "answered");
    office.send("reply.approve", json!({}), &head("water-section"));
    office.send("route.choose", route("six", "ordinary", "2026-06-02"), &dispatcher());
    assert!(office.is_in("investigating"), "{:?}", office.active());
    assert!(office.send_any("reply.delivered", delivered("2026-06-02"), &unit("water-section")).is_err());
}

#[test]
fn a_notice_counts_on_the_day_it_was_served() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("five", "ordinary", "2026-06-02"), &dispatcher());
    let refusal = office.refused("notice.serve", served("2026-05-30"), &operator());
    assert!(refusal.contains("收到日期"), "{refusal}");
    office.until("2026-06-12T09:00");
    office.send("notice.serve", served("2026-06-05"), &operator());
    assert_eq!(office.status("notice"), "met", "served in time, typed late");
}

#[test]
fn the_papers_can_be_printed_before_they_are_served() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    assert!(office.refused("notice.prepare", json!({}), &operator()).contains("途径"));
    office.send("refusal.prepare", json!({"ground": "not_a_petition"}), &dispatcher());
    assert!(office.wrote("不予受理告知书"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("five", "ordinary", "2026-06-02"), &dispatcher());
    office.send("notice.prepare", json!({}), &operator());
    assert!(office.wrote("告知书"));
    assert_eq!(office.status("notice"), "running", "a printed notice is not yet served");
}

#[test]
fn what_was_accepted_is_not_refused_any_more() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("five", "ordinary", "2026-06-02"), &dispatcher());
    let mut paper = served("2026-06-02");
    paper["ground"] = json!("not_a_petition");
    let refusal = office.refused("refusal.served", paper.clone(), &dispatcher());
    assert!(refusal.contains("受理"), "{refusal}");
    paper["ground"] = json!("final_after_review");
    office.send("refusal.served", paper, &dispatcher());
    assert_eq!(office.status("notice"), "met", "the refusal tells the petitioner");
}

#[test]
fn a_petitioner_with_a_telephone_is_not_unidentifiable_without_attempts() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    let why = json!({"reason": "无法联系"});
    assert!(office.refused("petitioner.unidentifiable", why.clone(), &operator()).contains("联系"));
    for day in ["2026-06-01", "2026-06-02", "2026-06-03"] {
        office.until(&format!("{day}T17:00"));
        office.send("notice.attempt", json!({"tried_on": day, "how": "无人接听"}), &operator());
    }
    office.send("petitioner.unidentifiable", why, &operator());
    assert_eq!(office.status("notice"), "void");
}

#[test]
fn a_refused_or_late_extension_cannot_be_granted() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("six", "ordinary", "2026-06-02"), &dispatcher());
    let days = json!({"days": 30, "reason": "需要委托监测"});
    assert!(!office.offered(&leader()).contains(&"extension.refuse".to_owned()), "nothing was asked for");
    office.send("extension.ask", days.clone(), &unit("water-section"));
    assert!(office.offered(&leader()).contains(&"extension.refuse".to_owned()));
    office.send("extension.refuse", json!({"reason": "理由不充分"}), &leader());
    assert!(office.refused("extension.grant", days.clone(), &leader()).contains("申请"));
    office.until("2026-07-20T09:00");
    assert!(office.has_mark("overdue"), "the office's own date was 17 July");
    office.send("extension.ask", days.clone(), &unit("water-section"));
    let mut late = handled(complaint("2026-06-01T09:30"));
    late.until("2026-06-02T09:00");
    late.send("route.choose", route("six", "ordinary", "2026-06-02"), &dispatcher());
    late.send("extension.ask", days.clone(), &unit("water-section"));
    late.until("2026-08-05T09:00");
    assert!(late.refused("extension.grant", days.clone(), &leader()).contains("到期"));
    office.send("extension.grant", days, &leader());
    assert!(!office.has_mark("overdue"), "in time again");
}

#[test]
fn nothing_is_reported_or_agreed_in_the_future() {
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("other_authority");
    data["sender"] = json!("区信访办");
    data["urgency"] = json!("urgent");
    let mut office = handled(data);
    let report = json!({"reported_to": "区政府", "reported_at": "2026-06-02T09:30:00+08:00"});
    assert!(office.refused("urgent.report", report, &leader()).contains("现在"));
    office.send("objection.raise", json!({"reason": "该事项属于区城市管理局职责范围，理由详见附件"}), &dispatcher());
    let agree = json!({"agreed_on": "2026-06-02", "proof": "复函"});
    assert!(office.refused("objection.agree", agree, &dispatcher()).contains("今天"));
    let withdraw = json!({"withdrawn_on": "2026-06-02", "proof": "书面撤回申请"});
    assert!(office.refused("withdraw", withdraw, &operator()).contains("今天"));
}

#[test]
fn the_archive_waits_for_the_review_and_what_is_sent_back_is_handled_anew() {
    let mut office = answered("six", "explained");
    office.send("close", json!({"closing_code": "explained"}), &operator());
    office.until("2026-06-20T09:00");
    let asked =
        json!({"requested_at": "2026-06-19T10:00:00+08:00", "reason": "不服", "authority": "district-government"});
    office.send("review.request", asked, &operator());
    office.until("2026-08-20T09:00");
    assert!(office.is_in("closed"), "the review still runs: {:?}", office.active());
    office.send("review.concluded", json!({"outcome": "sent_back"}), &other_case());
    assert_eq!(office.opened(), ["review", "petition"]);
    assert_eq!(office.last_opened()["title"], "河水发黑发臭");
    office.until("2026-09-01T09:00");
    assert!(office.is_in("archived"), "{:?}", office.active());
}

#[test]
fn a_ticket_without_its_senders_date_is_asked_for_and_every_disposal_goes_back_to_the_sender() {
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("hotline_12345");
    let mut office = handled(data);
    assert!(office.has_mark("sender-due-missing"));
    assert_eq!(office.due("ticket_date"), "2026-06-02 23:59:59");
    let date = json!({"ticket": "CQ1", "sender": "12345", "sender_due_at": "2026-06-12T18:00:00+08:00"});
    office.send("sender.due", date, &operator());
    assert_eq!((office.status("ticket_date"), office.due("ticket")), ("met".into(), "2026-06-12 18:00:00".into()));
    assert!(!office.has_mark("sender-due-missing"));
    office.send("withdraw", json!({"withdrawn_on": "2026-06-01", "proof": "书面撤回申请"}), &operator());
    assert_eq!(office.status("sender_answer"), "running");
    let refusal = office.refused("close", json!({"closing_code": "explained"}), &operator());
    assert!(refusal.contains("来单"), "{refusal}");
    office.send("sender.answered", json!({"answered_on": "2026-06-01", "proof": "工单回执"}), &operator());
    assert!(office.emitted("petition.sender_answered"));
    office.send("close", json!({"closing_code": "explained"}), &operator());
}

#[test]
fn the_letter_of_route_six_says_what_was_asked_for() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    office.send("route.choose", route("six", "ordinary", "2026-06-02"), &dispatcher());
    let reply = json!({"conclusion": "supported", "facts": "属实", "opinion": "已整改", "basis": "水污染防治法"});
    let refusal = office.refused("reply.draft", reply, &unit("water-section"));
    assert!(refusal.contains("投诉请求"), "{refusal}");
}
