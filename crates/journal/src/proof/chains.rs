//! Recomputes the hash chain of every case and reports the first break of each.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::canonical::{self, GENESIS, Hash};
use crate::error::JournalError;
use crate::store::rows::hash_of;
use crate::store::{Entry, Journal, reading};
use crate::time::micros;

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Case.
    pub case: Uuid,
    /// The first entry that is wrong.
    pub seq: i64,
    /// What is wrong with it.
    pub problem: String,
}

/// What a check of the chains found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Cases read.
    pub cases: u64,
    /// Entries read.
    pub entries: u64,
    /// First break of each case that has one.
    pub breaks: Vec<Break>,
}

const PAGE: u32 = 500;
const CASES: &str = "SELECT id, seq, head FROM cases WHERE id > $1 ORDER BY id LIMIT $2";
const ORPHANS: &str = "SELECT case_id, MIN(seq) FROM journal j \
    WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = j.case_id) GROUP BY case_id LIMIT 100";

impl Journal {
    /// Recomputes all chains.
    ///
    /// # Errors
    /// When the database refuses; a broken chain is not an error, it is in the report.
    pub async fn verify_chains(&self) -> Result<ChainReport, JournalError> {
        let mut report = ChainReport::default();
        let mut last = Uuid::nil();
        loop {
            let cases = self.case_heads(last, PAGE).await?;
            let Some(&(next, ..)) = cases.last() else { break };
            for (case, ..) in cases {
                let Some(whole) = self.whole_case(case).await? else { continue };
                report.cases += 1;
                report.entries += whole.entries.len() as u64;
                if let Some((seq, problem)) = whole.chain_break() {
                    report.breaks.push(Break { case, seq, problem });
                }
            }
            last = next;
        }
        let orphans: Vec<(Uuid, i64)> = reading!(self, pool => sqlx::query_as(ORPHANS).fetch_all(pool).await?);
        let lost = |(case, seq)| Break {
            case,
            seq,
            problem: "entries of a case that is missing from the table of cases".into(),
        };
        report.breaks.extend(orphans.into_iter().map(lost));
        Ok(report)
    }

    /// Ids with number and hash of the newest entry, in id order after `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn case_heads(&self, after: Uuid, limit: u32) -> Result<Vec<(Uuid, i64, Hash)>, JournalError> {
        let rows: Vec<(Uuid, i64, Vec<u8>)> =
            reading!(self, pool => sqlx::query_as(CASES).bind(after).bind(i64::from(limit)).fetch_all(pool).await?);
        rows.into_iter().map(|(id, seq, head)| Ok((id, seq, hash_of(&head, "cases.head")?))).collect()
    }
}

/// The first entry at which a journal is not the chain that its case stands at the end of.
pub(super) fn first_break(entries: &[Entry], seq: i64, head: &Hash) -> Option<(i64, String)> {
    let (mut at_seq, mut at_hash, mut at) = (0, GENESIS, i64::MIN);
    for entry in entries {
        if let Some(problem) = wrong(entry, at_seq + 1, &at_hash, at) {
            return Some((at_seq + 1, problem));
        }
        (at_seq, at_hash, at) = (entry.seq, entry.hash, micros(entry.at));
    }
    let problem = if at_seq < seq {
        format!("the journal ends at {at_seq}, the case is at {seq}: entries are missing at the end")
    } else if at_seq > seq || at_hash != *head {
        "the case does not stand at the newest entry of its journal".to_owned()
    } else {
        return None;
    };
    Some((at_seq + 1, problem))
}

/// What is wrong with an entry that should be number `seq` after `prev`, not earlier than `since`.
fn wrong(entry: &Entry, seq: i64, prev: &Hash, since: i64) -> Option<String> {
    if entry.seq != seq {
        return Some(format!("entry {seq} is missing"));
    }
    if entry.prev != *prev {
        return Some("does not follow from the entry before".to_owned());
    }
    if canonical::link(prev, &entry.body) != entry.hash {
        return Some("the hash is not that of the stored body".to_owned());
    }
    if micros(entry.at) < since {
        return Some("is earlier than the entry before".to_owned());
    }
    let body: Value = match serde_json::from_str(&entry.body) {
        Ok(body) => body,
        Err(e) => return Some(format!("the body is not JSON: {e}")),
    };
    let same = body["case"] == entry.case.to_string()
        && body["seq"] == entry.seq
        && body["at"] == micros(entry.at)
        && body["district"] == entry.district
        && body["timeline"] == entry.timeline
        && body["kind"] == entry.kind;
    (!same).then(|| "a column differs from the body".to_owned())
}
