//! The SARIF log of a refused, an unreadable and a proved workflow is valid by the schema of SARIF 2.1.0
//! (`sarif/schema-2.1.0.json`, as the npm package `@microsoft/jest-sarif` carries it), and says where, what and how.
use crate::house;

use huiyin_check::{check, sarif};
use serde_json::{Value, json};

fn log() -> Value {
    let hazard = house::read("hazard.yaml").unwrap();
    let proved = check(&house::load("hazard.yaml", &hazard).unwrap(), &house::names());
    // Nobody is told, nothing is inspected before it is struck off.
    let silent = hazard.replacen(
        "      - {repeat: 1 working day, notify: [role:dispatcher, role:supervisor], template: clock-overdue}\n",
        "",
        1,
    );
    let early = silent.replacen("done: {target: inspecting,", "done: {target: struck,", 1);
    let refused = check(&house::load("隐患 挂单.yaml", &early).unwrap(), &house::names());
    assert!(proved.passed() && refused.problems.len() >= 2, "{refused}");
    let unread = house::load("broken.yaml", "workflow: x\nstates:\n  a: {onn: {b: c}}\n").unwrap_err();
    sarif(&[proved, refused], &[unread])
}

fn schema_errors(log: &Value) -> Vec<String> {
    let mut schema: Value = serde_json::from_str(include_str!("sarif/schema-2.1.0.json")).unwrap();
    // Its pattern for languages has a bracket too many, which no strict reader of patterns takes.
    for part in ["run", "toolComponent"] {
        let language = schema["definitions"][part]["properties"]["language"].as_object_mut().unwrap();
        assert!(language.remove("pattern").is_some());
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn a_log_is_valid_by_the_schema() {
    let log = log();
    assert_eq!(schema_errors(&log), Vec::<String>::new(), "{log:#}");
    let mut broken = log;
    broken["runs"][0]["results"][0]["level"] = json!("grave");
    assert!(!schema_errors(&broken).is_empty(), "the schema sees nothing");
}

#[test]
fn a_result_names_rule_place_state_cure_and_the_way() {
    let log = log();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
    }
    let target = results.iter().find(|result| result["ruleId"] == "target").unwrap();
    let text = target["message"]["text"].as_str().unwrap();
    assert!(text.contains("state `struck`") && text.contains("lead it through the state"), "{text}");
    let place = &target["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "%E9%9A%90%E6%82%A3%20%E6%8C%82%E5%8D%95.yaml");
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "struck");
    let steps = target["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["location"]["message"]["text"] == "done"), "{steps:?}");
    let unread = results.iter().filter(|result| result["ruleId"] == "not-read");
    let typo = unread.clone().find(|result| result["message"]["text"].as_str().unwrap().contains("onn"));
    let typo = typo.unwrap_or_else(|| panic!("{:?}", unread.collect::<Vec<_>>()));
    assert_eq!(typo["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
}

#[test]
fn what_was_taken_on_trust_stands_beside_the_results() {
    let log = log();
    let workflows = log["runs"][0]["properties"]["workflows"].as_array().unwrap();
    assert_eq!(workflows.len(), 2);
    assert_eq!(workflows[0]["proved"], true);
    assert_eq!(workflows[1]["proved"], false);
    assert!(workflows[0]["configurations"].as_u64().unwrap() > 2);
}
