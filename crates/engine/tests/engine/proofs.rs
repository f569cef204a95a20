//! What is stored can be derived again, and is the same on both databases.

use huiyin_engine::{Rederived, rederive};
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
    journal.destroy_key(case).await.unwrap();
    assert_eq!(rederive(&journal, &elsewhere, case).await.unwrap(), Rederived::Forgotten);
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
    assert!(named.iter().any(|n| n.contains(&cases[1].to_string()) && n.contains("entry 1: the hash")), "{named:?}");
    assert!(named.iter().any(|n| n.contains(&cases[1].to_string()) && n.contains("re-derived")), "{named:?}");
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

/// What `huiyin verify` would say.
async fn found(driver: &huiyin_engine::Driver) -> Vec<String> {
    let journal = driver.journal();
    let chains = journal.verify_chains().await.unwrap().breaks.into_iter();
    let mut named: Vec<String> = chains.map(|b| format!("chain {} entry {}: {}", b.case, b.seq, b.problem)).collect();
    let (_, roots) = journal.verify_roots().await.unwrap();
    named.extend(roots.into_iter().map(|b| format!("root {} {}: {}", b.district, b.day, b.problem)));
    for (case, ..) in journal.case_heads(Uuid::nil(), 1000).await.unwrap() {
        if let Rederived::Different { seq, problem } = rederive(journal, driver.registry(), case).await.unwrap() {
            named.push(format!("re-derived {case} entry {seq}: {problem}"));
        }
    }
    named
}
