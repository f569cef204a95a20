//! The world in which the cases live: the shipped workflows, the directory of the example district, and two calendars,
//! one before and one after the coming year was published.

use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, Hours, Instant, YearFile, china};
use huiyin_chart::{Definition, load};
use huiyin_check::Possible;
use huiyin_directory::Directory;

/// See the module.
pub struct World {
    pub workflows: Vec<Workflow>,
    pub directory: Directory,
    /// Until 2025, and until 2026.
    pub calendars: [Calendar; 2],
    /// Cases begin in this year or the one before.
    pub begins: Instant,
}

/// One shipped workflow.
pub struct Workflow {
    pub name: String,
    pub def: Definition,
    pub possible: Possible,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows")
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(folder().join(path)).ok()
}

impl World {
    /// Everything that ships.
    pub fn shipped() -> Self {
        let directory = Directory::load("districts/qijiang", &read).unwrap_or_else(|problems| panic!("{problems}"));
        let hours = Hours::parse(&directory.district().hours_text()).expect("office hours");
        let calendar = |last: i32| {
            let years = (2024..=last).map(|year| {
                let file = format!("calendars/{year}.json");
                YearFile::parse(&file, &read(&file).expect("a shipped year")).expect("a readable year")
            });
            Calendar::from_years(china(), hours.clone(), years.collect())
        };
        let mut files: Vec<String> = std::fs::read_dir(folder())
            .expect("the workflows")
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|file| file.ends_with(".yaml") && !file.ends_with(".data.yaml"))
            .collect();
        files.sort();
        let workflows = files.iter().map(|file| Workflow::load(file)).collect();
        let calendars = [calendar(2025), calendar(2026)];
        let begins = "2025-07-01T09:00:00+08:00".parse().expect("an instant");
        Self { workflows, directory, calendars, begins }
    }
}

impl Workflow {
    fn load(file: &str) -> Self {
        let text = read(file).expect("a shipped workflow");
        let def = load(file, &text, &read).unwrap_or_else(|problems| panic!("{problems}"));
        let possible = Possible::of(&def);
        assert!(possible.complete(), "{file}: not everything was explored");
        Self { name: def.name.clone(), def, possible }
    }
}
