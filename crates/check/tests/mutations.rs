//! Good definitions are broken in every way of a kind, one mutation at a time, and the check must name the line.
//!
//! Each mutation states by itself, from the text alone, whether it *must* be refused and on which line. One that need
//! not be refused may pass, and then it is harmless; why, is said at its kind:
//!
//! - `owner`: a state around it, or the workflow, still has an owner, and owners are inherited.
//! - `clock`: another clock runs in every state where it ran. Which one the law wants nobody can know but the writer.
//! - `transition`: every state is still entered and left by other ways; the office can do one thing less.
//! - `region`: it inherits the owner around it and is covered by a clock of the whole case, and it can be left.
//! - `pause`: another clock runs on in that state.
//! - `inverted`: what is decided the other way round is which paper is drawn up or which branch of the work is taken; every
//!   state is still reached, owned and timed. Only conditions on control fields are inverted.
//! - `fallback`: the branches that are left decide every case, or one is left and is a gate.
//! - `widened`: the state lies behind the disposal anyway.
//!
//! Of the longer workflows a seeded sample is tried, 12 of each, of the kinds that were tried least before, or 80 with
//! `HUIYIN_THOROUGH=1`; `HUIYIN_MUTATIONS=all` tries every one, `HUIYIN_SEED` another sample.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod house;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use huiyin_check::{Names, check};
use tree::{Path, Tree};

/// One broken definition.
struct Mutant {
    kind: &'static str,
    what: String,
    tree: Tree,
    /// It must be refused, and one problem stands on the line of this part.
    must: Option<Path>,
}

/// What is said about a text: (line, state) of every problem; empty when it passes.
fn problems(name: &str, text: &str, names: &Names) -> (Vec<u32>, String) {
    match house::load(name, text) {
        Err(found) => (found.0.iter().map(|each| each.place.line).collect(), found.to_string()),
        Ok(definition) => {
            let report = check(&definition, names);
            (report.problems.iter().map(|each| each.place.line).collect(), report.to_string())
        }
    }
}

fn path(steps: &[&str]) -> Path {
    steps.iter().map(|&s| s.to_owned()).collect()
}

fn join(path: &[String], step: &str) -> Path {
    path.iter().cloned().chain([step.to_owned()]).collect()
}

/// Paths of all states, the root's first.
fn states(tree: &Tree) -> Vec<Path> {
    let mut found = vec![Path::new()];
    let mut at = 0;
    while at < found.len() {
        let below = join(&found[at], "states");
        if let Some(Tree::Map(entries)) = tree.at(&below) {
            found.extend(entries.iter().map(|(key, _)| join(&below, key)));
        }
        at += 1;
    }
    found
}

fn has(tree: &Tree, state: &[String], key: &str) -> bool {
    tree.at(&join(state, key)).is_some()
}

/// A state in which a case waits: no states inside, not final, not history, nothing that leaves it at once.
fn waits(tree: &Tree, state: &[String]) -> bool {
    let kind = tree.at(&join(state, "type")).and_then(Tree::as_text);
    !state.is_empty()
        && !has(tree, state, "states")
        && !has(tree, state, "always")
        && !has(tree, state, "history")
        && kind.is_none_or(|kind| kind == "atomic")
}

/// Does a state around this one (the root included) have an owner?
fn owned_from_outside(tree: &Tree, state: &[String]) -> bool {
    (0..state.len()).step_by(2).any(|end| has(tree, &state[..end], "owner"))
}

fn owners(tree: &Tree, found: &mut Vec<Mutant>) {
    for state in states(tree) {
        if !has(tree, &state, "owner") {
            continue;
        }
        let changed = tree.without(&join(&state, "owner"));
        let bare = states(&changed).into_iter().find(|other| {
            other.starts_with(&state)
                && waits(&changed, other)
                && !has(&changed, other, "owner")
                && !owned_from_outside(&changed, other)
        });
        found.push(Mutant { kind: "owner", what: format!("{state:?} without owner"), tree: changed, must: bare });
    }
}

fn clock_names(tree: &Tree) -> Vec<String> {
    match tree.at(&path(&["clocks"])) {
        Some(Tree::Map(entries)) => entries.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Does time itself move a case on by an event that is raised later?
fn delayed_raise(tree: &Tree) -> bool {
    tree.parts().iter().any(|(path, _)| path.ends_with(&["raise".to_owned(), "after".to_owned()]))
}

fn clocks(tree: &Tree, found: &mut Vec<Mutant>) {
    let all = clock_names(tree);
    for name in &all {
        let clock = path(&["clocks", name]);
        let changed = tree.without(&clock);
        // The only clock: wherever it ran nothing runs now. States that wait without a delay of their own are named.
        let bare = states(tree).into_iter().find(|state| waits(tree, state) && !has(tree, state, "after"));
        let must = if all.len() == 1 && !delayed_raise(tree) { bare } else { None };
        found.push(Mutant { kind: "clock", what: format!("no clock {name}"), tree: changed, must });

        let ladder = join(&clock, "ladder");
        if let Some(Tree::List(rungs)) = tree.at(&ladder) {
            let last = join(&ladder, &(rungs.len() - 1).to_string());
            let changed = tree.without(&last);
            found.push(Mutant {
                kind: "repeat",
                what: format!("{name} ends in silence"),
                tree: changed,
                must: Some(clock.clone()),
            });
        }
        let changed = tree.without(&ladder);
        found.push(Mutant {
            kind: "ladder",
            what: format!("{name} without ladder"),
            tree: changed,
            must: Some(clock.clone()),
        });
        let never = Tree::flow("{event: zz.never}");
        let changed = tree.set(&join(&clock, "starts"), never);
        let at = if has(tree, &[], "events") { join(&clock, "starts") } else { clock.clone() };
        // Where a state takes every event, this one happens too.
        let takes_all = tree.parts().iter().any(|(path, _)| path.ends_with(&["on".to_owned(), "*".to_owned()]));
        let must = (!takes_all).then_some(at);
        found.push(Mutant { kind: "start", what: format!("{name} never starts"), tree: changed, must });
        for key in ["within", "starts", "met_by"] {
            if has(tree, &clock, key) && (key != "within" || !(has(tree, &clock, "limit") || has(tree, &clock, "due")))
            {
                let changed = tree.without(&join(&clock, key));
                found.push(Mutant {
                    kind: "part",
                    what: format!("{name} without {key}"),
                    tree: changed,
                    must: Some(clock.clone()),
                });
            }
        }
    }
}

/// Lists of transitions: every entry of `on` and `after`, and `always`.
fn transition_lists(tree: &Tree) -> Vec<Path> {
    let mut found = Vec::new();
    for state in states(tree) {
        for key in ["on", "after"] {
            if let Some(Tree::Map(entries)) = tree.at(&join(&state, key)) {
                found.extend(entries.iter().map(|(event, _)| join(&join(&state, key), event)));
            }
        }
        if has(tree, &state, "always") {
            found.push(join(&state, "always"));
        }
    }
    found
}

/// Parts that are targets, with their text.
fn targets(tree: &Tree) -> Vec<(Path, String)> {
    let lists = transition_lists(tree);
    let of_transition = |path: &Path| {
        let last = path.last().map_or("", String::as_str);
        lists.iter().any(|list| {
            path.starts_with(list)
                && (path == list
                    || (path.len() == list.len() + 1 && (last == "target" || last.parse::<usize>().is_ok()))
                    || (path.len() == list.len() + 2 && last == "target" && path[list.len()].parse::<usize>().is_ok()))
        })
    };
    let parts = tree.parts().into_iter();
    parts.filter(|(path, _)| of_transition(path)).filter_map(|(path, part)| Some((path, part.as_text()?))).collect()
}

fn transitions(tree: &Tree, found: &mut Vec<Mutant>) {
    let all = targets(tree);
    let id = |state: &Path| tree.at(&join(state, "id")).and_then(Tree::as_text);
    let states: Vec<(Path, Option<String>)> =
        states(tree).into_iter().map(|state| (state.clone(), id(&state))).collect();
    let named = |(state, id): &(Path, Option<String>), text: &str| {
        let last = text.trim_start_matches('#').rsplit('.').next().unwrap();
        Some(last) == state.last().map(String::as_str) || Some(last) == id.as_deref()
    };
    let of_transitions: BTreeSet<&Path> = all.iter().map(|(path, _)| path).collect();
    // What states begin with, and other words for where to go.
    let begins: Vec<String> = tree
        .parts()
        .into_iter()
        .filter(|(path, _)| matches!(path.last().map(String::as_str), Some("initial" | "target")))
        .filter(|(path, _)| !of_transitions.contains(path))
        .filter_map(|(_, part)| part.as_text())
        .collect();
    for list in transition_lists(tree) {
        let changed = tree.without(&list);
        let lost: BTreeSet<&String> = all.iter().filter(|(p, _)| p.starts_with(&list)).map(|(_, text)| text).collect();
        let kept: Vec<&String> = all.iter().filter(|(p, _)| !p.starts_with(&list)).map(|(_, text)| text).collect();
        // A state that only this way led to, whose neighbours do not begin with it.
        let orphan = states.iter().skip(1).find(|one| {
            let state = &one.0;
            let initial = begins.iter().any(|text| named(one, text));
            let region = state.len() > 2
                && tree
                    .at(&join(&state[..state.len() - 2], "type"))
                    .and_then(Tree::as_text)
                    .is_some_and(|t| t == "parallel");
            let within = |text: &&String| named(one, text);
            let inside = || {
                states.iter().any(|inner| {
                    inner.0.len() > state.len()
                        && inner.0.starts_with(state)
                        && kept.iter().any(|text| named(inner, text))
                })
            };
            lost.iter().any(within) && !initial && !region && !kept.iter().any(within) && !inside()
        });
        let orphan = orphan.map(|(state, _)| state.clone());
        found.push(Mutant { kind: "transition", what: format!("no {list:?}"), tree: changed, must: orphan });
    }
    for (path, text) in &all {
        let changed = tree.set(path, Tree::text("zz_nowhere"));
        let line = if path.last().unwrap().parse::<usize>().is_ok() || tree.at(path).is_some() {
            path.clone()
        } else {
            continue;
        };
        found.push(Mutant { kind: "target", what: format!("{text} renamed"), tree: changed, must: Some(line) });
    }
    for (path, _) in tree.parts() {
        if path.last().is_some_and(|key| key == "guard") {
            let changed = tree.set(&path, Tree::text("false"));
            found.push(Mutant { kind: "guard", what: format!("{path:?} is false"), tree: changed, must: Some(path) });
        }
    }
}

fn unreachable(tree: &Tree, found: &mut Vec<Mutant>) {
    for state in states(tree) {
        let below = join(&state, "states");
        let Some(Tree::Map(_)) = tree.at(&below) else { continue };
        let parallel = tree.at(&join(&state, "type")).and_then(Tree::as_text).is_some_and(|kind| kind == "parallel");
        if parallel {
            let region = "{initial: zz_lone, states: {zz_lone: {on: {zz.never: zz_lone}}}}";
            let changed = tree.with(&below, "zz_region", Tree::flow(region));
            let lone: Path = join(&join(&join(&below, "zz_region"), "states"), "zz_lone");
            let must = if has(tree, &[], "events") {
                Some(join(&join(&lone, "on"), "zz.never"))
            } else {
                (!owned_from_outside(&changed, &lone)).then_some(lone)
            };
            found.push(Mutant { kind: "region", what: format!("a region more in {state:?}"), tree: changed, must });
            continue;
        }
        let event = transition_lists(tree).into_iter().find_map(|list| {
            let (last, before) = list.split_last()?;
            (before.last()? == "on" && !last.contains('*')).then(|| last.clone())
        });
        let lost = Tree::flow("{owner: 'role:dispatcher', on: {zz: zz_lost}}");
        let lost = Tree::read(
            &lost.write().0.replace("\"zz\"", &serde_json::to_string(&event.unwrap_or("zz".into())).unwrap()),
        );
        let changed = tree.with(&below, "zz_lost", lost);
        found.push(Mutant {
            kind: "unreachable",
            what: format!("zz_lost in {state:?}"),
            tree: changed,
            must: Some(join(&below, "zz_lost")),
        });
    }
}

fn names_of_nobody(tree: &Tree, found: &mut Vec<Mutant>) {
    for (at, part) in tree.parts() {
        let last = at.last().map_or("", String::as_str);
        let in_form = at.iter().any(|step| step == "form" || step == "data" || step == "title");
        if in_form {
            continue;
        }
        if last == "notify" {
            for nobody in ["role:zz_nobody", "unit:zz_nobody"] {
                let changed = tree.set(&at, Tree::text(nobody));
                found.push(Mutant {
                    kind: "recipient",
                    what: format!("{at:?} to {nobody}"),
                    tree: changed,
                    must: Some(at.clone()),
                });
            }
        }
        if matches!(last, "template" | "document" | "sends") && part.as_text().is_some() {
            let changed = tree.set(&at, Tree::text("zz-no-such-paper"));
            found.push(Mutant { kind: "paper", what: format!("{at:?}"), tree: changed, must: Some(at.clone()) });
        }
        if last == "owner" || last == "approved_by" {
            let changed = tree.set(&at, Tree::text("role:zz_nobody"));
            found.push(Mutant { kind: "party", what: format!("{at:?}"), tree: changed, must: Some(at.clone()) });
        }
        if last == "raise" && part.as_text().is_some() {
            let changed = tree.set(&at, Tree::text("zz.never"));
            let rung: Path = at[..at.len() - 1].to_vec();
            found.push(Mutant { kind: "raise", what: format!("{at:?}"), tree: changed, must: Some(rung) });
        }
        if last == "entered" {
            let changed = tree.set(&at, Tree::text("zz_nowhere"));
            found.push(Mutant { kind: "entered", what: format!("{at:?}"), tree: changed, must: Some(at.clone()) });
        }
    }
}

fn pauses(tree: &Tree, found: &mut Vec<Mutant>) {
    let all = clock_names(tree);
    for name in &all {
        let clock = path(&["clocks", name]);
        for state in states(tree) {
            if !waits(tree, &state) || has(tree, &state, "after") || has(tree, &clock, "pauses_in") {
                continue;
            }
            let id = tree.at(&join(&state, "id")).and_then(Tree::as_text);
            let below: Vec<&str> = state.iter().map(String::as_str).filter(|step| *step != "states").collect();
            let id = id.unwrap_or_else(|| below.join("."));
            let changed = tree.with(&clock, "pauses_in", Tree::List(vec![Tree::text(&id)]));
            let must = (all.len() == 1 && !delayed_raise(tree)).then(|| state.clone());
            found.push(Mutant { kind: "pause", what: format!("{name} stands still in {id}"), tree: changed, must });
        }
    }
}

/// Paths of control fields: `enum`, `boolean`, bounded `integer` in the schema of the data.
fn control_fields(file: &str, text: &str) -> BTreeSet<String> {
    house::load(file, text).map(|definition| definition.data.control.keys().cloned().collect()).unwrap_or_default()
}

fn guards(tree: &Tree, control: &BTreeSet<String>, found: &mut Vec<Mutant>) {
    for (path, part) in tree.parts() {
        let Some(guard) = part.as_text().filter(|_| path.last().is_some_and(|key| key == "guard")) else { continue };
        let reads: Vec<&str> = guard.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).collect();
        let only_control = reads
            .iter()
            .filter(|word| word.contains('.'))
            .all(|word| word.strip_prefix("data.").is_some_and(|path| control.contains(path)));
        if only_control && guard.contains("data.") {
            let changed = tree.set(&path, Tree::text(&format!("!({guard})")));
            found.push(Mutant { kind: "inverted", what: format!("{path:?}: !({guard})"), tree: changed, must: None });
        }
    }
    for list in transition_lists(tree) {
        let Some(Tree::List(branches)) = tree.at(&list) else { continue };
        let guarded = |branch: &Tree| branch.at(&path(&["guard"])).is_some();
        let (Some(last), true) = (branches.last(), branches.len() > 1) else { continue };
        if !guarded(last) {
            let changed = tree.without(&join(&list, &(branches.len() - 1).to_string()));
            found.push(Mutant {
                kind: "fallback",
                what: format!("{list:?} without its last"),
                tree: changed,
                must: None,
            });
        }
    }
}

/// Ways straight to where nobody may come without a disposal.
fn widened(tree: &Tree, found: &mut Vec<Mutant>) {
    let Some(Tree::List(claims)) = tree.at(&path(&["targets"])) else { return };
    for (number, claim) in claims.iter().enumerate() {
        let (Some(never), Some(without)) = (claim.at(&path(&["never"])), claim.at(&path(&["without"]))) else {
            continue;
        };
        let (Some(never), Some(without)) = (never.as_text(), without.as_text()) else { continue };
        let named = |id: &str| {
            states(tree).into_iter().find(|state| {
                let own = tree.at(&join(state, "id")).and_then(Tree::as_text);
                own.as_deref() == Some(id) || state.last().is_some_and(|key| key == id)
            })
        };
        let (Some(goal), Some(before)) = (named(&never), named(&without)) else { continue };
        for (target, text) in targets(tree) {
            let source: Path =
                target.iter().take_while(|step| !matches!(step.as_str(), "on" | "after" | "always")).cloned().collect();
            let behind = source.starts_with(&before) || source.starts_with(&goal) || source.len() <= 2;
            let changed = tree.set(&target, Tree::text(&format!("#{never}")));
            let claim: Path = join(&path(&["targets"]), &number.to_string());
            let must = (!behind).then_some(claim);
            found
                .push(Mutant { kind: "widened", what: format!("{target:?}: {text} → {never}"), tree: changed, must });
        }
    }
}

fn mutants(tree: &Tree, control: &BTreeSet<String>) -> Vec<Mutant> {
    let mut found = Vec::new();
    owners(tree, &mut found);
    clocks(tree, &mut found);
    transitions(tree, &mut found);
    unreachable(tree, &mut found);
    names_of_nobody(tree, &mut found);
    pauses(tree, &mut found);
    guards(tree, control, &mut found);
    widened(tree, &mut found);
    found
}

/// Kinds of mutations.
const KINDS: usize = 20;

/// Some mutations of one workflow, drawn by the seed: those of the kinds that were tried least so far come first. A thorough
/// sample keeps all of the kinds that matter most.
fn sample(mut all: Vec<Mutant>, seed: u64, tried: &mut BTreeMap<&'static str, usize>) -> Vec<Mutant> {
    let most = harness::size(12, 80);
    if all.len() <= most || std::env::var("HUIYIN_MUTATIONS").is_ok_and(|which| which == "all") {
        return all;
    }
    // A small generator of its own: the order must be the same for ever.
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut drawn: Vec<(u64, Mutant)> = all.drain(..).map(|mutant| (draw(), mutant)).collect();
    drawn.sort_by_key(|(number, _)| *number);
    let mut of_kind = tried.clone();
    let mut rank = |mutant: &Mutant| {
        if harness::thorough() {
            return usize::from(!matches!(mutant.kind, "inverted" | "fallback" | "owner"));
        }
        let before = of_kind.entry(mutant.kind).or_default();
        *before += 1;
        *before
    };
    let mut ranked: Vec<(usize, Mutant)> = drawn.into_iter().map(|(_, mutant)| (rank(&mutant), mutant)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(most);
    let sample: Vec<Mutant> = ranked.into_iter().map(|(_, mutant)| mutant).collect();
    for mutant in &sample {
        *tried.entry(mutant.kind).or_default() += 1;
    }
    sample
}

/// What came of one mutation.
struct Verdict {
    file: String,
    kind: &'static str,
    what: String,
    must: bool,
    refused: bool,
    /// It must be refused on a line on which nothing was said.
    wrong: Option<String>,
}

fn verdict(file: &str, mutant: &Mutant, names: &Names) -> Verdict {
    let (text, places) = mutant.tree.write();
    let (lines, said) = problems(file, &text, names);
    let wrong = mutant.must.as_ref().and_then(|at| {
        let line = places.get(at).unwrap_or_else(|| panic!("{file}: {at:?} is not in the text"));
        let (kind, what) = (mutant.kind, &mutant.what);
        // What is missing in a part is said at its key or where its text begins, a line later in block style.
        (!lines.contains(line) && !lines.contains(&(line + 1)))
            .then(|| format!("{file}: {kind}: {what}: expected line {line} ({at:?}), said:\n{said}"))
    });
    let (kind, what) = (mutant.kind, mutant.what.clone());
    Verdict { file: file.to_owned(), kind, what, must: mutant.must.is_some(), refused: !lines.is_empty(), wrong }
}

#[test]
fn every_mutation_is_refused_on_its_line_or_harmless() {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    println!("seed {seed} (set HUIYIN_SEED to try another sample)");
    let names = house::names();
    let shipped = house::shipped().into_iter().map(|name| {
        let file = format!("{name}.yaml");
        let text = house::read(&file).unwrap();
        (file, text)
    });
    let (mut all, mut by_kind): (Vec<(String, Mutant)>, _) = (Vec::new(), BTreeMap::new());
    for (file, text) in shipped.chain(house::good()) {
        let tree = Tree::read(&text);
        let written = tree.write().0;
        let (lines, said) = problems(&file, &written, &names);
        assert!(lines.is_empty(), "{file} is good before it is changed:\n{said}\n{written}");
        let mutants = sample(mutants(&tree, &control_fields(&file, &written)), seed, &mut by_kind);
        all.extend(mutants.into_iter().map(|mutant| (file.clone(), mutant)));
    }
    // The dearest are next to each other: every second one to each thread.
    let share =
        |which: usize| all.iter().skip(which).step_by(2).map(|(file, m)| verdict(file, m, &names)).collect::<Vec<_>>();
    let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
        let other = scope.spawn(|| share(1));
        let mut verdicts = share(0);
        verdicts.extend(other.join().unwrap());
        verdicts
    });
    let tried = verdicts.len();
    let mut survived: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for verdict in &verdicts {
        if verdict.refused {
            *refused.entry(verdict.kind).or_default() += 1;
        } else if !verdict.must {
            survived.entry(verdict.kind).or_default().push(format!("{}: {}", verdict.file, verdict.what));
        }
    }
    println!("{tried} mutations; refused: {refused:?}");
    for (kind, list) in &survived {
        println!("harmless, {kind}: {}", list.len());
        for each in list {
            println!("    {each}");
        }
    }
    let wrong: Vec<&String> = verdicts.iter().filter_map(|verdict| verdict.wrong.as_ref()).collect();
    assert!(wrong.is_empty(), "{} of {tried} are not named:\n{wrong:#?}", wrong.len());
    let allowed: BTreeSet<&str> =
        ["owner", "clock", "transition", "region", "pause", "inverted", "fallback", "widened"].into();
    assert!(survived.keys().all(|kind| allowed.contains(kind)), "{:?}", survived.keys());
    assert!(tried >= harness::size(200, 800), "only {tried}");
    let kinds: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.kind).collect();
    assert_eq!(kinds.len(), KINDS, "not of every kind: {kinds:?}");
}
