//! The calendar itself: which days are worked, and the two look-ups everything rests on, `rank` (working
//! days before a day) and `select` (the k-th working day). Both are table look-ups; nothing here walks days.

use std::collections::BTreeMap;

use chrono::{Datelike, FixedOffset, NaiveDate, Weekday};
use sha2::{Digest, Sha256};

use crate::{Hours, Name, Unpublished, year::YearFile};

/// A day as a number: days since 0001-01-01 (day 1).
pub(crate) type DayNo = i64;

/// Working days, holidays and office hours of a district; immutable, content-addressed.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub(crate) zone: FixedOffset,
    pub(crate) hours: Hours,
    years: BTreeMap<i32, YearFile>,
    version: String,
    /// First and one-past-last day of the table (whole years; years missing between count as unpublished).
    first: DayNo,
    end: DayNo,
    /// `before[i]`: working days among `first .. first + i`.
    before: Vec<i32>,
    /// Offsets from `first` of the working days.
    worked: Vec<i32>,
}

/// Why a day is off or worked, where the files say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Working,
    MakeUp(&'a Name),
    Holiday(&'a Name),
    Weekend,
    /// Unpublished year: counts as worked.
    Assumed,
}

impl Kind<'_> {
    pub(crate) fn worked(&self) -> bool {
        matches!(self, Kind::Working | Kind::MakeUp(_) | Kind::Assumed)
    }
}

impl Calendar {
    /// Puts years together; a year given twice: the later one wins.
    #[must_use]
    pub fn from_years(zone: FixedOffset, hours: Hours, files: Vec<YearFile>) -> Self {
        let years: BTreeMap<i32, YearFile> = files.into_iter().map(|file| (file.year, file)).collect();
        let mut calendar = Self {
            version: hash(zone, &hours, &years),
            zone,
            hours,
            first: 0,
            end: 0,
            before: vec![0],
            worked: Vec::new(),
            years,
        };
        calendar.tabulate();
        calendar
    }

    fn tabulate(&mut self) {
        let (Some(first), Some(last)) = (self.years.keys().next().copied(), self.years.keys().next_back().copied())
        else {
            return;
        };
        self.first = new_year(first);
        self.end = new_year(last + 1);
        let mut before = Vec::with_capacity(usize::try_from(self.end - self.first).unwrap_or(0) + 1);
        let mut worked = Vec::new();
        for day in self.first..self.end {
            before.push(i32::try_from(worked.len()).unwrap_or(i32::MAX));
            if self.kind(day).worked() {
                worked.push(i32::try_from(day - self.first).unwrap_or(i32::MAX));
            }
        }
        before.push(i32::try_from(worked.len()).unwrap_or(i32::MAX));
        self.before = before;
        self.worked = worked;
    }

    /// Content hash (SHA-256, lower-case hex) over zone, office hours and years: the identity under which it is kept.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The zone of the district.
    #[must_use]
    pub fn zone(&self) -> FixedOffset {
        self.zone
    }

    /// Office hours.
    #[must_use]
    pub fn hours(&self) -> &Hours {
        &self.hours
    }

    /// The last published year; none when there is no year at all.
    #[must_use]
    pub fn last_year(&self) -> Option<i32> {
        self.years.keys().next_back().copied()
    }

    /// The years it was made of, in order.
    pub fn years(&self) -> impl Iterator<Item = &YearFile> {
        self.years.values()
    }

    /// Whether a day is worked.
    ///
    /// # Errors
    /// When the year of the day is not published.
    pub fn is_working_day(&self, day: NaiveDate) -> Result<bool, Unpublished> {
        match self.kind(day_no(day)) {
            Kind::Assumed => Err(Unpublished { year: day.year() }),
            kind => Ok(kind.worked()),
        }
    }

    /// What kind of day it is, from the files.
    pub(crate) fn kind(&self, day: DayNo) -> Kind<'_> {
        let date = date(day);
        let Some(year) = self.years.get(&date.year()) else {
            return Kind::Assumed;
        };
        let ix = year.off.partition_point(|off| off.to < date);
        if let Some(off) = year.off.get(ix).filter(|off| off.from <= date) {
            return Kind::Holiday(&off.name);
        }
        if let Ok(ix) = year.work.binary_search_by_key(&date, |work| work.day) {
            return Kind::MakeUp(&year.work[ix].name);
        }
        if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) { Kind::Weekend } else { Kind::Working }
    }

    /// Working days before `day`, counted from an arbitrary but fixed zero.
    pub(crate) fn rank(&self, day: DayNo) -> i64 {
        if day < self.first {
            return day - self.first;
        }
        match usize::try_from(day - self.first).ok().and_then(|ix| self.before.get(ix)) {
            Some(&rank) => i64::from(rank),
            None => self.all() + day - self.end,
        }
    }

    /// The working day with this rank: `rank(select(k)) == k`.
    pub(crate) fn select(&self, k: i64) -> DayNo {
        if k < 0 {
            return self.first + k;
        }
        match usize::try_from(k).ok().and_then(|ix| self.worked.get(ix)) {
            Some(&offset) => self.first + i64::from(offset),
            None => self.end + k - self.all(),
        }
    }

    /// True when the day counts as worked (published or assumed).
    pub(crate) fn worked(&self, day: DayNo) -> bool {
        self.rank(day + 1) > self.rank(day)
    }

    fn all(&self) -> i64 {
        i64::try_from(self.worked.len()).unwrap_or(i64::MAX)
    }

    /// The first unpublished year among those of the days `from ..= to`.
    pub(crate) fn unpublished(&self, from: DayNo, to: DayNo) -> Option<i32> {
        let (from, to) = (date(from).year(), date(to.max(from)).year());
        (from..=to).find(|year| !self.years.contains_key(year))
    }
}

fn new_year(year: i32) -> DayNo {
    NaiveDate::from_ymd_opt(year, 1, 1).map_or(0, day_no)
}

pub(crate) fn day_no(date: NaiveDate) -> DayNo {
    i64::from(date.num_days_from_ce())
}

/// Inverse of [`day_no`]; days outside representable time become its first or last day.
pub(crate) fn date(day: DayNo) -> NaiveDate {
    let limit = if day < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    i32::try_from(day).ok().and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(limit)
}

/// Hash over a canonical text: independent of how the files were written.
fn hash(zone: FixedOffset, hours: &Hours, years: &BTreeMap<i32, YearFile>) -> String {
    let mut sha = Sha256::new();
    sha.update(format!("zone {zone}\nhours {}\n", hours.text()));
    for (year, file) in years {
        sha.update(format!("year {year}\n"));
        for off in &file.off {
            sha.update(format!("off {} {} {} {}\n", off.from, off.to, off.name.zh, off.name.en));
        }
        for work in &file.work {
            sha.update(format!("work {} {} {}\n", work.day, work.name.zh, work.name.en));
        }
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
