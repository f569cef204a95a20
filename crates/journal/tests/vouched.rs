//! Settings that nobody writes with an editor.
#![allow(clippy::unwrap_used, missing_docs)]

use chrono::{TimeZone as _, Utc};
use huiyin_journal::{Journal, OpenOptions, Vouched};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Journal {
    let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    OpenOptions::new(url, folder.path(), Utc.timestamp_opt(1_795_000_000, 0).unwrap()).open().await.unwrap()
}

#[tokio::test]
async fn a_vouched_setting_is_known_again_and_nobody_elses_is() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder).await;
    assert_eq!(journal.vouched("a").await.unwrap(), Vouched::Missing);
    journal.vouch("a", "已证明\nproved").await.unwrap();
    assert_eq!(journal.vouched("a").await.unwrap(), Vouched::Ours("已证明\nproved".into()));
    let written = journal.setting("a").await.unwrap().unwrap();
    journal.close().await;

    let journal = open(&folder).await;
    assert_eq!(journal.vouched("a").await.unwrap(), Vouched::Ours("已证明\nproved".into()), "after a restart");
    let (mac, _) = written.split_once(' ').unwrap();
    for forged in
        [format!("{mac} 已证明\nproved!"), format!("{} 已证明\nproved", "0".repeat(64)), mac.into(), String::new()]
    {
        journal.set_setting("a", &forged).await.unwrap();
        assert_eq!(journal.vouched("a").await.unwrap(), Vouched::NotOurs, "{forged}");
    }
    journal.set_setting("b", &written).await.unwrap();
    assert_eq!(journal.vouched("b").await.unwrap(), Vouched::NotOurs, "it was written for another name");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(&elsewhere).await;
    other.set_setting("a", &written).await.unwrap();
    assert_eq!(other.vouched("a").await.unwrap(), Vouched::NotOurs, "it was written under another master key");
}
