//! The states of the shipped petition, walked alone on virtual time: who has it, what is drawn up, how it ends.
//! Its clocks are not here: time stands still and their raises are sent by hand.
use std::path::Path;

use huiyin_calendar::{Calendar, Hours, china};
use huiyin_chart::try_run::{Item, Line, try_run};
use serde_json::{Value, json};

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(name)).ok()
}

/// Opens a named complaint with `data` over it and sends the events; one line for the opening and one for each event.
fn walk(data: Value, events: &[(&str, Value)]) -> Vec<Line> {
    let mut definition = huiyin_chart::load("petition.yaml", &read("petition.yaml").unwrap(), &read).unwrap();
    let intake = json!({"channel": "phone", "petitioner": "named", "title": "河水发黑", "content": "河水发黑",
        "category": "water", "place": "500110110", "received_at": "2026-06-01T09:30:00+08:00"});
    for (key, value) in intake.as_object().unwrap().iter().chain(data.as_object().unwrap()) {
        definition.data.initial[key] = value.clone();
    }
    let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
    let script: Vec<Item> = events
        .iter()
        .map(|(event, data)| Item { event: Some((*event).to_owned()), data: data.clone(), after: None })
        .collect();
    let lines = try_run(&definition, &calendar, "2026-06-01T02:00:00Z".parse().unwrap(), &script).unwrap();
    for line in &lines {
        assert!(line.actions.iter().all(|a| a.get("failed").is_none()), "an expression failed: {line:?}");
    }
    lines
}

/// The active states after the last event.
fn ends_in(data: Value, events: &[(&str, Value)]) -> Vec<String> {
    walk(data, events).pop().unwrap().active
}

fn has(active: &[String], state: &str) -> bool {
    active.iter().any(|id| id == state || id.ends_with(&format!(".{state}")))
}

fn wrote(line: &Line, paper: &str) -> bool {
    line.actions.iter().any(|a| a["document"] == paper)
}

/// Assigned to and signed for by the water section.
fn signed() -> Vec<(&'static str, Value)> {
    vec![
        ("assign", json!({"unit": "water-section"})),
        ("sign", json!({"handler": "handler.water", "no_interest": true})),
    ]
}

fn choose(route: &str) -> (&'static str, Value) {
    ("route.choose", json!({"route": route, "procedure": "ordinary", "accepted_on": "2026-06-01"}))
}

fn draft() -> (&'static str, Value) {
    ("reply.draft", json!({"conclusion": "answered", "facts": "属实", "opinion": "已整改", "basis": "水污染防治法"}))
}

fn delivered() -> (&'static str, Value) {
    ("reply.delivered", json!({"delivered_on": "2026-06-01", "method": "post", "proof": "EMS 1"}))
}

#[test]
fn a_complaint_goes_from_registration_to_the_archive() {
    let mut events = signed();
    events.extend([
        choose("five"),
        ("notice.serve", json!({"served_on": "2026-06-01", "method": "post", "proof": "EMS 0"})),
    ]);
    events.extend([draft(), ("reply.approve", json!({})), delivered()]);
    events.extend([
        ("close", json!({"closing_code": "lawful"})),
        ("rate", json!({"rating": 5})),
        ("archive", json!({})),
    ]);
    let lines = walk(json!({}), &events);
    let path: Vec<&str> = [
        "registered",
        "waiting",
        "investigating",
        "investigating",
        "told",
        "approving",
        "delivering",
        "answered",
        "closed",
        "closed",
        "archived",
    ]
    .into();
    for (line, state) in lines.iter().zip(&path) {
        assert!(has(&line.active, state), "expected {state}, got {:?}", line.active);
    }
    assert_eq!(lines.len(), path.len());
    assert!(wrote(&lines[1], "交办单") && wrote(&lines[4], "告知书") && wrote(&lines[6], "答复意见书"));
}

#[test]
fn when_nobody_assigns_it_the_duty_desk_has_it_until_somebody_does() {
    let lines = walk(json!({}), &[("assign.forced", json!({})), ("assign", json!({"unit": "water-section"}))]);
    assert!(has(&lines[1].active, "at_duty_desk"), "{:?}", lines[1].active);
    assert!(lines[1].actions.contains(&json!({"set": {"unit": "duty-desk"}})), "{:?}", lines[1].actions);
    assert!(has(&lines[2].active, "waiting"));
}

#[test]
fn a_return_leaves_it_with_the_unit_and_the_third_goes_to_the_leader() {
    let ask = ("return.ask", json!({"reason": "不属本单位职责"}));
    let agree = |unit: &str| ("return.agree", json!({"unit": unit}));
    let lines = walk(
        json!({}),
        &[
            ("assign", json!({"unit": "a"})),
            ask.clone(),
            agree("b"),
            ask.clone(),
            agree("c"),
            ask.clone(),
            ("return.decide", json!({"unit": "a"})),
            ask,
        ],
    );
    assert!(has(&lines[2].active, "return_asked") && lines[2].actions.iter().all(|a| a["set"].get("unit").is_none()));
    assert!(has(&lines[4].active, "return_asked"));
    assert!(has(&lines[6].active, "leader_asked"), "{:?}", lines[6].active);
    assert!(has(&lines[7].active, "waiting"));
    assert!(has(&lines[8].active, "leader_asked"), "the leader keeps the decision");
}

#[test]
fn the_notice_runs_beside_the_work_and_is_not_owed_to_an_anonymous_petitioner() {
    assert!(has(&ends_in(json!({}), &[]), "owed"));
    assert!(has(&ends_in(json!({"petitioner": "anonymous"}), &[]), "not_owed"));
    let identified =
        ends_in(json!({"petitioner": "anonymous"}), &[("petitioner.identified", json!({"petitioner_name": "张某"}))]);
    assert!(has(&identified, "owed"), "{identified:?}");
    assert!(has(&ends_in(json!({}), &[("petitioner.unidentifiable", json!({"reason": "查无此人"}))]), "not_owed"));
}

#[test]
fn an_objection_leaves_the_work_alone_until_the_sender_agrees() {
    let channel = json!({"channel": "other_authority", "sender": "区信访办"});
    let raise = ("objection.raise", json!({"reason": "不属本机关职权范围"}));
    let mut events = signed();
    events.push(raise.clone());
    let raised = ends_in(channel.clone(), &events);
    assert!(has(&raised, "objecting") && has(&raised, "investigating"), "{raised:?}");
    let refused = ends_in(channel.clone(), &[raise.clone(), ("objection.refuse", json!({"reason": "应由你局办理"}))]);
    assert!(has(&refused, "owed") && has(&refused, "registered"), "{refused:?}");
    let agreed = ends_in(channel, &[raise, ("objection.agree", json!({"agreed_on": "2026-06-01", "proof": "复函"}))]);
    assert!(has(&agreed, "handed_back"), "{agreed:?}");
}

#[test]
fn routes_one_to_four_are_passed_on_and_a_wrong_choice_is_taken_back_to_where_the_work_was() {
    for route in ["one", "two", "three", "four"] {
        let active = ends_in(json!({}), &[choose(route)]);
        assert_eq!(active, ["referring"], "{route}");
    }
    let mut events = signed();
    events.extend([choose("four"), choose("six")]);
    let back = ends_in(json!({}), &events);
    assert!(has(&back, "investigating"), "{back:?}");
    let referred = ends_in(
        json!({}),
        &[
            choose("one"),
            (
                "referral.served",
                json!({"referred_to": "区法院", "served_on": "2026-06-01", "method": "post", "proof": "EMS"}),
            ),
        ],
    );
    assert_eq!(referred, ["referred"]);
}

#[test]
fn the_paper_of_the_reply_follows_the_route() {
    for (route, paper) in [("five", "答复意见书"), ("six", "信访事项处理意见书")] {
        let mut events = signed();
        events.extend([choose(route), draft(), ("reply.approve", json!({}))]);
        assert!(wrote(walk(json!({}), &events).last().unwrap(), paper), "{route}");
    }
}

#[test]
fn a_rejected_draft_goes_back_to_the_handler_and_nothing_leaves_unapproved() {
    let mut events = signed();
    events.extend([choose("five"), draft(), ("reply.reject", json!({"reason": "依据不足"}))]);
    assert!(has(&ends_in(json!({}), &events), "investigating"));
    let mut events = signed();
    events.extend([choose("five"), draft(), delivered()]);
    assert!(has(&ends_in(json!({}), &events), "approving"), "an unapproved reply cannot be delivered");
}

#[test]
fn urgent_matters_and_those_of_many_people_open_the_side_branch() {
    let alarmed = walk(json!({"urgency": "urgent"}), &[]);
    assert!(has(&alarmed[0].active, "alarmed"));
    assert!(
        alarmed[0].actions.iter().any(|a| a["template"] == "urgent-matter" && a["urgent"] == true),
        "{:?}",
        alarmed[0].actions
    );
    assert!(has(&ends_in(json!({"head_count": 5}), &[]), "alarmed"));
    assert!(has(&ends_in(json!({"head_count": 4}), &[]), "calm"));
    let done = ends_in(json!({"urgency": "urgent"}), &[("urgent.measures", json!({"measures": "停产"}))]);
    assert!(has(&done, "measures_taken"));
}

#[test]
fn every_lawful_end_is_reached_and_only_from_there_can_it_be_closed() {
    let paper = json!({"served_on": "2026-06-01", "method": "post", "proof": "EMS", "ground": "already_accepted", "first_case": "XF-1",
        "withdrawn_on": "2026-06-01", "main_case": "XF-2", "delivered_on": "2026-06-01"});
    let ends: [(&str, &[&str]); 4] = [
        ("refused", &["refusal.served"]),
        ("withdrawn", &["withdraw"]),
        ("pointed", &["duplicate.point"]),
        ("merged", &["merge.into", "merge.answered"]),
    ];
    for (end, events) in ends {
        let mut events: Vec<(&str, Value)> = events.iter().map(|e| (*e, paper.clone())).collect();
        assert_eq!(ends_in(json!({}), &events), [end]);
        events.push(("close", json!({"closing_code": "explained"})));
        assert_eq!(ends_in(json!({}), &events), ["closed"], "{end}");
    }
    let open = ends_in(json!({}), &[("close", json!({"closing_code": "explained"}))]);
    assert!(has(&open, "registered"), "an open matter cannot be closed: {open:?}");
}

#[test]
fn a_merger_is_undone_to_where_the_work_was() {
    let mut events = signed();
    events.extend([("merge.into", json!({"main_case": "XF-2"})), ("merge.undo", json!({"reason": "不是同一事项"}))]);
    let back = ends_in(json!({}), &events);
    assert!(has(&back, "investigating"), "{back:?}");
}

#[test]
fn linked_cases_are_opened_and_the_petition_stays_where_it_is() {
    let mut events = signed();
    events.extend([
        ("cohandler.add", json!({"unit": "town-ganshui", "task": "核实"})),
        ("enforcement.open", json!({"ground": "私设暗管"})),
    ]);
    let lines = walk(json!({}), &events);
    assert!(
        lines[3].actions.iter().any(|a| a["open"] == "co-handling" && a["data"]["unit"] == "town-ganshui"),
        "{:?}",
        lines[3].actions
    );
    assert!(lines[4].actions.iter().any(|a| a["open"] == "enforcement"), "{:?}", lines[4].actions);
    assert!(has(&lines[4].active, "investigating"));
}

#[test]
fn after_closing_a_review_and_new_facts_become_cases_of_their_own() {
    let mut events = signed();
    events.extend([
        choose("six"),
        draft(),
        ("reply.approve", json!({})),
        delivered(),
        ("close", json!({"closing_code": "explained"})),
    ]);
    events.push((
        "review.request",
        json!({"requested_at": "2026-06-02T10:00:00+08:00", "reason": "不服", "authority": "city-bureau"}),
    ));
    events.push((
        "new_facts",
        json!({"received_at": "2026-06-02T11:00:00+08:00", "title": "再次排放", "content": "黑水"}),
    ));
    let lines = walk(json!({}), &events);
    let last = lines.len() - 1;
    assert!(lines[last - 1].actions.iter().any(|a| a["open"] == "review" && a["data"]["authority"] == "city-bureau"));
    assert!(
        lines[last].actions.iter().any(|a| a["open"] == "petition" && a["data"]["title"] == "再次排放"),
        "{:?}",
        lines[last].actions
    );
    assert_eq!(lines[last].active, ["closed"]);
}
