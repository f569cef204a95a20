//! Working time of the People's Republic of China: which days are worked, and when a span of time ends.
//!
//! Pure: it is given texts and instants, it reads no clock and no file. It stops at dates: what a date
//! means for a case (policy or law, reminders, extension) is `huiyin-chart`'s.
//!
//! The rules of counting, each with its source:
//! - *Days* count from the day after the start and end with the last day, 23:59:59.999999 local time
//!   (民法典 Articles 201, 203). Weeks are seven days; months and years end on the day of the same number,
//!   or on the last day of a shorter month (民法典 Article 202).
//! - *Working days* leave out weekends and holidays and count make-up working days 调休.
//! - *Hours* run from the instant itself, never from the next day; *working hours* run inside office hours.
//! - A last day on a day off moves to the next working day only where [`Rule::rolls`] says so: whether
//!   民法典 Article 203 applies to petitions is unconfirmed, so alarms use the earlier date.
//! - A pause takes out of a count of days every day it touches; see [`Pause`].
//! - A year whose holidays are not published counts as all working days and nothing rolls in it: the
//!   earliest possible date, marked provisional. Publishing the year moves it later or not at all.

mod count;
mod days;
mod derivation;
mod hours;
mod report;
mod span;
mod year;

pub use count::{Due, Pause, Rule};
pub use days::Calendar;
pub use derivation::{Derivation, Line};
pub use hours::{Hours, HoursError};
pub use report::{DueQuestion, DueReport, QuestionError, due_report, read_instant};
pub use span::{Span, SpanError, Unit};
pub use year::{Name, YearError, YearFile};

/// An instant, everywhere in Huiyin: UTC, microsecond precision.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// The zone of the district, UTC+08:00.
///
/// # Panics
/// Never: eight hours is a valid offset.
#[must_use]
pub fn china() -> chrono::FixedOffset {
    match chrono::FixedOffset::east_opt(8 * 3600) {
        Some(zone) => zone,
        None => unreachable!("eight hours is a valid offset"),
    }
}

/// A year whose holidays are not published, or whose file is not in the calendars folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no calendar for {year}: its holidays and make-up working days are not known here; the State Council's General Office publishes them early in November of the year before; write workflows/calendars/{year}.json after the notice (copy the newest year and change the dates) and try again"
)]
pub struct Unpublished {
    /// The year that is missing.
    pub year: i32,
}
