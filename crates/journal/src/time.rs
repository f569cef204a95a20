//! Instants as they are stored: whole microseconds since 1970-01-01T00:00:00Z.

/// An instant, microsecond precision.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// Instant → stored microseconds.
#[must_use]
pub fn micros(at: Instant) -> i64 {
    at.timestamp_micros()
}

/// Stored microseconds → instant. Out of chrono's range (beyond the year 262,000): the epoch.
#[must_use]
pub fn from_micros(at: i64) -> Instant {
    chrono::DateTime::from_timestamp_micros(at).unwrap_or_default()
}
