//! What `check` found, in the form that editors and code hosts read: SARIF 2.1.0 (OASIS). One run, one rule for each
//! kind of problem, one result for each problem, the way to it as a code flow. The numbers in comments are sections of
//! the standard. Only the form is made here; nothing is judged.

use std::collections::BTreeSet;
use std::collections::HashMap;

use huiyin_chart::definition::Place;
use huiyin_chart::{Diagnostic, Diagnostics};
use serde_json::{Value, json};

use crate::{Problem, Report};

/// Where the schema of the form stands (§3.13.3).
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule under which everything falls that keeps a file from being read at all.
const NOT_READ: &str = "not-read";

/// The kinds of problems that are known by name, and what each means.
const RULES: [(&str, &str); 18] = [
    ("confidential", "A confidential field is shown or sent where it must not be."),
    ("dead-end", "A case can wait here for ever: nothing ever leads on."),
    ("endless-clock", "A clock has no start, no end or no due date."),
    ("endless-loop", "Steps follow each other without time advancing."),
    ("idle-clock", "Nothing that starts or meets this clock ever happens."),
    ("never-taken", "This branch stands behind one that is always taken."),
    ("never-true", "This condition is never true."),
    ("no-clock", "A case can wait here while no clock runs."),
    ("no-condition", "What stands here is never true or false."),
    ("no-owner", "A case can wait here and belongs to nobody."),
    (NOT_READ, "The file is not a workflow as the language describes it."),
    ("outside-values", "A field is given a value that it cannot have."),
    ("silent-ladder", "A ladder ends, and then nobody hears of the case again."),
    ("target", "A promise of the workflow does not hold."),
    ("too-large", "The workflow is too large to be proved."),
    ("unheard", "An event is raised and nothing takes it."),
    ("unknown-field", "The data or the form have no such field."),
    ("unreachable", "No way leads to this state."),
];

/// One SARIF log of these reports and of the files that could not even be read.
///
/// Lines and columns are 1-based; columns count Unicode characters. What was taken on trust stands in the property bag
/// of the run, because it is no result.
#[must_use]
pub fn sarif(reports: &[Report], unread: &[Diagnostics]) -> Value {
    let problems = || reports.iter().flat_map(|report| &report.problems);
    let diagnostics = || unread.iter().flat_map(|each| &each.0);
    let mut codes: BTreeSet<&str> = problems().map(|problem| problem.code).collect();
    codes.extend(diagnostics().next().map(|_| NOT_READ));
    let index: HashMap<&str, usize> = codes.iter().copied().zip(0..).collect();
    let results: Vec<Value> = problems()
        .map(|problem| of_problem(problem, index[problem.code]))
        .chain(diagnostics().map(|diagnostic| of_diagnostic(diagnostic, index[NOT_READ])))
        .collect();
    let workflows: Vec<Value> = reports
        .iter()
        .map(|report| {
            json!({
                "workflow": report.workflow,
                "version": report.version,
                "configurations": report.configurations,
                "proved": report.passed(),
                "takenOnTrust": report.assumptions,
            })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "huiyin check",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"workflows": workflows},
        }],
    })
}

/// §3.49 reportingDescriptor.
fn rule(code: &str) -> Value {
    let known = RULES.iter().find(|(name, _)| *name == code).map(|(_, words)| *words);
    let words = known.map_or_else(|| code.replace('-', " "), str::to_owned);
    json!({"id": code, "shortDescription": {"text": words}, "defaultConfiguration": {"level": "error"}})
}

/// §3.27 result.
fn of_problem(problem: &Problem, rule: usize) -> Value {
    let mut location = location(&problem.place);
    if let Some(state) = &problem.state {
        // §3.33 logicalLocation: the state, by its id.
        location["logicalLocations"] = json!([{"fullyQualifiedName": state, "kind": "element"}]);
    }
    let state = problem.state.as_ref().map(|state| format!("state `{state}`: ")).unwrap_or_default();
    let mut result = json!({
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": format!("{state}{}. {}", problem.problem, problem.cure)},
        "locations": [location],
    });
    if !problem.example.is_empty() {
        result["codeFlows"] = json!([way(problem)]);
    }
    result
}

/// §3.36 codeFlow: the events that lead there, one a step, the last at the place itself.
fn way(problem: &Problem) -> Value {
    let steps = problem.example.iter().zip(1..).map(|(event, order): (&String, u32)| {
        let mut location = location(&problem.place);
        location["message"] = json!({"text": event});
        json!({"executionOrder": order, "location": location})
    });
    json!({"threadFlows": [{"locations": steps.collect::<Vec<_>>()}]})
}

fn of_diagnostic(diagnostic: &Diagnostic, rule: usize) -> Value {
    let path = if diagnostic.path.is_empty() { String::new() } else { format!("{}: ", diagnostic.path) };
    let cure = if diagnostic.cure.is_empty() { String::new() } else { format!(". {}", diagnostic.cure) };
    json!({
        "ruleId": NOT_READ,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": format!("{path}{}{cure}", diagnostic.problem)},
        "locations": [location(&diagnostic.place)],
    })
}

/// §3.28 location. A place without a line (an empty file) counts as its first.
fn location(place: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {"startLine": place.line.max(1), "startColumn": place.column.max(1)},
    }})
}

/// A path as a relative reference (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
