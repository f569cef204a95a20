//! Readings from the queue of a district at a real NATS server: kept until they are committed, whoever dies in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::nats::NatsServer;
use huiyin_bus::{Later, Nats, NatsConfig, Taken, Worker};
use huiyin_engine::REAL;
use huiyin_sensing::doors::Queue;
use huiyin_sensing::doors::queue::Door;
use huiyin_sensing::ingest::Reason;
use huiyin_sensing::observation::Source;
use serde_json::json;

use crate::scene::{DISTRICT, Scene, at};

/// The engine makes the queues; it has nothing to do here.
struct Idle;

impl Worker for Idle {
    fn take(&self, _address: String, _message: Vec<u8>) -> Later<'_, Taken> {
        Box::pin(async { Taken::Done })
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gateway_left_is_committed_once_whoever_dies_in_between() {
    let (scene, mut server) = (Scene::new().await, NatsServer::start());
    let nats = Arc::new(Nats::connect(NatsConfig::new(server.url(), DISTRICT)).await.unwrap());
    let making = nats.work(Arc::new(Idle));
    let door =
        Door { intake: scene.intake.clone(), queue: Queue { stations: vec!["G1".into()] }, clock: scene.clock.clone() };
    let leave = async |station: &str, id: &str, minute: i64| {
        let body = json!({"pollutant": "a21018", "value": 20.5, "observed_at": at(minute).to_rfc3339()}).to_string();
        until("it is left", async || {
            nats.leave(nats.station_address(station), id, body.clone().into_bytes()).await.is_ok()
        })
        .await;
    };
    let kept = async || scene.journal().observations_after(DISTRICT, REAL, 0, 1000).await.unwrap().len();
    // Nobody is there yet; the queue keeps it, and outlives the server.
    for minute in 0..5 {
        leave("G1", &format!("a{minute}"), minute).await;
    }
    server.go_away();
    server.come_back();
    let taking = nats.observations(Arc::new(door.clone()));
    until("all of it is kept", async || kept().await == 5).await;
    // The store is away, then its answer is lost: given back, and there once.
    scene.trap.set("keep");
    leave("G1", "b5", 5).await;
    until("it came again", async || kept().await == 6).await;
    scene.trap.set("kept");
    leave("G1", "b6", 6).await;
    until("it is there", async || kept().await == 7).await;
    leave("G1", "c6", 6).await;
    leave("A1", "c7", 7).await;
    leave("G1", "c8", 8).await;
    until("the last one is there", async || kept().await == 8).await;
    let counts = scene.intake.counts();
    until("the stranger was refused", async || {
        counts.refusals().get(&(Source::Nats, Reason::UnknownStation)).copied() == Some(1)
    })
    .await;
    assert_eq!(kept().await, 8);
    taking.abort();
    making.abort();
}
