//! Doors of stations in a process of their own: frames reach it, the engine is another process and is not always there.
//! Whoever is killed, what was acknowledged opens one incident.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use harness::free_port;
use harness::nats::NatsServer;
use harness::postgres::Postgres;

use crate::service::Service;
use crate::stations::{DISTRICT, Station};

/// Longest wait for anything; a lease runs out meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process with doors, and the line to it.
struct Doors {
    service: Service,
    address: SocketAddr,
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, nats) = (Postgres::start(), NatsServer::start());
    let (store, servers) = (Service::new(folder.path(), &postgres.url()), nats.url());
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token-of-the-collector").unwrap();
    let engine = store.beside(&["--roles", "engine,notify,scheduler", "--nats", &servers]);
    let doors = |name: &str| {
        let (file, port) = (folder.path().join(name), free_port());
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        std::fs::write(&file, Station::doors(address)).unwrap();
        let (file, token) = (file.display().to_string(), token.display().to_string());
        let more = ["--roles", "ingest", "--nats", &servers, "--doors", &file, "--metrics-token-file", &token];
        Doors { service: store.beside(&more), address }
    };
    let (one, other) = (doors("one.yaml"), doors("other.yaml"));
    let station = Station::new();
    let now = Utc::now();
    let minute = |n: i64| now - TimeDelta::minutes(100 - n);

    // The engine was there once; then only the doors are.
    let mut engine_at_work = engine.start();
    let mut one_at_work = one.service.start();
    engine_at_work.kill();
    for n in 0..5 {
        station.say(&[one.address], minute(n), 20.0 + n as f64 / 10.0);
    }
    for n in 5..25 {
        station.say(&[one.address], minute(n), 900.0 + (n % 7) as f64 / 10.0);
    }
    let alarm = wait(
        "an alarm, with nobody to tell it to",
        || alarms(&store),
        |alarms| alarms.iter().any(|alarm| alarm.written.rule == "gas-fluoride"),
    );
    assert!(alarm.iter().all(|alarm| alarm.case.is_none()), "no engine is there");
    assert_eq!(incidents(&store), 0);
    one_at_work.kill();

    // A second process with doors, and the engine; the first comes back beside it.
    let mut other_at_work = other.service.start();
    engine_at_work = engine.start();
    let told = |alarms: &Vec<huiyin_journal::sensing::Alarm>| {
        alarms.iter().any(|alarm| alarm.written.rule == "gas-fluoride" && alarm.case.is_some())
    };
    let case = wait("an incident", || alarms(&store), told)
        .iter()
        .find_map(|alarm| alarm.case.filter(|_| alarm.written.rule == "gas-fluoride"))
        .unwrap();
    assert_eq!(incidents(&store), 1);
    let figures = metrics(&other.service.url(), "a-token-of-the-collector");
    assert!(figures.contains("huiyin_ingest_stations_stale"), "{figures}");
    assert!(!metrics(&other.service.url(), "another").contains("huiyin_ingest"), "only with the token");
    let mut one_at_work = one.service.start();
    let before = seq(&store, case);
    // Whoever follows is killed; the other goes on when the lease has run out.
    other_at_work.kill();
    for n in 25..45 {
        station.say(&[one.address, other.address], minute(n), 3000.0 + (n % 7) as f64 / 10.0);
    }
    engine_at_work.kill();
    engine_at_work = engine.start();
    wait("the incident hears that it is worse", || seq(&store, case), |seq| *seq > before);
    one_at_work.kill();
    engine_at_work.kill();
    assert_eq!(incidents(&store), 1, "one release, one incident");
    let (whole, said) = store.verify();
    assert!(whole, "{said}");
}

fn wait<T>(what: &str, look: impl Fn() -> T, holds: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let seen = look();
        if holds(&seen) {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn asked<T>(store: &Service, question: impl AsyncFnOnce(huiyin_journal::Journal) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { question(store.journal().await).await })
}

fn alarms(store: &Service) -> Vec<huiyin_journal::sensing::Alarm> {
    asked(store, async |journal| journal.alarms(DISTRICT, "real", false, 100).await.unwrap())
}

fn incidents(store: &Service) -> u64 {
    asked(store, async |journal| journal.cases_in(DISTRICT, "real").await.unwrap())
}

fn seq(store: &Service, case: uuid::Uuid) -> i64 {
    asked(store, async |journal| journal.case(case).await.unwrap().unwrap().seq)
}

fn metrics(url: &str, token: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(address).unwrap();
    write!(line, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    answer
}
