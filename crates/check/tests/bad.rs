//! Bad definitions of every kind: each must be refused with a message that names the file, the line, the state and the
//! cure. What is expected stands at the head of each file in `bad/`:
//!
//!     # bad: what is wrong with it, for readers
//!     # line: 7
//!     # state: assigned            (where it is about a state)
//!     # problem: a part of what must be said
//!     # cure: a part of what must be advised
//!
//! A line `# times 70000: text` stands for so many lines of the text, with `{n}` counting. The test says for every file
//! what is missing. Messages that are not good enough yet are listed in `NOT_YET`: the list may only become shorter.
use crate::house;

use std::path::Path;

use huiyin_check::check;

/// Files whose message is still missing, on another line or of no help, and what is said today.
const NOT_YET: &[(&str, &str)] = &[];

/// What stands at the head of a file.
#[derive(Debug, Default)]
struct Expected {
    line: u32,
    state: Option<String>,
    problem: String,
    cure: String,
}

/// One thing that was said.
#[derive(Debug)]
struct Said {
    file: String,
    line: u32,
    /// Id of the state, or the path in the file.
    state: String,
    problem: String,
    cure: String,
}

fn expected(text: &str) -> Expected {
    let mut found = Expected::default();
    for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
        match line.split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("line", value)) => found.line = value.parse().unwrap(),
            Some(("state", value)) => found.state = Some(value.to_owned()),
            Some(("problem", value)) => found.problem = value.to_owned(),
            Some(("cure", value)) => found.cure = value.to_owned(),
            _ => {}
        }
    }
    found
}

/// The file as it is meant, with repeated lines written out.
fn written_out(text: &str) -> String {
    let mut all = String::new();
    for line in text.lines() {
        let times = line.strip_prefix("# times ").and_then(|rest| rest.split_once(": "));
        let Some((times, repeated)) = times else {
            all += line;
            all.push('\n');
            continue;
        };
        for n in 0..times.parse::<u32>().unwrap() {
            all += &repeated.replace("{n}", &n.to_string());
            all.push('\n');
        }
    }
    all
}

fn said(name: &str, text: &str) -> Vec<Said> {
    match house::load(name, text) {
        Err(problems) => problems
            .0
            .into_iter()
            .map(|each| Said {
                file: each.place.file.to_string(),
                line: each.place.line,
                state: each.path,
                problem: each.problem,
                cure: each.cure,
            })
            .collect(),
        Ok(definition) => check(&definition, &house::names())
            .problems
            .into_iter()
            .map(|each| Said {
                file: each.place.file.to_string(),
                line: each.place.line,
                state: each.state.unwrap_or_default(),
                problem: each.problem,
                cure: each.cure,
            })
            .collect(),
    }
}

/// Does a message name the state: by its id, or by the path to it?
fn about(said: &Said, state: &str) -> bool {
    said.state == state || said.state.split('.').any(|step| step == state) || said.state.ends_with(state)
}

/// What is missing, if something is.
fn missing(name: &str, expected: &Expected, said: &[Said]) -> Option<String> {
    let all =
        || said.iter().map(|each| format!("    {}: [{}] {} | {}", each.line, each.state, each.problem, each.cure));
    let shown = || all().take(4).collect::<Vec<_>>().join("\n");
    if said.is_empty() {
        return Some("it is not refused".into());
    }
    let good = |each: &&Said| {
        each.file == name
            && each.line == expected.line
            && expected.state.as_ref().is_none_or(|state| about(each, state))
            && each.problem.contains(&expected.problem)
            && each.cure.contains(&expected.cure)
            && !each.problem.is_empty()
            && !each.cure.is_empty()
    };
    (!said.iter().any(|each| good(&each))).then(|| format!("expected {expected:?}, said:\n{}", shown()))
}

#[test]
fn every_bad_definition_is_refused_with_file_line_state_and_cure() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut now_good) = (String::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let expected = expected(&text);
        assert!(text.starts_with("# bad: ") && expected.line > 0, "{name} says nothing of what is expected");
        let missing = missing(&name, &expected, &said(&name, &written_out(&text)));
        let listed = NOT_YET.iter().any(|(file, _)| *file == name);
        match missing {
            Some(missing) if listed => println!("{name}: not yet: {missing}"),
            Some(missing) => wrong += &format!("{name}: {missing}\n"),
            None if listed => now_good.push(name),
            None => {}
        }
    }
    println!("{} bad definitions, {} of them not good enough yet", files.len(), NOT_YET.len());
    assert!(wrong.is_empty(), "{wrong}");
    assert!(now_good.is_empty(), "take these off NOT_YET: {now_good:?}");
    assert!(files.len() - NOT_YET.len() >= 60, "only {} good messages", files.len() - NOT_YET.len());
}
