//! One signed root for each district, timeline and day, also written to a file outside the database.
//!
//! It covers the newest entry that each case had on that day, so that cutting entries off the end of a journal shows,
//! even when the table of cases is cut to match. Signed with HMAC-SHA256 under a key derived from the master key.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::canonical::{self, GENESIS, Hash};
use crate::error::JournalError;
use crate::store::rows::hash_of;
use crate::store::{Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// The root of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRoot {
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Local date, `YYYY-MM-DD`.
    pub day: String,
    /// First instant of the day.
    pub from: Instant,
    /// First instant of the next day.
    pub to: Instant,
    /// Cases that changed on that day.
    pub cases: i64,
    /// Root of the day before it in the store, hex.
    pub prev: String,
    /// Root, hex.
    pub root: String,
    /// Signature, hex.
    pub signature: String,
}

/// A root that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootBreak {
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Local date.
    pub day: String,
    /// What is wrong.
    pub problem: String,
}

type Row = (String, String, String, i64, i64, i64, Vec<u8>, Vec<u8>, Vec<u8>);

const DAY: &str = "SELECT j.case_id, j.seq, j.hash FROM journal j JOIN \
    (SELECT case_id, MAX(seq) AS seq FROM journal WHERE district = $1 AND timeline = $2 AND at >= $3 AND at < $4 GROUP BY case_id) n \
    ON n.case_id = j.case_id AND n.seq = j.seq WHERE j.at >= $3 AND j.at < $4 ORDER BY j.case_id";
const LAST: &str =
    "SELECT root FROM roots WHERE district = $1 AND timeline = $2 AND day < $3 ORDER BY day DESC LIMIT 1";
const PUT: &str = "INSERT INTO roots (district, timeline, day, from_at, to_at, cases, prev, root, signature) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const ALL: &str = "SELECT district, timeline, day, from_at, to_at, cases, prev, root, signature FROM roots ORDER BY district, timeline, day";

impl Journal {
    /// Makes the root of a day that is over, once: stored, and appended to `roots/<district>.<timeline>.jsonl`.
    /// `from` and `to` are the local day's first instant and the next day's.
    ///
    /// # Errors
    /// When the database or the file refuses.
    pub async fn make_root(
        &self,
        district: &str,
        timeline: &str,
        day: chrono::NaiveDate,
        from: Instant,
        to: Instant,
    ) -> Result<DayRoot, JournalError> {
        let day = day.to_string();
        let last: Option<(Vec<u8>,)> = reading!(self, pool => {
            sqlx::query_as(LAST).bind(district).bind(timeline).bind(&day).fetch_optional(pool).await?
        });
        let prev = last.map_or(Ok(GENESIS), |(root,)| hash_of(&root, "roots.root"))?;
        let (cases, root) = self.compute_root(district, timeline, from, to, &prev).await?;
        let signature = self.vault().purpose("daily root", statement(district, timeline, &day, &root).as_bytes());
        let new = writing!(self, pool => {
            sqlx::query(PUT)
                .bind(district)
                .bind(timeline)
                .bind(&day)
                .bind(micros(from))
                .bind(micros(to))
                .bind(cases)
                .bind(prev.as_slice())
                .bind(root.as_slice())
                .bind(signature.as_slice())
                .execute(pool)
                .await?
                .rows_affected()
        });
        let (prev, root, signature) = (hex::encode(prev), hex::encode(root), hex::encode(signature));
        let made = DayRoot {
            district: district.into(),
            timeline: timeline.into(),
            day,
            from,
            to,
            cases,
            prev,
            root,
            signature,
        };
        if new == 1 {
            self.write_out(&made)?;
        }
        Ok(made)
    }

    /// Checks every root in the store and in the files beside it against the journal.
    ///
    /// # Errors
    /// When the database or a file refuses; a root that does not hold is not an error, it is in the answer.
    pub async fn verify_roots(&self) -> Result<(u64, Vec<RootBreak>), JournalError> {
        let rows: Vec<Row> = reading!(self, pool => sqlx::query_as(ALL).fetch_all(pool).await?);
        let stored = rows.into_iter().map(day_root).collect::<Result<Vec<_>, _>>()?;
        let written = self.written_roots()?;
        let mut breaks = Vec::new();
        for root in &stored {
            if let Some(problem) = self.root_problem(root, &written).await? {
                breaks.push(broken(root, problem));
            }
        }
        for root in &written {
            if !stored.iter().any(|s| same_day(s, root)) {
                breaks.push(broken(root, "the store has lost the root of this day".into()));
            }
        }
        Ok((stored.len() as u64, breaks))
    }

    async fn root_problem(&self, root: &DayRoot, written: &[DayRoot]) -> Result<Option<String>, JournalError> {
        let prev: Hash = hex::decode(&root.prev).ok().and_then(|b| b.try_into().ok()).unwrap_or(GENESIS);
        let (_, now) = self.compute_root(&root.district, &root.timeline, root.from, root.to, &prev).await?;
        if hex::encode(now) != root.root {
            return Ok(Some("the journal of this day is not what it was when its root was made".into()));
        }
        let signed =
            self.vault().purpose("daily root", statement(&root.district, &root.timeline, &root.day, &now).as_bytes());
        if hex::encode(signed) != root.signature {
            return Ok(Some("the signature is not of this store's key".into()));
        }
        let outside = written.iter().find(|w| same_day(w, root));
        Ok(match outside {
            None => Some("the file outside the store has no root of this day".into()),
            Some(outside) if outside.root != root.root => Some("the file outside the store has another root".into()),
            Some(_) => None,
        })
    }

    async fn compute_root(
        &self,
        district: &str,
        timeline: &str,
        from: Instant,
        to: Instant,
        prev: &Hash,
    ) -> Result<(i64, Hash), JournalError> {
        let heads: Vec<(Uuid, i64, Vec<u8>)> = reading!(self, pool => {
            sqlx::query_as(DAY)
                .bind(district)
                .bind(timeline)
                .bind(micros(from))
                .bind(micros(to))
                .fetch_all(pool)
                .await?
        });
        let mut sha = Sha256::new();
        sha.update(prev);
        for (case, seq, hash) in &heads {
            sha.update(case.as_bytes());
            sha.update(seq.to_be_bytes());
            sha.update(hash);
        }
        Ok((i64::try_from(heads.len()).unwrap_or(i64::MAX), sha.finalize().into()))
    }

    fn roots_dir(&self) -> PathBuf {
        self.data_dir().join("roots")
    }

    fn write_out(&self, root: &DayRoot) -> Result<(), JournalError> {
        let folder = self.roots_dir();
        fs::create_dir_all(&folder).map_err(JournalError::file(&folder))?;
        let path = folder.join(format!("{}.{}.jsonl", file_safe(&root.district), file_safe(&root.timeline)));
        let line = canonical::write(&serde_json::to_value(root).map_err(|e| JournalError::damaged("daily root", e))?);
        let written = fs::OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
            writeln!(file, "{line}")?;
            file.sync_all()
        });
        written.map_err(JournalError::file(&path))
    }

    fn written_roots(&self) -> Result<Vec<DayRoot>, JournalError> {
        let folder = self.roots_dir();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        for file in fs::read_dir(&folder).map_err(JournalError::file(&folder))? {
            let path = file.map_err(JournalError::file(&folder))?.path();
            let text = fs::read_to_string(&path).map_err(JournalError::file(&path))?;
            for (n, line) in text.lines().enumerate() {
                let at = || format!("{} line {}", path.display(), n + 1);
                out.push(serde_json::from_str(line).map_err(|e| JournalError::damaged(at(), e))?);
            }
        }
        Ok(out)
    }
}

fn statement(district: &str, timeline: &str, day: &str, root: &Hash) -> String {
    format!("{district}\n{timeline}\n{day}\n{}", hex::encode(root))
}

fn same_day(a: &DayRoot, b: &DayRoot) -> bool {
    (&a.district, &a.timeline, &a.day) == (&b.district, &b.timeline, &b.day)
}

fn broken(root: &DayRoot, problem: String) -> RootBreak {
    RootBreak { district: root.district.clone(), timeline: root.timeline.clone(), day: root.day.clone(), problem }
}

/// A name that stays inside its folder.
fn file_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

fn day_root((district, timeline, day, from, to, cases, prev, root, signature): Row) -> Result<DayRoot, JournalError> {
    let hex_of = |bytes: &[u8]| hash_of(bytes, "roots").map(hex::encode);
    let (prev, root, signature) = (hex_of(&prev)?, hex_of(&root)?, hex_of(&signature)?);
    Ok(DayRoot { district, timeline, day, from: from_micros(from), to: from_micros(to), cases, prev, root, signature })
}
