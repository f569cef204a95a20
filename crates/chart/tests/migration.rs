//! A running case goes over to another version of its workflow: what stays, what moves, what is refused, and the way back.
use crate::desk;

use desk::{Desk, local};
use huiyin_chart::{CaseState, ClockRule, Plan};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

const V1: &str = "
workflow: t
version: 1
owner: unit:office
initial: hand
data:
  type: object
  properties:
    note: {type: string, default: ''}
events:
  go: {}
  wait: {}
  back: {}
  ask: {}
  grant: {}
  never: {}
clocks:
  reply:
    within: 7 days
    starts: {event: case.opened}
    met_by: {entered: answered}
    pauses_in: [waiting]
    extension: {asked_by: ask, granted_by: grant, up_to: 10 days, times: 1, approved_by: role:leader, asked: before due}
    ladder:
      - {at: due - 2 working days, notify: owner, template: soon}
      - {at: due, notify: owner, template: late, mark: overdue}
      - {repeat: 2 working days, notify: owner, template: again}
  cover:
    within: 30 days
    starts: {event: case.opened}
    met_by: {entered: answered}
    ladder: [{repeat: 30 days, notify: owner, template: cover}]
states:
  hand:
    on:
      go: answered
      wait: waiting
      ask: {actions: [asked]}
      grant: {actions: [granted]}
  waiting: {on: {back: hand}}
  answered: {on: {never: hand}, owner: unit:office}
";

/// The second version: V1 with something replaced.
fn v2(changes: &[(&str, &str)]) -> String {
    let mut text = V1.replace("version: 1", "version: 2");
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text
}

fn opened() -> Desk {
    Desk::open("2026-06-01T10:00", V1, json!({}))
}

fn plan(states: &[(&str, &str)], clocks: &[(&str, ClockRule)]) -> Plan {
    Plan {
        states: states.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        clocks: clocks.iter().map(|(name, rule)| ((*name).to_owned(), *rule)).collect(),
    }
}

fn keep() -> Plan {
    plan(&[], &[("reply", ClockRule::Keep)])
}

const TEN: (&str, &str) = ("within: 7 days", "within: 10 days");

#[test]
fn a_clock_whose_term_is_the_same_needs_no_rule_and_stays_as_it_is() {
    let mut desk = opened();
    let (due, timers) = (desk.due("reply"), desk.timers.clone());
    desk.clock("2026-06-02T10:00").migrate(&v2(&[]), &Plan::default()).unwrap();
    assert_eq!((desk.due("reply"), desk.timers.clone()), (due, timers));
    assert_eq!(desk.facts_of("migrated").len(), 1);
    assert!(desk.facts_of("clock_migrated").is_empty(), "nothing about a clock changed");
}

#[test]
fn a_clock_whose_term_changed_needs_a_rule_and_is_named() {
    let refusal = opened().migrate(&v2(&[TEN]), &Plan::default()).unwrap_err();
    assert_eq!(refusal.code, "clock_rule_missing");
    assert!(refusal.message.en.contains("--clock reply=keep"), "{}", refusal.message.en);
}

#[test]
fn a_kept_date_stays_and_an_extension_goes_on_from_the_old_term() {
    let mut desk = opened();
    desk.clock("2026-06-02T10:00").migrate(&v2(&[TEN]), &keep()).unwrap();
    assert_eq!(desk.due("reply"), "2026-06-08 23:59:59");
    desk.clock("2026-06-03T10:00").send("ask");
    desk.send_with("grant", json!({"days": 3}));
    assert_eq!(desk.due("reply"), "2026-06-11 23:59:59", "7 days and 3, not 10 and 3");
    desk.send("wait");
    desk.clock("2026-06-04T10:00").send("back");
    assert_eq!(desk.due("reply"), "2026-06-13 23:59:59", "two days of pause on top");
    let lines = desk.view("reply")["derivation"].to_string();
    assert!(lines.contains("was kept"), "{lines}");
}

#[test]
fn a_recomputed_date_counts_from_the_same_start_and_may_be_earlier() {
    for (term, due) in [("within: 10 days", "2026-06-11 23:59:59"), ("within: 4 days", "2026-06-05 23:59:59")] {
        let mut desk = opened();
        let plan = plan(&[], &[("reply", ClockRule::Recompute)]);
        desk.clock("2026-06-02T10:00").migrate(&v2(&[("within: 7 days", term)]), &plan).unwrap();
        assert_eq!(desk.due("reply"), due);
        let fact = desk.facts_of("clock_migrated")[0];
        assert_eq!((fact["rule"].as_str(), fact["due_version"].as_u64()), (Some("recompute"), Some(2)));
        assert_eq!(local(fact["from"].as_str().unwrap().parse().unwrap()), "2026-06-08 23:59:59");
    }
}

#[test]
fn an_active_state_without_counterpart_is_refused_and_named() {
    let renamed = v2(&[
        ("  hand:\n", "  desk:\n"),
        ("initial: hand", "initial: desk"),
        ("back: hand", "back: desk"),
        ("never: hand", "never: desk"),
    ]);
    let refusal = opened().migrate(&renamed, &Plan::default()).unwrap_err();
    assert_eq!(refusal.code, "state_unmapped");
    assert!(
        refusal.message.en.contains("`hand`") && refusal.message.en.contains("--map hand="),
        "{}",
        refusal.message.en
    );
    let mut desk = opened();
    desk.migrate(&renamed, &plan(&[("hand", "desk")], &[])).unwrap();
    assert_eq!(desk.active(), ["desk"]);
    assert_eq!(desk.facts_of("state_left")[0]["state"], "hand");
    assert_eq!(desk.facts_of("state_entered").last().unwrap()["state"], "desk");
}

#[test]
fn a_map_to_a_state_that_does_not_exist_is_refused_with_those_that_do() {
    let refusal = opened().migrate(&v2(&[]), &plan(&[("hand", "nowhere")], &[])).unwrap_err();
    assert_eq!(refusal.code, "migration_plan");
    assert!(refusal.message.en.contains("waiting"), "{}", refusal.message.en);
}

#[test]
fn a_migration_ends_nothing() {
    let ending = v2(&[(
        "  answered: {on: {never: hand}, owner: unit:office}",
        "  answered: {on: {never: hand}, owner: unit:office}\n  over: {type: final}",
    )]);
    let refusal = opened().migrate(&ending, &plan(&[("hand", "over")], &[])).unwrap_err();
    assert_eq!(refusal.code, "state_unfit");
}

#[test]
fn the_reminders_of_the_new_version_come_and_those_that_were_do_not_come_again() {
    let mut desk = opened();
    desk.run_until("2026-06-06T10:00");
    assert_eq!(desk.notices(), ["soon"]);
    let ladder = v2(&[(
        "      - {at: due, notify: owner, template: late, mark: overdue}\n",
        "      - {at: due - 1 day, notify: owner, template: tomorrow}\n      - {at: due, notify: owner, template: late, mark: overdue}\n",
    )]);
    desk.migrate(&ladder, &Plan::default()).unwrap();
    desk.run_until("2026-06-09T10:00");
    assert_eq!(desk.notices(), ["soon", "tomorrow", "late"]);
    let keys: Vec<&Value> = desk.facts_of("rung_fired").iter().map(|fact| &fact["key"]).collect();
    assert_eq!(keys, ["reply/1/1/1/0", "reply/1/2/2/0", "reply/1/3/2/0"], "new reminders have names of their own");
}

#[test]
fn a_reminder_that_a_later_one_has_spoken_for_is_not_sent() {
    let mut desk = opened();
    desk.run_until("2026-06-09T10:00");
    assert_eq!(desk.notices(), ["soon", "late"]);
    let earlier = "{at: due - 5 days, notify: owner, template: sooner}\n      - {at: due - 2 working days";
    desk.migrate(&v2(&[("{at: due - 2 working days", earlier)]), &Plan::default()).unwrap();
    desk.run_until("2026-06-09T23:00");
    assert_eq!(desk.notices(), ["soon", "late"]);
    desk.run_until("2026-06-11T00:00");
    assert_eq!(desk.notices(), ["soon", "late", "again"], "the rhythm goes on");
}

#[test]
fn a_promise_of_the_new_version_whose_time_is_over_is_kept_at_once() {
    let mut desk = opened();
    desk.run_until("2026-06-10T10:00");
    desk.forget();
    let raises = v2(&[("template: late, mark: overdue}", "template: late, mark: pressed}")]);
    desk.migrate(&raises, &Plan::default()).unwrap();
    assert!(!desk.case.marks.contains("pressed"), "it comes as a step of its own");
    desk.run_until("2026-06-10T10:00");
    assert!(desk.case.marks.contains("pressed"));
}

#[test]
fn a_clock_of_the_new_version_starts_where_its_state_or_the_opening_is_past() {
    let clocks = "
  sign:
    within: 2 days
    starts: {entered: hand}
    met_by: {entered: answered}
    ladder: [{at: due, notify: owner, template: sign}, {repeat: 1 day}]
  total:
    within: 60 days
    starts: {event: case.opened, at: case.opened_at}
    met_by: {entered: answered}
    ladder: [{at: due, notify: owner, template: total}, {repeat: 1 day}]
states:";
    let mut desk = opened();
    desk.clock("2026-06-03T10:00").migrate(&v2(&[("states:", clocks)]), &Plan::default()).unwrap();
    assert_eq!(desk.due("sign"), "2026-06-05 23:59:59", "from the migration");
    assert_eq!(desk.due("total"), "2026-07-31 23:59:59", "from the opening");
    assert!(desk.timers.contains_key("clock/sign/1") && desk.timers.contains_key("clock/total/1"));
}

#[test]
fn no_waiting_case_is_left_without_a_clock() {
    let without = V1.find("  cover:").unwrap();
    let states = V1.find("states:").unwrap();
    let text = format!("{}{}", &V1[..without], &V1[states..]).replace("version: 1", "version: 2");
    // Here the only clock stands still.
    let mut desk = opened();
    desk.send("wait");
    let refusal = desk.migrate(&text, &plan(&[], &[("cover", ClockRule::Drop)])).unwrap_err();
    assert_eq!(refusal.code, "state_without_clock");
    assert!(refusal.message.en.contains("`waiting`"), "{}", refusal.message.en);
    assert_eq!(desk.timers.len(), 1, "a refused migration changes nothing");
}

#[test]
fn a_running_clock_that_the_new_version_lacks_is_dropped_only_on_purpose() {
    let gone = v2(&[("  cover:\n", "  other:\n")]);
    let refusal = opened().migrate(&gone, &Plan::default()).unwrap_err();
    assert_eq!(refusal.code, "clock_gone");
    assert!(refusal.message.en.contains("--clock cover=drop"));
    let mut desk = opened();
    desk.migrate(&gone, &plan(&[], &[("cover", ClockRule::Drop)])).unwrap();
    assert_eq!(desk.facts_of("clock_void")[0]["by"], "migration");
    assert!(!desk.timers.contains_key("clock/cover/1") && desk.timers.contains_key("clock/other/1"));
}

#[test]
fn a_clock_of_law_is_never_dropped_and_one_of_the_two_rates_is_never_lost() {
    let law = v2(&[("within: 30 days", "limit: {within: 30 days, basis: 某条例 第一条, status: verified}")]);
    let refusal = opened().migrate(&law, &plan(&[], &[("cover", ClockRule::Drop)])).unwrap_err();
    assert_eq!(refusal.code, "clock_of_law");
    let counted = V1.replace("  cover:\n", "  cover:\n    counts_as: answer\n");
    let mut desk = Desk::open("2026-06-01T10:00", &counted, json!({}));
    let gone = v2(&[("  cover:\n", "  other:\n")]);
    let refusal = desk.migrate(&gone, &plan(&[], &[("cover", ClockRule::Drop)])).unwrap_err();
    assert_eq!(refusal.code, "clock_counted");
}

#[test]
fn data_that_do_not_fit_are_refused_field_by_field_and_new_fields_get_their_defaults() {
    let mut desk = Desk::open("2026-06-01T10:00", V1, json!({"note": "long text"}));
    let short = v2(&[("note: {type: string, default: ''}", "note: {type: string, maxLength: 4}")]);
    let refusal = desk.migrate(&short, &Plan::default()).unwrap_err();
    assert_eq!((refusal.code, refusal.details[0].path.as_str()), ("data_unfit", "note"));
    let more = v2(&[(
        "note: {type: string, default: ''}",
        "note: {type: string}\n    deep: {type: object, properties: {n: {type: integer, default: 3}}}",
    )]);
    desk.migrate(&more, &Plan::default()).unwrap();
    assert_eq!(desk.case.data, json!({"note": "long text", "deep": {"n": 3}}));
    assert_eq!(desk.facts_of("data_set")[0]["path"], "deep");
}

#[test]
fn a_region_that_is_new_is_entered_and_its_clock_starts() {
    let one = "
workflow: t
version: 1
owner: unit:office
initial: live
clocks:
  work: {within: 5 days, starts: {event: case.opened}, met_by: {entered: done}, ladder: [{repeat: 1 day, notify: owner}]}
states:
  live:
    type: parallel
    states:
      a: {initial: a1, states: {a1: {on: {x: a2}}, a2: {}}}
  done: {}
";
    let two = one
        .replace("version: 1", "version: 2")
        .replace("a2: {}}}\n", "a2: {}}}\n      b: {initial: b1, states: {b1: {on: {y: b2}, after: {3 days: b2}}, b2: {}}}\n")
        .replace("states:\n  live", "  look: {within: 2 days, starts: {entered: b1}, met_by: {entered: b2}, ladder: [{repeat: 1 day, notify: owner}]}\nstates:\n  live");
    let mut desk = Desk::open("2026-06-01T10:00", one, json!({}));
    desk.send("x");
    desk.clock("2026-06-02T10:00").migrate(&two, &Plan::default()).unwrap();
    assert_eq!(desk.active(), ["live.a.a2", "live.b.b1"]);
    assert_eq!(desk.due("look"), "2026-06-04 23:59:59");
    assert!(desk.timers.contains_key("delay/0"), "the delay of the new region runs: {:?}", desk.timers);
    desk.run_until("2026-06-05T10:00");
    assert_eq!(desk.active(), ["live.a.a2", "live.b.b2"]);
}

#[test]
fn a_migration_is_undone_to_the_last_bit_until_something_happens() {
    let mut desk = opened();
    desk.run_until("2026-06-02T10:00");
    let (before, timers) = (desk.case.clone(), desk.timers.clone());
    desk.migrate(&v2(&[TEN]), &plan(&[], &[("reply", ClockRule::Recompute)])).unwrap();
    assert_ne!(desk.timers, timers);
    let stored = desk.case.to_json(&desk.def);
    assert_eq!(CaseState::from_json(&desk.def, &stored).unwrap(), desk.case, "the way back is stored");
    desk.clock("2026-06-03T10:00").undo(V1).unwrap();
    assert_eq!(CaseState { seq: before.seq, last_at: before.last_at, ..desk.case.clone() }, before);
    assert_eq!(desk.timers, timers);
    assert_eq!(desk.undo(V1).unwrap_err().code, "not_reversible", "once");

    desk.migrate(&v2(&[TEN]), &keep()).unwrap();
    desk.send("wait");
    assert_eq!(desk.undo(V1).unwrap_err().code, "not_reversible", "something happened");
    assert_eq!(desk.active(), ["waiting"]);
}

/// Whatever happened before: a kept date does not move, every running clock has its timer, no reminder comes twice under
/// one name, and the way back leads where the case was.
#[test]
fn whatever_happened_before_a_migration_keeps_its_promises() {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_124);
    eprintln!("seed {seed}");
    let mut dice = ChaCha20Rng::seed_from_u64(seed);
    let next = v2(&[
        TEN,
        (
            "{at: due - 2 working days, notify: owner, template: soon}",
            "{at: due - 3 days, notify: owner, template: sooner}\n      - {at: 50%, notify: owner, template: half, mark: half}",
        ),
    ]);
    let (mut kept, mut undone) = (0, 0);
    for _ in 0..harness::size(80, 300) {
        let mut desk = opened();
        history(&mut desk, &mut dice);
        if desk.active() == ["answered"] {
            continue;
        }
        let (before, due) = (desk.case.clone(), desk.due("reply"));
        desk.migrate(&next, &keep()).unwrap_or_else(|refusal| panic!("seed {seed}: {refusal:?}"));
        assert_eq!(desk.due("reply"), due, "seed {seed}");
        kept += 1;
        if dice.random_bool(0.3) {
            desk.undo(V1).unwrap();
            assert_eq!(
                CaseState { seq: before.seq, last_at: before.last_at, ..desk.case.clone() },
                before,
                "seed {seed}"
            );
            undone += 1;
        }
        timers_fit(&desk, seed);
        history(&mut desk, &mut dice);
        timers_fit(&desk, seed);
        let mut keys: Vec<String> =
            desk.facts_of("rung_fired").iter().map(|fact| fact["key"].as_str().unwrap().to_owned()).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all, "seed {seed}");
    }
    let (least_kept, least_undone) = harness::size((40, 6), (150, 30));
    assert!(kept > least_kept && undone > least_undone, "the run was too tame: {kept} {undone}");
}

fn history(desk: &mut Desk, dice: &mut ChaCha20Rng) {
    for _ in 0..dice.random_range(0..4) {
        let minutes = dice.random_range(10..6000);
        let to = desk.now + chrono::TimeDelta::minutes(minutes);
        desk.run_until(&local(to).replace(' ', "T"));
        let event = ["go", "wait", "back", "ask", "grant"][dice.random_range(0..5)];
        if event != "go" || dice.random_bool(0.2) {
            let _ = desk.try_send(event, json!({"days": 2}), &desk::leader());
        }
    }
}

fn timers_fit(desk: &Desk, seed: u64) {
    let mut wanted = desk.case.timers(&desk.def);
    wanted.sort();
    let have: Vec<_> = desk.timers.iter().map(|(key, at)| (key.clone(), *at)).collect();
    assert_eq!(have, wanted, "seed {seed}");
}
