//! Response plans through the doors: begun with what is known, saved field by field, refused while something is missing,
//! compared version by version, revised from the text of the one in force; and their map sheet as PDF.

use crate::bureau;

use axum::http::{StatusCode, header};
use bureau::Office;
use serde_json::{Value, json};

const REQUIRED: [&str; 18] = [
    "purpose",
    "basis",
    "area",
    "levels",
    "command",
    "groups",
    "judgement",
    "alert",
    "reporting",
    "monitoring",
    "cutoff",
    "onsite",
    "supply",
    "end",
    "aftermath",
    "drills",
    "risks",
    "zones",
];

async fn begin(office: &Office, source: &str) -> String {
    let body = json!({"id": office.id(), "unit": "water-section"});
    let begun = office.post("emergency", &format!("/api/sources/{source}/plan"), &body).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    begun.json()["number"].as_str().unwrap().to_owned()
}

async fn plan(office: &Office, who: &str, number: &str) -> Value {
    let answer = office.get(who, &format!("/api/cases/{number}/plan")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

fn field<'a>(plan: &'a Value, id: &str) -> &'a Value {
    let chapters = plan["chapters"].as_array().unwrap().iter();
    chapters.flat_map(|chapter| chapter["fields"].as_array().unwrap()).find(|field| field["id"] == id).unwrap()
}

fn contact() -> Value {
    json!({"unit": "区水利局", "duty": "停止取水", "phone": "023-00000000"})
}

fn task(key: &str, unit: &str) -> Value {
    json!({"key": key, "unit": unit, "task": "停止取水", "before_minutes": 90})
}

async fn fill(office: &Office, number: &str) {
    let now = plan(office, "handler", number).await;
    for id in REQUIRED {
        let data = json!({"section": id, "text": format!("{id} 已写"), "base": field(&now, id)["rev"]});
        office.does("handler", number, "section.saved", data).await;
    }
    office
        .does("handler", number, "contacts.saved", json!({"contacts": [contact()], "base": now["contacts"]["rev"]}))
        .await;
    let carbon = json!({"name": "活性炭", "amount": "2 吨", "place": "三江水厂"});
    office
        .does("handler", number, "materials.saved", json!({"materials": [carbon], "base": now["materials"]["rev"]}))
        .await;
    let tasks = json!({"tasks": [task("close", "water-resources")], "base": now["tasks"]["rev"]});
    office.does("handler", number, "tasks.saved", tasks).await;
}

async fn into_force(office: &Office, number: &str) {
    office.does("handler", number, "submit", json!({"note": "编制完成"})).await;
    let opinion = json!({"reviewed_on": "2026-11-23", "opinion": "同意通过"});
    office.does("emergency", number, "review.passed", opinion).await;
    office.does("chief", number, "approve", json!({})).await;
    office.does("handler", number, "file", json!({"filed_on": "2026-11-23", "filed_with": "区应急管理局"})).await;
    office.does("handler", number, "publish", json!({})).await;
}

#[tokio::test]
async fn a_new_plan_begins_with_what_the_system_knows() {
    let office = Office::sqlite().await;
    let number = begin(&office, "DW25").await;
    let plan = plan(&office, "handler", &number).await;
    assert_eq!(
        (plan["title"].as_str(), plan["state"].as_str()),
        (Some("观音桥闸坝突发环境事件应急预案"), Some("draft"))
    );
    assert_eq!(plan["may_save"], true);
    let risks = field(&plan, "risks");
    assert!(risks["text"].as_str().unwrap().contains("金鸡岩洗选厂"), "{risks}");
    assert_eq!(
        (risks["mark"].as_str(), risks["rev"].as_i64(), &risks["known"]),
        (Some("begun"), Some(0), &Value::Null)
    );
    assert_eq!(field(&plan, "command")["mark"], "empty");
    let tasks = plan["tasks"]["rows"].as_array().unwrap();
    let of = |key: &str| tasks.iter().find(|task| task["key"] == key).unwrap();
    assert_eq!((tasks.len(), &of("hold-back")["unit_name"]["zh"]), (6, &json!("区水利局")));
    assert!(of("close-intake")["task"].as_str().unwrap().starts_with("观音桥闸坝："), "{tasks:?}");
    assert_eq!(plan["versions"].as_array().unwrap().len(), 1);
    let missing = plan["completeness"]["missing"].as_array().unwrap();
    assert!(missing.contains(&json!("command")) && missing.contains(&json!("contacts")), "{missing:?}");
    let list = office.get("handler", "/api/sources").await.json();
    let row = list["rows"].as_array().unwrap().iter().find(|row| row["id"] == "DW25").unwrap();
    assert_eq!(
        (row["plan"]["number"].as_str(), row["plan"]["in_force"].as_bool()),
        (Some(number.as_str()), Some(false))
    );
    office.everything_is_derived_again().await;
}

#[tokio::test]
async fn beginning_twice_is_one_plan_and_a_second_one_is_refused() {
    let office = Office::sqlite().await;
    let body = json!({"id": office.id(), "unit": "water-section", "title": "大安村水源预案"});
    let first = office.post("emergency", "/api/sources/DW10/plan", &body).await;
    let again = office.post("emergency", "/api/sources/DW10/plan", &body).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", again.text);
    assert_eq!(first.json()["number"], again.json()["number"]);
    let body = json!({"id": office.id(), "unit": "water-section"});
    let other = office.post("emergency", "/api/sources/DW10/plan", &body).await;
    assert_eq!((other.status, other.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "source"), "{}", other.text);
    for source in ["RK01", "DW99", "S1"] {
        let answer = office.post("emergency", &format!("/api/sources/{source}/plan"), &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{source}");
    }
    let company = json!({"id": office.id(), "unit": "nanzhou-services"});
    let answer = office.post("emergency", "/api/sources/DW11/plan", &company).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "requirement"));
    let answer = office.post("handler", "/api/sources/DW11/plan", &body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "who opens no cases begins no plan");
}

#[tokio::test]
async fn whoever_is_behind_learns_that_somebody_saved_meanwhile() {
    let office = Office::sqlite().await;
    let number = begin(&office, "DW25").await;
    let save = |text: &str, base: i64| json!({"section": "command", "text": text, "base": base});
    office.does("handler", &number, "section.saved", save("第一稿", 0)).await;
    let late = office.event("head", &number, "section.saved", save("也是第一稿", 0)).await;
    assert_eq!(
        (late.status, late.code().as_str(), late.path().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "requirement", "base")
    );
    office.does("head", &number, "section.saved", save("第二稿", 1)).await;
    let now = plan(&office, "handler", &number).await;
    let command = field(&now, "command");
    assert_eq!(
        (command["text"].as_str(), command["rev"].as_i64(), command["mark"].as_str()),
        (Some("第二稿"), Some(2), Some("saved"))
    );
    assert!(command["saved_by"].is_string() && command["saved_at"].is_string());
    // Taking away what the system wrote: it is offered again.
    office.does("handler", &number, "section.saved", json!({"section": "zones", "text": "", "base": 0})).await;
    let now = plan(&office, "handler", &number).await;
    assert_eq!(field(&now, "zones")["mark"], "empty");
    assert!(field(&now, "zones")["known"].as_str().unwrap().contains("一级保护区"));
    let bad =
        office.event("handler", &number, "tasks.saved", json!({"tasks": [task("aa", "nobody")], "base": 0})).await;
    assert_eq!((bad.code().as_str(), bad.path().as_str()), ("form_invalid", "tasks.0.unit"), "{}", bad.text);
    let twice = json!({"tasks": [task("aa", "water-resources"), task("aa", "health")], "base": 0});
    let bad = office.event("handler", &number, "tasks.saved", twice).await;
    assert_eq!(bad.code(), "requirement", "{}", bad.text);
    let long = json!({"section": "command", "text": "长".repeat(6001), "base": 2});
    assert_eq!(office.event("handler", &number, "section.saved", long).await.code(), "form_invalid");
    let stranger = office.event("town", &number, "section.saved", save("别家", 2)).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    office.everything_is_derived_again().await;
}

#[tokio::test]
async fn a_plan_goes_to_review_when_nothing_required_is_missing_and_is_closed_then() {
    let office = Office::sqlite().await;
    let number = begin(&office, "DW25").await;
    let early = office.event("handler", &number, "submit", json!({"note": "编制完成"})).await;
    assert_eq!((early.status, early.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "requirement"));
    let details = early.json()["error"]["details"].clone();
    let paths: Vec<&str> = details.as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"command") && paths.contains(&"supply") && paths.len() > 5, "{paths:?}");
    assert!(early.json()["error"]["message"]["zh"].as_str().unwrap().contains("应急指挥部"));
    fill(&office, &number).await;
    let whole = plan(&office, "handler", &number).await;
    assert_eq!(whole["completeness"]["missing"], json!([]));
    into_force(&office, &number).await;
    let now = plan(&office, "handler", &number).await;
    assert_eq!((now["state"].as_str(), now["may_save"].as_bool()), (Some("in_force"), Some(false)));
    let late =
        office.event("handler", &number, "section.saved", json!({"section": "terms", "text": "x", "base": 0})).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", late.text);
    let list = office.get("handler", "/api/sources").await.json();
    assert_eq!(list["covered"], 1);
}

#[tokio::test]
async fn versions_are_what_the_journal_says_and_a_revision_begins_with_the_text_in_force() {
    let office = Office::sqlite().await;
    let number = begin(&office, "DW25").await;
    fill(&office, &number).await;
    into_force(&office, &number).await;
    let now = plan(&office, "handler", &number).await;
    let versions = now["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1 + REQUIRED.len() + 3 + 5, "opened, saved, and every step after");
    let text = async |n: u64, id: &str| {
        let answer = office.get("handler", &format!("/api/cases/{number}/plan/versions/{n}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let fields = answer.json()["fields"].clone();
        fields.as_array().unwrap().iter().find(|field| field["id"] == id).unwrap()["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text(1, "command").await, "");
    assert!(text(1, "risks").await.contains("金鸡岩洗选厂"));
    let last = versions[0]["n"].as_u64().unwrap();
    assert_eq!(text(last, "risks").await, "risks 已写");
    assert_eq!(text(last, "tasks").await, "90 · 区水利局 · 停止取水");
    assert_eq!(text(last, "contacts").await, "区水利局 · 023-00000000 · 停止取水");
    let none = office.get("handler", &format!("/api/cases/{number}/plan/versions/{}", last + 1)).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let paper =
        async |n: u64| office.get("handler", &format!("/api/cases/{number}/plan/versions/{n}/paper")).await.text;
    let (first, newest) = (paper(1).await, paper(last).await);
    assert!(
        first.contains("金鸡岩洗选厂") && first.contains("已有更新的版本") && !first.contains("command 已写"),
        "{first}"
    );
    assert!(newest.contains("command 已写") && newest.contains("<td>区水利局</td><td>停止取水</td>"), "{newest}");
    assert!(
        newest.contains("023-00000000") && newest.contains("活性炭") && !newest.contains("已有更新的版本"),
        "{newest}"
    );

    let next = begin(&office, "DW25").await;
    let revised = plan(&office, "handler", &next).await;
    assert_eq!(revised["predecessor"], number);
    assert_eq!(field(&revised, "command")["text"], "command 已写");
    assert_eq!(field(&revised, "command")["mark"], "begun");
    assert!(
        field(&revised, "risks")["known"].as_str().unwrap().contains("金鸡岩洗选厂"),
        "what is known now is offered"
    );
    let source = office.get("handler", "/api/sources/DW25").await.json();
    assert_eq!(
        (source["plan"]["number"].as_str(), source["plan"]["next"]["number"].as_str()),
        (Some(number.as_str()), Some(next.as_str()))
    );
    assert_eq!(source["zones"][0]["level"], "first");
    let body = json!({"id": office.id(), "unit": "water-section"});
    let third = office.post("emergency", "/api/sources/DW25/plan", &body).await;
    assert_eq!(third.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", third.text);
    office.everything_is_derived_again().await;
}

#[tokio::test]
async fn a_case_that_is_no_plan_has_none() {
    let office = Office::sqlite().await;
    let petition = office.open(bureau::complaint()).await;
    for rest in ["plan", "plan/versions/1", "plan/versions/1/paper"] {
        let answer = office.get("supervisor", &format!("/api/cases/{petition}/{rest}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}");
    }
}

#[tokio::test]
async fn the_sheet_of_a_source_carries_its_plan_and_comes_as_pdf() {
    let office = Office::sqlite().await;
    let number = begin(&office, "DW25").await;
    fill(&office, &number).await;
    let svg = office.get("town", "/api/sources/DW25/sheet").await;
    for words in ["前 1 小时 30 分　区水利局：停止取水", "023-00000000", "活性炭", "一级保护区"] {
        assert!(svg.text.contains(words), "{words}");
    }
    let english = office.get("town", "/api/sources/DW25/sheet?language=en&paper=a4").await;
    assert!(english.text.contains("1 h 30 min before　Water Resources Bureau"), "{}", &english.text[..200]);
    let answer = office.get("town", "/api/sources/DW25/sheet?format=docx").await;
    assert_eq!((answer.status, answer.path().as_str()), (StatusCode::BAD_REQUEST, "format"));
    let page = office.get("town", "/api/sources/DW25/sheet?format=pdf").await;
    assert_eq!(page.headers.get(header::CONTENT_TYPE).unwrap(), "application/pdf", "{}", page.status);
    assert!(page.text.starts_with("%PDF-") && page.text.len() > 20_000);
}
