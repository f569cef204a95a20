//! Broken streams: what is told of them, and that valid neighbours are found.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::cipher::StationKey;
use crate::write;

const SEGMENT: &str =
    "QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&";
const GOOD: &str = "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;\
    CP=&&RtdInterval=30&&1C80\r\n";

/// What a piece was: `ok`, or the name of its fault; with its offset.
fn pieces(framer: &mut Framer, keys: &dyn Keys, rest: Rest, told: &mut Vec<(u64, String)>) {
    while let Some(piece) = framer.step(keys, rest) {
        told.push(match piece {
            Ok(frame) if frame.tail => (frame.offset, "ok".to_owned()),
            Ok(frame) => (frame.offset, "ok, no tail".to_owned()),
            Err(misread) => (misread.offset, misread.fault.key().to_owned()),
        });
    }
}

/// Feeds in chunks of so many bytes, to the end.
fn cut(bytes: &[u8], chunk: usize, keys: &dyn Keys) -> Vec<(u64, String)> {
    let mut framer = Framer::new(Limits::default());
    let mut told = Vec::new();
    for mut rest in bytes.chunks(chunk) {
        while !rest.is_empty() {
            rest = framer.feed(rest);
            pieces(&mut framer, keys, Rest::Coming, &mut told);
        }
    }
    pieces(&mut framer, keys, Rest::Over, &mut told);
    told
}

/// All ways of feeding tell the same; gives it.
fn told(bytes: &[u8]) -> Vec<(u64, String)> {
    let whole = cut(bytes, bytes.len().max(1), &());
    for chunk in [1, 2, 3, 7, 64] {
        assert_eq!(cut(bytes, chunk, &()), whole, "in chunks of {chunk}");
    }
    whole
}

fn expect(bytes: &[u8], expected: &[(u64, &str)]) {
    let told = told(bytes);
    let told: Vec<_> = told.iter().map(|(at, what)| (*at, what.as_str())).collect();
    assert_eq!(told, expected, "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn frames_follow_each_other() {
    let n = GOOD.len() as u64;
    expect(GOOD.repeat(3).as_bytes(), &[(0, "ok"), (n, "ok"), (2 * n, "ok")]);
    expect(b"", &[]);
    expect(b"\r\n \t", &[]);
}

#[test]
fn a_frame_may_lack_its_tail() {
    let bare = GOOD.trim_end();
    let n = bare.len() as u64;
    expect(bare.as_bytes(), &[(0, "ok, no tail")]);
    expect(format!("{bare}{GOOD}").as_bytes(), &[(0, "ok, no tail"), (n, "ok")]);
    expect(format!("{bare}\n{GOOD}").as_bytes(), &[(0, "ok, no tail"), (n + 1, "ok")]);
    expect(format!("{bare}\r{GOOD}").as_bytes(), &[(0, "ok, no tail"), (n + 1, "ok")]);
}

#[test]
fn garbage_is_told_once_and_what_follows_is_found() {
    expect(format!("rubbish{GOOD}").as_bytes(), &[(0, "no_header"), (7, "ok")]);
    expect(format!("\r\nrubbish # x\r\n{GOOD}").as_bytes(), &[(2, "no_header"), (15, "ok")]);
    expect(format!("#{GOOD}").as_bytes(), &[(0, "no_header"), (1, "ok")]);
    expect(format!("x###{GOOD}").as_bytes(), &[(0, "no_header"), (4, "ok")]);
    expect(b"only rubbish", &[(0, "no_header")]);
    let flood = [vec![b'x'; PORTION * 2 + 5], GOOD.into()].concat();
    let portion = PORTION as u64;
    let expected = [(0, "no_header"), (portion, "no_header"), (2 * portion, "no_header"), (2 * portion + 5, "ok")];
    expect(&flood, &expected);
    let hashes = [vec![b'#'; PORTION * 4], GOOD.into()].concat();
    assert_eq!(told(&hashes).last().unwrap().1, "ok");
}

#[test]
fn a_bad_length_is_named_and_the_neighbour_is_found() {
    let second = GOOD.len() as u64;
    for (from, to, name) in [
        ("##0101", "##01x1", "bad_length"),
        ("##0101", "##-101", "bad_length"),
        ("##0101", "##0100", "bad_length"),
        ("##0101", "##0102", "bad_length"),
        ("##0101", "##0000", "bad_length"),
        ("##0101", "##0214", "bad_length"),
        ("##0101", "##9999", "oversized"),
        ("##0101", "##4097", "oversized"),
        ("1C80", "1C81", "wrong_crc"),
        ("1C80", "0759", "wrong_crc"),
        ("1C80", "zzzz", "wrong_crc"),
        ("PW=100000", "PW=100001", "wrong_crc"),
    ] {
        let bad = GOOD.replace(from, to);
        expect(format!("{bad}{GOOD}").as_bytes(), &[(0, name), (second, "ok")]);
    }
}

#[test]
fn a_cut_frame_does_not_swallow_the_one_behind_it() {
    for cut in 2..GOOD.trim_end().len() {
        let stream = format!("{}{GOOD}{GOOD}", &GOOD[..cut]);
        let told = told(stream.as_bytes());
        let found: Vec<_> = told.iter().filter(|(_, what)| what == "ok").map(|(at, _)| *at).collect();
        assert_eq!(found, [cut as u64, (cut + GOOD.len()) as u64], "cut at {cut}: {told:?}");
        let told = super::tests::told(&GOOD.as_bytes()[..cut]);
        assert_eq!(told, [(0, "truncated".to_owned())], "cut at {cut}");
    }
}

#[test]
fn a_quiet_line_gives_what_is_there_and_waits_for_the_rest() {
    let mut framer = Framer::new(Limits::default());
    let mut told = Vec::new();
    framer.feed(GOOD.trim_end().as_bytes());
    pieces(&mut framer, &(), Rest::Coming, &mut told);
    assert_eq!(told, []);
    pieces(&mut framer, &(), Rest::Quiet, &mut told);
    assert_eq!(told, [(0, "ok, no tail".to_owned())]);
    // The tail comes late, then half a frame, for which a quiet line waits.
    framer.feed(b"\r\n");
    framer.feed(&GOOD.as_bytes()[..50]);
    pieces(&mut framer, &(), Rest::Quiet, &mut told);
    assert_eq!(told.len(), 1);
    framer.feed(&GOOD.as_bytes()[50..]);
    pieces(&mut framer, &(), Rest::Quiet, &mut told);
    assert_eq!(told[1], (GOOD.len() as u64, "ok".to_owned()));
    // A hostile length does not hold the valid frame behind it.
    framer.feed(format!("##4000QN=2{GOOD}").as_bytes());
    pieces(&mut framer, &(), Rest::Coming, &mut told);
    assert_eq!(told.len(), 2);
    pieces(&mut framer, &(), Rest::Quiet, &mut told);
    let (last, names) = (told.len(), |at: usize| told[at].1.as_str());
    assert_eq!((last, names(2), names(3)), (4, "truncated", "ok"));
}

#[test]
fn a_small_checksum_is_seen_and_limits_are_kept() {
    let mut framer = Framer::new(Limits::OF_2017);
    framer.feed(GOOD.replace("1C80", "1c80").as_bytes());
    let frame = framer.next(&()).unwrap().unwrap();
    assert_eq!((frame.lower_case, frame.crc, frame.segment), (true, 0x1C80, SEGMENT.as_bytes()));
    framer.feed(b"##1025");
    let misread = framer.next(&()).unwrap().unwrap_err();
    assert_eq!(misread.fault, Fault::Oversized { declared: 1025, most: 1024 });
}

/// A segment of 2025 whose area, encrypted, has line ends within.
fn secret() -> (StationKey, Vec<u8>, Vec<u8>) {
    let area = "DataTime=20240520210600;a01011-Min=1.35,a01011-Avg=1.35,a01011-Max=1.35,a01011-Flag=N;\
        a01012-Min=9.3,a01012-Avg=9.3,a01012-Max=9.3,a01012-Flag=N;a01014-Min=3.20,a01014-Avg=3.211,a01014-Max=3.212,\
        a01014-Flag=N";
    let head = "QN=20240520210700000;ST=31;CN=2051;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&";
    let segment = format!("{head}{area}&&").into_bytes();
    let key = StationKey::new([0x30; 16]);
    let frame = write::frame(&segment, Some(&key)).unwrap();
    (key, segment, frame)
}

#[test]
fn an_encrypted_frame_is_cut_by_its_length_and_checked_in_the_clear() {
    let (key, segment, frame) = secret();
    // HJ 212-2025, annex A.2: length and checksum are those of the clear text, the cipher text has both line ends in it.
    assert!(frame.starts_with(b"##0295QN=") && frame.ends_with(b"&&2200\r\n"));
    assert_eq!(hex::encode_upper(&frame[91..107]), "E43E159ACFAB242CB53155FB8B9281A1");
    assert!(frame[91..299].contains(&0x0d) && frame[91..299].contains(&0x0a));
    let stream = [&frame[..], GOOD.as_bytes(), &frame[..]].concat();
    let keys = Some(key);
    let expected = [
        (0, "ok".to_owned()),
        (frame.len() as u64, "ok".to_owned()),
        ((frame.len() + GOOD.len()) as u64, "ok".to_owned()),
    ];
    for chunk in [1, 5, 4096] {
        assert_eq!(cut(&stream, chunk, &keys), expected);
    }
    let mut framer = Framer::new(Limits::default());
    framer.feed(&frame);
    let read = framer.next(&keys).unwrap().unwrap();
    assert_eq!((read.segment, read.encrypted), (&segment[..], true));
}

#[test]
fn without_the_right_key_an_encrypted_frame_is_named() {
    let (_, _, frame) = secret();
    let stream = [&frame[..], GOOD.as_bytes()].concat();
    let expected = [(0, "encrypted".to_owned()), (frame.len() as u64, "ok".to_owned())];
    assert_eq!(cut(&stream, 9, &()), expected);
    assert_eq!(cut(&stream, 9, &Some(StationKey::new([7; 16]))), expected);
}

#[test]
fn a_station_with_a_key_may_speak_in_the_clear() {
    let (key, segment, _) = secret();
    let frame = write::frame(&segment, None).unwrap();
    let mut framer = Framer::new(Limits::default());
    framer.feed(&frame);
    let read = framer.next(&Some(key)).map(|piece| piece.map(|frame| frame.encrypted));
    assert_eq!(read, Some(Ok(false)));
}
