//! A second opinion: small workflows explored by `stateright`, an existing model checker, through a model that was
//! written from the description of the language and shares no code with `huiyin-check` (see `model`). For every
//! workflow and every mutation of one, both must refuse the same kinds of broken promises, or none.
//!
//! Compared are the promises that both know: owner, clock, ladder, dead end, unreachable, endless loop, target. `check`
//! also refuses names that do not exist and what is written and never used; a model has no such words.
//!
//! `check` may be stricter where its proof rests on a condition it cannot decide: it takes it both ways, while the
//! model evaluates it on real data. Each such case is listed in `STRICTER` with the reason; nothing else may differ.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

#[path = "../house/mod.rs"]
mod house;

mod clocks;
mod forms;
mod model;
mod mutations;
mod promises;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use huiyin_check::{Names, check};

use model::Model;
use mutations::{MUTATIONS, STRICTER};

/// Kinds of broken promises that both checkers know.
const COMPARED: [&str; 7] =
    ["no-owner", "no-clock", "silent-ladder", "dead-end", "unreachable", "endless-loop", "target"];

/// Shipped workflows that are small enough to be explored with real data.
const SMALL: [&str; 5] = ["backlog", "co-handling", "enforcement", "hazard", "review"];

/// Workflows by name: small shipped ones, the good ones of the tests, those of the guide.
fn subjects() -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = house::good().into_iter().collect();
    for name in SMALL {
        let file = format!("{name}.yaml");
        found.insert(file.clone(), house::read(&file).unwrap());
    }
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workflows.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let blocks = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for (block, n) in blocks.filter(|block| block.starts_with("workflow:")).zip(1..) {
        found.insert(format!("guide-{n}.yaml"), block.to_owned());
    }
    found
}

/// What each of the two refuses, and over how many cases or configurations.
fn opinions(name: &str, text: &str) -> (BTreeSet<&'static str>, BTreeSet<&'static str>, usize, usize, String) {
    let load = || house::load(name, text).unwrap_or_else(|problems| panic!("{name}: {problems}"));
    let report = check(&load(), &Names::default());
    let ours = report.problems.iter().map(|problem| problem.code).filter(|code| COMPARED.contains(code)).collect();
    let (theirs, cases) = promises::explore(Model::of(load()));
    (ours, theirs, report.configurations, cases, report.to_string())
}

#[test]
fn both_prove_every_good_workflow() {
    let subjects = subjects();
    assert!(subjects.len() >= 28, "only {} workflows", subjects.len());
    let mut differ = String::new();
    for (name, text) in &subjects {
        let (ours, theirs, configurations, cases, report) = opinions(name, text);
        println!("{name}: check {configurations} configurations, stateright {cases} cases, {theirs:?}");
        if !ours.is_empty() || !theirs.is_empty() {
            differ += &format!("{name}: check {ours:?}, stateright {theirs:?}\n{report}\n");
        }
    }
    assert!(differ.is_empty(), "{differ}");
}

#[test]
fn both_refuse_the_same_mutations_for_the_same_promises() {
    let subjects = subjects();
    let (mut differ, mut stricter) = (String::new(), BTreeSet::new());
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    let mut proved = 0;
    for mutation in MUTATIONS {
        let name = format!("{}.yaml", mutation.workflow);
        let text = subjects.get(&name).unwrap_or_else(|| panic!("{}: no such workflow", mutation.what));
        assert!(text.contains(mutation.from), "{name} no longer says `{}`", mutation.from);
        let changed = text.replacen(mutation.from, mutation.to, 1);
        let (ours, theirs, _, cases, report) = opinions(&name, &changed);
        println!("{}: {}: check {ours:?}, stateright {theirs:?} ({cases} cases)", mutation.workflow, mutation.what);
        theirs.iter().for_each(|kind| *kinds.entry(kind).or_default() += 1);
        proved += u32::from(theirs.is_empty());
        if ours == theirs {
            continue;
        }
        let listed = STRICTER.iter().any(|(what, _)| *what == mutation.what);
        if listed && ours.is_superset(&theirs) {
            stricter.insert(mutation.what);
            continue;
        }
        differ +=
            &format!("{}: {}: check {ours:?}, stateright {theirs:?}\n{report}\n", mutation.workflow, mutation.what);
    }
    println!("{} mutations; stateright proves {proved} and refuses {kinds:?}", MUTATIONS.len());
    assert!(differ.is_empty(), "{differ}");
    let listed: BTreeSet<&str> = STRICTER.iter().map(|(what, _)| *what).collect();
    assert_eq!(stricter, listed, "cases that are listed as stricter and are not, or the other way round");
    assert!(MUTATIONS.len() >= 30, "only {} mutations", MUTATIONS.len());
    assert!(proved >= 3, "only {proved} mutations are harmless");
    for kind in COMPARED {
        assert!(kinds.contains_key(kind), "no mutation breaks {kind}");
    }
}

#[test]
fn the_reasons_for_being_stricter_are_written_down() {
    for (what, why) in STRICTER {
        assert!(why.len() > 20, "{what}: {why}");
    }
}
