//! Is the record whole? Every case against its journal, and what belongs to no single case: everything kept, counters,
//! orphans, daily roots. May run beside a service: a case is judged as it stood in one transaction.

use std::collections::BTreeMap;

use huiyin_journal::{CounterKey, Instant, Journal};
use serde::Serialize;
use uuid::Uuid;

use crate::command::EngineError;
use crate::examine::examine;
use crate::registry::Registry;

/// Most findings that are listed; the rest is counted.
const LISTED: usize = 10_000;
/// Cases listed at once.
const PAGE: u32 = 500;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: `case <id> entry <n>`, `root <district> <day>`, a table.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Cases looked at.
    pub cases: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Daily roots looked at.
    pub roots: u64,
    /// Cases that came out as they are stored.
    pub same: u64,
    /// Cases whose key was destroyed, as their journals say: their chains hold, their contents can no longer be read.
    pub forgotten: u64,
    /// What does not hold, up to 10,000.
    pub findings: Vec<Finding>,
    /// What does not hold beyond those.
    pub more: u64,
    /// What is worth knowing, and no sign that anything was changed.
    pub notices: Vec<String>,
}

impl Verified {
    /// Nothing was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    fn say(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        if self.findings.len() < LISTED {
            self.findings.push(Finding { place: place.into(), problem: problem.into() });
        } else {
            self.more += 1;
        }
    }
}

/// Verifies everything. `now` says which days are over.
///
/// # Errors
/// When the store does not answer; what does not hold is no error, it is in the answer.
pub async fn verify(journal: &Journal, registry: &Registry, now: Instant) -> Result<Verified, EngineError> {
    let mut out = Verified::default();
    kept(journal, registry, &mut out).await?;
    let before = journal.counters().await?;
    let mut numbers: BTreeMap<CounterKey, i64> = BTreeMap::new();
    cases(journal, registry, &mut numbers, &mut out).await?;
    // Cases opened meanwhile have numbers that the first look at the counters did not see.
    for counter in before {
        if numbers.get(&counter.key).copied().unwrap_or_default() < counter.n {
            out.say(place(&counter.key), format!("it stands at {}, and no case has that number", counter.n));
        }
    }
    let after: BTreeMap<CounterKey, i64> =
        journal.counters().await?.into_iter().map(|counter| (counter.key, counter.n)).collect();
    for (key, n) in numbers {
        if after.get(&key).copied().unwrap_or_default() < n {
            out.say(place(&key), format!("it stands before {n}, which a case has: the number would be given twice"));
        }
    }
    for (table, case) in journal.orphans().await? {
        out.say(table, format!("has rows of the case {case}, which is missing from the table of cases"));
    }
    roots(journal, registry, now, &mut out).await?;
    Ok(out)
}

fn place(key: &CounterKey) -> String {
    format!("counter {} {} {} {}", key.district, key.timeline, key.workflow, key.period)
}

async fn kept(journal: &Journal, registry: &Registry, out: &mut Verified) -> Result<(), EngineError> {
    let (mut kind, mut hash) = (String::new(), String::new());
    loop {
        let page = journal.kept_after(&kind, &hash).await?;
        let Some(last) = page.last() else { return Ok(()) };
        (kind, hash) = (last.kind.clone(), last.hash.clone());
        for kept in &page {
            if let Err(e) = registry.check_kept(kept) {
                out.say(format!("kept {} {}", kept.kind, kept.hash), e.to_string());
            }
        }
    }
}

async fn cases(
    journal: &Journal,
    registry: &Registry,
    numbers: &mut BTreeMap<CounterKey, i64>,
    out: &mut Verified,
) -> Result<(), EngineError> {
    let purged = journal.purged_before().await?;
    let mut last = Uuid::nil();
    loop {
        let page = journal.case_heads(last, PAGE).await?;
        let Some((next, ..)) = page.last() else { return Ok(()) };
        last = *next;
        for (id, ..) in page {
            let whole = match journal.whole_case(id).await {
                Ok(Some(whole)) => whole,
                Ok(None) => continue,
                Err(e) if e.is_of_the_data() => {
                    out.say(format!("case {id}"), e.to_string());
                    continue;
                }
                Err(e) => return Err(e.into()),
            };
            out.cases += 1;
            out.entries += whole.entries.len() as u64;
            let found = examine(journal, registry, &whole, purged).await?;
            match (found.findings.is_empty(), found.forgotten) {
                (true, true) => out.forgotten += 1,
                (true, false) => out.same += 1,
                (false, _) => {}
            }
            for (seq, problem) in found.findings {
                out.say(format!("case {id} ({}) entry {seq}", whole.record.number), problem);
            }
            if let Some((key, n)) = found.number {
                let most = numbers.entry(key).or_default();
                *most = (*most).max(n);
            }
        }
    }
}

async fn roots(journal: &Journal, registry: &Registry, now: Instant, out: &mut Verified) -> Result<(), EngineError> {
    let (checked, breaks) = journal.verify_roots().await?;
    out.roots = checked;
    for found in breaks {
        out.say(format!("root {} {} {}", found.district, found.timeline, found.day), found.problem);
    }
    for (code, zone) in registry.zones() {
        let Some(last) = journal.last_root_day(&code, crate::command::REAL)? else { continue };
        let waits = (now.with_timezone(&zone).date_naive() - last).num_days() - 1;
        if waits > 0 {
            out.notices.push(format!(
                "{code}: {waits} finished days have no root yet; a running service makes them within two minutes"
            ));
        }
    }
    Ok(())
}
