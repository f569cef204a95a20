//! The batch on PostgreSQL: each column goes in as one array that `UNNEST` takes apart.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{FromRow, Postgres, Row as _, Transaction};
use uuid::Uuid;

use super::rows::{RawAnswer, RawCase, case_columns, with_timers};
use super::{CaseRecord, Claim, Counter, CounterKey, Locked, StoredAnswer, Writes};
use crate::error::JournalError;
use crate::time::micros;

type Tx = Transaction<'static, Postgres>;

/// The statements of a batch are planned once a connection, not once a batch: that is half of what they cost. Every plan goes
/// by the keys that come in, also one that was made while a table was still empty.
pub(super) const BEGIN: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off";
const CLAIM: &str = "INSERT INTO commands (id, body_hash, at) \
    SELECT id, body_hash, $3 FROM UNNEST($1::uuid[], $2::bytea[]) v (id, body_hash) ORDER BY id \
    ON CONFLICT (id) DO NOTHING RETURNING id";
const KNOWN: &str = "SELECT id, body_hash, case_id, answer FROM commands WHERE id = ANY($1)";
const LOCK: &str = concat!(
    "SELECT ",
    case_columns!(),
    ", k.wrapped FROM cases c LEFT JOIN case_keys k ON k.case_id = c.id \
     WHERE c.id = ANY($1) ORDER BY c.id FOR UPDATE OF c"
);
const LOCK_FREE: &str = concat!(
    "SELECT ",
    case_columns!(),
    ", k.wrapped FROM cases c LEFT JOIN case_keys k ON k.case_id = c.id \
     WHERE c.id = ANY($1) ORDER BY c.id FOR UPDATE OF c SKIP LOCKED"
);
const TIMERS: &str = "SELECT case_id, key, due_at, version FROM timers WHERE case_id = ANY($1) ORDER BY due_at, key";
const COUNTERS_LOCK: &str = "INSERT INTO counters AS c (district, timeline, workflow, period, n) \
    SELECT district, timeline, workflow, period, 0 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) \
    v (district, timeline, workflow, period) ORDER BY 1, 2, 3, 4 \
    ON CONFLICT (district, timeline, workflow, period) DO UPDATE SET n = c.n \
    RETURNING district, timeline, workflow, period, n";
const OPEN_CASES: &str = "INSERT INTO cases (id, number, district, timeline, workflow, version, definition_hash, state, \
    title, place, category, channel, active, owner, owners, due_at, due_clock, due_provisional, marks, excluded, \
    running, received_at, registered_at, opened_at, closed_at, last_at, seq, head, plain) \
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], \
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], \
    $16::bigint[], $17::text[], $18::bool[], $19::text[], $20::text[], $21::bigint[], $22::bigint[], $23::bigint[], \
    $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bytea[], $29::text[])";
/// All that the steps of a batch write, in one statement: each costs the server and us a message either way. None of its
/// parts reads what another one writes, and no row is written by two of them.
const STEP: &str = "\
    WITH changed AS ( \
        UPDATE cases SET version = v.version, definition_hash = v.definition_hash, state = v.state, title = v.title, \
        place = v.place, category = v.category, channel = v.channel, active = v.active, owner = v.owner, owners = \
        v.owners, due_at = v.due_at, due_clock = v.due_clock, due_provisional = v.due_provisional, marks = v.marks, \
        excluded = v.excluded, running = v.running, received_at = v.received_at, closed_at = v.closed_at, last_at = \
        v.last_at, seq = v.seq, head = v.head, plain = v.plain \
        FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], \
        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], \
        $16::bigint[], $17::text[], $18::bool[], $19::text[], $20::text[], $21::bigint[], $22::bigint[], \
        $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bytea[], $29::text[]) v (id, \
        number, district, timeline, workflow, version, definition_hash, state, title, place, category, channel, \
        active, owner, owners, due_at, due_clock, due_provisional, marks, excluded, running, received_at, \
        registered_at, opened_at, closed_at, last_at, seq, head, plain) \
        WHERE cases.id = v.id), \
    entries_in AS ( \
        INSERT INTO journal (case_id, seq, at, district, timeline, kind, body, prev_hash, hash) \
        SELECT * \
        FROM UNNEST($30::uuid[], $31::bigint[], $32::bigint[], $33::text[], $34::text[], $35::text[], $36::text[], \
        $37::bytea[], $38::bytea[])), \
    cleared AS ( \
        DELETE FROM timers t \
        USING UNNEST($39::uuid[], $40::text[]) v (case_id, key) \
        WHERE t.case_id = v.case_id AND t.key = v.key), \
    timers_in AS ( \
        INSERT INTO timers (case_id, key, due_at, version, district, timeline, not_before) \
        SELECT * \
        FROM UNNEST($41::uuid[], $42::text[], $43::bigint[], $44::bigint[], $45::text[], $46::text[], $47::bigint[]) \
        ON CONFLICT (case_id, key) \
        DO UPDATE SET due_at = excluded.due_at, version = excluded.version, not_before = excluded.not_before), \
    outbox_in AS ( \
        INSERT INTO outbox (key, kind, case_id, seq, district, timeline, payload, created_at, next_at, leased_until) \
        SELECT key, kind, case_id, seq, district, timeline, payload, at, at, leased \
        FROM UNNEST($48::text[], $49::text[], $50::uuid[], $51::bigint[], $52::text[], $53::text[], $54::text[], \
        $55::bigint[], $56::bigint[]) v (key, kind, case_id, seq, district, timeline, payload, at, leased) \
        ON CONFLICT (key) DO NOTHING), \
    disowned AS ( \
        DELETE FROM case_owners o \
        WHERE o.case_id = ANY($60::uuid[]) AND NOT EXISTS ( \
            SELECT 1 FROM UNNEST($61::text[], $62::uuid[]) v (party, case_id) \
            WHERE v.party = o.party AND v.case_id = o.case_id)), \
    owned AS ( \
        INSERT INTO case_owners (party, case_id) \
        SELECT * \
        FROM UNNEST($61::text[], $62::uuid[]) \
        ON CONFLICT DO NOTHING) \
    UPDATE commands c SET case_id = v.case_id, answer = v.answer \
    FROM UNNEST($57::uuid[], $58::uuid[], $59::text[]) v (id, case_id, answer) \
    WHERE c.id = v.id";
const KEYS: &str = "INSERT INTO case_keys (case_id, wrapped) SELECT * FROM UNNEST($1::uuid[], $2::bytea[])";
const GRAMS: &str =
    "INSERT INTO grams (gram, case_id) SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) ON CONFLICT DO NOTHING";
const FORGET: [&str; 4] = [
    "DELETE FROM case_keys WHERE case_id = ANY($1)",
    "DELETE FROM grams WHERE case_id = ANY($1)",
    "DELETE FROM timers WHERE case_id = ANY($1)",
    "DELETE FROM attachments WHERE case_id = ANY($1)",
];
const ATTACH: &str = "INSERT INTO attachments (case_id, hash, name, media_type, size, added_by, at) \
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[]) \
    ON CONFLICT (case_id, hash) DO NOTHING";
const LINKS: &str = "INSERT INTO links (parent, link, child, at) \
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) ON CONFLICT DO NOTHING";
const COUNTERS: &str = "UPDATE counters c SET n = v.n FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) \
    v (district, timeline, workflow, period, n) \
    WHERE c.district = v.district AND c.timeline = v.timeline AND c.workflow = v.workflow AND c.period = v.period";

pub(super) async fn claim(tx: &mut Tx, claims: &[Claim], now: i64) -> Result<Vec<StoredAnswer>, JournalError> {
    let ids: Vec<Uuid> = claims.iter().map(|c| c.id).collect();
    let hashes: Vec<&[u8]> = claims.iter().map(|c| c.body_hash.as_slice()).collect();
    let new: Vec<(Uuid,)> = sqlx::query_as(CLAIM).bind(&ids).bind(&hashes).bind(now).fetch_all(&mut **tx).await?;
    if new.len() == claims.len() {
        return Ok(Vec::new());
    }
    let known: Vec<Uuid> = ids.into_iter().filter(|c| !new.iter().any(|(n,)| n == c)).collect();
    let rows: Vec<RawAnswer> = sqlx::query_as(KNOWN).bind(known).fetch_all(&mut **tx).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

struct RawLocked {
    case: RawCase,
    wrapped: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for RawLocked {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { case: RawCase::from_row(row)?, wrapped: row.try_get("wrapped")? })
    }
}

pub(super) async fn lock(tx: &mut Tx, cases: &[Uuid], skip: bool) -> Result<Vec<Locked>, JournalError> {
    let sql = if skip { LOCK_FREE } else { LOCK };
    let cases: Vec<RawLocked> = sqlx::query_as(sql).bind(cases).fetch_all(&mut **tx).await?;
    // A statement of its own after the lock: it sees what the batch before us committed.
    let ids: Vec<Uuid> = cases.iter().map(|raw| raw.case.id()).collect();
    let timers = sqlx::query_as(TIMERS).bind(ids).fetch_all(&mut **tx).await?;
    with_timers(cases.into_iter().map(|raw| (raw.case, raw.wrapped)).collect(), timers)
}

pub(super) async fn counters(tx: &mut Tx, keys: &[CounterKey]) -> Result<Vec<Counter>, JournalError> {
    let column = |of: fn(&CounterKey) -> &String| keys.iter().map(|k| of(k).clone()).collect::<Vec<_>>();
    let rows: Vec<(String, String, String, String, i64)> = sqlx::query_as(COUNTERS_LOCK)
        .bind(column(|k| &k.district))
        .bind(column(|k| &k.timeline))
        .bind(column(|k| &k.workflow))
        .bind(column(|k| &k.period))
        .fetch_all(&mut **tx)
        .await?;
    let mut out: Vec<Counter> = rows
        .into_iter()
        .map(|(district, timeline, workflow, period, n)| Counter {
            key: CounterKey { district, timeline, workflow, period },
            n,
        })
        .collect();
    out.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(out)
}

/// One column of some rows.
fn col<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

fn lists<'a>(
    rows: &'a [CaseRecord],
    of: impl Fn(&'a CaseRecord) -> &'a Vec<String>,
) -> Result<Vec<String>, JournalError> {
    let text = |row| serde_json::to_string(of(row)).map_err(|e| JournalError::damaged("rows to be written", e));
    rows.iter().map(text).collect()
}

/// Binds the columns of a list of cases.
fn bind_cases<'q>(
    query: Query<'q, Postgres, PgArguments>,
    c: &'q [CaseRecord],
) -> Result<Query<'q, Postgres, PgArguments>, JournalError> {
    Ok(query
        .bind(col(c, |r| r.id))
        .bind(col(c, |r| r.number.as_str()))
        .bind(col(c, |r| r.district.as_str()))
        .bind(col(c, |r| r.timeline.as_str()))
        .bind(col(c, |r| r.workflow.as_str()))
        .bind(col(c, |r| r.version))
        .bind(col(c, |r| r.definition_hash.as_str()))
        .bind(col(c, |r| r.state.as_str()))
        .bind(col(c, |r| r.title.as_str()))
        .bind(col(c, |r| r.place.as_str()))
        .bind(col(c, |r| r.category.as_str()))
        .bind(col(c, |r| r.channel.as_str()))
        .bind(lists(c, |r| &r.active)?)
        .bind(col(c, |r| r.owner.as_deref()))
        .bind(lists(c, |r| &r.owners)?)
        .bind(col(c, |r| r.due_at.map(micros)))
        .bind(col(c, |r| r.due_clock.as_deref()))
        .bind(col(c, |r| r.due_provisional))
        .bind(lists(c, |r| &r.marks)?)
        .bind(lists(c, |r| &r.excluded)?)
        .bind(col(c, |r| r.running))
        .bind(col(c, |r| micros(r.received_at)))
        .bind(col(c, |r| micros(r.registered_at)))
        .bind(col(c, |r| micros(r.opened_at)))
        .bind(col(c, |r| r.closed_at.map(micros)))
        .bind(col(c, |r| micros(r.last_at)))
        .bind(col(c, |r| r.seq))
        .bind(col(c, |r| r.head.as_slice()))
        .bind(col(c, |r| r.plain.as_str())))
}

pub(super) async fn write(tx: &mut Tx, w: &Writes) -> Result<(), JournalError> {
    if !w.opened.is_empty() {
        bind_cases(sqlx::query(OPEN_CASES), &w.opened)?.execute(&mut **tx).await?;
    }
    put_steps(tx, w).await?;
    put_rest(tx, w).await?;
    put_files(tx, w).await
}

async fn put_steps(tx: &mut Tx, w: &Writes) -> Result<(), JournalError> {
    let (e, cleared, t, o, a) = (&w.entries, &w.timers_cleared, &w.timers_set, &w.outbox, &w.answers);
    let owned: Vec<(&str, Uuid)> =
        w.owners.iter().flat_map(|o| o.owners.iter().map(|party| (party.as_str(), o.case))).collect();
    if [w.changed.len(), e.len(), cleared.len(), t.len(), o.len(), a.len(), w.owners.len()] == [0; 7] {
        return Ok(());
    }
    debug_assert!(
        cleared.iter().all(|(case, key)| !t.iter().any(|set| set.case == *case && set.key == *key)),
        "a timer is cleared or set, not both"
    );
    bind_cases(sqlx::query(STEP), &w.changed)?
        .bind(col(e, |r| r.case))
        .bind(col(e, |r| r.seq))
        .bind(col(e, |r| micros(r.at)))
        .bind(col(e, |r| r.district.as_str()))
        .bind(col(e, |r| r.timeline.as_str()))
        .bind(col(e, |r| r.kind.as_str()))
        .bind(col(e, |r| r.body.as_str()))
        .bind(col(e, |r| r.prev.as_slice()))
        .bind(col(e, |r| r.hash.as_slice()))
        .bind(col(cleared, |t| t.0))
        .bind(col(cleared, |t| t.1.as_str()))
        .bind(col(t, |r| r.case))
        .bind(col(t, |r| r.key.as_str()))
        .bind(col(t, |r| micros(r.due_at)))
        .bind(col(t, |r| r.version))
        .bind(col(t, |r| r.district.as_str()))
        .bind(col(t, |r| r.timeline.as_str()))
        .bind(col(t, |r| r.not_before.map_or(0, micros)))
        .bind(col(o, |r| r.key.as_str()))
        .bind(col(o, |r| r.kind.as_str()))
        .bind(col(o, |r| r.case))
        .bind(col(o, |r| r.seq))
        .bind(col(o, |r| r.district.as_str()))
        .bind(col(o, |r| r.timeline.as_str()))
        .bind(col(o, |r| r.payload.as_str()))
        .bind(col(o, |r| micros(r.created_at)))
        .bind(col(o, |r| r.leased_until.map_or(0, micros)))
        .bind(col(a, |r| r.id))
        .bind(col(a, |r| r.case))
        .bind(col(a, |r| r.answer.as_str()))
        .bind(col(&w.owners, |o| o.case))
        .bind(col(&owned, |o| o.0))
        .bind(col(&owned, |o| o.1))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_files(tx: &mut Tx, w: &Writes) -> Result<(), JournalError> {
    if !w.forgotten.is_empty() {
        for sql in FORGET {
            sqlx::query(sql).bind(&w.forgotten).execute(&mut **tx).await?;
        }
    }
    let a = &w.attachments;
    if !a.is_empty() {
        sqlx::query(ATTACH)
            .bind(col(a, |r| r.case))
            .bind(col(a, |r| r.hash.as_str()))
            .bind(col(a, |r| r.name.as_str()))
            .bind(col(a, |r| r.media_type.as_str()))
            .bind(col(a, |r| r.size.cast_signed()))
            .bind(col(a, |r| r.added_by.as_str()))
            .bind(col(a, |r| micros(r.at)))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

async fn put_rest(tx: &mut Tx, w: &Writes) -> Result<(), JournalError> {
    if !w.grams.is_empty() {
        sqlx::query(GRAMS).bind(col(&w.grams, |g| g.gram)).bind(col(&w.grams, |g| g.case)).execute(&mut **tx).await?;
    }
    if !w.keys.is_empty() {
        sqlx::query(KEYS)
            .bind(col(&w.keys, |k| k.case))
            .bind(col(&w.keys, |k| k.wrapped.as_slice()))
            .execute(&mut **tx)
            .await?;
    }
    if !w.links.is_empty() {
        sqlx::query(LINKS)
            .bind(col(&w.links, |l| l.parent))
            .bind(col(&w.links, |l| l.link.as_str()))
            .bind(col(&w.links, |l| l.child))
            .bind(col(&w.links, |l| micros(l.at)))
            .execute(&mut **tx)
            .await?;
    }
    let c = &w.counters;
    if !c.is_empty() {
        sqlx::query(COUNTERS)
            .bind(col(c, |r| r.key.district.as_str()))
            .bind(col(c, |r| r.key.timeline.as_str()))
            .bind(col(c, |r| r.key.workflow.as_str()))
            .bind(col(c, |r| r.key.period.as_str()))
            .bind(col(c, |r| r.n))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
