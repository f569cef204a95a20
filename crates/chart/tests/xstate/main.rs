//! The interpreter against XState v5 on generated charts: same active states, same actions in the same order, same data
//! after every event, and the same verdict on endless loops. One Node process runs all charts of a round.
//!
//! `HUIYIN_XSTATE_CHARTS` sets how many charts (300; with `HUIYIN_THOROUGH=1` 1500), `HUIYIN_XSTATE_SEED` the first seed.
//! A chart that differs is made smaller and printed with both traces. What differs on purpose is in `DIFFERENCES.md`; a
//! run that meets one of those is compared up to there and counted under its name.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod generate;
mod ours;
mod smaller;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use generate::{Case, FEATURES};
use serde_json::Value;

/// Names of the differences in `DIFFERENCES.md` that a run may meet.
const EXCLUDED: [&str; 5] =
    ["always-order", "entered-twice", "same-delay-id", "unlawful-configuration", "untaken-event"];

/// What one side did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    /// After opening and after each item: active ids (sorted), data, actions.
    pub(crate) lines: Vec<Value>,
    /// Why it stopped early.
    pub(crate) end: Option<String>,
    /// The named difference it met.
    pub(crate) excluded: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/xstate")
}

/// Installs XState from the lock file when it is not there. Fails, with words, without Node.
fn install() {
    let version = Command::new("node").arg("--version").output();
    assert!(
        version.is_ok_and(|version| version.status.success()),
        "this test needs Node.js 18 or later on the PATH (`node --version` did not run)"
    );
    let wanted = std::fs::read_to_string(folder().join("package-lock.json")).unwrap();
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    let there = std::fs::read_to_string(folder().join("node_modules/xstate/package.json")).unwrap_or_default();
    let there: Value = serde_json::from_str(&there).unwrap_or_default();
    if there["version"] == wanted["packages"]["node_modules/xstate"]["version"] {
        return;
    }
    let done = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder())
        .output()
        .unwrap_or_else(|error| panic!("npm does not run: {error}"));
    assert!(
        done.status.success(),
        "`npm ci` in tests/xstate failed; it needs the package registry once:\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Runs all cases in one Node process.
pub(crate) fn theirs(cases: &[Case]) -> BTreeMap<String, Trace> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for case in cases {
        writeln!(file, "{}", case.line()).unwrap();
    }
    let done = Command::new("node").arg("driver.mjs").arg(file.path()).current_dir(folder()).output().unwrap();
    assert!(done.status.success(), "the XState side stopped: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let mut answer: Value = serde_json::from_str(line).unwrap();
            let text = |part: &Value| part.as_str().map(str::to_owned);
            let lines = answer["lines"].take().as_array().cloned().unwrap();
            let trace = Trace { lines, end: text(&answer["end"]), excluded: text(&answer["excluded"]) };
            (text(&answer["name"]).unwrap(), trace)
        })
        .collect()
}

/// The first difference, in words.
pub(crate) fn difference(ours: &Trace, theirs: &Trace) -> Option<String> {
    for (n, (mine, other)) in ours.lines.iter().zip(&theirs.lines).enumerate() {
        if mine != other {
            let at = if n == 0 { "at the beginning".to_owned() } else { format!("after item {n} of the script") };
            return Some(format!("{at}\n  huiyin: {mine}\n  xstate: {other}"));
        }
    }
    if theirs.excluded.is_some() {
        return None;
    }
    let shape = |trace: &Trace| (trace.lines.len(), trace.end.clone());
    (shape(ours) != shape(theirs)).then(|| {
        let [mine, other] = [ours, theirs].map(|t| format!("{} lines, then {:?}", t.lines.len(), t.end));
        format!("at the end\n  huiyin: {mine}\n  xstate: {other}")
    })
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`; expected a whole number")))
}

#[test]
fn generated_charts_run_as_in_xstate() {
    install();
    let first = number("HUIYIN_XSTATE_SEED", 20_260_101);
    let count = number("HUIYIN_XSTATE_CHARTS", harness::size(300, 1500));
    println!("{count} charts from seed {first} (HUIYIN_XSTATE_SEED, HUIYIN_XSTATE_CHARTS)");
    let mut seen = BTreeMap::new();
    let cases: Vec<Case> = (first..first + count).map(|seed| generate::case(seed, &mut seen)).collect();
    let answers = theirs(&cases);

    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let (mut lines, mut actions, mut endless, mut failing) = (0, 0, 0, Vec::new());
    for case in &cases {
        let mine = ours::run(case).unwrap_or_else(|problem| panic!("seed {}: {problem}\n{}", case.name, case.line()));
        let other = &answers[&case.name];
        let broken = other.end.as_deref().filter(|end| *end != "endless");
        assert!(broken.is_none(), "seed {}: XState: {}\n{}", case.name, broken.unwrap_or_default(), case.line());
        if let Some(name) = &other.excluded {
            assert!(EXCLUDED.contains(&name.as_str()), "{name} is not among the listed differences");
            *met.entry(name.clone()).or_default() += 1;
        }
        endless += usize::from(mine.end.is_some());
        lines += other.lines.len();
        actions += other.lines.iter().map(|line| line["actions"].as_array().map_or(0, Vec::len)).sum::<usize>();
        if difference(&mine, other).is_some() {
            failing.push(case);
        }
    }
    for feature in FEATURES {
        println!("{:>6} charts with {feature}", seen.get(feature).copied().unwrap_or(0));
    }
    println!("{lines} configurations and {actions} actions compared; {endless} charts loop and both sides say so");
    println!("stopped at a listed difference: {met:?}");
    let names: Vec<&str> = failing.iter().map(|case| case.name.as_str()).collect();
    println!("{} of {count} charts differ: {names:?}", names.len());
    if let Some(case) = failing.first() {
        panic!("{}", smaller::shown(case));
    }
    if count >= 300 {
        for feature in FEATURES {
            assert!(seen.get(feature).is_some_and(|n| *n > 0), "no chart has {feature}");
        }
        let kept = met.values().sum::<usize>();
        assert!(
            kept * harness::size(8, 10) < cases.len(),
            "{kept} of {count} charts stop at a listed difference: too many to prove anything"
        );
    }
}
