//! The real office behind the doors: engine, journal, notifier and the Qijiang directory on a store of the test's own,
//! with a clock that stands until it is moved, and one signed-in person of each duty.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise; not every test uses every part"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use huiyin_assurance::{Desk, Scope};
use huiyin_bus::InProcess;
use huiyin_calendar::YearFile;
use huiyin_directory::Directory;
use huiyin_engine::{CalendarSource, Clock, Config as EngineConfig, DirectorySource, Engine, ManualClock, Registry};
use huiyin_engine::{Rederived, ShiftedClock, rederive};
use huiyin_journal::accounts::User;
use huiyin_journal::{Journal, OpenOptions};
use huiyin_notify::notifier::Seams;
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use huiyin_sensing::rules::Rules;
use huiyin_sensing::simulate::Stage;
use huiyin_web::app::{AppState, Config};
use huiyin_web::auth::session;
use huiyin_web::doors::Doors;
use huiyin_web::office::{Bureau, Letters, Parts, PlanParts};
use huiyin_web::stations::{StationDesk, StationParts};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::house::{Answer, Visitor, request, start};

/// The office with everything behind it.
pub struct Office {
    pub state: AppState,
    pub journal: Journal,
    pub engine: Engine,
    pub notifier: Notifier,
    pub clock: Arc<ManualClock>,
    pub people: BTreeMap<&'static str, Visitor>,
    timeline: String,
    router: Router,
    serial: AtomicU64,
    _folder: TempDir,
}

/// Name, sign-in name, roles, units, heads.
type Somebody = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const PEOPLE: &[Somebody] = &[
    ("operator", "operator", &["operator"], &["petition-office"], &[]),
    ("dispatcher", "dispatcher", &["dispatcher"], &["petition-office"], &[]),
    ("handler", "handler", &["handler"], &["water-section"], &[]),
    ("head", "head", &["unit-head"], &["water-section"], &["water-section"]),
    ("chief", "chief", &["bureau-head"], &["bureau"], &["bureau"]),
    ("supervisor", "supervisor", &["supervisor"], &["petition-office"], &[]),
    ("emergency", "emergency", &["emergency"], &["duty-desk"], &[]),
    ("command", "command", &["emergency", "unit-head"], &["emergency-command"], &["emergency-command"]),
    ("town", "town", &["handler"], &["town-shijiao"], &[]),
    ("urban", "urban", &["supervisor", "auditor", "handler"], &["urban-management"], &[]),
    ("company", "company", &["supervisor", "auditor", "handler"], &["nanzhou-services"], &[]),
    ("recused", "handler.enforcement2", &["supervisor", "auditor"], &["enforcement"], &[]),
    ("admin", "admin.yu", &["admin"], &["bureau"], &[]),
];

impl Office {
    /// On an SQLite store in a folder of its own.
    pub async fn sqlite() -> Self {
        Self::on(None, false).await
    }

    /// The same with a clock that the console moves.
    pub async fn demonstration() -> Self {
        Self::on(None, true).await
    }

    /// On this PostgreSQL database, or on SQLite.
    pub async fn on(database: Option<String>, demo: bool) -> Self {
        Self::of(database, demo, "real").await
    }

    /// Another timeline: the office of the exercises.
    pub async fn exercise() -> Self {
        Self::of(None, false, "drill").await
    }

    async fn of(database: Option<String>, demo: bool, timeline: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("huiyin.db").display()));
        let journal = OpenOptions::new(url, folder.path(), start()).open().await.unwrap();
        let clock = Arc::new(ManualClock::new(start()));
        let shifted = if demo { Some(Arc::new(ShiftedClock::open(journal.clone()).await.unwrap())) } else { None };
        let time: Arc<dyn Clock> = match &shifted {
            Some(shifted) => Arc::clone(shifted) as Arc<dyn Clock>,
            None => Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let (registry, directory) = registry();
        let bus = Arc::new(InProcess::default());
        let config = EngineConfig { seed: Some(7), timelines: vec![timeline.to_owned()], ..EngineConfig::default() };
        let engine =
            Engine::start(journal.clone(), Arc::clone(&registry), Arc::clone(&time), bus, config).await.unwrap();
        let plans = plan_parts(&directory);
        let current: Arc<dyn Fn() -> Arc<Directory> + Send + Sync> = Arc::new(move || Arc::clone(&directory));
        let seams = Seams::of_house(&journal, &registry, Arc::clone(&current), Arc::clone(&time));
        let notify = NotifyConfig { console_url: "http://127.0.0.1:8080".to_owned(), ..NotifyConfig::default() };
        let templates = Templates::load(files("templates")).unwrap();
        let notifier = Notifier::new(notify, templates, journal.deliveries(), seams).unwrap();
        let entropy = AtomicU64::new(1);
        let entropy: huiyin_web::app::Entropy = Arc::new(move || {
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&entropy.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            bytes
        });
        let scope = Scope { district: "500110".to_owned(), timeline: timeline.to_owned() };
        let desk = Arc::new(Desk::new(journal.clone(), Arc::clone(&registry), Arc::clone(&current), scope));
        let (known, rules) = sensing();
        let stations = Arc::new(StationDesk::new(StationParts {
            journal: journal.clone(),
            scope: huiyin_sensing::ingest::Scope { district: "500110".to_owned(), timeline: "real".to_owned() },
            clock: Arc::clone(&time),
            registry: known,
            rules,
            doors: true,
            stage: demo.then(Stage::default),
        }));
        let bureau = Bureau::new(Parts {
            desk,
            proofs: Vec::new(),
            stations: Some(stations),
            waters: Some(waters()),
            plans,
            engine: engine.clone(),
            clock: time,
            demo: shifted,
            directory: current,
            district: "500110".to_owned(),
            timeline: timeline.to_owned(),
            letters: Letters::new(files("templates/letters")).unwrap(),
            entropy: Arc::clone(&entropy),
        });
        let mut config =
            Config { max_upload: 64 * 1024, ..Config::new("500110", "綦江区", "http://127.0.0.1:8080") };
        config.exercise = timeline != "real";
        let state = AppState::new(bureau, journal.accounts(), config, Arc::new(start), entropy);
        let router = Doors::all(state.clone()).into_router();
        let mut office = Self {
            state,
            journal,
            engine,
            notifier,
            clock,
            people: BTreeMap::new(),
            timeline: timeline.to_owned(),
            router,
            serial: AtomicU64::new(1),
            _folder: folder,
        };
        for (name, login, roles, units, heads) in PEOPLE {
            let visitor = office.sign_in(login, roles, units, heads).await;
            office.people.insert(name, visitor);
        }
        office
    }

    async fn sign_in(&self, login: &str, roles: &[&str], units: &[&str], heads: &[&str]) -> Visitor {
        let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        let user = User {
            id: format!("id-{login}"),
            district: "500110".to_owned(),
            login: login.to_owned(),
            name: format!("测试{login}"),
            roles: own(roles),
            units: own(units),
            heads: own(heads),
            language: "zh".to_owned(),
            active: true,
        };
        self.journal.accounts().create_user(&user, None, start()).await.unwrap();
        let (cookie, session) = session::open(&self.state, user).await.unwrap();
        Visitor { id: session.user.id.clone(), cookie, csrf: session.csrf }
    }

    /// An id for a new request.
    pub fn id(&self) -> Uuid {
        Uuid::from_u128(
            0x0193_a000_0000_7000_8000_0000_0000_0000 | u128::from(self.serial.fetch_add(1, Ordering::SeqCst)),
        )
    }

    pub async fn call(&self, who: &str, method: Method, path: &str, body: &Value) -> Answer {
        let body = if method == Method::GET { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request(Some(&self.people[who]), method, path, body)).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The body of an endless answer.
    pub async fn stream(&self, who: &str, path: &str) -> axum::body::BodyDataStream {
        let request = request(Some(&self.people[who]), Method::GET, path, Body::empty());
        self.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream()
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.call(who, Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, who: &str, path: &str, body: &Value) -> Answer {
        self.call(who, Method::POST, path, body).await
    }

    /// Opens a petition. Returns its number.
    pub async fn open(&self, data: Value) -> String {
        let body = json!({"id": self.id(), "workflow": "petition", "data": data});
        let opened = self.post("operator", "/api/cases", &body).await;
        assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
        opened.json()["number"].as_str().unwrap().to_owned()
    }

    /// Sends an event.
    pub async fn event(&self, who: &str, case: &str, event: &str, data: Value) -> Answer {
        let body = json!({"id": self.id(), "event": event, "data": data});
        self.post(who, &format!("/api/cases/{case}/events"), &body).await
    }

    /// Sends an event that must be taken.
    pub async fn does(&self, who: &str, case: &str, event: &str, data: Value) {
        let answer = self.event(who, case, event, data).await;
        assert_eq!(answer.status, StatusCode::OK, "{who} {event}: {}", answer.text);
    }

    /// Adds a file to a case.
    pub async fn upload(&self, who: &str, case: &str, name: &str, content: &[u8]) -> Answer {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        let body = [head.as_bytes(), content, b"\r\n--b--\r\n"].concat();
        let path = format!("/api/cases/{case}/attachments");
        let mut request = request(Some(&self.people[who]), Method::POST, &path, Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, "multipart/form-data; boundary=b".parse().unwrap());
        self.send(request).await
    }

    /// Moves the office's time and waits until every timer on the way has fired.
    pub async fn wait_until(&self, at: &str) {
        let at: DateTime<Utc> = at.parse().unwrap();
        self.clock.advance_to(at);
        self.until("timers have fired", async || {
            self.journal.overdue_timers("500110", &self.timeline, at).await.unwrap().0 == 0
        })
        .await;
    }

    /// Asks until it is so, for at most twenty seconds.
    pub async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        for _ in 0..2000 {
            if so().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}");
    }

    /// Every case leads from its journal to the state that is stored.
    pub async fn everything_is_derived_again(&self) {
        for (case, ..) in self.journal.case_heads(Uuid::nil(), 100).await.unwrap() {
            let found = rederive(&self.journal, self.engine.registry(), case).await.unwrap();
            assert!(matches!(found, Rederived::Same { .. }), "{case}: {found:?}");
        }
    }
}

/// What a caller says: a river that smells, at Shijiao, by a named person.
pub fn complaint() -> Value {
    json!({"received_at": "2026-11-23T00:30:00Z", "channel": "phone", "petitioner": "named", "petitioner_name": "张三丰",
        "phone": "13883001234", "title": "蒲河河水发黑", "content": "蒲河边的作坊夜间向河里排放污水，河水发黑发臭",
        "category": "water", "place": "石角镇"})
}

/// The same with some fields changed.
pub fn complaint_with(changes: Value) -> Value {
    let mut data = complaint();
    for (field, value) in changes.as_object().unwrap() {
        data[field] = value.clone();
    }
    data
}

/// The district's waters.
fn waters() -> Arc<huiyin_water::network::Network> {
    let file = |name: &str| Some(read(&format!("districts/qijiang/water/{name}")));
    Arc::new(huiyin_water::network::Network::load("", &file).unwrap())
}

/// The fields of plans, and what every new one begins with.
fn plan_parts(directory: &Directory) -> PlanParts {
    let fields = huiyin_water::plan::Fields::load("plans/fields.yaml", &read("plans/fields.yaml")).unwrap();
    let response = read("districts/qijiang/water/response.yaml");
    let defaults = huiyin_response::Defaults::load("response.yaml", &response, &waters(), directory).unwrap();
    PlanParts { fields: Arc::new(fields), defaults: Arc::new(defaults) }
}

/// The district's stations and alarm rules.
pub fn sensing() -> (Arc<huiyin_sensing::registry::Registry>, Arc<Rules>) {
    let file = |name: &str| read(&format!("districts/qijiang/sensing/{name}"));
    let registry = huiyin_sensing::registry::Registry::load("", &|name| Some(file(name))).unwrap();
    let registry = Arc::new(registry);
    let rules = Rules::load("rules.yaml", &file("rules.yaml"), Some(Arc::clone(&registry))).unwrap();
    (registry, Arc::new(rules))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn files(folder: &str) -> BTreeMap<String, String> {
    let list = std::fs::read_dir(root().join(folder)).unwrap();
    let names = list.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let templates = names.filter(|name| name.ends_with(".html") || name.ends_with(".txt"));
    templates.map(|name| (name.clone(), read(&format!("{folder}/{name}")))).collect()
}

fn registry() -> (Arc<Registry>, Arc<Directory>) {
    let load = |source: &DirectorySource| {
        Directory::load("", &|file| source.get(file).cloned()).map_err(|problems| problems.to_string())
    };
    let source: DirectorySource = huiyin_directory::FILES
        .iter()
        .map(|file| ((*file).to_owned(), read(&format!("districts/qijiang/{file}"))))
        .collect();
    let directory = Arc::new(load(&source).unwrap());
    let registry = Arc::new(Registry::new(|source| {
        let loaded = Directory::load("", &|file| source.get(file).cloned()).map_err(|problems| problems.to_string())?;
        Ok(Arc::new(loaded) as Arc<dyn huiyin_chart::Directory>)
    }));
    let years = [2025, 2026].map(|year| {
        let name = format!("calendars/{year}.json");
        YearFile::parse(&name, &read(&name)).unwrap()
    });
    let calendar =
        CalendarSource { zone_seconds: 8 * 3600, hours: directory.district().hours_text(), years: years.to_vec() };
    registry.set_district("500110", &source, &calendar).unwrap();
    let shipped = [
        "petition",
        "co-handling",
        "enforcement",
        "review",
        "response-plan",
        "incident",
        "incident-task",
        "activation",
    ];
    for name in shipped {
        let file = &format!("{name}.yaml");
        let beside = |other: &str| std::fs::read_to_string(root().join(other)).ok();
        let definition = huiyin_chart::load(file, &read(file), &beside).unwrap_or_else(|e| panic!("{e}"));
        registry.add_definition(Arc::new(definition)).unwrap();
    }
    (registry, directory)
}
