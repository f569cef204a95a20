//! One signed root for each district, timeline and day, also written to a file outside the database.
//!
//! It covers the newest entry that each case had on that day, so that cutting entries off the end of a journal shows,
//! even when the table of cases is cut to match. Each names the one before it. Signed with Ed25519 (RFC 8032) by a key
//! derived from the master key: whoever has the public key and a copy of the file can check it without us.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer as _, SigningKey};
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
const OF_DAY: &str = "SELECT root FROM roots WHERE district = $1 AND timeline = $2 AND day = $3";
const FIRST: &str = "SELECT MIN(at) FROM journal WHERE district = $1 AND timeline = $2";
const SCOPES: &str = "SELECT DISTINCT district, timeline FROM cases";
const ALL: &str = "SELECT district, timeline, day, from_at, to_at, cases, prev, root, signature FROM roots ORDER BY district, timeline, day";

impl Journal {
    /// Makes the root of a day that is over, once: appended to `roots/<district>.<timeline>.jsonl`, and stored. The file
    /// comes first, so that a crash between the two is made good by making the root again.
    /// `from` and `to` are the local day's first instant and the next day's.
    ///
    /// # Errors
    /// When the database or the file refuses, or either holds another root of this day.
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
        let signature = self.signing_key().sign(statement(district, timeline, &day, &root).as_bytes()).to_bytes();
        let made = DayRoot {
            district: district.into(),
            timeline: timeline.into(),
            day,
            from,
            to,
            cases,
            prev: hex::encode(prev),
            root: hex::encode(root),
            signature: hex::encode(signature),
        };
        self.write_out(&made)?;
        writing!(self, pool => {
            sqlx::query(PUT)
                .bind(district)
                .bind(timeline)
                .bind(&made.day)
                .bind(micros(from))
                .bind(micros(to))
                .bind(cases)
                .bind(prev.as_slice())
                .bind(root.as_slice())
                .bind(signature.as_slice())
                .execute(pool)
                .await?;
        });
        let (stored,): (Vec<u8>,) = writing!(self, pool => {
            sqlx::query_as(OF_DAY).bind(district).bind(timeline).bind(&made.day).fetch_one(pool).await?
        });
        if stored != root {
            return Err(another_root(&made, "the store"));
        }
        self.mark_made(&made).await?;
        Ok(made)
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.vault().purpose("daily root", b"ed25519"))
    }

    /// The public key of the daily roots, hex.
    #[must_use]
    pub fn roots_key(&self) -> String {
        hex::encode(self.signing_key().verifying_key().to_bytes())
    }

    /// Remembers up to which day roots were made, so that taking all of the last ones away shows too.
    async fn mark_made(&self, root: &DayRoot) -> Result<(), JournalError> {
        let key = made_key(&root.district, &root.timeline);
        if self.made_through(&root.district, &root.timeline).await?.is_some_and(|day| day >= root.day) {
            return Ok(());
        }
        let mac = hex::encode(self.vault().purpose("roots made", format!("{key} {}", root.day).as_bytes()));
        self.set_setting(&key, &format!("{} {mac}", root.day)).await
    }

    /// The last day whose root was made; none: none was, or the mark is not ours.
    async fn made_through(&self, district: &str, timeline: &str) -> Result<Option<String>, JournalError> {
        let key = made_key(district, timeline);
        let Some(mark) = self.setting(&key).await? else { return Ok(None) };
        let Some((day, mac)) = mark.split_once(' ') else { return Ok(None) };
        let right = hex::encode(self.vault().purpose("roots made", format!("{key} {day}").as_bytes()));
        Ok((right == mac).then(|| day.to_owned()))
    }

    /// The last day whose root stands in the file beside the store.
    ///
    /// # Errors
    /// When a file does not read.
    pub fn last_root_day(&self, district: &str, timeline: &str) -> Result<Option<chrono::NaiveDate>, JournalError> {
        let written = self.written_roots()?.into_iter();
        let of_ours = written.filter(|root| root.district == district && root.timeline == timeline);
        Ok(of_ours.filter_map(|root| root.day.parse().ok()).max())
    }

    /// The time of the oldest entry.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn first_entry_at(&self, district: &str, timeline: &str) -> Result<Option<Instant>, JournalError> {
        let (at,): (Option<i64>,) =
            reading!(self, pool => sqlx::query_as(FIRST).bind(district).bind(timeline).fetch_one(pool).await?);
        Ok(at.map(from_micros))
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
            if !stored.iter().any(|s| same_day(s, root)) && !self.is_on_its_way(root, &stored).await? {
                breaks.push(broken(root, "the store has lost the root of this day".into()));
            }
            if !self.is_signed(root) {
                breaks.push(broken(
                    root,
                    "the signature in the file outside the store is not of this store's key".into(),
                ));
            }
        }
        self.second_place(&written, &mut breaks)?;
        breaks.extend(unlinked(&stored));
        breaks.extend(unlinked(&written));
        self.missing_days(&stored, &mut breaks).await?;
        Ok((stored.len() as u64, breaks))
    }

    fn is_signed(&self, root: &DayRoot) -> bool {
        let bytes = |text: &str| hex::decode(text).ok();
        let signature = bytes(&root.signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let hash = bytes(&root.root).and_then(|bytes| Hash::try_from(bytes).ok());
        let (Some(signature), Some(hash)) = (signature, hash) else { return false };
        let said = statement(&root.district, &root.timeline, &root.day, &hash);
        let key = self.signing_key().verifying_key();
        key.verify_strict(said.as_bytes(), &Signature::from_bytes(&signature)).is_ok()
    }

    /// What the second folder says that the first does not, or does not say that the first does.
    fn second_place(&self, written: &[DayRoot], breaks: &mut Vec<RootBreak>) -> Result<(), JournalError> {
        let Some(folder) = self.second_roots() else { return Ok(()) };
        let second = roots_in(folder)?;
        for root in written {
            match second.iter().find(|other| same_day(other, root)) {
                None => breaks.push(broken(root, "the second folder has no root of this day".into())),
                Some(other) if other != root => {
                    breaks.push(broken(root, "the second folder has another root of this day".into()));
                }
                Some(_) => {}
            }
        }
        let lost = second.iter().filter(|root| !written.iter().any(|w| same_day(w, root)));
        breaks.extend(lost.map(|root| broken(root, "only the second folder still has the root of this day".into())));
        Ok(())
    }

    /// Every day from the first entry to the last root that was made has its root.
    async fn missing_days(&self, stored: &[DayRoot], breaks: &mut Vec<RootBreak>) -> Result<(), JournalError> {
        let scopes: Vec<(String, String)> = reading!(self, pool => sqlx::query_as(SCOPES).fetch_all(pool).await?);
        for (district, timeline) in scopes {
            let own: Vec<&DayRoot> =
                stored.iter().filter(|root| root.district == district && root.timeline == timeline).collect();
            let mut missing = |day: &str, problem: &str| {
                let (district, timeline, day) = (district.clone(), timeline.clone(), day.to_owned());
                breaks.push(RootBreak { district, timeline, day, problem: problem.to_owned() });
            };
            let made = self.made_through(&district, &timeline).await?;
            let Some(first) = own.first() else {
                if let Some(day) = made {
                    missing(&day, "roots were made up to this day, and the store has none");
                }
                continue;
            };
            if self.first_entry_at(&district, &timeline).await?.is_some_and(|at| at < first.from) {
                missing(&first.day, "the journal has days before this one, and they have no root");
            }
            let (Ok(from), Ok(last)) =
                (first.day.parse::<chrono::NaiveDate>(), last_day(&own, made).parse::<chrono::NaiveDate>())
            else {
                missing(&first.day, "the day does not read");
                continue;
            };
            for day in from.iter_days().take_while(|day| *day <= last) {
                let day = day.to_string();
                if !own.iter().any(|root| root.day == day) {
                    missing(&day, "a finished day has no root");
                }
            }
        }
        Ok(())
    }

    /// A crash came between the file and the store: newer than all that is stored, and it holds.
    async fn is_on_its_way(&self, root: &DayRoot, stored: &[DayRoot]) -> Result<bool, JournalError> {
        let ours = |s: &&DayRoot| s.district == root.district && s.timeline == root.timeline;
        let last = stored.iter().filter(ours).max_by_key(|s| &s.day);
        if last.is_some_and(|last| last.day > root.day || last.root != root.prev) {
            return Ok(false);
        }
        let prev: Hash = hex::decode(&root.prev).ok().and_then(|b| b.try_into().ok()).unwrap_or(GENESIS);
        let (_, now) = self.compute_root(&root.district, &root.timeline, root.from, root.to, &prev).await?;
        Ok(hex::encode(now) == root.root && (last.is_some() || prev == GENESIS))
    }

    async fn root_problem(&self, root: &DayRoot, written: &[DayRoot]) -> Result<Option<String>, JournalError> {
        let prev: Hash = hex::decode(&root.prev).ok().and_then(|b| b.try_into().ok()).unwrap_or(GENESIS);
        let (_, now) = self.compute_root(&root.district, &root.timeline, root.from, root.to, &prev).await?;
        if hex::encode(now) != root.root {
            return Ok(Some("the journal of this day is not what it was when its root was made".into()));
        }
        if !self.is_signed(root) {
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
        let mut written = self.written_roots()?;
        match written.iter().find(|known| same_day(known, root)) {
            Some(known) if known.root == root.root => {}
            Some(_) => return Err(another_root(root, "the file beside the store")),
            None => {
                append(&folder, root)?;
                written.push(root.clone());
            }
        }
        let Some(second) = self.second_roots() else { return Ok(()) };
        let known = roots_in(second)?;
        for root in written.iter().filter(|root| !known.iter().any(|other| same_day(other, root))) {
            append(second, root)?;
        }
        Ok(())
    }

    fn written_roots(&self) -> Result<Vec<DayRoot>, JournalError> {
        roots_in(&self.roots_dir())
    }
}

/// The roots in the files of a folder, by district, timeline and day.
fn roots_in(folder: &Path) -> Result<Vec<DayRoot>, JournalError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut out: Vec<DayRoot> = Vec::new();
    for file in fs::read_dir(folder).map_err(JournalError::file(folder))? {
        let path = file.map_err(JournalError::file(folder))?.path();
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(JournalError::file(&path))?;
        // A line without its end was being written when the process died; it is written again.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (n, line) in whole.lines().enumerate() {
            let at = || format!("{} line {}", path.display(), n + 1);
            out.push(serde_json::from_str(line).map_err(|e| JournalError::damaged(at(), e))?);
        }
    }
    out.sort_by(|a, b| (&a.district, &a.timeline, &a.day).cmp(&(&b.district, &b.timeline, &b.day)));
    Ok(out)
}

/// Appends a root to its file in a folder.
fn append(folder: &Path, root: &DayRoot) -> Result<(), JournalError> {
    fs::create_dir_all(folder).map_err(JournalError::file(folder))?;
    let path = folder.join(format!("{}.{}.jsonl", file_safe(&root.district), file_safe(&root.timeline)));
    let line = canonical::write(&serde_json::to_value(root).map_err(|e| JournalError::damaged("daily root", e))?);
    let written = fs::OpenOptions::new().create(true).read(true).append(true).open(&path).and_then(|mut file| {
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(JournalError::file(&path))
}

fn made_key(district: &str, timeline: &str) -> String {
    format!("roots.made.{district}.{timeline}")
}

/// The later of the newest stored root and the day up to which roots were made.
fn last_day(own: &[&DayRoot], made: Option<String>) -> String {
    let newest = own.last().map(|root| root.day.clone());
    newest.into_iter().chain(made).max().unwrap_or_default()
}

/// Roots that do not name the one before them.
fn unlinked(roots: &[DayRoot]) -> Vec<RootBreak> {
    let pairs = roots.windows(2).filter(|pair| {
        (&pair[0].district, &pair[0].timeline) == (&pair[1].district, &pair[1].timeline) && pair[1].prev != pair[0].root
    });
    pairs.map(|pair| broken(&pair[1], "it does not name the root before it".into())).collect()
}

fn another_root(root: &DayRoot, place: &str) -> JournalError {
    let what = format!("daily root of {} {} {}", root.district, root.timeline, root.day);
    JournalError::damaged(what, format!("{place} has another one; run `huiyin verify`"))
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
    let (prev, root, signature) = (hex_of(&prev)?, hex_of(&root)?, hex::encode(signature));
    Ok(DayRoot { district, timeline, day, from: from_micros(from), to: from_micros(to), cases, prev, root, signature })
}
