//! Observations: written once, read in order by the rules and by time for charts.

use serde::Serialize;

use crate::error::JournalError;
use crate::store::{Db, Journal, reading};
use crate::time::{Instant, from_micros, micros};

/// One reading as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRow {
    /// Station, by its id.
    pub station: String,
    /// Factor code.
    pub pollutant: String,
    /// `real`, `minutes`, `hour`, `day`.
    pub kind: String,
    /// When; of a mean: the beginning of its period.
    pub observed_at: Instant,
    /// Finite.
    pub value: f64,
    /// Unit of `value`.
    pub unit: String,
    /// Data flag.
    pub flag: String,
    /// When it came in.
    pub received_at: Instant,
    /// Through which door.
    pub source: String,
}

/// One reading with its place in the order in which the rules read.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptObservation {
    /// Place in the order.
    pub seq: i64,
    /// What was read.
    pub row: ObservationRow,
}

/// Which readings a chart wants.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    /// Station.
    pub station: &'a str,
    /// Factor code.
    pub pollutant: &'a str,
    /// Kind of figure.
    pub kind: &'a str,
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub until: Instant,
    /// At most so many, the newest.
    pub limit: u32,
}

pub(super) type Row = (i64, String, String, String, i64, f64, String, String, i64, String);

const KEEP_SQLITE: &str = "INSERT INTO observations \
    (district, timeline, station, pollutant, kind, observed_at, value, unit, flag, received_at, source) \
    SELECT $1, $2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8 \
    FROM json_each($3) WHERE true ON CONFLICT DO NOTHING";
const KEEP_POSTGRES: &str = "INSERT INTO observations \
    (district, timeline, station, pollutant, kind, observed_at, value, unit, flag, received_at, source) \
    SELECT $1, $2, v->>0, v->>1, v->>2, (v->>3)::bigint, (v->>4)::float8, v->>5, v->>6, (v->>7)::bigint, v->>8 \
    FROM json_array_elements($3::json) v ON CONFLICT DO NOTHING";
/// Any number, the same in every process: writers of observations commit one after another, so that a reader who has seen
/// one number has seen all smaller ones.
const ORDER: i64 = 0x4855_4f42_5345;
const AFTER: &str = "SELECT seq, station, pollutant, kind, observed_at, value, unit, flag, received_at, source \
    FROM observations WHERE district = $1 AND timeline = $2 AND seq > $3 ORDER BY seq LIMIT $4";
const SERIES: &str = "SELECT seq, station, pollutant, kind, observed_at, value, unit, flag, received_at, source \
    FROM observations WHERE district = $1 AND timeline = $2 AND station = $3 AND pollutant = $4 AND kind = $5 \
    AND observed_at >= $6 AND observed_at < $7 ORDER BY observed_at DESC LIMIT $8";
/// Looks at the oldest so many and no further: readings are numbered as they come in, and whoever looked for old ones among
/// all the others would read the whole table every night.
const FORGET: &str = "DELETE FROM observations WHERE seq IN (SELECT seq FROM (SELECT seq, received_at FROM observations \
    WHERE district = $1 AND timeline = $2 AND seq <= $3 ORDER BY seq LIMIT $5) oldest WHERE received_at < $4)";

#[derive(Serialize)]
struct Written<'a>(&'a str, &'a str, &'a str, i64, f64, &'a str, &'a str, i64, &'a str);

impl Journal {
    /// Keeps readings in one transaction; committed when it returns. One that is kept already (same station, pollutant,
    /// kind and time) changes nothing. Gives how many were new.
    ///
    /// # Errors
    /// When the database refuses; then none was kept.
    pub async fn keep_observations(
        &self,
        district: &str,
        timeline: &str,
        rows: &[ObservationRow],
    ) -> Result<u64, JournalError> {
        self.fault("keep")?;
        let rows = rows.iter().map(written).collect::<Vec<_>>();
        let rows = serde_json::to_string(&rows).map_err(|e| JournalError::damaged("observations to be kept", e))?;
        let kept = match self.db() {
            Db::Sqlite { write, .. } => {
                sqlx::query(KEEP_SQLITE).bind(district).bind(timeline).bind(rows).execute(write).await?.rows_affected()
            }
            Db::Postgres { pool } => {
                let mut tx = pool.begin().await?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ORDER).execute(&mut *tx).await?;
                let kept =
                    sqlx::query(KEEP_POSTGRES).bind(district).bind(timeline).bind(rows).execute(&mut *tx).await?;
                tx.commit().await?;
                kept.rows_affected()
            }
        };
        self.fault("kept")?;
        Ok(kept)
    }

    /// Readings after one, in the order in which they were kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn observations_after(
        &self,
        district: &str,
        timeline: &str,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<KeptObservation>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => {
            sqlx::query_as(AFTER).bind(district).bind(timeline).bind(seq).bind(i64::from(limit)).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(kept).collect())
    }

    /// Readings of one pollutant at one station, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn observations_of(
        &self,
        district: &str,
        timeline: &str,
        series: &Series<'_>,
    ) -> Result<Vec<KeptObservation>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => {
            sqlx::query_as(SERIES)
                .bind(district)
                .bind(timeline)
                .bind(series.station)
                .bind(series.pollutant)
                .bind(series.kind)
                .bind(micros(series.from))
                .bind(micros(series.until))
                .bind(i64::from(series.limit))
                .fetch_all(pool)
                .await?
        });
        Ok(rows.into_iter().rev().map(kept).collect())
    }

    /// Of the oldest `limit` readings that the rules have read (`seq` and before), forgets those that came in before a
    /// moment. Gives how many; fewer than `limit`: the others are younger.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_observations(
        &self,
        district: &str,
        timeline: &str,
        seq: i64,
        before: Instant,
        limit: u32,
    ) -> Result<u64, JournalError> {
        let gone = crate::store::writing!(self, pool => {
            sqlx::query(FORGET)
                .bind(district)
                .bind(timeline)
                .bind(seq)
                .bind(micros(before))
                .bind(i64::from(limit))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(gone)
    }
}

fn written(row: &ObservationRow) -> Written<'_> {
    Written(
        &row.station,
        &row.pollutant,
        &row.kind,
        micros(row.observed_at),
        row.value,
        &row.unit,
        &row.flag,
        micros(row.received_at),
        &row.source,
    )
}

pub(super) fn kept(row: Row) -> KeptObservation {
    let (seq, station, pollutant, kind, observed_at, value, unit, flag, received_at, source) = row;
    let (observed_at, received_at) = (from_micros(observed_at), from_micros(received_at));
    let row = ObservationRow { station, pollutant, kind, observed_at, value, unit, flag, received_at, source };
    KeptObservation { seq, row }
}
