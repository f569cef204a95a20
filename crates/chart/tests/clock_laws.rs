//! What holds for every history of a case, tried on random ones. A failure names its seed.
use crate::desk;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use desk::{Desk, at};
use huiyin_chart::{CaseState, Effect, Input};
use serde_json::{Value, json};

const CHART: &str = "
workflow: t
initial: work
owner: \"has(data.unit) && data.unit != '' ? data.unit : 'role:dispatcher'\"
clocks:
  assignment:
    within: 1 working day
    starts: {entered: registered}
    met_by: {entered: handling}
    restarts: true
    pauses_in: [asking]
    ladder:
      - {at: 50%, notify: role:dispatcher, template: half}
      - {at: due, raise: forced, notify: role:dispatcher, template: forced, mark: forced}
      - {repeat: 1 working day, notify: owner}
  reply:
    within: 10 working days
    limit: {within: 20 days, basis: 某条例 第一条, status: verified}
    starts: {event: case.opened, at: data.received_at}
    met_by: [{entered: answered, at: event.on}]
    void_by: [{entered: gone}]
    pauses_in: [asking]
    extension: {asked_by: ask, granted_by: grant, up_to: 10 days, times: 2, approved_by: role:leader}
    ladder:
      - {at: start + 2 hours, notify: owner, template: new}
      - {at: due - 3 working days, notify: owner, template: soon}
      - {at: due, notify: owner, mark: overdue, template: late}
      - {at: due + 1 working day, reassign: role:supervisor, notify: role:leader, template: leader}
      - {at: due + 3 working days, raise: supervised}
      - {repeat: 2 working days, notify: owner, template: again}
  hot:
    within: 30 minutes
    starts: {event: alarm}
    met_by: {event: calm}
    restarts: true
    ladder: [{at: due, notify: owner, urgent: true}, {repeat: 45 minutes, notify: owner, urgent: true}]
states:
  work:
    type: parallel
    on:
      drop: gone
      alarm: {actions: [{mark: hot}]}
      calm: {actions: [{unmark: hot}]}
      ask: {actions: [asked]}
      grant: {actions: [granted]}
      supervised: {actions: [{mark: supervised}, {emit: {event: supervised, data: {unit: data.unit}}}]}
    states:
      life:
        initial: registered
        states:
          registered:
            on:
              assign: {target: handling, actions: [{set: {unit: \"'water'\"}}]}
              forced: {target: handling, actions: [{set: {unit: duty_desk()}}, {document: forced}]}
              pause: asking
          asking: {after: {5 days: back}, on: {resume: back}}
          back: {type: history, target: registered}
          handling:
            on: {pause: asking, return: {target: registered, actions: [{set: {unit: \"''\"}}]}, answer: '#answered'}
            after: {30 days: {actions: [thirty]}}
      side:
        initial: a
        states:
          a: {on: {alarm: b}, entry: [{raise: {event: late, after: 36 hours, id: l}}]}
          b: {on: {calm: a, late: {actions: [{mark: late}]}}, exit: [{cancel: l}]}
  answered: {id: answered, on: {reopen: work}}
  gone: {id: gone, on: {reopen: work}}
";

const EVENTS: [&str; 11] =
    ["assign", "pause", "resume", "return", "answer", "drop", "reopen", "alarm", "calm", "ask", "grant"];

/// A small generator: the same seed, the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[derive(Clone, Debug)]
enum Act {
    Send(&'static str, Value),
    Wait(i64),
}

fn history(seed: u64) -> Vec<Act> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut acts = Vec::new();
    for _ in 0..12 {
        acts.push(Act::Wait(match dice.roll(4) {
            0 => 1,
            1 => 60 * i64::try_from(dice.roll(20)).unwrap(),
            2 => 60 * 24,
            _ => 60 * 24 * i64::try_from(dice.roll(12)).unwrap(),
        }));
        let name = EVENTS[usize::try_from(dice.roll(EVENTS.len() as u64)).unwrap()];
        let day = 1 + dice.roll(28);
        acts.push(Act::Send(name, json!({"days": 1 + dice.roll(12), "on": format!("2026-06-{day:02}")})));
    }
    acts
}

fn opened(seed: u64) -> Desk {
    let mut desk = Desk::at("2026-06-01T10:00", CHART);
    let day = 20 + seed % 12;
    desk.try_open(json!({"received_at": format!("2026-05-{day}T09:00:00+08:00"), "unit": ""})).unwrap();
    desk
}

/// What a person would see, without notices.
fn seen(desk: &Desk) -> Value {
    let clocks: Vec<Value> = desk
        .views()
        .iter()
        .map(|view| {
            json!([
                view["clock"],
                view["run"],
                view["status"],
                view["due_at"],
                view["due_version"],
                view["next_rung"]["at"]
            ])
        })
        .collect();
    json!({"active": desk.active(), "marks": desk.case.marks, "data": desk.case.data, "clocks": clocks, "owner": desk.case.owner})
}

fn play(desk: &mut Desk, acts: &[Act], on_time: bool, check: &mut dyn FnMut(&Desk)) {
    for act in acts {
        match act {
            Act::Wait(minutes) => {
                let then = desk.now + TimeDelta::minutes(*minutes);
                if on_time {
                    let local = then.with_timezone(&huiyin_calendar::china()).format("%Y-%m-%dT%H:%M:%S").to_string();
                    desk.run_until(&local);
                }
                desk.now = then;
            }
            Act::Send(event, data) => drop(desk.try_send(event, data.clone(), &desk::leader())),
        }
        check(desk);
    }
}

#[test]
fn an_outage_changes_nothing_but_the_number_of_notices() {
    for seed in 0..harness::size(40, 150) {
        let acts = history(seed);
        let (mut awake, mut asleep) = (opened(seed), opened(seed));
        play(&mut awake, &acts, true, &mut |_| {});
        play(&mut asleep, &acts, false, &mut |_| {});
        let end = awake.now;
        awake.stepped(Input::Tick).unwrap();
        asleep.now = end;
        asleep.stepped(Input::Tick).unwrap();
        assert_eq!(seen(&awake), seen(&asleep), "seed {seed}: {acts:?}");
        let notices = |desk: &Desk| desk.notices().len();
        assert!(notices(&asleep) <= notices(&awake), "seed {seed}");
        let others = |desk: &Desk| desk.effects.iter().filter(|e| !matches!(e, Effect::Notify { .. })).count();
        assert_eq!(others(&awake), others(&asleep), "seed {seed}: everything else was done");
    }
}

#[test]
fn nothing_fires_twice_under_one_name() {
    for seed in 0..harness::size(40, 150) {
        for on_time in [true, false] {
            let mut desk = opened(seed);
            play(&mut desk, &history(seed), on_time, &mut |_| {});
            let mut keys = BTreeSet::new();
            for effect in &desk.effects {
                assert!(keys.insert(effect.key().to_owned()), "seed {seed}: {} twice", effect.key());
            }
            let mut fired = BTreeSet::new();
            for fact in desk.facts_of("rung_fired") {
                assert!(fired.insert(fact["key"].to_string()), "seed {seed}: {} twice", fact["key"]);
            }
        }
    }
}

#[test]
fn every_running_clock_and_every_delay_has_exactly_one_timer() {
    for seed in 0..harness::size(40, 150) {
        let mut desk = opened(seed);
        play(&mut desk, &history(seed), seed % 2 == 0, &mut |desk| {
            let mut expected = BTreeMap::new();
            for view in desk.views() {
                if let Some(next) = view["next_rung"]["at"].as_str() {
                    let key = format!("clock/{}/{}", view["clock"].as_str().unwrap(), view["run"]);
                    expected.insert(key, next.parse().unwrap());
                } else {
                    assert_ne!(view["status"], "running", "seed {seed}: {view} has no next rung");
                }
            }
            for delay in &desk.case.config.delays {
                expected.insert(format!("delay/{}", delay.number), delay.due);
            }
            assert_eq!(desk.timers, expected, "seed {seed}");
        });
    }
}

#[test]
fn a_stored_case_read_back_is_the_same_case() {
    for seed in 0..harness::size(25, 100) {
        let mut desk = opened(seed);
        play(&mut desk, &history(seed), true, &mut |_| {});
        let stored = desk.case.to_json(&desk.def);
        let text = serde_json::to_string(&stored).unwrap();
        let back = CaseState::from_json(&desk.def, &serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(back, desk.case, "seed {seed}");
        assert_eq!(back.to_json(&desk.def), stored, "seed {seed}");
    }
}

#[test]
fn the_same_history_gives_the_same_journal() {
    for seed in 0..harness::size(15, 50) {
        let (mut one, mut two) = (opened(seed), opened(seed));
        play(&mut one, &history(seed), true, &mut |_| {});
        play(&mut two, &history(seed), true, &mut |_| {});
        assert_eq!(one.facts, two.facts, "seed {seed}");
        assert_eq!(one.effects, two.effects, "seed {seed}");
    }
}

#[test]
fn a_date_moves_only_later_and_only_with_a_reason() {
    for seed in 0..harness::size(40, 150) {
        let mut desk = opened(seed);
        let mut known: BTreeMap<(String, u64), (huiyin_calendar::Instant, usize)> = BTreeMap::new();
        play(&mut desk, &history(seed), true, &mut |desk| {
            let reasons = ["clock_resumed", "clock_extended", "clock_moved", "clock_met", "clock_late", "clock_void"]
                .iter()
                .map(|kind| desk.facts_of(kind).len())
                .sum();
            for view in desk.views() {
                if view["paused"] == true {
                    continue;
                }
                let key = (view["clock"].as_str().unwrap().to_owned(), view["run"].as_u64().unwrap());
                let due: huiyin_calendar::Instant = view["due_at"].as_str().unwrap().parse().unwrap();
                if let Some((before, count)) = known.get(&key) {
                    assert!(due >= *before, "seed {seed}: {key:?} moved earlier, {before} to {due}");
                    assert!(due == *before || reasons > *count, "seed {seed}: {key:?} moved without a reason");
                }
                known.insert(key, (due, reasons));
            }
        });
    }
}

#[test]
fn a_history_begins_where_it_says() {
    let desk = opened(5);
    assert_eq!(desk.now, at("2026-06-01T10:00"));
    assert_eq!(
        desk.active(),
        ["registered", "a"].map(|key| desk.def.states.iter().find(|s| s.key == key).unwrap().id.clone())
    );
}
