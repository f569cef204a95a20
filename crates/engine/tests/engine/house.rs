//! A small house for one test: a store, a workflow, a district, a clock that stands still.

use std::sync::Arc;

use chrono::{DateTime, TimeZone as _, Utc};
use harness::postgres::Postgres;
use huiyin_bus::InProcess;
use huiyin_chart::Directory;
use huiyin_engine::{
    Accepted, Actor, ActorKind, Answer, CalendarSource, Command, Config, DirectorySource, Driver, Engine, ManualClock,
    REAL, Refused, Registry, Target,
};
use huiyin_journal::{Fault, Journal, OpenOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const DISTRICT: &str = "500110";

pub(crate) const REQUEST: &str = r#"
workflow: request
version: 1
title: 请求
number: "R-{date}-{seq:4}"
data:
  type: object
  properties:
    who: {type: string, confidential: masked}
    what: {type: string}
    unit: {type: string}
    got: {type: string}
summary: {title: data.what}
events:
  take: {title: 接, by: [role:handler]}
  ask: {title: 问, by: [role:handler]}
  answer: {title: 答, by: [role:handler], form: {type: object, required: [text], properties: {text: {type: string, minLength: 1}}}}
  told: {title: 得知}
  reported: {title: 上报, by: [machine]}
  pester: {title: 乱问, by: [role:handler]}
clocks:
  taking:
    title: 接办
    within: 1 day
    starts: {event: case.opened}
    met_by: {entered: working}
    ladder:
      - {at: start + 2 hours, notify: role:dispatcher, template: soon}
      - {at: due, notify: role:supervisor, template: late, mark: overdue}
      - {at: due + 1 day, notify: role:supervisor, template: later, reassign: unit:duty-desk}
      - {repeat: 2 days, notify: role:supervisor, template: again}
  answering:
    title: 答复
    within: 5 days
    starts: {entered: working}
    met_by: {entered: answered}
    ladder:
      - {at: due - 1 day, notify: owner, template: answer-soon}
      - {repeat: 3 days, notify: role:supervisor, template: answer-late}
initial: new
states:
  new:
    owner: role:dispatcher
    on: {take: working, reported: {}}
  working:
    owner: role:handler
    on:
      ask: {actions: [{open: {workflow: question, link: question, data: {of: data.who}}}]}
      told: {actions: [{set: {got: event.text}}]}
      pester: {actions: [{open: {workflow: question, link: pest, data: {of: "'7'"}}}, {send: {to: "['R-20200101-0001', '']", event: told}}]}
      answer: answered
  answered:
    type: final
"#;

pub(crate) const QUESTION: &str = r#"
workflow: question
version: 1
title: 询问
data: {type: object, properties: {of: {type: string, confidential: masked}}}
events:
  case.opened: {title: 提问, require: [{that: "data.of != '7'", else: 七不行}]}
  reply: {title: 回答, by: [role:handler]}
clocks:
  replying:
    title: 回答
    within: 1 day
    starts: {event: case.opened}
    met_by: {entered: replied}
    ladder:
      - {at: due, notify: role:supervisor}
      - {repeat: 1 day}
initial: asked
states:
  asked:
    owner: role:handler
    on: {reply: {target: replied, actions: [{send: {to: "'parent'", event: told, data: {text: "'yes'"}}}]}}
  replied: {type: final}
"#;

struct Desk {
    version: String,
}

impl Directory for Desk {
    fn version(&self) -> &str {
        &self.version
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
        None
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a loader")]
fn desk(source: &DirectorySource) -> Result<Arc<dyn Directory>, String> {
    Ok(Arc::new(Desk { version: format!("desk-{}", source.len()) }))
}

pub(crate) fn registry() -> Arc<Registry> {
    registry_of(DISTRICT)
}

pub(crate) fn registry_of(district: &str) -> Arc<Registry> {
    let registry = Registry::new(desk);
    for (name, text) in [("request.yaml", REQUEST), ("question.yaml", QUESTION)] {
        let definition = huiyin_chart::load(name, text, &|_| None).unwrap_or_else(|e| panic!("{e}"));
        registry.add_definition(Arc::new(definition)).unwrap();
    }
    let calendar = CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years: vec![] };
    registry.set_district(district, &DirectorySource::new(), &calendar).unwrap();
    Arc::new(registry)
}

pub(crate) struct House {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    pub(crate) server: Option<Arc<Postgres>>,
    pub(crate) clock: Arc<ManualClock>,
}

impl House {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
        Self { url, folder, server: None, clock: Arc::new(ManualClock::new(at(0))) }
    }

    pub(crate) fn postgres() -> Self {
        let (server, url) = Postgres::shared();
        Self { url, ..Self::on(server) }
    }

    /// With a server that the test may stop.
    pub(crate) fn alone() -> Self {
        Self::on(Arc::new(Postgres::start()))
    }

    fn on(server: Arc<Postgres>) -> Self {
        let (url, folder) = (server.url(), tempfile::tempdir().unwrap());
        Self { url, folder, server: Some(server), clock: Arc::new(ManualClock::new(at(0))) }
    }

    pub(crate) async fn journal(&self, fault: Option<Box<Fault>>) -> Journal {
        self.journal_at(&self.url, fault).await
    }

    pub(crate) async fn journal_at(&self, url: &str, fault: Option<Box<Fault>>) -> Journal {
        let mut options = OpenOptions::new(url, self.folder.path(), at(0));
        options.seed = Some(7);
        options.fault = fault;
        options.open().await.unwrap()
    }

    pub(crate) fn config() -> Config {
        Config { seed: Some(11), ..Config::default() }
    }

    pub(crate) async fn driver(&self) -> Driver {
        self.driver_on(self.journal(None).await).await
    }

    pub(crate) async fn driver_on(&self, journal: Journal) -> Driver {
        let bus = Arc::new(InProcess::default());
        Driver::open(journal, registry(), Arc::clone(&self.clock), bus, Self::config()).await.unwrap()
    }

    /// A driver that has only this district set up.
    pub(crate) async fn driver_of(&self, district: &str) -> Driver {
        let (bus, journal) = (Arc::new(InProcess::default()), self.journal(None).await);
        let config = Config { seed: Some(district.parse().unwrap()), ..Config::default() };
        Driver::open(journal, registry_of(district), Arc::clone(&self.clock), bus, config).await.unwrap()
    }

    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(self.journal(None).await, Self::config()).await
    }

    pub(crate) async fn engine_with(&self, journal: Journal, config: Config) -> Engine {
        let bus = Arc::new(InProcess::default());
        Engine::start(journal, registry(), Arc::clone(&self.clock) as _, bus, config).await.unwrap()
    }

    /// Runs SQL behind the journal's back, past its triggers.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        if let Some(server) = &self.server {
            server.sql(&self.url, &format!("SET session_replication_role = replica; {sql}"));
            return;
        }
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        sqlx::raw_sql("DROP TRIGGER IF EXISTS journal_no_update; DROP TRIGGER IF EXISTS journal_no_delete")
            .execute(&pool)
            .await
            .unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

/// Hours after the start: a Monday, 09:00 local time.
pub(crate) fn hours(hours: i64) -> DateTime<Utc> {
    at(hours * 3600)
}

/// Seconds after the start.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).unwrap() + chrono::Duration::seconds(seconds)
}

pub(crate) fn seed() -> u64 {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
    eprintln!("seed {seed} (set HUIYIN_SEED to repeat another run)");
    seed
}

pub(crate) fn handler() -> Actor {
    Actor { id: "li".into(), kind: ActorKind::Person, roles: vec!["handler".into()], units: vec![], heads: vec![] }
}

pub(crate) fn open(n: u128) -> Command {
    let data = json!({"who": format!("王{n}小明"), "what": format!("噪声 {n}")});
    let target = Target::Open { workflow: "request".into(), data, parent: None };
    Command { id: Uuid::from_u128(n), district: DISTRICT.into(), timeline: REAL.into(), target, actor: handler() }
}

pub(crate) fn event(n: u128, case: Uuid, event: &str, data: Value) -> Command {
    let target = Target::Event { case, event: event.into(), data };
    Command { id: Uuid::from_u128(n), district: DISTRICT.into(), timeline: REAL.into(), target, actor: handler() }
}

pub(crate) fn accepted(answer: Answer) -> Accepted {
    match answer {
        Answer::Accepted(accepted) => accepted,
        other => panic!("expected to be accepted: {other:?}"),
    }
}

pub(crate) fn refused(answer: Answer) -> Refused {
    match answer {
        Answer::Refused(refused) => refused,
        other => panic!("expected to be refused: {other:?}"),
    }
}

/// Every effect that was ever written for a case: key and kind.
pub(crate) async fn effects(journal: &Journal, case: Uuid) -> Vec<(String, String)> {
    let all = journal.effects_of(case).await.unwrap();
    all.into_iter().map(|(key, kind, _)| (key.split_once('/').unwrap().1.to_owned(), kind)).collect()
}
