//! Counting: from a start and a span to the instant it ends, with pauses; shifts and fractions for reminders.
//! Every answer costs O(log n) in the calendar's years and O(p) in the pauses. Words for it are in `derivation`.

use chrono::{DateTime, Months, NaiveDate};

use crate::{
    Calendar, Instant, Span, Unit, Unpublished,
    days::{DayNo, date, day_no},
    hours::DAY,
};

/// Number of 1970-01-01 in days since 0001-01-01.
const EPOCH: DayNo = 719_163;

/// How the last day is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// A last day that is a day off moves to the next working day (民法典 Article 203). Alarms leave it false.
    pub rolls: bool,
}

/// A time during which a clock stands still: from `from` up to, not including, `to`.
///
/// Hours lose exactly the paused time. Counts of days lose every day the pause touches, the day on which it
/// begins and the day on which it ends among them: a day that was not wholly available is not held against
/// anybody. A pause that ends at midnight does not touch the day that begins then. The day on which the
/// clock itself started is never counted, paused or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Begin.
    pub from: Instant,
    /// End; none: still paused, counted up to now.
    pub to: Option<Instant>,
}

/// When a span ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The instant; for counts of days the last microsecond of the last day.
    pub at: Instant,
    /// It reaches into a year whose calendar is not published: the earliest possible date, may move later.
    pub provisional: bool,
}

/// Pauses as ordered, disjoint intervals that overlap nothing before `start`.
pub(crate) fn merged(pauses: &[Pause], start: Instant, now: Instant) -> Vec<(Instant, Instant)> {
    let mut merged: Vec<(Instant, Instant)> = Vec::new();
    let mut ordered: Vec<(Instant, Instant)> =
        pauses.iter().map(|p| (p.from.max(start), p.to.unwrap_or(now))).filter(|(from, to)| from < to).collect();
    ordered.sort_unstable();
    for (from, to) in ordered {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

impl Calendar {
    /// When `span` from `start` ends. Total: a year that is not published counts as all working days, nothing
    /// rolls in it, and the answer is marked provisional.
    #[must_use]
    pub fn due(&self, start: Instant, span: Span, rule: Rule, pauses: &[Pause], now: Instant) -> Due {
        let (at, missing) = self.reckon(start, span, rule, pauses, now);
        Due { at, provisional: missing.is_some() }
    }

    /// Like [`Calendar::due`] for several spans one after the other: a term and its extensions. Only the last rolls.
    #[must_use]
    pub fn due_after(&self, start: Instant, spans: &[Span], rule: Rule, pauses: &[Pause], now: Instant) -> Due {
        let mut due = Due { at: start, provisional: false };
        for (ix, &span) in spans.iter().enumerate() {
            let rule = Rule { rolls: rule.rolls && ix + 1 == spans.len() };
            let next = self.due(due.at, span, rule, pauses, now);
            due = Due { at: next.at, provisional: due.provisional || next.provisional };
        }
        due
    }

    /// Like [`Calendar::due`], for people who want a date they can rely on.
    ///
    /// # Errors
    /// When the count of days or working hours reaches into a year that is not published.
    pub fn due_strict(
        &self,
        start: Instant,
        span: Span,
        rule: Rule,
        pauses: &[Pause],
        now: Instant,
    ) -> Result<Due, Unpublished> {
        match self.reckon(start, span, rule, pauses, now) {
            (at, None) => Ok(Due { at, provisional: false }),
            (_, Some(year)) => Err(Unpublished { year }),
        }
    }

    /// The instant, and the first unpublished year it depends on.
    fn reckon(&self, start: Instant, span: Span, rule: Rule, pauses: &[Pause], now: Instant) -> (Instant, Option<i32>) {
        let pauses = merged(pauses, start, now);
        if let Some(length) = span.exact() {
            return (elapse(start, length, &pauses), None);
        }
        let (from, _) = self.split(start);
        if span.unit == Unit::WorkingHour {
            let at = self.work(start, i64::from(span.n) * (DAY / 24), &pauses);
            let (day, _) = self.split(at);
            return (at, self.unpublished(from, day));
        }
        let paused = self.paused_days(from, &pauses);
        let counted = self.last_day(from, span, &paused);
        // A term of no days counts no day, so no day can be held against it: it moves over days off alone. Else the
        // same term from a day in the pause would end earlier than one begun before it.
        let held: &[(DayNo, DayNo)] = if span.n == 0 { &[] } else { &paused };
        let last = if rule.rolls { self.roll(counted, held) } else { counted };
        let since = if span.unit == Unit::WorkingDay { (from + 1).min(last) } else { counted };
        (self.end_of(last), self.unpublished(since, last))
    }

    /// Days touched by the pauses after the start day, as ordered disjoint ranges, both ends included.
    pub(crate) fn paused_days(&self, start_day: DayNo, pauses: &[(Instant, Instant)]) -> Vec<(DayNo, DayNo)> {
        let mut days: Vec<(DayNo, DayNo)> = Vec::new();
        for &(from, to) in pauses {
            let first = self.split(from).0.max(start_day + 1);
            let last = self.split(to - chrono::TimeDelta::microseconds(1)).0;
            match days.last_mut() {
                _ if last < first => {}
                Some(previous) if first <= previous.1 + 1 => previous.1 = previous.1.max(last),
                _ => days.push((first, last)),
            }
        }
        days
    }

    fn last_day(&self, start_day: DayNo, span: Span, paused: &[(DayNo, DayNo)]) -> DayNo {
        let n = i64::from(span.n);
        let natural = match span.unit {
            _ if n == 0 => return start_day,
            Unit::WorkingDay => return self.last_working_day(start_day, n, paused),
            Unit::Week => 7 * n,
            Unit::Month => months_later(start_day, span.n) - start_day,
            Unit::Year => months_later(start_day, span.n.saturating_mul(12)) - start_day,
            Unit::Day | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour | Unit::WorkingHour => n,
        };
        paused.iter().fold(
            start_day + natural,
            |due, &(first, last)| {
                if first <= due { due + last - first + 1 } else { due }
            },
        )
    }

    fn last_working_day(&self, start_day: DayNo, n: i64, paused: &[(DayNo, DayNo)]) -> DayNo {
        let mut rank = self.rank(start_day + 1) + n - 1;
        for &(first, last) in paused {
            if first <= self.select(rank) {
                rank += self.rank(last + 1) - self.rank(first);
            }
        }
        self.select(rank)
    }

    /// The next working day that is not paused, from `day` on.
    fn roll(&self, day: DayNo, paused: &[(DayNo, DayNo)]) -> DayNo {
        let mut day = day;
        loop {
            let worked = self.select(self.rank(day));
            match paused.iter().find(|&&(first, last)| worked > day && (first..=last).contains(&worked)) {
                Some(&(_, last)) => day = last + 1,
                None => return worked,
            }
        }
    }

    /// Working hours after `start`.
    fn work(&self, start: Instant, length: i64, pauses: &[(Instant, Instant)]) -> Instant {
        if length == 0 {
            return start;
        }
        let mut target = self.worked_until(start) + length;
        for &(from, to) in pauses {
            if from < self.earliest(target) {
                target += self.worked_until(to) - self.worked_until(from);
            }
        }
        self.earliest(target)
    }

    /// Moves an instant by a span for a reminder: days keep the time of day, working days land on a working
    /// day with the same time of day, working hours move inside office hours. `back` moves earlier. Beyond the end of
    /// representable time it is that end.
    #[must_use]
    pub fn shift(&self, at: Instant, span: Span, back: bool) -> Due {
        let (day, time) = self.split(at);
        let sign = if back { -1 } else { 1 };
        let n = i64::from(span.n);
        if let Some(length) = span.exact() {
            let moved = if back { at.checked_sub_signed(length) } else { at.checked_add_signed(length) };
            let end = if back { DateTime::<chrono::Utc>::MIN_UTC } else { DateTime::<chrono::Utc>::MAX_UTC };
            return Due { at: moved.unwrap_or(end), provisional: false };
        }
        let moved = match span.unit {
            _ if n == 0 => at,
            Unit::WorkingHour => {
                let position = self.worked_until(at) + sign * n * (DAY / 24);
                if back { self.latest(position) } else { self.earliest(position) }
            }
            Unit::WorkingDay if back => self.join(self.select(self.rank(day) - n), time),
            Unit::WorkingDay => self.join(self.select(self.rank(day + 1) + n - 1), time),
            Unit::Week => self.join(day + sign * 7 * n, time),
            Unit::Month => self.join(months_moved(day, span.n, back), time),
            Unit::Year => self.join(months_moved(day, span.n.saturating_mul(12), back), time),
            Unit::Day | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour => self.join(day + sign * n, time),
        };
        let other = self.split(moved).0;
        let provisional = span.unit.is_working() && self.unpublished(day.min(other), day.max(other)).is_some();
        Due { at: moved, provisional }
    }

    /// The instant at which `percent` of the counted time between `start` and `due` is over, `unit` being that
    /// of the term: working days and working hours are measured in office hours (so a reminder falls into
    /// them), everything else in elapsed time; what is paused does not count. Never before `start` or after `due`.
    #[must_use]
    pub fn at_fraction(
        &self,
        start: Instant,
        due: Instant,
        unit: Unit,
        percent: u8,
        pauses: &[Pause],
        now: Instant,
    ) -> Due {
        let (from, to) = (self.split(start).0, self.split(due).0);
        let provisional = unit.is_working() && self.unpublished(from, to).is_some();
        if percent >= 100 || due <= start {
            return Due { at: due.max(start), provisional };
        }
        let mut pauses = merged(pauses, start, now);
        if unit.counts_days() {
            let days = self.paused_days(from, &pauses);
            pauses = days.into_iter().map(|(a, b)| (self.join(a, 0), self.join(b + 1, 0))).collect();
        }
        pauses.retain(|&(from, _)| from < due);
        let measure = |at: Instant| {
            if unit.is_working() { self.worked_until(at) } else { at.timestamp_micros() }
        };
        let paused: i64 = pauses.iter().map(|&(from, to)| measure(to.min(due)) - measure(from)).sum();
        let counted = (measure(due) - measure(start) - paused).max(0);
        let part = i64::try_from(i128::from(counted) * i128::from(percent) / 100).unwrap_or(counted);
        let mut target = measure(start) + part;
        for &(from, to) in &pauses {
            if measure(from) < target {
                target += measure(to) - measure(from);
            }
        }
        let at = if unit.is_working() && part > 0 {
            self.earliest(target)
        } else if unit.is_working() {
            start
        } else {
            micros(target)
        };
        Due { at: at.clamp(start, due), provisional }
    }

    /// How many whole units of counted time are left between `from` and `due`: days (working days for working
    /// units) that are still to come after the day of `from`, or hours for hour units. For "12 working days left".
    #[must_use]
    pub fn left(&self, from: Instant, due: Instant, unit: Unit) -> i64 {
        let (a, b) = (self.split(from).0, self.split(due).0);
        match unit {
            _ if due <= from => 0,
            Unit::WorkingDay => self.rank(b + 1) - self.rank(a + 1),
            Unit::Day | Unit::Week | Unit::Month | Unit::Year => b - a,
            Unit::WorkingHour => (self.worked_until(due) - self.worked_until(from)) / (DAY / 24),
            Unit::Hour | Unit::Minute | Unit::Second | Unit::Millisecond => (due - from).num_hours(),
        }
    }

    /// The last microsecond of the local day of a date.
    #[must_use]
    pub fn end_of_day(&self, day: NaiveDate) -> Instant {
        self.end_of(day_no(day))
    }

    /// The first instant of the local day of a date.
    #[must_use]
    pub fn start_of_day(&self, day: NaiveDate) -> Instant {
        self.join(day_no(day), 0)
    }

    /// The local date of an instant.
    #[must_use]
    pub fn date_of(&self, at: Instant) -> NaiveDate {
        date(self.split(at).0)
    }

    /// Microseconds of office hours worked up to an instant, from a fixed zero.
    fn worked_until(&self, at: Instant) -> i64 {
        let (day, time) = self.split(at);
        let today = if self.worked(day) { self.hours.worked_before(time) } else { 0 };
        self.rank(day) * self.hours.per_day() + today
    }

    /// Earliest instant at which `position` is reached.
    fn earliest(&self, position: i64) -> Instant {
        let day = (position - 1).div_euclid(self.hours.per_day());
        let rest = position - day * self.hours.per_day();
        self.join(self.select(day), self.hours.time_after(rest))
    }

    /// Latest instant at which `position` is not passed.
    fn latest(&self, position: i64) -> Instant {
        let day = position.div_euclid(self.hours.per_day());
        let rest = position - day * self.hours.per_day();
        self.join(self.select(day), self.hours.time_before(rest))
    }

    /// Local day and microseconds after its midnight.
    pub(crate) fn split(&self, at: Instant) -> (DayNo, i64) {
        let local = at.timestamp_micros() + i64::from(self.zone.local_minus_utc()) * 1_000_000;
        (local.div_euclid(DAY) + EPOCH, local.rem_euclid(DAY))
    }

    /// Inverse of `split`.
    pub(crate) fn join(&self, day: DayNo, time: i64) -> Instant {
        micros(
            (day - EPOCH).saturating_mul(DAY).saturating_add(time) - i64::from(self.zone.local_minus_utc()) * 1_000_000,
        )
    }

    pub(crate) fn end_of(&self, day: DayNo) -> Instant {
        self.join(day, DAY - 1)
    }
}

fn micros(us: i64) -> Instant {
    DateTime::from_timestamp_micros(us).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC)
}

/// Exact time without the pauses.
fn elapse(start: Instant, length: chrono::TimeDelta, pauses: &[(Instant, Instant)]) -> Instant {
    let later = |at: Instant, by| at.checked_add_signed(by).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
    pauses.iter().fold(later(start, length), |end, &(from, to)| if from < end { later(end, to - from) } else { end })
}

fn months_later(day: DayNo, months: u32) -> DayNo {
    months_moved(day, months, false)
}

fn months_moved(day: DayNo, months: u32, back: bool) -> DayNo {
    let (from, months) = (date(day), Months::new(months));
    let moved = if back { from.checked_sub_months(months) } else { from.checked_add_months(months) };
    moved.map_or(day, day_no)
}
