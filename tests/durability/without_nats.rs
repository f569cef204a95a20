//! NATS is gone entirely: people go on working at a process that has pages and engine, and what they did is told when NATS
//! is back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use harness::nats::NatsServer;
use harness::postgres::Postgres;
use huiyin_bus::{Bus as _, Message, Nats, NatsConfig};
use serde_json::json;
use tokio::sync::broadcast::Receiver;

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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let config = NatsConfig { publishes: false, ..NatsConfig::new(nats.url(), "500110") };
    let listener = runtime.block_on(Nats::connect(config)).unwrap();
    let mut heard = listener.listen();

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
    assert!(heard.try_recv().is_err(), "nothing can have been told");

    nats.come_back();
    // In whatever order: what failed before is tried again later.
    let mut kinds = BTreeSet::new();
    runtime.block_on(async {
        while !["assign", "case.opened"].iter().all(|kind| kinds.contains(*kind)) {
            let message = next(&mut heard).await;
            if message.subject == case {
                kinds.insert(message.kind.clone());
            }
        }
    });
}

async fn next(heard: &mut Receiver<Arc<Message>>) -> Arc<Message> {
    tokio::time::timeout(PATIENCE, heard.recv()).await.expect("it is told in time").expect("it is heard")
}
