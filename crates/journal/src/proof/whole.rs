//! One case with everything that belongs to it, read in one transaction: a running service changes nothing in between,
//! so that what is found to differ differs.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::chains;
use crate::attachment::{self, Attachment};
use crate::error::JournalError;
use crate::read::{Link, entry};
use crate::store::rows::{RawAnswer, RawCase, case_columns};
use crate::store::{CaseRecord, Db, Entry, Journal, StoredAnswer};
use crate::time::{Instant, from_micros};

/// A timer as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTimer {
    /// Name within the case.
    pub key: String,
    /// When it fires.
    pub due_at: Instant,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
}

/// An effect as it stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEffect {
    /// `<case>/<effect key>`.
    pub key: String,
    /// `notify`, `emit`, `open`, `send`, `committed`.
    pub kind: String,
    /// The entry that wrote it.
    pub seq: i64,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// JSON; confidential values sealed.
    pub payload: String,
    /// `waiting`, `done`, `failed`.
    pub state: String,
    /// Waiting, or settled by somebody who holds the master key.
    pub genuine: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct WholeCase {
    /// The case.
    pub record: CaseRecord,
    /// Its wrapped key.
    pub wrapped_key: Option<Vec<u8>>,
    /// Its journal.
    pub entries: Vec<Entry>,
    /// Its timers, earliest first.
    pub timers: Vec<StoredTimer>,
    /// Parties under which it is listed, in order.
    pub owners: Vec<String>,
    /// Its effects.
    pub effects: Vec<StoredEffect>,
    /// Keyed pieces under which it is found, in order.
    pub grams: Vec<i64>,
    /// The link from the case that opened it.
    pub links: Vec<Link>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// The commands that its journal names.
    pub commands: HashMap<Uuid, StoredAnswer>,
}

impl WholeCase {
    /// The first entry at which its chain breaks, and why.
    #[must_use]
    pub fn chain_break(&self) -> Option<(i64, String)> {
        chains::first_break(&self.entries, self.record.seq, &self.record.head)
    }
}

type EntryRow = (Uuid, i64, i64, String, String, String, String, Vec<u8>, Vec<u8>);
type EffectRow = (String, String, i64, String, String, String, String, Option<String>, Option<Vec<u8>>);

const CASE: &str = concat!("SELECT ", case_columns!(), " FROM cases c WHERE c.id = $1");
const KEY: &str = "SELECT wrapped FROM case_keys WHERE case_id = $1";
const ENTRIES: &str = "SELECT case_id, seq, at, district, timeline, kind, body, prev_hash, hash FROM journal \
    WHERE case_id = $1 ORDER BY seq";
const TIMERS: &str = "SELECT key, due_at, district, timeline FROM timers WHERE case_id = $1 ORDER BY due_at, key";
const OWNERS: &str = "SELECT party FROM case_owners WHERE case_id = $1 ORDER BY party";
const EFFECTS: &str = "SELECT key, kind, seq, district, timeline, payload, state, result, mac FROM outbox \
    WHERE case_id = $1 ORDER BY id";
const GRAMS: &str = "SELECT gram FROM grams WHERE case_id = $1 ORDER BY gram";
const LINKS: &str = "SELECT parent, link, child, at FROM links WHERE child = $1 ORDER BY at, parent, link";
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
const COMMANDS_SQLITE: &str = "SELECT id, body_hash, case_id, answer FROM commands \
    WHERE id IN (SELECT unhex(value) FROM json_each($1))";
const COMMANDS_POSTGRES: &str = "SELECT id, body_hash, case_id, answer FROM commands WHERE id = ANY($1)";

/// The rows as they came.
struct Raw {
    case: Option<RawCase>,
    key: Option<(Vec<u8>,)>,
    entries: Vec<EntryRow>,
    timers: Vec<(String, i64, String, String)>,
    owners: Vec<(String,)>,
    effects: Vec<EffectRow>,
    grams: Vec<(i64,)>,
    links: Vec<(Uuid, String, Uuid, i64)>,
    attachments: Vec<attachment::Row>,
    commands: Vec<RawAnswer>,
}

/// Everything but the commands, whose statement differs.
macro_rules! rows {
    ($tx:expr, $case:expr) => {
        Raw {
            case: sqlx::query_as(CASE).bind($case).fetch_optional(&mut *$tx).await?,
            key: sqlx::query_as(KEY).bind($case).fetch_optional(&mut *$tx).await?,
            entries: sqlx::query_as(ENTRIES).bind($case).fetch_all(&mut *$tx).await?,
            timers: sqlx::query_as(TIMERS).bind($case).fetch_all(&mut *$tx).await?,
            owners: sqlx::query_as(OWNERS).bind($case).fetch_all(&mut *$tx).await?,
            effects: sqlx::query_as(EFFECTS).bind($case).fetch_all(&mut *$tx).await?,
            grams: sqlx::query_as(GRAMS).bind($case).fetch_all(&mut *$tx).await?,
            links: sqlx::query_as(LINKS).bind($case).fetch_all(&mut *$tx).await?,
            attachments: sqlx::query_as(attachment::OF_CASE).bind($case).fetch_all(&mut *$tx).await?,
            commands: Vec::new(),
        }
    };
}

impl Journal {
    /// Reads a case whole; none: there is no such case.
    ///
    /// # Errors
    /// When the database refuses or a stored list does not read.
    pub async fn whole_case(&self, case: Uuid) -> Result<Option<WholeCase>, JournalError> {
        let raw = match self.db() {
            Db::Sqlite { read, .. } => {
                let mut tx = read.begin().await?;
                let mut raw = rows!(tx, case);
                let ids: Vec<String> = commands_of(&raw.entries).map(|id| id.simple().to_string()).collect();
                let ids = serde_json::to_string(&ids).unwrap_or_default();
                raw.commands = sqlx::query_as(COMMANDS_SQLITE).bind(ids).fetch_all(&mut *tx).await?;
                tx.rollback().await?;
                raw
            }
            Db::Postgres { pool } => {
                let mut tx = pool.begin().await?;
                sqlx::query(SNAPSHOT).execute(&mut *tx).await?;
                let mut raw = rows!(tx, case);
                let ids: Vec<Uuid> = commands_of(&raw.entries).collect();
                raw.commands = sqlx::query_as(COMMANDS_POSTGRES).bind(ids).fetch_all(&mut *tx).await?;
                tx.rollback().await?;
                raw
            }
        };
        self.whole(raw)
    }

    fn whole(&self, raw: Raw) -> Result<Option<WholeCase>, JournalError> {
        let Some(case) = raw.case else { return Ok(None) };
        let timer =
            |(key, due_at, district, timeline)| StoredTimer { key, due_at: from_micros(due_at), district, timeline };
        let effect = |(key, kind, seq, district, timeline, payload, state, result, mac): EffectRow| {
            let settled = || {
                let right = self.settled_mac(&key, &state, result.as_deref().unwrap_or_default());
                mac.as_deref() == Some(right.as_slice())
            };
            let genuine = state == "waiting" || settled();
            StoredEffect { key, kind, seq, district, timeline, payload, state, genuine }
        };
        let link = |(parent, link, child, at)| Link { parent, link, child, at: from_micros(at) };
        let commands = raw.commands.into_iter().filter_map(|raw| StoredAnswer::try_from(raw).ok());
        Ok(Some(WholeCase {
            record: case.try_into()?,
            wrapped_key: raw.key.map(|(wrapped,)| wrapped),
            entries: raw.entries.into_iter().map(entry).collect::<Result<_, _>>()?,
            timers: raw.timers.into_iter().map(timer).collect(),
            owners: raw.owners.into_iter().map(|(party,)| party).collect(),
            effects: raw.effects.into_iter().map(effect).collect(),
            grams: raw.grams.into_iter().map(|(gram,)| gram).collect(),
            links: raw.links.into_iter().map(link).collect(),
            attachments: raw.attachments.into_iter().map(attachment::attachment).collect(),
            commands: commands.map(|answer| (answer.id, answer)).collect(),
        }))
    }
}

fn commands_of(entries: &[EntryRow]) -> impl Iterator<Item = Uuid> {
    entries.iter().filter_map(|row| {
        let body: Value = serde_json::from_str(&row.6).ok()?;
        body["command"].as_str()?.parse().ok()
    })
}
