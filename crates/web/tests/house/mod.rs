//! A house for the tests of the doors: a real SQLite store in a temporary folder, people of every role, a clock that
//! stands still until told, and an office with three cases behind the doors.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise; not every test uses every part"
)]

pub mod desk;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::OpenOptions;
use huiyin_journal::accounts::{Accounts, User};
use huiyin_web::app::{AppState, Config, Secret};
use huiyin_web::auth::{guard, session};
use huiyin_web::doors::{Door, Doors};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use desk::Desk;

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery";

/// The house.
pub struct House {
    pub state: AppState,
    pub desk: Arc<Desk>,
    pub doors: Vec<Door>,
    router: Router,
    wall: Arc<AtomicI64>,
    _folder: TempDir,
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub id: String,
    pub cookie: String,
    pub csrf: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("not JSON ({e}): {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn path(&self) -> String {
        self.json()["error"]["details"][0]["path"].as_str().unwrap_or_default().to_owned()
    }
}

pub fn start() -> DateTime<Utc> {
    "2026-11-23T01:00:00Z".parse().unwrap()
}

impl House {
    pub async fn build() -> Self {
        Self::with(Config {
            max_json: 16 * 1024,
            max_upload: 64 * 1024,
            metrics_token: Some(Secret("collector".to_owned())),
            ..Config::new("500110", "綦江区", "http://127.0.0.1:8080")
        })
        .await
    }

    pub async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
        let journal = OpenOptions::new(url, folder.path(), start()).open().await.unwrap();
        let (wall, serial) = (Arc::new(AtomicI64::new(start().timestamp_micros())), AtomicU64::new(1));
        let desk = Arc::new(Desk::new(start()));
        let ticking = Arc::clone(&wall);
        let state = AppState::new(
            Arc::clone(&desk) as Arc<dyn huiyin_web::ports::Office>,
            journal.accounts(),
            config,
            Arc::new(move || DateTime::from_timestamp_micros(ticking.load(Ordering::SeqCst)).unwrap()),
            Arc::new(move || {
                let mut bytes = [7; 32];
                bytes[..8].copy_from_slice(&serial.fetch_add(1, Ordering::SeqCst).to_be_bytes());
                bytes
            }),
        );
        let doors = Doors::all(state.clone());
        let list = doors.list().to_vec();
        Self { state, desk, doors: list, router: doors.into_router(), wall, _folder: folder }
    }

    pub fn accounts(&self) -> &Accounts {
        &self.state.accounts
    }

    /// Lets the wall clock run.
    pub fn wait(&self, time: TimeDelta) {
        self.wall.fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// Adds a person.
    pub async fn person(&self, login: &str, roles: &[&str], units: &[&str], password: Option<&str>) -> User {
        let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        let user = User {
            id: format!("id-{login}"),
            district: "500110".to_owned(),
            login: login.to_owned(),
            name: format!("测试{login}"),
            roles: own(roles),
            units: own(units),
            heads: Vec::new(),
            language: "zh".to_owned(),
            active: true,
        };
        let hash = match password {
            Some(password) => Some(huiyin_web::auth::password::hash(&self.state, password.to_owned()).await.unwrap()),
            None => None,
        };
        self.accounts().create_user(&user, hash.as_deref(), start()).await.unwrap();
        user
    }

    /// Adds a person and signs them in without the cost of a password.
    pub async fn visitor(&self, login: &str, roles: &[&str], units: &[&str]) -> Visitor {
        let user = self.person(login, roles, units, None).await;
        let (cookie, session) = session::open(&self.state, user).await.unwrap();
        Visitor { id: session.user.id.clone(), cookie, csrf: session.csrf }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&self, who: Option<&Visitor>, path: &str) -> Answer {
        self.send(request(who, Method::GET, path, Body::empty())).await
    }

    pub async fn post(&self, who: Option<&Visitor>, path: &str, body: &Value) -> Answer {
        self.send(request(who, Method::POST, path, Body::from(body.to_string()))).await
    }

    pub async fn call(&self, who: Option<&Visitor>, method: Method, path: &str, body: &Value) -> Answer {
        self.send(request(who, method, path, Body::from(body.to_string()))).await
    }
}

pub fn request(who: Option<&Visitor>, method: Method, path: &str, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(who) = who {
        request = request
            .header(header::COOKIE, format!("huiyin_session={}", who.cookie))
            .header(guard::CSRF_HEADER, &who.csrf);
    }
    request.body(body).unwrap()
}
