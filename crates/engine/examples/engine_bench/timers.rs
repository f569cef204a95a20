//! Timers: lateness with a million waiting, a burst in one second, and what the ones that wait cost in memory.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use huiyin_engine::{Answer, Config, Engine};
use uuid::Uuid;

use crate::figure;
use crate::house::{House, engine_on, journal_at, open, part, resident};

/// Timers that wait while others fire.
const WAITING: usize = 1_000_000;
/// Timers that fire: in a minute, and then in a second.
const DUE: usize = 100_000;
/// Seconds in which the cases whose timers fire are opened.
const OPENING: i64 = 90;
/// After the opening of a case its first rung is due.
const FIRST_RUNG: chrono::Duration = chrono::Duration::hours(2);

pub(crate) async fn measure(house: &House) {
    let few = idle_memory(house);
    let engine = house.engine(Config::default()).await;
    // One case that waits, copied in the store; the engine reads of a case that is not due only its timer's index.
    let waiting = opened(engine.submit(open(Utc::now() + chrono::Duration::days(300))).await.unwrap());
    engine.stop().await;
    let journal = house.journal().await;
    journal.multiply_case(waiting, part(WAITING) as u64 - 1).await.unwrap();
    journal.close().await;
    let many = idle_memory(house);
    figure(
        &format!("memory of an idle engine, {WAITING} timers wait ({})", house.name()),
        many,
        "MB",
        None,
        &format!("no growth ({few:.1} MB with none)"),
        many - few < 10.0,
    );

    let engine = house.engine(Config::default()).await;
    fire(&engine, Duration::from_secs(60)).await;
    let [p50, p99, worst] = engine.metrics().await.unwrap().timer_lateness_ms;
    figure(
        &format!("timer lateness p99, {DUE} due in a minute ({})", house.name()),
        p99,
        "ms",
        None,
        "< 100 ms",
        p99 < 100.0,
    );
    println!("  p50 {p50:.1} ms, worst {worst:.1} ms, from due until committed, while {WAITING} others wait");
    let took = fire(&engine, Duration::from_secs(1)).await;
    figure(
        &format!("{DUE} timers due in one second, all fired after ({})", house.name()),
        took,
        "s",
        None,
        "<= 15 s",
        took <= 15.0,
    );
    engine.stop().await;
}

fn opened(answer: Answer) -> Uuid {
    match answer {
        Answer::Accepted(accepted) => accepted.case,
        other => panic!("{other:?}"),
    }
}

/// Opens cases whose first rungs fall into a span that begins when they are all open. Returns the seconds from the first
/// due time until the last had fired.
async fn fire(engine: &Engine, span: Duration) -> f64 {
    let (opening, due) = (Instant::now(), part(DUE));
    let first = Utc::now() + chrono::Duration::seconds(OPENING);
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..1000 {
        let engine = engine.clone();
        senders.spawn(async move {
            for n in (sender..due).step_by(1000) {
                let at = first + span.mul_f64(n as f64 / due as f64);
                opened(engine.submit(open(at - FIRST_RUNG)).await.unwrap());
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    let took = opening.elapsed().as_secs_f64();
    assert!(Utc::now() < first, "opening {due} cases took {took:.1} s; give it more than {OPENING} s");
    wait_until(first).await;
    let fired = || async { engine.metrics().await.unwrap().timers_fired };
    let goal = fired().await + due as u64;
    while fired().await < goal {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (Utc::now() - first).as_seconds_f64()
}

async fn wait_until(at: DateTime<Utc>) {
    tokio::time::sleep((at - Utc::now()).to_std().unwrap_or_default()).await;
}

/// Memory of a process of its own with an idle engine on the store.
fn idle_memory(house: &House) -> f64 {
    let us = std::env::current_exe().unwrap();
    let out = std::process::Command::new(us)
        .args(["idle", &house.url, &house.folder.path().display().to_string()])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().parse().unwrap()
}

/// Opens the store, waits, and says how much memory that took.
pub(crate) async fn idle(url: &str, folder: &str) {
    let engine = engine_on(journal_at(url, folder.into()).await, Config::default()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    engine.metrics().await.unwrap();
    println!("{:.1}", resident());
    engine.stop().await;
}
