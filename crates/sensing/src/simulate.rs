//! Stations that are not there: real frames over real lines, for exercises, demonstrations and tests. What they say is made
//! up from the registry (the lower part of what is plausible, with a little noise) and from a script of spills, silences and
//! maintenance.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_engine::Clock;
use huiyin_hj212::area::Area;
use huiyin_hj212::segment::{Flag as FrameFlag, Version};
use huiyin_hj212::write::{AreaWriter, Head, WriteError, frame, packets};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::doors::Speakers;
use crate::observation::Flag;
use crate::registry::{Parameter, Profile, Registry, Station, StationKind};

/// Largest data area of one frame (HJ 212-2025: 950 characters).
const AREA: usize = 950;
/// Pause before a line that broke is opened again.
const AGAIN: Duration = Duration::from_secs(2);
/// Stations write Beijing time.
const BEIJING: TimeDelta = TimeDelta::hours(8);
/// Share of an instrument's range at which quiet values lie when nothing is known to be plausible.
const QUIET: f64 = 0.004;
/// Share of the fastest plausible change that noise takes.
const CALM: f64 = 0.5;
/// Dissolved oxygen is the other way round: little of it is bad.
const OXYGEN: (&str, f64) = ("w01009", 8.0);

/// Something that happens to a station.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Station, by its id.
    pub station: String,
    /// Seconds after the beginning.
    pub from: u64,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A pollutant stands at a value from then on.
    Spill {
        /// Factor code.
        pollutant: String,
        /// In the registered unit.
        value: f64,
    },
    /// A pollutant follows a course: seconds after `from` and values, straight lines between them; the first value before,
    /// the last one after.
    Course {
        /// Factor code.
        pollutant: String,
        /// Seconds, rising, and values in the registered unit. Never empty.
        points: Vec<(u64, f64)>,
    },
    /// It says nothing any more.
    Silence,
    /// It says that it is being worked on (flag M).
    Maintenance,
}

/// Deeds while they are played: what is added counts from the next frame on. Cheap to clone; all clones are one stage.
#[derive(Clone, Debug, Default)]
pub struct Stage(Arc<RwLock<Vec<Deed>>>);

/// Most deeds on a stage; more would be a mistake of whoever writes the script.
const MOST_DEEDS: usize = 1000;

impl Stage {
    /// A stage with these deeds.
    #[must_use]
    pub fn new(deeds: Vec<Deed>) -> Self {
        Self(Arc::new(RwLock::new(deeds)))
    }

    /// Adds a deed. False: there are too many already.
    #[must_use]
    pub fn add(&self, deed: Deed) -> bool {
        let mut deeds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let room = deeds.len() < MOST_DEEDS;
        if room {
            deeds.push(deed);
        }
        room
    }

    /// Ends everything that happens: the stations are quiet again.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is on it, in the order in which it was added.
    #[must_use]
    pub fn deeds(&self) -> Vec<Deed> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What stations are to do.
#[derive(Clone, Debug)]
pub struct Script {
    /// What happens, in any order.
    pub stage: Stage,
    /// Pause between two frames of a station.
    pub every: Duration,
    /// Makes the noise; the same seed says the same.
    pub seed: u64,
}

/// One figure of a frame.
pub type Figure<'a> = (&'a str, f64, Flag);

/// A frame of real-time readings (2011) of a station, or several when they do not fit into one.
///
/// # Errors
/// When the station's number or the password cannot be written into a frame.
pub fn frames(
    station: &Station,
    speakers: &Speakers,
    at: DateTime<Utc>,
    figures: &[Figure<'_>],
) -> Result<Vec<u8>, WriteError> {
    let local = at + BEIJING;
    let (qn, data_time) = (local.format("%Y%m%d%H%M%S%3f").to_string(), local.format("%Y%m%d%H%M%S").to_string());
    let mut area = AreaWriter::new();
    area.param("DataTime", data_time.as_bytes())?;
    for (code, value, flag) in figures {
        let value = format!("{value}");
        area.reading(code, [("Rtd", value.as_bytes()), ("Flag", flag.letter().as_bytes())])?;
    }
    let version = match station.profile {
        Profile::Of2017 => Version::V2017,
        Profile::Of2025 => Version::V2025,
    };
    let speaker = speakers.get(&station.mn);
    let area = area.finish();
    let head = Head {
        qn: &qn,
        st: system(station.kind),
        cn: "2011",
        pw: speaker.map_or("", super::doors::Speaker::password),
        mn: &station.mn,
        flag: FrameFlag::new(version, true, false),
        packet: None,
        resent: false,
    };
    let mut bytes = Vec::new();
    for segment in packets(&head, Area::new(&area), AREA)? {
        bytes.extend(frame(&segment, speaker.and_then(super::doors::Speaker::key))?);
    }
    Ok(bytes)
}

/// System code (HJ 212-2017, annex): what kind of station speaks.
fn system(kind: StationKind) -> &'static str {
    match kind {
        StationKind::RiverSection => "21",
        StationKind::Air => "22",
        StationKind::Noise => "23",
        StationKind::Gas => "31",
        StationKind::WasteWaterOutlet => "32",
    }
}

/// Lets every station that may speak do so over a line of its own, until it is told to stop. Lines that break are opened
/// again, and what was said meanwhile is lost, as with stations without a memory.
pub async fn simulate(
    to: SocketAddr,
    registry: Arc<Registry>,
    speakers: Arc<Speakers>,
    script: Script,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let script = Arc::new(script);
    let mut lines = tokio::task::JoinSet::new();
    for (n, station) in registry.stations().iter().enumerate() {
        if speakers.get(&station.mn).is_none() {
            continue;
        }
        let (station, speakers, script) = (station.clone(), Arc::clone(&speakers), Arc::clone(&script));
        let (clock, stop) = (Arc::clone(&clock), stop.clone());
        lines.spawn(async move {
            let mut voice = Noise(script.seed ^ (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let (began, mut said) = (clock.now(), 0_u64);
            while !stop.is_cancelled() {
                let speaks = speak(to, &station, &speakers, &script, clock.as_ref(), began, &mut voice, &mut said);
                if let Some(Err(error)) = stop.run_until_cancelled(speaks).await {
                    tracing::warn!(station = %station.id, %error, "the line broke; it is opened again");
                    stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
                }
            }
        });
    }
    lines.join_all().await;
}

#[expect(clippy::too_many_arguments, reason = "one line of one station; nothing of it is used elsewhere")]
async fn speak(
    to: SocketAddr,
    station: &Station,
    speakers: &Speakers,
    script: &Script,
    clock: &dyn Clock,
    began: DateTime<Utc>,
    noise: &mut Noise,
    said: &mut u64,
) -> std::io::Result<()> {
    let (mut hears, mut says) = TcpStream::connect(to).await?.into_split();
    let listens = tokio::spawn(async move {
        let mut bytes = [0; 4096];
        while hears.read(&mut bytes).await.is_ok_and(|n| n > 0) {}
    });
    loop {
        let seconds = *said * script.every.as_secs().max(1);
        *said += 1;
        let mut deeds = script.stage.deeds();
        deeds.retain(|deed| deed.station == station.id && deed.from <= seconds);
        if !deeds.iter().any(|deed| deed.what == What::Silence) {
            let say = |parameter| figure(parameter, &deeds, seconds, script.every, noise);
            let figures: Vec<Figure<'_>> = station.parameters.iter().map(say).collect();
            let now = clock.now().max(began);
            let bytes = frames(station, speakers, now, &figures).map_err(std::io::Error::other)?;
            says.write_all(&bytes).await?;
        }
        if listens.is_finished() {
            return Err(std::io::Error::other("the other side hung up"));
        }
        tokio::time::sleep(script.every).await;
    }
}

fn figure<'a>(
    parameter: &'a Parameter,
    deeds: &[Deed],
    seconds: u64,
    every: Duration,
    noise: &mut Noise,
) -> Figure<'a> {
    let spilled = deeds.iter().rev().find_map(|deed| match &deed.what {
        What::Spill { pollutant, value } if *pollutant == parameter.pollutant => Some(*value),
        What::Course { pollutant, points } if *pollutant == parameter.pollutant => course(points, seconds - deed.from),
        _ => None,
    });
    let quiet = match (parameter.plausible, parameter.range) {
        _ if parameter.pollutant == OXYGEN.0 => OXYGEN.1,
        (Some([low, high]), _) => f64::midpoint(low, high),
        (None, [low, high]) => low + (high - low) * QUIET,
    };
    let value = spilled.unwrap_or(quiet);
    // Noise stays below what quality control holds for an implausible change between two readings.
    let slowest = parameter.rate_per_hour.map_or(f64::INFINITY, |rate| CALM * rate * every.as_secs_f64() / 3600.0);
    let value = value + (0.01 * value.abs()).min(slowest) * (noise.next() - 0.5);
    let flag = if deeds.iter().any(|deed| deed.what == What::Maintenance) { Flag::M } else { Flag::N };
    (&parameter.pollutant, (value * 1e5).round() / 1e5, flag)
}

/// The value of a course so many seconds after it began.
#[expect(clippy::cast_precision_loss, reason = "seconds of a script are far below 2^52")]
fn course(points: &[(u64, f64)], seconds: u64) -> Option<f64> {
    let next = points.iter().position(|(at, _)| *at > seconds);
    Some(match next {
        None => points.last()?.1,
        Some(0) => points[0].1,
        Some(next) => {
            let ((from, low), (until, high)) = (points[next - 1], points[next]);
            low + (high - low) * (seconds - from) as f64 / (until - from) as f64
        }
    })
}

/// Numbers between 0 and 1 that look like noise (splitmix64). Not for anything that must not be guessed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_runs_through_its_points() {
        let points = [(10, 1.0), (20, 3.0), (20, 5.0), (30, 4.0)];
        let at = |seconds| course(&points, seconds);
        assert_eq!([at(0), at(10), at(15), at(20), at(25), at(99)], [1.0, 1.0, 2.0, 5.0, 4.5, 4.0].map(Some));
        assert_eq!(course(&[], 3), None);
    }
}
