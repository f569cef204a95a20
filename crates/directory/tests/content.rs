//! What the shipped workflows, the district of Qijiang and the templates say about each other is true:
//! every role and unit named exists, every mail and paper named has a template, and no mail can carry a person.
//! Whether the workflows themselves are sound is the business of `chart` and `check`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huiyin_directory::Directory;
use serde_json::{Value, json};

const WORKFLOWS: [&str; 4] = ["petition", "co-handling", "enforcement", "review"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn workflow(name: &str) -> Value {
    let text = std::fs::read_to_string(root().join(format!("{name}.yaml"))).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}.yaml: {e}"))
}

fn qijiang() -> Directory {
    let read = |path: &str| std::fs::read_to_string(root().join("districts/qijiang").join(path)).ok();
    Directory::load("", &read).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every value under a key `name`, at any depth.
fn all<'a>(value: &'a Value, name: &str, out: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key == name {
                    out.push(inner);
                }
                all(inner, name, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| all(inner, name, out)),
        _ => {}
    }
}

/// Every string at any depth.
fn strings<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Object(map) => map.values().for_each(|inner| strings(inner, out)),
        Value::Array(list) => list.iter().for_each(|inner| strings(inner, out)),
        _ => {}
    }
}

#[test]
fn every_role_and_unit_a_workflow_names_exists_and_reaches_somebody() {
    let directory = qijiang();
    let now = "2026-11-24T02:00:00Z".parse().unwrap();
    for name in WORKFLOWS {
        let workflow = workflow(name);
        let mut found = Vec::new();
        strings(&workflow, &mut found);
        let parties = found.iter().filter_map(|s| s.split_once(':')).filter(|(kind, id)| {
            matches!(*kind, "role" | "unit") && id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        });
        for (kind, id) in parties {
            let known = if kind == "role" { directory.role_exists(id) } else { directory.unit_exists(id) };
            assert!(known, "{name}.yaml names {kind}:{id}, unknown in Qijiang");
            let reached = directory.recipients(&format!("{kind}:{id}"), None, &BTreeSet::new(), now);
            assert!(reached.iter().any(|c| !c.fallback), "{name}.yaml: {kind}:{id} reaches nobody");
        }
    }
}

#[test]
fn every_mail_and_paper_a_workflow_names_has_a_template() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        for (key, folder, suffix) in [
            ("template", "templates", "txt"),
            ("template", "templates", "html"),
            ("document", "templates/letters", "html"),
            ("sends", "templates/letters", "html"),
        ] {
            let mut named = Vec::new();
            all(&workflow, key, &mut named);
            for template in named.iter().filter_map(|v| v.as_str()) {
                let file = root().join(folder).join(format!("{template}.{suffix}"));
                assert!(
                    file.is_file(),
                    "{name}.yaml names {key} {template}, but {folder}/{template}.{suffix} is missing"
                );
            }
        }
    }
}

#[test]
fn every_child_case_a_workflow_opens_has_a_workflow_and_fits_its_data() {
    for name in WORKFLOWS {
        let parent = workflow(name);
        let mut opened = Vec::new();
        all(&parent, "open", &mut opened);
        for open in opened.iter().filter(|o| o.get("workflow").is_some()) {
            let child = open["workflow"].as_str().unwrap();
            let definition = workflow(child);
            let schema = match &definition["data"] {
                Value::String(file) => {
                    serde_saphyr::from_str(&std::fs::read_to_string(root().join(file)).unwrap()).unwrap()
                }
                inline => inline.clone(),
            };
            let given: BTreeSet<&str> = open["data"].as_object().unwrap().keys().map(String::as_str).collect();
            for field in &given {
                assert!(!schema["properties"][field].is_null(), "{name} gives {child} an unknown field {field}");
            }
            for field in schema["required"].as_array().unwrap() {
                assert!(given.contains(field.as_str().unwrap()), "{name} opens {child} without {field}");
            }
        }
    }
}

fn environment(folder: &Path, strict: bool) -> minijinja::Environment<'static> {
    let mut env = minijinja::Environment::new();
    if strict {
        env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".txt") || name.ends_with(".html") {
            env.add_template_owned(name, std::fs::read_to_string(&path).unwrap()).unwrap();
        }
    }
    env
}

/// The same value for a template.
fn variables(value: &Value) -> minijinja::Value {
    match value {
        Value::Object(map) => {
            minijinja::Value::from_pairs(map.iter().map(|(key, inner)| (key.clone(), variables(inner))))
        }
        Value::Bool(yes) => (*yes).into(),
        Value::String(text) => text.clone().into(),
        other => panic!("the test gives templates no {other}"),
    }
}

#[test]
fn a_mail_uses_only_what_a_mail_may_say_and_opens_with_its_subject() {
    let env = environment(&root().join("templates"), true);
    let full = json!({"number": "XF-20261124-000017", "workflow_title": "信访投诉", "category": "水", "place_town": "赶水镇",
        "unit_name": "水生态环境科", "due_text": "2026年12月1日 23:59", "due_provisional": true, "clock_title": "书面告知",
        "basis": "信访工作条例 第二十三条", "rung_text": "到期", "link": "https://huiyin.example.invalid/cases/XF-20261124-000017",
        "now_text": "2026年11月24日 09:00", "recipient_name": "王主任", "district_name": "綦江区", "exercise": true});
    let bare: Value = full
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| {
            let empty = if v.is_boolean() { json!(false) } else { json!("") };
            (k.clone(), if k == "number" || k == "link" { v.clone() } else { empty })
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (name, _) in env.templates() {
        for context in [&full, &bare] {
            let text =
                env.get_template(name).unwrap().render(variables(context)).unwrap_or_else(|e| panic!("{name}: {e:#}"));
            let text = text.replace("&#x2f;", "/");
            assert!(
                text.contains("XF-20261124-000017") && text.contains("https://huiyin.example.invalid/cases/"),
                "{name}: {text}"
            );
            if name.ends_with(".txt") {
                let mut lines = text.lines();
                assert!(lines.next().is_some_and(|subject| subject.contains("XF-20261124-000017")), "{name}: {text}");
                assert_eq!(lines.next(), Some(""), "{name}: an empty line follows the subject");
            }
        }
    }
}

#[test]
fn a_letter_to_a_unit_never_names_the_petitioner() {
    let env = environment(&root().join("templates/letters"), false);
    let context = json!({"number": "XF-20261124-000017", "office_name": "綦江区生态环境局", "date_text": "2026年11月24日",
        "petitioner_name": "张三丰", "title": "河水发黑", "received_text": "2026年11月20日", "accepted_text": "2026年11月23日",
        "route": "five", "unit_name": "赶水镇", "unit_relation": "town", "reason": "理由", "reply": {"facts": "事实", "opinion": "意见", "basis": "依据", "conclusion_text": "依法履行职责"}});
    // Reports of an incident and plans are about no petition: they are rendered in crates/web/tests/{incident,plans}.rs.
    let of_others = ["初报.html", "续报.html", "处理结果报告.html", "时限执行情况.html", "预案.html"];
    for (name, _) in env.templates().filter(|(name, _)| !name.starts_with('_') && !of_others.contains(name)) {
        let text =
            env.get_template(name).unwrap().render(variables(&context)).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        let to_a_unit = matches!(name, "交办单.html" | "转送函.html" | "催办通知书.html");
        assert_eq!(text.contains("张三丰"), !to_a_unit, "{name}");
        assert!(text.contains("size: A4") && text.contains("XF-20261124-000017"), "{name}");
    }
}

#[test]
fn the_reply_of_route_five_names_court_and_reconsideration_and_that_of_route_six_names_the_review() {
    let env = environment(&root().join("templates/letters"), false);
    let render = |name: &str, route: &str| {
        let context = json!({"number": "X", "route": route, "reply": {"facts": "事实", "opinion": "意见", "basis": "依据", "conclusion_text": "支持"}});
        env.get_template(name).unwrap().render(variables(&context)).unwrap()
    };
    let five = render("答复意见书.html", "five");
    assert!(five.contains("行政复议") && five.contains("行政诉讼") && !five.contains("复查"), "{five}");
    let six = render("信访事项处理意见书.html", "six");
    assert!(six.contains("复查") && six.contains("三十日") && !six.contains("行政诉讼"), "{six}");
}

#[test]
fn no_event_is_used_that_is_not_declared_and_every_declared_event_has_a_title() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        let events = workflow["events"].as_object().unwrap();
        for (event, declared) in events {
            for language in ["zh", "en"] {
                assert!(
                    declared["title"][language].as_str().is_some_and(|t| !t.is_empty()),
                    "{name}: {event} has no title in {language}"
                );
            }
        }
        let mut handled = Vec::new();
        all(&workflow["states"], "on", &mut handled);
        let mut used: BTreeSet<&str> =
            handled.iter().filter_map(|on| on.as_object()).flat_map(|on| on.keys()).map(String::as_str).collect();
        for key in ["event", "asked_by", "granted_by", "raise"] {
            let mut named = Vec::new();
            all(&workflow["clocks"], key, &mut named);
            used.extend(named.iter().filter_map(|v| v.as_str()));
        }
        for event in &used {
            assert!(events.contains_key(*event), "{name}: {event} is not declared");
        }
        for event in events.keys().filter(|e| *e != "case.opened") {
            assert!(used.contains(event.as_str()), "{name}: {event} is declared and never used");
        }
    }
}

#[test]
fn every_state_a_clock_or_transition_names_exists() {
    fn collect(states: &Value, ids: &mut BTreeSet<String>) {
        for (key, state) in states.as_object().into_iter().flatten() {
            ids.insert(state["id"].as_str().unwrap_or(key).to_owned());
            collect(&state["states"], ids);
        }
    }
    for name in WORKFLOWS {
        let workflow = workflow(name);
        let mut ids = BTreeSet::new();
        collect(&workflow["states"], &mut ids);
        let mut named = Vec::new();
        all(&workflow["clocks"], "entered", &mut named);
        for state in named.iter().filter_map(|v| v.as_str()) {
            assert!(ids.contains(state), "{name}: a clock names the state {state}");
        }
        let mut found = Vec::new();
        strings(&workflow["states"], &mut found);
        for target in found.iter().filter_map(|s| s.strip_prefix('#')) {
            assert!(ids.contains(target), "{name}: a transition names #{target}");
        }
    }
}

#[test]
fn every_ladder_ends_in_a_repeat_that_reaches_somebody() {
    for name in WORKFLOWS {
        for (clock, declared) in workflow(name)["clocks"].as_object().unwrap() {
            let last = declared["ladder"].as_array().and_then(|l| l.last()).unwrap();
            assert!(last["repeat"].is_string() && !last["notify"].is_null(), "{name}: {clock} ends in silence");
        }
    }
}
