//! When the store fails in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use huiyin_engine::{Answer, EngineError, Target};
use huiyin_journal::{Fault, OpenOptions, SetAside};
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

    // Its timer does not fire again and again either, and is still said to be overdue since its own time.
    driver.run_until(super::house::hours(30)).await.unwrap();
    let metrics = driver.metrics().await.unwrap();
    assert!(metrics.quarantined < 250, "{metrics:?}");
    assert_eq!((metrics.timers_overdue, metrics.timers_put_off, metrics.set_aside), (1, 1, 2), "{metrics:?}");
    assert!(metrics.oldest_overdue_timer_seconds > 27.0 * 3600.0, "{metrics:?}");
    let timers = driver.journal().quarantined(9).await.unwrap();
    let timers = timers.iter().find(|row| row.kind == SetAside::Timers).unwrap();
    assert_eq!((timers.subject, timers.district.as_str()), (cases[2], super::house::DISTRICT));
    assert!(timers.times > 100, "one row counts its tries: {timers:?}");
    assert!(driver.journal().retry_quarantined(timers.id).await.unwrap());
    assert_eq!(driver.metrics().await.unwrap().timers_put_off, 0, "taken up again, it is due at once");
}

/// The disk is full; when there is room again the same command goes through, and nothing was blamed.
pub(crate) async fn a_full_disk_is_survived(house: House) {
    let pages = Arc::new(AtomicU32::new(1 << 30));
    let mut options = OpenOptions::new(&house.url, house.folder.path(), super::house::at(0));
    (options.seed, options.most_pages) = (Some(7), Some(Arc::clone(&pages)));
    let driver = house.driver_on(options.open().await.unwrap()).await;
    accepted(driver.submit(open(1)).await.unwrap());
    pages.store(1, Ordering::SeqCst);
    let mut n = 2;
    let error = loop {
        match driver.submit(open(n)).await {
            Ok(_) => n += 1,
            Err(error) => break error,
        }
        assert!(n < 2000, "the disk does not fill");
    };
    assert!(matches!(&error, EngineError::Unavailable(why) if why.contains("full")), "{error:?}");
    let error = driver.submit(open(n)).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Unavailable(why) if why.contains("full")),
        "it says the same again: {error:?}"
    );
    pages.store(1 << 30, Ordering::SeqCst);
    let answer = accepted(driver.submit(open(n)).await.unwrap());
    assert_eq!(answer.number, format!("R-20261123-{n:04}"), "no number was lost");
    assert_eq!(driver.journal().quarantined(9).await.unwrap(), vec![]);
    assert_eq!(driver.journal().verify_chains().await.unwrap().breaks, vec![]);
}

/// The database itself refuses one row: that command is set aside, found by halving, and the others are done.
pub(crate) async fn a_row_that_the_database_refuses_is_found_by_halving(house: House) {
    let driver = house.driver().await;
    let mut cases = Vec::new();
    for n in 1..=7 {
        cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
    }
    // Its place in the journal is taken.
    house
        .tamper(
            "INSERT INTO journal (case_id, seq, at, district, timeline, kind, body, prev_hash, hash) \
             SELECT j.case_id, 2, j.at, j.district, j.timeline, j.kind, j.body, j.prev_hash, j.hash FROM journal j \
             JOIN cases c ON c.id = j.case_id WHERE c.number LIKE '%-0005'",
        )
        .await;
    let commands = cases.iter().zip(10..).map(|(case, n)| event(n, *case, "take", json!({}))).collect();
    for (n, answer) in driver.submit_all(commands).await.iter().enumerate() {
        match (n, answer) {
            (4, Err(EngineError::Quarantined { .. })) => {}
            (n, Ok(Answer::Accepted(_))) if n != 4 => {}
            other => panic!("{other:?}"),
        }
    }
    let set_aside = driver.journal().quarantined(9).await.unwrap();
    assert_eq!(set_aside.iter().map(|row| row.case).collect::<Vec<_>>(), [Some(cases[4])]);
}

/// A panic where no step runs: the worker goes on.
pub(crate) async fn a_panic_does_not_end_the_worker(house: House) {
    let seen = AtomicU32::new(0);
    let fault = move |at: &'static str| {
        assert!(at != "claim" || seen.fetch_add(1, Ordering::SeqCst) != 1, "the second claim panics");
        false
    };
    let engine = house.engine_with(house.journal(Some(Box::new(fault))).await, House::config()).await;
    accepted(engine.submit(open(1)).await.unwrap());
    let error = engine.submit(open(2)).await.unwrap_err();
    assert!(matches!(&error, EngineError::Quarantined { problem, .. } if problem.contains("panicked")), "{error:?}");
    for n in 3..=8 {
        accepted(engine.submit(open(n)).await.unwrap());
    }
    engine.stop().await;
}

/// Each engine has one district set up; neither touches what is the other's.
pub(crate) async fn two_districts_share_a_store(house: House) {
    let (a, b) = (house.driver_of("500110").await, house.driver_of("500112").await);
    let mut there = open(2);
    there.district = "500112".into();
    let here = accepted(a.submit(open(1)).await.unwrap()).case;
    let there = accepted(b.submit(there).await.unwrap()).case;
    let until = super::house::hours(24 * 6);
    a.run_until(until).await.unwrap();
    let metrics = a.metrics().await.unwrap();
    assert!(metrics.timers_fired >= 4 && metrics.timers_overdue == 0, "{metrics:?}");
    assert_eq!(b.metrics().await.unwrap().timers_overdue, 1, "the other's timers wait for the other");
    assert_eq!(a.journal().entries(there, 0, 99).await.unwrap().len(), 1);
    b.run_until(until).await.unwrap();
    assert_eq!(b.metrics().await.unwrap().timers_overdue, 0);
    assert!(b.journal().entries(there, 0, 99).await.unwrap().len() > 1);
    assert_eq!(a.journal().quarantined(9).await.unwrap(), vec![], "nothing was set aside");
    b.journal().lose_timers(there).await.unwrap();
    assert_eq!((a.self_check().await.unwrap(), b.self_check().await.unwrap()), (0, 1));
    assert_ne!(here, there);
    // A command for a case of a district that is not set up here is turned away, not set aside.
    let mut take = event(9, there, "take", json!({}));
    take.district = "500112".into();
    let error = a.submit(take.clone()).await.unwrap_err();
    assert!(matches!(error, EngineError::Setup(_)), "{error:?}");
    assert_eq!(a.journal().quarantined(9).await.unwrap(), vec![]);
    accepted(b.submit(take).await.unwrap());
}

/// Overlapping cases, in opposite order, from several engines: they lock in one order and never in a circle.
pub(crate) async fn batches_in_opposite_order_never_meet_in_a_circle(house: House) {
    let driver = house.driver().await;
    let mut cases = Vec::new();
    for n in 1..=8 {
        cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
    }
    let (mut senders, rounds) = (tokio::task::JoinSet::new(), harness::size(5_u128, 15));
    for sender in 0..4_u128 {
        let (driver, mut cases) = (house.driver().await, cases.clone());
        if sender % 2 == 1 {
            cases.reverse();
        }
        senders.spawn(async move {
            for round in 0..rounds {
                let note = |(n, case): (usize, &uuid::Uuid)| {
                    let mut command = event(1000 + sender * 1000 + round * 10 + n as u128, *case, "", json!({}));
                    command.target = Target::Note { case: *case, kind: "seen".into(), body: json!({"round": round}) };
                    command
                };
                for answer in driver.submit_all(cases.iter().enumerate().map(note).collect()).await {
                    accepted(answer.unwrap());
                }
            }
            driver.metrics().await.unwrap().rolled_back
        });
    }
    let rolled_back: u64 = senders.join_all().await.into_iter().sum();
    assert_eq!(rolled_back, 0, "no batch was a deadlock's victim");
    for case in cases {
        let entries = driver.journal().entries(case, 0, 99).await.unwrap();
        assert_eq!(entries.len() as u128, 1 + 4 * rounds);
    }
    assert_eq!(driver.journal().verify_chains().await.unwrap().breaks, vec![]);
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
                    "SELECT CASE WHEN random() < 0.5 THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END \
                     FROM pg_stat_activity \
                     WHERE datname = current_database() AND application_name = 'huiyin' AND state <> 'idle' AND random() < 0.5",
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
