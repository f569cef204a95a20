//! One line of a station: bytes in, frames, readings, commit, acknowledgement.

use std::net::IpAddr;
use std::time::Duration;

use huiyin_hj212::answer::{Answer, RequestResult};
use huiyin_hj212::area::Area;
use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::parts::{Assembler, Bounds, Outcome};
use huiyin_hj212::segment::{Segment, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Door;
use super::readings::{command, readings};
use crate::doors::config::Speaker;
use crate::ingest::Reason;
use crate::observation::{Observation, Source};
use crate::registry::Profile;

/// Bytes of one read.
const READ: usize = 16 * 1024;
/// A line that gave so many faults in a row is closed.
const MOST_FAULTS: usize = 64;
/// A frame that lacks only its line break is taken when nothing came for so long.
const QUIET: Duration = Duration::from_millis(500);
/// Whoever does not take an answer within this time is hung up on.
const TO_ANSWER: Duration = Duration::from_secs(10);
/// The store is asked so often before a line is closed without an acknowledgement.
const TRIES: u32 = 5;
/// Pause before the next try, times its number.
const PAUSE: Duration = Duration::from_millis(200);

/// What one read gave.
#[derive(Default)]
struct Heard {
    observations: Vec<Observation>,
    answers: Vec<Vec<u8>>,
}

struct Ear<'a> {
    door: &'a Door,
    address: IpAddr,
    parts: Assembler,
    faults: usize,
}

/// Holds a line until the station hangs up, breaks its bounds, or the door closes.
pub(super) async fn hold(door: &Door, mut stream: TcpStream, address: IpAddr, stop: CancellationToken) {
    let mut framer = Framer::new(Limits::default());
    let mut ear = Ear { door, address, parts: Assembler::new(Bounds::default()), faults: 0 };
    let mut bytes = vec![0; READ];
    // When the last piece came, and since when bytes wait for the rest of their frame.
    let (mut last, mut begun) = (Instant::now(), None);
    loop {
        let mut came = false;
        let read = tokio::time::timeout(QUIET, stream.read(&mut bytes));
        let Some(read) = stop.run_until_cancelled(read).await else { break };
        let mut heard = Heard::default();
        match read {
            Ok(Ok(0) | Err(_)) => {
                while let Some(piece) = framer.end(door.speakers.as_ref()) {
                    ear.hear(piece, &mut heard);
                }
                let _ = settle(door, &mut stream, heard).await;
                break;
            }
            Ok(Ok(n)) => {
                let mut rest = &bytes[..n];
                while !rest.is_empty() {
                    rest = framer.feed(rest);
                    while let Some(piece) = framer.next(door.speakers.as_ref()) {
                        came = true;
                        ear.hear(piece, &mut heard);
                    }
                }
            }
            Err(_) => {
                while let Some(piece) = framer.quiet(door.speakers.as_ref()) {
                    ear.hear(piece, &mut heard);
                }
            }
        }
        let now = Instant::now();
        if came {
            last = now;
        }
        begun = if framer.waiting() == 0 { None } else { begun.filter(|_| !came).or(Some(now)) };
        // Also of one who sends a byte now and then.
        let slow = begun.is_some_and(|begun| now - begun >= door.line.frame);
        if slow || now - last >= door.line.idle {
            ear.refuse(
                Reason::Limit,
                if slow { "a frame was not finished in time" } else { "nothing came for too long" },
            );
            break;
        }
        if !settle(door, &mut stream, heard).await || ear.faults > MOST_FAULTS {
            break;
        }
    }
    for lost in ear.parts.close() {
        ear.refuse(Reason::Incomplete, &lost.to_string());
    }
}

/// Commits what was heard and then answers. False: the line is to be closed.
async fn settle(door: &Door, stream: &mut TcpStream, heard: Heard) -> bool {
    let mut tries = 0;
    while let Err(error) = door.intake.keep(&heard.observations).await {
        tries += 1;
        if tries == TRIES {
            tracing::warn!(%error, "a line is closed without an acknowledgement; the station sends again");
            return false;
        }
        tokio::time::sleep(PAUSE * tries).await;
    }
    for answer in heard.answers {
        match tokio::time::timeout(TO_ANSWER, stream.write_all(&answer)).await {
            Ok(Ok(())) => {}
            _ => return false,
        }
    }
    true
}

impl Ear<'_> {
    fn refuse(&self, reason: Reason, why: &str) {
        self.door.intake.counts().refused(Source::Hj212, reason);
        tracing::warn!(from = %self.address, reason = reason.name(), %why, "a station was not understood or not admitted");
    }

    fn hear(&mut self, piece: huiyin_hj212::frame::Piece<'_>, heard: &mut Heard) {
        let frame = match piece {
            Ok(frame) => frame,
            Err(misread) => {
                self.faults += 1;
                return self.refuse(Reason::Malformed, &misread.to_string());
            }
        };
        match Segment::parse(frame.segment) {
            Ok(segment) => self.understand(&segment, heard),
            Err(malformed) => {
                self.faults += 1;
                self.refuse(Reason::Malformed, &malformed.to_string());
            }
        }
    }

    fn understand(&mut self, segment: &Segment<'_>, heard: &mut Heard) {
        let door = self.door;
        let Some(speaker) = door.speakers.get(segment.mn) else {
            self.faults += 1;
            return self.refuse(Reason::UnknownStation, &format!("MN {} is not registered here", segment.mn));
        };
        // Who speaks from elsewhere is told nothing, not even that the station is known.
        if !speaker.comes_from(self.address) {
            self.faults += 1;
            return self.refuse(Reason::WrongAddress, &format!("MN {} does not speak from this address", segment.mn));
        }
        let version = version(door, speaker);
        let asks = segment.flag.is_some_and(huiyin_hj212::segment::Flag::answer);
        if !speaker.knows(segment.pw.unwrap_or_default()) {
            self.faults += 1;
            self.refuse(Reason::WrongPassword, &format!("MN {}", segment.mn));
            return answer(asks, Answer::Request(RequestResult::WrongPassword), segment, version, heard);
        }
        self.faults = 0;
        let now = door.clock.now();
        let mut given_up = Vec::new();
        let outcome = self.parts.add(segment, now, &mut given_up);
        for lost in given_up {
            self.refuse(Reason::Incomplete, &lost.to_string());
        }
        match outcome {
            Ok(Outcome::Whole) => self.take(segment, segment.area, speaker, heard),
            Ok(Outcome::Complete(area)) => self.take(segment, Area::new(&area), speaker, heard),
            Ok(Outcome::Waiting | Outcome::Duplicate) => {}
            Err(refused) => return self.refuse(Reason::Incomplete, &refused.to_string()),
        }
        let back =
            if command(segment.cn).is_some() || segment.cn.starts_with('2') { Answer::Data } else { Answer::Notice };
        answer(asks, back, segment, version, heard);
    }

    fn take(&self, segment: &Segment<'_>, area: Area<'_>, speaker: &Speaker, heard: &mut Heard) {
        let registry = self.door.intake.registry();
        let Some(station) = registry.station(&speaker.station) else { return };
        let (observations, faulty) = readings(station, segment.cn, area, self.door.clock.now());
        heard.observations.extend(observations);
        for fault in faulty {
            self.refuse(fault.reason, &format!("MN {}: {}", segment.mn, fault.problem));
        }
    }
}

fn version(door: &Door, speaker: &Speaker) -> Version {
    match door.intake.registry().station(&speaker.station).map(|station| station.profile) {
        Some(Profile::Of2017) => Version::V2017,
        _ => Version::V2025,
    }
}

fn answer(asks: bool, back: Answer, segment: &Segment<'_>, version: Version, heard: &mut Heard) {
    if asks && let Ok(frame) = back.frame(segment, version) {
        heard.answers.push(frame);
    }
}
