//! Readings over a real Mosquitto: broker killed, store away, process dropped between receipt and commit: nothing lost,
//! nothing twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::mosquitto::Mosquitto;
use huiyin_engine::REAL;
use huiyin_sensing::doors::mqtt::Door;
use huiyin_sensing::doors::{Mqtt, Topic};
use huiyin_sensing::ingest::{Intake, Reason};
use huiyin_sensing::observation::Source;
use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, QoS};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::scene::{DISTRICT, Scene, at};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(broker: &Mosquitto) -> Mqtt {
    Mqtt {
        host: "127.0.0.1".into(),
        port: broker.port(),
        tls: false,
        ca: None,
        client_id: "huiyin-test".into(),
        login: None,
        keep_alive: Duration::from_secs(1),
        stations: vec!["G1".into()],
        topics: vec![Topic::new("qj/{station}/readings", None).unwrap(), Topic::new("gas/park", Some("G1")).unwrap()],
    }
}

/// A door at work, with its own way into the store: dropped with it, as a process is.
struct Process {
    door: JoinHandle<()>,
    intake: Intake,
}

impl Process {
    fn start(scene: &Scene, broker: &Mosquitto) -> Self {
        let journal = scene.journal().clone();
        let (intake, _) = Intake::start(journal, scene.parts.scope.clone(), Arc::clone(&scene.parts.registry));
        let door = Door { intake: intake.clone(), mqtt: Arc::new(settings(broker)), clock: scene.clock.clone() };
        let door = tokio::spawn(async move { door.serve(CancellationToken::new()).await.unwrap() });
        Self { door, intake }
    }

    /// Gone, whatever it was doing.
    async fn killed(self) {
        self.door.abort();
        let _ = self.door.await;
    }

    fn refused(&self, reason: Reason) -> u64 {
        self.intake.counts().refusals().get(&(Source::Mqtt, reason)).copied().unwrap_or(0)
    }
}

/// Publishes with QoS 1; done when the broker has acknowledged all.
async fn publish(broker: &Mosquitto, messages: Vec<(String, Value)>) {
    let mut options = MqttOptions::new("gateway", "127.0.0.1", broker.port());
    options.set_clean_session(true).set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = AsyncClient::new(options, messages.len() + 1);
    let wanted = messages.len();
    for (topic, body) in messages {
        client.publish(topic, QoS::AtLeastOnce, false, body.to_string()).await.unwrap();
    }
    let mut acknowledged = 0;
    while acknowledged < wanted {
        let event = tokio::time::timeout(PATIENCE, events.poll()).await.expect("the broker answers").unwrap();
        acknowledged += usize::from(matches!(event, Event::Incoming(Incoming::PubAck(_))));
    }
}

fn said(minute: i64) -> (String, Value) {
    let body = json!({"pollutant": "a21018", "value": 20.5, "observed_at": at(minute).to_rfc3339()});
    ("qj/G1/readings".into(), body)
}

async fn minutes(scene: &Scene) -> Vec<i64> {
    let kept = scene.journal().observations_after(DISTRICT, REAL, 0, 10_000).await.unwrap();
    let mut minutes: Vec<i64> = kept.iter().map(|one| (one.row.observed_at - at(0)).num_minutes()).collect();
    minutes.sort_unstable();
    minutes
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_come_under_the_topic_of_their_station_and_of_no_other() {
    let (scene, broker) = (Scene::new().await, Mosquitto::start());
    let process = Process::start(&scene, &broker);
    // The session is there once the first message came through.
    until("the door listens", async || {
        publish(&broker, vec![said(0)]).await;
        minutes(&scene).await == [0]
    })
    .await;
    let many =
        json!({"observations": [said(1).1, {"pollutant": "a21018", "value": "x", "observed_at": "?"}, said(2).1]});
    let mut other = said(3).1;
    other["station"] = json!("A1");
    let messages = vec![
        ("gas/park".to_owned(), many),
        ("qj/G1/readings".to_owned(), other),
        ("qj/A1/readings".to_owned(), said(4).1),
        ("qj/X9/readings".to_owned(), said(5).1),
        ("qj/G1/readings".to_owned(), json!("what")),
        said(6),
    ];
    publish(&broker, messages).await;
    until("the last one is kept", async || minutes(&scene).await.contains(&6)).await;
    assert_eq!(minutes(&scene).await, [0, 1, 2, 6]);
    assert_eq!((process.refused(Reason::UnknownStation), process.refused(Reason::NotANumber)), (3, 1));
    assert_eq!(process.refused(Reason::Malformed), 1);
    let text = process.intake.counts().text(at(0));
    assert!(text.contains("huiyin_ingest_refused_total{door=\"mqtt\",reason=\"unknown_station\"} 3\n"), "{text}");
    assert!(text.contains("huiyin_ingest_broker_connected 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_nothing_is_lost_and_nothing_is_there_twice() {
    let (scene, mut broker) = (Scene::new().await, Mosquitto::start());
    let first = Process::start(&scene, &broker);
    until("the door listens", async || {
        publish(&broker, vec![said(0)]).await;
        minutes(&scene).await == [0]
    })
    .await;

    // Received and not committed: the store is away, and then the process is killed.
    scene.trap.hold("keep");
    publish(&broker, (1..30).map(said).collect()).await;
    let reached = scene.trap.1.load(std::sync::atomic::Ordering::SeqCst);
    until("the store was asked", async || scene.trap.1.load(std::sync::atomic::Ordering::SeqCst) > reached).await;
    first.killed().await;
    scene.trap.let_go();
    assert_eq!(minutes(&scene).await, [0]);
    // While nobody is there the broker keeps what comes, and is killed itself.
    publish(&broker, (30..40).map(said).collect()).await;
    broker.written_down(&at(39).to_rfc3339());
    broker.go_away();
    broker.come_back();
    let second = Process::start(&scene, &broker);
    until("all that was left is kept", async || minutes(&scene).await.len() == 40).await;

    // Committed and not acknowledged: the answer of the store is lost.
    scene.trap.set("kept");
    publish(&broker, (40..60).map(said).collect()).await;
    until("those too", async || minutes(&scene).await.len() == 60).await;

    // The broker is killed under a living process, which finds it again by itself.
    broker.go_away();
    until("it is known to be away", async || {
        second.intake.counts().text(at(0)).contains("huiyin_ingest_broker_connected 0\n")
    })
    .await;
    broker.come_back();
    until("it is found again", async || {
        second.intake.counts().text(at(0)).contains("huiyin_ingest_broker_connected 1\n")
    })
    .await;
    publish(&broker, (60..80).map(said).collect()).await;
    until("what comes after", async || minutes(&scene).await.len() == 80).await;
    assert_eq!(minutes(&scene).await, (0..80).collect::<Vec<_>>(), "each once");
    second.killed().await;

    // What it had committed and not acknowledged comes again, and changes nothing.
    let third = Process::start(&scene, &broker);
    publish(&broker, vec![said(80)]).await;
    until("the newest", async || minutes(&scene).await.contains(&80)).await;
    let (_, new) = third.intake.counts().readings()[&Source::Mqtt];
    assert_eq!(new, 1, "nothing old is taken for new");
    assert_eq!(minutes(&scene).await, (0..81).collect::<Vec<_>>(), "each once");
}
