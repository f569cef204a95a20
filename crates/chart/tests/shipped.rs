//! Every workflow that ships loads, and a mistake in one is named with its line.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn load(path: &Path) -> Result<huiyin_chart::Definition, huiyin_chart::Diagnostics> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = format!("workflows/{}", path.file_name().unwrap().to_string_lossy());
    huiyin_chart::load(&name, &text, &|other| std::fs::read_to_string(workflows().join(other)).ok())
}

#[test]
fn every_shipped_workflow_loads() {
    let mut seen = 0;
    for entry in std::fs::read_dir(workflows()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") || name.ends_with(".data.yaml") {
            continue;
        }
        if let Err(problems) = load(&path) {
            panic!("{problems}");
        }
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} workflows were found");
}

#[test]
fn a_typo_is_named_with_its_line_and_a_cure() {
    let text = "workflow: x\ninitial: a\nstates:\n  a:\n    on:\n      go: bb\n    onn: {}\n  b: {}\n";
    let problems = huiyin_chart::load("x.yaml", text, &|_| None).unwrap_err();
    let shown = problems.to_string();
    assert!(shown.contains("x.yaml:6:11"), "{shown}");
    assert!(shown.contains("did you mean `b`?") || shown.contains("no state `bb`"), "{shown}");
    assert!(shown.contains("unknown key `onn`"), "{shown}");
    assert!(shown.contains("did you mean `on`?"), "{shown}");
}
