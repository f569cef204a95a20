//! What is written cannot be changed unseen; what must be forgotten is.

use chrono::NaiveDate;
use huiyin_journal::{Attachment, CaseKeyWrite, GramWrite, Journal, JournalError, Writes};
use serde_json::{Value, json};

use super::store::{Store, at, body, case, id};

async fn five_entries(journal: &Journal, n: u128) {
    let (mut record, entry) = case(n, 0);
    let mut entries = vec![entry];
    entries.extend((1..5).map(|s| record.append("event", at(s), body(json!({"s": s})))));
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&Writes { opened: vec![record], entries, ..Writes::default() }).await.unwrap();
    batch.commit().await.unwrap();
}

pub(crate) async fn a_changed_entry_breaks_the_chain_there(store: Store) {
    let journal = store.open().await;
    five_entries(&journal, 1).await;
    five_entries(&journal, 2).await;
    assert_eq!(journal.verify_chains().await.unwrap().breaks, vec![]);

    store.tamper("UPDATE journal SET body = replace(body, '\"s\":2', '\"s\":3') WHERE seq = 3").await;
    let breaks = journal.verify_chains().await.unwrap().breaks;
    assert_eq!(breaks.iter().map(|b| (b.case, b.seq)).collect::<Vec<_>>(), [(id(1), 3), (id(2), 3)]);
}

pub(crate) async fn a_cut_journal_shows_in_the_daily_root(store: Store) {
    let journal = store.open().await;
    five_entries(&journal, 1).await;
    let day = NaiveDate::from_ymd_opt(2026, 11, 18).unwrap();
    let root = journal.make_root("500110", "real", day, at(-10), at(86_390)).await.unwrap();
    assert_eq!((root.cases, root.signature.len(), journal.roots_key().len()), (1, 128, 64));
    assert_eq!(journal.make_root("500110", "real", day, at(-10), at(86_390)).await.unwrap().root, root.root);
    assert_eq!(journal.verify_roots().await.unwrap(), (1, vec![]));

    // Cut the journal and make the table of cases match: the chains alone cannot tell.
    store
        .tamper(
            "DELETE FROM journal WHERE seq = 5; \
             UPDATE cases SET seq = 4, head = (SELECT hash FROM journal j WHERE j.case_id = cases.id AND j.seq = 4)",
        )
        .await;
    assert_eq!(journal.verify_chains().await.unwrap().breaks, vec![]);
    let (_, breaks) = journal.verify_roots().await.unwrap();
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    store.tamper("DELETE FROM roots").await;
    let (_, breaks) = journal.verify_roots().await.unwrap();
    assert!(breaks[0].problem.contains("lost"), "{breaks:?}");
}

pub(crate) async fn destroying_the_key_leaves_the_chain_whole(store: Store) {
    let journal = store.open().await;
    let vault = journal.vault();
    let (mut record, _) = case(1, 0);
    (record.seq, record.head) = (0, [0; 32]);
    let (key, wrapped) = vault.new_case_key(id(1));
    let mut state = json!({"data": {"petitioner": {"name": "王五"}, "what": "油烟"}});
    vault.seal_paths(&key, &mut state, ["data.petitioner.name"]);
    record.state = state.to_string();
    let mut said = json!({"name": "王五"});
    vault.seal(&key, &mut said["name"]);
    let entries = vec![record.append("opened", at(0), body(json!({ "said": said })))];
    let grams = vault.grams("王五").into_iter().map(|gram| GramWrite { case: id(1), gram }).collect();
    let keys = vec![CaseKeyWrite { case: id(1), wrapped }];
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&Writes { opened: vec![record], entries, keys, grams, ..Writes::default() }).await.unwrap();
    batch.commit().await.unwrap();

    let record = journal.case(id(1)).await.unwrap().unwrap();
    let open = |journal: Journal, reveal| {
        let record = record.clone();
        async move { journal.case_state(&record, reveal).await.unwrap()["data"]["petitioner"]["name"].clone() }
    };
    assert_eq!(open(journal.clone(), true).await, "王五");
    assert_eq!(open(journal.clone(), false).await, Value::Null);
    assert_eq!(journal.timeline(id(1), 0, 9, true).await.unwrap()[0].body["said"]["name"], "王五");
    assert_eq!(journal.timeline(id(1), 0, 9, false).await.unwrap()[0].body["said"]["name"], Value::Null);

    let mut batch = journal.begin(at(1)).await.unwrap();
    batch.write(&Writes { forgotten: vec![id(1)], ..Writes::default() }).await.unwrap();
    batch.commit().await.unwrap();
    assert!(journal.case_key(id(1)).await.unwrap().is_none());
    assert_eq!(journal.whole_case(id(1)).await.unwrap().unwrap().grams, Vec::<i64>::new());
    assert_eq!(open(journal.clone(), true).await, Value::Null);
    assert_eq!(journal.verify_chains().await.unwrap().breaks, vec![]);
}

pub(crate) async fn attachments_are_what_their_name_says(store: Store) {
    let journal = store.open().await;
    let hash = journal.store_file(b"picture").unwrap();
    assert_eq!(journal.store_file(b"picture").unwrap(), hash);
    let added = Attachment {
        case: id(1),
        hash,
        name: "现场.jpg".into(),
        media_type: "image/jpeg".into(),
        size: 7,
        added_by: "person:1".into(),
        at: at(0),
    };
    for _ in 0..2 {
        let mut batch = journal.begin(at(0)).await.unwrap();
        batch.write(&Writes { attachments: vec![added.clone()], ..Writes::default() }).await.unwrap();
        batch.commit().await.unwrap();
    }
    assert_eq!(journal.attachments(id(1)).await.unwrap(), vec![added.clone()]);
    assert_eq!(
        journal.remove_unmentioned(std::slice::from_ref(&added.hash)).await.unwrap(),
        0,
        "a mentioned content stays"
    );
    assert_eq!(journal.mentions(&added.hash).await.unwrap().len(), 1);
    assert_eq!(journal.content(&added.hash).unwrap(), b"picture");
    journal.content("../../master.key").expect_err("only hashes are looked for");
    let path = store.folder.path().join("attachments").join(&added.hash[..2]).join(&added.hash);
    std::fs::write(path, b"another").unwrap();
    journal.content(&added.hash).expect_err("a changed file is not handed out");
}

pub(crate) async fn a_demo_clock_only_grows(store: Store) {
    let journal = store.open().await;
    for (raise, now) in [(5, 5), (3, 5), (1_000_000_000_000, 1_000_000_000_000), (7, 1_000_000_000_000)] {
        assert_eq!(journal.raise_setting("demo-clock", raise).await.unwrap(), now);
    }
    journal.set_setting("x", "y").await.unwrap();
    assert_eq!(journal.setting("x").await.unwrap().as_deref(), Some("y"));
    let server = journal.database_now().await.unwrap();
    assert_eq!(server.is_some(), journal.kind() == huiyin_journal::Kind::Postgres);
}

pub(crate) async fn a_store_opens_with_its_own_master_key_only(store: Store) {
    let journal = store.open().await;
    journal.close().await;
    let file = store.folder.path().join("another.key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let mut options = store.options();
    (options.seed, options.master_key_file) = (None, Some(file));
    let refused = options.open().await.unwrap_err();
    assert!(matches!(refused, JournalError::MasterKeyOther), "{refused}");
    let mut options = store.options();
    options.seed = None;
    let refused = options.open().await.unwrap_err();
    assert!(matches!(refused, JournalError::MasterKeyLost { .. }), "{refused}");
    store.open().await;
}

pub(crate) async fn a_copy_is_whole(store: Store) {
    let journal = store.open().await;
    five_entries(&journal, 1).await;
    let copy = store.folder.path().join("copy.db");
    if journal.kind() == huiyin_journal::Kind::Postgres {
        assert!(journal.copy_to(&copy).await.unwrap_err().to_string().contains("pg_dump"));
        return;
    }
    journal.copy_to(&copy).await.unwrap();
    journal.copy_to(&copy).await.expect_err("a file that is there is not overwritten");
    let mut options =
        huiyin_journal::OpenOptions::new(format!("sqlite:{}", copy.display()), store.folder.path(), at(0));
    options.seed = Some(7);
    let copied = options.open().await.unwrap();
    let report = copied.verify_chains().await.unwrap();
    assert_eq!((report.entries, report.breaks), (5, vec![]));
}
