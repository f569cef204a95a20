//! The batch on SQLite: each list goes in as one JSON text that `json_each` takes apart.
//! Ids and hashes travel as hexadecimal digits.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, Sqlite, Transaction};
use uuid::Uuid;

use super::rows::{RawAnswer, RawCase, case_columns, with_timers};
use super::{CaseRecord, Claim, Counter, CounterKey, Entry, Locked, OutboxWrite, StoredAnswer, TimerWrite, Writes};
use crate::attachment::Attachment;
use crate::error::JournalError;
use crate::time::micros;

type Tx = Transaction<'static, Sqlite>;

const CLAIM: &str = "INSERT INTO commands (id, body_hash, at) \
    SELECT unhex(value->>0), unhex(value->>1), $2 FROM json_each($1) WHERE true \
    ON CONFLICT (id) DO NOTHING RETURNING id";
const KNOWN: &str = "SELECT id, body_hash, case_id, answer FROM commands \
    WHERE id IN (SELECT unhex(value) FROM json_each($1))";
const LOCK: &str = concat!(
    "SELECT ",
    case_columns!(),
    ", k.wrapped FROM cases c LEFT JOIN case_keys k ON k.case_id = c.id \
     WHERE c.id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY c.id"
);
const TIMERS: &str = "SELECT case_id, key, due_at, version FROM timers \
    WHERE case_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY due_at, key";
const COUNTER: &str = "INSERT INTO counters (district, timeline, workflow, period, n) VALUES ($1, $2, $3, $4, 0) \
    ON CONFLICT (district, timeline, workflow, period) DO UPDATE SET n = n RETURNING n";
const OPEN_CASES: &str = "INSERT INTO cases (id, number, district, timeline, workflow, version, definition_hash, state, \
    title, place, category, channel, active, owner, owners, due_at, due_clock, due_provisional, marks, excluded, \
    running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, plain) \
    SELECT unhex(value->>0), value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, \
    value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15, value->>16, value->>17, \
    value->>18, value->>19, value->>20, value->>21, value->>22, value->>23, value->>24, value->>25, value->>26, \
    unhex(value->>27), value->>28 FROM json_each($1)";
const CHANGE_CASES: &str = "UPDATE cases SET version = v.value->>5, definition_hash = v.value->>6, state = v.value->>7, \
    title = v.value->>8, place = v.value->>9, category = v.value->>10, channel = v.value->>11, active = v.value->>12, \
    owner = v.value->>13, owners = v.value->>14, due_at = v.value->>15, due_clock = v.value->>16, \
    due_provisional = v.value->>17, marks = v.value->>18, excluded = v.value->>19, running = v.value->>20, \
    received_at = v.value->>21, closed_at = v.value->>24, last_at = v.value->>25, seq = v.value->>26, \
    head = unhex(v.value->>27), plain = v.value->>28 \
    FROM json_each($1) v WHERE cases.id = unhex(v.value->>0)";
const ENTRIES: &str = "INSERT INTO journal (case_id, seq, at, district, timeline, kind, body, prev_hash, hash) \
    SELECT unhex(value->>0), value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, unhex(value->>7), \
    unhex(value->>8) FROM json_each($1)";
const CLEAR_TIMERS: &str = "DELETE FROM timers WHERE (case_id, key) IN \
    (SELECT unhex(value->>0), value->>1 FROM json_each($1))";
const SET_TIMERS: &str = "INSERT INTO timers (case_id, key, due_at, version, district, timeline, not_before) \
    SELECT unhex(value->>0), value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 FROM json_each($1) WHERE true \
    ON CONFLICT (case_id, key) DO UPDATE SET due_at = excluded.due_at, version = excluded.version, \
    not_before = excluded.not_before";
const OUTBOX: &str = "INSERT INTO outbox (key, kind, case_id, seq, district, timeline, payload, created_at, next_at, leased_until) \
    SELECT value->>0, value->>1, unhex(value->>2), value->>3, value->>4, value->>5, value->>6, value->>7, value->>7, value->>8 \
    FROM json_each($1) WHERE true ON CONFLICT (key) DO NOTHING";
const KEYS: &str =
    "INSERT INTO case_keys (case_id, wrapped) SELECT unhex(value->>0), unhex(value->>1) FROM json_each($1)";
const GRAMS: &str = "INSERT INTO grams (gram, case_id) SELECT value->>1, unhex(value->>0) FROM json_each($1) WHERE true \
    ON CONFLICT DO NOTHING";
const FORGET: [&str; 4] = [
    "DELETE FROM case_keys WHERE case_id IN (SELECT unhex(value->>0) FROM json_each($1))",
    "DELETE FROM grams WHERE case_id IN (SELECT unhex(value->>0) FROM json_each($1))",
    "DELETE FROM timers WHERE case_id IN (SELECT unhex(value->>0) FROM json_each($1))",
    "DELETE FROM attachments WHERE case_id IN (SELECT unhex(value->>0) FROM json_each($1))",
];
const ATTACH: &str = "INSERT INTO attachments (case_id, hash, name, media_type, size, added_by, at) \
    SELECT unhex(value->>0), value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 FROM json_each($1) \
    WHERE true ON CONFLICT (case_id, hash) DO NOTHING";
const FORGET_OWNERS: &str = "DELETE FROM case_owners WHERE case_id IN (SELECT unhex(value->>0) FROM json_each($1))";
const OWNERS: &str = "INSERT INTO case_owners (party, case_id) \
    SELECT o.value, unhex(v.value->>0) FROM json_each($1) v, json_each(v.value, '$[1]') o WHERE true ON CONFLICT DO NOTHING";
const LINKS: &str = "INSERT INTO links (parent, link, child, at) \
    SELECT unhex(value->>0), value->>1, unhex(value->>2), value->>3 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING";
const COUNTERS: &str = "UPDATE counters SET n = v.value->>4 FROM json_each($1) v \
    WHERE district = v.value->>0 AND timeline = v.value->>1 AND workflow = v.value->>2 AND period = v.value->>3";
const TOLD: &str = "DELETE FROM outbox WHERE key IN (SELECT value->>0 FROM json_each($1))";
const ANSWERS: &str = "UPDATE commands SET case_id = unhex(v.value->>1), answer = v.value->>2 FROM json_each($1) v \
    WHERE commands.id = unhex(v.value->>0)";

fn id(id: Uuid) -> String {
    id.simple().to_string()
}

fn json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, JournalError> {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).map_err(|e| JournalError::damaged("rows to be written", e))
}

fn list(items: &[String]) -> Result<String, JournalError> {
    json(items)
}

async fn claim(tx: &mut Tx, claims: &[Claim], now: i64) -> Result<Vec<StoredAnswer>, JournalError> {
    let rows = json(claims.iter().map(|c| (id(c.id), hex::encode(c.body_hash))))?;
    let new: Vec<(Uuid,)> = sqlx::query_as(CLAIM).bind(rows).bind(now).fetch_all(&mut **tx).await?;
    if new.len() == claims.len() {
        return Ok(Vec::new());
    }
    let known = claims.iter().map(|c| c.id).filter(|c| !new.iter().any(|(n,)| n == c)).map(id);
    let rows: Vec<RawAnswer> = sqlx::query_as(KNOWN).bind(json(known)?).fetch_all(&mut **tx).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

struct RawLocked {
    case: RawCase,
    wrapped: Option<Vec<u8>>,
}

impl FromRow<'_, SqliteRow> for RawLocked {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { case: RawCase::from_row(row)?, wrapped: row.try_get("wrapped")? })
    }
}

async fn lock(tx: &mut Tx, cases: &[Uuid]) -> Result<Vec<Locked>, JournalError> {
    let ids = json(cases.iter().map(|&c| id(c)))?;
    let cases: Vec<RawLocked> = sqlx::query_as(LOCK).bind(&ids).fetch_all(&mut **tx).await?;
    let timers = sqlx::query_as(TIMERS).bind(&ids).fetch_all(&mut **tx).await?;
    with_timers(cases.into_iter().map(|raw| (raw.case, raw.wrapped)).collect(), timers)
}

/// Claims commands and locks cases. There is one writer: what is to be locked is free.
pub(super) async fn take(
    tx: &mut Tx,
    claims: &[Claim],
    now: i64,
    cases: &[Uuid],
    free: &[Uuid],
) -> Result<(Vec<StoredAnswer>, Vec<Locked>), JournalError> {
    let known = if claims.is_empty() { Vec::new() } else { claim(tx, claims, now).await? };
    let mut locked = Vec::new();
    for ids in [cases, free] {
        if !ids.is_empty() {
            locked.extend(lock(tx, ids).await?);
        }
    }
    Ok((known, locked))
}

pub(super) async fn counters(tx: &mut Tx, keys: &[CounterKey]) -> Result<Vec<Counter>, JournalError> {
    let mut out = Vec::with_capacity(keys.len());
    for key in keys {
        let (n,) = sqlx::query_as(COUNTER)
            .bind(&key.district)
            .bind(&key.timeline)
            .bind(&key.workflow)
            .bind(&key.period)
            .fetch_one(&mut **tx)
            .await?;
        out.push(Counter { key: key.clone(), n });
    }
    Ok(out)
}

/// The values of a case in the order of the columns.
struct CaseRow<'a>(&'a CaseRecord);

impl Serialize for CaseRow<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeTuple as _};
        let c = self.0;
        let list = |items: &[String]| list(items).map_err(S::Error::custom);
        let mut row = serializer.serialize_tuple(29)?;
        row.serialize_element(&id(c.id))?;
        row.serialize_element(&c.number)?;
        row.serialize_element(&c.district)?;
        row.serialize_element(&c.timeline)?;
        row.serialize_element(&c.workflow)?;
        row.serialize_element(&c.version)?;
        row.serialize_element(&c.definition_hash)?;
        row.serialize_element(&c.state)?;
        row.serialize_element(&c.title)?;
        row.serialize_element(&c.place)?;
        row.serialize_element(&c.category)?;
        row.serialize_element(&c.channel)?;
        row.serialize_element(&list(&c.active)?)?;
        row.serialize_element(&c.owner)?;
        row.serialize_element(&list(&c.owners)?)?;
        row.serialize_element(&c.due_at.map(micros))?;
        row.serialize_element(&c.due_clock)?;
        row.serialize_element(&c.due_provisional)?;
        row.serialize_element(&list(&c.marks)?)?;
        row.serialize_element(&list(&c.excluded)?)?;
        row.serialize_element(&c.running)?;
        row.serialize_element(&micros(c.received_at))?;
        row.serialize_element(&micros(c.registered_at))?;
        row.serialize_element(&micros(c.opened_at))?;
        row.serialize_element(&c.closed_at.map(micros))?;
        row.serialize_element(&micros(c.last_at))?;
        row.serialize_element(&c.seq)?;
        row.serialize_element(&hex::encode(c.head))?;
        row.serialize_element(&c.plain)?;
        row.end()
    }
}

/// The statements of a batch with what each writes, as one JSON text.
pub(super) type Encoded = Vec<(&'static str, String)>;

/// A statement with its rows; none when there is nothing to be written.
fn rows<T: Serialize>(
    out: &mut Encoded,
    sql: &'static str,
    rows: impl ExactSizeIterator<Item = T>,
) -> Result<(), JournalError> {
    if rows.len() > 0 {
        out.push((sql, json(rows)?));
    }
    Ok(())
}

fn entry(e: &Entry) -> impl Serialize {
    let (prev, hash) = (hex::encode(e.prev), hex::encode(e.hash));
    (id(e.case), e.seq, micros(e.at), &e.district, &e.timeline, &e.kind, &e.body, prev, hash)
}

fn timer(t: &TimerWrite) -> impl Serialize {
    (id(t.case), &t.key, micros(t.due_at), t.version, &t.district, &t.timeline, t.not_before.map_or(0, micros))
}

fn effect(e: &OutboxWrite) -> impl Serialize {
    let leased = e.leased_until.map_or(0, micros);
    (&e.key, &e.kind, id(e.case), e.seq, &e.district, &e.timeline, &e.payload, micros(e.created_at), leased)
}

fn attachment(a: &Attachment) -> impl Serialize {
    (id(a.case), &a.hash, &a.name, &a.media_type, a.size.cast_signed(), &a.added_by, micros(a.at))
}

fn counter(c: &Counter) -> impl Serialize {
    let k = &c.key;
    (&k.district, &k.timeline, &k.workflow, &k.period, c.n)
}

/// Writes down what is to be written as the statements take it.
pub(super) fn encode(w: &Writes) -> Result<Encoded, JournalError> {
    let mut out = Encoded::new();
    let o = &mut out;
    rows(o, OPEN_CASES, w.opened.iter().map(CaseRow))?;
    rows(o, CHANGE_CASES, w.changed.iter().map(CaseRow))?;
    rows(o, KEYS, w.keys.iter().map(|k| (id(k.case), hex::encode(&k.wrapped))))?;
    rows(o, ENTRIES, w.entries.iter().map(entry))?;
    rows(o, CLEAR_TIMERS, w.timers_cleared.iter().map(|(case, key)| (id(*case), key)))?;
    rows(o, SET_TIMERS, w.timers_set.iter().map(timer))?;
    rows(o, OUTBOX, w.outbox.iter().map(effect))?;
    rows(o, GRAMS, w.grams.iter().map(|g| (id(g.case), g.gram)))?;
    for sql in FORGET {
        rows(o, sql, w.forgotten.iter().map(|case| (id(*case),)))?;
    }
    rows(o, ATTACH, w.attachments.iter().map(attachment))?;
    rows(o, FORGET_OWNERS, w.owners.iter().map(|o| (id(o.case),)))?;
    rows(o, OWNERS, w.owners.iter().map(|o| (id(o.case), &o.owners)))?;
    rows(o, LINKS, w.links.iter().map(|l| (id(l.parent), &l.link, id(l.child), micros(l.at))))?;
    rows(o, COUNTERS, w.counters.iter().map(counter))?;
    rows(o, TOLD, w.told.iter().map(|key| (key,)))?;
    rows(o, ANSWERS, w.answers.iter().map(|a| (id(a.id), a.case.map(id), &a.answer)))?;
    Ok(out)
}

pub(super) async fn write(tx: &mut Tx, encoded: &Encoded) -> Result<(), JournalError> {
    for (sql, rows) in encoded {
        sqlx::query(*sql).bind(rows).execute(&mut **tx).await?;
    }
    Ok(())
}
