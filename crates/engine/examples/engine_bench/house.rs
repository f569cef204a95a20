//! What is measured: a store, a workflow whose every step writes an entry of about 1 KiB, changes a timer and writes an
//! effect, and an engine on them.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use harness::postgres::Postgres;
use huiyin_bus::InProcess;
use huiyin_chart::Directory;
use huiyin_engine::{
    Actor, ActorKind, CalendarSource, Command, Config, DirectorySource, Engine, REAL, Registry, SystemClock, Target,
};
use huiyin_journal::{Journal, OpenOptions};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const DISTRICT: &str = "500110";
/// Who sends everything.
pub(crate) const ACTOR: &str = "li";

/// `swap` moves the case, begins a new run of its clock (one timer goes, one comes), and notifies the owner.
/// `begin` says when the clock of a case starts: its first rung is due two hours later.
const WORKFLOW: &str = r#"
workflow: bench
version: 1
title: 压力测试
number: "B-{date}-{seq:7}"
data:
  type: object
  properties:
    begin: {type: string, default: ""}
    note: {type: string, default: ""}
    place: {type: string, default: ""}
summary: {title: data.note, place: data.place}
events:
  swap: {title: 换, by: [role:handler], form: {type: object, required: [note], properties: {note: {type: string, maxLength: 1000}}}}
  done: {title: 完, by: [role:handler]}
clocks:
  turn:
    title: 轮到
    within: 30 days
    starts: [{event: swap}, {event: case.opened, at: data.begin}]
    met_by: {event: done}
    restarts: true
    ladder:
      - {at: start + 2 hours, notify: role:dispatcher, template: soon}
      - {at: due, notify: role:supervisor, template: late, mark: overdue}
      - {repeat: 30 days, notify: role:supervisor, template: again}
initial: left
states:
  left:
    owner: role:dispatcher
    on: {swap: {target: right, actions: [{set: {note: event.note}}, {notify: owner, template: turn}]}, done: end}
  right:
    owner: role:handler
    on: {swap: {target: left, actions: [{set: {note: event.note}}, {notify: owner, template: turn}]}, done: end}
  end: {type: final}
"#;

struct Desk;

impl Directory for Desk {
    fn version(&self) -> &str {
        "bench"
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

pub(crate) fn registry() -> Arc<Registry> {
    let registry = Registry::new(|_| Ok(Arc::new(Desk)));
    let definition = huiyin_chart::load("bench.yaml", WORKFLOW, &|_| None).unwrap_or_else(|e| panic!("{e}"));
    registry.add_definition(Arc::new(definition)).unwrap();
    let calendar = CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years: vec![] };
    registry.set_district(DISTRICT, &DirectorySource::new(), &calendar).unwrap();
    Arc::new(registry)
}

/// The tenth, hundredth, … part of everything: `HUIYIN_BENCH_PART=100` to try the measurement itself.
pub(crate) fn part(whole: usize) -> usize {
    let part = std::env::var("HUIYIN_BENCH_PART").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    (whole / part).max(1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    #[expect(dead_code, reason = "the server ends with it")]
    server: Option<Postgres>,
}

impl House {
    pub(crate) fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, server) = match store {
            Store::Sqlite => (format!("sqlite:{}", folder.path().join("huiyin.db").display()), None),
            Store::Postgres => {
                let server = Postgres::start();
                (server.url(), Some(server))
            }
        };
        Self { store, url, folder, server }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.store {
            Store::Sqlite => "sqlite, synchronous=FULL",
            Store::Postgres => "postgresql, fsync on",
        }
    }

    pub(crate) async fn journal(&self) -> Journal {
        journal_at(&self.url, self.folder.path().into()).await
    }

    pub(crate) async fn engine(&self, config: Config) -> Engine {
        engine_on(self.journal().await, config).await
    }
}

pub(crate) async fn journal_at(url: &str, folder: PathBuf) -> Journal {
    OpenOptions::new(url, folder, Utc::now()).open().await.unwrap()
}

pub(crate) async fn engine_on(journal: Journal, config: Config) -> Engine {
    let (clock, bus) = (Arc::new(SystemClock::default()), Arc::new(InProcess::default()));
    Engine::start(journal, registry(), clock, bus, config).await.unwrap()
}

fn command(target: Target) -> Command {
    let actor = Actor {
        id: ACTOR.into(),
        kind: ActorKind::Person,
        roles: vec!["handler".into()],
        units: vec![],
        heads: vec![],
    };
    Command { id: Uuid::now_v7(), district: DISTRICT.into(), timeline: REAL.into(), target, actor }
}

pub(crate) fn open(begin: chrono::DateTime<Utc>) -> Command {
    let data = json!({"begin": begin.to_rfc3339(), "note": "河面有油污，岸边有排口", "place": "古南街道"});
    command(Target::Open { workflow: "bench".into(), data, parent: None })
}

pub(crate) fn swap(case: Uuid) -> Command {
    let data =
        json!({"note": "现场检查：排口有间歇性排水，已取样送检，通知企业负责人到场，留存照片与视频，待检测结果。"});
    command(Target::Event { case, event: "swap".into(), data })
}

/// Resident memory of this process, in megabytes.
pub(crate) fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
