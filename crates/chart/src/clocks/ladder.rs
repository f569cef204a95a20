//! The ladder of a run: which rung comes next and when, and what remains after it fired.
//!
//! A rung is known by (clock, run, rung, version of the due date, occurrence) and fires at most once under it. One
//! that is anchored to the start, fractions included, never fires again; one anchored to the due date fires again
//! after an extension or a newly published calendar, and only if its new time lies in the future.

use chrono::TimeDelta;
use huiyin_calendar::{Calendar, Instant, Pause, Span};

use super::ClockRun;
use crate::definition::{Anchor, ClockDecl, RungActions};

/// Most grid points of a repeat that are looked at one by one.
const GRID_LIMIT: u32 = 40_000;

/// A rung that fires now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Firing {
    /// Its number; the number of rungs: the repeat.
    pub(crate) rung: u16,
    /// When it was due; for a repeat the last missed occurrence.
    pub(crate) planned: Instant,
    /// Version of the due date.
    pub(crate) due_version: u32,
    /// Occurrence of a repeat, from 1; 0 for a rung.
    pub(crate) occurrence: u32,
    /// Occurrences passed over.
    pub(crate) missed: u32,
}

impl ClockRun {
    /// When a rung is due.
    pub(crate) fn rung_at(&self, anchor: &Anchor, decl: &ClockDecl, calendar: &Calendar) -> Instant {
        match anchor {
            Anchor::Percent(percent) => {
                let (unit, _, pauses) = self.counting(decl);
                calendar.at_fraction(self.started_at, self.due, unit, *percent, &pauses, self.due).at
            }
            Anchor::Start(span) => {
                let (_, _, pauses) = self.counting(decl);
                without_pauses(calendar.shift(self.started_at, *span, false).at, &pauses)
            }
            Anchor::Due { offset: None, .. } => self.due,
            Anchor::Due { before, offset: Some(span) } => calendar.shift(self.due, *span, *before).at,
        }
    }

    /// Works out the next rung.
    pub(crate) fn plan(&mut self, decl: &ClockDecl, calendar: &Calendar) {
        self.next = None;
        if !self.is_running() || self.paused {
            return;
        }
        for (ix, rung) in decl.ladder.iter().enumerate() {
            if self.fired.get(ix).is_some_and(Option::is_none) {
                let at = self.rung_at(&rung.at, decl, calendar);
                if self.next.is_none_or(|(earliest, _)| at < earliest) {
                    self.next = Some((at, u16::try_from(ix).unwrap_or(u16::MAX)));
                }
            }
        }
        if self.next.is_none() {
            self.plan_repeat(decl, calendar);
        }
    }

    /// Every rung has fired: the repeat goes on from the last of them.
    fn plan_repeat(&mut self, decl: &ClockDecl, calendar: &Calendar) {
        let Some(repeat) = &decl.repeat else { return };
        let (at, occurrence) = self.repeat.unwrap_or_else(|| {
            let last = decl.ladder.iter().map(|rung| self.rung_at(&rung.at, decl, calendar)).max();
            (later(calendar, last.unwrap_or(self.due), repeat.every), 1)
        });
        self.repeat = Some((at, occurrence));
        self.next = Some((at, u16::try_from(decl.ladder.len()).unwrap_or(u16::MAX)));
    }

    /// The next rung fires: what fires, and the ladder after it.
    pub(crate) fn fire(&mut self, decl: &ClockDecl, calendar: &Calendar, now: Instant) -> Option<Firing> {
        let (planned, rung) = self.next?;
        let mut firing = Firing { rung, planned, due_version: self.due_version, occurrence: 0, missed: 0 };
        if let Some(slot) = self.fired.get_mut(usize::from(rung)) {
            *slot = Some(self.due_version);
        } else {
            let every = decl.repeat.as_ref()?.every;
            let (first, occurrence) = self.repeat?;
            let (at, passed) = last_before(calendar, first, every, now);
            firing.planned = at;
            firing.missed = passed;
            firing.occurrence = occurrence.saturating_add(passed);
            self.repeat = Some((later(calendar, at, every), firing.occurrence.saturating_add(1)));
        }
        self.plan(decl, calendar);
        Some(firing)
    }

    /// After the due date moved by an extension or a calendar: due-anchored rungs whose new time lies in the future
    /// fire again.
    pub(crate) fn rearm(&mut self, decl: &ClockDecl, calendar: &Calendar, now: Instant) {
        for (ix, rung) in decl.ladder.iter().enumerate() {
            let again = self.fired[ix].is_some_and(|version| version < self.due_version)
                && matches!(rung.at, Anchor::Due { .. })
                && self.rung_at(&rung.at, decl, calendar) > now;
            if again {
                self.fired[ix] = None;
                self.repeat = None;
            }
        }
    }

    /// What a rung does; a repeat that says nothing repeats the last notice of the ladder, and where nobody is ever
    /// notified its last deed.
    pub(crate) fn does(decl: &ClockDecl, rung: u16) -> Option<&RungActions> {
        if let Some(rung) = decl.ladder.get(usize::from(rung)) {
            return Some(&rung.does);
        }
        let own = &decl.repeat.as_ref()?.does;
        let says = !own.notify.is_empty() || own.raise.is_some() || own.mark.is_some() || own.reassign.is_some();
        let deeds = || decl.ladder.iter().rev().map(|rung| &rung.does);
        let notice = || deeds().find(|does| !does.notify.is_empty());
        let deed = || deeds().find(|does| does.raise.is_some() || does.reassign.is_some());
        if says { Some(own) } else { notice().or_else(deed).or(Some(own)) }
    }
}

/// One interval later; an interval of nothing counts as a day, so that time always advances.
fn later(calendar: &Calendar, at: Instant, every: Span) -> Instant {
    let next = calendar.shift(at, every, false).at;
    if next > at { next } else { at + TimeDelta::days(1) }
}

/// The last point of the grid that is not after now, and how many points were passed over.
fn last_before(calendar: &Calendar, first: Instant, every: Span, now: Instant) -> (Instant, u32) {
    if let Some(length) = every.exact().map(|length| length.num_milliseconds()).filter(|length| *length > 0) {
        let passed = (now - first).num_milliseconds().max(0) / length;
        let passed = passed.min(i64::from(u32::MAX));
        return (first + TimeDelta::milliseconds(length * passed), u32::try_from(passed).unwrap_or(u32::MAX));
    }
    let (mut at, mut passed) = (first, 0);
    while passed < GRID_LIMIT {
        let next = later(calendar, at, every);
        if next > now {
            break;
        }
        at = next;
        passed += 1;
    }
    (at, passed)
}

/// Moves an instant later by the pauses that lie before it.
fn without_pauses(at: Instant, pauses: &[Pause]) -> Instant {
    pauses.iter().fold(at, |at, pause| match pause.to {
        Some(to) if pause.from < at => at + (to - pause.from),
        _ => at,
    })
}
