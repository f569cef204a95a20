//! A stretch of whole local days, as people ask for it: from and to, a month, a quarter, a year, the last days.

use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use huiyin_calendar::{Calendar, Instant};
use huiyin_chart::rates::Period;

use crate::words::Text;

/// The first year that is counted.
const FIRST_YEAR: i32 = 1990;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// First and last day, `2026-01-01`.
    Days {
        /// First.
        from: &'a str,
        /// Last; it belongs to the stretch.
        to: &'a str,
    },
    /// A calendar month, `2026-03`.
    Month(&'a str),
    /// A quarter of a year, `2026-Q1`.
    Quarter(&'a str),
    /// A year, `2026`.
    Year(&'a str),
    /// So many days up to and with today.
    Last(u32),
    /// The month of this day.
    MonthOf(NaiveDate),
    /// The quarter of this day.
    QuarterOf(NaiveDate),
}

/// Something else was asked for than a stretch of time that has begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not a date, month, quarter or year.
    #[error("{given:?} is no {what}; expected {expected}")]
    Unreadable {
        /// As given.
        given: String,
        /// `day`, `month`, `quarter`, `year`.
        what: &'static str,
        /// A form and an example.
        expected: &'static str,
    },
    /// It ends before it begins.
    #[error("the period from {from} to {to} ends before it begins; expected the earlier day first")]
    Reversed {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
    },
    /// It lies in the future.
    #[error("the period {words} lies in the future; expected days up to today, {today}")]
    Future {
        /// Which.
        words: String,
        /// Today.
        today: NaiveDate,
    },
    /// A day so early that nothing is counted.
    #[error("{0} is before {FIRST_YEAR}; expected a later day")]
    TooEarly(NaiveDate),
}

/// A stretch of whole local days that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The same for the rates; of a stretch that is not over, up to now.
    pub period: Period,
    /// It is not over: counted up to now.
    pub running: bool,
}

impl Stretch {
    /// Reads what was asked for. A month, quarter or year that has begun is counted up to `now`.
    ///
    /// # Errors
    /// When it cannot be read, is reversed, or lies in the future.
    pub fn read(asked: Asked<'_>, calendar: &Calendar, now: Instant) -> Result<Self, PeriodError> {
        let today = calendar.date_of(now);
        let (from, to) = match asked {
            Asked::Days { from, to } => (day(from)?, day(to)?),
            Asked::Month(text) => month_of(month(text)?),
            Asked::Quarter(text) => quarter_of(quarter(text)?),
            Asked::Year(text) => year(text)?,
            Asked::Last(days) => (today - Days::new(u64::from(days.saturating_sub(1))), today),
            Asked::MonthOf(day) => month_of(day),
            Asked::QuarterOf(day) => quarter_of(day),
        };
        if to < from {
            return Err(PeriodError::Reversed { from, to });
        }
        if from.year() < FIRST_YEAR {
            return Err(PeriodError::TooEarly(from));
        }
        let given = matches!(asked, Asked::Days { .. });
        if from > today || (given && to > today) {
            return Err(PeriodError::Future { words: words(from, to), today });
        }
        let moment = TimeDelta::microseconds(1);
        let end = calendar.start_of_day(to + Days::new(1)) - moment;
        let period = Period { from: calendar.start_of_day(from) - moment, to: end.min(now) };
        Ok(Self { from, to, period, running: end > now })
    }

    /// `2026-01-01 至 2026-03-31` and `2026-01-01 to 2026-03-31`.
    #[must_use]
    pub fn words(&self) -> Text {
        let (zh, en) =
            if self.running { ("（截至统计时刻）", " (up to the moment of counting)") } else { ("", "") };
        Text::new(format!("{} 至 {}{zh}", self.from, self.to), format!("{} to {}{en}", self.from, self.to))
    }
}

fn words(from: NaiveDate, to: NaiveDate) -> String {
    format!("{from} to {to}")
}

fn unreadable(given: &str, what: &'static str, expected: &'static str) -> PeriodError {
    PeriodError::Unreadable { given: given.chars().take(40).collect(), what, expected }
}

fn day(text: &str) -> Result<NaiveDate, PeriodError> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    read.ok_or_else(|| unreadable(text, "day", "YYYY-MM-DD, e.g. 2026-03-31"))
}

fn month(text: &str) -> Result<NaiveDate, PeriodError> {
    let read = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| text.len() == 7);
    read.ok_or_else(|| unreadable(text, "month", "YYYY-MM, e.g. 2026-03"))
}

fn quarter(text: &str) -> Result<NaiveDate, PeriodError> {
    let refused = || unreadable(text, "quarter", "YYYY-Qn with n from 1 to 4, e.g. 2026-Q1");
    let (year, n) = text.split_once("-Q").ok_or_else(refused)?;
    let n: u32 = n.parse().ok().filter(|n| (1..=4).contains(n)).ok_or_else(refused)?;
    let year: i32 = year.parse().ok().filter(|_| year.len() == 4).ok_or_else(refused)?;
    NaiveDate::from_ymd_opt(year, n * 3 - 2, 1).ok_or_else(refused)
}

fn year(text: &str) -> Result<(NaiveDate, NaiveDate), PeriodError> {
    let refused = || unreadable(text, "year", "YYYY, e.g. 2026");
    let year: i32 = text.parse().ok().filter(|_| text.len() == 4).ok_or_else(refused)?;
    let ends = |month, day| NaiveDate::from_ymd_opt(year, month, day).ok_or_else(refused);
    Ok((ends(1, 1)?, ends(12, 31)?))
}

fn month_of(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    months(day.year(), day.month(), 1)
}

fn quarter_of(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    months(day.year(), (day.month() - 1) / 3 * 3 + 1, 3)
}

/// First and last day of so many months.
fn months(year: i32, month: u32, many: u32) -> (NaiveDate, NaiveDate) {
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default();
    (first, first + chrono::Months::new(many) - Days::new(1))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use huiyin_calendar::{Hours, china};

    use super::*;

    fn read(asked: Asked<'_>) -> Result<Stretch, PeriodError> {
        let calendar = Calendar::from_years(china(), Hours::default(), Vec::new());
        Stretch::read(asked, &calendar, "2026-11-24T02:00:00Z".parse().unwrap())
    }

    fn days(asked: Asked<'_>) -> (String, String, bool) {
        let stretch = read(asked).unwrap();
        (stretch.from.to_string(), stretch.to.to_string(), stretch.running)
    }

    #[test]
    fn months_quarters_and_years_are_whole_local_days() {
        let over = |from: &str, to: &str| (from.to_owned(), to.to_owned(), false);
        assert_eq!(days(Asked::Month("2024-02")), over("2024-02-01", "2024-02-29"));
        assert_eq!(days(Asked::Quarter("2026-Q1")), over("2026-01-01", "2026-03-31"));
        assert_eq!(days(Asked::Year("2025")), over("2025-01-01", "2025-12-31"));
        assert_eq!(days(Asked::Days { from: "2026-01-05", to: "2026-01-05" }), over("2026-01-05", "2026-01-05"));
        let stretch = read(Asked::Month("2026-03")).unwrap();
        assert_eq!(stretch.period.from.to_rfc3339(), "2026-02-28T15:59:59.999999+00:00");
        assert_eq!(stretch.period.to.to_rfc3339(), "2026-03-31T15:59:59.999999+00:00");
    }

    #[test]
    fn what_has_begun_is_counted_up_to_now() {
        for asked in [Asked::Month("2026-11"), Asked::Quarter("2026-Q4"), Asked::Year("2026"), Asked::Last(90)] {
            let stretch = read(asked).unwrap();
            assert!(stretch.running, "{asked:?}");
            assert_eq!(stretch.period.to.to_rfc3339(), "2026-11-24T02:00:00+00:00");
        }
        assert_eq!(days(Asked::Last(1)), ("2026-11-24".into(), "2026-11-24".into(), true));
    }

    #[test]
    fn what_is_no_period_is_refused_with_what_was_expected() {
        let said = |asked| read(asked).unwrap_err().to_string();
        assert_eq!(said(Asked::Month("2026-13")), "\"2026-13\" is no month; expected YYYY-MM, e.g. 2026-03");
        assert!(said(Asked::Quarter("2026-Q5")).contains("expected YYYY-Qn"));
        assert!(said(Asked::Year("26")).contains("expected YYYY"));
        assert!(said(Asked::Days { from: "2026-02-30", to: "2026-03-01" }).contains("expected YYYY-MM-DD"));
        assert!(said(Asked::Days { from: "2026-3-1", to: "2026-03-02" }).contains("expected YYYY-MM-DD"));
        assert!(said(Asked::Days { from: "2026-03-02", to: "2026-03-01" }).contains("ends before it begins"));
        assert!(said(Asked::Days { from: "2026-03-02", to: "2026-12-01" }).contains("lies in the future"));
        assert!(said(Asked::Month("2026-12")).contains("expected days up to today, 2026-11-24"));
        assert!(said(Asked::Year("1200")).contains("before 1990"));
    }
}
