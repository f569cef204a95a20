//! 办理与答复: routes (一) to (六), their clocks, extension, 12345, and every lawful way to end.
use crate::office;

use office::{Office, complaint, dispatcher, head, leader, operator, other_case, unit};
use serde_json::json;

/// An office with a complaint received on Monday 1 June 2026 that the water section has signed for.
fn handled(data: serde_json::Value) -> Office {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(data);
    office.send("assign", json!({"unit": "water-section"}), &dispatcher());
    office.send("sign", json!({"handler": "handler.water", "no_interest": true}), &unit("water-section"));
    office
}

fn choose(office: &mut Office, route: &str) {
    office.send(
        "route.choose",
        json!({"route": route, "procedure": "ordinary", "accepted_on": "2026-06-02"}),
        &dispatcher(),
    );
}

fn served(on: &str) -> serde_json::Value {
    json!({"served_on": on, "method": "post", "proof": "EMS 1234"})
}

fn delivered(on: &str) -> serde_json::Value {
    json!({"delivered_on": on, "method": "post", "proof": "EMS 5678"})
}

fn draft(office: &mut Office, conclusion: &str) {
    office.send(
        "reply.draft",
        json!({"conclusion": conclusion, "facts": "经查属实", "opinion": "已责令整改", "basis": "水污染防治法", "request": "停止排污"}),
        &unit("water-section"),
    );
    office.send("reply.approve", json!({}), &head("water-section"));
}

#[test]
fn an_ordinary_complaint_of_route_five_goes_from_receipt_to_the_delivered_reply() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    // Received 1 June: policy 7 days, 8 June; law 15 days, 16 June; two months, 1 August; policy 45 days, 16 July.
    assert_eq!(office.due("notice"), "2026-06-08 23:59:59");
    assert_eq!(office.limit("notice"), "2026-06-16 23:59:59");
    assert_eq!(office.due("performance"), "2026-07-16 23:59:59");
    assert_eq!(office.limit("performance"), "2026-08-01 23:59:59");

    office.until("2026-06-02T09:00");
    choose(&mut office, "five");
    // Accepted 2 June: 60 days end on 1 August, policy 45 days on 17 July.
    assert_eq!(office.due("handling_five"), "2026-07-17 23:59:59");
    assert_eq!(office.limit("handling_five"), "2026-08-01 23:59:59");
    assert_eq!(office.due("performance"), "2026-07-16 23:59:59", "the clock of receipt stands");

    office.send("notice.serve", served("2026-06-02"), &operator());
    assert_eq!(office.status("notice"), "met");
    assert!(office.wrote("告知书"));

    office.until("2026-06-20T09:00");
    draft(&mut office, "performed");
    assert!(office.is_in("delivering") && office.wrote("答复意见书"), "{:?}", office.active());
    assert_eq!(office.status("performance"), "running", "an approved reply is not yet an answer");
    office.send("reply.delivered", delivered("2026-06-20"), &unit("water-section"));
    assert!(office.is_in("answered"), "{:?}", office.active());
    for clock in ["performance", "handling_five"] {
        assert_eq!(office.status(clock), "met", "{clock}");
    }
    assert_eq!(office.status("review_window"), "none", "route (5) has court and reconsideration, not a review");

    office.send("close", json!({"closing_code": "lawful"}), &operator());
    assert!(office.is_in("closed"));
    office.until("2026-06-25T09:00");
    office.send("rate", json!({"rating": 4}), &operator());
    assert_eq!(office.data("rating"), 4);
    office.until("2026-07-22T09:00");
    assert!(office.is_in("archived"), "{:?}", office.active());
}

#[test]
fn the_notice_waits_for_the_route() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    let refusal = office.refused("notice.serve", served("2026-06-01"), &operator());
    assert!(refusal.contains("办理途径"), "{refusal}");
}

#[test]
fn an_anonymous_petitioner_is_owed_no_notice() {
    let mut data = complaint("2026-06-01T09:30");
    data["petitioner"] = json!("anonymous");
    data["petitioner_name"] = json!("");
    let office = handled(data);
    assert_eq!(office.status("notice"), "none");
}

#[test]
fn route_six_is_sixty_days_from_acceptance_with_one_extension_asked_before_due() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "six");
    assert_eq!(office.status("performance"), "void", "route (6) has its own article");
    assert_eq!(office.limit("handling_six"), "2026-08-01 23:59:59");
    office.until("2026-07-10T09:00");
    office.send("extension.ask", json!({"days": 30, "reason": "需要委托监测"}), &unit("water-section"));
    office.send("extension.grant", json!({"days": 30, "reason": "需要委托监测"}), &leader());
    // 1 August and thirty days: 31 August.
    assert_eq!(office.limit("handling_six"), "2026-08-31 23:59:59");
    assert!(office.wrote("延期告知书"));
    let refusal = office
        .send_any("extension.ask", json!({"days": 5, "reason": "再次申请"}), &unit("water-section"))
        .and_then(|()| office.send_any("extension.grant", json!({"days": 5, "reason": "再次申请"}), &leader()));
    assert!(refusal.is_err(), "only one extension");

    let refusal = office.refused(
        "reply.draft",
        json!({"conclusion": "performed", "facts": "事实", "opinion": "意见", "basis": "依据"}),
        &unit("water-section"),
    );
    assert!(refusal.contains("第三十二条"), "{refusal}");
    draft(&mut office, "supported");
    assert!(office.wrote("信访事项处理意见书"));
    office.send("reply.delivered", delivered("2026-07-10"), &unit("water-section"));
    assert_eq!(office.status("handling_six"), "met");
    // A review may be asked for within thirty days of delivery: 9 August.
    assert_eq!(office.due("review_window"), "2026-08-09 23:59:59");
}

#[test]
fn an_extension_cannot_be_asked_for_on_route_five() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "five");
    let refusal =
        office.refused("extension.ask", json!({"days": 30, "reason": "需要委托监测"}), &unit("water-section"));
    assert!(refusal.contains("第三十四条") || refusal.contains("（六）"), "{refusal}");
}

#[test]
fn changing_the_route_never_restarts_the_clock_of_receipt() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "six");
    office.until("2026-06-30T09:00");
    choose(&mut office, "five");
    assert_eq!(
        office.limit("performance"),
        "2026-08-01 23:59:59",
        "two months from receipt, as if nothing had changed"
    );
    assert_eq!(office.limit("handling_five"), "2026-08-01 23:59:59", "sixty days from the first acceptance");
    assert_eq!(office.status("handling_six"), "void");
    let refusal = office.refused(
        "route.choose",
        json!({"route": "six", "procedure": "ordinary", "accepted_on": "2026-06-30"}),
        &dispatcher(),
    );
    assert!(refusal.contains("受理日期"), "{refusal}");
}

#[test]
fn the_simple_procedure_is_ten_working_days_from_acceptance() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-09T09:00");
    office.send(
        "route.choose",
        json!({"route": "six", "procedure": "simple", "accepted_on": "2026-06-09"}),
        &dispatcher(),
    );
    // Accepted Tuesday 9 June: ten working days, 19 June is a holiday: Wednesday 24 June. Policy of seven: 18 June.
    assert_eq!(office.limit("simple"), "2026-06-24 23:59:59");
    assert_eq!(office.due("simple"), "2026-06-18 23:59:59");
}

#[test]
fn a_matter_of_routes_one_to_four_ends_with_notice_and_referral() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "four");
    assert!(office.is_in("referring"), "{:?}", office.active());
    assert_eq!(office.status("notice"), "running", "the petitioner is still owed a notice");
    let mut paper = served("2026-06-03");
    paper["referred_to"] = json!("区人民法院");
    office.until("2026-06-03T09:00");
    office.send("referral.served", paper, &operator());
    assert!(office.is_in("referred"));
    assert_eq!(office.status("notice"), "met");
    assert!(office.wrote("转送函") && office.wrote("告知书"));
}

#[test]
fn a_route_chosen_wrongly_takes_the_work_up_where_it_was() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "four");
    office.send(
        "route.choose",
        json!({"route": "five", "procedure": "ordinary", "accepted_on": "2026-06-02"}),
        &dispatcher(),
    );
    assert!(office.is_in("investigating"), "{:?}", office.active());
    assert_eq!(office.limit("performance"), "2026-08-01 23:59:59");
}

#[test]
fn a_12345_ticket_is_due_when_its_sender_says_and_moves_only_with_his_consent() {
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("hotline_12345");
    data["ticket"] = json!("CQ12345-0001");
    data["sender_due_at"] = json!("2026-06-12T18:00:00+08:00");
    let mut office = handled(data);
    assert_eq!(office.due("ticket"), "2026-06-12 18:00:00");
    office.until("2026-06-02T09:00");
    choose(&mut office, "five");
    office.send("sender.ask", json!({"days": 5, "reason": "需要现场监测"}), &unit("water-section"));
    assert_eq!(office.due("ticket"), "2026-06-12 18:00:00", "asking moves nothing");
    office.send(
        "sender.consent",
        json!({"new_due_at": "2026-06-17T17:00:00+08:00", "reason": "来单方同意延长", "proof": "工单备注"}),
        &dispatcher(),
    );
    assert_eq!(office.due("ticket"), "2026-06-17 17:00:00", "exactly as the sender wrote");
    draft(&mut office, "answered");
    let refusal = office.refused("reply.delivered", delivered("2026-06-02"), &unit("water-section"));
    assert!(refusal.contains("12345"), "{refusal}");
    let mut reply = delivered("2026-06-02");
    reply["to_sender"] = json!(true);
    office.send("reply.delivered", reply, &unit("water-section"));
    assert!(office.emitted("petition.answered"));
    assert_eq!(office.status("ticket"), "met");
}

#[test]
fn an_overdue_reply_climbs_and_is_never_sent_by_a_machine() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-07-17T00:00");
    for who in ["owner", "unit-head", "role:supervisor"] {
        assert!(office.mailed("clock-overdue", who), "{who}");
    }
    assert!(office.has_mark("overdue"));
    office.until("2026-07-18T00:00");
    assert!(office.mailed("clock-overdue-leader", "role:bureau-head"));
    // Five working days after Thursday 16 July: Thursday 23 July.
    office.until("2026-07-24T00:00");
    assert!(office.has_mark("supervised"));
    office.until("2026-10-30T00:00");
    assert!(office.is_in("investigating"), "only a person answers: {:?}", office.active());
    assert_eq!(office.status("performance"), "running");
}

#[test]
fn asking_for_material_stops_no_clock() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    let before = office.due("performance");
    office.send("material.request", json!({"what": "照片"}), &unit("water-section"));
    office.until("2026-06-10T09:00");
    assert_eq!(office.due("performance"), before);
    assert_eq!(office.status("performance"), "running");
}

#[test]
fn an_objection_outward_counts_only_when_the_sender_agrees() {
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("other_authority");
    data["sender"] = json!("区信访办");
    let mut office = handled(data);
    // Five working days after Monday 1 June: Monday 8 June.
    assert_eq!(office.due("objection_window"), "2026-06-08 23:59:59");
    office.send("objection.raise", json!({"reason": "该事项属于区城市管理局职责范围，理由详见附件"}), &dispatcher());
    assert!(office.is_in("objecting") && office.is_in("investigating"), "the work goes on: {:?}", office.active());
    assert_eq!(office.data("unit"), "water-section");
    assert_eq!(office.status("performance"), "running");
    office.send("objection.agree", json!({"agreed_on": "2026-06-01", "proof": "复函"}), &dispatcher());
    assert!(office.is_in("handed_back"));
}

#[test]
fn after_five_working_days_there_is_no_objection() {
    let mut data = complaint("2026-06-01T09:30");
    data["channel"] = json!("other_authority");
    data["sender"] = json!("区信访办");
    let mut office = handled(data);
    office.until("2026-06-09T00:00");
    let refusal = office.refused(
        "objection.raise",
        json!({"reason": "该事项属于区城市管理局职责范围，理由详见附件"}),
        &dispatcher(),
    );
    assert!(refusal.contains("五个工作日"), "{refusal}");
}

#[test]
fn a_merged_matter_ends_only_when_its_own_petitioner_was_told() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.send("merge.into", json!({"main_case": "XF-20260520-000003"}), &operator());
    assert!(office.is_in("following"));
    assert_eq!(office.status("performance"), "running", "merging stops no clock");
    let told = delivered("2026-06-01");
    let refusal = office.refused("merge.answered", told.clone(), &operator());
    assert!(refusal.contains("主案"), "{refusal}");
    let answer = json!({"number": "XF-20260520-000003", "delivered_on": "2026-06-01", "reply": {"opinion": "已整改"}});
    let refusal = office.send_any("main.answered", answer.clone(), &operator());
    assert!(refusal.is_err(), "no person can say that the main case was answered");
    office.send("main.answered", answer, &other_case());
    office.send("merge.answered", told, &operator());
    assert!(office.is_in("merged"));
    assert_eq!(office.status("performance"), "met");
}

#[test]
fn the_same_matter_of_the_same_person_is_pointed_to_the_first_case() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    let mut told = served("2026-06-01");
    told["first_case"] = json!("XF-20260520-000003");
    office.send("duplicate.point", told, &operator());
    assert!(office.is_in("pointed"));
    assert_eq!(office.data("earlier_case"), "XF-20260520-000003");
}

#[test]
fn an_unreachable_petitioner_needs_recorded_attempts() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "five");
    draft(&mut office, "answered");
    let refusal = office.refused("unreachable.declare", json!({"reason": "多次联系无人接听"}), &head("water-section"));
    assert!(refusal.contains("联系"), "{refusal}");
    let tried = |day: &str| json!({"tried_on": day, "how": "电话无人接听"});
    office.send("reply.attempt", tried("2026-06-02"), &unit("water-section"));
    assert!(office.refused("reply.attempt", tried("2026-06-02"), &unit("water-section")).contains("一天"));
    assert!(office.refused("reply.attempt", tried("2026-06-03"), &unit("water-section")).contains("今天"));
    assert!(office.refused("reply.attempt", tried("2026-06-01"), &unit("water-section")).contains("审批"));
    for day in ["2026-06-03", "2026-06-04"] {
        office.until(&format!("{day}T17:00"));
        office.send("reply.attempt", tried(day), &unit("water-section"));
    }
    office.send("unreachable.declare", json!({"reason": "多次联系无人接听"}), &head("water-section"));
    assert!(office.is_in("unreachable"));
    assert_eq!(office.status("performance"), "void", "in a column of its own");
    office.send("reply.delivered", delivered("2026-06-04"), &unit("water-section"));
    assert!(office.is_in("answered"), "found after all");
}

#[test]
fn nothing_closes_without_a_lawful_disposal() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    assert!(office.send_any("close", json!({"closing_code": "resolved"}), &operator()).is_err());
    office.send("withdraw", json!({"withdrawn_on": "2026-06-01", "proof": "书面撤回申请"}), &operator());
    office.send("close", json!({"closing_code": "explained"}), &operator());
    assert!(office.is_in("closed"));
}

#[test]
fn joint_handling_and_enforcement_are_cases_of_their_own() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.send("cohandler.add", json!({"unit": "town-ganshui", "task": "核实排口"}), &unit("water-section"));
    office.send("enforcement.open", json!({"ground": "涉嫌私设暗管"}), &unit("water-section"));
    assert_eq!(office.opened(), ["co-handling", "enforcement"]);
    assert_eq!(office.data("unit"), "water-section", "the reply stays with the main unit");
}

#[test]
fn a_review_and_new_facts_after_closing_are_linked_cases() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "six");
    draft(&mut office, "explained");
    office.send("reply.delivered", delivered("2026-06-02"), &unit("water-section"));
    office.send("close", json!({"closing_code": "explained"}), &operator());
    office.until("2026-06-02T12:00");
    office.send(
        "review.request",
        json!({"requested_at": "2026-06-02T10:00:00+08:00", "reason": "不服", "authority": "district-government"}),
        &operator(),
    );
    office.send(
        "new_facts",
        json!({"received_at": "2026-06-02T11:00:00+08:00", "title": "再次排放", "content": "昨夜又见黑水"}),
        &operator(),
    );
    assert_eq!(office.opened(), ["review", "petition"]);
    assert!(office.is_in("closed"), "neither reopens the case");
}

#[test]
fn a_review_is_refused_after_thirty_days() {
    let mut office = handled(complaint("2026-06-01T09:30"));
    office.until("2026-06-02T09:00");
    choose(&mut office, "six");
    draft(&mut office, "explained");
    office.send("reply.delivered", delivered("2026-06-02"), &unit("water-section"));
    // Thirty days from 2 June: 2 July.
    assert_eq!(office.due("review_window"), "2026-07-02 23:59:59");
    office.until("2026-07-03T12:00");
    let asked = |at: &str| json!({"requested_at": format!("2026-07-{at}:00+08:00"), "reason": "不服", "authority": "district-government"});
    let refusal = office.refused("review.request", asked("03T10:00"), &operator());
    assert!(refusal.contains("第三十五条"), "{refusal}");
    office.send("review.request", asked("02T17:00"), &operator());
    assert_eq!(office.opened(), ["review"], "asked for on the last day, recorded on the next");
}
