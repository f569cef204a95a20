//! The whole path on SQLite: frames over real TCP lines → committed readings → rules, beside what the same store takes at
//! most when rows are given to it directly; from a reading to its incident; and a year of 200 stations with the memory of
//! the process on the way.
//!
//! `cargo run --release -p huiyin-sensing --example doors_bench [path] [latency] [year]`
#![allow(clippy::print_stdout, clippy::unwrap_used, dead_code)]

#[path = "../tests/made_up/mod.rs"]
mod made_up;
#[path = "../tests/ingest/scene.rs"]
mod scene;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_engine::{Clock, ManualClock, REAL, SystemClock};
use huiyin_journal::sensing::ObservationRow;
use huiyin_sensing::doors::hj212::Door;
use huiyin_sensing::doors::{Line, Speakers};
use huiyin_sensing::ingest::Intake;
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::simulate::frames;
use huiyin_sensing::watch::{Follower, Parts, Watch};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use scene::{DISTRICT, Trap, at, house};

const STATIONS: usize = 200;
/// Frames of one station, and readings in each.
const FRAMES: usize = 120;
const READINGS: usize = made_up::POLLUTANTS.len();

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if has("path") {
            let most = raw().await;
            path(most).await;
        }
        if has("latency") {
            latency().await;
        }
        if has("year") {
            year().await;
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}

fn figure(name: &str, value: f64, unit: &str, target: &str, holds: bool) {
    let verdict = if holds { "holds" } else { "FALLS SHORT" };
    println!("{name:<58} {value:>12.1} {unit:<14} target {target}: {verdict}");
}

async fn stage(clock: Arc<dyn Clock>) -> (tempfile::TempDir, Parts, Intake, Arc<Registry>) {
    let folder = tempfile::tempdir().unwrap();
    let registry = made_up::registry(STATIONS, "1h");
    let rules =
        Rules::load("rules.yaml", made_up::RULES, Some(Arc::clone(&registry))).unwrap_or_else(|p| panic!("{p}"));
    let (parts, intake) = house(&folder, &Arc::new(Trap::default()), clock, Arc::clone(&registry), rules).await;
    (folder, parts, intake, registry)
}

/// What the store takes when rows are given to it directly, in transactions of the size that the doors make.
async fn raw() -> f64 {
    let (_folder, parts, _, _) = stage(Arc::new(ManualClock::new(at(0)))).await;
    let rows: Vec<ObservationRow> = (0..FRAMES)
        .flat_map(|n| (0..STATIONS).map(move |station| (n, station)))
        .flat_map(|(n, station)| {
            made_up::POLLUTANTS.iter().map(move |pollutant| ObservationRow {
                station: format!("s{station}"),
                pollutant: (*pollutant).to_owned(),
                kind: "real".into(),
                observed_at: at(n as i64),
                value: 20.5 + n as f64 / 100.0,
                unit: "mg/L".into(),
                flag: "N".into(),
                received_at: at(n as i64),
                source: "hj212".into(),
            })
        })
        .collect();
    let began = Instant::now();
    for some in rows.chunks(4096) {
        parts.engine.journal().keep_observations(DISTRICT, REAL, some).await.unwrap();
    }
    let most = rows.len() as f64 / began.elapsed().as_secs_f64();
    println!("  the same store, rows given to it directly: {most:.0} readings a second");
    most
}

/// Opens the TCP door; every station may speak from here.
async fn open(parts: &Parts, intake: &Intake, registry: &Registry) -> (SocketAddr, Arc<Speakers>) {
    let mut speakers = Speakers::default();
    for station in registry.stations() {
        speakers.admit(&station.mn, &station.id, "pw", IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let (idle, frame) = (Duration::from_secs(900), Duration::from_secs(30));
    let line = Line { listen, most_lines: 1024, most_lines_of_one_address: 1024, idle, frame };
    let speakers = Arc::new(speakers);
    let door = Door { intake: intake.clone(), speakers: Arc::clone(&speakers), line, clock: Arc::clone(&parts.clock) };
    tokio::spawn(door.serve(listener, CancellationToken::new()));
    (listen, speakers)
}

/// Sends all and waits for so many acknowledgements.
async fn send(address: SocketAddr, bytes: Vec<u8>, wanted: usize) {
    let (mut reads, mut writes) = TcpStream::connect(address).await.unwrap().into_split();
    let sending = tokio::spawn(async move {
        writes.write_all(&bytes).await.unwrap();
        writes
    });
    let (mut acknowledged, mut rest, mut some) = (0, Vec::new(), vec![0; 64 * 1024]);
    while acknowledged < wanted {
        let n = reads.read(&mut some).await.unwrap();
        assert!(n > 0, "hung up on after {acknowledged} of {wanted}");
        rest.extend_from_slice(&some[..n]);
        let whole = rest.windows(7).filter(|window| window == b"CN=9014").count();
        acknowledged += whole;
        // A frame that was cut is counted when its rest comes.
        let keep = rest.len().min(6);
        let cut = rest.split_off(rest.len() - keep);
        rest = if cut.windows(7).any(|window| window == b"CN=9014") { Vec::new() } else { cut };
    }
    sending.await.unwrap();
}

async fn path(most: f64) {
    let clock = Arc::new(ManualClock::new(at(FRAMES as i64)));
    let (_folder, parts, intake, registry) = stage(clock).await;
    let (address, speakers) = open(&parts, &intake, &registry).await;
    let lines: Vec<Vec<u8>> = registry
        .stations()
        .iter()
        .map(|station| {
            let one = |n: usize| {
                let values: Vec<_> =
                    made_up::POLLUTANTS.iter().map(|code| (*code, 20.5 + n as f64 / 100.0, Flag::N)).collect();
                frames(station, &speakers, at(n as i64), &values).unwrap()
            };
            (0..FRAMES).flat_map(one).collect()
        })
        .collect();
    let all = STATIONS * FRAMES * READINGS;
    let began = Instant::now();
    let mut follower = Follower::open(parts.clone()).await.unwrap();
    let follows = tokio::spawn(async move {
        loop {
            follower.round().await.unwrap();
            let (_, seq) = follower.read_up_to();
            if seq >= all as i64 {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    let mut sends = tokio::task::JoinSet::new();
    for bytes in lines {
        sends.spawn(send(address, bytes, FRAMES));
    }
    sends.join_all().await;
    let acknowledged = began.elapsed();
    follows.await.unwrap();
    let per_second = all as f64 / began.elapsed().as_secs_f64();
    println!("  {all} readings of {STATIONS} lines, all acknowledged after {acknowledged:.1?}");
    figure("frames over TCP → committed → rules", per_second, "readings/s", "≥ 20,000", per_second >= 20_000.0);
    println!("  {:.0} % of what the store takes when rows are given to it directly", 100.0 * per_second / most);
}

/// One station after another goes beyond the limit; from the first byte of its frame to the incident in the record.
async fn latency() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let (_folder, parts, intake, registry) = stage(Arc::clone(&clock)).await;
    let (address, speakers) = open(&parts, &intake, &registry).await;
    let watch = Watch::start(parts.clone());
    let mut took = Vec::new();
    for (n, station) in registry.stations().iter().enumerate() {
        let frame = frames(station, &speakers, clock.now(), &[("p0", 500.0, Flag::N)]).unwrap();
        let began = Instant::now();
        send(address, frame, 1).await;
        while parts.engine.journal().cases_in(DISTRICT, REAL).await.unwrap() <= n as u64 {
            assert!(began.elapsed() < Duration::from_secs(30), "no incident");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    watch.stop().await;
    took.sort_unstable_by(f64::total_cmp);
    let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!(
        "  {} incidents, one after another; median {p50:.0} ms, longest {:.0} ms",
        took.len(),
        took[took.len() - 1]
    );
    figure("reading → incident opened, p99", p99, "ms", "< 1,000 ms", p99 < 1000.0);
}

/// Every reading of a year at one hour, as fast as it goes; every twentieth day one station falls silent and one goes beyond.
async fn year() {
    let clock = Arc::new(ManualClock::new(at(0)));
    let (_folder, parts, intake, registry) = stage(clock.clone()).await;
    let mut follower = Follower::open(parts.clone()).await.unwrap();
    let (began, mut readings, mut caches_full) = (Instant::now(), 0_u64, 0.0);
    let hours = std::env::var("HUIYIN_YEAR_HOURS").ok().and_then(|text| text.parse().ok()).unwrap_or(365 * 24_i64);
    for hour in 0..hours {
        let now = at(hour * 60);
        clock.advance_to(now);
        let day = hour / 24;
        let of_hour: Vec<Observation> = registry
            .stations()
            .iter()
            .enumerate()
            .filter(|(n, _)| day % 20 != 0 || *n as i64 != day % STATIONS as i64)
            .flat_map(|(n, station)| made_up::POLLUTANTS.iter().map(move |code| (n, station, *code)))
            .map(|(n, station, code)| reading(&station.id, code, now, value(n as i64, hour, day)))
            .collect();
        readings += of_hour.len() as u64;
        intake.keep(&of_hour).await.unwrap();
        while follower.round().await.unwrap().more {}
        // What is older than a month goes, as in a house that keeps raw readings for a month.
        if hour % 24 == 0 {
            let (_, seq) = follower.read_up_to();
            let before = now - TimeDelta::days(30);
            while parts.engine.journal().forget_observations(DISTRICT, REAL, seq, before, 10_000).await.unwrap()
                == 10_000
            {}
        }
        if hour % (hours / 12).max(1) == 0 {
            let memory = resident();
            println!("  day {day:>3}: {readings:>9} readings, {memory:.1} MB");
            // The store's caches (64 MB for its writer, 8 MB for each reader) fill for about two months.
            if caches_full == 0.0 && hour >= hours / 4 - 24 {
                caches_full = memory;
            }
        }
    }
    let (memory, rate) = (resident(), readings as f64 / began.elapsed().as_secs_f64());
    println!("  {readings} readings in {:.0?}, {rate:.0} a second", began.elapsed());
    let grown = memory - caches_full;
    figure("memory over the year, growth since its first quarter", grown, "MB", "< 10 MB", grown < 10.0);
}

fn value(station: i64, hour: i64, day: i64) -> f64 {
    let beyond = day % 20 == 10 && station == day % STATIONS as i64;
    20.0 + ((hour * 7 + station * 13) % 50) as f64 / 10.0 + if beyond { 300.0 } else { 0.0 }
}

fn reading(station: &str, code: &str, at: DateTime<Utc>, value: f64) -> Observation {
    Observation {
        station: station.to_owned(),
        pollutant: code.to_owned(),
        kind: Kind::Real,
        value,
        unit: "mg/L".into(),
        flag: Flag::N,
        observed_at: at,
        received_at: at,
        source: Source::Hj212,
    }
}

/// Resident memory of this process, MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
