//! Every day of every shipped year against the PyPI package chinesecalendar 1.11.0, run in a private
//! virtual environment under `target/py`. Offline and not yet installed: says so and is skipped, except in
//! CI (`CI` is set), where it fails.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod shipped;

use std::{path::Path, process::Command};

use chrono::NaiveDate;

const PACKAGE: &str = "chinesecalendar==1.11.0";
const PRINT: &str = "
import datetime, importlib.metadata, chinese_calendar
assert importlib.metadata.version('chinesecalendar') == '1.11.0'
day = datetime.date(2004, 1, 1)
while day.year <= 2026:
    print(day, int(chinese_calendar.is_workday(day)))
    day += datetime.timedelta(days=1)
";

/// The output of the package, installing it first if needed.
fn reference() -> Result<String, String> {
    let folder = shipped::root().join("target/py");
    let python = folder.join("bin/python");
    if let Ok(out) = run(&python, &["-c", PRINT]) {
        return Ok(out);
    }
    if !python.exists() {
        run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])?;
    }
    run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE])?;
    run(&python, &["-c", PRINT])
}

fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let out = Command::new(program).args(arguments).output().map_err(|e| format!("{}: {e}", program.display()))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
fn every_day_of_every_shipped_year_agrees_with_chinesecalendar() {
    let printed = match reference() {
        Ok(printed) => printed,
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "{PACKAGE} could not be installed or run: {why}");
            println!(
                "skipped: {PACKAGE} could not be installed or run (python3 with venv and a package index are needed): {why}"
            );
            return;
        }
    };
    let calendar = shipped::calendar();
    let mut days = 0;
    for line in printed.lines() {
        let (day, worked) = line.split_once(' ').unwrap();
        let day: NaiveDate = day.parse().unwrap();
        assert_eq!(calendar.is_working_day(day).unwrap(), worked == "1", "{day}");
        days += 1;
    }
    assert_eq!(days, 8_401, "23 years");
    assert!(calendar.is_working_day(NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()).is_err(), "2027 is not published");
}
