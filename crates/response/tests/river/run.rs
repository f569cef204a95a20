//! The whole way: spill, proposals in order, decision, tasks, samples, lessons, the plan's revision.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_engine::{Clock as _, DRILL, REAL};
use serde_json::{Value, json};

use crate::scene::{Scene, at, machine, officer};

const BELOW: [&str; 4] = ["DW24", "DW25", "DW10", "DW30"];

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

fn sample(scene: &Scene, value: f64) -> Value {
    json!({"taken_at": scene.clock.now().to_rfc3339(), "point": "松藻煤矿水厂取水口", "pollutant": "氨氮", "value": value, "limit": 0.5})
}

/// Writes into a plan whatever the shipped workflow asks for before it may be submitted.
async fn written(scene: &Scene, case: uuid::Uuid) {
    let text = crate::scene::read("response-plan.yaml").unwrap();
    if !text.contains("section.saved:") {
        return;
    }
    for rest in text.split("s.id == '").skip(1).filter(|rest| rest.contains("' && s.text != ''")) {
        let id = rest.split('\'').next().unwrap();
        scene.send(case, "section.saved", json!({"section": id, "text": "已填写", "base": 0})).await;
    }
    let contacts = json!([{"unit": "安稳镇", "duty": "现场处置", "phone": "023-00000000"}]);
    scene.send(case, "contacts.saved", json!({"contacts": contacts, "base": 0})).await;
    let materials = json!([{"name": "吸附毡", "amount": "200 米", "place": "镇应急库"}]);
    scene.send(case, "materials.saved", json!({"materials": materials, "base": 0})).await;
    let task = |key: &str, unit: &str, before: i64| json!({"key": key, "unit": unit, "task": "关闭取水口，回报时间", "before_minutes": before});
    let tasks = json!([task("close-intake", "town-anwen", 60), task("far-ahead", "water-resources", 6000)]);
    scene.send(case, "tasks.saved", json!({"tasks": tasks, "base": 0})).await;
}

/// A plan for a source, in force.
async fn plan(scene: &Scene, source: &str) -> uuid::Uuid {
    let data =
        json!({"title": "松藻煤矿水厂水源地应急预案", "source": source, "unit": "emergency-office", "place": "安稳镇"});
    let case = scene.open("response-plan", data).await;
    written(scene, case).await;
    scene.send(case, "submit", json!({"note": "按指南编制"})).await;
    scene.send(case, "review.passed", json!({"reviewed_on": "2026-11-20", "opinion": "同意通过评审"})).await;
    scene.send(case, "approve", json!({})).await;
    scene.send(case, "file", json!({"filed_on": "2026-11-21", "filed_with": "市生态环境局"})).await;
    scene.send(case, "publish", json!({})).await;
    case
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spill_in_the_songkan_proposes_is_confirmed_runs_its_countdowns_and_leaves_the_revision_of_the_plan() {
    let scene = Scene::new().await;
    let plan = plan(&scene, "DW24").await;
    let incident = scene.spill("RK21").await;
    scene.follow_until("four are proposed", async || scene.activations().await.len() == 4).await;

    // Proposed before anybody has verified anything, in order of arrival, with what it rests on.
    assert!(scene.state(incident).await.iter().any(|state| state == "detected"));
    let found = scene.activations().await;
    let mut ranked: Vec<(i64, &str)> =
        found.iter().map(|(source, (_, data))| (data["rank"].as_i64().unwrap(), source.as_str())).collect();
    ranked.sort_unstable();
    assert_eq!(ranked, [(1, BELOW[0]), (2, BELOW[1]), (3, BELOW[2]), (4, BELOW[3])]);
    let times: Vec<_> = BELOW.iter().map(|source| instant(&found[*source].1["earliest_at"])).collect();
    assert!(times.is_sorted() && times[0] > at(0));
    for (record, data) in found.values() {
        assert_eq!(record.active, ["proposed"]);
        assert_eq!(record.due_clock.as_deref(), Some("decision"));
        assert!(data["provenance"].as_str().unwrap().contains("假定"), "{data}");
    }
    assert_eq!((&found["DW24"].1["follow"], &found["DW25"].1["follow"]), (&json!("revise"), &json!("draft")));

    // At once on the incident: sampling, the four notices, and the neighbours whose border the water crosses.
    scene.follow_until("tasks are opened", async || scene.cases("incident-task").await.len() == 7).await;
    let tasks = scene.cases("incident-task").await;
    let units: Vec<&str> = tasks.iter().map(|(_, data)| data["unit"].as_str().unwrap()).collect();
    for unit in ["monitoring-station", "water-resources", "urban-management", "health", "emergency-office"] {
        assert!(units.contains(&unit), "{unit}: {units:?}");
    }
    let said = |words: &str| tasks.iter().any(|(_, data)| data["task"].as_str().unwrap().contains(words));
    assert!(said("江津") && said("桐梓") && !said("万盛"), "the Songkan does not pass Wansheng");
    assert!(said("綦江河松藻煤矿水厂、观音桥闸坝、綦江河大安村、綦江河三江水厂水源地"));

    // Nobody decides: it climbs. A machine may not decide, a unit of the notices neither.
    let first = found["DW24"].0.id;
    let marked = async || scene.journal().case(first).await.unwrap().unwrap().marks.contains(&"unconfirmed".to_owned());
    scene.clock.advance_to(at(0) + TimeDelta::minutes(16));
    scene.follow_until("the proposal has gone up", marked).await;
    assert!(scene.refused(first, "confirm", json!({}), machine()).await.contains("职权"));

    // An officer confirms: the tasks go out, each with its time before the arrival.
    let before = scene.cases("incident-task").await.len();
    let confirmed = scene.clock.now();
    scene.send(first, "confirm", json!({})).await;
    scene.follow_until("tasks are handed out", async || scene.state(first).await == ["acting"]).await;
    let data = scene.data(first).await;
    let wanted = data["tasks"].as_array().unwrap().len();
    assert!(wanted >= 2, "{data}");
    scene.follow_until("all of them", async || scene.cases("incident-task").await.len() == before + wanted).await;
    let earliest = instant(&data["earliest_at"]);
    let tasks = scene.cases("incident-task").await.split_off(before);
    for wanted in data["tasks"].as_array().unwrap() {
        let same = |task: &&Value| (&wanted["unit"], &wanted["task"]) == (&task["unit"], &task["task"]);
        let task = tasks.iter().map(|(_, task)| task).find(same).unwrap();
        let due = earliest - TimeDelta::minutes(wanted["before_minutes"].as_i64().unwrap());
        assert_eq!(instant(&task["wanted_at"]), due);
        let late = due <= confirmed;
        assert_eq!(task["late"], json!(late), "{task}");
        let given = instant(&task["due_at"]);
        assert!(if late { given > confirmed && given <= confirmed + TimeDelta::minutes(16) } else { given == due });
    }
    assert!(tasks.iter().any(|(_, task)| task["unit"] == "town-anwen"), "the unit of the source's town");
    assert_eq!(scene.journal().case(first).await.unwrap().unwrap().due_clock.as_deref(), Some("sampling"));

    // Followed until the section is clean, by two samples in a row.
    scene.send(first, "sample", sample(&scene, 3.2)).await;
    scene.send(first, "follow", json!({"measures": "取水口已关闭，启用备用水源，两道拦截坝"})).await;
    let too_early = scene.refused(first, "section.clean", sample(&scene, 0.2), officer()).await;
    assert!(too_early.contains("连续两次"), "{too_early}");
    scene.send(first, "sample", sample(&scene, 0.3)).await;
    let beyond = scene.refused(first, "section.clean", sample(&scene, 0.9), officer()).await;
    assert!(beyond.contains("超过限值"), "{beyond}");
    scene.send(first, "section.clean", sample(&scene, 0.2)).await;
    assert_eq!(scene.state(first).await, ["summing_up"]);

    // The lessons go back into the plan: its revision waits, with a clock.
    scene.send(first, "end", json!({"lessons": "拦截坝材料应预置在观音桥"})).await;
    scene.follow_until("the plan is to be revised", async || scene.state(plan).await == ["revision_due"]).await;
    let record = scene.journal().case(plan).await.unwrap().unwrap();
    assert_eq!(record.due_clock.as_deref(), Some("replacement"));
    assert_eq!(scene.data(plan).await["cause"], "incident");
    let entries = scene.journal().timeline(plan, 0, 100, false).await.unwrap();
    assert!(entries.iter().any(|entry| entry.body.to_string().contains("拦截坝材料应预置")));
    assert_eq!(scene.state(first).await, ["ended"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_without_a_plan_gets_one_begun_and_a_declined_proposal_is_looked_at_again() {
    let scene = Scene::new().await;
    scene.spill("qi-4@11000").await;
    scene.follow_until("it is proposed", async || scene.activations().await.len() == 1).await;
    let (record, _) = scene.activations().await.remove("DW30").unwrap();
    scene.send(record.id, "decline", json!({"reason": "水量小，已截住"})).await;
    let declined = scene.journal().case(record.id).await.unwrap().unwrap();
    assert_eq!(
        (declined.active.as_slice(), declined.due_clock.as_deref()),
        (&["declined".to_owned()][..], Some("declined_review"))
    );
    scene.send(record.id, "confirm", json!({})).await;
    scene.follow_until("tasks are handed out", async || scene.state(record.id).await == ["acting"]).await;
    scene.send(record.id, "sample", sample(&scene, 0.1)).await;
    scene.send(record.id, "follow", json!({"measures": "取水口关闭"})).await;
    scene.send(record.id, "section.clean", sample(&scene, 0.1)).await;
    scene.send(record.id, "end", json!({"lessons": "该水源没有预案"})).await;
    scene.follow_until("a plan is begun", async || scene.cases("response-plan").await.len() == 1).await;
    let (plan, data) = scene.cases("response-plan").await.remove(0);
    assert_eq!((plan.active.as_slice(), &data["source"]), (&["draft".to_owned()][..], &json!("DW30")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_came_into_force_meanwhile_gets_the_lessons_and_one_that_is_due_already_hears_of_them() {
    let scene = Scene::new().await;
    let clean = async |record: uuid::Uuid| {
        scene.send(record, "confirm", json!({})).await;
        scene.follow_until("tasks are handed out", async || scene.state(record).await == ["acting"]).await;
        scene.send(record, "sample", sample(&scene, 0.1)).await;
        scene.send(record, "follow", json!({"measures": "取水口关闭"})).await;
        scene.send(record, "section.clean", sample(&scene, 0.1)).await;
    };
    scene.spill("qi-4@11000").await;
    scene.follow_until("it is proposed", async || scene.activations().await.len() == 1).await;
    let (first, data) = scene.activations().await.remove("DW30").unwrap();
    assert_eq!(data["follow"], "draft");
    let plan = plan(&scene, "DW30").await;
    clean(first.id).await;
    scene.follow_until("the plan is found", async || scene.data(first.id).await["follow"] == "revise").await;
    scene.send(first.id, "end", json!({"lessons": "第一次的经验"})).await;
    scene.follow_until("it is to be revised", async || scene.state(plan).await == ["revision_due"]).await;

    scene.spill("qi-4@11000").await;
    scene.follow_until("proposed again", async || scene.cases("activation").await.len() == 2).await;
    let second = scene.cases("activation").await.remove(1).0.id;
    clean(second).await;
    scene.send(second, "end", json!({"lessons": "第二次的经验"})).await;
    let heard = async || {
        let entries = scene.journal().timeline(plan, 0, 100, false).await.unwrap();
        entries.iter().any(|entry| entry.body.to_string().contains("第二次的经验"))
    };
    scene.follow_until("the plan hears of it", heard).await;
    assert_eq!(scene.state(plan).await, ["revision_due"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_alarm_withdraws_what_was_proposed_and_calls_the_tasks_back() {
    let scene = Scene::new().await;
    let incident = scene.spill("RK21").await;
    scene.follow_until("four are proposed", async || scene.activations().await.len() == 4).await;
    let first = scene.activations().await["DW24"].0.id;
    scene.send(first, "confirm", json!({})).await;
    scene.follow_until("tasks are handed out", async || scene.state(first).await == ["acting"]).await;
    scene.send(incident, "acknowledge", json!({})).await;
    scene.send(incident, "false.propose", json!({"reason": "现场核实为清水"})).await;
    scene.send(incident, "false.approve", json!({"findings": "误报，清水"})).await;
    let over = async || scene.activations().await.values().all(|(record, _)| record.active == ["withdrawn"]);
    scene.follow_until("all are withdrawn", over).await;
    let closed = async || scene.cases("incident-task").await.iter().all(|(record, _)| record.active == ["cancelled"]);
    scene.follow_until("tasks are called back", closed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_is_named_later_finds_the_sources_and_corrects_the_times() {
    let scene = Scene::new().await;
    let incident = scene
        .open(
            "incident",
            json!({"title": "河水有异味", "source": "phone",
        "learned_at": at(0).to_rfc3339(), "category": "water", "place": "安稳镇"}),
        )
        .await;
    scene.follow_until("those of the town", async || scene.activations().await.len() == 3).await;
    let found = scene.activations().await;
    assert!(found.values().all(|(_, data)| data["possible"] == true && data["earliest_at"] == ""));
    scene
        .send(
            incident,
            "locate",
            json!({"point": "RK21", "water_since": (at(0) - TimeDelta::minutes(30)).to_rfc3339()}),
        )
        .await;
    let known = async || {
        let found = scene.activations().await;
        found.len() == 5 && found["DW24"].1["possible"] == false && found["DW26"].1["rank"] == 5
    };
    scene.follow_until("all of them, with times", known).await;
    let earlier = instant(&scene.activations().await["DW24"].1["earliest_at"]);
    // Said better once more: below the first intake, which is reached no more, and later.
    scene.send(incident, "locate", json!({"point": "songkan-2@0", "water_since": at(0).to_rfc3339()})).await;
    let moved = async || scene.activations().await["DW24"].1["possible"] == true;
    scene.follow_until("it is reached no more", moved).await;
    let found = scene.activations().await;
    assert!(found["DW24"].1["from"].as_str().unwrap().contains("重新定位"), "{}", found["DW24"].1);
    assert!(earlier > at(0) - TimeDelta::minutes(30));
    scene.follow(5).await;
    assert_eq!(scene.activations().await.len(), 5, "nothing is proposed twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exercise_proposes_in_its_own_timeline_and_touches_nothing_real() {
    let scene = Scene::of(DRILL).await;
    scene.spill("RK21").await;
    scene.follow_until("four are proposed", async || scene.activations().await.len() == 4).await;
    assert!(scene.activations().await.values().all(|(_, data)| data["follow"] == "none" && data["plan"] == ""));
    for workflow in ["incident", "activation", "incident-task", "response-plan"] {
        assert!(scene.cases_of(REAL, workflow).await.is_empty(), "{workflow}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_in_the_river_is_left_alone() {
    let scene = Scene::new().await;
    let data = json!({"title": "厂区异味", "source": "phone", "learned_at": at(0).to_rfc3339(), "category": "air", "place": "安稳镇"});
    scene.open("incident", data).await;
    scene.follow(5).await;
    assert!(scene.activations().await.is_empty() && scene.cases("incident-task").await.is_empty());
}

/// A plan that carries tasks, in force from the start: only its shape matters here.
const PLAN: &str = r#"
workflow: response-plan
version: 1
title: {zh: 预案, en: Plan}
number: "YA-{date}-{seq:6}"
data:
  type: object
  required: [title, source]
  properties:
    title: {type: string, maxLength: 120}
    source: {type: string, maxLength: 64}
    tasks: {type: array, default: [], maxItems: 40, items: {type: object}}
summary: {title: data.title}
owner: unit:emergency-office
initial: in_force
events:
  case.opened: {title: {zh: 编制, en: begin}, by: [role:emergency], form: {type: object, properties: {title: {type: string, maxLength: 120}, source: {type: string, maxLength: 64}, tasks: {type: array, maxItems: 40, items: {type: object}}}}}
  revise: {title: {zh: 修订, en: revise}, form: {type: object, properties: {cause: {type: string, maxLength: 40}, reason: {type: string, maxLength: 2000}}}}
clocks:
  drill:
    title: {zh: 演练, en: drill}
    within: 1 year
    starts: {entered: in_force}
    met_by: {entered: revised}
    ladder: [{repeat: 30 days, notify: owner, template: clock-reminder}]
states:
  in_force: {title: {zh: 施行中, en: in force}, on: {revise: revised}}
  revised: {type: final, title: {zh: 已修订, en: revised}}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tasks_of_a_plan_come_before_the_defaults_and_one_that_no_unit_can_do_is_passed_on() {
    let scene = Scene::with(REAL, Some(PLAN)).await;
    let task = |key: &str, unit: &str, before: i64| json!({"key": key, "unit": unit, "task": "关闭三江取水口", "before_minutes": before});
    let tasks = json!([
        task("close", "town-zhuantang", 45),
        task("pump", "yuqi-water", 30),
        task("Bad Key", "health", 5),
        task("far", "health", 99_999)
    ]);
    scene.open("response-plan", json!({"title": "三江水厂预案", "source": "DW30", "tasks": tasks})).await;
    scene.spill("qi-4@11000").await;
    scene.follow_until("it is proposed", async || scene.activations().await.len() == 1).await;
    let (record, data) = scene.activations().await.remove("DW30").unwrap();
    assert_eq!((&data["from_plan"], &data["follow"]), (&json!(true), &json!("revise")));
    let before = scene.cases("incident-task").await.len();
    scene.send(record.id, "confirm", json!({})).await;
    scene.follow_until("tasks are handed out", async || scene.state(record.id).await == ["acting"]).await;
    scene.follow_until("both of them", async || scene.cases("incident-task").await.len() == before + 2).await;
    let tasks = scene.cases("incident-task").await.split_off(before);
    let found = |unit: &str| tasks.iter().find(|(_, task)| task["unit"] == unit).map(|(_, task)| task.clone()).unwrap();
    assert_eq!(found("town-zhuantang")["task"], "关闭三江取水口");
    // An enterprise is never ordered: the bureau passes it on, and says to whom it was meant.
    let passed_on = found("emergency-office");
    assert!(passed_on["task"].as_str().unwrap().contains("渝綦水务公司"), "{passed_on}");
}
