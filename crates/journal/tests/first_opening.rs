//! Several processes that start at the same moment on an empty database: one makes the tables and the key, all agree.
#![allow(clippy::unwrap_used, missing_docs)]

use chrono::{TimeZone as _, Utc};
use harness::postgres::Postgres;
use huiyin_journal::OpenOptions;
use tokio::task::JoinSet;

/// Processes.
const OPENERS: usize = 8;
/// First openings.
const ROUNDS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_open_an_empty_database_at_once_agree_on_tables_and_key() {
    let server = Postgres::start();
    let now = Utc.with_ymd_and_hms(2026, 11, 24, 1, 0, 0).unwrap();
    for round in 0..ROUNDS {
        let url = server.database(&format!("first{round}"));
        let folder = tempfile::tempdir().unwrap();
        let mut opening = JoinSet::new();
        for _ in 0..OPENERS {
            let (url, data) = (url.clone(), folder.path().to_owned());
            opening.spawn(async move {
                let mut options = OpenOptions::new(url, &data, now);
                options.connections = 2;
                options.open().await
            });
        }
        let mut keys = Vec::new();
        while let Some(opened) = opening.join_next().await {
            let journal = opened.unwrap().unwrap_or_else(|e| panic!("round {round}: {e}"));
            keys.push(journal.roots_key());
            journal.close().await;
        }
        keys.dedup();
        assert_eq!(keys.len(), 1, "round {round}: one key");
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains("new-")), "nothing is left over: {names:?}");
    }
}
