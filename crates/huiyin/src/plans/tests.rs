//! What was proved on a store is not proved again, and nothing else is taken for proved. A remembered proof with a number
//! that no check would give shows which of the two was used.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use chrono::{TimeZone as _, Utc};
use huiyin_journal::{Journal, OpenOptions};
use tempfile::TempDir;

use super::*;

const DISTRICT: &str = "qijiang";
const CODE: &str = "500110";
const MARKED: u64 = 4_000_000_007;

/// Two small workflows with everything they need, in a folder that a test may change.
fn library() -> TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let folder = tempfile::tempdir().unwrap();
    for part in ["", "calendars", "templates", "templates/letters", "districts/qijiang"] {
        std::fs::create_dir_all(folder.path().join(part)).unwrap();
        for entry in std::fs::read_dir(from.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_file() && (!part.is_empty() || ["hazard.yaml", "backlog.yaml"].contains(&name)) {
                std::fs::copy(&path, folder.path().join(part).join(name)).unwrap();
            }
        }
    }
    folder
}

fn plans(library: &TempDir) -> Plans {
    Plans::read(Library::Folder(library.path().to_owned()), DISTRICT).unwrap()
}

async fn store() -> (TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    let at = Utc.timestamp_opt(1_795_000_000, 0).unwrap();
    let journal = OpenOptions::new(url, folder.path(), at).open().await.unwrap();
    (folder, journal)
}

/// Workflows of a house built on a store, and how many configurations were looked at for each.
async fn built(library: &TempDir, journal: &Journal) -> Vec<(String, u64)> {
    let house = House::built(plans(library), journal).await.unwrap();
    house.proofs.iter().map(|proof| (proof.workflow.clone(), proof.configurations)).collect()
}

/// Puts [`MARKED`] into the proofs that the store remembers.
async fn mark(library: &TempDir, journal: &Journal) {
    let plans = plans(library);
    let known = Proofs::remembered(journal, CODE).await.unwrap();
    let mut marked = Proofs::default();
    for definition in &plans.definitions {
        let basis = huiyin_check::basis(definition, &plans.names);
        marked.add(&basis, Proof { configurations: MARKED, ..known.of(&basis).unwrap().clone() });
    }
    marked.remember(journal, CODE).await.unwrap();
}

fn add(library: &TempDir, file: &str, text: &str) {
    let path = library.path().join(file);
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

#[tokio::test]
async fn what_was_proved_on_a_store_is_not_proved_again() {
    let (library, (_folder, journal)) = (library(), store().await);
    let first = built(&library, &journal).await;
    assert_eq!(first.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["backlog", "hazard"]);
    mark(&library, &journal).await;
    let again = built(&library, &journal).await;
    assert!(again.iter().all(|(_, configurations)| *configurations == MARKED), "{again:?}");
    let alone = House::load(Library::Folder(library.path().to_owned()), DISTRICT).unwrap();
    assert!(alone.proofs.iter().all(|proof| proof.configurations < MARKED), "without a store everything is proved");
}

#[tokio::test]
async fn what_changed_is_proved_again_and_remembered_as_it_is_now() {
    let (library, (_folder, journal)) = (library(), store().await);
    let first = built(&library, &journal).await;
    mark(&library, &journal).await;
    add(&library, "hazard.yaml", "\n# one more line\n");
    let mixed = vec![("backlog".to_owned(), MARKED), first[1].clone()];
    assert_eq!(built(&library, &journal).await, mixed, "only the workflow that changed");
    assert_eq!(built(&library, &journal).await, mixed);
    std::fs::remove_file(library.path().join("calendars/2026.json")).unwrap();
    assert_eq!(built(&library, &journal).await, first, "all, because the calendar changed");
}

#[tokio::test]
async fn nobody_proves_a_workflow_with_an_editor() {
    let (library, (_folder, journal)) = (library(), store().await);
    let first = built(&library, &journal).await;
    mark(&library, &journal).await;
    let key = format!("proofs.{CODE}");
    let written = journal.setting(&key).await.unwrap().unwrap();
    let changed = written.replacen(&MARKED.to_string(), "5", 1);
    let other_form = "{\"from\": \"another version\"}";
    for (value, vouched) in [(changed.as_str(), false), ("", false), (other_form, false), (other_form, true)] {
        match vouched {
            true => journal.vouch(&key, value).await.unwrap(),
            false => journal.set_setting(&key, value).await.unwrap(),
        }
        assert_eq!(built(&library, &journal).await, first, "{value}");
        let known = Proofs::remembered(&journal, CODE).await.unwrap();
        let (_, proved) = plans(&library).proved(&Proofs::default()).unwrap();
        assert_eq!(known, proved, "written anew after {value}");
    }
}

#[tokio::test]
async fn what_is_not_proved_is_refused_whatever_was_remembered() {
    let (library, (_folder, journal)) = (library(), store().await);
    built(&library, &journal).await;
    let known = Proofs::remembered(&journal, CODE).await.unwrap();
    let text = std::fs::read_to_string(library.path().join("hazard.yaml")).unwrap();
    let silent =
        text.replace("      - {repeat: 5 working days, notify: [owner, unit-head], template: clock-reminder}\n", "");
    assert_ne!(silent, text);
    std::fs::write(library.path().join("hazard.yaml"), silent).unwrap();
    let refused = House::built(plans(&library), &journal).await.err().unwrap().to_string();
    assert!(refused.contains("hazard.yaml:") && refused.contains("hazard 1: refused"), "{refused}");
    assert_eq!(Proofs::remembered(&journal, CODE).await.unwrap(), known, "a refusal leaves what is remembered alone");
}
