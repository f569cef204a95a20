//! Many senders at once.

use huiyin_engine::{Answer, EngineError};
use serde_json::json;

use super::house::{House, accepted, event, open};

pub(crate) async fn many_senders_share_commits(house: House) {
    let mut config = House::config();
    config.queue = 64;
    let engine = house.engine_with(house.journal(None).await, config).await;
    let (mut senders, many) = (Vec::new(), harness::size(100_u64, 300));
    for n in 1..=u128::from(many) {
        let engine = engine.clone();
        senders.push(tokio::spawn(async move {
            let case = accepted(patiently(&engine, open(n)).await).case;
            accepted(patiently(&engine, event(n + 1000, case, "take", json!({}))).await);
        }));
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let metrics = engine.metrics().await.unwrap();
    assert_eq!((metrics.accepted, metrics.quarantined, metrics.queue_depth), (2 * many, 0, 0));
    assert!(metrics.commits < 2 * many, "{metrics:?}");
    engine.stop().await;
    assert!(matches!(engine.submit(open(9999)).await, Err(EngineError::Closed)));
    assert_eq!(engine.journal().cases_in("500110", "real").await.unwrap(), many);
}

/// Sends again with the same id while the engine is busy.
async fn patiently(engine: &huiyin_engine::Engine, command: huiyin_engine::Command) -> Answer {
    loop {
        match engine.submit(command.clone()).await {
            Ok(answer) => return answer,
            Err(EngineError::Busy { .. }) => tokio::task::yield_now().await,
            Err(e) => panic!("{e}"),
        }
    }
}
