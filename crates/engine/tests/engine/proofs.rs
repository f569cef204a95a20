//! What is stored can be derived again, and is the same on both databases.

use huiyin_engine::{Rederived, Target, rederive, verify};
use serde_json::json;
use uuid::Uuid;

use super::house::{House, accepted, event, hours, open, registry};

pub(crate) async fn a_case_is_rederived_from_its_journal(house: House) {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    driver.run_until(hours(60)).await.unwrap();
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    accepted(driver.submit(event(3, case, "ask", json!({}))).await.unwrap());
    driver.run_until(hours(24 * 9)).await.unwrap();
    accepted(driver.submit(event(4, case, "answer", json!({"text": "好"}))).await.unwrap());
    // Another process, which knows the workflow only from the store.
    let elsewhere = registry();
    for (id, _, _) in journal.case_heads(Uuid::nil(), 9).await.unwrap() {
        let found = rederive(&journal, &elsewhere, id).await.unwrap();
        assert!(matches!(found, Rederived::Same { steps } if steps >= 2), "{found:?}");
    }
    let mut end = event(5, case, "", json!({}));
    end.target = Target::EndRetention { case, basis: "档案保管期限表".into() };
    accepted(driver.submit(end).await.unwrap());
    assert_eq!(rederive(&journal, &elsewhere, case).await.unwrap(), Rederived::Forgotten);
    assert!(journal.case_key(case).await.unwrap().is_none());
    driver.run_until(hours(24 * 30)).await.unwrap();
    assert_eq!(journal.quarantined(9).await.unwrap(), vec![], "nothing of it is tried again");
    let said = verify(&journal, &elsewhere, driver.now()).await.unwrap();
    assert_eq!((said.findings, said.forgotten), (vec![], 1));
    house.tamper("DELETE FROM case_keys").await;
    assert!(
        !verify(&journal, &elsewhere, driver.now()).await.unwrap().is_whole(),
        "keys do not vanish without an entry"
    );
}

pub(crate) async fn a_journal_that_was_rewritten_is_not_rederived(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    driver.run_until(hours(50)).await.unwrap();
    house.tamper("UPDATE cases SET state = replace(state, 'overdue', 'overdone')").await;
    let found = rederive(driver.journal(), driver.registry(), case).await.unwrap();
    assert!(matches!(found, Rederived::Different { .. }), "{found:?}");
    house.tamper("UPDATE journal SET body = replace(body, '\"soon\"', '\"never\"')").await;
    let found = rederive(driver.journal(), driver.registry(), case).await.unwrap();
    assert!(matches!(found, Rederived::Different { seq: 2, .. }), "{found:?}");
}

pub(crate) async fn what_was_changed_in_the_store_is_found_and_named(house: House) {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let mut cases = Vec::new();
    for n in 1..=6 {
        cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
    }
    driver.run_until(hours(24 * 5)).await.unwrap();
    assert!(driver.make_roots().await.unwrap() >= 4, "the days since the first case have their roots");
    assert_eq!(driver.make_roots().await.unwrap(), 0, "a day has one root");
    assert_eq!(found(&driver).await, Vec::<String>::new());

    // One byte of one entry.
    house.tamper("UPDATE journal SET body = replace(body, '\"噪声 2\"', '\"噪声 9\"') WHERE seq = 1").await;
    let named = found(&driver).await;
    assert!(
        named.iter().any(|n| n.contains(&cases[1].to_string()) && n.contains("entry 1: broken chain: the hash")),
        "{named:?}"
    );
    assert!(named.iter().any(|n| n.contains(&cases[1].to_string()) && n.contains("entry 1: ")), "{named:?}");
    assert!(named.iter().all(|n| !n.contains(&cases[0].to_string())), "{named:?}");
    house.tamper("UPDATE journal SET body = replace(body, '\"噪声 9\"', '\"噪声 2\"') WHERE seq = 1").await;
    assert_eq!(found(&driver).await, Vec::<String>::new());

    // Columns that lists are made of.
    for (column, sql, back) in [
        (
            "due_at",
            "UPDATE cases SET due_at = due_at + 1 WHERE number LIKE '%3'",
            "UPDATE cases SET due_at = due_at - 1 WHERE number LIKE '%3'",
        ),
        (
            "owner",
            "UPDATE cases SET owner = 'unit:nobody' WHERE number LIKE '%3'",
            "UPDATE cases SET owner = 'unit:duty-desk' WHERE number LIKE '%3'",
        ),
        (
            "marks",
            "UPDATE cases SET marks = '[]' WHERE number LIKE '%3'",
            "UPDATE cases SET marks = '[\"overdue\"]' WHERE number LIKE '%3'",
        ),
        (
            "running",
            "UPDATE cases SET running = 0 WHERE number LIKE '%3'",
            "UPDATE cases SET running = 1 WHERE number LIKE '%3'",
        ),
    ] {
        house.tamper(sql).await;
        let named = found(&driver).await;
        assert_eq!(named.len(), 1, "{column}: {named:?}");
        assert!(named[0].contains(&cases[2].to_string()) && named[0].contains(column), "{named:?}");
        house.tamper(back).await;
    }
    assert_eq!(found(&driver).await, Vec::<String>::new());

    // The newest entry is gone; then the case is made to match, so that only the root of the day can tell.
    house.tamper("DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal) AND case_id IN (SELECT id FROM cases WHERE number LIKE '%4')").await;
    let named = found(&driver).await;
    assert!(named.iter().any(|n| n.contains(&cases[3].to_string()) && n.contains("missing at the end")), "{named:?}");
    house
        .tamper(
            "UPDATE cases SET seq = seq - 1, head = (SELECT hash FROM journal j WHERE j.case_id = cases.id AND j.seq = cases.seq - 1) \
             WHERE number LIKE '%4'",
        )
        .await;
    let named = found(&driver).await;
    assert!(named.iter().any(|n| n.starts_with("root") && n.contains("500110")), "{named:?}");
    journal.close().await;
}

/// What `huiyin verify` says.
async fn found(driver: &huiyin_engine::Driver) -> Vec<String> {
    let said = verify(driver.journal(), driver.registry(), driver.now()).await.unwrap();
    said.findings.into_iter().map(|found| format!("{}: {}", found.place, found.problem)).collect()
}

/// Everything beside the chain: each is changed behind the journal's back, found, and put back.
pub(crate) async fn what_stands_beside_the_chain_is_compared_too(house: House) {
    let driver = house.driver().await;
    let mut cases = Vec::new();
    for n in 1..=3 {
        cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
    }
    accepted(driver.submit(event(9, cases[0], "take", json!({}))).await.unwrap());
    accepted(driver.submit(event(10, cases[0], "ask", json!({}))).await.unwrap());
    let hash = driver.journal().store_file(b"paper").unwrap();
    let mut attach = event(11, cases[1], "", json!({}));
    let (name, media_type) = ("a.txt".to_owned(), "text/plain".to_owned());
    attach.target =
        Target::Attach { case: cases[1], hash: hash.clone(), name, media_type, size: 5, by: "李".to_owned() };
    accepted(driver.submit(attach).await.unwrap());
    driver.run_until(hours(24 * 3)).await.unwrap();
    assert!(driver.make_roots().await.unwrap() >= 3);
    assert_eq!(found(&driver).await, Vec::<String>::new());
    for (what, sql, back) in TAMPERED {
        house.tamper(sql).await;
        let named = found(&driver).await;
        assert!(named.iter().any(|n| n.contains(what)), "{sql}: expected {what}: {named:?}");
        house.tamper(back).await;
        assert_eq!(found(&driver).await, Vec::<String>::new(), "after {back}");
    }
    let file = house.folder.path().join("attachments").join(&hash[..2]).join(&hash);
    std::fs::write(&file, b"other").unwrap();
    assert!(found(&driver).await.iter().any(|n| n.contains("the file of its attachment a.txt")));
    std::fs::write(&file, b"paper").unwrap();
    // What cannot be put back comes last.
    let roots = house.folder.path().join("roots").join("500110.real.jsonl");
    let kept = std::fs::read_to_string(&roots).unwrap();
    std::fs::write(&roots, kept.replacen("\"signature\":\"", "\"signature\":\"00", 1)).unwrap();
    assert!(found(&driver).await.iter().any(|n| n.contains("the signature in the file")));
    house.tamper("DELETE FROM roots").await;
    std::fs::remove_file(&roots).unwrap();
    assert!(found(&driver).await.iter().any(|n| n.contains("roots were made up to this day")));
    house.tamper("DELETE FROM outbox WHERE kind = 'notify'").await;
    assert!(found(&driver).await.iter().any(|n| n.contains("missing in the outbox")));
    house.tamper("DELETE FROM links").await;
    assert!(found(&driver).await.iter().any(|n| n.contains("its link to the case that opened it")));
    house.tamper("DELETE FROM attachments").await;
    assert!(found(&driver).await.iter().any(|n| n.contains("its attachment a.txt")));
    house.tamper("DELETE FROM case_owners").await;
    assert!(found(&driver).await.iter().any(|n| n.contains("the parties under which it is listed")));
}

/// What must be named, what is changed, and how it is put back.
const TAMPERED: [(&str, &str, &str); 11] = [
    ("belongs at", "UPDATE timers SET due_at = due_at + 1", "UPDATE timers SET due_at = due_at - 1"),
    ("another district or timeline", "UPDATE timers SET timeline = 'drill'", "UPDATE timers SET timeline = 'real'"),
    ("another district or timeline", "UPDATE timers SET district = '1'", "UPDATE timers SET district = '500110'"),
    (
        "another district or timeline than its journal",
        "UPDATE cases SET timeline = 'x'",
        "UPDATE cases SET timeline = 'real'",
    ),
    (
        "another district or timeline than its journal",
        "UPDATE cases SET district = 'x'",
        "UPDATE cases SET district = '500110'",
    ),
    (
        "settled by somebody without the master key",
        "UPDATE outbox SET state = 'done' WHERE kind = 'notify'",
        "UPDATE outbox SET state = 'waiting' WHERE kind = 'notify'",
    ),
    ("pieces under which it is searched", "UPDATE grams SET gram = gram + 1", "UPDATE grams SET gram = gram - 1"),
    (
        "hash of another one",
        "CREATE TABLE spare AS SELECT id, body_hash FROM commands; UPDATE commands SET body_hash = (SELECT hash FROM journal LIMIT 1)",
        "UPDATE commands SET body_hash = (SELECT s.body_hash FROM spare s WHERE s.id = commands.id); DROP TABLE spare",
    ),
    (
        "its content is that of",
        "UPDATE kept SET hash = 'x' || hash WHERE kind = 'calendar'",
        "UPDATE kept SET hash = substr(hash, 2) WHERE kind = 'calendar'",
    ),
    (
        "counter",
        "UPDATE counters SET n = n + 1 WHERE workflow = 'request'",
        "UPDATE counters SET n = n - 1 WHERE workflow = 'request'",
    ),
    (
        "counter",
        "UPDATE counters SET n = n - 1 WHERE workflow = 'request'",
        "UPDATE counters SET n = n + 1 WHERE workflow = 'request'",
    ),
];

/// A verification beside a service that writes all the time finds nothing.
pub(crate) async fn a_running_service_raises_no_false_alarm(house: House) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    let engine = house.engine().await;
    let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut senders = tokio::task::JoinSet::new();
    for n in 1..=4_u128 {
        let (engine, over, sent) = (engine.clone(), Arc::clone(&over), Arc::clone(&sent));
        senders.spawn(async move {
            let case = accepted(engine.submit(open(n)).await.unwrap()).case;
            accepted(engine.submit(event(n + 100, case, "take", json!({}))).await.unwrap());
            for next in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                accepted(engine.submit(event(n * 1_000_000 + next, case, "ask", json!({}))).await.unwrap());
                sent.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let (mut findings, mut cases, mut rounds) = (Vec::new(), 0, 0);
    // Each looks at more than the one before; on a slow machine it takes more of them until the service was under load.
    while rounds < harness::size(4, 6) || sent.load(Ordering::SeqCst) <= 20 {
        let said = verify(engine.journal(), engine.registry(), engine.now()).await.unwrap();
        findings.extend(said.findings);
        (cases, rounds) = (said.cases, rounds + 1);
    }
    over.store(true, Ordering::SeqCst);
    senders.join_all().await;
    engine.stop().await;
    eprintln!("{sent:?} events were sent during {rounds} verifications, {cases} cases seen last");
    assert_eq!(findings, vec![]);
}
