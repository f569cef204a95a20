//! The statements about deliveries, as both databases read them (`$n` parameters).
//! Each is served by the index that names it in `migrations/*/0002_delivery.sql`.

macro_rules! columns {
    () => {
        "id, district, timeline, case_id, case_number, effect_key, channel, recipient, recipient_name, address, \
         template, clock, rung, urgent, notice, subject, text, html, message_id, state, hold_until, next_at, \
         attempts, last_result, digest_id, created_at, updated_at"
    };
}

pub(super) const INSERT: &str = concat!(
    "INSERT INTO deliveries (",
    columns!(),
    ", leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
     $20, $21, $22, $23, $24, $25, $26, $27, 0) ON CONFLICT (id) DO NOTHING"
);

pub(super) const CLAIM_SQLITE: &str = concat!(
    "UPDATE deliveries SET leased_until = $2 WHERE id IN (SELECT id FROM deliveries \
     WHERE state = 'queued' AND next_at <= $1 AND leased_until <= $1 AND ($4 = '' OR district = $4) AND ($5 = '' OR timeline = $5) \
     ORDER BY urgent DESC, next_at, id LIMIT $3) RETURNING ",
    columns!()
);

pub(super) const CLAIM_POSTGRES: &str = concat!(
    "UPDATE deliveries SET leased_until = $2 WHERE id IN (SELECT id FROM deliveries \
     WHERE state = 'queued' AND next_at <= $1 AND leased_until <= $1 AND ($4 = '' OR district = $4) AND ($5 = '' OR timeline = $5) \
     ORDER BY urgent DESC, next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING ",
    columns!()
);

pub(super) const GET: &str = concat!("SELECT ", columns!(), " FROM deliveries WHERE id = $1");

pub(super) const ATTEMPTS: &str = "SELECT n, at, ended_at, address, via, outcome, result FROM delivery_attempts \
    WHERE delivery_id = $1 ORDER BY n";

pub(super) const MEMBERS: &str =
    concat!("SELECT ", columns!(), " FROM deliveries WHERE digest_id = $1 ORDER BY created_at, id");

pub(super) const HELD_OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM deliveries WHERE state = 'held' AND digest_id IS NULL AND next_at <= $1 \
     AND district = $2 AND timeline = $3 AND recipient = $4 ORDER BY created_at, id LIMIT $5"
);

pub(super) const DIGESTS_DUE: &str = "SELECT district, timeline, recipient FROM deliveries \
    WHERE state = 'held' AND digest_id IS NULL AND next_at <= $1 AND ($3 = '' OR district = $3) AND ($4 = '' OR timeline = $4) \
    GROUP BY district, timeline, recipient ORDER BY MIN(next_at), recipient LIMIT $2";

pub(super) const DIGEST_CLAIM: &str = "INSERT INTO digests (id, district, timeline, recipient, day, notices, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (district, timeline, recipient, day) DO NOTHING";

pub(super) const DIGEST_JOIN: &str =
    "UPDATE deliveries SET digest_id = $2, updated_at = $3 WHERE id = $1 AND state = 'held' AND digest_id IS NULL";

pub(super) const HOLD: &str =
    "UPDATE deliveries SET hold_until = $2, next_at = $2, updated_at = $3 WHERE id = $1 AND state = 'held'";

pub(super) const NEXT_WAKE: &str = "SELECT MIN(next_at) AS at FROM deliveries WHERE state = 'queued' \
    UNION ALL SELECT MIN(next_at) AS at FROM deliveries WHERE state = 'held' AND digest_id IS NULL";

pub(super) const RENDERED: &str = "UPDATE deliveries SET subject = $2, text = $3, html = $4, address = $5, \
    recipient_name = $6, case_number = $7, updated_at = $8 WHERE id = $1";

pub(super) const SETTLE: &str = "UPDATE deliveries SET state = $2, last_result = $3, leased_until = 0, updated_at = $4 \
    WHERE id = $1 AND state IN ('queued', 'held')";

pub(super) const SETTLE_MEMBERS: &str = "UPDATE deliveries SET state = $2, last_result = $3, updated_at = $4 \
    WHERE digest_id = $1 AND state = 'held'";

pub(super) const DEFER: &str = "UPDATE deliveries SET next_at = $2, last_result = $3, leased_until = 0, updated_at = $4 \
    WHERE id = $1 AND state = 'queued'";

pub(super) const BEGIN: &str = "UPDATE deliveries SET attempts = attempts + 1, updated_at = $2 WHERE id = $1 AND state = 'queued' RETURNING attempts";

pub(super) const BEGIN_ATTEMPT: &str = "INSERT INTO delivery_attempts (delivery_id, n, at, address, via, outcome, result) \
    VALUES ($1, $2, $3, $4, $5, 'started', '')";

pub(super) const END_ATTEMPT: &str =
    "UPDATE delivery_attempts SET ended_at = $3, outcome = $4, result = $5 WHERE delivery_id = $1 AND n = $2";

pub(super) const ATTEMPTS_SINCE: &str = "SELECT COUNT(*) AS n FROM delivery_attempts WHERE at >= $1";

pub(super) const ATTEMPTS_TO_SINCE: &str =
    "SELECT COUNT(*) AS n FROM delivery_attempts WHERE address = $1 AND at >= $2";

pub(super) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM deliveries WHERE ($1 = '' OR district = $1) AND ($2 = '' OR timeline = $2) \
     AND ($3 = '' OR state = $3) ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
);

pub(super) const LIST_COUNT: &str = "SELECT COUNT(*) AS n FROM deliveries \
    WHERE ($1 = '' OR district = $1) AND ($2 = '' OR timeline = $2) AND ($3 = '' OR state = $3)";

pub(super) const LIST_CASE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM deliveries WHERE case_id = $6 AND ($1 = '' OR district = $1) AND ($2 = '' OR timeline = $2) \
     AND ($3 = '' OR state = $3) ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
);

pub(super) const LIST_CASE_COUNT: &str = "SELECT COUNT(*) AS n FROM deliveries \
    WHERE case_id = $4 AND ($1 = '' OR district = $1) AND ($2 = '' OR timeline = $2) AND ($3 = '' OR state = $3)";

pub(super) const COUNT_STATE: &str =
    "SELECT COUNT(*) AS n FROM deliveries WHERE district = $1 AND timeline = $2 AND state = $3";

pub(super) const COUNT_TRIED: &str =
    "SELECT COUNT(*) AS n FROM deliveries WHERE district = $1 AND timeline = $2 AND state = 'queued' AND attempts > 0";

pub(super) const COUNT_FAILED_SINCE: &str = "SELECT COUNT(*) AS n FROM deliveries WHERE district = $1 AND timeline = $2 AND state = 'failed' AND updated_at >= $3";
