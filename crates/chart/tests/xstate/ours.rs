//! One case through this interpreter, in the form that both sides are compared in.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_calendar::{Calendar, Hours, china};
use huiyin_chart::try_run::{Item, Line, Trial};
use serde_json::{Value, json};

use crate::Trace;
use crate::generate::Case;

fn start() -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// Runs a case; an error is a chart that does not load.
pub(crate) fn run(case: &Case) -> Result<Trace, String> {
    let text = case.chart.to_string();
    let def = huiyin_chart::load("w.yaml", &text, &|_| None).map_err(|problems| problems.to_string())?;
    let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
    let mut trial = Trial::new(&def, &calendar, start());
    let mut trace = Trace { lines: Vec::new(), end: None, excluded: None };
    let mut items = Vec::new();
    for item in &case.script {
        items.push(serde_json::from_value::<Item>(item.clone()).map_err(|error| error.to_string())?);
    }
    let mut next = Some(trial.open());
    let mut items = items.into_iter();
    while let Some(line) = next {
        match line {
            Ok(line) => trace.lines.push(compared(line, trial.data())),
            Err(_) => {
                trace.end = Some("endless".to_owned());
                break;
            }
        }
        next = items.next().map(|item| trial.item(&item));
    }
    Ok(trace)
}

fn compared(line: Line, data: &Value) -> Value {
    let mut active = line.active;
    active.sort();
    let actions: Vec<Value> = line.actions.into_iter().filter_map(action).collect();
    json!({"active": active, "actions": actions, "data": data})
}

/// Due times as milliseconds from the start; remarks of failed expressions are ours alone.
fn action(mut action: Value) -> Option<Value> {
    if action.get("failed").is_some() {
        return None;
    }
    if let Some(due) = action.get("due").and_then(Value::as_str) {
        let due = DateTime::parse_from_rfc3339(due).ok()?.to_utc();
        action["due"] = (due - start()).num_milliseconds().into();
    }
    Some(action)
}
