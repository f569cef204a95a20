//! Engines as processes of their own, asked over NATS as the pages ask them: what one commits, what two commit together on
//! the same processors, and how long one command takes at half of that.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use harness::nats::NatsServer;
use huiyin_bus::{Nats, NatsConfig};
use huiyin_engine::{Config, Doors, Engine, REAL, SystemClock};
use huiyin_journal::accounts::User;
use uuid::Uuid;

use crate::figure;
use crate::house::{ACTOR, DISTRICT, House, journal_at, registry, swap};
use crate::raw::Load;
use crate::transitions::{prepare, saturate};

/// How often one engine and two are measured, in turns: the machine is not alone with us.
const TURNS: usize = 3;
/// Senders of a part of the load.
const SENDERS: usize = 64;
/// Parts of what two engines commit at which the time of one command is taken; the last one counts.
const SHARES: [f64; 4] = [0.05, 0.125, 0.25, 0.5];
/// Cases that the bare database goes round at the same rates.
const BARE: usize = 4_000;
const EACH_FOR: Duration = Duration::from_secs(15);

pub(crate) async fn measure(house: &House) {
    let nats = NatsServer::start();
    let journal = house.journal().await;
    let actor = User {
        id: ACTOR.into(),
        district: DISTRICT.into(),
        login: ACTOR.into(),
        name: ACTOR.into(),
        roles: vec!["handler".into()],
        units: Vec::new(),
        heads: Vec::new(),
        language: "zh".into(),
        active: true,
    };
    journal.accounts().create_user(&actor, None, Utc::now()).await.unwrap();
    let connected = Nats::connect(NatsConfig { publishes: false, ..NatsConfig::new(nats.url(), DISTRICT) }).await;
    let bus = Arc::new(connected.unwrap());
    let clock = Arc::new(SystemClock::default());
    let pages = Engine::elsewhere(journal, registry(), clock, Arc::<Nats>::clone(&bus) as _, bus).await.unwrap();

    let workers = |many: usize| (0..many).map(|_| Worker::start(house, &nats.url())).collect::<Vec<_>>();
    let first = workers(1);
    let cases = prepare(&pages).await;
    drop(first);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        for (many, rates) in [(1, &mut one), (2, &mut two)] {
            let running = workers(many);
            rates.push(saturate(&pages, &cases).await);
            drop(running);
        }
    }
    let (of_one, of_two) = (crate::raw::median(one.clone()), crate::raw::median(two.clone()));
    println!("  in turns, transitions/s: one engine {one:.0?}, two engines {two:.0?}");
    figure("one engine process over NATS (postgresql)", of_one, "/s", None, "reported", true);
    figure(
        "two engine processes over NATS (postgresql)",
        of_two,
        "/s",
        Some(of_one),
        ">= 0.9 x one process",
        of_two / of_one >= 0.9,
    );

    let running = workers(2);
    // What the saturation left to be told is told first: half load is what can go on all day.
    let waiting = async || pages.journal().waiting_effects("committed").await.unwrap().0;
    let (left, began) = (waiting().await, Instant::now());
    while waiting().await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("  {left} events were still to be told: {:.0}/s", left as f64 / began.elapsed().as_secs_f64());
    let mut through = Vec::new();
    for share in SHARES {
        let took = at_rate(&pages, &cases, of_two * share).await;
        let (count, rate, left, [p50, p99]) = (took.len(), of_two * share, waiting().await, shape(took));
        println!(
            "  {count} commands at {rate:.0}/s: p50 {p50:.1} ms, p99 {p99:.1} ms; {left} events wait at their end"
        );
        through.push([p50, p99]);
    }
    drop(running);
    // The same rates on the bare database, one transition in a transaction: no engine, no NATS.
    let mut load = Load::of(pages.journal().clone(), &cases[..cases.len().min(BARE)]).await;
    let mut bare = Vec::new();
    for share in SHARES {
        let (rate, took) = (of_two * share, load.at_rate(of_two * share, EACH_FOR).await);
        let (late, [p50, p99]) = (took.iter().filter(|took| took.is_infinite()).count(), shape(took));
        println!(
            "  bare database, one in a transaction at {rate:.0}/s: p50 {p50:.1} ms, p99 {p99:.1} ms; {late} not taken in time"
        );
        bare.push([p50, p99]);
    }
    if let (Some([p50, p99]), Some([bare50, bare99])) = (through.pop(), bare.pop()) {
        figure(
            "one command over NATS at half load, p50",
            p50,
            "ms",
            Some(bare50).filter(|ms| ms.is_finite()),
            "< 5 ms",
            p50 < 5.0,
        );
        figure(
            "one command over NATS at half load, p99",
            p99,
            "ms",
            Some(bare99).filter(|ms| ms.is_finite()),
            "< 30 ms",
            p99 < 30.0,
        );
    }
    pages.stop().await;
}

/// Median and 99th percentile.
fn shape(mut took: Vec<f64>) -> [f64; 2] {
    took.sort_by(f64::total_cmp);
    [0.5, 0.99].map(|share| took[((took.len() - 1) as f64 * share) as usize])
}

/// Milliseconds of each command, from when it should have been sent to its answer: a late sender hides nothing.
async fn at_rate(pages: &Engine, cases: &[Uuid], rate: f64) -> Vec<f64> {
    let between = Duration::from_secs_f64(SENDERS as f64 / rate);
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for (n, cases) in cases.chunks(cases.len().div_ceil(SENDERS)).enumerate() {
        let (pages, cases) = (pages.clone(), cases.to_vec());
        senders.spawn(async move {
            let mut planned = began + between.mul_f64(n as f64 / SENDERS as f64);
            let (mut took, mut under_way) = (Vec::new(), tokio::task::JoinSet::new());
            for case in cases.into_iter().cycle() {
                if planned - began > EACH_FOR {
                    break;
                }
                tokio::time::sleep_until(planned.into()).await;
                let pages = pages.clone();
                under_way.spawn(async move {
                    pages.submit(swap(case)).await.unwrap();
                    planned.elapsed().as_secs_f64() * 1e3
                });
                planned += between;
                while let Some(done) = under_way.try_join_next() {
                    took.push(done.unwrap());
                }
            }
            took.extend(under_way.join_all().await);
            took
        });
    }
    senders.join_all().await.concat()
}

/// An engine in a process of its own; ends with its value.
struct Worker(Child);

impl Worker {
    fn start(house: &House, nats: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["worker", &house.url]).arg(house.folder.path()).arg(nats);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "at work");
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when nobody holds the other end any more.
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// The process of a [`Worker`].
pub(crate) async fn worker(url: &str, folder: &Path, nats: &str) {
    let journal = journal_at(url, folder.into()).await;
    let nats = Arc::new(Nats::connect(NatsConfig::new(nats, DISTRICT)).await.unwrap());
    let (clock, bus) = (Arc::new(SystemClock::default()), Arc::<Nats>::clone(&nats));
    let engine = Engine::start(journal, registry(), clock, bus, Config::default()).await.unwrap();
    let doors = Arc::new(Doors::new(engine.clone()));
    let offered =
        nats.offer("huiyin-engine", "bench", &Doors::of_people(DISTRICT, REAL), "engine", doors).await.unwrap();
    println!("at work");
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.unwrap().unwrap();
    offered.withdraw().await;
    engine.stop().await;
}
