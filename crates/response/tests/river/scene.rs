//! A house at the river: the shipped workflows, waters and directory, a real store and engine, a clock that the test moves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use huiyin_bus::InProcess;
use huiyin_calendar::YearFile;
use huiyin_directory::Directory;
use huiyin_engine::{
    Actor, ActorKind, Answer, CalendarSource, Clock, Command, Config, DRILL, DirectorySource, Engine, ManualClock,
    REAL, Registry, Target,
};
use huiyin_journal::read::CaseFilter;
use huiyin_journal::{CaseRecord, Journal, OpenOptions};
use huiyin_response::{Defaults, Follower, Parts, Scope};
use huiyin_water::network::Network;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const DISTRICT: &str = "500110";

pub(crate) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(path)).ok()
}

/// Minutes after Monday, 23 November 2026, 09:00 local time.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(crate) fn waters() -> Network {
    Network::load("districts/qijiang/water", &read).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn directory() -> Directory {
    Directory::load("districts/qijiang", &read).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn defaults() -> Defaults {
    let text = read("districts/qijiang/water/response.yaml").unwrap();
    Defaults::load("response.yaml", &text, &waters(), &directory()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Counts how often the store is touched once it is armed, and fails at one of these times.
#[derive(Default)]
pub(crate) struct Trap {
    armed: AtomicBool,
    pub(crate) touched: AtomicUsize,
    at: AtomicUsize,
}

impl Trap {
    /// From now on; the `n`th touch fails, none if 0.
    pub(crate) fn arm(&self, n: usize) {
        self.touched.store(0, Ordering::SeqCst);
        self.at.store(n, Ordering::SeqCst);
        self.armed.store(true, Ordering::SeqCst);
    }

    fn springs(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
            && self.touched.fetch_add(1, Ordering::SeqCst) + 1 == self.at.load(Ordering::SeqCst)
    }
}

pub(crate) struct Scene {
    pub(crate) parts: Parts,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) trap: Arc<Trap>,
    serial: AtomicU64,
    _folder: TempDir,
}

fn registry(plan: Option<&str>) -> Arc<Registry> {
    let load = |source: &DirectorySource| {
        let loaded = Directory::load("", &|file| source.get(file).cloned()).map_err(|problems| problems.to_string())?;
        Ok(Arc::new(loaded) as Arc<dyn huiyin_chart::Directory>)
    };
    let registry = Registry::new(load);
    for name in ["incident", "incident-task", "activation", "response-plan", "petition"] {
        let file = format!("{name}.yaml");
        let text = plan.filter(|_| name == "response-plan").map_or_else(|| read(&file).unwrap(), str::to_owned);
        let definition = huiyin_chart::load(&file, &text, &read).unwrap_or_else(|problems| panic!("{problems}"));
        registry.add_definition(Arc::new(definition)).unwrap();
    }
    let files = huiyin_directory::FILES.iter();
    let source = files.map(|file| ((*file).to_owned(), read(&format!("districts/qijiang/{file}")).unwrap())).collect();
    let year = YearFile::parse("2026.json", &read("calendars/2026.json").unwrap()).unwrap();
    let calendar =
        CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years: vec![year] };
    registry.set_district(DISTRICT, &source, &calendar).unwrap();
    Arc::new(registry)
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::of(REAL).await
    }

    pub(crate) async fn of(timeline: &str) -> Self {
        Self::with(timeline, None).await
    }

    /// With a workflow of plans of the test's own.
    pub(crate) async fn with(timeline: &str, plan: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (trap, clock) = (Arc::new(Trap::default()), Arc::new(ManualClock::new(at(0))));
        let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
        let mut options = OpenOptions::new(&url, folder.path(), at(0));
        options.seed = Some(7);
        let own = Arc::clone(&trap);
        options.fault = Some(Box::new(move |_| own.springs()));
        let journal = options.open().await.unwrap();
        // Both timelines, so that what is said of one can be looked for in the other.
        let timelines = vec![REAL.to_owned(), DRILL.to_owned()];
        let config = Config { seed: Some(11), timelines, ..Config::default() };
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let engine = Engine::start(journal, registry(plan), Arc::clone(&time), Arc::new(InProcess::default()), config)
            .await
            .unwrap();
        let parts = Parts {
            engine,
            clock: time,
            scope: Scope { district: DISTRICT.into(), timeline: timeline.to_owned() },
            waters: Arc::new(waters()),
            directory: Arc::new(directory()),
            defaults: Arc::new(defaults()),
        };
        Self { parts, clock, trap, serial: AtomicU64::new(1), _folder: folder }
    }

    pub(crate) fn journal(&self) -> &Journal {
        self.parts.engine.journal()
    }

    pub(crate) async fn submit(&self, timeline: &str, target: Target, actor: Actor) -> Answer {
        let id = Uuid::from_u128(u128::from(self.serial.fetch_add(1, Ordering::SeqCst)));
        let command = Command { id, district: DISTRICT.into(), timeline: timeline.to_owned(), target, actor };
        // A store that failed once answers the same command the second time.
        for _ in 0..5 {
            if let Ok(answer) = self.parts.engine.submit(command.clone()).await {
                return answer;
            }
        }
        panic!("never answered: {command:?}");
    }

    pub(crate) async fn open(&self, workflow: &str, data: Value) -> Uuid {
        let target = Target::Open { workflow: workflow.to_owned(), data, parent: None };
        match self.submit(&self.parts.scope.timeline, target, officer()).await {
            Answer::Accepted(accepted) => accepted.case,
            other => panic!("{workflow}: {other:?}"),
        }
    }

    pub(crate) async fn send(&self, case: Uuid, event: &str, data: Value) {
        let target = Target::Event { case, event: event.to_owned(), data };
        let answer = self.submit(&self.parts.scope.timeline, target, officer()).await;
        assert!(matches!(answer, Answer::Accepted(_)), "{event}: {answer:?}");
    }

    pub(crate) async fn refused(&self, case: Uuid, event: &str, data: Value, actor: Actor) -> String {
        let target = Target::Event { case, event: event.to_owned(), data };
        match self.submit(&self.parts.scope.timeline, target, actor).await {
            Answer::Refused(refused) => {
                let details: Vec<&str> = refused.details.iter().map(|one| one.message.zh.as_str()).collect();
                format!("{} {}", refused.message.zh, details.join("；"))
            }
            other => panic!("{event}: {other:?}"),
        }
    }

    /// An incident as a caller reports it: something ran into the Songkan at the border road.
    pub(crate) async fn spill(&self, point: &str) -> Uuid {
        self.open("incident", report(point)).await
    }

    /// Every case of a workflow of a timeline, oldest first, with its data.
    pub(crate) async fn cases_of(&self, timeline: &str, workflow: &str) -> Vec<(CaseRecord, Value)> {
        let filter = CaseFilter {
            district: DISTRICT.into(),
            timeline: timeline.to_owned(),
            workflow: Some(workflow.to_owned()),
            limit: 500,
            ..CaseFilter::default()
        };
        let mut cases = Vec::new();
        for record in self.journal().case_records(&filter, self.clock.now(), Uuid::nil()).await.unwrap() {
            let state = self.journal().case_state(&record, false).await.unwrap();
            cases.push((record, state["data"].clone()));
        }
        cases
    }

    pub(crate) async fn cases(&self, workflow: &str) -> Vec<(CaseRecord, Value)> {
        self.cases_of(&self.parts.scope.timeline, workflow).await
    }

    /// Activations by source.
    pub(crate) async fn activations(&self) -> BTreeMap<String, (CaseRecord, Value)> {
        let named = |(record, data): (CaseRecord, Value)| (data["source"].as_str().unwrap().to_owned(), (record, data));
        self.cases("activation").await.into_iter().map(named).collect()
    }

    pub(crate) async fn state(&self, case: Uuid) -> Vec<String> {
        self.journal().case(case).await.unwrap().unwrap().active
    }

    pub(crate) async fn data(&self, case: Uuid) -> Value {
        let record = self.journal().case(case).await.unwrap().unwrap();
        self.journal().case_state(&record, false).await.unwrap()["data"].clone()
    }

    /// Follows until it is so. A failed round begins again with a new follower, as after a crash. Time goes on by a second
    /// with each look, so that what failed is tried again.
    pub(crate) async fn follow_until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let mut follower = Follower::new(self.parts.clone());
        for _ in 0..2000 {
            match follower.round().await {
                Ok(_) if so().await => return,
                Ok(_) => {}
                Err(_) => follower = Follower::new(self.parts.clone()),
            }
            self.clock.advance_to(self.clock.now() + TimeDelta::milliseconds(200));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never: {what}");
    }

    /// So many more looks, for what must not happen.
    pub(crate) async fn follow(&self, rounds: u32) {
        let mut follower = Follower::new(self.parts.clone());
        for _ in 0..rounds {
            follower.round().await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) fn report(point: &str) -> Value {
    json!({"title": "罐车侧翻，液体入河", "source": "phone", "learned_at": at(0).to_rfc3339(), "category": "water", "point": point})
}

pub(crate) fn officer() -> Actor {
    let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    Actor {
        id: "officer".into(),
        kind: ActorKind::Person,
        roles: own(&["emergency", "bureau-head", "supervisor", "operator"]),
        units: own(&["emergency-office", "emergency-command"]),
        heads: own(&["emergency-command"]),
    }
}

pub(crate) fn machine() -> Actor {
    Actor { id: "response".into(), kind: ActorKind::Machine, roles: vec![], units: vec![], heads: vec![] }
}
