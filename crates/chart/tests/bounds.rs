//! What a workflow may cost: deep, growing and wide charts are refused at load or stopped with words, and never hang or
//! end the process.
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use huiyin_calendar::{Calendar, Hours, china};
use huiyin_chart::machine::MachineError;
use huiyin_chart::try_run::{Item, Trial};
use huiyin_chart::{Definition, load};
use serde_json::json;

fn refused(yaml: &str) -> String {
    load("t.yaml", yaml, &|_| None).map(|_| ()).unwrap_err().to_string()
}

fn loaded(yaml: &str) -> Definition {
    load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
}

fn guard(expression: &str) -> String {
    let quoted = serde_json::to_string(expression).unwrap();
    format!("initial: a\nstates: {{a: {{on: {{x: {{target: b, guard: {quoted}}}}}}}, b: {{}}}}\n")
}

/// What happens when these events are sent; the states at the end.
fn sent(def: &Definition, events: &[&str]) -> Result<Vec<String>, String> {
    let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
    let mut trial = Trial::new(def, &calendar, "2026-03-02T01:00:00Z".parse().unwrap());
    let mut active = trial.open().map_err(|error| error.to_string())?.active;
    for event in events {
        let item = Item { event: Some((*event).to_owned()), data: json!({}), after: None };
        active = trial.item(&item).map_err(|error| error.to_string())?.active;
    }
    Ok(active)
}

#[test]
fn an_expression_that_nests_deep_is_refused_before_it_is_parsed() {
    for nested in [
        format!("{}true{}", "(".repeat(60), ")".repeat(60)),
        format!("{}true", "!".repeat(2000)),
        format!("{}1 < 2", "-".repeat(2000)),
        format!("{}1{}.size() > 0", "[".repeat(1500), "]".repeat(1500)),
        format!("{}true", "data.a ? true : ".repeat(200)),
    ] {
        let said = refused(&guard(&nested));
        assert!(said.contains("at most 20 are allowed"), "{said}");
        assert!(said.len() < 600, "a message repeats at most a part of the expression: {} bytes", said.len());
    }
    let chain = format!("data.a{} > 0", " + data.a".repeat(400));
    assert!(refused(&guard(&chain)).contains("at most 200 are allowed"));
    let long = format!("[1].all(x, x{} > 0)", " + 1".repeat(80));
    assert!(refused(&guard(&long)).contains("at most 48 are allowed"));
    // What is just allowed runs, on a thread with an ordinary stack.
    loaded(&guard(&format!("{}true{}", "(".repeat(20), ")".repeat(20))));
    let def = loaded(&guard(&format!("[1].all(x, x{} > 0)", " + 1".repeat(30))));
    assert_eq!(sent(&def, &["x"]), Ok(vec!["b".to_owned()]));
}

#[test]
fn data_that_double_in_every_step_stop_at_the_limit_of_a_case() {
    let doubled = "{set: {s: \"data.s + data.s\"}}, ".repeat(40);
    let chart = |limit: &str| {
        format!(
            "initial: a\ndata: {{type: object, properties: {{s: {{type: string, default: xxxxxxxxxxxxxxxx{limit}}}}}}}\n\
             states: {{a: {{on: {{go: {{target: b, actions: [{doubled}]}}}}}}, b: {{}}}}\n"
        )
    };
    let error = sent(&loaded(&chart("")), &["go"]).unwrap_err();
    assert!(error.contains("1048576 bytes") && error.contains("adds a field to itself"), "{error}");
    // With a limit of its own the field keeps what fits.
    assert_eq!(sent(&loaded(&chart(", maxLength: 100")), &["go"]), Ok(vec!["b".to_owned()]));
}

#[test]
fn raised_events_that_multiply_stop_with_words() {
    let two = "raise: again";
    let chart = format!(
        "initial: a\nstates: {{a: {{on: {{go: {{actions: [{{{two}}}]}}, again: {{actions: [{{{two}}}, {{{two}}}, {{{two}}}]}}}}}}}}\n"
    );
    let error = sent(&loaded(&chart), &["go"]).unwrap_err();
    assert!(error.contains("chase each other"), "{error}");
}

#[test]
fn an_expression_costs_what_its_values_weigh() {
    let chart = |items: u32, length: &str, guard: &str| {
        format!(
            "initial: a\ndata: {{type: object, properties: {{l: {{type: array, maxItems: {items}, items: {{type: string{length}}}}}, s: {{type: string{length}}}}}}}\n\
             states: {{a: {{on: {{x: {{target: b, guard: \"{guard}\"}}}}}}, b: {{}}}}\n"
        )
    };
    let long = refused(&chart(100, "", "data.l.exists(x, x == data.s)"));
    assert!(long.contains("maxLength"), "{long}");
    loaded(&chart(100, ", maxLength: 100", "data.l.exists(x, x == data.s)"));
    let contains = refused(&chart(10, "", "data.l.exists(x, x.contains('a'))"));
    assert!(contains.contains("steps"), "{contains}");
    let built = refused(&chart(1, ", maxLength: 20", "data.s.matches(data.s)"));
    assert!(built.contains("needs its pattern in quotes"), "{built}");
    for (pattern, word) in
        [("a{500}", "come to more than"), ("(a{20}){20}", "come to more than"), ("(", "is no pattern")]
    {
        let said = refused(&chart(1, ", maxLength: 20", &format!("data.s.matches('{pattern}')")));
        assert!(said.contains(word), "{said}");
    }
    loaded(&chart(1, ", maxLength: 20", "data.s.matches('^1[0-9]{10}$')"));
}

#[test]
fn many_regions_do_not_make_a_step_slow() {
    let mut chart = "initial: p\nstates:\n  p:\n    type: parallel\n    states:\n".to_owned();
    for region in 0..1000 {
        let _ =
            writeln!(chart, "      r{region}: {{initial: a, states: {{a: {{on: {{x: b}}}}, b: {{on: {{x: a}}}}}}}}");
    }
    let def = loaded(&chart);
    let begun = Instant::now();
    assert_eq!(sent(&def, &["x", "x", "x"]).unwrap().len(), 1000);
    // With each transition compared with each other one this took a minute without optimisation.
    assert!(begun.elapsed() < Duration::from_secs(5), "three events took {:?}", begun.elapsed());
}

#[test]
fn many_states_with_events_of_their_own_load_without_a_table_of_states_times_names() {
    let mut chart = "initial: s0\nstates:\n".to_owned();
    for state in 0..3000 {
        let _ = writeln!(chart, "  s{state}: {{on: {{e{state}: s{}, \"e.*\": s0, \"*\": s1}}}}", (state + 1) % 3000);
    }
    let begun = Instant::now();
    let def = loaded(&chart);
    assert!(begun.elapsed() < Duration::from_secs(20), "loading took {:?}", begun.elapsed());
    assert_eq!(sent(&def, &["e0", "e1", "e.deep"]), Ok(vec!["s0".to_owned()]));
    assert_eq!(sent(&def, &["e7"]), Ok(vec!["s1".to_owned()]), "what a state does not name is taken by `*`");
}

#[test]
fn a_history_of_a_parallel_state_leads_to_its_regions_while_it_remembers_nothing() {
    let def = loaded(
        "initial: p
states:
  p:
    type: parallel
    on: {out: done}
    states:
      a: {initial: a1, states: {a1: {on: {x: a2}}, a2: {on: {back: '#p.h'}}}}
      b: {initial: b1, states: {b1: {on: {y: b2}}, b2: {}}}
      h: {type: history, history: deep}
  done: {type: final}
",
    );
    assert_eq!(sent(&def, &["x", "back"]), Ok(vec!["p.a.a1".to_owned(), "p.b.b1".to_owned()]));
    assert_eq!(sent(&def, &["x", "back", "y"]), Ok(vec!["p.a.a1".to_owned(), "p.b.b2".to_owned()]));
    assert_eq!(sent(&def, &["x", "back", "y", "out"]), Ok(vec!["done".to_owned()]));
}

#[test]
fn too_many_delays_and_endless_loops_keep_their_words() {
    let endless = loaded("initial: a\nstates: {a: {always: b}, b: {always: a}}\n");
    let error = sent(&endless, &[]).unwrap_err();
    assert_eq!(error, MachineError::Endless { event: "case.opened".into() }.to_string());
}

#[test]
fn a_list_of_closed_objects_can_be_written_anew_and_holds_nothing_else() {
    let chart = |closed: &str, value: &str| {
        format!(
            "initial: a\ndata: {{type: object, properties: {{rows: {{type: array, default: [], maxItems: 60, items: {{type: object, \
             {closed}properties: {{id: {{type: string, maxLength: 40}}, text: {{type: string, maxLength: 6000}}}}}}}}}}}}\n\
             states: {{a: {{on: {{go: {{target: b, actions: [{{set: {{rows: \"data.rows.filter(r, r.id != 'x') + [{value}]\"}}}}]}}}}}}, \
             b: {{}}}}\n"
        )
    };
    let row = "{'id': 'x', 'text': 'new'}";
    let said = refused(&chart("", row));
    assert!(said.contains("at most 10000 are allowed"), "an object that may hold anything has no size: {said}");
    let closed = "additionalProperties: false, ";
    assert_eq!(sent(&loaded(&chart(closed, row)), &["go"]), Ok(vec!["b".to_owned()]));
    // What the schema has no room for is not written: the field keeps what it had.
    let def = loaded(&chart(closed, "{'id': 'x', 'other': 'field'}"));
    let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
    let mut trial = Trial::new(&def, &calendar, "2026-03-02T01:00:00Z".parse().unwrap());
    trial.open().unwrap();
    trial.item(&Item { event: Some("go".to_owned()), data: json!({}), after: None }).unwrap();
    assert_eq!(trial.data()["rows"], json!([]));
}
