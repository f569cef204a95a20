//! The guide for administrators does not lie: every workflow in it loads and is proved.

use std::path::Path;

use huiyin_check::{Names, check};

#[test]
fn every_workflow_in_the_guide_is_proved() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workflows.md");
    let text = std::fs::read_to_string(&guide).unwrap_or_else(|error| panic!("{}: {error}", guide.display()));
    let blocks: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let whole: Vec<&&str> = blocks.iter().filter(|block| block.starts_with("workflow:")).collect();
    assert!(whole.len() >= 2, "the guide shows {} workflows", whole.len());
    for block in whole {
        let def =
            huiyin_chart::load("docs/workflows.md", block, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
        let report = check(&def, &Names::default());
        assert!(report.passed(), "{report}");
    }
}
