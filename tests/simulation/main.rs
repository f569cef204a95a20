//! A seeded simulation: the shipped workflows alone on `chart::step`, on virtual time, with people who do anything they
//! may or nothing, linked cases that send what they like, steps that are thrown away and done again, and a clock that
//! jumps forward and asks for times that lie back. After every step it is looked whether a case rests where `check`
//! says that none can, and whether the promises of a district hold.
//!
//! `HUIYIN_SEED` repeats a run (each case has a seed of its own, printed with a failure), `HUIYIN_CASES` says how many
//! cases; without it, as many as fit in a quarter of a minute, and never fewer than 25 of each workflow on average (with
//! `HUIYIN_THOROUGH=1` a minute and a hundred). A failing case is made smaller before it is printed.
#![allow(missing_docs, clippy::unwrap_used, unreachable_pub)]

mod life;
mod people;
mod script;
mod watch;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use life::{Count, Life};
use script::Script;
use watch::Failure;
use world::World;

/// What one worker found.
#[derive(Default)]
struct Found {
    cases: u64,
    opened: u64,
    count: Count,
    rested: BTreeMap<String, BTreeSet<(Vec<u16>, bool)>>,
}

#[test]
fn no_case_rests_where_check_says_that_none_can() {
    let world = World::shipped();
    let number =
        |name: &str| std::env::var(name).ok().map(|n| n.parse::<u64>().unwrap_or_else(|e| panic!("{name}: {e}")));
    let seed = number("HUIYIN_SEED").unwrap_or(20_261_124);
    let wanted = number("HUIYIN_CASES");
    eprintln!("HUIYIN_SEED={seed}");
    let (began, span) = (Instant::now(), Duration::from_secs(harness::size(15, 60)));
    let next = AtomicU64::new(0);
    let stop = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let work = || {
        let mut found = Found::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let enough = wanted.map_or(began.elapsed() > span, |wanted| number >= wanted);
            if enough || stop.load(Ordering::Relaxed) > 0 {
                return Ok(found);
            }
            if let Err(said) = one(&world, seed.wrapping_add(number), &mut found) {
                stop.store(1, Ordering::Relaxed);
                return Err(said);
            }
        }
    };
    let all: Vec<Result<Found, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut sum = Found::default();
    for found in all {
        let found = found.unwrap_or_else(|said| panic!("{said}"));
        sum.cases += found.cases;
        sum.opened += found.opened;
        sum.count.add(&found.count);
        for (workflow, rested) in found.rested {
            sum.rested.entry(workflow).or_default().extend(rested);
        }
    }
    tell(&world, &sum, began.elapsed());
    let least = harness::size(25, 100) * world.workflows.len() as u64;
    assert!(sum.cases >= wanted.unwrap_or(least), "only {} cases", sum.cases);
    assert!(sum.opened * 10 > sum.cases * 9, "only {} of {} cases could be opened", sum.opened, sum.cases);
    let count = &sum.count;
    let each = [
        count.rungs,
        count.refused,
        count.crashes,
        count.back,
        count.jumps,
        count.linked,
        count.closed,
        count.promises,
    ];
    assert!(each.iter().all(|n| *n > 0), "something never happened: {count:?}");
}

/// One case: made up and lived at once, so that people can do what is possible now.
fn one(world: &World, seed: u64, found: &mut Found) -> Result<(), String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut script = people::begin(world, &mut rng);
    let mut life = Life::new(world, &script);
    let lived = catch_unwind(AssertUnwindSafe(|| lives(&mut life, &mut script, &mut rng)));
    let failure = match lived {
        Ok(Ok(())) => {
            found.cases += 1;
            found.opened += u64::from(life.case.seq > 0);
            found.count.add(&life.count);
            found.rested.entry(life.workflow.name.clone()).or_default().append(&mut life.rested);
            return Ok(());
        }
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new("panic", "the step itself panicked; its words stand above".into()),
    };
    Err(told(world, seed, script, &failure))
}

fn lives(life: &mut Life<'_>, script: &mut Script, rng: &mut StdRng) -> Result<(), Failure> {
    let Some(open) = people::open(life, rng) else { return Ok(()) };
    script.acts.push(open.clone());
    life.act(&open)?;
    for _ in 0..rng.random_range(1..24) {
        if life.case.config.done {
            break;
        }
        let act = people::next(life, script.nobody, rng);
        script.acts.push(act.clone());
        life.act(&act)?;
    }
    life.end(script.nobody)
}

/// The failure with the smallest script that still shows it.
fn told(world: &World, seed: u64, script: Script, failure: &Failure) -> String {
    let whole = script.acts.len();
    let fails = |script: &Script| match catch_unwind(AssertUnwindSafe(|| Life::replay(world, script).map(drop))) {
        Ok(Ok(())) => false,
        Ok(Err(other)) => other.rule == failure.rule,
        Err(_) => failure.rule == "panic",
    };
    let script = script.smaller(&fails);
    let seen = match catch_unwind(AssertUnwindSafe(|| Life::replay(world, &script).map(drop))) {
        Ok(Err(failure)) => failure.seen,
        _ => failure.seen.clone(),
    };
    format!(
        "HUIYIN_SEED={seed} HUIYIN_CASES=1: workflow {}, rule “{}”: {seen}\n{} of {whole} acts, beginning {} s into the world, nobody acts: {}\n{}",
        world.workflows[script.workflow].name,
        failure.rule,
        script.acts.len(),
        script.begins,
        script.nobody,
        script.text()
    )
}

fn tell(world: &World, found: &Found, took: Duration) {
    let Found { cases, opened, count, .. } = found;
    let rate = |n: u64| n as f64 / took.as_secs_f64();
    eprintln!(
        "{cases} cases ({opened} opened, {} closed) in {took:.1?}: {:.0} cases and {:.0} steps a second\n{} steps, {} refused, \
         {} rungs, {} steps thrown away and done again, {} times asked for that lie back, {} jumps, {} events of linked \
         cases, {} promises kept though nobody acted",
        count.closed,
        rate(*cases),
        rate(count.steps),
        count.steps,
        count.refused,
        count.rungs,
        count.crashes,
        count.back,
        count.jumps,
        count.linked,
        count.promises
    );
    for workflow in &world.workflows {
        let rested = found.rested.get(&workflow.name).map_or(0, BTreeSet::len);
        eprintln!("  {}: rested in {rested} of {} possible configurations", workflow.name, workflow.possible.count());
    }
}

#[test]
fn a_failing_script_is_made_smaller() {
    use script::Act;
    let acts = (0..40).map(|n| Act::Run { seconds: n }).collect();
    let script = Script { workflow: 0, begins: 0, nobody: false, acts };
    let needs =
        |script: &Script, n: i64| script.acts.iter().any(|act| matches!(act, Act::Run { seconds } if *seconds == n));
    let small = script.smaller(&|script| needs(script, 7) && needs(script, 31));
    // The first act, which opens the case, is always kept.
    assert_eq!(small.text(), "{\"Run\":{\"seconds\":0}}\n{\"Run\":{\"seconds\":7}}\n{\"Run\":{\"seconds\":31}}");
}
