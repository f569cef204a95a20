//! The description of what goes over NATS is current.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use huiyin_chart::Definition;
use huiyin_engine::asyncapi;

/// `HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-engine --test asyncapi` writes it anew.
#[test]
fn the_printed_description_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files: Vec<_> =
        std::fs::read_dir(root.join("workflows")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let load = |path: &std::path::PathBuf| -> Option<Definition> {
        let name = path.file_name()?.to_str()?;
        if !name.ends_with(".yaml") || name.ends_with(".data.yaml") {
            return None;
        }
        let other = |other: &str| std::fs::read_to_string(root.join("workflows").join(other)).ok();
        Some(
            huiyin_chart::load(name, &std::fs::read_to_string(path).unwrap(), &other).unwrap_or_else(|e| panic!("{e}")),
        )
    };
    let workflows: Vec<Definition> = files.iter().filter_map(load).collect();
    assert!(workflows.len() >= 4, "only {} workflows were found", workflows.len());
    let printed = asyncapi::printed(&workflows.iter().collect::<Vec<_>>());
    let path = root.join("docs/asyncapi.json");
    if std::env::var_os("HUIYIN_WRITE_DOCS").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let cure = "run: HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-engine --test asyncapi";
    assert!(kept == printed, "docs/asyncapi.json is old. {cure}");
}
