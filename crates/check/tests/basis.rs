//! A remembered verdict must not outlive what it rests on: everything the check looks at changes the basis.
use crate::house;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, Hours, china};
use huiyin_chart::Definition;
use huiyin_check::{Names, basis};

fn workflow(text: &str) -> Definition {
    house::load("hazard.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn set(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn everything_that_the_check_looks_at_changes_the_basis() {
    let text = house::read("hazard.yaml").unwrap();
    let calendar = |hours: &str| Some(Calendar::from_years(china(), Hours::parse(hours).unwrap(), Vec::new()));
    let names = Names {
        roles: set(&["a", "b"]),
        units: set(&["c"]),
        templates: set(&[]),
        letters: set(&[]),
        workflows: set(&[]),
        calendar: calendar("09:00-12:00"),
    };
    let def = workflow(&text);
    let first = basis(&def, &names);
    assert_eq!(first, basis(&workflow(&text), &names), "the same again");
    let others = [
        basis(&workflow(&format!("{text}\n# a word more\n")), &names),
        basis(&def, &Names { roles: set(&["a"]), units: set(&["b", "c"]), ..names.clone() }),
        basis(&def, &Names { roles: set(&["a,b"]), ..names.clone() }),
        basis(&def, &Names { roles: None, ..names.clone() }),
        basis(&def, &Names { units: set(&["d"]), ..names.clone() }),
        basis(&def, &Names { templates: set(&["t"]), ..names.clone() }),
        basis(&def, &Names { letters: set(&["t"]), ..names.clone() }),
        basis(&def, &Names { workflows: set(&["t"]), ..names.clone() }),
        basis(&def, &Names { calendar: calendar("09:00-12:30"), ..names.clone() }),
        basis(&def, &Names { calendar: None, ..names }),
    ];
    let all: BTreeSet<&String> = others.iter().chain([&first]).collect();
    assert_eq!(all.len(), others.len() + 1, "{all:#?}");
}

/// The crates of the house that a crate is made of, without those of its tests.
fn below(folder: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("huiyin-"));
    lines.map(|line| line.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

#[test]
fn the_check_is_named_by_all_that_it_is_made_of() {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let counted = std::fs::read_to_string(home.join("build.rs")).unwrap();
    let (mut seen, mut next) = (BTreeSet::new(), vec!["check".to_owned()]);
    while let Some(name) = next.pop() {
        if seen.insert(name.clone()) {
            next.extend(below(&home.join("..").join(&name)));
        }
    }
    assert!(seen.len() >= 3, "{seen:?}");
    for name in seen.iter().filter(|name| *name != "check") {
        for part in ["src", "Cargo.toml"] {
            assert!(counted.contains(&format!("\"../{name}/{part}\"")), "build.rs does not count {name}'s {part}");
        }
    }
}
