//! Seeded mutations of frames: nothing panics, memory stays bounded, the valid frame behind the mutated one is always found
//! whatever the chunks, and what is accepted is written again as the same bytes.
//!
//! 50,000 executions, with `HUIYIN_THOROUGH=1` 200,000; `HUIYIN_FUZZ=10000000` for more, `HUIYIN_SEED` to repeat a run; use
//! `--release` for many.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test may stop at the first surprise")]

use std::time::Instant;

use huiyin_hj212::cipher::StationKey;
use huiyin_hj212::crc::crc;
use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::told;
use huiyin_hj212::write;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LAST: &[u8] = b"QN=20990101000000000;ST=99;CN=9099;PW=123456;MN=LAST;Flag=9;CP=&&i1-Info=1&&";
const KEY: [u8; 16] = [0x30; 16];

/// Frames to begin with: of both versions, long and short, in packets, encrypted, with GBK and with UTF-8.
fn seeds() -> Vec<Vec<u8>> {
    let head = "QN=20240520210700000;ST=31;CN=2051;PW=123456;MN=010000A8900016F000169DC0;Flag=9;";
    let readings: String = (0..30).map(|n| format!(";a{n:05}-Rtd={n}.{n},a{n:05}-Flag=N")).collect();
    let texts = [
        format!("{head}CP=&&DataTime=20240520210600;a01011-Min=1.35,a01011-Avg=1.35,a01011-Flag=N;a01012-Min=9.3&&"),
        format!("{head}CP=&&DataTime=20240520210600{readings}&&"),
        format!("{head}PNUM=2;PNO=1;RF=1;CP=&&DataTime=20240520210600;w1-Rtd=1&&"),
        "QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&".into(),
        "QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=M;Flag=9;CP=&&&&".into(),
        "ST=21;QN=20190430101750562;CN=3020;PW=6;MN=A;Flag=9;CP=&&PolId=w1,i1-Info=超标;PolId=w2,i1-Info=0,,&&".into(),
    ];
    let key = StationKey::new(KEY);
    let mut frames: Vec<_> = texts.iter().map(|text| write::frame(text.as_bytes(), None).unwrap()).collect();
    frames.extend(texts.iter().map(|text| write::frame(text.as_bytes(), Some(&key)).unwrap()));
    let gbk = [head.as_bytes(), b"CP=&&i1-Info=\xba\xd3\xcb\xae&&"].concat();
    frames.push(write::frame(&gbk, None).unwrap());
    frames
}

/// Changes a frame in one to four places.
fn mutate(frame: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    const PIECES: [&[u8]; 14] = [
        b"##",
        b"&&",
        b"\r\n",
        b"##0101",
        b"##9999",
        b"CP=&&",
        b";",
        b",",
        b"=",
        b"-",
        b"PNUM=9;PNO=1;",
        b"Flag=",
        b"\xff",
        b"\x00",
    ];
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=frame.len());
        let span = rng.random_range(0..=(frame.len() - at).min(12));
        match rng.random_range(0..9) {
            0 if at < frame.len() => frame[at] ^= 1 << rng.random_range(0..8),
            1 if at < frame.len() => frame[at] = rng.random(),
            2 => drop(frame.drain(at..at + span)),
            3 => frame.truncate(at),
            4 => drop(frame.splice(at..at + span, PIECES[rng.random_range(0..PIECES.len())].iter().copied())),
            5 => drop(frame.splice(at..at, other[..rng.random_range(0..=other.len())].iter().copied())),
            6 => length(frame, rng),
            7 => seal(frame),
            _ => {
                let copy = frame[at..at + span].to_vec();
                drop(frame.splice(at..at, copy));
            }
        }
    }
    // Often enough what is wrong lies under a length and a checksum that are right.
    if rng.random_range(0..3) == 0 {
        seal(frame);
    }
}

/// Another length: one that leads into the next frame or a random one.
fn length(frame: &mut [u8], rng: &mut ChaCha8Rng) {
    let reach = frame.len() + LAST.len() + rng.random_range(0..16);
    let length = if rng.random() { reach.saturating_sub(12) } else { rng.random_range(0..10_000) };
    if let Some(field) = frame.get_mut(2..6) {
        field.copy_from_slice(format!("{length:04}").as_bytes());
    }
}

/// Makes length and checksum fit what lies between header and end.
fn seal(frame: &mut [u8]) {
    let Some(end) = frame.len().checked_sub(6).filter(|end| (6..=9999).contains(end)) else { return };
    let digits = format!("##{:04}", end - 6);
    frame[..6].copy_from_slice(digits.as_bytes());
    let crc = format!("{:04X}\r\n", crc(&frame[6..end]));
    frame[end..].copy_from_slice(crc.as_bytes());
}

#[derive(Default)]
struct Counts {
    accepted: u64,
    malformed: u64,
    faults: u64,
    encrypted: u64,
}

/// One execution; what goes wrong panics.
fn execute(mutated: &[u8], stream: &[u8], rng: &mut ChaCha8Rng, keys: &Option<StationKey>, counts: &mut Counts) {
    let limits = Limits { segment: 2048 };
    let mut framer = Framer::new(limits);
    let mut found = false;
    let mut rest = stream;
    let whole = rng.random_range(0..4) == 0;
    loop {
        let size = if whole { rest.len() } else { rng.random_range(1..=64).min(rest.len()) };
        let over = rest.is_empty();
        let left = framer.feed(&rest[..size]).len();
        rest = &rest[size - left..];
        assert!(framer.memory() < 3 * (limits.segment + 64), "{} bytes are held", framer.memory());
        loop {
            let piece = if over { framer.end(keys) } else { framer.next(keys) };
            match piece {
                None => break,
                Some(Err(misread)) => {
                    counts.faults += 1;
                    assert!(misread.offset <= stream.len() as u64 && !misread.fault.zh().is_empty());
                }
                Some(Ok(frame)) if frame.offset == mutated.len() as u64 && frame.segment == LAST => found = true,
                Some(Ok(frame)) => written_again(&frame, stream, keys, counts),
            }
        }
        if over {
            break;
        }
    }
    assert!(found, "the valid frame was lost");
}

fn written_again(
    frame: &huiyin_hj212::frame::Frame<'_>,
    stream: &[u8],
    keys: &Option<StationKey>,
    counts: &mut Counts,
) {
    let Ok(told) = told::tell(frame, true) else {
        counts.malformed += 1;
        return;
    };
    counts.accepted += 1;
    counts.encrypted += u64::from(frame.encrypted);
    let key = keys.as_ref().filter(|_| frame.encrypted);
    let again = match told.frame(None, key) {
        Ok(again) => again,
        // A password that looks like the mask, or an area that is.
        Err(told::EncodeError::Masked | told::EncodeError::MaskedValue { .. }) => return,
        Err(problem) => panic!("{problem}: {told:?}"),
    };
    let from = frame.offset as usize;
    let there = &stream[from..from + 6 + frame.segment.len()];
    let header = frame.segment.windows(5).position(|window| window == b"CP=&&").unwrap();
    let empty = |header: &[u8]| header.starts_with(b";") || header.windows(2).any(|pair| pair == b";;");
    if empty(&frame.segment[..header]) {
        return;
    }
    assert_eq!(&again[..there.len()], there, "{}", String::from_utf8_lossy(there));
    assert_eq!(again[there.len()..], *format!("{:04X}\r\n", frame.crc).as_bytes());
}

#[test]
fn mutated_frames_harm_nobody() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let executions = number("HUIYIN_FUZZ").unwrap_or(harness::size(50_000, 200_000));
    let seed = number("HUIYIN_SEED").unwrap_or(212);
    eprintln!("seed {seed}, {executions} executions");
    let seeds = seeds();
    let last = write::frame(LAST, None).unwrap();
    let keys = Some(StationKey::new(KEY));
    let mut counts = Counts::default();
    let began = Instant::now();
    for execution in 0..executions {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(execution);
        let mut mutated = seeds[rng.random_range(0..seeds.len())].clone();
        let other = &seeds[rng.random_range(0..seeds.len())];
        mutate(&mut mutated, other, &mut rng);
        let stream = [&mutated[..], &last].concat();
        let mut copy = counts;
        let run = std::panic::AssertUnwindSafe(|| execute(&mutated, &stream, &mut rng, &keys, &mut copy));
        if let Err(problem) = std::panic::catch_unwind(run) {
            eprintln!("seed {seed}, execution {execution}: {:?}", String::from_utf8_lossy(&stream));
            std::panic::resume_unwind(problem);
        }
        counts = copy;
    }
    let Counts { accepted, malformed, faults, encrypted } = counts;
    eprintln!(
        "{executions} executions in {:.1} s: {accepted} mutated frames accepted ({encrypted} encrypted), {malformed} malformed, \
         {faults} faults; the valid frame was found in all",
        began.elapsed().as_secs_f64()
    );
    assert!(executions < 1000 || (accepted > 0 && malformed > 0 && faults > 0 && encrypted > 0));
}

#[test]
fn noise_is_survived() {
    let mut rng = ChaCha8Rng::seed_from_u64(212);
    let mut framer = Framer::new(Limits::default());
    let mut noise = [0; 1000];
    for _ in 0..500 {
        rng.fill_bytes(&mut noise);
        let mut rest = &noise[..];
        while !rest.is_empty() {
            rest = framer.feed(rest);
            while framer.next(&()).is_some() {}
        }
        assert!(framer.memory() < 16 * 1024);
    }
}
