//! NATS is gone entirely: people go on working at a process that has pages and engine, and what they did is told when NATS
//! is back.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use futures_util::StreamExt as _;
use harness::nats::NatsServer;
use harness::postgres::Postgres;
use serde_json::{Value, json};

use crate::service::Service;

/// Longest wait for what is told later: the outbox tries again in 1, 2, 4 … seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// See the module.
pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, mut nats) = (Postgres::start(), NatsServer::start());
    let service = Service::new(folder.path(), &postgres.url()).beside(&["--nats", &nats.url()]);
    let process = service.start();
    let person = service.sign_in(&process);

    nats.go_away();
    let data = json!({
        "received_at": chrono::Utc::now(), "channel": "phone", "petitioner": "named", "petitioner_name": "测试人",
        "phone": "13000000000", "title": "河面有油污", "content": "岸边排口夜间排水。", "category": "water", "place": "古南街道",
    });
    let id = uuid::Uuid::from_u128(7);
    let opened = person.post("/api/cases", &json!({"id": id, "workflow": "petition", "data": data})).unwrap();
    assert_eq!(opened.status, 201, "{:?}", opened.body);
    let case = opened.body["case"].as_str().unwrap().to_owned();
    let event = json!({"id": uuid::Uuid::from_u128(8), "event": "assign", "data": {"unit": "duty-desk"}});
    let assigned = person.post(&format!("/api/cases/{case}/events"), &event).unwrap();
    assert_eq!(assigned.status, 200, "{:?}", assigned.body);

    nats.come_back();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = nats.url();
    let told = runtime.block_on(async { tokio::time::timeout(PATIENCE, told(&url, &case)).await });
    told.expect("it is told in time").expect("the stream is read");
}

/// Reads the stream of events from its beginning until it holds both deeds: in whatever order, because what failed before
/// is tried again later, and from the stream, because who listens live may be back later than who tells.
async fn told(url: &str, case: &str) -> Result<(), async_nats::Error> {
    let context = jetstream::new(async_nats::connect(url).await?);
    let stream = context.get_stream("HUIYIN_500110_EVENTS").await?;
    let mut messages = stream.create_consumer(OrderedConfig::default()).await?.messages().await?;
    let mut kinds = BTreeSet::new();
    while !["assign", "case.opened"].iter().all(|kind| kinds.contains(*kind)) {
        // An error here is a server that is not ready; the time given ends the patience with it.
        let Ok(message) = messages.next().await.ok_or("the stream ended")? else { continue };
        let event: Value = serde_json::from_slice(&message.payload)?;
        if event["subject"] == case {
            kinds.insert(event["type"].as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(())
}
