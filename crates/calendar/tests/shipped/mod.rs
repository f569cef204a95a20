//! The calendar files that ship with Huiyin.
#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub)]

use std::path::PathBuf;

use huiyin_calendar::{Calendar, Hours, YearFile, china};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn years() -> Vec<YearFile> {
    let mut years = Vec::new();
    for entry in std::fs::read_dir(root().join("workflows/calendars")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            years.push(YearFile::parse(&name, &std::fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    years
}

pub fn calendar() -> Calendar {
    Calendar::from_years(china(), Hours::default(), years())
}

pub fn calendar_until(last: i32) -> Calendar {
    let years = years().into_iter().filter(|year| year.year <= last).collect();
    Calendar::from_years(china(), Hours::default(), years)
}
