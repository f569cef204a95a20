//! Committed transitions a second at saturation, and one transition alone.

use std::time::{Duration, Instant};

use chrono::Utc;
use huiyin_engine::{Answer, Config, Engine};
use uuid::Uuid;

use crate::figure;
use crate::house::{House, Store, open, part, swap};
use crate::raw::{Load, median};

/// Cases that the load goes round.
const CASES: usize = 20_000;
/// Senders that each wait for their answer before they send again.
const SENDERS: usize = 2048;
const FOR: Duration = Duration::from_secs(12);
/// Transitions that the bare database writes for each size that is tried.
const RAW: usize = 30_000;
const SIZES: [usize; 3] = [128, 256, 512];
const ALONE: usize = 400;

pub(crate) async fn measure(house: &House) {
    let engine = house.engine(Config::default()).await;
    let cases = prepare(&engine).await;
    let rate = saturate(&engine, &cases).await;
    let metrics = engine.metrics().await.unwrap();
    let alone = alone(&engine, &cases).await;
    engine.stop().await;
    drop(engine);

    let journal = house.journal().await;
    let mut load = Load::of(journal, &cases).await;
    println!(
        "{}: {} cases, {SENDERS} senders; an entry has {} bytes, a batch had up to {} steps",
        house.name(),
        cases.len(),
        load.entry_bytes(),
        metrics.largest_batch
    );
    let mut best = (0.0, 0, 0);
    let writers: &[usize] = if house.store == Store::Sqlite { &[1] } else { &[1, 2, 3, 4] };
    for &writers in writers {
        for size in SIZES {
            let rate = load.rate(part(RAW).max(2 * size), size, writers).await;
            println!("  bare database, {size} in a transaction, {writers} connections: {rate:.0} transitions/s");
            if rate > best.0 {
                best = (rate, size, writers);
            }
        }
    }
    let raw_alone = load.alone(ALONE).await;
    load.close().await;
    let wanted = if house.store == Store::Sqlite { 0.5 } else { 0.35 };
    figure(
        &format!("transitions committed at saturation ({})", house.name()),
        rate,
        "/s",
        Some(best.0),
        &format!(">= {wanted} x raw"),
        rate / best.0 >= wanted,
    );
    figure(
        &format!("one transition alone, p50 ({})", house.name()),
        alone,
        "us",
        Some(raw_alone),
        "<= 3 x raw",
        alone / raw_alone <= 3.0,
    );
}

pub(crate) async fn prepare(engine: &Engine) -> Vec<Uuid> {
    let per_sender = part(CASES).div_ceil(SENDERS);
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let engine = engine.clone();
        senders.spawn(async move {
            let mut cases = Vec::with_capacity(per_sender);
            for _ in 0..per_sender {
                cases.push(case_of(engine.submit(open(Utc::now())).await.unwrap()));
            }
            cases
        });
    }
    let mut cases = Vec::new();
    while let Some(some) = senders.join_next().await {
        cases.extend(some.unwrap());
    }
    cases
}

fn case_of(answer: Answer) -> Uuid {
    match answer {
        Answer::Accepted(accepted) => accepted.case,
        other => panic!("{other:?}"),
    }
}

/// Every sender goes round cases of its own. Counted is what was answered between the first second and the last.
pub(crate) async fn saturate(engine: &Engine, cases: &[Uuid]) -> f64 {
    let started = Instant::now();
    let warm = Duration::from_secs(2);
    let mut senders = tokio::task::JoinSet::new();
    for cases in cases.chunks(cases.len().div_ceil(SENDERS)) {
        let (engine, cases) = (engine.clone(), cases.to_vec());
        senders.spawn(async move {
            let mut counted = 0_u64;
            for case in cases.iter().cycle() {
                case_of(engine.submit(swap(*case)).await.unwrap());
                let at = started.elapsed();
                if at > FOR {
                    return counted;
                }
                counted += u64::from(at > warm);
            }
            counted
        });
    }
    let mut total = 0;
    while let Some(counted) = senders.join_next().await {
        total += counted.unwrap();
    }
    total as f64 / (FOR - warm).as_secs_f64()
}

/// Median microseconds of a transition when nothing else happens.
async fn alone(engine: &Engine, cases: &[Uuid]) -> f64 {
    let mut took = Vec::with_capacity(ALONE);
    for case in cases.iter().take(ALONE) {
        let started = Instant::now();
        case_of(engine.submit(swap(*case)).await.unwrap());
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    median(took)
}
