//! Office hours over the calendar of working days.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone, Weekday};
use huiyin_calendar::Calendar;
use huiyin_directory::District;

use crate::notice::Instant;
use crate::seams::OfficeHours;

/// Office hours without holidays: Monday to Friday. For a district whose calendar is not there, and for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedHours {
    zone: FixedOffset,
    opens: NaiveTime,
    closes: NaiveTime,
}

impl FixedHours {
    /// 09:00 to 18:00, UTC+8.
    #[must_use]
    pub fn weekdays() -> Self {
        let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap_or_default();
        Self { zone: zone_of(8), opens: hour(9), closes: hour(18) }
    }
}

/// Office hours of a district: its own times, on the working days of the calendar. In a year that is not published
/// yet, Monday to Friday.
#[derive(Clone)]
pub struct CalendarHours {
    calendar: Arc<dyn Fn() -> Arc<Calendar> + Send + Sync>,
    zone: FixedOffset,
    opens: NaiveTime,
    closes: NaiveTime,
}

impl CalendarHours {
    /// From the district's first opening to its last closing; a lunch break holds no mail back. `calendar` gives the
    /// calendar in force.
    #[must_use]
    pub fn new(district: &District, zone: FixedOffset, calendar: Arc<dyn Fn() -> Arc<Calendar> + Send + Sync>) -> Self {
        let fallback = FixedHours::weekdays();
        let opens = district.hours.iter().map(|span| span.from.0).min().unwrap_or(fallback.opens);
        let closes = district.hours.iter().map(|span| span.to.0).max().unwrap_or(fallback.closes);
        Self { calendar, zone, opens, closes }
    }

    fn is_working_day(&self, day: NaiveDate) -> bool {
        (self.calendar)().is_working_day(day).unwrap_or_else(|_| is_weekday(day))
    }
}

impl OfficeHours for CalendarHours {
    fn is_open(&self, at: Instant) -> bool {
        let local = at.with_timezone(&self.zone);
        (self.opens..self.closes).contains(&local.time()) && self.is_working_day(local.date_naive())
    }

    fn next_opening(&self, at: Instant) -> Instant {
        let mut day = at.with_timezone(&self.zone).date_naive();
        loop {
            let opening = at_local(self.zone, day, self.opens);
            if opening >= at && self.is_working_day(day) {
                return opening;
            }
            day += Duration::days(1);
        }
    }

    fn local_day(&self, at: Instant) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn in_words(&self, at: Instant) -> String {
        in_words(at.with_timezone(&self.zone))
    }
}

fn zone_of(hours: i32) -> FixedOffset {
    FixedOffset::east_opt(hours * 3600).unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc))
}

impl OfficeHours for FixedHours {
    fn is_open(&self, at: Instant) -> bool {
        let local = at.with_timezone(&self.zone);
        is_weekday(local.date_naive()) && (self.opens..self.closes).contains(&local.time())
    }

    fn next_opening(&self, at: Instant) -> Instant {
        let mut day = at.with_timezone(&self.zone).date_naive();
        loop {
            let opening = at_local(self.zone, day, self.opens);
            if is_weekday(day) && opening >= at {
                return opening;
            }
            day += Duration::days(1);
        }
    }

    fn local_day(&self, at: Instant) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn in_words(&self, at: Instant) -> String {
        in_words(at.with_timezone(&self.zone))
    }
}

fn is_weekday(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn at_local(zone: FixedOffset, day: NaiveDate, time: NaiveTime) -> Instant {
    // a fixed offset has no gaps: every local time exists once
    zone.from_local_datetime(&day.and_time(time)).single().map_or_else(Instant::default, |at| at.to_utc())
}

fn in_words(at: DateTime<FixedOffset>) -> String {
    at.format("%Y年%-m月%-d日 %H:%M").to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use huiyin_calendar::{Hours, YearFile, china};

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn hours() -> CalendarHours {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
        let file = std::fs::read_to_string(root.join("calendars/2026.json")).unwrap();
        let year = YearFile::parse("2026.json", &file).unwrap();
        let calendar = Arc::new(Calendar::from_years(china(), Hours::default(), vec![year]));
        CalendarHours {
            calendar: Arc::new(move || calendar.clone()),
            zone: china(),
            opens: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            closes: NaiveTime::from_hms_opt(18, 0, 0).unwrap(),
        }
    }

    #[test]
    fn a_digest_of_the_holiday_comes_on_the_first_working_day_and_a_make_up_saturday_is_one() {
        // Spring Festival 15 to 23 February 2026; Saturday the 14th is worked
        assert_eq!(hours().next_opening(at("2026-02-13T19:00:00+08:00")), at("2026-02-14T09:00:00+08:00"));
        assert_eq!(hours().next_opening(at("2026-02-14T19:00:00+08:00")), at("2026-02-24T09:00:00+08:00"));
        assert!(hours().is_open(at("2026-02-14T10:00:00+08:00")));
        assert!(!hours().is_open(at("2026-02-16T10:00:00+08:00")));
    }

    #[test]
    fn in_a_year_that_is_not_published_the_week_counts() {
        assert_eq!(hours().next_opening(at("2027-01-08T19:00:00+08:00")), at("2027-01-11T09:00:00+08:00"));
    }

    #[test]
    fn the_opening_itself_is_one() {
        assert_eq!(hours().next_opening(at("2026-02-24T09:00:00+08:00")), at("2026-02-24T09:00:00+08:00"));
    }
}
