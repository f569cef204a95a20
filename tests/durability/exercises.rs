//! An exercise on processes of their own, each with the accounts that `deploy/nats.conf` gives its role: begun at the pages,
//! stepped by the engine, written down by the notices, on a clock of its own, and nothing of it in the real office.

use std::path::Path;
use std::time::{Duration, Instant};

use harness::nats::NatsServer;
use harness::postgres::Postgres;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::Caller;
use crate::service::Service;

/// Longest wait for what another process does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file by which an account of NATS is proved.
fn proof(folder: &Path, user: &str) -> String {
    let file = folder.join(user);
    std::fs::write(&file, format!("{user}:{user}\n")).unwrap();
    file.display().to_string()
}

/// What is answered, once it is as it should be.
fn once(caller: &Caller, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = caller.get(path).unwrap();
        if answer.status == 200 && is(&answer.body) {
            return answer.body;
        }
        assert!(began.elapsed() < PATIENCE, "{path} stays {} {}", answer.status, answer.body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn rows(list: &Value) -> &[Value] {
    list["rows"].as_array().unwrap_or_else(|| panic!("no rows: {list}"))
}

/// See the module.
pub(crate) fn run() {
    let (folder, proofs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (postgres, nats) = (Postgres::start(), NatsServer::deployed());
    let store = Service::new(folder.path(), &postgres.url());
    let begin = |role: &str, more: &[&str]| {
        let real = proof(proofs.path(), role);
        let mut words = ["--roles", role, "--nats", &nats.url(), "--nats-credentials", &real].join(" ");
        words.extend(more.iter().flat_map(|word| [" ", word]));
        let service = store.beside(&words.split(' ').collect::<Vec<_>>());
        let process = service.start();
        (service, process)
    };
    let (engines, pages) = (proof(proofs.path(), "drill-engine"), proof(proofs.path(), "drill-web"));
    let _engine = begin("engine", &["--nats-drill-credentials", &engines]);
    let _notices = begin("notify", &[]);
    let (web, process) = begin("web", &["--nats-drill-credentials", &pages]);
    let caller = web.sign_in(&process);
    assert_eq!(caller.get("/api/session").unwrap().body["exercises"], true);

    let learned = once(&caller, "/drill/api/clock", |_| true)["now"].clone();
    let data = json!({"title": "演练：罐车侧翻", "source": "phone", "learned_at": learned, "category": "water"});
    let body = json!({"id": Uuid::from_u128(7), "workflow": "incident", "data": data});
    let opened = caller.post("/drill/api/cases", &body).unwrap();
    assert_eq!(opened.status, 201, "{}", opened.body);
    let number = opened.body["number"].as_str().unwrap();

    once(&caller, &format!("/drill/api/cases/{number}"), |_| true);
    // Its clock moves by itself, its engine fires what is due by it, and notices are written down where notices are.
    let moved = caller.post("/drill/api/clock", &json!({"advance": "2 hours"})).unwrap();
    assert_eq!(moved.status, 200, "{}", moved.body);
    let mails = once(&caller, "/drill/api/mails", |mails| rows(mails).iter().any(|mail| mail["rung"].is_string()));
    assert!(rows(&mails).iter().all(|mail| mail["subject"].as_str().unwrap().contains("演练")), "{mails}");
    // Nobody real is told of it.
    assert!(rows(&caller.get("/api/mails").unwrap().body).is_empty());
    assert!(rows(&caller.get("/api/cases").unwrap().body).is_empty());
    let (whole, said) = store.verify();
    assert!(whole, "{said}");
}
