//! Measured: observations read from frames in a second on one core, beside what the same bytes cost when they are merely
//! looked at and when only their checksum is computed. `cargo run --release -p huiyin-hj212 --example hj212_bench`.
#![allow(clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use huiyin_hj212::area::Value;
use huiyin_hj212::crc::crc;
use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::segment::{Flag, Segment, Version};
use huiyin_hj212::write::{AreaWriter, Head, frame, segment};

const STATIONS: usize = 200;
const MINUTES: usize = 100;
const POLLUTANTS: usize = 11;
const ROUNDS: usize = 7;
/// Bytes that a read from a socket gives.
const CHUNK: usize = 8192;
const TARGET: f64 = 500_000.0;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let stream = stream()?;
    let observations = (STATIONS * MINUTES * POLLUTANTS) as f64;
    let megabytes = stream.len() as f64 / 1e6;
    let looked = best(|| stream.iter().filter(|byte| **byte == b'#').count());
    let summed = best(|| crc(&stream));
    let mut read = 0;
    let parsed = best(|| read = parse(&stream));
    if read != STATIONS * MINUTES * POLLUTANTS {
        return Err(format!("{read} observations were read").into());
    }
    println!(
        "  {:.1} MB, {} frames of {POLLUTANTS} pollutants, best of {ROUNDS}, one core",
        megabytes,
        STATIONS * MINUTES
    );
    for (name, seconds) in
        [("bytes looked at once", looked), ("checksum alone", summed), ("frames → observations", parsed)]
    {
        println!("  {name:<28} {:>12.0} observations/s  {:>8.0} MB/s", observations / seconds, megabytes / seconds);
    }
    let verdict = if observations / parsed >= TARGET { "holds" } else { "FALLS SHORT" };
    println!(
        "  target ≥ {TARGET:.0} observations/s: {verdict} ({:.0} % of the checksum alone)",
        100.0 * summed / parsed
    );
    Ok(())
}

/// Seconds of the fastest round.
fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let round = |work: &mut dyn FnMut() -> T| {
        let began = Instant::now();
        black_box(work());
        began.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round(&mut work)).fold(f64::INFINITY, f64::min)
}

/// Frames in, figures with flag, code and time out.
fn parse(stream: &[u8]) -> usize {
    let mut framer = Framer::new(Limits::default());
    let (mut count, mut sum) = (0, 0.0);
    for mut rest in stream.chunks(CHUNK) {
        while !rest.is_empty() {
            rest = framer.feed(rest);
            while let Some(piece) = framer.next(&()) {
                let Ok(frame) = piece else { continue };
                let Ok(segment) = Segment::parse(frame.segment) else { continue };
                let contents = segment.area.read();
                for reading in &contents.readings {
                    let normal = contents.value(reading, "Flag").and_then(Value::text) == Some("N");
                    if let Some(value) = contents.value(reading, "Avg").and_then(Value::number).filter(|_| normal) {
                        count += 1;
                        sum += value;
                    }
                }
                black_box((segment.mn, contents.data_time));
            }
        }
    }
    black_box(sum);
    count
}

/// Minutes of air stations.
fn stream() -> Result<Vec<u8>, Failure> {
    let mut stream = Vec::new();
    for minute in 0..MINUTES {
        for station in 0..STATIONS {
            let time = format!("20240520{:02}{:02}00", 8 + minute / 60, minute % 60);
            let mut area = AreaWriter::new();
            area.param("DataTime", time.as_bytes())?;
            for pollutant in 0..POLLUTANTS {
                let value = format!("{}.{:03}", (minute * 7 + station) % 300, pollutant * 31 % 1000);
                let fields = [("Avg", value.as_bytes()), ("Flag", b"N".as_slice())];
                area.reading(&format!("a{:05}", 21000 + pollutant), fields)?;
            }
            let (qn, mn) = (format!("{time}{station:03}"), format!("{station:024X}"));
            let flag = Flag::new(Version::V2017, true, false);
            let head = Head { qn: &qn, st: "22", cn: "2051", pw: "123456", mn: &mn, flag, packet: None, resent: false };
            stream.extend(frame(&segment(&head, &area.finish())?, None)?);
        }
    }
    Ok(stream)
}
