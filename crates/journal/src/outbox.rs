//! Effects on their way out: taken with a lease, then settled.
//!
//! Taking counts `attempts` up, and that number is the fence: who took it before and slept past the lease
//! can no longer settle it.

use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::error::JournalError;
use crate::store::{Db, Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// One effect that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Row; with `attempts` the name under which it is settled.
    pub id: i64,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// Unique for ever: `<case>/<effect key>`.
    pub key: String,
    /// `committed`, `notify`, `emit`, `open`, `send`.
    pub kind: String,
    /// Case.
    pub case: Uuid,
    /// The entry that wrote it.
    pub seq: i64,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// JSON; confidential values sealed.
    pub payload: String,
    /// When the step that wrote it happened.
    pub created_at: Instant,
}

/// How much stands in the outbox of a district.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxSize {
    /// Waiting.
    pub waiting: u64,
    /// Given up.
    pub failed: u64,
}

type Row = (i64, i64, String, String, Uuid, i64, String, String, String, i64);

const CLAIM: &str = "UPDATE outbox SET attempts = attempts + 1, leased_until = $2 WHERE id IN ({waiting}) \
    RETURNING id, attempts, key, kind, case_id, seq, district, timeline, payload, created_at";
/// What waits of one kind, in the order of the index: over several kinds at once the database would sort all that waits.
const WAITING_OF: &str = "SELECT id FROM (SELECT id FROM outbox WHERE state = 'waiting' AND district IN ({districts}){timelines} \
    AND kind = {kind} AND next_at <= $1 AND leased_until <= $1{unhurried} ORDER BY next_at, id LIMIT $3 {lock}) AS of_{n}";
const SETTLE: &str = "UPDATE outbox SET state = $3, result = $4, mac = $5, leased_until = 0 \
    WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
const KEY: &str = "SELECT key FROM outbox WHERE id = $1";
const RETRY: &str = "UPDATE outbox SET next_at = $3, result = $4, leased_until = 0 \
    WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
const FORGET: &str = "DELETE FROM outbox WHERE {keys}{unhurried}";
const RELEASE: &str =
    "UPDATE outbox SET next_at = $2, result = $3, leased_until = 0 WHERE {keys} AND state = 'waiting' AND attempts = 0";
const KEYS_SQLITE: &str = "key IN (SELECT value FROM json_each($1))";
const KEYS_POSTGRES: &str = "key = ANY($1)";
/// Not waited for on the disk of PostgreSQL. When a crash undoes a claim or a deletion, the effect is taken once more and goes
/// out again under the same key: a message under its id, a command under its id, a mail under its delivery.
const UNHURRIED: &str = " AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'";
const WAITING: &str = "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'waiting' AND kind = $1";
const SIZE: &str = "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'waiting' AND district = $1 LIMIT 10000) w), \
    (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'failed' AND district = $1 LIMIT 10000) f)";
const OPENING: &str =
    "SELECT EXISTS (SELECT 1 FROM outbox WHERE case_id = $1 AND kind = 'open' AND state = 'waiting' AND id < $2)";
const KEYS_OF: &str = "SELECT key, kind, state FROM outbox WHERE case_id = $1 ORDER BY id";

impl Journal {
    /// Takes up to `n` waiting effects of each of these kinds in these districts and timelines (none: every one), oldest first, and
    /// keeps others away until `lease_until`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_effects(
        &self,
        kinds: &[&str],
        districts: &[String],
        timelines: &[String],
        n: u32,
        now: Instant,
        lease_until: Instant,
    ) -> Result<Vec<OutboxItem>, JournalError> {
        if kinds.is_empty() || districts.is_empty() {
            return Ok(Vec::new());
        }
        let marks = |from: usize, n| (from..from + n).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ");
        let of_timelines = match marks(4 + kinds.len() + districts.len(), timelines.len()) {
            none if none.is_empty() => none,
            some => format!(" AND timeline IN ({some})"),
        };
        let lock = if matches!(self.db(), Db::Postgres { .. }) { "FOR UPDATE SKIP LOCKED" } else { "" };
        let of_kind = WAITING_OF
            .replace("{districts}", &marks(4 + kinds.len(), districts.len()))
            .replace("{timelines}", &of_timelines)
            .replace("{unhurried}", self.unhurried())
            .replace("{lock}", lock);
        let each =
            (0..kinds.len()).map(|n| of_kind.replace("{kind}", &format!("${}", 4 + n)).replace("{n}", &n.to_string()));
        let sql = CLAIM.replace("{waiting}", &each.collect::<Vec<_>>().join(" UNION ALL "));
        let mut rows: Vec<Row> = writing!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(micros(now)).bind(micros(lease_until)).bind(i64::from(n));
            for kind in kinds {
                query = query.bind(*kind);
            }
            for place in districts.iter().chain(timelines) {
                query = query.bind(place);
            }
            query.fetch_all(pool).await?
        });
        rows.sort_by_key(|row| row.0);
        Ok(rows.into_iter().map(item).collect())
    }

    fn unhurried(&self) -> &'static str {
        if matches!(self.db(), Db::Postgres { .. }) { UNHURRIED } else { "" }
    }

    /// It is out. False: somebody else has taken it since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effect_done(&self, item: &OutboxItem, result: &str) -> Result<bool, JournalError> {
        self.settle(item, "done", result).await
    }

    /// It is given up. False: somebody else has taken it since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effect_failed(&self, item: &OutboxItem, why: &str) -> Result<bool, JournalError> {
        self.settle(item, "failed", why).await
    }

    async fn settle(&self, item: &OutboxItem, state: &str, result: &str) -> Result<bool, JournalError> {
        let row: Option<(String,)> =
            reading!(self, pool => sqlx::query_as(KEY).bind(item.id).fetch_optional(pool).await?);
        let Some((key,)) = row else { return Ok(false) };
        // Whoever has the database and not the key cannot settle an effect that never went out.
        let mac = self.settled_mac(&key, state, result);
        let changed = writing!(self, pool => {
            let query = sqlx::query(SETTLE).bind(item.id).bind(item.attempts).bind(state).bind(result).bind(mac.as_slice());
            query.execute(pool).await?.rows_affected()
        });
        Ok(changed == 1)
    }

    /// What a settled effect must carry.
    pub(crate) fn settled_mac(&self, key: &str, state: &str, result: &str) -> [u8; 32] {
        self.vault().purpose("settled effect", format!("{key}\n{state}\n{result}").as_bytes())
    }

    /// To be taken again at `at`. False: somebody else has taken it since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effect_retry_at(&self, item: &OutboxItem, at: Instant, why: &str) -> Result<bool, JournalError> {
        let changed = writing!(self, pool => {
            let query = sqlx::query(RETRY).bind(item.id).bind(item.attempts).bind(micros(at)).bind(why);
            query.execute(pool).await?.rows_affected()
        });
        Ok(changed == 1)
    }

    /// They are out and their rows are of no further use (announcements of committed entries, which the journal holds), even
    /// to whoever has taken one since: at most a few hundred.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effects_forgotten(&self, keys: &[&str]) -> Result<(), JournalError> {
        if keys.is_empty() {
            return Ok(());
        }
        let sql = |of: &str| AssertSqlSafe(FORGET.replace("{keys}", of).replace("{unhurried}", self.unhurried()));
        match self.db() {
            Db::Sqlite { write, .. } => {
                sqlx::query(sql(KEYS_SQLITE)).bind(json!(keys).to_string()).execute(write).await?;
            }
            Db::Postgres { pool } => {
                sqlx::query(sql(KEYS_POSTGRES)).bind(keys).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// Whoever wrote them could not hand them on: from `at` on everybody may take them. Those that somebody has taken since
    /// stay as they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effects_released(&self, keys: &[&str], at: Instant, why: &str) -> Result<(), JournalError> {
        if keys.is_empty() {
            return Ok(());
        }
        let sql = |of: &str| AssertSqlSafe(RELEASE.replace("{keys}", of));
        match self.db() {
            Db::Sqlite { write, .. } => {
                let query = sqlx::query(sql(KEYS_SQLITE)).bind(json!(keys).to_string()).bind(micros(at)).bind(why);
                query.execute(write).await?;
            }
            Db::Postgres { pool } => {
                sqlx::query(sql(KEYS_POSTGRES)).bind(keys).bind(micros(at)).bind(why).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// How many effects of a kind wait, and since when the oldest does.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn waiting_effects(&self, kind: &str) -> Result<(u64, Option<Instant>), JournalError> {
        let (count, oldest): (i64, Option<i64>) =
            reading!(self, pool => sqlx::query_as(WAITING).bind(kind).fetch_one(pool).await?);
        Ok((count.unsigned_abs(), oldest.map(from_micros)))
    }

    /// How many effects of a district wait, and how many were given up; each counted up to 10,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn outbox_size(&self, district: &str) -> Result<OutboxSize, JournalError> {
        let (waiting, failed): (i64, i64) =
            reading!(self, pool => sqlx::query_as(SIZE).bind(district).fetch_one(pool).await?);
        Ok(OutboxSize { waiting: waiting.unsigned_abs(), failed: failed.unsigned_abs() })
    }

    /// Whether an opening that a case wrote before an effect still waits.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn opening_waits(&self, case: Uuid, before: i64) -> Result<bool, JournalError> {
        let (waits,): (bool,) =
            reading!(self, pool => sqlx::query_as(OPENING).bind(case).bind(before).fetch_one(pool).await?);
        Ok(waits)
    }

    /// Key, kind and state (`waiting`, `done`, `failed`) of every effect of a case, in the order in which they were written.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn effects_of(&self, case: Uuid) -> Result<Vec<(String, String, String)>, JournalError> {
        Ok(reading!(self, pool => sqlx::query_as(KEYS_OF).bind(case).fetch_all(pool).await?))
    }
}

fn item((id, attempts, key, kind, case, seq, district, timeline, payload, created_at): Row) -> OutboxItem {
    OutboxItem { id, attempts, key, kind, case, seq, district, timeline, payload, created_at: from_micros(created_at) }
}
