//! Who sits at the duty desk at a given instant: weekly shifts, replaced on named dates.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Utc};

use crate::source::Weekday;

/// The duty rota of a district.
#[derive(Debug)]
pub struct Rota {
    pub(crate) zone: FixedOffset,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) dates: Vec<Dates>,
}

#[derive(Debug)]
pub(crate) struct Shift {
    pub(crate) on: Vec<Weekday>,
    pub(crate) from: NaiveTime,
    pub(crate) to: NaiveTime,
    pub(crate) people: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Dates {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
    pub(crate) people: Vec<String>,
}

impl Rota {
    /// Ids of the people on duty at `at`, in the order of the file; empty when the rota has a hole there.
    /// A shift that crosses midnight belongs to the day on which it begins.
    #[must_use]
    pub fn on_duty(&self, at: DateTime<Utc>) -> Vec<&str> {
        let local = at.with_timezone(&self.zone).naive_local();
        let (today, time) = (local.date(), local.time());
        if let Some(dates) = self.dates.iter().find(|d| d.from <= today && today <= d.to) {
            return dates.people.iter().map(String::as_str).collect();
        }
        let yesterday = today.pred_opt().unwrap_or(today);
        let mut out: Vec<&str> = Vec::new();
        for shift in &self.shifts {
            let overnight = shift.to <= shift.from;
            let began_today = shift.runs_on(today) && time >= shift.from && (overnight || time < shift.to);
            let began_yesterday = overnight && shift.runs_on(yesterday) && time < shift.to;
            if began_today || began_yesterday {
                for person in &shift.people {
                    if !out.contains(&person.as_str()) {
                        out.push(person);
                    }
                }
            }
        }
        out
    }
}

impl Shift {
    fn runs_on(&self, day: NaiveDate) -> bool {
        const WEEK: [Weekday; 7] =
            [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        self.on.contains(&WEEK[day.weekday().num_days_from_monday() as usize])
    }
}
