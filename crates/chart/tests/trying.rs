//! `huiyin try` as a person uses it: the opening with its data, waits, what stopped it and where.
use huiyin_calendar::{Calendar, Hours, china};
use huiyin_chart::load;
use huiyin_chart::try_run::{Line, Stopped, TrialError, read_script, try_run};
use serde_json::json;

fn run(yaml: &str, script: &str) -> Result<Vec<Line>, Box<Stopped>> {
    let def = load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
    let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
    let script = read_script(script).unwrap_or_else(|error| panic!("{error}"));
    try_run(&def, &calendar, "2026-03-02T01:00:00Z".parse().unwrap(), &script)
}

#[test]
fn a_script_that_begins_with_the_opening_opens_with_its_data() {
    let chart = "
initial: looking
data: {type: object, properties: {urgent: {type: boolean, default: false}, town: {type: string, default: ''}}}
states:
  looking: {always: [{guard: data.urgent, target: alarmed}, {target: calm}]}
  alarmed: {entry: [{set: {town: event.town}}]}
  calm: {}
";
    let lines =
        run(chart, r#"[{"event": "case.opened", "data": {"urgent": true, "town": "A"}}, {"after": "1h"}]"#).unwrap();
    assert_eq!(lines.len(), 2, "the opening is the first line");
    assert_eq!(lines[0].active, ["alarmed"]);
    assert_eq!(lines[0].actions, [json!({"set": {"town": "A"}})]);
    assert_eq!(run(chart, "[]").unwrap()[0].active, ["calm"]);
}

#[test]
fn a_run_that_stops_keeps_its_good_lines_and_names_item_event_and_states() {
    let chart = "
initial: a
states:
  a: {on: {go: b}}
  b: {on: {go: c}}
  c: {always: d}
  d: {always: c}
";
    let stopped = run(chart, r#"[{"event": "go"}, {"after": "1h", "event": "go"}, {"event": "go"}]"#).unwrap_err();
    assert_eq!(stopped.lines.len(), 2);
    let said = stopped.to_string();
    assert!(said.starts_with("item 2 (`go`): go: after 1000 microsteps"), "{said}");
    assert!(said.ends_with("the active states were b"), "{said}");
}

#[test]
fn timers_without_end_stop_with_the_state_that_makes_them() {
    let still =
        run("initial: a\nstates: {a: {after: {0: b}}, b: {after: {0: a}}}\n", r#"[{"after": "1s"}]"#).unwrap_err();
    assert!(matches!(&still.cause, TrialError::Timers { still: true, .. }), "{still}");
    assert!(still.to_string().contains("state `") && still.to_string().contains("time stood still"), "{still}");
    let often =
        run("initial: a\nstates: {a: {after: {1: b}}, b: {after: {1: a}}}\n", r#"[{"after": "1 hour"}]"#).unwrap_err();
    assert!(matches!(&often.cause, TrialError::Timers { still: false, .. }), "{often}");
    let fine = run("initial: a\nstates: {a: {after: {1000: b}}, b: {after: {1000: a}}}\n", r#"[{"after": "1 hour"}]"#);
    assert_eq!(fine.unwrap()[1].active, ["a"]);
}

#[test]
fn waits_beyond_the_last_year_are_refused() {
    let long = vec![r#"{"after": "100 years"}"#; 90].join(",");
    let stopped = run("initial: a\nstates: {a: {}}\n", &format!("[{long}]")).unwrap_err();
    assert_eq!(stopped.cause, TrialError::Time);
    assert_eq!(stopped.item, Some(80));
    let hours = vec![r#"{"after": 4294967295}"#; 100].join(",");
    assert_eq!(run("initial: a\nstates: {a: {}}\n", &format!("[{hours}]")).unwrap().len(), 101);
}

#[test]
fn recipients_are_shown_as_they_are_written() {
    let lines =
        run("initial: a\nstates: {a: {entry: [{notify: [owner, unit-head, role:leader, petitioner]}]}}\n", "[]")
            .unwrap();
    assert_eq!(lines[0].actions[0]["notify"], json!(["owner", "unit-head", "role:leader", "petitioner"]));
}

/// The two charts on which XState enters a state twice, or leaves two children of one state active (`DIFFERENCES.md`).
#[test]
fn a_history_that_leads_back_to_its_source_moves_nothing() {
    let alone = "
type: parallel
states:
  a: {initial: b, states: {b: {}}}
  b:
    initial: b
    states:
      b: {entry: [{log: entered}], after: {10ms: '#a.b'}, on: {back: e}}
      e: {type: history}
";
    let lines = run(alone, r#"[{"event": "back"}, {"after": "25ms"}]"#).unwrap();
    let entered = |line: &Line| line.actions.iter().filter(|action| action.to_string().contains("entered")).count();
    assert_eq!(lines.iter().map(entered).collect::<Vec<_>>(), [1, 0, 2], "once at first, once each 10 ms");

    let beside = "
initial: a
states:
  a:
    type: parallel
    states:
      c: {type: parallel, states: {a: {on: {go: '#b'}}, b: {on: {go: d}}, d: {type: history, target: '#a.c.b'}}}
      e: {}
  b: {}
";
    let lines = run(beside, r#"[{"event": "go"}]"#).unwrap();
    assert_eq!(lines[1].active, ["b"], "the other region leaves everything");
}
