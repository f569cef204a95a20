//! The shipped petition, changed in the test, on the real program: shown, applied, verified, undone, explained; and a new
//! year of the calendar adopted. Every call is a process of its own on one store.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Office {
    folder: TempDir,
}

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

impl Office {
    /// A store with two open petitions, received long ago.
    fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap() };
        let rows = "received,channel,petitioner,title,content\n\
            2026-03-02,来电,实名,河水发黑,河水发黑发臭\n2026-03-03,来电,匿名,夜间排污,夜里有人排污水\n";
        std::fs::write(office.path("petitions.csv"), rows).unwrap();
        office.ok(&["import", "petitions", &office.path("petitions.csv")]);
        office
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
        command.args(args).arg("--data").arg(self.folder.path().join("var"));
        command.arg("--workflows").arg(workflows()).env_remove("HUIYIN_DATABASE").output().unwrap()
    }

    /// What it prints; it must succeed.
    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let text = String::from_utf8(output.stdout).unwrap();
        let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {trouble}\n{text}");
        text
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--format", "json"]].concat())).unwrap()
    }

    fn verified(&self) {
        let told = self.ok(&["verify"]);
        assert!(told.contains("2 cases the same") && told.contains("the record is whole"), "{told}");
    }

    /// The second version of the petition: less time to answer, one reminder more, a state of another name.
    fn second(&self) -> String {
        let text = std::fs::read_to_string(workflows().join("petition.yaml")).unwrap();
        let performance = text.find("\n  performance:").unwrap();
        let (before, after) = text.split_at(performance);
        let after = after.replacen("within: 45 days", "within: 40 days", 1);
        let after = after.replacen(
            "- {at: due - 7 working days, notify: owner, template: clock-reminder}",
            "- {at: due - 10 working days, notify: owner, template: clock-reminder}\n      - {at: due - 7 working days, notify: owner, template: clock-reminder}",
            1,
        );
        let text = format!("{before}{after}").replacen("version: 1", "version: 2", 1);
        std::fs::write(self.path("petition.yaml"), text).unwrap();
        std::fs::copy(workflows().join("petition.data.yaml"), self.path("petition.data.yaml")).unwrap();
        self.path("petition.yaml")
    }
}

#[test]
fn the_petition_goes_over_to_a_second_version_and_back() {
    let office = Office::new();
    let second = office.second();
    office.verified();

    // Without a rule for the clock whose time changed, nothing goes.
    let output = office.run(&["migrate", "petition", "--to", &second, "--lang", "en"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && told.contains("--clock performance=keep"), "{told}");
    assert!(told.contains("2 open cases: 0 can go") && told.contains("dry run"), "{told}");

    let rule = ["--clock", "performance=recompute"];
    let shown = office.json(&[&["migrate", "petition", "--to", &second][..], &rule].concat());
    assert_eq!(shown, office.json(&["preview", "workflow", &second, "--rule", "performance=recompute"]));
    let number = shown[0]["number"].as_str().unwrap().to_owned();
    let clocks = shown[0]["clocks"].as_array().unwrap();
    let performance = clocks.iter().find(|clock| clock["clock"] == "performance").unwrap();
    assert_eq!(performance["difference_seconds"], json!(-5 * 86_400), "{performance}");
    assert_eq!((&performance["rule"], &performance["provisional_after"]), (&json!("recompute"), &json!(false)));
    let version = |office: &Office| office.json(&["explain", &number])["version"].clone();
    assert_eq!(version(&office), 1, "looking changes nothing");

    let told = office.ok(&[&["migrate", "petition", "--to", &second, "--apply", "--by", "周局长"][..], &rule].concat());
    assert!(told.contains("已迁移 2 件，0 件未变"), "{told}");
    assert_eq!(version(&office), 2);
    office.verified();
    let again = office.ok(&[&["migrate", "petition", "--to", "2", "--apply"][..], &rule].concat());
    assert!(again.contains("已迁移 0 件"), "known to the store by its number, and done already: {again}");

    let told = office.ok(&["migrate", "petition", "--undo", "--apply", "--lang", "en"]);
    assert!(told.contains("the migration of 2 cases was undone"), "{told}");
    assert_eq!(version(&office), 1);
    office.verified();

    // Over again, keeping the dates; the case says so.
    office.ok(&["migrate", "petition", "--to", "2", "--clock", "performance=keep", "--apply", "--by", "zhou"]);
    office.verified();
    let told = office.ok(&["explain", &number, "--lang", "en"]);
    for expected in
        ["v2", "was kept", "行政诉讼法 第四十七条", "[verified]", "kept in the new version", "— zhou", "next: "]
    {
        assert!(told.contains(expected), "{expected} is missing in\n{told}");
    }
    assert!(!told.contains("发臭"), "no text of the complaint is told");

    // The same number for something else is refused.
    let text = std::fs::read_to_string(&second).unwrap().replacen("within: 40 days", "within: 39 days", 1);
    std::fs::write(&second, text).unwrap();
    let output = office.run(&["migrate", "petition", "--to", &second]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("raise `version:`"));
}

#[test]
fn a_new_year_is_shown_adopted_and_kept_in_the_store() {
    let office = Office::new();
    let year = json!({"year": 2039, "source": {"zh": "测试", "en": "made up for a test"},
        "off": [{"from": "2039-01-01", "to": "2039-01-03", "name": {"zh": "元旦", "en": "New Year"}}], "work": []});
    std::fs::write(office.path("2039.json"), year.to_string()).unwrap();
    let shown = office.json(&["preview", "calendar", &office.path("2039.json")]);
    assert_eq!(shown, json!([]), "no date reaches so far");
    let told = office.ok(&["adopt", "calendar", &office.path("2039.json")]);
    assert!(told.contains("2039 年日历已采用，记入 2 件在办案件"), "{told}");
    let told = office.ok(&["adopt", "calendar", &office.path("2039.json")]);
    assert!(told.contains("记入 0 件"), "once: {told}");
    office.verified();
    let number =
        office.json(&["migrate", "petition", "--to", &office.second(), "--clock", "performance=keep"])[0]["number"]
            .clone();
    assert_eq!(
        office.json(&["explain", number.as_str().unwrap()])["calendar_until"],
        2039,
        "whoever opens the store counts with it"
    );

    let broken = year.to_string().replace("2039-01-03", "2038-01-03");
    std::fs::write(office.path("broken.json"), broken).unwrap();
    let output = office.run(&["preview", "calendar", &office.path("broken.json")]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.json"), "the file is named");
}
