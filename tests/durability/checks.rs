//! What must hold afterwards, read from the store itself.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use huiyin_journal::Journal;
use huiyin_journal::delivery::{DeliveryFilter, DeliveryState};
use serde_json::Value;
use uuid::Uuid;

use crate::load::Log;
use crate::service::Service;

/// Longest wait for what comes by itself: a message that a dead process held is given out again after half a minute.
const PATIENCE: Duration = Duration::from_secs(600);

/// Chains hold and every state is derived again from its journal, says the program itself.
pub(crate) fn whole(service: &Service) {
    let (whole, said) = service.verify();
    eprintln!("{}", said.trim());
    assert!(whole, "{said}");
}

/// What was acknowledged is recorded exactly once; what was refused, not at all; no rung and no effect twice.
pub(crate) fn recorded_once(service: &Service, log: &Log) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = service.journal().await;
        let (recorded, rungs) = read(&journal).await;
        let mut accepted = 0;
        for command in &log.answered {
            let found = recorded.get(&command.id);
            if command.status >= 300 {
                assert_eq!(found, None, "refused with {}, and recorded: {}", command.status, command.id);
                continue;
            }
            accepted += 1;
            let case: Uuid = command.body["case"].as_str().unwrap().parse().unwrap();
            let seq = command.body["seq"].as_i64().unwrap();
            assert_eq!(found, Some(&(case, seq)), "acknowledged, and not recorded as acknowledged: {}", command.id);
        }
        eprintln!("{accepted} commands accepted and found once, {} entries by commands, {rungs} rungs", recorded.len());
        assert!(accepted > 0 && rungs > 0, "nothing was tried");
        assert_eq!(journal.clocks_without_timer("500110", "real", 9).await.unwrap(), vec![]);
        assert_eq!(journal.quarantined(9).await.unwrap().len(), 0, "nothing was set aside");
        journal.close().await;
    });
}

/// Waits until each of these commands is recorded; a command recorded twice fails [`read`].
pub(crate) fn all_recorded(service: &Service, ids: &[Uuid]) {
    patiently(service, "commands of machines were acknowledged and are not recorded", async |journal| {
        let (recorded, _) = read(journal).await;
        ids.iter().filter(|id| !recorded.contains_key(id)).collect()
    });
}

/// Waits until no mail is due any more.
pub(crate) fn mails_settle(service: &Service) {
    let filter = DeliveryFilter { state: Some(DeliveryState::Queued), limit: 500, ..DeliveryFilter::default() };
    patiently(service, "mails are due and not sent", async |journal| {
        let now = service.now(journal).await;
        let (_, queued) = journal.deliveries().list(&filter).await.unwrap();
        queued.into_iter().filter(|delivery| delivery.next_at <= now).map(|delivery| (now, delivery)).collect()
    });
}

/// Until nothing is left, and not for ever.
fn patiently<T: std::fmt::Debug>(service: &Service, what: &str, left: impl AsyncFn(&Journal) -> Vec<T>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = service.journal().await;
        let began = Instant::now();
        loop {
            let left = left(&journal).await;
            let Some(first) = left.first() else { return journal.close().await };
            assert!(began.elapsed() < PATIENCE, "{} {what}; the first: {first:?}", left.len());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
}

/// Every mail that is due was accepted by the relay at least once, and none was given up. Gives how many.
pub(crate) fn mails_accepted(service: &Service, kept: &HashSet<String>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = service.journal().await;
        let deliveries = journal.deliveries();
        let mut filter = DeliveryFilter { limit: 500, ..DeliveryFilter::default() };
        let mut sent = 0;
        loop {
            let (_, page) = deliveries.list(&filter).await.unwrap();
            if page.is_empty() {
                journal.close().await;
                return sent;
            }
            filter.offset += 500;
            for delivery in page.iter().filter(|delivery| delivery.digest.is_none()) {
                assert_ne!(delivery.state, DeliveryState::Failed, "{delivery:?}");
                if delivery.state == DeliveryState::Sent {
                    assert!(kept.contains(&delivery.message_id), "sent, and the relay has it not: {delivery:?}");
                    sent += 1;
                }
            }
        }
    })
}

/// Command → its entry, and the number of rungs that fired.
async fn read(journal: &Journal) -> (HashMap<Uuid, (Uuid, i64)>, usize) {
    let (mut recorded, mut rungs) = (HashMap::new(), 0);
    let mut last = Uuid::nil();
    loop {
        let page = journal.case_heads(last, 500).await.unwrap();
        let Some((next, ..)) = page.last() else { return (recorded, rungs) };
        last = *next;
        for (case, ..) in page {
            rungs += read_case(journal, case, &mut recorded).await;
        }
    }
}

async fn read_case(journal: &Journal, case: Uuid, recorded: &mut HashMap<Uuid, (Uuid, i64)>) -> usize {
    let (mut rungs, mut effects) = (HashSet::new(), HashSet::new());
    let (mut after, mut time) = (0, None);
    loop {
        let entries = journal.entries(case, after, 500).await.unwrap();
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in entries {
            assert!(time <= Some(entry.at), "case {case}: its time went back at entry {}", entry.seq);
            time = Some(entry.at);
            let body: Value = serde_json::from_str(&entry.body).unwrap();
            if let Some(id) = body["command"].as_str() {
                let twice = recorded.insert(id.parse().unwrap(), (case, entry.seq));
                assert_eq!(twice, None, "command {id} was carried out twice");
            }
            for fact in body["facts"].as_array().into_iter().flatten().filter(|fact| fact["kind"] == "rung_fired") {
                let key = fact["key"].as_str().unwrap().to_owned();
                assert!(rungs.insert(key.clone()), "case {case}: rung {key} fired twice");
            }
            // A paper is drawn from the journal whenever it is asked for: nothing waits in the outbox for it.
            let written = body["effects"].as_array().into_iter().flatten();
            for effect in written.filter(|effect| effect["kind"] != "document") {
                let key = format!("{case}/{}", effect["key"].as_str().unwrap());
                assert!(effects.insert(key.clone()), "case {case}: effect {key} was written twice");
            }
        }
    }
    let stored = journal.effects_of(case).await.unwrap();
    let stored: HashSet<String> =
        stored.into_iter().map(|(key, ..)| key).filter(|key| !key.ends_with("/committed")).collect();
    assert_eq!(stored, effects, "case {case}: the outbox is not what the journal says");
    rungs.len()
}
