//! Runs of planned jobs, and what was written since.

use huiyin_journal::{JobRun, Writes};
use serde_json::json;
use uuid::Uuid;

use super::store::{Store, at, body, case};

fn run(planned: i64) -> JobRun {
    JobRun { district: "500110".into(), timeline: "real".into(), job: "monthly".into(), planned_at: at(planned) }
}

pub(crate) async fn a_run_is_taken_by_one_scheduler_and_settled_by_its_last_taker(store: Store) {
    let journal = store.open().await;
    let first = journal.take_run(run(0), 0, at(10), at(70)).await.unwrap().unwrap();
    assert_eq!(journal.take_run(run(0), 0, at(20), at(80)).await.unwrap(), None, "it is leased");
    let second = journal.take_run(run(0), 0, at(70), at(130)).await.unwrap().unwrap();
    assert!(!journal.run_done(&first, "late", at(71)).await.unwrap(), "who slept past the lease settles nothing");
    assert!(!journal.run_again_at(&first, "late", at(71)).await.unwrap());
    assert!(journal.run_again_at(&second, "no relay", at(90)).await.unwrap());
    assert_eq!(journal.take_run(run(0), 0, at(89), at(150)).await.unwrap(), None);
    let third = journal.take_run(run(0), 0, at(90), at(150)).await.unwrap().unwrap();
    assert!(journal.run_done(&third, "3 mails", at(91)).await.unwrap());
    assert_eq!(journal.take_run(run(0), 0, at(1000), at(1100)).await.unwrap(), None, "done is done");
    let kept = journal.job_runs("500110", "real", "monthly", 5).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].state.as_str(), kept[0].attempts, kept[0].result.as_str()), ("done", 3, "3 mails"));
    assert_eq!((kept[0].planned_at, kept[0].began_at, kept[0].ended_at), (at(0), at(90), Some(at(91))));
}

pub(crate) async fn many_schedulers_at_once_take_a_run_once(store: Store) {
    let journal = store.open().await;
    for planned in 0..5 {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let journal = journal.clone();
            asked.spawn(async move { journal.take_run(run(planned), 2, at(10), at(70)).await.unwrap() });
        }
        let taken: Vec<_> = asked.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1, "run {planned}: {taken:?}");
    }
    let kept = journal.job_runs("500110", "real", "monthly", 3).await.unwrap();
    assert_eq!(kept.iter().map(|run| run.planned_at).collect::<Vec<_>>(), [at(4), at(3), at(2)], "newest first");
    assert!(kept.iter().all(|run| run.missed == 2 && run.state == "begun"));
}

pub(crate) async fn a_job_is_known_from_the_first_time_on(store: Store) {
    let journal = store.open().await;
    journal.know_job("500110", "real", "monthly", at(5)).await.unwrap();
    journal.know_job("500110", "real", "monthly", at(50)).await.unwrap();
    journal.know_job("500110", "drill", "monthly", at(60)).await.unwrap();
    let kept = journal.job_runs("500110", "real", "monthly", 5).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].planned_at, kept[0].state.as_str()), (at(5), "known"));
    assert_eq!(journal.take_run(run(5), 0, at(60), at(90)).await.unwrap(), None, "nothing is planned then");
}

pub(crate) async fn what_was_written_since_is_found_by_case(store: Store) {
    let journal = store.open().await;
    let mut writes = Writes::default();
    let mut ids = Vec::new();
    for n in 1..=5 {
        let (mut record, entry) = case(n, i64::try_from(n).unwrap() * 10);
        writes.entries.push(entry);
        if n == 2 {
            writes.entries.push(record.append("event", at(100), body(json!({"event": "x"}))));
        }
        ids.push(record.id);
        writes.opened.push(record);
    }
    let mut batch = journal.begin(at(100)).await.unwrap();
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
    let since = |seconds, after, limit| {
        let journal = journal.clone();
        async move { journal.written_since("500110", "real", at(seconds), after, limit).await.unwrap() }
    };
    let all: Vec<Uuid> = since(0, Uuid::nil(), 100).await.into_iter().map(|(case, _)| case).collect();
    assert_eq!(all, ids);
    assert_eq!(since(40, Uuid::nil(), 100).await, [(ids[1], 2), (ids[3], 1), (ids[4], 1)]);
    let page = since(0, Uuid::nil(), 2).await;
    assert_eq!(page, [(ids[0], 1), (ids[1], 2)]);
    assert_eq!(since(0, ids[1], 2).await, [(ids[2], 1), (ids[3], 1)], "page by page");
    assert!(journal.written_since("500110", "drill", at(0), Uuid::nil(), 9).await.unwrap().is_empty());
}
