//! A store on PostgreSQL is backed up by PostgreSQL's own tools while it is served, and the restored copy proves itself: all
//! chains, states, columns and rows, with the master key and the attachments that stood beside it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use harness::postgres::Postgres;

fn huiyin(folder: &Path, database: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
    let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    command.args(args).args(["--data", "var", "--database", database]).current_dir(folder);
    command.env("HUIYIN_WORKFLOWS", workflows).env("HUIYIN_LOG", "error").env_remove("HUIYIN_MASTER_KEY_FILE");
    command
}

fn run(folder: &Path, database: &str, args: &[&str]) -> (Option<i32>, String) {
    let output = huiyin(folder, database, args).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// Ends with its value.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_backup_taken_while_it_is_served_is_restored_whole_and_proves_itself() {
    let (server, folder) = (Postgres::start(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    let first = server.database("first");
    let row = |n| format!("2016-03-{:02},e城app,投诉,清河,河水发黑{n},匿名,河水发黑有臭味,已责令整改,7,2", n % 28 + 1);
    let cases = harness::size(10, 40);
    let rows: Vec<String> = (0..cases).map(row).collect();
    let heads = "received,channel,nature,river,title,petitioner,content,reply,reply_days,sent_on";
    std::fs::write(folder.join("rows.csv"), format!("{heads}\n{}\n", rows.join("\n"))).unwrap();
    let (code, said) = run(folder, &first, &["import", "petitions", "rows.csv"]);
    assert_eq!(code, Some(0), "{said}");

    let mut service = huiyin(folder, &first, &["serve", "--listen", "127.0.0.1:0"]);
    let mut service = Served(service.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("Huiyin"), "{line}");
    let second = server.restored(&first, "second");
    drop(service);

    let (code, said) = run(folder, &second, &["verify"]);
    let all = |n: i32| format!("{n} cases");
    assert!(code == Some(0) && said.contains(&all(cases)) && said.contains("the record is whole"), "{said}");
    // The copy is a store like any other: it is served, and goes on numbering where the first one stood.
    std::fs::write(folder.join("rows.csv"), format!("{heads}\n{}\n", row(99))).unwrap();
    let (code, said) = run(folder, &second, &["import", "petitions", "rows.csv"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(folder, &second, &["verify"]);
    assert!(code == Some(0) && said.contains(&all(cases + 1)), "{said}");
    // What was lost or changed on the way is named.
    server.sql(
        &second,
        "DELETE FROM timers; UPDATE cases SET title = 'nothing' WHERE id = (SELECT MIN(id::text) FROM cases)::uuid",
    );
    let (code, said) = run(folder, &second, &["verify"]);
    assert!(code == Some(1) && said.contains("columns title") && said.contains("NOT whole"), "{said}");
    let (code, said) = run(folder, &first, &["verify"]);
    assert!(code == Some(0) && said.contains("the record is whole"), "the first is as it was: {said}");
}
