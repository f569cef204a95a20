//! Every workflow that ships loads, and a mistake in one is named with its line.
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

/// `HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-chart --test chart` writes it anew.
#[test]
fn the_printed_schema_is_current_and_every_shipped_workflow_fits_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workflow.schema.json");
    let schema = huiyin_chart::schema();
    let printed = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("HUIYIN_WRITE_DOCS").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let cure = "run: HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-chart --test chart";
    assert!(kept == printed, "docs/workflow.schema.json is old. {cure}");

    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(workflows()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".data.yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let written: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            let problems: Vec<String> =
                validator.iter_errors(&written).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(problems.is_empty(), "{name} {problems:#?}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} workflows were found");
    let mistyped = serde_json::json!({"workflow": "w", "states": {"a": {"onn": {"go": "b"}}, "b": {"type": "final"}}});
    assert!(!validator.is_valid(&mistyped), "a key that is none is shown by an editor");
}
