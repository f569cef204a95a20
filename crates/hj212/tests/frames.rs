//! Frames of the standards and of stations in the field, as recorded: each reads as its row says, alone, all in a row, and
//! byte by byte; what reads is written again as the same bytes.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};

use huiyin_hj212::crc::crc;
use huiyin_hj212::fault::Fault;
use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::segment::Version;
use huiyin_hj212::told::{self, Told};

struct Row {
    id: String,
    crc: u16,
    computed: u16,
    good: bool,
    frame: String,
}

/// The recorded frames; `None`, said on standard error, when they are not there.
fn rows() -> Option<Vec<Row>> {
    let shared = std::env::var_os("HUIYIN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/hj212_frames.tsv");
    let Ok(mut reader) = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_path(&file) else {
        eprintln!("skipped: {} is not there", file.display());
        return None;
    };
    let hex = |digits: &str| u16::from_str_radix(digits, 16).unwrap();
    let row = |row: csv::StringRecord| Row {
        id: row[0].to_owned(),
        crc: hex(&row[3]),
        computed: hex(&row[4]),
        good: &row[6] == "OK",
        frame: row[7].to_owned(),
    };
    Some(reader.records().map(|record| row(record.unwrap())).collect())
}

/// What a stream gives, fed in chunks.
fn read(bytes: &[u8], chunk: usize) -> Vec<Result<Told, Fault>> {
    let mut framer = Framer::new(Limits::default());
    let mut all = Vec::new();
    for mut rest in bytes.chunks(chunk) {
        while !rest.is_empty() {
            rest = framer.feed(rest);
            while let Some(piece) = framer.next(&()) {
                all.push(piece.map(|frame| told::tell(&frame, true).unwrap()).map_err(|misread| misread.fault));
            }
        }
    }
    while let Some(piece) = framer.end(&()) {
        all.push(piece.map(|frame| told::tell(&frame, true).unwrap()).map_err(|misread| misread.fault));
    }
    all
}

#[test]
fn every_recorded_frame_reads_as_its_row_says() {
    let Some(rows) = rows() else { return };
    assert!(rows.len() >= 7 && rows.iter().any(|row| !row.good));
    for row in &rows {
        let line = format!("{}\r\n", row.frame);
        let [piece] = &read(line.as_bytes(), line.len())[..] else { panic!("{}: not one piece", row.id) };
        let segment = &row.frame.as_bytes()[6..row.frame.len() - 4];
        assert_eq!(crc(segment), row.computed, "{}", row.id);
        match piece {
            Ok(told) => {
                assert!(row.good, "{}", row.id);
                assert_eq!((told.crc.as_str(), told.length), (format!("{:04X}", row.crc).as_str(), segment.len()));
                assert_eq!(told.frame(None, None).unwrap(), line.as_bytes(), "{}", row.id);
            }
            Err(fault) => {
                let expected = Fault::WrongCrc { found: format!("{:04X}", row.crc), computed: row.computed };
                assert!(!row.good, "{}: {fault}", row.id);
                assert_eq!(*fault, expected, "{}", row.id);
            }
        }
    }
}

#[test]
fn all_of_them_in_a_row_with_garbage_between_and_byte_by_byte() {
    let Some(rows) = rows() else { return };
    let frames: Vec<&str> = rows.iter().map(|row| row.frame.as_str()).collect();
    let good = rows.iter().filter(|row| row.good).count();
    for between in ["\r\n", "", "\n", "\r\nnoise\r\n"] {
        let stream = frames.join(between);
        let whole = read(stream.as_bytes(), stream.len());
        assert_eq!(whole.iter().filter(|piece| piece.is_ok()).count(), good, "between: {between:?}");
        for chunk in [1, 2, 13] {
            assert_eq!(read(stream.as_bytes(), chunk), whole, "between: {between:?}, chunk {chunk}");
        }
    }
}

#[test]
fn odd_stations_are_heard_and_what_is_odd_is_said() {
    let Some(rows) = rows() else { return };
    let told = |id: &str| {
        let row = rows.iter().find(|row| row.id == id).unwrap();
        read(format!("{}\r\n", row.frame).as_bytes(), 4096).remove(0).unwrap()
    };
    let remarks = |told: &Told| told.remarks.iter().map(|said| said.remark.clone()).collect::<Vec<_>>();
    assert!(remarks(&told("F01")).is_empty() && remarks(&told("F03")).is_empty());
    assert_eq!(remarks(&told("F06")), ["mn_form"]);
    // A water station of 2019 whose Flag says 2025.
    let water = told("F08");
    assert_eq!(water.version.as_deref(), Some(Version::V2025.year()));
    assert_eq!(remarks(&water), ["mn_form", "version_doubtful"]);
    assert_eq!(water.pollutants.len(), 8);
    assert_eq!(water.pollutants[2].pol_id.as_deref(), Some("w21001"));
    let air = told("F06");
    assert_eq!((air.pollutants.len(), air.data_time.as_deref()), (11, Some("20220513162600")));
    let carbon = air.pollutants.iter().find(|one| one.code == "a21005").unwrap();
    assert_eq!(carbon.fields.get("Avg").unwrap().text.as_deref(), Some("0.427"));
    assert_eq!((carbon.fields.get("Avg").unwrap().number, carbon.flag.as_deref()), (Some(0.427), Some("N")));
}
