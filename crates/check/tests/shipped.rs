//! The shipped workflows are proved, in time.
use std::path::{Path, PathBuf};
use std::time::Instant;

use huiyin_check::{Names, check};

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

#[test]
fn every_shipped_workflow_is_proved_in_two_seconds() {
    let mut checked = 0;
    let mut refused = String::new();
    for entry in std::fs::read_dir(workflows()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|ext| ext != "yaml") || name.ends_with(".data.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let def = huiyin_chart::load(&name, &text, &|other| std::fs::read_to_string(workflows().join(other)).ok())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let begun = Instant::now();
        let report = check(&def, &Names::default());
        let took = begun.elapsed();
        println!("{report}\n{took:?}");
        if !report.passed() {
            refused += &report.to_string();
        }
        // An unoptimised build on a busy machine gets ten times as long.
        assert!(took.as_secs() < if cfg!(debug_assertions) { 20 } else { 2 }, "{name} took {took:?}");
        checked += 1;
    }
    assert!(checked >= 4, "only {checked} workflows found");
    assert!(refused.is_empty(), "{refused}");
}
