//! Two engines, two with pages, one that sends mails, one scheduler, one with doors of stations; three NATS servers, one PostgreSQL, one mail relay:
//! killed, restarted, cut off and paused at random under load, for `HUIYIN_FLEET_SECONDS` and at least one whole round.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::free_port;
use harness::nats::NatsServer;
use harness::postgres::Postgres;
use harness::smtp::{SmtpServer, Tls};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::checks;
use crate::load::Load;
use crate::machines::Machines;
use crate::service::{Process, Service};
use crate::stations::{Speaking, Station, kept_once};

/// What the processes do.
const ROLES: [&str; 7] = ["web", "web", "engine", "engine", "notify", "scheduler", "ingest"];
/// Longer than any lease of the engine (30 s): who wakes after that must not believe that it still has what it had.
const PAST_EVERY_LEASE: Duration = Duration::from_secs(33);

struct Fleet {
    members: Vec<(Service, Process)>,
    nats: Vec<NatsServer>,
    postgres: Postgres,
    rng: StdRng,
    /// What was done to it, and how often.
    done: std::collections::BTreeMap<&'static str, u32>,
}

/// What is done to the fleet.
#[derive(Clone, Copy)]
enum Deed {
    Kill,
    KillNats,
    CutNats,
    RestartPostgresql,
    Pause,
}

impl Deed {
    /// How often each is done in one round; a round is done in random order.
    fn shares() -> [(Self, usize); 5] {
        let (kills, of_nats) = harness::size((4, 2), (9, 3));
        let once = [(Self::CutNats, 1), (Self::RestartPostgresql, 1), (Self::Pause, 1)];
        [(Self::Kill, kills), (Self::KillNats, of_nats), once[0], once[1], once[2]]
    }
}

/// See the module.
pub(crate) fn run(seed: u64) {
    let seconds = std::env::var("HUIYIN_FLEET_SECONDS").ok().and_then(|s| s.parse().ok());
    let span = Duration::from_secs(seconds.unwrap_or(harness::size(60, 180)));
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start();
    let nats = NatsServer::cluster(3);
    let servers = nats.iter().map(NatsServer::url).collect::<Vec<_>>().join(",");
    let smtp = SmtpServer::start(Tls::None);
    let mail = folder.path().join("mail.yaml");
    let relay = format!("{{host: 127.0.0.1, port: {}, tls: none}}", smtp.port());
    let limits = "{recipient_per_hour: 100000, recipient_urgent_per_hour: 100000, all_per_minute: 100000, lease: 20}";
    let text = format!("smtp: {{from: huiyin@example.org, relays: [{relay}]}}\npolicy: {limits}\n");
    std::fs::write(&mail, text).unwrap();

    let (door, doors) = (SocketAddr::from(([127, 0, 0, 1], free_port())), folder.path().join("doors.yaml"));
    std::fs::write(&doors, Station::doors(door)).unwrap();

    let store = Service::new(folder.path(), &postgres.url());
    let mut members = Vec::new();
    for role in ROLES {
        let (mail, doors) = (mail.display().to_string(), doors.display().to_string());
        let mut more = vec!["--roles", role, "--nats", &servers, "--nats-replicas", "3", "--mail", &mail];
        if role == "ingest" {
            more.extend(["--doors", &doors]);
        }
        let service = store.beside(&more);
        let process = service.start();
        members.push((service, process));
    }
    let caller = members[0].0.sign_in(&members[0].1);
    let other = members[1].0.also_here(&caller);
    let load = Load::begin(vec![caller, other], seed);
    let machines = Machines::begin(servers, seed);
    let station = Speaking::begin(door);
    let rng = StdRng::seed_from_u64(seed);
    let mut fleet = Fleet { members, nats, postgres, rng, done: Default::default() };
    fleet.suffer(span);

    let from_machines = machines.end();
    let said = station.end();
    let log = load.end();
    let recovering = Instant::now();
    checks::all_recorded(&store, &from_machines);
    store.settle();
    let settled = recovering.elapsed();
    checks::mails_settle(&store);
    eprintln!(
        "{:?}; acknowledged: {} commands of people ({} sent again, 0 left unknown) and {} of machines; the clock moved {} \
         times; nothing overdue {settled:.1?} after the last of it",
        fleet.done,
        log.answered.len(),
        log.sent_again,
        from_machines.len(),
        log.clock_moves
    );
    for (_, process) in &mut fleet.members {
        process.kill();
    }
    checks::whole(&store);
    checks::recorded_once(&store, &log);
    kept_once(&store, &said);
    let kept: HashSet<String> = smtp.mails().iter().filter_map(|mail| message_id(&mail.raw)).collect();
    let sent = checks::mails_accepted(&store, &kept);
    eprintln!("{sent} mails sent, {} accepted by the relay, none given up", kept.len());
    assert!(sent > 0 && from_machines.len() > 10, "nothing was tried");
    for deed in ["all of NATS", "one NATS server", "paused", "PostgreSQL"] {
        assert!(fleet.done.contains_key(deed), "{deed} is not among {:?}", fleet.done);
    }
}

impl Fleet {
    fn suffer(&mut self, span: Duration) {
        let began = Instant::now();
        let (mut paused, mut rounds, mut deeds) = (false, 0, self.round());
        // On a slow machine one round may take longer: everything is done at least once.
        while began.elapsed() < span || rounds == 0 {
            std::thread::sleep(Duration::from_millis(self.rng.random_range(200..1500)));
            if !paused && began.elapsed() > span / 3 {
                paused = true;
                let engine = ROLES.iter().position(|role| *role == "engine").unwrap();
                self.pause(engine, PAST_EVERY_LEASE);
            }
            match deeds.pop().unwrap() {
                Deed::Kill => self.kill_a_member(),
                Deed::KillNats => self.kill_a_nats_server(),
                Deed::CutNats => self.cut_nats_off(),
                Deed::RestartPostgresql => self.restart_postgresql(),
                Deed::Pause => {
                    let n = self.rng.random_range(0..self.members.len());
                    self.pause(n, Duration::from_secs(2));
                }
            }
            if deeds.is_empty() {
                rounds += 1;
                deeds = self.round();
            }
        }
    }

    fn round(&mut self) -> Vec<Deed> {
        let shares = Deed::shares().into_iter();
        let mut deeds: Vec<Deed> = shares.flat_map(|(deed, times)| std::iter::repeat_n(deed, times)).collect();
        deeds.shuffle(&mut self.rng);
        deeds
    }

    fn kill_a_member(&mut self) {
        let n = self.rng.random_range(0..self.members.len());
        let (service, process) = &mut self.members[n];
        process.kill();
        *process = service.start();
        *self.done.entry(ROLES[n]).or_default() += 1;
    }

    fn kill_a_nats_server(&mut self) {
        let n = self.rng.random_range(0..self.nats.len());
        self.nats[n].go_away();
        std::thread::sleep(Duration::from_millis(self.rng.random_range(0..2000)));
        self.nats[n].come_back();
        *self.done.entry("one NATS server").or_default() += 1;
    }

    fn cut_nats_off(&mut self) {
        self.nats.iter_mut().for_each(NatsServer::go_away);
        std::thread::sleep(Duration::from_millis(self.rng.random_range(500..3000)));
        self.nats.iter_mut().for_each(NatsServer::come_back);
        *self.done.entry("all of NATS").or_default() += 1;
    }

    fn restart_postgresql(&mut self) {
        self.postgres.kill();
        std::thread::sleep(Duration::from_millis(self.rng.random_range(0..1000)));
        self.postgres.up();
        *self.done.entry("PostgreSQL").or_default() += 1;
    }

    fn pause(&mut self, n: usize, span: Duration) {
        let process = &self.members[n].1;
        process.signal("STOP");
        std::thread::sleep(span);
        process.signal("CONT");
        *self.done.entry("paused").or_default() += 1;
    }
}

fn message_id(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
