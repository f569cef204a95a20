//! Batches: whole or not at all, claimed once, one after the other.

use huiyin_journal::{
    AnswerWrite, CaseKeyWrite, Claim, Claimed, Counter, CounterKey, Journal, JournalError, OutboxWrite, TimerWrite,
    Writes, canonical,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use uuid::Uuid;

use super::store::{Parts as _, Store, at, body, case, id};

fn claim(n: u128, text: &str) -> Claim {
    Claim { id: id(n), body_hash: canonical::hash(text.as_bytes()) }
}

fn answer(n: u128, case: Uuid) -> AnswerWrite {
    AnswerWrite { id: id(n), case: Some(case), answer: json!({"n": n.to_string()}).to_string() }
}

async fn open_case(journal: &Journal, n: u128) {
    let (record, entry) = case(n, 0);
    let mut batch = journal.begin(at(0)).await.unwrap();
    let writes = Writes { opened: vec![record], entries: vec![entry], ..Writes::default() };
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
}

pub(crate) async fn a_batch_is_written_whole_or_not_at_all(store: Store) {
    let journal = store.open().await;
    let (record, entry) = case(1, 0);
    let timer = TimerWrite {
        case: record.id,
        key: "clock/notice/1".into(),
        due_at: at(60),
        not_before: None,
        version: 1,
        district: "500110".into(),
        timeline: "real".into(),
    };
    let writes = Writes {
        opened: vec![record.clone()],
        entries: vec![entry.clone()],
        timers_set: vec![timer],
        answers: vec![answer(100, record.id)],
        ..Writes::default()
    };

    let mut dropped = journal.begin(at(0)).await.unwrap();
    dropped.claim(&[claim(100, "a")], at(0)).await.unwrap();
    dropped.write(&writes).await.unwrap();
    dropped.rollback().await.unwrap();
    assert_eq!(journal.case(id(1)).await.unwrap(), None);
    assert_eq!(journal.answer(id(100)).await.unwrap(), None);

    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.claim(&[claim(100, "a")], at(0)).await.unwrap();
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(journal.case(id(1)).await.unwrap().as_ref(), Some(&record));
    assert_eq!(journal.entries(id(1), 0, 10).await.unwrap(), vec![entry.clone()]);
    assert_eq!(journal.next_due("500110", "real").await.unwrap(), Some(at(60)));
    assert!(journal.answer(id(100)).await.unwrap().is_some());

    let mut twice = journal.begin(at(1)).await.unwrap();
    let again = Writes { entries: vec![entry], ..Writes::default() };
    twice.write(&again).await.expect_err("an entry is written once");
}

/// Written out as text on its way to PostgreSQL, nothing of it ends its place early.
pub(crate) async fn texts_of_every_kind_come_back_as_they_went_in(store: Store) {
    let journal = store.open().await;
    let texts = [
        "'); DROP TABLE cases; --",
        "{\"a\\\\'b\\\"\",NULL,{}}",
        "\\",
        "\"",
        "'",
        "NULL",
        "",
        " 两江\r\n\t\u{1}\u{feff}🌊",
        "$1 %s :x",
        "{",
        "}",
        ",",
    ];
    let mut records = Vec::new();
    for (n, text) in (1..).zip(texts) {
        let (mut record, _) = case(n, 0);
        record.number = format!("{n}{text}");
        for column in [&mut record.title, &mut record.place, &mut record.category, &mut record.plain] {
            text.clone_into(column);
        }
        (record.seq, record.head, record.owner) = (0, canonical::GENESIS, (n % 2 == 0).then(|| text.to_owned()));
        record.marks = vec![text.to_owned(), "x".to_owned()];
        let entry = record.append("opened", at(0), body(json!({ "said": text })));
        let outbox = vec![OutboxWrite {
            key: format!("{n}/{text}"),
            kind: "notify".into(),
            case: record.id,
            seq: 1,
            district: "500110".into(),
            timeline: "real".into(),
            payload: text.into(),
            created_at: at(0),
            leased_until: None,
        }];
        let writes = Writes { opened: vec![record.clone()], entries: vec![entry], outbox, ..Writes::default() };
        journal.begin(at(0)).await.unwrap().finish(&journal.prepare(&writes).unwrap()).await.unwrap();
        records.push(record);
    }
    // All of them once more in one batch, read under lock and changed.
    let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
    let mut batch = journal.begin(at(1)).await.unwrap();
    let locked: Vec<_> = batch.lock(&ids).await.unwrap().into_iter().map(|locked| locked.record).collect();
    assert_eq!(locked, records);
    for record in &mut records {
        record.title.push_str("'\"\\");
    }
    let writes = Writes { changed: records.clone(), ..Writes::default() };
    batch.finish(&journal.prepare(&writes).unwrap()).await.unwrap();
    for record in &records {
        assert_eq!(journal.case(record.id).await.unwrap().as_ref(), Some(record));
    }
    let here = ["500110".to_owned()];
    let taken = journal.claim_effects(&["notify"], &here, &[], 99, at(0), at(30)).await.unwrap();
    assert_eq!(taken.iter().map(|item| item.payload.as_str()).collect::<Vec<_>>(), texts);
}

pub(crate) async fn a_command_is_claimed_once_and_its_answer_comes_back(store: Store) {
    let journal = store.open().await;
    let mut batch = journal.begin(at(0)).await.unwrap();
    assert_eq!(batch.claim(&[claim(1, "a"), claim(2, "b")], at(0)).await.unwrap(), [Claimed::New, Claimed::New]);
    let answers = vec![answer(1, id(9)), answer(2, id(9))];
    batch.write(&Writes { answers, ..Writes::default() }).await.unwrap();
    batch.commit().await.unwrap();

    let mut batch = journal.begin(at(1)).await.unwrap();
    let claimed = batch.claim(&[claim(2, "other"), claim(3, "c")], at(1)).await.unwrap();
    let Claimed::Known(known) = &claimed[0] else { panic!("command 2 was here before: {claimed:?}") };
    assert_eq!(known.body_hash, canonical::hash(b"b"), "the hash tells that the body is another");
    assert_eq!((known.case, known.answer.as_str()), (Some(id(9)), r#"{"n":"2"}"#));
    assert_eq!(claimed[1], Claimed::New);
}

pub(crate) async fn two_batches_on_one_case_follow_each_other(store: Store) {
    let journal = store.open().await;
    open_case(&journal, 1).await;
    let add = |journal: Journal| async move {
        for n in 0..20 {
            let mut batch = journal.begin(at(n)).await.unwrap();
            let mut locked = batch.lock(&[id(1)]).await.unwrap();
            let mut record = locked.remove(0).record;
            let entry = record.append("event", at(n), body(json!({"n": n})));
            let writes = Writes { changed: vec![record], entries: vec![entry], ..Writes::default() };
            batch.write(&writes).await.unwrap();
            batch.commit().await.unwrap();
        }
    };
    let (a, b) = (tokio::spawn(add(journal.clone())), tokio::spawn(add(journal.clone())));
    a.await.unwrap();
    b.await.unwrap();
    assert_eq!(journal.case(id(1)).await.unwrap().unwrap().seq, 41);
    let report = journal.verify_chains().await.unwrap();
    assert_eq!((report.entries, report.breaks), (41, vec![]), "and time never went back");
}

pub(crate) async fn a_case_in_other_hands_is_left_out(store: Store) {
    let journal = store.open().await;
    open_case(&journal, 1).await;
    open_case(&journal, 2).await;
    if journal.kind() == huiyin_journal::Kind::Sqlite {
        return; // one writer: there are no other hands
    }
    let mut first = journal.begin(at(1)).await.unwrap();
    assert_eq!(first.lock(&[id(1)]).await.unwrap().len(), 1);
    let mut second = journal.begin(at(1)).await.unwrap();
    let free = second.lock_free(&[id(1), id(2)]).await.unwrap();
    assert_eq!(free.iter().map(|locked| locked.record.id).collect::<Vec<_>>(), [id(2)]);
    first.rollback().await.unwrap();
    second.rollback().await.unwrap();
}

pub(crate) async fn a_month_that_lost_its_partition_gets_it_back(store: Store) {
    let journal = store.open().await;
    open_case(&journal, 1).await;
    if journal.kind() == huiyin_journal::Kind::Sqlite {
        return; // no partitions
    }
    store.tamper("ALTER TABLE journal DETACH PARTITION journal_2026_11").await;
    let writes = || {
        let (record, entry) = case(2, 0);
        Writes { opened: vec![record], entries: vec![entry], ..Writes::default() }
    };
    let mut batch = journal.begin(at(0)).await.unwrap();
    let error = batch.write(&writes()).await.unwrap_err();
    assert!(error.is_unavailable(), "no row is to blame: {error}");
    drop(batch);
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&writes()).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(journal.entries(id(1), 0, 9).await.unwrap().len(), 1, "what was in it is there again");
}

pub(crate) async fn migrations_run_once_when_many_start_at_once(store: Store) {
    let starts = (0..4).map(|_| tokio::spawn(store.options().open()));
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    store.tamper("UPDATE migrations SET hash = 'another' WHERE name = '0001_cases'").await;
    let refused = store.options().open().await.unwrap_err();
    assert!(matches!(refused, JournalError::MigrationChanged { .. }), "{refused}");
}

pub(crate) async fn counters_go_on_where_they_were(store: Store) {
    let journal = store.open().await;
    let key = |workflow: &str| CounterKey {
        district: "500110".into(),
        timeline: "real".into(),
        workflow: workflow.into(),
        period: "20261124".into(),
    };
    let keys = [key("incident"), key("petition")];
    for round in 0..3 {
        let mut batch = journal.begin(at(0)).await.unwrap();
        let counters = batch.counters(&keys).await.unwrap();
        assert_eq!(counters.iter().map(|c| c.n).collect::<Vec<_>>(), [0, round * 5]);
        let counters = vec![Counter { key: key("petition"), n: counters[1].n + 5 }];
        batch.write(&Writes { counters, ..Writes::default() }).await.unwrap();
        batch.commit().await.unwrap();
    }
}

pub(crate) async fn entries_across_months_find_their_place(store: Store) {
    const MONTH: i64 = 31 * 86_400;
    let journal = store.open().await;
    open_case(&journal, 1).await;
    for n in [1, 2, 5, 13] {
        let now = at(n * MONTH);
        let mut batch = journal.begin(now).await.unwrap();
        let mut record = batch.lock(&[id(1)]).await.unwrap().remove(0).record;
        let entry = record.append("event", now, body(json!({"month": n})));
        batch.write(&Writes { changed: vec![record], entries: vec![entry], ..Writes::default() }).await.unwrap();
        batch.commit().await.unwrap();
    }
    assert_eq!(journal.entries(id(1), 0, 10).await.unwrap().len(), 5);
    assert_eq!(journal.verify_chains().await.unwrap().breaks, vec![]);
}

/// A run made from a seed; gives the bytes of every entry in order.
pub(crate) async fn seeded_run(store: &Store, seed: u64) -> Vec<(Uuid, i64, String, String)> {
    let mut options = store.options();
    options.seed = Some(seed);
    let journal = options.open().await.unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for round in 0..60 {
        let mut batch = journal.begin(at(round)).await.unwrap();
        let mut writes = Writes::default();
        let mut ids: Vec<Uuid> = (0..5).map(|_| id(rng.random_range(1..40))).collect();
        ids.sort_unstable();
        ids.dedup();
        let locked = batch.lock(&ids).await.unwrap();
        for &one in &ids {
            let known = locked.iter().find(|l| l.record.id == one);
            step(&journal, &mut rng, &mut writes, one, known, round);
        }
        batch.finish(&journal.prepare(&writes).unwrap()).await.unwrap();
    }
    let mut out = Vec::new();
    for (one, _, _) in journal.case_heads(Uuid::nil(), 1000).await.unwrap() {
        for entry in journal.entries(one, 0, 1000).await.unwrap() {
            out.push((entry.case, entry.seq, entry.body, hex::encode(entry.hash)));
        }
    }
    out
}

fn step(
    journal: &Journal,
    rng: &mut ChaCha8Rng,
    writes: &mut Writes,
    one: Uuid,
    known: Option<&huiyin_journal::Locked>,
    round: i64,
) {
    let vault = journal.vault();
    let (mut record, key) = match known {
        Some(locked) => {
            (locked.record.clone(), vault.open_case_key(one, locked.wrapped_key.as_ref().unwrap()).unwrap())
        }
        None => {
            let (key, wrapped) = vault.new_case_key(one);
            writes.keys.push(CaseKeyWrite { case: one, wrapped });
            (case(one.as_u128(), round).0, key)
        }
    };
    if known.is_none() {
        // The first entry is written below, with a sealed value in it.
        (record.seq, record.head) = (0, canonical::GENESIS);
    }
    let mut said = json!({"name": format!("王{}", rng.random_range(0..100)), "n": rng.random_range(0..1_000_000)});
    vault.seal_paths(&key, &mut said, ["name"]);
    writes.entries.push(record.append("event", at(round), body(json!({ "said": said }))));
    writes.outbox.push(OutboxWrite {
        key: format!("{one}/s{}", record.seq),
        kind: "emit".into(),
        case: one,
        seq: record.seq,
        district: record.district.clone(),
        timeline: record.timeline.clone(),
        payload: "{}".into(),
        created_at: at(round),
        leased_until: None,
    });
    if known.is_some() { writes.changed.push(record) } else { writes.opened.push(record) }
}
