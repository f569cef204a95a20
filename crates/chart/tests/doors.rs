//! Who may send what: forms, senders, requirements, and the list of what is possible now.
use crate::desk;

use desk::{Desk, Units, at, leader, person};
use huiyin_chart::{Actor, ActorKind, Context};
use serde_json::json;

const CHART: &str = "
workflow: t
owner: data.unit
excludes: data.accused
initial: hand
data:
  type: object
  properties:
    unit: {type: string, default: ''}
    accused: {type: array, maxItems: 5, default: [], items: {type: string}}
    returns: {type: integer, minimum: 0, maximum: 2, default: 0}
events:
  case.opened: {title: open, by: [role:dispatcher, public], form: {type: object, required: [unit], additionalProperties: false, properties: {unit: {type: string, minLength: 1}, accused: {type: array, items: {type: string}}}}, require: [{that: \"data.unit != 'air'\", else: {zh: 不行, en: not air}}]}
  assign: {title: {zh: 交办, en: assign}, by: [role:dispatcher], form: {type: object, required: [unit], properties: {unit: {type: string, minLength: 2}, on: {type: string, format: date}}}, require: [{that: \"!(event.unit in data.accused)\", else: {zh: 应当回避, en: the accused stay away}}]}
  sign: {title: sign, by: [owner]}
  approve: {title: approve, by: [unit-head]}
  return.ask: {title: return, by: [owner]}
  rate: {title: rate, by: [public]}
  observe: {title: observe, by: [machine]}
  lapse: {title: lapse}
  close: {title: close, by: [role:dispatcher], require: [{that: 'data.returns > 0', else: {zh: 尚未, en: not yet}}]}
states:
  hand:
    on:
      assign: {actions: [{set: {unit: event.unit}}]}
      sign: {actions: [signed]}
      approve: {actions: [approved]}
      return.ask: {guard: data.returns < 2, actions: [{set: {returns: data.returns + 1}}]}
      rate: {actions: [rated]}
      observe: {actions: [observed]}
      lapse: {actions: [lapsed]}
      close: done
  done: {}
";

fn dispatcher() -> Actor {
    person(&["dispatcher"], &["office"], &[])
}

fn of(kind: ActorKind) -> Actor {
    Actor { kind, ..person(&[], &[], &[]) }
}

fn desk() -> Desk {
    Desk::open("2026-06-01T10:00", CHART, json!({"unit": "water", "accused": ["air"]}))
}

fn code(desk: &Desk, event: &str, data: serde_json::Value, actor: &Actor) -> &'static str {
    desk.admitted(event, &data, actor).map_or_else(|refusal| refusal.code, |()| "ok")
}

#[test]
fn everyone_sends_only_what_is_theirs() {
    let desk = desk();
    let member = person(&[], &["water"], &[]);
    let head = person(&[], &["water"], &["water"]);
    let stranger = person(&["dispatcher"], &["office"], &["office"]);
    for (event, actor, answer) in [
        ("sign", &member, "ok"),
        ("sign", &stranger, "not_allowed"),
        ("approve", &head, "ok"),
        ("approve", &member, "not_allowed"),
        ("approve", &stranger, "not_allowed"),
        ("rate", &of(ActorKind::Public), "ok"),
        ("rate", &member, "not_allowed"),
        ("observe", &of(ActorKind::Machine), "ok"),
        ("sign", &of(ActorKind::Machine), "not_allowed"),
        ("lapse", &stranger, "not_allowed"),
        ("lapse", &of(ActorKind::System), "ok"),
        ("lapse", &of(ActorKind::Case), "ok"),
        ("signn", &member, "unknown_event"),
    ] {
        assert_eq!(code(&desk, event, json!({}), actor), answer, "{event}");
    }
}

#[test]
fn a_wrong_form_is_refused_with_every_field_that_is_wrong() {
    let desk = desk();
    let refusal = desk.admitted("assign", &json!({"unit": "w", "on": "tomorrow"}), &dispatcher()).unwrap_err();
    assert_eq!(refusal.code, "form_invalid");
    let paths: Vec<_> = refusal.details.iter().map(|d| d.path.as_str()).collect();
    assert!(paths.contains(&"unit") && paths.contains(&"on"), "{refusal:?}");
    let refusal = desk.admitted("assign", &json!({}), &dispatcher()).unwrap_err();
    assert_eq!(refusal.details[0].path, "unit", "a missing field is named itself");
    assert_eq!(code(&desk, "assign", json!("water"), &dispatcher()), "form_invalid");
}

#[test]
fn a_requirement_refuses_in_the_words_of_the_workflow() {
    let refusal = desk().admitted("assign", &json!({"unit": "air"}), &dispatcher()).unwrap_err();
    assert_eq!((refusal.code, refusal.message.zh.as_str()), ("requirement", "应当回避"));
}

#[test]
fn the_intake_is_checked_before_a_case_exists() {
    let desk = Desk::at("2026-06-01T10:00", CHART);
    assert_eq!(code(&desk, "case.opened", json!({"unit": "water"}), &dispatcher()), "ok");
    assert_eq!(code(&desk, "case.opened", json!({"unit": "air"}), &dispatcher()), "requirement");
    assert_eq!(code(&desk, "case.opened", json!({"unit": "water", "returns": 2}), &dispatcher()), "form_invalid");
    assert_eq!(code(&desk, "case.opened", json!({"unit": "water"}), &person(&["leader"], &[], &[])), "not_allowed");
}

fn possible(desk: &Desk, actor: &Actor) -> Vec<String> {
    let context =
        Context { now: at("2026-06-01T11:00"), calendar: &desk.calendar, directory: &Units, case_id: "case-1" };
    let mut names: Vec<String> =
        desk.case.open_events(&desk.def, actor, &context).iter().map(|event| event.name.clone()).collect();
    names.sort();
    names
}

#[test]
fn people_are_offered_what_they_can_do_now_and_nothing_else() {
    let mut desk = desk();
    let member = person(&[], &["water"], &[]);
    assert_eq!(possible(&desk, &member), ["return.ask", "sign"]);
    assert_eq!(possible(&desk, &dispatcher()), ["assign"], "closing is not possible yet");
    desk.try_send("return.ask", json!({}), &member).unwrap();
    assert_eq!(possible(&desk, &dispatcher()), ["assign", "close"]);
    desk.try_send("return.ask", json!({}), &member).unwrap();
    assert_eq!(possible(&desk, &member), ["sign"], "two returns at most");
    desk.try_send("close", json!({}), &dispatcher()).unwrap();
    assert!(possible(&desk, &member).is_empty());
    let _ = leader();
}
