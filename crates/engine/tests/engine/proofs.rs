//! What is stored can be derived again, and is the same on both databases.

use huiyin_engine::{Answer, Rederived, rederive};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
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
    driver.run_until(hours(30)).await.unwrap();
    house.tamper("UPDATE cases SET state = replace(state, 'overdue', 'overdone')").await;
    let found = rederive(driver.journal(), driver.registry(), case).await.unwrap();
    assert!(matches!(found, Rederived::Different { .. }), "{found:?}");
    house.tamper("UPDATE journal SET body = replace(body, '\"soon\"', '\"never\"')").await;
    let found = rederive(driver.journal(), driver.registry(), case).await.unwrap();
    assert!(matches!(found, Rederived::Different { seq: 2, .. }), "{found:?}");
}

/// A year made from a seed; the journal's bytes in order.
pub(crate) async fn seeded_year(house: House, seed: u64) -> Vec<(Uuid, i64, String)> {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cases = Vec::new();
    let mut hour = 0;
    for n in 1..=120_u128 {
        hour += rng.random_range(1..72);
        driver.run_until(hours(hour)).await.unwrap();
        if cases.len() < 3 || rng.random_bool(0.3) {
            cases.push(accepted(driver.submit(open(n)).await.unwrap()).case);
            continue;
        }
        let case = cases[rng.random_range(0..cases.len())];
        let name = ["take", "ask", "answer"][rng.random_range(0..3)];
        let command = event(n, case, name, if name == "answer" { json!({"text": "好"}) } else { json!({}) });
        let answer = driver.submit(command).await.unwrap();
        assert!(!matches!(answer, Answer::Conflict));
    }
    assert_eq!(journal.verify_chains().await.unwrap().breaks, vec![]);
    assert_eq!(driver.self_check().await.unwrap(), 0);
    assert_eq!(driver.metrics().await.unwrap().stuck_timers, 0);
    let mut out = Vec::new();
    for (case, _, _) in journal.case_heads(Uuid::nil(), 1000).await.unwrap() {
        for entry in journal.entries(case, 0, 1000).await.unwrap() {
            out.push((case, entry.seq, entry.body));
        }
    }
    out
}
