//! Plans as documents: the list of fields is what the workflow asks for, a draft begins with what the network knows and no
//! more, and what is missing is named.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use huiyin_water::network::{Group, Network};
use huiyin_water::plan::{Document, Fields, Kind, Known, Task, draft};
use serde_json::json;

fn workflows(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(name)).unwrap()
}

fn fields() -> Fields {
    Fields::load("plans/fields.yaml", &workflows("plans/fields.yaml")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn network() -> Network {
    Network::load("", &|name| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/water");
        std::fs::read_to_string(folder.join(name)).ok()
    })
    .unwrap_or_else(|problems| panic!("{problems}"))
}

fn begun(network: &Network, id: &str) -> Document {
    let tasks = vec![
        Task { key: "close".into(), unit: "water-resources".into(), task: "停止取水".into(), before_minutes: 60 },
        Task { key: "ghost".into(), unit: "no-such-unit".into(), task: "无".into(), before_minutes: 0 },
    ];
    let unit = |id: &str| (id == "water-resources").then(|| "区水利局".to_owned());
    draft(&Known { network, place: network.place(id).unwrap(), tasks, unit: &unit }).unwrap()
}

#[test]
fn the_list_of_fields_has_every_chapter_and_says_what_each_rests_on() {
    let fields = fields();
    let chapters: Vec<&str> = fields.chapters.iter().map(|chapter| chapter.title.zh.as_str()).collect();
    assert_eq!(chapters, ["总则", "组织指挥", "应急响应", "后期工作", "应急保障", "附则", "附件", "附图"]);
    assert!(fields.all().count() >= 40);
    let lists: Vec<&str> =
        fields.all().filter(|field| field.kind == Kind::List).map(|field| field.id.as_str()).collect();
    assert_eq!(lists, ["contacts", "tasks", "materials"]);
}

#[test]
fn the_required_fields_are_those_that_the_workflow_asks_for() {
    let workflow: serde_json::Value = serde_saphyr::from_str(&workflows("response-plan.yaml")).unwrap();
    let asked = workflow["events"]["submit"]["require"].as_array().unwrap();
    let asked: Vec<&str> = asked.iter().map(|require| require["that"].as_str().unwrap()).collect();
    let fields = fields();
    assert_eq!(fields.differences(&asked), Vec::<String>::new());
    assert_eq!(fields.differences(&asked[1..]).len(), 1, "one that is not asked for is named");
    let more = [&asked[..], &["data.sections.exists(s, s.id == 'terms')"]].concat();
    assert!(fields.differences(&more)[0].starts_with("terms"), "{:?}", fields.differences(&more));
}

#[test]
fn mistakes_in_the_list_are_named_with_their_line() {
    let bad = "chapters:\n  - id: one\n    title: {zh: 一, en: one}\n    fields:\n      \
               - {id: Aa, title: {zh: 甲, en: a}, kind: text, from: customary}\n      \
               - {id: tasks, title: {zh: 乙, en: b}, kind: text, from: customary}\n      \
               - {id: bb, title: {zh: 丙, en: c}, kind: list, from: law}\n      \
               - {id: bb, title: {zh: 丁, en: ''}, kind: text, from: customary}\n";
    let said = Fields::load("f.yaml", bad).unwrap_err().to_string();
    for expected in [
        "f.yaml:5: id: `Aa` is no id",
        "f.yaml:6: kind: tasks",
        "f.yaml:7: kind: bb",
        "f.yaml:7: law: bb rests on Law",
        "f.yaml:8: id: bb stands there twice",
        "f.yaml:8: title: bb: an empty text",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(Fields::load("f.yaml", "chapters: [1]").unwrap_err().to_string().starts_with("f.yaml:1: shape"));
}

#[test]
fn a_draft_says_what_is_known_and_marks_what_nobody_surveyed() {
    let network = network();
    let river = begun(&network, "DW25");
    let text = |id: &str| river.sections[id].text.as_str();
    assert!(text("risks").contains("金鸡岩洗选厂") && text("risks").contains("Jobson"), "{}", text("risks"));
    assert!(text("risks").contains("近似，未经测量") && text("risks").contains("供水人口：未登记"));
    let order: Vec<usize> =
        ["渝阳煤矿", "石壕煤矿", "松坎河跨界公路"].map(|name| text("cutoff").find(name).unwrap()).into();
    assert!(order.is_sorted(), "the earliest arrival first: {}", text("cutoff"));
    assert!(text("monitoring").contains("石门坎"), "{}", text("monitoring"));
    assert!(
        text("zones").contains("一级保护区：取水口上游 1000 米") && text("zones").contains("推定"),
        "{}",
        text("zones")
    );
    assert!(text("area").contains("24 小时"));
    assert!(!river.sections.contains_key("supply"), "nothing is made up where nothing is registered");
    let tasks: Vec<&str> = river.tasks.0.iter().map(|task| task.key.as_str()).collect();
    assert_eq!(tasks, ["close"], "a unit that the directory does not know gets no task");
    assert_eq!(river.contacts.0[0].unit, "区水利局");
    let pond = begun(&network, "DW03");
    assert!(pond.sections["area"].text.contains("现场核定") && !pond.sections.contains_key("cutoff"));
    for place in network.places.iter().filter(|place| place.group() == Group::Source) {
        let document = begun(&network, &place.id);
        assert!(document.sections.values().all(|section| section.text.chars().count() <= 6000), "{}", place.id);
        assert!(!document.completeness(&fields()).missing.is_empty(), "{}: a draft is no plan", place.id);
    }
}

#[test]
fn what_is_missing_is_named_and_contacts_need_a_telephone() {
    let (network, fields) = (network(), fields());
    let mut document = begun(&network, "DW25");
    let missing = document.completeness(&fields).missing;
    assert!(missing.contains(&"contacts".to_owned()) && missing.contains(&"command".to_owned()), "{missing:?}");
    for field in fields.all().filter(|field| field.kind != Kind::List) {
        let sent = json!({"section": field.id, "text": "已写", "base": 0});
        assert_eq!(document.apply("section.saved", &sent), Some(field.id.clone()));
    }
    let row = json!({"unit": "区水利局", "duty": "停止取水", "phone": "023-00000000"});
    assert_eq!(document.apply("contacts.saved", &json!({"contacts": [row], "base": 3})).as_deref(), Some("contacts"));
    assert_eq!(document.contacts.1, 4);
    let sand = json!({"name": "活性炭", "amount": "1 吨", "place": "水厂"});
    document.apply("materials.saved", &json!({"materials": [sand], "base": 0}));
    let full = document.completeness(&fields);
    assert!(full.missing.is_empty() && full.filled == full.of, "{full:?}");
    assert_eq!(document.apply("drill.held", &json!({})), None);
}

#[test]
fn an_opening_carries_what_a_document_says_and_no_more_than_fits() {
    let document = begun(&network(), "DW25");
    let (data, left) = document.opening(1 << 20);
    assert!(left.is_empty());
    let again = Document::of(&serde_json::Value::Object(data));
    assert_eq!(again, document, "what was opened says the same");
    let (data, left) = document.opening(1500);
    assert!(!left.is_empty() && serde_json::Value::Object(data).to_string().len() < 2000, "{left:?}");
}
