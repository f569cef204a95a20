//! Packets in any order, twice, interleaved, missing, and too many of them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::area::Area;
use crate::segment::{Flag, Version};
use crate::write::{Head, packets};

const AREA: &[u8] = b"DataTime=20240520210600;w1-Rtd=1,w1-Flag=N;w2-Rtd=2,w2-Flag=N;w3-Rtd=3,w3-Flag=N";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn set(mn: &str, qn: &str) -> Vec<Vec<u8>> {
    let flag = Flag::new(Version::V2025, true, false);
    let head = Head { qn, st: "32", cn: "2011", pw: "123456", mn, flag, packet: None, resent: false };
    packets(&head, Area::new(AREA), 30).unwrap()
}

fn one(mn: &str) -> Vec<Vec<u8>> {
    set(mn, "20240520210700000")
}

/// Adds packets; nothing may be given up.
fn add(assembler: &mut Assembler, packet: &[u8], now: i64) -> Result<Outcome, Refused> {
    let mut given_up = Vec::new();
    let outcome = assembler.add(&Segment::parse(packet).unwrap(), at(now), &mut given_up);
    assert!(given_up.is_empty(), "{given_up:?}");
    outcome
}

#[test]
fn packets_come_in_any_order_twice_and_interleaved() {
    let (a, b) = (one("A"), one("B"));
    assert_eq!(a.len(), 4);
    let mut assembler = Assembler::new(Bounds::default());
    for index in [2, 0, 3] {
        assert_eq!(add(&mut assembler, &a[index], 0), Ok(Outcome::Waiting));
        assert_eq!(add(&mut assembler, &b[index], 0), Ok(Outcome::Waiting));
        assert_eq!(add(&mut assembler, &a[index], 0), Ok(Outcome::Duplicate));
    }
    assert_eq!(add(&mut assembler, &a[1], 0), Ok(Outcome::Complete(AREA.to_vec())));
    assert_eq!(add(&mut assembler, &b[1], 0), Ok(Outcome::Complete(AREA.to_vec())));
    assert_eq!(add(&mut assembler, &a[1], 0), Ok(Outcome::Duplicate), "after it was completed");
    assert_eq!(assembler.waiting(), (0, 0));
}

#[test]
fn missing_packets_are_named_when_a_set_is_given_up() {
    let mut assembler = Assembler::new(Bounds::default());
    let a = one("A");
    add(&mut assembler, &a[1], 0).unwrap();
    add(&mut assembler, &a[3], 50).unwrap();
    assert!(assembler.expire(at(110)).is_empty(), "60 seconds count from the last packet");
    let [given_up] = &assembler.expire(at(111))[..] else { panic!() };
    assert_eq!((&given_up.missing[..], given_up.pnum, given_up.why), (&[1, 3][..], 4, Why::TooLate));
    assert!(given_up.to_string().contains("[1, 3] of 4"), "{given_up}");
    assert_eq!(assembler.waiting(), (0, 0));
}

#[test]
fn the_oldest_makes_room_and_memory_is_bounded() {
    let bounds = Bounds { sets: 3, bytes: 200, ..Bounds::default() };
    let mut assembler = Assembler::new(bounds);
    let mut lost = Vec::new();
    for index in 0..100 {
        let packets = one(&format!("M{index}"));
        assembler.add(&Segment::parse(&packets[0]).unwrap(), at(index), &mut lost).unwrap();
        let (sets, bytes) = assembler.waiting();
        assert!(sets <= 3 && bytes <= 200, "{sets} sets, {bytes} bytes");
    }
    assert_eq!(lost.len(), 97);
    assert!(lost.iter().enumerate().all(|(index, lost)| lost.key.mn == format!("M{index}") && lost.why == Why::NoRoom));
    assert_eq!(assembler.close().len(), 3);
}

#[test]
fn contradictions_and_excess_are_refused() {
    let mut assembler = Assembler::new(Bounds { packets: 4, bytes: 50, ..Bounds::default() });
    let a = one("A");
    add(&mut assembler, &a[0], 0).unwrap();
    let other = String::from_utf8(a[0].clone()).unwrap().replace("210600", "210601");
    assert_eq!(add(&mut assembler, other.as_bytes(), 0), Err(Refused::Contradicts { pno: 1 }));
    let fewer = String::from_utf8(a[1].clone()).unwrap().replace("PNUM=4", "PNUM=3");
    assert_eq!(add(&mut assembler, fewer.as_bytes(), 0), Err(Refused::Contradicts { pno: 2 }));
    let more = String::from_utf8(a[1].clone()).unwrap().replace("PNUM=4", "PNUM=5");
    assert_eq!(add(&mut assembler, more.as_bytes(), 0), Err(Refused::TooManyPackets { pnum: 5, most: 4 }));
    add(&mut assembler, &a[1], 0).unwrap();
    let mut lost = Vec::new();
    let third = Segment::parse(&a[2]).unwrap();
    assert_eq!(assembler.add(&third, at(0), &mut lost), Err(Refused::TooLarge { most: 50 }));
    assert_eq!((lost.len(), assembler.waiting()), (1, (0, 0)));
}

#[test]
fn wherever_it_was_cut_the_area_is_the_same() {
    for cut in 0..=AREA.len() {
        let mut whole = AREA[..cut].to_vec();
        join(&mut whole, &AREA[cut..]);
        // A cut within a value or a name cannot be told from one between items when both halves look whole.
        assert_eq!(crate::area::Area::new(&whole).read().readings.len(), 3, "cut at {cut}");
    }
}
