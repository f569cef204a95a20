//! The command line at a store: what is whole is said so, what was changed is named, what is not there is not made, and a
//! store that is served is served once.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const ROWS: &str = "received,channel,nature,river,title,petitioner,content,reply,reply_days,sent_on\n\
    2016-03-02,e城app,投诉,清河,河水发黑,匿名,河水发黑有臭味,已责令整改,7,2\n\
    2016-03-03,e城app,投诉,清河,油污上岸,匿名,岸边有油污,已清理,5,2\n";

fn huiyin(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
    let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    command.args(args).current_dir(folder).env("HUIYIN_WORKFLOWS", workflows).env("HUIYIN_LOG", "error");
    for name in ["HUIYIN_DATA", "HUIYIN_DATABASE", "HUIYIN_MASTER_KEY_FILE"] {
        command.env_remove(name);
    }
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = huiyin(folder, args).output().unwrap();
    (output.status.code(), said(&output))
}

/// A store with two petitions, imported.
fn imported(folder: &Path) {
    std::fs::write(folder.join("rows.csv"), ROWS).unwrap();
    let (code, said) = run(folder, &["import", "petitions", "rows.csv", "--data", "var"]);
    assert_eq!(code, Some(0), "{said}");
}

async fn tamper(folder: &Path, sql: &'static str) {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", folder.join("var/huiyin.db").display())).await.unwrap();
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn a_tampered_store_is_named_and_a_copy_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    imported(folder);
    let (code, said) = run(folder, &["verify", "--data", "var"]);
    assert!(code == Some(0) && said.contains("2 cases") && said.contains("the record is whole"), "{said}");
    let (code, said) = run(folder, &["backup", "copy", "--data", "var"]);
    assert_eq!(code, Some(0), "{said}");
    tamper(folder, "UPDATE cases SET title = 'nothing' WHERE id = (SELECT MIN(id) FROM cases)").await;
    let (code, said) = run(folder, &["verify", "--data", "var"]);
    assert!(code == Some(1) && said.contains("columns title") && said.contains("NOT whole"), "{said}");
    let (code, said) = run(folder, &["verify", "--data", "copy"]);
    assert!(code == Some(0) && said.contains("the record is whole"), "{said}");
}

#[tokio::test]
async fn another_key_is_refused_and_no_store_is_made_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    imported(folder);
    std::fs::write(folder.join("other.key"), "ab".repeat(32)).unwrap();
    let (code, said) = run(folder, &["verify", "--data", "var", "--master-key-file", "other.key"]);
    assert!(code == Some(2) && said.contains("HUIYIN_MASTER_KEY_FILE"), "{said}");
    let (code, said) = run(folder, &["verify", "--data", "elsewhere"]);
    assert!(code == Some(2) && said.contains("there is no store"), "{said}");
    assert!(!folder.join("elsewhere").exists());
    let (code, said) = run(folder, &["quarantine", "list", "--data", "var"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn retention_ends_once_a_case_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    imported(folder);
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", folder.join("var/huiyin.db").display())).await.unwrap();
    let (number,): (String,) = sqlx::query_as("SELECT MIN(number) FROM cases").fetch_one(&pool).await.unwrap();
    pool.close().await;
    let end = ["retention", "end", &number, "--basis", "保管期限表", "--by", "王", "--data", "var"];
    let (code, first) = run(folder, &end);
    assert_eq!(code, Some(0), "{first}");
    assert_eq!(run(folder, &end), (Some(0), first), "again it is the same");
    let (code, said) = run(folder, &["verify", "--data", "var"]);
    assert!(code == Some(0) && said.contains("1 whose retention has ended"), "{said}");
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_service_is_refused_by_whatever_path_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut first = huiyin(folder, &["serve", "--data", "var", "--listen", "127.0.0.1:0"]);
    let mut first = Served(first.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(first.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("Huiyin"), "{line}");
    std::os::unix::fs::symlink("var", folder.join("detour")).unwrap();
    for args in [
        ["serve", "--data", "var", "--listen", "127.0.0.1:0"].as_slice(),
        &["serve", "--data", "detour", "--listen", "127.0.0.1:0"],
        &["serve", "--data", "var", "--database", "sqlite:detour/../var/huiyin.db", "--listen", "127.0.0.1:0"],
    ] {
        let (code, said) = run(folder, args);
        assert!(code == Some(2) && said.contains("another huiyin serves this store"), "{args:?}: {said}");
    }
}
