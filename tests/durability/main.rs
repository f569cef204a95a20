//! The real process, killed at random moments under load: what it acknowledged is recorded once, no step is taken twice,
//! no rung rings twice, and the record stays whole.
//!
//! Senders open and advance cases over HTTP, send again with the same id what was not answered, repeat what was, and
//! move the demonstration clock so that rungs fire. `HUIYIN_SEED` repeats a run's moments, `HUIYIN_KILLS` changes their
//! number (20 on SQLite and 10 on PostgreSQL; with `HUIYIN_THOROUGH=1` 200 and 30), `HUIYIN_BINARY` tests another build.
//! [`fleet`] does the same to many processes over NATS, for `HUIYIN_FLEET_SECONDS` (60; thorough 180) and a whole round.
#![allow(clippy::unwrap_used, missing_docs)]

mod activation;
mod checks;
mod exercises;
mod fleet;
mod http;
mod ingest;
mod journeys;
mod load;
mod machines;
mod service;
mod stations;
mod without_nats;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use harness::postgres::Postgres;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use load::Load;
use service::Service;

/// One run at a time: each has the whole machine to be killed on, and none starves another of its patience.
static ALONE: Mutex<()> = Mutex::new(());
/// How long is waited for the load to move on between two kills.
const PATIENCE: Duration = Duration::from_secs(60);

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn kills_lose_and_repeat_nothing_on_sqlite() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    run(&Service::new(folder.path(), &database), kills(harness::size(20, 200)));
}

#[test]
fn kills_lose_and_repeat_nothing_on_postgresql() {
    let _alone = alone();
    let server = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    run(&Service::new(folder.path(), &server.url()), kills(harness::size(10, 30)));
}

#[test]
fn many_processes_over_nats_lose_and_repeat_nothing() {
    let _alone = alone();
    fleet::run(seed());
}

#[test]
fn without_nats_people_go_on_and_events_catch_up() {
    let _alone = alone();
    without_nats::run();
}

#[test]
fn doors_of_stations_apart_from_the_engine_open_one_incident() {
    let _alone = alone();
    ingest::run();
}

#[test]
fn a_spill_under_kills_proposes_each_source_once_and_gives_each_task_once() {
    let _alone = alone();
    activation::run(seed());
}

#[test]
fn an_exercise_runs_on_processes_of_their_own_and_stays_in_it() {
    let _alone = alone();
    exercises::run();
}

/// Alone, because its specs wait for pages as long as a person would: `tests/run` calls it by name.
#[test]
#[ignore = "tests/run calls it by name, when nothing else runs"]
fn the_journey_in_a_browser_passes_on_many_processes() {
    journeys::run();
}

fn run(service: &Service, kills: u32) {
    let seed = seed();
    let mut rng = StdRng::seed_from_u64(seed);
    let began = Instant::now();
    let mut process = service.start();
    let load = Load::begin(vec![service.sign_in(&process)], seed);
    let (mut early, mut start_up) = (0, Duration::ZERO);
    for _ in 0..kills {
        // Mostly while it works; sometimes before it has told that it is ready.
        let in_start_up = rng.random_bool(0.1);
        if in_start_up {
            process.kill();
            early += 1;
            process = service.spawn();
            std::thread::sleep(Duration::from_millis(rng.random_range(0..400)));
        } else {
            // A machine that is slow today must not turn this into kills of an idle process.
            load.moves_on(PATIENCE);
            std::thread::sleep(Duration::from_millis(rng.random_range(5..300)));
        }
        process.kill();
        let starting = Instant::now();
        process = service.start();
        start_up += starting.elapsed();
    }
    let log = load.end();
    service.settle();
    process.kill();
    eprintln!(
        "{kills} kills while it worked or started ({early} kills more to get there) in {:.0?}; it starts in {:.0?} on \
         average; {} commands acknowledged, {} sent again, the clock moved {} times",
        began.elapsed(),
        start_up / kills,
        log.answered.len(),
        log.sent_again,
        log.clock_moves
    );
    assert!(log.answered.len() as u32 > kills, "the load was too light to mean anything");
    checks::whole(service);
    checks::recorded_once(service, &log);
}

fn kills(usual: u32) -> u32 {
    std::env::var("HUIYIN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn seed() -> u64 {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_124);
    eprintln!("seed {seed} (set HUIYIN_SEED to repeat another run)");
    seed
}
