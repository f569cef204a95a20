//! Measures the engine, each figure beside what the bare database does in the same run.
//!
//! `engine_bench transitions|timers sqlite|postgres`, `engine_bench fleet`. The database is private and thrown away: a file in the folder for
//! temporary files, or a PostgreSQL server of its own; both wait for the disk at every commit. The load generator runs
//! in the same process, so that it takes its share of the same processors.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod fleet;
mod house;
mod raw;
mod timers;
mod transitions;

use house::{House, Store};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let store = |word: &str| match word {
        "sqlite" => Store::Sqlite,
        "postgres" => Store::Postgres,
        other => panic!("expected sqlite or postgres, found `{other}`"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match words.as_slice() {
        ["transitions", on] => runtime.block_on(transitions::measure(&House::new(store(on)))),
        ["timers", on] => runtime.block_on(timers::measure(&House::new(store(on)))),
        ["fleet"] => runtime.block_on(fleet::measure(&House::new(Store::Postgres))),
        ["worker", url, folder, nats] => runtime.block_on(fleet::worker(url, folder.as_ref(), nats)),
        ["idle", url, folder] => runtime.block_on(timers::idle(url, folder)),
        _ => panic!("usage: engine_bench transitions|timers sqlite|postgres, or engine_bench fleet"),
    }
}

/// One line of the report: what, how much, the raw limit, the ratio, what was asked for, and whether it holds.
pub(crate) fn figure(name: &str, value: f64, unit: &str, raw: Option<f64>, target: &str, holds: bool) {
    let raw_text = raw.map_or(String::new(), |raw| format!("raw {raw:.1} {unit}, ratio {:.2}", value / raw));
    let verdict = if holds { "holds" } else { "FALLS SHORT" };
    println!("{name:<58} {value:>12.1} {unit:<14} {raw_text:<42} target {target}: {verdict}");
}
