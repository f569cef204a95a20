//! When the store fails in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use huiyin_engine::{Answer, EngineError};
use huiyin_journal::Fault;
use serde_json::json;

use super::house::{House, accepted, event, open};

/// Fails the `n`th time that `point` is reached.
fn fail_once(point: &'static str, n: u32) -> (Arc<AtomicU32>, Box<Fault>) {
    let seen = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&seen);
    let fault = move |at: &'static str| at == point && counter.fetch_add(1, Ordering::SeqCst) + 1 == n;
    (seen, Box::new(fault))
}

pub(crate) async fn a_lost_commit_is_found_again(house: House) {
    // `committed`: the commit happened, the answer was lost.
    let (reached, fault) = fail_once("committed", 2);
    let driver = house.driver_on(house.journal(Some(fault)).await).await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    let answer = accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    assert_eq!((answer.seq, answer.active.as_slice()), (2, ["working".to_owned()].as_slice()));
    assert!(reached.load(Ordering::SeqCst) >= 2);
    assert_eq!(driver.journal().entries(case, 0, 99).await.unwrap().len(), 2, "the step was not taken twice");
    assert_eq!(driver.metrics().await.unwrap().retried, 1);
}

pub(crate) async fn a_poison_command_is_set_aside_and_the_others_go_on(house: House) {
    let driver = house.driver().await;
    let mut cases = Vec::new();
    for n in 1..=5 {
        cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
    }
    // One case whose stored state does not read breaks every batch that it is in.
    house.tamper("UPDATE cases SET state = '{}' WHERE number LIKE '%-0003'").await;
    let commands = cases.iter().zip(10..).map(|(case, n)| event(n, *case, "take", json!({}))).collect();
    let answers = driver.submit_all(commands).await;
    for (n, answer) in answers.iter().enumerate() {
        match (n, answer) {
            (2, Err(EngineError::Quarantined { .. })) | (_, Ok(Answer::Accepted(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    let set_aside = driver.journal().quarantined(9).await.unwrap();
    assert_eq!((set_aside.len(), set_aside[0].case), (1, Some(cases[2])));
    assert_eq!(driver.metrics().await.unwrap().quarantined, 1);

    // Its timer does not fire again and again either.
    driver.run_until(super::house::hours(30)).await.unwrap();
    let metrics = driver.metrics().await.unwrap();
    assert!(metrics.quarantined < 250, "{metrics:?}");
}

pub(crate) async fn a_store_that_does_not_answer_is_said_so(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    match &house.server {
        Some(server) => server.kill(),
        None => driver.journal().close().await,
    }
    let take = event(2, case, "take", json!({}));
    let error = driver.submit(take.clone()).await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable(_)), "{error:?}");
    if let Some(server) = &house.server {
        server.up();
        let mut tries = 0;
        let answer = loop {
            match driver.submit(take.clone()).await {
                Ok(answer) => break answer,
                Err(e) => assert!(tries < 20, "{e}"),
            }
            tries += 1;
        };
        assert_eq!(accepted(answer).seq, 2);
    }
}
