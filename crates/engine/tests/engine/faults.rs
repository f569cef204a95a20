//! When the store fails in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use huiyin_engine::{Answer, EngineError};
use huiyin_journal::Fault;
use serde_json::json;

use super::house::{House, accepted, event, open};
use super::proxy::{Cut, Proxy};

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

static CUTTING: AtomicBool = AtomicBool::new(false);

/// Every third commit is lost before it arrives, every third after it was done.
fn cut(n: u32) -> Cut {
    match n % 3 {
        _ if !CUTTING.load(Ordering::SeqCst) => Cut::No,
        0 => Cut::Before,
        1 => Cut::After,
        _ => Cut::No,
    }
}

pub(crate) async fn a_commit_that_is_cut_on_the_wire_is_resolved(house: House) {
    let port = house.url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    let proxy = Proxy::start(format!("127.0.0.1:{port}").parse().unwrap(), cut).await;
    let url = house.url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address.port()));
    let driver = house.driver_on(house.journal_at(&url, None).await).await;
    CUTTING.store(true, Ordering::SeqCst);
    let before = proxy.commits();
    let mut cases = Vec::new();
    for n in 1..=12 {
        let case = accepted(driver.submit(open(n)).await.unwrap()).case;
        assert_eq!(accepted(driver.submit(event(n + 100, case, "take", json!({}))).await.unwrap()).seq, 2);
        assert_eq!(accepted(driver.submit(open(n)).await.unwrap()).case, case, "sent again, the same answer");
        cases.push(case);
    }
    CUTTING.store(false, Ordering::SeqCst);
    let cut = proxy.commits() - before;
    let retried = driver.metrics().await.unwrap().retried;
    assert!(cut >= 24 && retried >= 8, "{cut} commits came by, {retried} were tried again");
    for (case, n) in cases.iter().zip(1..) {
        let record = driver.journal().case(*case).await.unwrap().unwrap();
        assert_eq!((record.seq, record.number), (2, format!("R-20261123-{n:04}")), "no step twice, no number lost");
    }
    assert_eq!(driver.journal().cases_in("500110", "real").await.unwrap(), 12);
    assert_eq!(driver.journal().verify_chains().await.unwrap().breaks, vec![]);
    assert_eq!(driver.metrics().await.unwrap().quarantined, 0, "no command is to blame");
}

pub(crate) async fn sessions_that_the_server_ends_lose_and_repeat_nothing(house: House) {
    let engine = house.engine().await;
    let over = Arc::new(AtomicBool::new(false));
    let killer = {
        let (over, url) = (Arc::clone(&over), house.url.clone());
        tokio::spawn(async move {
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
            let mut ended = 0_usize;
            while !over.load(Ordering::SeqCst) {
                let rows: Vec<(bool,)> = sqlx::query_as(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE application_name = 'huiyin' AND state <> 'idle' AND random() < 0.5",
                )
                .fetch_all(&pool)
                .await
                .unwrap();
                ended += rows.len();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            ended
        })
    };
    let mut senders = tokio::task::JoinSet::new();
    for n in 1..=16_u128 {
        let engine = engine.clone();
        senders.spawn(async move {
            let case = accepted(patiently(&engine, open(n)).await).case;
            accepted(patiently(&engine, event(n + 100, case, "take", json!({}))).await);
            for ask in 0..10 {
                accepted(patiently(&engine, event(n * 1000 + ask, case, "ask", json!({}))).await);
            }
            case
        });
    }
    let mut cases = Vec::new();
    while let Some(case) = senders.join_next().await {
        cases.push(case.unwrap());
    }
    over.store(true, Ordering::SeqCst);
    let ended = killer.await.unwrap();
    let metrics = engine.metrics().await.unwrap();
    engine.stop().await;
    eprintln!("{ended} sessions ended, {} transactions tried again", metrics.retried);
    assert!(ended > 5 && metrics.rolled_back > 0, "{ended} {metrics:?}");
    assert_eq!(metrics.quarantined, 0, "no command is to blame");
    for case in cases {
        let own = engine.journal().timeline(case, 0, 999, false).await.unwrap();
        let own = own.iter().filter(|entry| entry.body["actor"]["kind"] == "person").count();
        assert_eq!(own, 12, "one entry for each command");
    }
    assert_eq!(engine.journal().verify_chains().await.unwrap().breaks, vec![]);
}

async fn patiently(engine: &huiyin_engine::Engine, command: huiyin_engine::Command) -> Answer {
    loop {
        match engine.submit(command.clone()).await {
            Ok(answer) => return answer,
            Err(EngineError::Busy { .. } | EngineError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(e) => panic!("{e}"),
        }
    }
}
