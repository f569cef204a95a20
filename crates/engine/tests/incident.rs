//! The shipped incident on a real store: it finds its complaint and its tasks, climbs its ladder in virtual time, and
//! runs unchanged in an exercise that the real world never hears of.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeZone as _, Utc};
use huiyin_bus::InProcess;
use huiyin_calendar::YearFile;
use huiyin_chart::Directory;
use huiyin_engine::{
    Accepted, Actor, ActorKind, Answer, CalendarSource, Command, Config, DirectorySource, Driver, ManualClock, REAL,
    Registry, Target,
};
use huiyin_journal::OpenOptions;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const DISTRICT: &str = "500110";
const DRILL: &str = "drill-1";

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(path)).ok()
}

/// Every unit is the bureau's own.
struct Units;

impl Directory for Units {
    fn version(&self) -> &str {
        "units"
    }
    fn duty_desk(&self) -> String {
        "duty-desk".into()
    }
    fn unit_exists(&self, _: &str) -> bool {
        true
    }
    fn role_exists(&self, _: &str) -> bool {
        true
    }
    fn route(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn relation(&self, _: &str) -> Option<String> {
        Some("internal".into())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a loader")]
fn units(_: &DirectorySource) -> Result<Arc<dyn Directory>, String> {
    Ok(Arc::new(Units))
}

/// Minutes after Monday, 23 November 2026, 09:00 local time.
fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).unwrap() + chrono::Duration::minutes(minutes)
}

fn text(minutes: i64) -> String {
    at(minutes).to_rfc3339()
}

struct House {
    driver: Driver,
    timeline: &'static str,
    commands: u128,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
        let registry = Registry::new(units);
        for name in ["petition", "incident", "incident-task"] {
            let file = format!("{name}.yaml");
            let definition =
                huiyin_chart::load(&file, &read(&file).unwrap(), &read).unwrap_or_else(|problems| panic!("{problems}"));
            registry.add_definition(Arc::new(definition)).unwrap();
        }
        let year = YearFile::parse("2026.json", &read("calendars/2026.json").unwrap()).unwrap();
        let calendar =
            CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years: vec![year] };
        registry.set_district(DISTRICT, &DirectorySource::new(), &calendar).unwrap();
        let mut options = OpenOptions::new(&url, folder.path(), at(0));
        options.seed = Some(7);
        let journal = options.open().await.unwrap();
        let config = Config { seed: Some(11), timelines: vec![REAL.to_owned(), DRILL.to_owned()], ..Config::default() };
        let clock = Arc::new(ManualClock::new(at(0)));
        let bus = Arc::new(InProcess::default());
        let driver = Driver::open(journal, Arc::new(registry), clock, bus, config).await.unwrap();
        Self { driver, timeline: REAL, commands: 0, _folder: folder }
    }

    async fn submit(&mut self, target: Target, actor: Actor) -> Answer {
        self.commands += 1;
        let (id, district, timeline) = (Uuid::from_u128(self.commands), DISTRICT.into(), self.timeline.to_owned());
        self.driver.submit(Command { id, district, timeline, target, actor }).await.unwrap()
    }

    async fn open(&mut self, workflow: &str, data: Value, actor: Actor) -> Accepted {
        let target = Target::Open { workflow: workflow.to_owned(), data, parent: None };
        accepted(self.submit(target, actor).await)
    }

    async fn send(&mut self, case: Uuid, event: &str, data: Value) {
        let target = Target::Event { case, event: event.to_owned(), data };
        let answer = self.submit(target, officer()).await;
        assert!(matches!(answer, Answer::Accepted(_)), "{event}: {answer:?}");
    }

    async fn marks(&self, case: Uuid) -> Vec<String> {
        self.driver.journal().case(case).await.unwrap().unwrap().marks
    }

    async fn active(&self, case: Uuid) -> Vec<String> {
        self.driver.journal().case(case).await.unwrap().unwrap().active
    }

    async fn child(&self, case: Uuid, link: &str) -> Uuid {
        let links = self.driver.journal().links(case).await.unwrap();
        links.iter().find(|each| each.parent == case && each.link == link).unwrap_or_else(|| panic!("no {link}")).child
    }

    /// Effects of one kind that a case wrote so far.
    async fn count(&self, case: Uuid, kind: &str) -> usize {
        let effects = self.driver.journal().effects_of(case).await.unwrap();
        effects.iter().filter(|(_, each, _)| each == kind).count()
    }
}

fn accepted(answer: Answer) -> Accepted {
    match answer {
        Answer::Accepted(accepted) => accepted,
        other => panic!("expected to be accepted: {other:?}"),
    }
}

/// Somebody who may do all that people do to an incident.
fn officer() -> Actor {
    let roles = ["emergency", "operator", "bureau-head"].map(str::to_owned).to_vec();
    Actor { id: "duty.chen".into(), kind: ActorKind::Person, roles, units: vec!["enforcement".into()], heads: vec![] }
}

fn machine() -> Actor {
    Actor { id: "sensing".into(), kind: ActorKind::Machine, roles: vec![], units: vec![], heads: vec![] }
}

fn alarm() -> Value {
    json!({"title": "扶欢断面氨氮超限", "learned_at": text(0), "source": "rule", "category": "water",
        "rule": "ammonia-high", "station": "fuhuan", "pollutant": "ammonia", "value": 2.4, "limit": 1.0, "since": text(0)})
}

fn complaint() -> Value {
    json!({"received_at": text(0), "channel": "phone", "petitioner": "anonymous", "title": "河水发黑发臭",
        "content": "河水发黑", "category": "water", "place": "500110110"})
}

fn initial(minutes: i64) -> Value {
    json!({"sent_at": text(minutes), "method": "network", "to_government": true, "to_city_bureau": true,
        "happened_at": text(0), "where": "扶欢断面", "cause": "待查", "process": "自动站报警", "pollutants": "氨氮",
        "readings": "2.4 mg/L", "casualties": "无", "receptors": "无", "trend": "待观察", "handling": "采样",
        "measures": "排查", "signer": "周局长", "contact": "值班室"})
}

/// From the alarm to an incident that is responded to and reported.
async fn respond(house: &mut House, case: Uuid) {
    house.send(case, "acknowledge", json!({})).await;
    house.send(case, "confirm", json!({"grade": "iv", "crosses": "none", "findings": "现场核实属实"})).await;
    house.send(case, "report.initial", initial(0)).await;
    house.send(case, "response.start", json!({"level": "four", "basis": "区突发环境事件应急预案"})).await;
}

#[tokio::test]
async fn a_complaint_and_its_incident_know_of_each_other_to_the_end() {
    let mut house = House::new().await;
    let petition = house.open("petition", complaint(), officer()).await;
    let data = json!({"title": "綦江河水面有油膜", "learned_at": text(0), "category": "water", "sensitive": "none"});
    house.send(petition.case, "incident.open", data).await;
    let incident = house.child(petition.case, "incident").await;
    assert!(house.active(incident).await.contains(&"detected".to_owned()));
    assert!(house.marks(petition.case).await.contains(&"incident".to_owned()));
    let record = house.driver.journal().case(incident).await.unwrap().unwrap();
    let state = house.driver.journal().case_state(&record, true).await.unwrap();
    assert_eq!(state["data"]["petitions"], json!([petition.number]));

    // A second complaint about the same river is linked later.
    let second = house.open("petition", complaint(), officer()).await;
    house.send(incident, "petition.link", json!({"petition": second.number})).await;
    assert!(house.marks(second.case).await.contains(&"incident".to_owned()));

    respond(&mut house, incident).await;
    house.send(incident, "response.end", json!({"findings": "油膜已清除"})).await;
    for each in [petition.case, second.case] {
        assert!(!house.marks(each).await.contains(&"incident".to_owned()), "told that it has ended");
        assert_eq!(
            house.driver.journal().case(each).await.unwrap().unwrap().closed_at,
            None,
            "and still to be answered"
        );
    }
}

#[tokio::test]
async fn tasks_have_a_life_of_their_own_and_end_with_the_response() {
    let mut house = House::new().await;
    let incident = house.open("incident", alarm(), machine()).await.case;
    respond(&mut house, incident).await;
    let give = |task: &str| json!({"unit": "enforcement", "task": task, "due_at": text(120)});
    house.send(incident, "task.assign", give("排查上游涉氨企业")).await;
    let first = house.child(incident, "incident-task").await;
    house.driver.run_until(at(20)).await.unwrap();
    assert!(house.count(first, "notify").await >= 3, "given, half of the time, not taken");
    house.send(first, "sign", json!({"handler": "执法一组"})).await;
    house.send(first, "done", json!({"result": "已查明并切断"})).await;
    house.send(incident, "task.assign", give("下游断面加密监测")).await;
    let links = house.driver.journal().links(incident).await.unwrap();
    let second = links.iter().map(|link| link.child).find(|child| *child != first && *child != incident).unwrap();
    house.send(incident, "response.end", json!({"findings": "断面已达标"})).await;
    assert_eq!(
        (house.active(first).await, house.active(second).await),
        (vec!["done".into()], vec!["cancelled".into()])
    );
}

#[tokio::test]
async fn nobody_acts_and_every_step_of_the_ladder_is_climbed_once() {
    let mut house = House::new().await;
    let incident = house.open("incident", alarm(), machine()).await.case;
    house.driver.run_until(at(180)).await.unwrap();
    let marks = house.marks(incident).await;
    for mark in ["unacknowledged", "report-late"] {
        assert!(marks.contains(&mark.to_owned()), "{mark}: {marks:?}");
    }
    let effects = house.driver.journal().effects_of(incident).await.unwrap();
    let mut keys: Vec<_> = effects.iter().map(|(key, _, _)| key).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "nothing was written twice");
    assert!(house.active(incident).await.contains(&"owed".to_owned()), "no clock reports for people");
    assert_eq!(house.driver.self_check().await.unwrap(), 0);
}

#[tokio::test]
async fn an_exercise_runs_the_same_way_to_its_evaluation_and_leaves_the_real_world_alone() {
    let mut house = House::new().await;
    house.timeline = DRILL;
    let incident = house.open("incident", alarm(), machine()).await.case;
    house.driver.run_until(at(12)).await.unwrap();
    assert!(house.marks(incident).await.contains(&"unacknowledged".to_owned()), "clocks run in an exercise as well");
    respond(&mut house, incident).await;
    house.send(incident, "response.end", json!({"findings": "演练科目完成"})).await;
    let last = json!({"sent_at": text(12), "method": "network", "measures": "拦截", "process": "见续报", "result": "已恢复",
        "harm": "无", "effects": "平稳", "remains": "无", "signer": "周局长", "contact": "值班室"});
    house.send(incident, "report.final", last).await;
    house.send(incident, "loss.assessed", json!({"result": "演练无损失"})).await;
    house.send(incident, "inquiry.done", json!({"findings": "演练不调查"})).await;
    house.send(incident, "evaluated", json!({"evaluation": "确认收到用时十二分钟，超过十分钟"})).await;
    house.send(incident, "archive", json!({})).await;
    let record = house.driver.journal().case(incident).await.unwrap().unwrap();
    assert!(record.closed_at.is_some());
    assert_eq!(house.driver.journal().cases_in(DISTRICT, REAL).await.unwrap(), 0);
}
