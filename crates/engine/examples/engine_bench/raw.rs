//! The bare database: the same statements with the same payloads through the same driver, made ready beforehand, in a
//! plain loop of transactions, or one by one at a given rate. No engine, no step, no hash; no JSON is written while it is timed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use huiyin_journal::{
    AnswerWrite, CaseRecord, Claim, Entry, Journal, JournalError, OutboxWrite, Prepared, TimerWrite, Writes, canonical,
};
use uuid::Uuid;

/// What the engine wrote last for a case.
struct Last {
    record: CaseRecord,
    entry: Entry,
    payload: String,
    answer: String,
}

/// What the engine left behind, from which further transitions of the same size are made.
pub(crate) struct Load {
    journal: Journal,
    cases: Vec<Uuid>,
    last: HashMap<Uuid, Last>,
    at: usize,
}

/// One transaction, ready to be sent.
struct Ready {
    claims: Vec<Claim>,
    cases: Vec<Uuid>,
    writes: Prepared,
}

impl Load {
    pub(crate) async fn of(journal: Journal, cases: &[Uuid]) -> Self {
        let mut last = HashMap::new();
        for case in cases {
            let record = journal.case(*case).await.unwrap().unwrap();
            let entry = journal.entries(*case, record.seq - 1, 1).await.unwrap().pop().unwrap();
            let body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
            let payload = body["effects"][0].to_string();
            let id = body["command"].as_str().and_then(|id| id.parse().ok()).unwrap();
            let answer = journal.answer(id).await.unwrap().unwrap().answer;
            last.insert(*case, Last { record, entry, payload, answer });
        }
        Self { journal, cases: cases.to_vec(), last, at: 0 }
    }

    pub(crate) fn entry_bytes(&self) -> usize {
        self.last.values().map(|last| last.entry.body.len()).sum::<usize>() / self.last.len()
    }

    fn transaction(&mut self, size: usize) -> Ready {
        let mut writes = Writes::default();
        let (mut claims, mut cases) = (Vec::new(), Vec::new());
        for _ in 0..size {
            let case = self.cases[self.at % self.cases.len()];
            self.at += 1;
            let last = self.last.get_mut(&case).unwrap();
            last.record.seq += 1;
            last.entry.seq += 1;
            let (seq, record) = (last.record.seq, &last.record);
            let command = Uuid::now_v7();
            claims.push(Claim { id: command, body_hash: canonical::hash(command.as_bytes()) });
            cases.push(case);
            writes.changed.push(record.clone());
            writes.entries.push(last.entry.clone());
            writes.timers_cleared.push((case, format!("clock/turn/{}", seq - 1)));
            writes.timers_set.push(TimerWrite {
                case,
                key: format!("clock/turn/{seq}"),
                due_at: record.last_at + chrono::Duration::hours(2),
                not_before: None,
                version: seq,
                district: record.district.clone(),
                timeline: record.timeline.clone(),
            });
            writes.outbox.push(OutboxWrite {
                key: format!("{case}/s{seq}/0"),
                kind: "notify".into(),
                case,
                seq,
                district: record.district.clone(),
                timeline: record.timeline.clone(),
                payload: last.payload.clone(),
                created_at: record.last_at,
                leased_until: None,
            });
            writes.answers.push(AnswerWrite { id: command, case: Some(case), answer: last.answer.clone() });
        }
        cases.sort_unstable();
        Ready { claims, cases, writes: self.journal.prepare(&writes).unwrap() }
    }

    /// Transitions a second in transactions of `size`, by `writers` connections that share the work.
    pub(crate) async fn rate(&mut self, transitions: usize, size: usize, writers: usize) -> f64 {
        let mut work: Vec<Vec<Ready>> = (0..writers).map(|_| Vec::new()).collect();
        let transactions = transitions / size;
        for n in 0..transactions {
            work[n % writers].push(self.transaction(size));
        }
        let journal = Arc::new(self.journal.clone());
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for work in work {
            let journal = Arc::clone(&journal);
            tasks.spawn(async move {
                for ready in &work {
                    write(&journal, ready).await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        (transactions * size) as f64 / started.elapsed().as_secs_f64()
    }

    /// Median microseconds of a transaction with one transition.
    pub(crate) async fn alone(&mut self, transitions: usize) -> f64 {
        let mut took = Vec::with_capacity(transitions);
        for _ in 0..transitions {
            let ready = self.transaction(1);
            let started = Instant::now();
            write(&self.journal, &ready).await;
            took.push(started.elapsed().as_secs_f64() * 1e6);
        }
        median(took)
    }

    /// Milliseconds of each transaction with one transition, at so many a second for so long, from when it should have been
    /// sent; infinite where the database did not take it in time.
    pub(crate) async fn at_rate(&mut self, rate: f64, long: Duration) -> Vec<f64> {
        let all: Vec<Ready> = (0..(rate * long.as_secs_f64()) as usize).map(|_| self.transaction(1)).collect();
        let (journal, began) = (Arc::new(self.journal.clone()), Instant::now());
        let mut under_way = tokio::task::JoinSet::new();
        for (n, ready) in all.into_iter().enumerate() {
            let planned = began + Duration::from_secs_f64(n as f64 / rate);
            tokio::time::sleep_until(planned.into()).await;
            let journal = Arc::clone(&journal);
            under_way.spawn(async move {
                let written = try_write(&journal, &ready).await;
                if written.is_ok() { planned.elapsed().as_secs_f64() * 1e3 } else { f64::INFINITY }
            });
        }
        under_way.join_all().await
    }

    pub(crate) async fn close(self) {
        self.journal.close().await;
    }
}

async fn write(journal: &Journal, ready: &Ready) {
    try_write(journal, ready).await.unwrap();
}

async fn try_write(journal: &Journal, ready: &Ready) -> Result<(), JournalError> {
    let now = Utc::now();
    let mut batch = journal.begin(now).await?;
    let (_, locked) = batch.take(&ready.claims, now, &ready.cases, &[]).await?;
    assert_eq!(locked.len(), ready.cases.len());
    batch.finish(&ready.writes).await
}

pub(crate) fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}
