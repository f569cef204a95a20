//! Readings for people: the newest of each series, and a series that is never longer than a chart can show.

use serde::Serialize;

use super::observations::{ObservationRow, Row, kept};
use crate::error::JournalError;
use crate::store::{Db, Journal, reading};
use crate::time::{Instant, from_micros, micros};

/// Which span of a series.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
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
}

/// Readings with one flag in one part of a span, as their extremes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Which part of the span, from 0.
    pub index: u32,
    /// Their flag.
    pub flag: String,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// How many.
    pub count: u64,
    /// When the first of them was observed.
    pub first: Instant,
    /// When the last of them was observed.
    pub last: Instant,
}

type BucketRow = (i64, String, f64, f64, i64, i64, i64);

const COUNT: &str = "SELECT COUNT(*) FROM observations WHERE district = $1 AND timeline = $2 AND station = $3 \
    AND pollutant = $4 AND kind = $5 AND observed_at >= $6 AND observed_at < $7";
const BUCKETS: &str = "SELECT (observed_at - $6) / $8, flag, MIN(value), MAX(value), COUNT(*), MIN(observed_at), \
    MAX(observed_at) FROM observations WHERE district = $1 AND timeline = $2 AND station = $3 AND pollutant = $4 \
    AND kind = $5 AND observed_at >= $6 AND observed_at < $7 GROUP BY 1, 2 ORDER BY 1, 2";
const NEWEST_SQLITE: &str = "SELECT o.seq, o.station, o.pollutant, o.kind, o.observed_at, o.value, o.unit, o.flag, \
    o.received_at, o.source FROM json_each($3) p JOIN observations o ON o.seq = (SELECT seq FROM observations \
    WHERE district = $1 AND timeline = $2 AND station = p.value->>0 AND pollutant = p.value->>1 AND kind = p.value->>2 \
    ORDER BY observed_at DESC LIMIT 1)";
const NEWEST_POSTGRES: &str = "SELECT o.seq, o.station, o.pollutant, o.kind, o.observed_at, o.value, o.unit, o.flag, \
    o.received_at, o.source FROM json_array_elements($3::json) p JOIN LATERAL (SELECT * FROM observations \
    WHERE district = $1 AND timeline = $2 AND station = p->>0 AND pollutant = p->>1 AND kind = p->>2 \
    ORDER BY observed_at DESC LIMIT 1) o ON true";

/// Kinds of figures that a series may be of.
const KINDS: [&str; 4] = ["real", "minutes", "hour", "day"];

#[derive(Serialize)]
struct Asked<'a>(&'a str, &'a str, &'a str);

impl Journal {
    /// The newest reading of each kind of these (station, pollutant); what was never heard is not there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_observations(
        &self,
        district: &str,
        timeline: &str,
        series: &[(&str, &str)],
    ) -> Result<Vec<ObservationRow>, JournalError> {
        let asked: Vec<Asked<'_>> =
            series.iter().flat_map(|(station, pollutant)| KINDS.map(|kind| Asked(station, pollutant, kind))).collect();
        let asked = serde_json::to_string(&asked).map_err(|e| JournalError::damaged("series asked for", e))?;
        let rows: Vec<Row> = match self.db() {
            Db::Sqlite { read, .. } => {
                sqlx::query_as(NEWEST_SQLITE).bind(district).bind(timeline).bind(asked).fetch_all(read).await?
            }
            Db::Postgres { pool } => {
                sqlx::query_as(NEWEST_POSTGRES).bind(district).bind(timeline).bind(asked).fetch_all(pool).await?
            }
        };
        Ok(rows.into_iter().map(|row| kept(row).row).collect())
    }

    /// How many readings a span has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn observation_count(
        &self,
        district: &str,
        timeline: &str,
        span: &Span<'_>,
    ) -> Result<u64, JournalError> {
        let count: i64 = reading!(self, pool => {
            sqlx::query_scalar(COUNT)
                .bind(district)
                .bind(timeline)
                .bind(span.station)
                .bind(span.pollutant)
                .bind(span.kind)
                .bind(micros(span.from))
                .bind(micros(span.until))
                .fetch_one(pool)
                .await?
        });
        Ok(count.unsigned_abs())
    }

    /// A span in `parts` equal parts: of each part and flag the least and the greatest, oldest first. At most `parts` times
    /// the number of flags; no extreme is lost.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn observation_buckets(
        &self,
        district: &str,
        timeline: &str,
        span: &Span<'_>,
        parts: u32,
    ) -> Result<Vec<Bucket>, JournalError> {
        let rows: Vec<BucketRow> = reading!(self, pool => {
            sqlx::query_as(BUCKETS)
                .bind(district)
                .bind(timeline)
                .bind(span.station)
                .bind(span.pollutant)
                .bind(span.kind)
                .bind(micros(span.from))
                .bind(micros(span.until))
                .bind(span.width(parts))
                .fetch_all(pool)
                .await?
        });
        Ok(rows.into_iter().map(bucket).collect())
    }
}

impl Span<'_> {
    /// Length of one of so many parts, in microseconds; the last one may reach beyond the end.
    fn width(&self, parts: u32) -> i64 {
        let length = (micros(self.until) - micros(self.from)).max(1);
        (length / i64::from(parts.max(1))).max(1) + 1
    }

    /// When a part begins.
    #[must_use]
    pub fn begin_of(&self, parts: u32, index: u32) -> Instant {
        from_micros(micros(self.from) + self.width(parts) * i64::from(index))
    }
}

fn bucket((index, flag, low, high, count, first, last): BucketRow) -> Bucket {
    let (first, last) = (from_micros(first), from_micros(last));
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    Bucket { index, flag, low, high, count: count.unsigned_abs(), first, last }
}
