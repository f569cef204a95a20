//! Reading and writing deliveries on either database.
//!
//! Every write is one statement or one transaction and may be repeated after a crash without harm.

use sqlx::{PgPool, Row, SqlitePool};
use uuid::Uuid;

use super::row::{Attempt, AttemptOutcome, Delivery, DeliveryFilter, DeliveryState, DigestDue, InvalidRow};
use super::sql;
use crate::time::{Instant, from_micros as instant};

/// Something went wrong between here and the database.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The database answered with an error.
    #[error("the delivery log could not be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored word is unknown.
    #[error(transparent)]
    Row(#[from] InvalidRow),
}

/// How an attempt ends for its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is over: sent, failed.
    Settled(DeliveryState),
    /// Another attempt at this instant.
    Retry(Instant),
}

/// A digest to be written: the mail that carries it and the notices in it.
#[derive(Debug)]
pub struct Digest<'a> {
    /// The delivery that carries the digest.
    pub carrier: &'a Delivery,
    /// Local working day, `YYYY-MM-DD`.
    pub day: &'a str,
    /// Ids of the held notices in it.
    pub notices: &'a [Uuid],
}

/// The delivery log on one database.
#[derive(Clone, Debug)]
pub enum Deliveries {
    /// SQLite: its one writing connection, and those that read.
    Sqlite {
        /// Writes.
        write: SqlitePool,
        /// Reads.
        read: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

macro_rules! on {
    ($self:expr, $pool:ident => $body:expr) => {
        match $self {
            Deliveries::Sqlite { write: $pool, .. } => $body,
            Deliveries::Postgres($pool) => $body,
        }
    };
}

/// As `on`, for what only reads.
macro_rules! reading {
    ($self:expr, $pool:ident => $body:expr) => {
        match $self {
            Deliveries::Sqlite { read: $pool, .. } => $body,
            Deliveries::Postgres($pool) => $body,
        }
    };
}

macro_rules! delivery {
    ($row:expr) => {{
        let row = &$row;
        let state: String = row.try_get("state")?;
        Delivery {
            id: row.try_get("id")?,
            district: row.try_get("district")?,
            timeline: row.try_get("timeline")?,
            case: row.try_get("case_id")?,
            case_number: row.try_get("case_number")?,
            effect_key: row.try_get("effect_key")?,
            channel: row.try_get("channel")?,
            recipient: row.try_get("recipient")?,
            recipient_name: row.try_get("recipient_name")?,
            address: row.try_get("address")?,
            template: row.try_get("template")?,
            clock: row.try_get("clock")?,
            rung: row.try_get("rung")?,
            urgent: row.try_get("urgent")?,
            notice: row.try_get("notice")?,
            subject: row.try_get("subject")?,
            text: row.try_get("text")?,
            html: row.try_get("html")?,
            message_id: row.try_get("message_id")?,
            state: state.parse()?,
            hold_until: row.try_get::<Option<i64>, _>("hold_until")?.map(instant),
            next_at: instant(row.try_get("next_at")?),
            attempts: row.try_get("attempts")?,
            last_result: row.try_get("last_result")?,
            digest: row.try_get("digest_id")?,
            created_at: instant(row.try_get("created_at")?),
            updated_at: instant(row.try_get("updated_at")?),
        }
    }};
}

macro_rules! deliveries {
    ($rows:expr) => {{
        let mut list = Vec::new();
        for row in $rows {
            list.push(delivery!(row));
        }
        list
    }};
}

macro_rules! insert {
    ($delivery:expr, $connection:expr) => {{
        let d: &Delivery = $delivery;
        sqlx::query(sql::INSERT)
            .bind(d.id)
            .bind(&d.district)
            .bind(&d.timeline)
            .bind(d.case)
            .bind(&d.case_number)
            .bind(&d.effect_key)
            .bind(&d.channel)
            .bind(&d.recipient)
            .bind(&d.recipient_name)
            .bind(&d.address)
            .bind(&d.template)
            .bind(&d.clock)
            .bind(&d.rung)
            .bind(d.urgent)
            .bind(&d.notice)
            .bind(&d.subject)
            .bind(&d.text)
            .bind(&d.html)
            .bind(&d.message_id)
            .bind(d.state.as_str())
            .bind(d.hold_until.map(|at| at.timestamp_micros()))
            .bind(d.next_at.timestamp_micros())
            .bind(d.attempts)
            .bind(&d.last_result)
            .bind(d.digest)
            .bind(d.created_at.timestamp_micros())
            .bind(d.updated_at.timestamp_micros())
            .execute($connection)
            .await?
            .rows_affected()
    }};
}

impl Deliveries {
    /// Writes new deliveries; those already known are left as they are. Returns how many were new.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert(&self, deliveries: &[Delivery]) -> Result<u64, DeliveryError> {
        on!(self, pool => {
            let mut tx = pool.begin().await?;
            let mut new = 0;
            for delivery in deliveries {
                new += insert!(delivery, &mut *tx);
            }
            tx.commit().await?;
            Ok(new)
        })
    }

    /// Takes up to `limit` queued deliveries whose time has come, urgent first, and keeps them from
    /// other workers until `lease_until`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_due(
        &self,
        now: Instant,
        lease_until: Instant,
        limit: u32,
    ) -> Result<Vec<Delivery>, DeliveryError> {
        self.claim_due_in("", "", now, lease_until, limit).await
    }

    /// As [`Deliveries::claim_due`], those of one district and one timeline only; an empty text means every one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_due_in(
        &self,
        district: &str,
        timeline: &str,
        now: Instant,
        lease_until: Instant,
        limit: u32,
    ) -> Result<Vec<Delivery>, DeliveryError> {
        let (now, lease) = (now.timestamp_micros(), lease_until.timestamp_micros());
        let mut list = match self {
            Self::Sqlite { write: pool, .. } => deliveries!(
                sqlx::query(sql::CLAIM_SQLITE)
                    .bind(now)
                    .bind(lease)
                    .bind(i64::from(limit))
                    .bind(district)
                    .bind(timeline)
                    .fetch_all(pool)
                    .await?
            ),
            Self::Postgres(pool) => deliveries!(
                sqlx::query(sql::CLAIM_POSTGRES)
                    .bind(now)
                    .bind(lease)
                    .bind(i64::from(limit))
                    .bind(district)
                    .bind(timeline)
                    .fetch_all(pool)
                    .await?
            ),
        };
        list.sort_by_key(|d| (!d.urgent, d.next_at, d.id));
        Ok(list)
    }

    /// Recipients whose held notices are due for a digest, longest waiting first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn due_digests(&self, now: Instant, limit: u32) -> Result<Vec<DigestDue>, DeliveryError> {
        self.due_digests_in("", "", now, limit).await
    }

    /// As [`Deliveries::due_digests`], those of one district and one timeline only; an empty text means every one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn due_digests_in(
        &self,
        district: &str,
        timeline: &str,
        now: Instant,
        limit: u32,
    ) -> Result<Vec<DigestDue>, DeliveryError> {
        on!(self, pool => {
            let rows = sqlx::query(sql::DIGESTS_DUE)
                .bind(now.timestamp_micros())
                .bind(i64::from(limit))
                .bind(district)
                .bind(timeline)
                .fetch_all(pool)
                .await?;
            let mut list = Vec::new();
            for row in rows {
                list.push(DigestDue {
                    district: row.try_get("district")?,
                    timeline: row.try_get("timeline")?,
                    recipient: row.try_get("recipient")?,
                });
            }
            Ok(list)
        })
    }

    /// The held notices of one recipient that are due, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn held(&self, of: &DigestDue, now: Instant, limit: u32) -> Result<Vec<Delivery>, DeliveryError> {
        on!(self, pool => Ok(deliveries!(
            sqlx::query(sql::HELD_OF)
                .bind(now.timestamp_micros())
                .bind(&of.district)
                .bind(&of.timeline)
                .bind(&of.recipient)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        )))
    }

    /// Writes a digest, its carrier and the membership of its notices, in one transaction.
    /// `false`: the recipient already had a digest on that day; nothing was written.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn compose_digest(&self, digest: &Digest<'_>, now: Instant) -> Result<bool, DeliveryError> {
        let at = now.timestamp_micros();
        on!(self, pool => {
            let mut tx = pool.begin().await?;
            let claimed = sqlx::query(sql::DIGEST_CLAIM)
                .bind(digest.carrier.id)
                .bind(&digest.carrier.district)
                .bind(&digest.carrier.timeline)
                .bind(&digest.carrier.recipient)
                .bind(digest.day)
                .bind(i32::try_from(digest.notices.len()).unwrap_or(i32::MAX))
                .bind(at)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if claimed == 0 {
                return Ok(false);
            }
            insert!(digest.carrier, &mut *tx);
            for id in digest.notices {
                sqlx::query(sql::DIGEST_JOIN).bind(*id).bind(digest.carrier.id).bind(at).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
    }

    /// Moves a held notice to a later digest.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hold(&self, id: Uuid, until: Instant, now: Instant) -> Result<(), DeliveryError> {
        on!(self, pool => {
            sqlx::query(sql::HOLD)
                .bind(id)
                .bind(until.timestamp_micros())
                .bind(now.timestamp_micros())
                .execute(pool)
                .await?;
            Ok(())
        })
    }

    /// The notices in a digest, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn members(&self, digest: Uuid) -> Result<Vec<Delivery>, DeliveryError> {
        on!(self, pool => Ok(deliveries!(sqlx::query(sql::MEMBERS).bind(digest).fetch_all(pool).await?)))
    }

    /// When the next queued or held delivery wants attention; `None` when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_wake(&self) -> Result<Option<Instant>, DeliveryError> {
        on!(self, pool => {
            let mut earliest = None;
            for row in sqlx::query(sql::NEXT_WAKE).fetch_all(pool).await? {
                if let Some(at) = row.try_get::<Option<i64>, _>("at")? {
                    earliest = Some(earliest.map_or(at, |e: i64| e.min(at)));
                }
            }
            Ok(earliest.map(instant))
        })
    }

    /// Keeps what was rendered just before an attempt (subject, text, html, address, name, case number of `delivery`).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendered(&self, delivery: &Delivery, now: Instant) -> Result<(), DeliveryError> {
        on!(self, pool => {
            sqlx::query(sql::RENDERED)
                .bind(delivery.id)
                .bind(&delivery.subject)
                .bind(&delivery.text)
                .bind(&delivery.html)
                .bind(&delivery.address)
                .bind(&delivery.recipient_name)
                .bind(&delivery.case_number)
                .bind(now.timestamp_micros())
                .execute(pool)
                .await?;
            Ok(())
        })
    }

    /// Ends a queued or held delivery without an attempt: suppressed, local, failed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn settle(&self, id: Uuid, state: DeliveryState, why: &str, now: Instant) -> Result<(), DeliveryError> {
        on!(self, pool => {
            sqlx::query(sql::SETTLE)
                .bind(id)
                .bind(state.as_str())
                .bind(why)
                .bind(now.timestamp_micros())
                .execute(pool)
                .await?;
            Ok(())
        })
    }

    /// Ends the notices in a digest together with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn settle_members(
        &self,
        digest: Uuid,
        state: DeliveryState,
        why: &str,
        now: Instant,
    ) -> Result<(), DeliveryError> {
        on!(self, pool => {
            sqlx::query(sql::SETTLE_MEMBERS)
                .bind(digest)
                .bind(state.as_str())
                .bind(why)
                .bind(now.timestamp_micros())
                .execute(pool)
                .await?;
            Ok(())
        })
    }

    /// Puts a queued delivery off without an attempt (rate limits, a store that does not answer).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn defer(&self, id: Uuid, until: Instant, why: &str, now: Instant) -> Result<(), DeliveryError> {
        on!(self, pool => {
            sqlx::query(sql::DEFER)
                .bind(id)
                .bind(until.timestamp_micros())
                .bind(why)
                .bind(now.timestamp_micros())
                .execute(pool)
                .await?;
            Ok(())
        })
    }

    /// Records, before anything leaves the house, that an attempt begins. Returns its number;
    /// `None` when the delivery is no longer queued.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_attempt(
        &self,
        id: Uuid,
        address: &str,
        via: &str,
        now: Instant,
    ) -> Result<Option<i32>, DeliveryError> {
        let at = now.timestamp_micros();
        on!(self, pool => {
            let mut tx = pool.begin().await?;
            let Some(row) = sqlx::query(sql::BEGIN).bind(id).bind(at).fetch_optional(&mut *tx).await? else {
                return Ok(None);
            };
            let n: i32 = row.try_get("attempts")?;
            sqlx::query(sql::BEGIN_ATTEMPT)
                .bind(id)
                .bind(n)
                .bind(at)
                .bind(address)
                .bind(via)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(Some(n))
        })
    }

    /// Records how attempt `n` ended and what follows from it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_attempt(
        &self,
        id: Uuid,
        n: i32,
        outcome: AttemptOutcome,
        result: &str,
        then: &Finish,
        now: Instant,
    ) -> Result<(), DeliveryError> {
        let at = now.timestamp_micros();
        on!(self, pool => {
            let mut tx = pool.begin().await?;
            sqlx::query(sql::END_ATTEMPT)
                .bind(id)
                .bind(n)
                .bind(at)
                .bind(outcome.as_str())
                .bind(result)
                .execute(&mut *tx)
                .await?;
            match then {
                Finish::Settled(state) => {
                    sqlx::query(sql::SETTLE)
                        .bind(id)
                        .bind(state.as_str())
                        .bind(result)
                        .bind(at)
                        .execute(&mut *tx)
                        .await?;
                }
                Finish::Retry(next) => {
                    sqlx::query(sql::DEFER)
                        .bind(id)
                        .bind(next.timestamp_micros())
                        .bind(result)
                        .bind(at)
                        .execute(&mut *tx)
                        .await?;
                }
            }
            tx.commit().await?;
            Ok(())
        })
    }

    /// Attempts begun since then, to anyone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn attempts_since(&self, since: Instant) -> Result<i64, DeliveryError> {
        on!(self, pool => Ok(sqlx::query(sql::ATTEMPTS_SINCE)
            .bind(since.timestamp_micros())
            .fetch_one(pool)
            .await?
            .try_get("n")?))
    }

    /// Attempts begun since then, to one address.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn attempts_to_since(&self, address: &str, since: Instant) -> Result<i64, DeliveryError> {
        on!(self, pool => Ok(sqlx::query(sql::ATTEMPTS_TO_SINCE)
            .bind(address)
            .bind(since.timestamp_micros())
            .fetch_one(pool)
            .await?
            .try_get("n")?))
    }

    /// One delivery with its attempts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn get(&self, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>, DeliveryError> {
        reading!(self, pool => {
            let Some(row) = sqlx::query(sql::GET).bind(id).fetch_optional(pool).await? else {
                return Ok(None);
            };
            let delivery = delivery!(row);
            let mut attempts = Vec::new();
            for row in sqlx::query(sql::ATTEMPTS).bind(id).fetch_all(pool).await? {
                let outcome: String = row.try_get("outcome")?;
                attempts.push(Attempt {
                    n: row.try_get("n")?,
                    at: instant(row.try_get("at")?),
                    ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(instant),
                    address: row.try_get("address")?,
                    via: row.try_get("via")?,
                    outcome: outcome.parse()?,
                    result: row.try_get("result")?,
                });
            }
            Ok(Some((delivery, attempts)))
        })
    }

    /// The mail log, newest first, and how many rows match in all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list(&self, filter: &DeliveryFilter) -> Result<(i64, Vec<Delivery>), DeliveryError> {
        let district = filter.district.as_deref().unwrap_or_default();
        let timeline = filter.timeline.as_deref().unwrap_or_default();
        let state = filter.state.map_or("", DeliveryState::as_str);
        let (limit, offset) = (i64::from(filter.limit.clamp(1, 500)), i64::from(filter.offset));
        let (rows_sql, count_sql) = match filter.case {
            Some(_) => (sql::LIST_CASE, sql::LIST_CASE_COUNT),
            None => (sql::LIST, sql::LIST_COUNT),
        };
        reading!(self, pool => {
            let mut rows = sqlx::query(rows_sql).bind(district).bind(timeline).bind(state).bind(limit).bind(offset);
            let mut count = sqlx::query(count_sql).bind(district).bind(timeline).bind(state);
            if let Some(case) = filter.case {
                rows = rows.bind(case);
                count = count.bind(case);
            }
            let total = count.fetch_one(pool).await?.try_get("n")?;
            Ok((total, deliveries!(rows.fetch_all(pool).await?)))
        })
    }

    /// How many deliveries of a district stand in a state (the assurance page shows the failed ones).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count(&self, district: &str, timeline: &str, state: DeliveryState) -> Result<i64, DeliveryError> {
        reading!(self, pool => Ok(sqlx::query(sql::COUNT_STATE)
            .bind(district)
            .bind(timeline)
            .bind(state.as_str())
            .fetch_one(pool)
            .await?
            .try_get("n")?))
    }

    /// How many deliveries of a district were attempted, not accepted, and wait for another attempt.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tried_in_vain(&self, district: &str, timeline: &str) -> Result<i64, DeliveryError> {
        on!(self, pool => Ok(sqlx::query(sql::COUNT_TRIED)
            .bind(district)
            .bind(timeline)
            .fetch_one(pool)
            .await?
            .try_get("n")?))
    }

    /// How many deliveries of a district were given up since then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed_since(&self, district: &str, timeline: &str, since: Instant) -> Result<i64, DeliveryError> {
        on!(self, pool => Ok(sqlx::query(sql::COUNT_FAILED_SINCE)
            .bind(district)
            .bind(timeline)
            .bind(since.timestamp_micros())
            .fetch_one(pool)
            .await?
            .try_get("n")?))
    }
}
