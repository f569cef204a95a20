//! How many events a second the interpreter alone handles on one core: the life of a petition, from receipt to the
//! archive, on the shipped chart. No clocks, no journal, no form: those are measured with the engine. Beside it, how
//! fast conditions are decided natively and by the CEL fallback.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use huiyin_chart::Definition;
use huiyin_chart::definition::{Action, StateIx};
use huiyin_chart::expr::{Expr, ExprError, Scope};
use huiyin_chart::machine::{Bits, Configuration, Delay, Env, Machine, Sink, View};
use serde_json::{Value, json};

const TARGET: f64 = 1_000_000.0;
const LASTS: Duration = Duration::from_secs(3);

/// A world in which nothing else happens.
struct Still;

impl Env for Still {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn ends(&self, _span: Span) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn case(&self) -> Value {
        json!({"number": "XF-20260601-000001"})
    }
    fn duty_desk(&self) -> String {
        "duty-desk".to_owned()
    }
    fn route(&self, _place: &str, _category: &str) -> Option<String> {
        None
    }
    fn unit_relation(&self, _unit: &str) -> Option<String> {
        Some("internal".to_owned())
    }
}

/// Counts what it hears, so that nothing is left out as useless.
#[derive(Default)]
struct Ear(u64);

impl Sink for Ear {
    fn handling(&mut self, _event: &str, _scope: &dyn Scope, _taken: bool) {}
    fn entered(&mut self, ix: StateIx, _scope: &dyn Scope) {
        self.0 += u64::from(ix);
    }
    fn exited(&mut self, ix: StateIx) {
        self.0 += u64::from(ix);
    }
    fn wrote(&mut self, _path: &[String], _value: &Value) {
        self.0 += 1;
    }
    fn perform(&mut self, _action: &Action, _scope: &dyn Scope) {
        self.0 += 1;
    }
    fn delayed(&mut self, _delay: &Delay) {}
    fn undelayed(&mut self, _delay: &Delay) {}
    fn failed(&mut self, error: &ExprError) {
        panic!("{error}");
    }
}

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(name)).ok()
}

/// A named complaint that is assigned, returned once, handled, answered and archived.
fn life() -> Vec<(&'static str, Value)> {
    let served = json!({"served_on": "2026-06-02", "method": "post", "proof": "EMS"});
    let drafted = json!({"conclusion": "performed", "facts": "f", "opinion": "o", "basis": "b"});
    vec![
        ("assign", json!({"unit": "water-section"})),
        ("return.ask", json!({"reason": "not ours"})),
        ("return.refuse", json!({"reason": "yours"})),
        ("sign", json!({"handler": "handler", "no_interest": true})),
        ("route.choose", json!({"route": "five", "procedure": "ordinary", "accepted_on": "2026-06-01"})),
        ("notice.serve", served),
        ("material.request", json!({})),
        ("material.received", json!({})),
        ("urge", json!({})),
        ("reply.draft", drafted.clone()),
        ("reply.reject", json!({"reason": "once more"})),
        ("reply.draft", drafted),
        ("reply.approve", json!({})),
        ("reply.delivered", json!({"delivered_on": "2026-06-20", "proof": "EMS"})),
        ("rate", json!({"rating": "satisfied"})),
        ("close", json!({"closing_code": "resolved"})),
        ("archive", json!({})),
    ]
}

fn opened(def: &Definition) -> Value {
    let mut data = def.data.initial.clone();
    let intake = json!({"channel": "phone", "petitioner": "named", "title": "t", "content": "c", "category": "water",
        "place": "500110110", "received_at": "2026-06-01T09:30:00+08:00"});
    for (key, value) in intake.as_object().unwrap() {
        data[key] = value.clone();
    }
    data
}

fn live(def: &Definition, data: &Value, events: &[(&str, Value)], ear: &mut Ear) -> u64 {
    let (mut config, mut data) = (Configuration::default(), data.clone());
    Machine::new(def, &mut config, &mut data, &Still, ear).start("case.opened", &Value::Null).unwrap();
    for (event, payload) in events {
        let taken = Machine::new(def, &mut config, &mut data, &Still, ear).send(event, payload).unwrap();
        assert!(taken, "`{event}` was not taken");
    }
    assert!(config.done, "the petition is not archived");
    events.len() as u64 + 1
}

/// So many of something a second, in the best of five rounds: the machines are shared.
fn rate(mut round: impl FnMut() -> u64) -> f64 {
    let mut best = 0.0f64;
    for _ in 0..5 {
        let (began, mut many) = (Instant::now(), 0);
        while began.elapsed() < LASTS / 5 {
            many += round();
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
        let rate = many as f64 / began.elapsed().as_secs_f64();
        best = best.max(rate);
    }
    best
}

fn main() {
    let def = huiyin_chart::load("petition.yaml", &read("petition.yaml").unwrap(), &read).unwrap();
    let (data, events, mut ear) = (opened(&def), life(), Ear::default());
    let events_a_second = rate(|| live(&def, &data, &events, &mut ear));
    let verdict = if events_a_second >= TARGET { "holds" } else { "FALLS SHORT" };
    println!(
        "{:<58} {events_a_second:>12.0} {:<14} {:<42} target 1,000,000 events/s: {verdict}",
        "interpreter alone, petition chart, one core", "events/s", ""
    );

    let guards: Vec<&Expr> = def.transitions.iter().filter_map(|transition| transition.guard.as_ref()).collect();
    let native = guards.iter().filter(|guard| guard.is_native()).count();
    let event = ("route.choose", json!({"route": "six", "procedure": "ordinary", "event": ""}));
    let active = Bits::default();
    let view = View { data: &data, event: Some((event.0, &event.1)), active: &active, env: &Still };
    let many = guards.len() as u64;
    let mut decided = 0u64;
    let natively = rate(|| {
        decided += guards.iter().filter(|guard| guard.test(&view) == Ok(true)).count() as u64;
        many
    });
    let by_cel = rate(|| {
        decided += guards.iter().filter(|guard| guard.test_cel(&view) == Ok(true)).count() as u64;
        many
    });
    println!(
        "  conditions of the chart: {native} of {} lowered; {natively:.0}/s as they are, {by_cel:.0}/s by CEL alone ({:.0} times slower)",
        guards.len(),
        natively / by_cel
    );
    assert!(ear.0 > 0 && decided > 0);
}
