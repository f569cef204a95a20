//! What each role may do on a real server set up by `deploy/nats.conf`, and which servers are refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::nats::NatsServer;
use harness::smtp;
use huiyin_bus::{Answers, Bus as _, Calls as _, Later, Message, Nats, NatsConfig, NatsError, Taken, Worker};
use serde_json::json;

async fn signed_in(server: &NatsServer, role: &str) -> Nats {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{role}:{role}\n")).expect("its line");
    let config = NatsConfig {
        credentials: Some(file.path().to_owned()),
        publishes: role.ends_with("engine"),
        drill: role.starts_with("drill"),
        ..NatsConfig::new(server.url(), "500110")
    };
    Nats::connect(config).await.expect("it connects")
}

fn event(life: &str) -> Message {
    Message {
        specversion: "1.0".into(),
        id: "0192aa/s1".into(),
        source: "/huiyin/500110/real/petition".into(),
        kind: "assign".into(),
        subject: "0192aa".into(),
        time: "2026-11-24T00:00:00.000000Z".into(),
        datacontenttype: "application/json".into(),
        district: "500110".into(),
        timeline: life.into(),
        data: json!({}),
    }
}

/// Answers with the address it was asked under.
#[derive(Debug, Default)]
struct Echo {
    taken: Mutex<Vec<String>>,
}

impl Answers for Echo {
    fn answer(&self, address: String, question: Vec<u8>) -> Later<'_, Vec<u8>> {
        Box::pin(async move { [address.as_bytes(), b" ", &question].concat() })
    }
}

impl Worker for Echo {
    fn take(&self, _address: String, message: Vec<u8>) -> Later<'_, Taken> {
        let said = String::from_utf8_lossy(&message).into_owned();
        let mut taken = self.taken.lock().expect("nobody panicked");
        let first = !taken.contains(&said);
        taken.push(said.clone());
        let what = match said.as_str() {
            "later" if first => Taken::Again,
            "never" => Taken::Never("it is nonsense".into()),
            _ => Taken::Done,
        };
        Box::pin(async move { what })
    }
}

const PEOPLE: &str = "huiyin.500110.live.cmd.person.*";

#[tokio::test]
async fn only_pages_ask_for_people_and_every_role_is_a_service() {
    let server = NatsServer::deployed();
    let (engine, web, notify) =
        (signed_in(&server, "engine").await, signed_in(&server, "web").await, signed_in(&server, "notify").await);
    let echo: Arc<Echo> = Arc::default();
    let offered = engine.offer("huiyin-engine", "test", PEOPLE, "engine", Arc::<Echo>::clone(&echo)).await;
    let address = "huiyin.500110.live.role.notify";
    let other = notify.offer("huiyin-notify", "test", address, "notify", echo).await.expect("it is offered");

    let ask = async |who: &Nats, address: &str| who.ask(address.to_owned(), b"?".to_vec()).await;
    let person = "huiyin.500110.live.cmd.person.3";
    // The server learns of what is offered a moment after it was offered.
    let mut answer = ask(&web, person).await;
    for _ in 0..100 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = ask(&web, person).await;
    }
    let answer = answer.expect("pages may ask");
    assert_eq!(answer, format!("{person} ?").into_bytes());
    for role in ["notify", "engine", "scheduler", "ingest", "watch", "drill-web"] {
        let who = signed_in(&server, role).await;
        assert!(ask(&who, person).await.is_err(), "{role} may not send commands of people");
    }

    let watch = signed_in(&server, "watch").await;
    for name in ["huiyin-engine", "huiyin-notify"] {
        let told = ask(&watch, &format!("$SRV.STATS.{name}")).await.expect("it tells how it fares");
        let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
        assert_eq!(told["name"], name, "{told}");
        assert!(
            ask(&watch, &format!("$SRV.PING.{name}")).await.is_ok()
                && ask(&watch, &format!("$SRV.INFO.{name}")).await.is_ok()
        );
    }
    offered.expect("it is offered").withdraw().await;
    assert!(ask(&web, person).await.is_err(), "who has withdrawn answers no more");
    drop(other);
}

#[tokio::test]
async fn an_exercise_and_the_real_thing_do_not_hear_each_other() {
    let server = NatsServer::deployed();
    let (engine, drill) = (signed_in(&server, "engine").await, signed_in(&server, "drill-engine").await);
    let (web, drill_web) = (signed_in(&server, "web").await, signed_in(&server, "drill-web").await);
    let (mut real, mut exercise) = (web.listen(), drill_web.listen());
    engine.publish(&event("real")).await.expect("it is taken");
    drill.publish(&event("exercise-7")).await.expect("it is taken");
    let heard = tokio::time::timeout(Duration::from_secs(20), real.recv()).await.expect("in time").expect("heard");
    assert_eq!(heard.timeline, "real");
    let heard = tokio::time::timeout(Duration::from_secs(20), exercise.recv()).await.expect("in time").expect("heard");
    assert_eq!(heard.timeline, "exercise-7");
    assert!(real.try_recv().is_err() && exercise.try_recv().is_err(), "and nothing else");
    assert!(drill.publish(&event("real")).await.is_err(), "an exercise cannot speak for the real thing");
}

#[tokio::test]
async fn what_machines_leave_is_taken_until_it_is_done() {
    let server = NatsServer::deployed();
    let (engine, ingest) = (Arc::new(signed_in(&server, "engine").await), signed_in(&server, "ingest").await);
    let echo: Arc<Echo> = Arc::default();
    let work = engine.work(Arc::<Echo>::clone(&echo));
    let leave = async |id: &str, said: &str| {
        let address = "huiyin.500110.live.cmd.machine.1".to_owned();
        // The queue is made by the engine; until then nobody acknowledges.
        for _ in 0..50 {
            if ingest.leave(address.clone(), id, said.as_bytes().to_vec()).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{said} was not taken into the queue");
    };
    for (id, said) in [("1", "done"), ("1", "done"), ("2", "later"), ("3", "never")] {
        leave(id, said).await;
    }
    let taken = || echo.taken.lock().expect("nobody panicked").clone();
    for _ in 0..200 {
        if taken().len() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut all = taken();
    all.sort_unstable();
    assert_eq!(all, ["done", "later", "later", "never"], "the same id is kept once; what waits comes again");
    work.abort();
}

#[tokio::test]
async fn what_gateways_say_is_taken_until_it_is_committed_and_gateways_may_say_nothing_else() {
    let server = NatsServer::deployed();
    let (engine, ingest) = (Arc::new(signed_in(&server, "engine").await), Arc::new(signed_in(&server, "ingest").await));
    let gateway = signed_in(&server, "gateway").await;
    let (machines, echo): (Arc<Echo>, Arc<Echo>) = Default::default();
    let making = engine.work(machines);
    let taking = ingest.observations(Arc::<Echo>::clone(&echo));
    for (id, said) in [("1", "done"), ("1", "done"), ("2", "later"), ("3", "never")] {
        let mut left = false;
        // The queue is made by the engine; until then nobody acknowledges.
        for _ in 0..100 {
            left = gateway.leave(gateway.station_address("G1"), id, said.as_bytes().to_vec()).await.is_ok();
            if left {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(left, "{said} was not taken into the queue");
    }
    let taken = || echo.taken.lock().expect("nobody panicked").clone();
    for _ in 0..200 {
        if taken().len() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut all = taken();
    all.sort_unstable();
    assert_eq!(all, ["done", "later", "later", "never"], "the same id is kept once; what waits comes again");
    let command = "huiyin.500110.live.cmd.machine.1".to_owned();
    assert!(gateway.leave(command, "4", b"x".to_vec()).await.is_err(), "a gateway sends no commands");
    assert!(
        ingest.leave(ingest.station_address("G1"), "5", b"x".to_vec()).await.is_err(),
        "doors take, and say nothing"
    );
    making.abort();
    taking.abort();
}

#[tokio::test]
async fn an_older_server_is_refused_with_its_version() {
    let server = NatsServer::older("2.12.2");
    let error = Nats::connect(NatsConfig::new(server.url(), "500110")).await.expect_err("it is too old");
    assert!(matches!(error, NatsError::TooOld { .. }));
    assert!(error.to_string().starts_with("the NATS server is 2.12.2; at least 2.12.3 is needed"), "{error}");
}

#[tokio::test]
async fn tls_needs_the_authority_of_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    smtp::certificate(folder.path());
    let path = |name: &str| folder.path().join(name);
    let settings = format!("tls {{ cert_file: {:?}, key_file: {:?} }}\n", path("server.pem"), path("server.key"));
    let server = NatsServer::with_settings(&settings);
    let url = server.url().replace("nats://127.0.0.1", "tls://localhost");
    let trusting = NatsConfig { authorities: Some(path("client.pem")), ..NatsConfig::new(&url, "500110") };
    let bus = Nats::connect(trusting).await.expect("it connects");
    bus.publish(&event("real")).await.expect("it is taken");
    let stranger = Nats::connect(NatsConfig::new(&url, "500110")).await.expect("it starts without NATS");
    assert!(stranger.publish(&event("real")).await.is_err(), "an authority that nobody named is not trusted");
}
