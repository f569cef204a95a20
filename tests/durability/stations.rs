//! A monitoring station that says readings in frames over a line, until a door acknowledges them.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::sensing::Series;
use huiyin_sensing::doors::Speakers;
use huiyin_sensing::observation::{Flag, Kind};
use huiyin_sensing::registry::Registry;
use huiyin_sensing::simulate::frames;

use crate::service::Service;

pub(crate) const DISTRICT: &str = "500110";
const STATION: &str = "G1";
const FLUORIDE: &str = "a21018";
const PASSWORD: &str = "right";
/// Longest wait for an acknowledgement; a lease runs out meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// The station at the aluminium park.
pub(crate) struct Station {
    registry: Registry,
    speakers: Speakers,
}

impl Station {
    pub(crate) fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/sensing");
        let registry = Registry::load("", &|name| std::fs::read_to_string(root.join(name)).ok());
        let registry = registry.unwrap_or_else(|problems| panic!("{problems}"));
        let mut speakers = Speakers::default();
        speakers.admit(&registry.station(STATION).unwrap().mn, STATION, PASSWORD, IpAddr::V4(Ipv4Addr::LOCALHOST));
        Self { registry, speakers }
    }

    /// A file of doors for it, at an address.
    pub(crate) fn doors(address: SocketAddr) -> String {
        let station = format!("{{station: {STATION}, password: {PASSWORD}, from: [127.0.0.1]}}");
        format!("hj212: {{listen: \"{address}\"}}\nnats: {{stations: [{STATION}]}}\nstations:\n  - {station}\n")
    }

    /// Says a value of fluoride for one minute, again and again until somebody acknowledges it.
    pub(crate) fn say(&self, doors: &[SocketAddr], at: DateTime<Utc>, value: f64) {
        let station = self.registry.station(STATION).unwrap();
        let frame = frames(station, &self.speakers, at, &[(FLUORIDE, value, Flag::N)]).unwrap();
        let began = Instant::now();
        while !doors.iter().any(|door| acknowledged(*door, &frame).unwrap_or(false)) {
            assert!(began.elapsed() < PATIENCE, "no door acknowledges");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn acknowledged(address: SocketAddr, frame: &[u8]) -> std::io::Result<bool> {
    let mut line = TcpStream::connect(address)?;
    line.set_read_timeout(Some(Duration::from_secs(5)))?;
    line.write_all(frame)?;
    let (mut said, mut bytes) = (Vec::new(), [0; 512]);
    while !String::from_utf8_lossy(&said).contains("CN=9014") {
        match line.read(&mut bytes)? {
            0 => return Ok(false),
            n => said.extend_from_slice(&bytes[..n]),
        }
    }
    Ok(true)
}

/// A station at work: one reading after the other, as long as it runs.
pub(crate) struct Speaking {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeSet<DateTime<Utc>>>,
}

impl Speaking {
    pub(crate) fn begin(door: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let halt = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (station, mut said) = (Station::new(), BTreeSet::new());
            // To the second, as frames are.
            let mut at = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap() - TimeDelta::days(1);
            while !halt.load(Ordering::SeqCst) {
                at += TimeDelta::minutes(1);
                station.say(&[door], at, 5.0);
                said.insert(at);
                std::thread::sleep(Duration::from_millis(100));
            }
            said
        });
        Self { stop, thread }
    }

    /// Ends; the times of the readings that were acknowledged.
    pub(crate) fn end(self) -> BTreeSet<DateTime<Utc>> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// Each acknowledged reading is kept, and kept once.
pub(crate) fn kept_once(service: &Service, said: &BTreeSet<DateTime<Utc>>) {
    let (Some(&from), Some(&last)) = (said.first(), said.last()) else { panic!("no reading was acknowledged") };
    let until = last + TimeDelta::seconds(1);
    let kind = Kind::Real.name();
    let series = Series { station: STATION, pollutant: FLUORIDE, kind, from, until, limit: 100_000 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let kept: Vec<DateTime<Utc>> = runtime.block_on(async {
        let journal = service.journal().await;
        let rows = journal.observations_of(DISTRICT, "real", &series).await.unwrap();
        rows.into_iter().map(|row| row.row.observed_at).collect()
    });
    eprintln!("{} readings acknowledged, {} kept", said.len(), kept.len());
    let lost: Vec<_> = said.iter().filter(|at| !kept.contains(at)).collect();
    assert!(lost.is_empty() && kept.len() == said.len(), "acknowledged and not kept: {lost:?}");
}
