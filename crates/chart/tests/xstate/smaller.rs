//! Makes a failing case smaller by leaving out one thing after the other for as long as the two sides still differ.

use serde_json::{Map, Value};

use crate::generate::Case;
use crate::{Trace, difference, ours, theirs};

/// Most rounds; each is one Node process.
const ROUNDS: usize = 60;

/// The case, smaller, with both traces, for a person.
pub(crate) fn shown(case: &Case) -> String {
    let mut best = again(case, case.chart.clone(), case.script.clone(), 0);
    for _ in 0..ROUNDS {
        let candidates = shorter(&best);
        let answers = theirs(&candidates);
        let found = candidates.into_iter().find(|candidate| {
            let Ok(mine) = ours::run(candidate) else { return false };
            let other = &answers[&candidate.name];
            let broken = other.end.as_ref().is_some_and(|end| end.starts_with("error"));
            !broken && difference(&mine, other).is_some()
        });
        match found {
            Some(smaller) => best = smaller,
            None => break,
        }
    }
    let mine = ours::run(&best).expect("it ran before");
    let other = theirs(std::slice::from_ref(&best)).remove(&best.name).expect("one answer");
    let told = difference(&mine, &other).unwrap_or_default();
    let chart = serde_json::to_string_pretty(&best.chart).expect("JSON");
    let script = Value::Array(best.script);
    format!(
        "seed {} differs {told}\nscript: {script}\nchart, made smaller:\n{chart}\nhuiyin:{}\nxstate:{}",
        case.name,
        lines(&mine),
        lines(&other)
    )
}

fn lines(trace: &Trace) -> String {
    let lines: String = trace.lines.iter().map(|line| format!("\n  {line}")).collect();
    format!("{lines}\n  end {:?}", trace.end)
}

fn again(case: &Case, chart: Value, script: Vec<Value>, n: usize) -> Case {
    Case { name: n.to_string(), chart, terms: case.terms.clone(), script }
}

fn shorter(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    for n in 0..case.script.len() {
        let mut script = case.script.clone();
        script.remove(n);
        found.push(again(case, case.chart.clone(), script, found.len()));
    }
    let mut charts = Vec::new();
    without_one(&case.chart, &mut charts, &|chart| chart);
    for chart in charts {
        found.push(again(case, chart, case.script.clone(), found.len()));
    }
    found
}

/// Every way to leave out one entry of a mapping or list.
fn without_one(at: &Value, found: &mut Vec<Value>, whole: &dyn Fn(Value) -> Value) {
    match at {
        Value::Object(fields) => {
            for key in fields.keys().filter(|key| !matches!(key.as_str(), "workflow" | "data" | "properties")) {
                let left: Map<String, Value> =
                    fields.iter().filter(|(k, _)| *k != key).map(|(k, v)| (k.clone(), v.clone())).collect();
                found.push(whole(left.into()));
            }
            for (key, value) in fields.iter().filter(|(key, _)| *key != "data") {
                without_one(value, found, &|part| {
                    let mut fields = fields.clone();
                    fields[key] = part;
                    whole(fields.into())
                });
            }
        }
        Value::Array(items) => {
            for n in 0..items.len() {
                let mut left = items.clone();
                left.remove(n);
                found.push(whole(left.into()));
                without_one(&items[n], found, &|part| {
                    let mut items = items.clone();
                    items[n] = part;
                    whole(items.into())
                });
            }
        }
        _ => {}
    }
}
