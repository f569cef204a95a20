//! Effects and timers.

use huiyin_journal::{Journal, OutboxWrite, TimerWrite, Writes};

use super::store::{Parts as _, Store, at, case, id};

fn effect(key: &str) -> OutboxWrite {
    OutboxWrite {
        key: key.into(),
        kind: "notify".into(),
        case: id(1),
        seq: 1,
        district: "500110".into(),
        timeline: "real".into(),
        payload: r#"{"template":"x"}"#.into(),
        created_at: at(0),
        leased_until: None,
    }
}

async fn write(journal: &Journal, writes: Writes) {
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
}

pub(crate) async fn an_effect_is_taken_by_one_and_settled_by_its_last_taker(store: Store) {
    let journal = store.open().await;
    let outbox = (0..10).map(|n| effect(&format!("1/{n}"))).collect();
    write(&journal, Writes { outbox, ..Writes::default() }).await;

    let take = |n, now| {
        let journal = journal.clone();
        async move {
            journal
                .claim_effects(&["notify", "document"], &["500110".to_owned()], &[], n, at(now), at(now + 30))
                .await
                .unwrap()
        }
    };
    let elsewhere = journal.claim_effects(&["notify"], &["500112".to_owned()], &[], 9, at(0), at(30)).await.unwrap();
    assert!(elsewhere.is_empty(), "another district's effects are another's business");
    let (here, drill) = (["500110".to_owned()], ["drill".to_owned()]);
    let exercise = journal.claim_effects(&["notify"], &here, &drill, 9, at(0), at(30)).await.unwrap();
    assert!(exercise.is_empty(), "and those of another timeline");
    let (a, b) = tokio::join!(take(6, 0), take(6, 0));
    let mut taken: Vec<&str> = a.iter().chain(&b).map(|item| item.key.as_str()).collect();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!((taken.len(), a.len() + b.len()), (10, 10), "each was taken once");
    assert!(
        journal.claim_effects(&["emit"], &["500110".to_owned()], &[], 5, at(0), at(1)).await.unwrap().is_empty(),
        "other kinds are others' business"
    );

    let late = &a[0];
    let again = take(20, 31).await;
    let retaken = again.iter().find(|item| item.key == late.key).expect("a lease that ran out is free again");
    assert_eq!(retaken.attempts, 2);
    assert!(!journal.effect_done(late, "slept too long").await.unwrap());
    assert!(journal.effect_retry_at(retaken, at(100), "later").await.unwrap());
    assert!(take(20, 99).await.iter().all(|item| item.key != late.key));
    let third = take(20, 200).await.into_iter().find(|item| item.key == late.key).unwrap();
    assert!(journal.effect_done(&third, "sent").await.unwrap());
    let failed = again.iter().find(|item| item.key != late.key).unwrap();
    assert!(!journal.effect_failed(failed, "x").await.unwrap(), "it was taken by the third round");
    let states = journal.effects_of(id(1)).await.unwrap();
    assert_eq!(states.iter().filter(|(_, _, state)| state == "done").count(), 1);
    assert_eq!(journal.waiting_effects("notify").await.unwrap().0, 9);
}

pub(crate) async fn an_effect_that_its_writer_keeps_is_anybodys_when_it_is_released_or_its_lease_is_over(store: Store) {
    let journal = store.open().await;
    let outbox = (0..4).map(|n| OutboxWrite { leased_until: Some(at(30)), ..effect(&format!("1/{n}")) }).collect();
    write(&journal, Writes { outbox, ..Writes::default() }).await;
    let here = ["500110".to_owned()];
    let take = async |now| {
        let taken = journal.claim_effects(&["notify"], &here, &[], 9, at(now), at(now + 30)).await.unwrap();
        taken.into_iter().map(|item| (item.key, item.attempts)).collect::<Vec<_>>()
    };
    assert!(take(29).await.is_empty(), "whoever wrote them hands them on");
    journal.effects_forgotten(&["1/0", "1/none"]).await.unwrap();
    journal.effects_released(&["1/1"], at(10), "away").await.unwrap();
    assert_eq!(take(9).await, [], "not before it is due again");
    assert_eq!(take(11).await, [("1/1".to_owned(), 1)]);
    // Its writer comes late: somebody has taken it since.
    journal.effects_released(&["1/1"], at(12), "away").await.unwrap();
    assert_eq!(take(13).await, []);
    assert_eq!(take(30).await, [("1/2".to_owned(), 1), ("1/3".to_owned(), 1)]);
    journal.effects_forgotten(&["1/1", "1/2"]).await.unwrap();
    // The last one goes with a batch.
    write(&journal, Writes { told: vec!["1/3".to_owned(), "1/none".to_owned()], ..Writes::default() }).await;
    assert_eq!(journal.effects_of(id(1)).await.unwrap(), []);
}

pub(crate) async fn the_same_effect_is_written_once(store: Store) {
    let journal = store.open().await;
    for _ in 0..3 {
        write(&journal, Writes { outbox: vec![effect("1/clock/notice/1/2")], ..Writes::default() }).await;
    }
    assert_eq!(journal.effects_of(id(1)).await.unwrap().len(), 1);
}

pub(crate) async fn timers_are_set_moved_and_cleared(store: Store) {
    let journal = store.open().await;
    let timer = |n: u128, key: &str, due, version| TimerWrite {
        case: id(n),
        key: key.into(),
        due_at: at(due),
        not_before: None,
        version,
        district: "500110".into(),
        timeline: "real".into(),
    };
    let (mut one, entry_one) = case(1, 0);
    let (mut two, entry_two) = case(2, 0);
    (one.running, two.running) = (1, 2);
    let timers_set = vec![timer(1, "clock/a/1", 50, 1), timer(2, "clock/a/1", 40, 1), timer(2, "delay/1", 45, 1)];
    let (opened, entries) = (vec![one, two], vec![entry_one, entry_two]);
    write(&journal, Writes { opened, entries, timers_set, ..Writes::default() }).await;

    assert_eq!(journal.next_due("500110", "real").await.unwrap(), Some(at(40)));
    assert_eq!(journal.next_due("500110", "drill-1").await.unwrap(), None);
    let due = journal.due_cases("500110", "real", at(45), 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.case).collect::<Vec<_>>(), [id(2)], "a case is named once");
    let without = journal.clocks_without_timer("500110", "real", 10).await.unwrap();
    assert_eq!(without.iter().map(|m| (m.case, m.running, m.timers)).collect::<Vec<_>>(), [(id(2), 2, 1)]);

    let cleared = vec![(id(2), "clock/a/1".to_owned())];
    let moved = vec![timer(1, "clock/a/1", 90, 2)];
    write(&journal, Writes { timers_set: moved, timers_cleared: cleared, ..Writes::default() }).await;
    assert_eq!(journal.overdue_timers("500110", "real", at(60)).await.unwrap(), (1, Some(at(45))));
    let mut batch = journal.begin(at(60)).await.unwrap();
    let locked = batch.lock_free(&[id(1), id(2)]).await.unwrap();
    assert_eq!((locked[0].timers[0].due_at, locked[0].timers[0].version), (at(90), 2));
    assert_eq!(locked[1].timers.len(), 1);
}
