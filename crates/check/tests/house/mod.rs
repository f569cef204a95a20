//! The shipped house for tests of the check: workflows, and the names that the district of Qijiang knows.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, YearFile};
use huiyin_chart::{Definition, Diagnostics};
use huiyin_check::Names;
use huiyin_directory::Directory;

pub fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

pub fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(workflows().join(path)).ok()
}

/// Loads a text as if it stood among the shipped workflows.
pub fn load(name: &str, text: &str) -> Result<Definition, Diagnostics> {
    huiyin_chart::load(name, text, &read)
}

fn files(folder: &str, end: &str) -> Vec<String> {
    let entries = std::fs::read_dir(workflows().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter_map(|name| Some(name.strip_suffix(end)?.to_owned())).filter(|name| !name.starts_with('_')).collect()
}

/// Names of the shipped workflows, sorted.
pub fn shipped() -> Vec<String> {
    let mut names = files("", ".yaml");
    names.retain(|name| !name.ends_with(".data"));
    names.sort();
    names
}

pub fn names() -> Names {
    let directory = Directory::load("districts/qijiang", &read).unwrap_or_else(|e| panic!("{e}"));
    let set = |list: Vec<String>| -> Option<BTreeSet<String>> { Some(list.into_iter().collect()) };
    Names {
        roles: set(directory.roles().map(|(id, _)| id.to_owned()).collect()),
        units: set(directory.units().iter().map(|unit| unit.id.clone()).collect()),
        templates: set(files("templates", ".txt")),
        letters: set(files("templates/letters", ".html")),
        workflows: set(shipped()),
        calendar: Some(calendar()),
    }
}

/// The published years.
pub fn calendar() -> Calendar {
    let year = |end: &String| {
        let name = format!("calendars/{end}.json");
        YearFile::parse(&name, &read(&name).unwrap()).unwrap()
    };
    let years = files("calendars", ".json").iter().map(year).collect();
    Calendar::from_years(huiyin_calendar::china(), huiyin_calendar::Hours::default(), years)
}

/// The good definitions that a stranger might write: name → text, sorted by name.
pub fn good() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}
