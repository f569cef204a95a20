//! The batch on PostgreSQL: each column goes in as one array that `UNNEST` takes apart.
//!
//! Most of what a small batch costs are its messages to the server and back, so it needs two of them: one begins, claims and
//! locks, one writes and commits. The driver sends several statements in one message only as text; each connection therefore
//! prepares the statements of a batch once ([`prepare`]), and they are called with their values written out ([`Call`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Either, FromRow, PgPool, Postgres, Row as _};
use uuid::Uuid;

use super::literal::Call;
use super::open::STILL;
use super::rows::{RawAnswer, RawCase, case_columns, with_timers};
use super::{CaseRecord, Claim, Counter, CounterKey, Locked, StoredAnswer, Writes};
use crate::error::JournalError;
use crate::time::micros;

/// The statements are planned once a connection, not once a batch: that is half of what they cost. Every plan goes by the
/// keys that come in, also one that was made while a table was still empty.
const BEGIN: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; ";
/// Statements in it.
const OF_BEGIN: usize = 3;

const CLAIM: &str = "batch_claim";
const LOCK: &str = "batch_lock";
const LOCK_FREE: &str = "batch_lock_free";
const TIMERS: &str = "batch_timers";
const COUNTERS_LOCK: &str = "batch_counters_lock";
const OPEN_CASES: &str = "batch_open_cases";
const CHANGE_CASES: &str = "batch_change_cases";
const KEYS: &str = "batch_keys";
const ENTRIES: &str = "batch_entries";
const CLEAR_TIMERS: &str = "batch_clear_timers";
const SET_TIMERS: &str = "batch_set_timers";
const OUTBOX: &str = "batch_outbox";
const GRAMS: &str = "batch_grams";
const FORGET: [&str; 4] =
    ["batch_forget_keys", "batch_forget_grams", "batch_forget_timers", "batch_forget_attachments"];
const ATTACH: &str = "batch_attach";
const DISOWN: &str = "batch_disown";
const OWN: &str = "batch_own";
const LINKS: &str = "batch_links";
const COUNTERS: &str = "batch_counters";
const ANSWERS: &str = "batch_answers";
const TOLD: &str = "batch_told";

const LOCKED: &str = concat!(
    "SELECT ",
    case_columns!(),
    ", k.wrapped FROM cases c LEFT JOIN case_keys k ON k.case_id = c.id \
     WHERE c.id = ANY($1::uuid[]) ORDER BY c.id FOR UPDATE OF c"
);
/// The columns of a case as arrays.
const CASES: &str = "UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], \
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], \
    $17::text[], $18::bool[], $19::text[], $20::text[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], \
    $25::bigint[], $26::bigint[], $27::bigint[], $28::bytea[], $29::text[])";
const COLUMNS: &str = "id, number, district, timeline, workflow, version, definition_hash, state, title, place, category, \
    channel, active, owner, owners, due_at, due_clock, due_provisional, marks, excluded, running, received_at, \
    registered_at, opened_at, closed_at, last_at, seq, head, plain";

/// Every statement of a batch under its name.
fn statements() -> Vec<(&'static str, String)> {
    let fixed = [
        (
            CLAIM,
            "INSERT INTO commands (id, body_hash, at) \
             SELECT id, body_hash, $3::bigint FROM UNNEST($1::uuid[], $2::bytea[]) v (id, body_hash) ORDER BY id \
             ON CONFLICT (id) DO NOTHING RETURNING id",
        ),
        (
            TIMERS,
            "SELECT case_id, key, due_at, version FROM timers WHERE case_id = ANY($1::uuid[]) ORDER BY due_at, key",
        ),
        (
            COUNTERS_LOCK,
            "INSERT INTO counters AS c (district, timeline, workflow, period, n) \
             SELECT district, timeline, workflow, period, 0 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) \
             v (district, timeline, workflow, period) ORDER BY 1, 2, 3, 4 \
             ON CONFLICT (district, timeline, workflow, period) DO UPDATE SET n = c.n \
             RETURNING district, timeline, workflow, period, n",
        ),
        (KEYS, "INSERT INTO case_keys (case_id, wrapped) SELECT * FROM UNNEST($1::uuid[], $2::bytea[])"),
        (
            ENTRIES,
            "INSERT INTO journal (case_id, seq, at, district, timeline, kind, body, prev_hash, hash) \
             SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], \
             $8::bytea[], $9::bytea[])",
        ),
        (
            CLEAR_TIMERS,
            "DELETE FROM timers t USING UNNEST($1::uuid[], $2::text[]) v (case_id, key) \
             WHERE t.case_id = v.case_id AND t.key = v.key",
        ),
        (
            SET_TIMERS,
            "INSERT INTO timers (case_id, key, due_at, version, district, timeline, not_before) \
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[]) \
             ON CONFLICT (case_id, key) DO UPDATE SET due_at = excluded.due_at, version = excluded.version, \
             not_before = excluded.not_before",
        ),
        (
            OUTBOX,
            "INSERT INTO outbox (key, kind, case_id, seq, district, timeline, payload, created_at, next_at, leased_until) \
             SELECT key, kind, case_id, seq, district, timeline, payload, at, at, leased \
             FROM UNNEST($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], \
             $8::bigint[], $9::bigint[]) v (key, kind, case_id, seq, district, timeline, payload, at, leased) \
             ON CONFLICT (key) DO NOTHING",
        ),
        (
            GRAMS,
            "INSERT INTO grams (gram, case_id) SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) ON CONFLICT DO NOTHING",
        ),
        (FORGET[0], "DELETE FROM case_keys WHERE case_id = ANY($1::uuid[])"),
        (FORGET[1], "DELETE FROM grams WHERE case_id = ANY($1::uuid[])"),
        (FORGET[2], "DELETE FROM timers WHERE case_id = ANY($1::uuid[])"),
        (FORGET[3], "DELETE FROM attachments WHERE case_id = ANY($1::uuid[])"),
        (
            ATTACH,
            "INSERT INTO attachments (case_id, hash, name, media_type, size, added_by, at) SELECT * FROM \
             UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[]) \
             ON CONFLICT (case_id, hash) DO NOTHING",
        ),
        (
            DISOWN,
            "DELETE FROM case_owners o WHERE o.case_id = ANY($1::uuid[]) AND NOT EXISTS ( \
             SELECT 1 FROM UNNEST($2::text[], $3::uuid[]) v (party, case_id) \
             WHERE v.party = o.party AND v.case_id = o.case_id)",
        ),
        (
            OWN,
            "INSERT INTO case_owners (party, case_id) SELECT * FROM UNNEST($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING",
        ),
        (
            LINKS,
            "INSERT INTO links (parent, link, child, at) \
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) ON CONFLICT DO NOTHING",
        ),
        (
            COUNTERS,
            "UPDATE counters c SET n = v.n FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) \
             v (district, timeline, workflow, period, n) WHERE c.district = v.district AND c.timeline = v.timeline \
             AND c.workflow = v.workflow AND c.period = v.period",
        ),
        (
            ANSWERS,
            "UPDATE commands c SET case_id = v.case_id, answer = v.answer \
             FROM UNNEST($1::uuid[], $2::uuid[], $3::text[]) v (id, case_id, answer) WHERE c.id = v.id",
        ),
        (TOLD, "DELETE FROM outbox WHERE key = ANY($1::text[])"),
    ];
    let mut all: Vec<(&str, String)> = fixed.map(|(name, sql)| (name, sql.to_owned())).into();
    all.push((LOCK, LOCKED.to_owned()));
    all.push((LOCK_FREE, format!("{LOCKED} SKIP LOCKED")));
    all.push((OPEN_CASES, format!("INSERT INTO cases ({COLUMNS}) SELECT * FROM {CASES}")));
    // What a case is born with stays.
    let born = ["id", "number", "district", "timeline", "workflow", "registered_at", "opened_at"];
    let changes = COLUMNS.split(", ").map(str::trim).filter(|column| !born.contains(column));
    let changes: Vec<String> = changes.map(|column| format!("{column} = v.{column}")).collect();
    let changes = changes.join(", ");
    all.push((CHANGE_CASES, format!("UPDATE cases SET {changes} FROM {CASES} v ({COLUMNS}) WHERE cases.id = v.id")));
    all
}

/// Makes the statements of a batch known to a new connection.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let text: String = statements().iter().map(|(name, sql)| format!("PREPARE {name} AS {sql}; ")).collect();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// Connections that were used last, the latest on top: the pool hands out the one that lay still longest and asks each whether
/// it lives when it comes back, and a server's process that did the same a moment ago does it in less time.
#[derive(Default)]
pub(crate) struct Warm(Mutex<Vec<(PoolConnection<Postgres>, Instant)>>);

impl Warm {
    async fn take(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let lately = self.connections().pop().filter(|(_, since)| since.elapsed() < STILL);
        match lately {
            Some((connection, _)) => Ok(connection),
            None => pool.acquire().await,
        }
    }

    /// At most a quarter of the pool is kept from others.
    fn give_back(&self, pool: &PgPool, connection: PoolConnection<Postgres>) {
        let mut connections = self.connections();
        if !pool.is_closed() && connections.len() < pool.options().get_max_connections() as usize / 4 {
            connections.push((connection, Instant::now()));
        }
    }

    /// Once the pool is closed, nothing is kept from it.
    pub(super) fn clear(&self) {
        self.connections().clear();
    }

    fn connections(&self) -> MutexGuard<'_, Vec<(PoolConnection<Postgres>, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction that begins with its first statement. Dropped before its end, its connection is closed, and the server undoes
/// it.
pub(crate) struct Tx {
    connection: Option<PoolConnection<Postgres>>,
    pool: PgPool,
    warm: Arc<Warm>,
    begun: bool,
    /// Whether nothing of it is left on the server.
    over: bool,
}

impl Drop for Tx {
    fn drop(&mut self) {
        match self.connection.take() {
            Some(connection) if self.over => self.warm.give_back(&self.pool, connection),
            Some(mut connection) => connection.close_on_drop(),
            None => {}
        }
    }
}

impl Tx {
    pub(super) async fn on(pool: &PgPool, warm: &Arc<Warm>) -> Result<Self, sqlx::Error> {
        let connection = Some(warm.take(pool).await?);
        Ok(Self { connection, pool: pool.clone(), warm: Arc::clone(warm), begun: false, over: true })
    }

    /// Its connection, with the transaction begun.
    pub(super) async fn connection(&mut self) -> Result<&mut PgConnection, JournalError> {
        self.send(String::new()).await?;
        Ok(self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?)
    }

    /// Sends statements in one message, after BEGIN if they are the first, and gives the rows of each.
    async fn send(&mut self, statements: String) -> Result<Vec<Vec<PgRow>>, JournalError> {
        let (text, skip) = if self.begun { (statements, 0) } else { (format!("{BEGIN}{statements}"), OF_BEGIN) };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let connection = self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)?;
        (self.begun, self.over) = (true, false);
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        let mut answers = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(connection);
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Left(_) => all.push(std::mem::take(&mut rows)),
                Either::Right(row) => rows.push(row),
            }
        }
        Ok(all.split_off(skip))
    }

    /// Undoes everything.
    pub(super) async fn rollback(mut self) -> Result<(), JournalError> {
        if self.begun {
            self.send("ROLLBACK".to_owned()).await?;
        }
        self.over = true;
        Ok(())
    }

    /// Writes what [`encode`] made, if anything, and makes everything last, in one message.
    pub(super) async fn commit(mut self, encoded: &str) -> Result<(), JournalError> {
        if self.begun || !encoded.is_empty() {
            self.send(format!("{encoded}COMMIT")).await.map_err(unknown)?;
        }
        self.over = true;
        Ok(())
    }

    /// Writes what [`encode`] made.
    pub(super) async fn write(&mut self, encoded: &str) -> Result<(), JournalError> {
        self.send(encoded.to_owned()).await.map(drop)
    }
}

/// What the database refused was not committed; of anything else nobody knows.
fn unknown(error: JournalError) -> JournalError {
    match error {
        error if error.is_of_the_data() || error.is_missing_partition() => error,
        JournalError::Database(error) => JournalError::CommitUnknown(error),
        error => error,
    }
}

const KNOWN: &str = "SELECT id, body_hash, case_id, answer FROM commands WHERE id = ANY($1)";

struct RawLocked {
    case: RawCase,
    wrapped: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for RawLocked {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { case: RawCase::from_row(row)?, wrapped: row.try_get("wrapped")? })
    }
}

fn read<T: for<'r> FromRow<'r, PgRow>>(rows: Option<Vec<PgRow>>) -> sqlx::Result<Vec<T>> {
    rows.iter().flatten().map(T::from_row).collect()
}

/// Claims commands, locks `cases`, and those of `free` that nobody else has locked. Gives the answers of those that were here
/// before, and what is locked, in id order each.
pub(super) async fn take(
    tx: &mut Tx,
    claims: &[Claim],
    now: i64,
    cases: &[Uuid],
    free: &[Uuid],
) -> Result<(Vec<StoredAnswer>, Vec<Locked>), JournalError> {
    let mut text = String::new();
    if !claims.is_empty() {
        let call = Call::begin(&mut text, CLAIM).column(claims, |c| c.id);
        call.column(claims, |c| c.body_hash.as_slice()).number(now).end();
    }
    for (name, ids) in [(LOCK, cases), (LOCK_FREE, free)] {
        if !ids.is_empty() {
            Call::begin(&mut text, name).column(ids, |id| *id).end();
        }
    }
    if !(cases.is_empty() && free.is_empty()) {
        // A statement of its own after the locks: it sees what the batch before us committed.
        Call::begin(&mut text, TIMERS).array(cases.iter().chain(free).copied()).end();
    }
    let mut answers = tx.send(text).await?.into_iter();
    let claimed: Vec<(Uuid,)> = if claims.is_empty() { Vec::new() } else { read(answers.next())? };
    let mut locked: Vec<RawLocked> = Vec::new();
    for ids in [cases, free] {
        if !ids.is_empty() {
            locked.extend(read(answers.next())?);
        }
    }
    let timers = read(answers.next())?;
    let locked = with_timers(locked.into_iter().map(|raw| (raw.case, raw.wrapped)).collect(), timers)?;
    if claimed.len() == claims.len() {
        return Ok((Vec::new(), locked));
    }
    let known: Vec<Uuid> = claims.iter().map(|c| c.id).filter(|c| !claimed.iter().any(|(n,)| n == c)).collect();
    let rows: Vec<RawAnswer> = sqlx::query_as(KNOWN).bind(known).fetch_all(tx.connection().await?).await?;
    Ok((rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?, locked))
}

pub(super) async fn counters(tx: &mut Tx, keys: &[CounterKey]) -> Result<Vec<Counter>, JournalError> {
    let mut text = String::new();
    let call = Call::begin(&mut text, COUNTERS_LOCK).column(keys, |k| k.district.as_str());
    let call = call.column(keys, |k| k.timeline.as_str()).column(keys, |k| k.workflow.as_str());
    call.column(keys, |k| k.period.as_str()).end();
    let rows: Vec<(String, String, String, String, i64)> = read(tx.send(text).await?.pop())?;
    let counter = |(district, timeline, workflow, period, n)| {
        let key = CounterKey { district, timeline, workflow, period };
        Counter { key, n }
    };
    let mut out: Vec<Counter> = rows.into_iter().map(counter).collect();
    out.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(out)
}

fn list(items: &[String]) -> Result<String, JournalError> {
    serde_json::to_string(items).map_err(|e| JournalError::damaged("rows to be written", e))
}

fn cases(text: &mut String, name: &str, c: &[CaseRecord]) -> Result<(), JournalError> {
    let lists = |of: fn(&CaseRecord) -> &Vec<String>| c.iter().map(|r| list(of(r))).collect::<Result<Vec<_>, _>>();
    let [active, owners, marks, excluded] =
        [lists(|r| &r.active)?, lists(|r| &r.owners)?, lists(|r| &r.marks)?, lists(|r| &r.excluded)?];
    Call::begin(text, name)
        .column(c, |r| r.id)
        .column(c, |r| r.number.as_str())
        .column(c, |r| r.district.as_str())
        .column(c, |r| r.timeline.as_str())
        .column(c, |r| r.workflow.as_str())
        .column(c, |r| r.version)
        .column(c, |r| r.definition_hash.as_str())
        .column(c, |r| r.state.as_str())
        .column(c, |r| r.title.as_str())
        .column(c, |r| r.place.as_str())
        .column(c, |r| r.category.as_str())
        .column(c, |r| r.channel.as_str())
        .column(&active, String::as_str)
        .column(c, |r| r.owner.as_deref())
        .column(&owners, String::as_str)
        .column(c, |r| r.due_at.map(micros))
        .column(c, |r| r.due_clock.as_deref())
        .column(c, |r| r.due_provisional)
        .column(&marks, String::as_str)
        .column(&excluded, String::as_str)
        .column(c, |r| r.running)
        .column(c, |r| micros(r.received_at))
        .column(c, |r| micros(r.registered_at))
        .column(c, |r| micros(r.opened_at))
        .column(c, |r| r.closed_at.map(micros))
        .column(c, |r| micros(r.last_at))
        .column(c, |r| r.seq)
        .column(c, |r| r.head.as_slice())
        .column(c, |r| r.plain.as_str())
        .end();
    Ok(())
}

/// Writes down what is to be written as calls of the prepared statements.
pub(super) fn encode(w: &Writes) -> Result<String, JournalError> {
    let mut text = String::new();
    for (name, records) in [(OPEN_CASES, &w.opened), (CHANGE_CASES, &w.changed)] {
        if !records.is_empty() {
            cases(&mut text, name, records)?;
        }
    }
    let t = &mut text;
    call(t, KEYS, &w.keys, |c, k| c.column(k, |r| r.case).column(k, |r| r.wrapped.as_slice()));
    call(t, ENTRIES, &w.entries, |c, e| {
        let c = c.column(e, |r| r.case).column(e, |r| r.seq).column(e, |r| micros(r.at));
        let c = c.column(e, |r| r.district.as_str()).column(e, |r| r.timeline.as_str()).column(e, |r| r.kind.as_str());
        c.column(e, |r| r.body.as_str()).column(e, |r| r.prev.as_slice()).column(e, |r| r.hash.as_slice())
    });
    call(t, CLEAR_TIMERS, &w.timers_cleared, |c, t| c.column(t, |r| r.0).column(t, |r| r.1.as_str()));
    call(t, SET_TIMERS, &w.timers_set, |c, t| {
        let c = c.column(t, |r| r.case).column(t, |r| r.key.as_str()).column(t, |r| micros(r.due_at));
        let c = c.column(t, |r| r.version).column(t, |r| r.district.as_str()).column(t, |r| r.timeline.as_str());
        c.column(t, |r| r.not_before.map_or(0, micros))
    });
    call(t, OUTBOX, &w.outbox, |c, o| {
        let c = c.column(o, |r| r.key.as_str()).column(o, |r| r.kind.as_str()).column(o, |r| r.case);
        let c = c.column(o, |r| r.seq).column(o, |r| r.district.as_str()).column(o, |r| r.timeline.as_str());
        let c = c.column(o, |r| r.payload.as_str()).column(o, |r| micros(r.created_at));
        c.column(o, |r| r.leased_until.map_or(0, micros))
    });
    encode_rest(t, w);
    Ok(text)
}

fn encode_rest(t: &mut String, w: &Writes) {
    call(t, GRAMS, &w.grams, |c, g| c.column(g, |r| r.gram).column(g, |r| r.case));
    for name in FORGET {
        call(t, name, &w.forgotten, |c, f| c.column(f, |case| *case));
    }
    call(t, ATTACH, &w.attachments, |c, a| {
        let c = c.column(a, |r| r.case).column(a, |r| r.hash.as_str()).column(a, |r| r.name.as_str());
        let c = c.column(a, |r| r.media_type.as_str()).column(a, |r| r.size.cast_signed());
        c.column(a, |r| r.added_by.as_str()).column(a, |r| micros(r.at))
    });
    let owned: Vec<(&str, Uuid)> =
        w.owners.iter().flat_map(|o| o.owners.iter().map(|party| (party.as_str(), o.case))).collect();
    call(t, DISOWN, &w.owners, |c, o| c.column(o, |r| r.case).column(&owned, |r| r.0).column(&owned, |r| r.1));
    call(t, OWN, &owned, |c, o| c.column(o, |r| r.0).column(o, |r| r.1));
    call(t, LINKS, &w.links, |c, l| {
        let c = c.column(l, |r| r.parent).column(l, |r| r.link.as_str());
        c.column(l, |r| r.child).column(l, |r| micros(r.at))
    });
    call(t, COUNTERS, &w.counters, |c, n| {
        let c = c.column(n, |r| r.key.district.as_str()).column(n, |r| r.key.timeline.as_str());
        c.column(n, |r| r.key.workflow.as_str()).column(n, |r| r.key.period.as_str()).column(n, |r| r.n)
    });
    call(t, ANSWERS, &w.answers, |c, a| c.column(a, |r| r.id).column(a, |r| r.case).column(a, |r| r.answer.as_str()));
    call(t, TOLD, &w.told, |c, k| c.column(k, String::as_str));
}

/// One call with its rows; none when there are none.
fn call<'t, R>(text: &'t mut String, name: &str, rows: &[R], values: impl FnOnce(Call<'t>, &[R]) -> Call<'t>) {
    if !rows.is_empty() {
        values(Call::begin(text, name), rows).end();
    }
}
