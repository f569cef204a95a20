//! The invariants that can be read off the house itself: who may depend on what, who may ask for the time, and that every
//! test which ARCHITECTURE.md names is there. What needs a running system is tested elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates of the house, by the name of their folder.
fn crates() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates/")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert!(names.len() >= 9, "{names:?}");
    names
}

/// What a crate depends on outside its tests.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = read(&root().join("crates").join(name).join("Cargo.toml"));
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
    let lines = section.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| Some(line.split(['.', ' ', '=']).next()?.to_owned()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Product files of a crate with their lines that are neither comments nor below `#[cfg(test)]`.
fn product_lines(name: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&root().join("crates").join(name).join("src"), &mut files);
    let mut lines = Vec::new();
    for file in files {
        let short = file.strip_prefix(root()).expect("in the house").display().to_string();
        let text = read(&file);
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            lines.push((short.clone(), line.to_owned()));
        }
    }
    lines
}

/// Files outside `allowed` in which one of the words stands.
fn uses(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in crates() {
        for (file, line) in product_lines(&name) {
            if words.iter().any(|word| line.contains(word)) && !allowed.contains(&file.as_str()) {
                found.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    found
}

#[test]
fn chart_check_and_calendar_know_no_clock_no_io_and_no_async_runtime() {
    let outside = ["tokio", "sqlx", "reqwest", "axum", "lettre", "async-nats", "rand", "futures-util"];
    for name in ["chart", "check", "calendar", "water", "hj212"] {
        let found: Vec<String> = dependencies(name).into_iter().filter(|dep| outside.contains(&dep.as_str())).collect();
        assert!(found.is_empty(), "{name} depends on {found:?}");
        for (file, line) in product_lines(name) {
            let asks =
                ["std::fs", "std::net", "std::env", "std::process", "async fn", "SystemTime", "Utc::now", "Local::now"];
            assert!(!asks.iter().any(|word| line.contains(word)), "{file}: {line}");
        }
    }
}

#[test]
fn only_journal_contains_sql_only_bus_names_nats_only_notify_names_smtp() {
    for name in crates() {
        let dependencies = dependencies(&name);
        let has = |dep: &str| dependencies.iter().any(|name| name == dep);
        assert!(!has("sqlx") || name == "journal", "{name} depends on sqlx");
        assert!(!has("async-nats") || name == "bus", "{name} depends on async-nats");
        assert!(!has("lettre") || name == "notify", "{name} depends on lettre");
        if name != "journal" {
            for (file, line) in product_lines(&name) {
                let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE cases"];
                assert!(!sql.iter().any(|word| line.contains(word)), "{file}: {line}");
            }
        }
    }
}

#[test]
fn nothing_but_the_clocks_asks_the_system_for_the_time_of_day() {
    // The engine's clock; its comparison with the database's time; the wall clock that sign-in is given.
    let allowed = ["crates/engine/src/clock.rs", "crates/engine/src/watch.rs", "crates/web/src/app.rs"];
    let found = uses(&["Utc::now", "Local::now", "SystemTime::now", "now_v7"], &allowed);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nothing_but_the_injected_sources_asks_for_randomness() {
    // Ids of the engine, keys of the store, secrets of sign-in: each made where the process is put together.
    let allowed = ["crates/engine/src/ids.rs", "crates/journal/src/store/open.rs", "crates/web/src/app.rs"];
    let found = uses(&["thread_rng", "rand::rng()", "OsRng", "SysRng", "new_v4"], &allowed);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut without = Vec::new();
    for name in crates() {
        let mut files = Vec::new();
        sources(&root().join("crates").join(&name).join("src"), &mut files);
        without.extend(files.into_iter().filter(|file| !read(file).starts_with("//!")));
    }
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn no_example_stands_in_a_comment_where_nothing_runs_it() {
    // Tests in comments are off (`doctest = false`): each would be a program of its own. Data may stand in a comment.
    let data = ["json", "yaml", "text", "toml", "sql", "sh"];
    let mut found = Vec::new();
    for name in crates() {
        let home = root().join("crates").join(&name);
        let library = home.join("src/lib.rs").exists();
        assert!(!library || read(&home.join("Cargo.toml")).contains("doctest = false"), "{name}");
        let mut files = Vec::new();
        sources(&root().join("crates").join(&name).join("src"), &mut files);
        for file in files {
            let text = read(&file);
            let mut open = false;
            for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("//")) {
                let Some(language) = line.trim_start_matches(['/', '!']).trim_start().strip_prefix("```") else {
                    continue;
                };
                open = !open;
                if open && !data.contains(&language) {
                    found.push(format!("{}: {line}", file.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "a test in tests/ is run: {found:#?}");
}

#[test]
fn every_index_says_what_asks_for_it_and_sqlite_lacks_none_of_postgresql() {
    let indexes = |database: &str| {
        let mut found = Vec::new();
        let mut files: Vec<PathBuf> = fs::read_dir(root().join("migrations").join(database))
            .expect("migrations")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        for file in files {
            let (text, mut explained) = (read(&file), false);
            for line in text.lines().filter(|line| !line.is_empty()) {
                if let Some((_, rest)) = line.split_once(" INDEX ").filter(|_| line.starts_with("CREATE ")) {
                    assert!(explained, "{}: no comment above says what asks for it: {line}", file.display());
                    found.push(rest.split(' ').next().unwrap_or_default().to_owned());
                } else {
                    explained = line.starts_with("--");
                }
            }
        }
        assert!(found.len() > 30, "{found:?}");
        found
    };
    let sqlite = indexes("sqlite");
    let lacking: Vec<String> = indexes("postgres").into_iter().filter(|name| !sqlite.contains(name)).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let section =
        text.split("## Invariants").nth(1).expect("the section Invariants").split("\n## ").next().expect("it");
    let mut named = 0;
    for (number, item) in (1..).zip(section.split("\n").filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))) {
        let tests: Vec<&str> = item.split('`').filter(|part| part.contains("::")).collect();
        assert!(!tests.is_empty(), "invariant {number} names no test `file::test`: {item}");
        for test in tests {
            let (file, name) = test.rsplit_once("::").expect("file::test");
            let text = read(&root().join(file));
            assert!(text.contains(&format!("fn {name}(")), "invariant {number}: {file} has no test {name}");
            named += 1;
        }
    }
    assert!(named >= 13, "only {named} tests are named");
}
