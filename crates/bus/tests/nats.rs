//! The bus against a real NATS server.

use std::sync::Arc;
use std::time::Duration;

use harness::nats::NatsServer;
use huiyin_bus::{Bus as _, Message, Nats, NatsConfig};
use serde_json::json;

fn message(n: usize) -> Message {
    Message {
        specversion: "1.0".into(),
        id: format!("0192aa/s{n}"),
        source: "/huiyin/500110/real/petition".into(),
        kind: "reply.delivered".into(),
        subject: "0192aa".into(),
        time: "2026-11-24T00:00:00.000000Z".into(),
        datacontenttype: "application/json".into(),
        district: "500110".into(),
        timeline: "real".into(),
        data: json!({"n": n}),
    }
}

async fn heard(listener: &mut tokio::sync::broadcast::Receiver<Arc<Message>>) -> Message {
    let next = tokio::time::timeout(Duration::from_secs(20), listener.recv()).await;
    next.expect("it comes in time").expect("it is heard").as_ref().clone()
}

/// How many messages the stream holds.
async fn kept(server: &NatsServer) -> u64 {
    let client = async_nats::connect(server.url()).await.expect("a connection");
    let stream = async_nats::jetstream::new(client).get_stream("HUIYIN_500110_EVENTS").await.expect("the stream");
    stream.get_info().await.expect("its state").state.messages
}

#[tokio::test]
async fn another_process_hears_what_one_publishes_and_a_repetition_is_kept_once() {
    let server = NatsServer::start();
    let one = Nats::connect(NatsConfig::new(server.url(), "500110")).await.expect("it connects");
    let other = Nats::connect(NatsConfig::new(server.url(), "500110")).await.expect("it connects");
    assert!(one.durable());
    let mut listener = other.listen();
    for n in [1, 1, 2] {
        one.publish(&message(n)).await.expect("it is taken");
    }
    assert_eq!(heard(&mut listener).await, message(1));
    assert_eq!(kept(&server).await, 2, "the same id is kept once");
}

#[tokio::test]
async fn when_nats_is_away_publishing_fails_and_works_again_when_it_is_back() {
    let mut server = NatsServer::start();
    let bus = Nats::connect(NatsConfig::new(server.url(), "500110")).await.expect("it connects");
    bus.publish(&message(1)).await.expect("it is taken");
    let mut gaps = bus.gaps();
    gaps.wait_for(|connected| *connected == 1).await.expect("the bus is there");
    server.go_away();
    let error = bus.publish(&message(2)).await.expect_err("nobody takes it");
    assert_eq!(error.id, message(2).id);
    server.come_back();
    // The client connects again by itself; the outbox would try again just so.
    for _ in 0..20 {
        if bus.publish(&message(2)).await.is_ok() {
            break;
        }
    }
    assert_eq!(kept(&server).await, 2, "what was acknowledged outlived the server");
    // Who listens is told that something may have been missed meanwhile.
    let told = tokio::time::timeout(std::time::Duration::from_secs(30), gaps.wait_for(|connected| *connected == 2));
    told.await.expect("it is told").expect("the bus is there");
}

#[tokio::test]
async fn a_process_starts_without_nats_and_publishes_when_it_comes() {
    let mut server = NatsServer::start();
    server.go_away();
    let bus = Nats::connect(NatsConfig::new(server.url(), "500110")).await.expect("it starts all the same");
    server.come_back();
    for _ in 0..20 {
        if bus.publish(&message(7)).await.is_ok() {
            break;
        }
    }
    assert_eq!(kept(&server).await, 1);
}

#[tokio::test]
async fn a_stream_that_cannot_be_as_asked_is_refused_by_name() {
    let server = NatsServer::start();
    let three = NatsConfig { replicas: 3, ..NatsConfig::new(server.url(), "500110") };
    let bus = Nats::connect(three).await.expect("it starts: people can work");
    let error = bus.publish(&message(1)).await.expect_err("one server cannot keep three copies");
    assert!(error.problem.contains("replicas"), "{error}");
}
