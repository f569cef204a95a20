//! The journal of a case, read for people and for proofs.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::error::JournalError;
use crate::secret::{CaseKey, mask};
use crate::store::rows::hash_of;
use crate::store::{Entry, Journal, reading};
use crate::time::{Instant, from_micros, micros};

/// One entry, its body open to reading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// Case.
    pub case: Uuid,
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// `opened`, `event`, `tick`, …
    pub kind: String,
    /// What happened.
    pub body: Value,
}

type Row = (Uuid, i64, i64, String, String, String, String, Vec<u8>, Vec<u8>);

const ENTRIES: &str = "SELECT case_id, seq, at, district, timeline, kind, body, prev_hash, hash FROM journal \
    WHERE case_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";

/// What was written since, by case: the number of its newest entry.
const WRITTEN: &str = "SELECT case_id, MAX(seq) FROM journal \
    WHERE district = $1 AND timeline = $2 AND at >= $3 AND case_id > $4 GROUP BY case_id ORDER BY case_id LIMIT $5";

impl Journal {
    /// Cases of which the journal has an entry at or after `since`, after id `after` in id order, each with the number of
    /// the newest of those entries. To look through the journal of a district, page by page.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn written_since(
        &self,
        district: &str,
        timeline: &str,
        since: Instant,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, JournalError> {
        Ok(reading!(self, pool => {
            sqlx::query_as(WRITTEN)
                .bind(district)
                .bind(timeline)
                .bind(micros(since))
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        }))
    }

    /// The entries of a case after `after`, exactly as they are stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn entries(&self, case: Uuid, after: i64, limit: u32) -> Result<Vec<Entry>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => {
            sqlx::query_as(ENTRIES).bind(case).bind(after).bind(i64::from(limit)).fetch_all(pool).await?
        });
        rows.into_iter().map(entry).collect()
    }

    /// The entries of a case after `after`. `reveal`: with their confidential values, else null in their place.
    /// Whoever reveals writes down why first.
    ///
    /// # Errors
    /// When the database refuses or a value does not open.
    pub async fn timeline(
        &self,
        case: Uuid,
        after: i64,
        limit: u32,
        reveal: bool,
    ) -> Result<Vec<TimelineEntry>, JournalError> {
        let key = if reveal { self.case_key(case).await? } else { None };
        let read = |entry: Entry| {
            if reveal {
                return self.open_entry(key.as_ref(), &entry);
            }
            let mut body = body_of(&entry)?;
            mask(&mut body);
            Ok(TimelineEntry { case, seq: entry.seq, at: entry.at, kind: entry.kind, body })
        };
        self.entries(case, after, limit).await?.into_iter().map(read).collect()
    }

    /// An entry with its confidential values, by the key of its case; without a key they are null.
    ///
    /// # Errors
    /// When it does not read or a value does not open.
    pub fn open_entry(&self, key: Option<&CaseKey>, entry: &Entry) -> Result<TimelineEntry, JournalError> {
        let mut body = body_of(entry)?;
        self.vault().unseal(key, &mut body)?;
        Ok(TimelineEntry { case: entry.case, seq: entry.seq, at: entry.at, kind: entry.kind.clone(), body })
    }
}

fn body_of(entry: &Entry) -> Result<Value, JournalError> {
    serde_json::from_str(&entry.body)
        .map_err(|e| JournalError::damaged(format!("journal.body of {} {}", entry.case, entry.seq), e))
}

pub(crate) fn entry((case, seq, at, district, timeline, kind, body, prev, hash): Row) -> Result<Entry, JournalError> {
    let what = "journal.hash";
    let (prev, hash) = (hash_of(&prev, what)?, hash_of(&hash, what)?);
    Ok(Entry { case, seq, at: from_micros(at), district, timeline, kind, body, prev, hash })
}
