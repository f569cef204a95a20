//! The due dates of a run: policy, law and a given date, each with its own pauses; the earliest is effective.

use huiyin_calendar::{Calendar, Due, Instant, Pause, Rule, Span, Unit};
use smallvec::SmallVec;

use super::{ClockRun, Interval};
use crate::definition::ClockDecl;

/// Which of the three dates is effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Policy,
    Limit,
    Given,
}

type Spans = SmallVec<[Span; 2]>;
type Pauses = SmallVec<[Pause; 2]>;

fn pauses(intervals: &[Interval]) -> Pauses {
    intervals.iter().copied().map(Pause::from).collect()
}

impl ClockRun {
    /// Works all dates out anew. Dates never move earlier: what was told once is at least kept.
    pub(crate) fn reckon(&mut self, decl: &ClockDecl, calendar: &Calendar, now: Instant, first: bool) {
        let policy = self.within(decl).map(|span| self.reach(span, &self.pauses, decl, calendar, now));
        let limit = self.limit(decl).map(|span| self.reach(span, &self.limit_pauses, decl, calendar, now));
        let extended = |at| calendar.due_after(at, &self.extensions, Rule::default(), &[], now).at;
        let given = self.given_until.or_else(|| self.given.map(extended));
        let given = given.map(|at| Due { at, provisional: false });
        let keep = |new: Option<Due>, old: Option<Instant>| {
            new.map(|due| if first { due.at } else { due.at.max(old.unwrap_or(due.at)) })
        };
        self.policy_due = keep(policy, self.policy_due);
        self.limit_due = keep(limit, self.limit_due);
        self.given_due = keep(given, self.given_due);
        let provisional = |due: Option<Due>| due.is_some_and(|due| due.provisional);
        self.unsettled = provisional(policy) || provisional(limit);
        let (due, side) = self.effective();
        self.provisional = match side {
            Side::Policy => provisional(policy),
            Side::Limit => provisional(limit),
            Side::Given => false,
        };
        if !first && due != self.due {
            self.due_version += 1;
        }
        self.due = due;
    }

    /// The effective date as if no extension had been granted.
    pub(crate) fn due_without_extensions(&self, decl: &ClockDecl, calendar: &Calendar) -> Instant {
        if self.extensions.is_empty() {
            return self.due;
        }
        let mut run = Self { extensions: Vec::new(), given_until: None, ..self.clone() };
        run.reckon(decl, calendar, self.ended_at.unwrap_or(self.due), true);
        run.due
    }

    fn reach(&self, span: Span, paused: &[Interval], decl: &ClockDecl, calendar: &Calendar, now: Instant) -> Due {
        let rule = Rule { rolls: self.rolls(decl) };
        if self.extensions.is_empty() {
            return calendar.due(self.started_at, span, rule, &pauses(paused), now);
        }
        calendar.due_after(self.started_at, &self.spans(span), rule, &pauses(paused), now)
    }

    /// The term and its extensions.
    pub(super) fn spans(&self, first: Span) -> Spans {
        std::iter::once(first).chain(self.extensions.iter().copied()).collect()
    }

    /// The earliest date and whose it is. A run without any date (a given one that could not be read) is due at once.
    pub(super) fn effective(&self) -> (Instant, Side) {
        [(self.limit_due, Side::Limit), (self.policy_due, Side::Policy), (self.given_due, Side::Given)]
            .into_iter()
            .filter_map(|(at, side)| at.map(|at| (at, side)))
            .min_by_key(|(at, _)| *at)
            .unwrap_or((self.started_at, Side::Given))
    }

    /// Unit, term and pauses that the effective date was counted with.
    pub(super) fn counting(&self, decl: &ClockDecl) -> (Unit, Option<Span>, Pauses) {
        self.counted(decl, self.effective().1)
    }

    /// The same for one of the three dates.
    pub(super) fn counted(&self, decl: &ClockDecl, side: Side) -> (Unit, Option<Span>, Pauses) {
        match side {
            Side::Policy => {
                let span = self.within(decl);
                (span.map_or(Unit::Hour, |s| s.unit), span, pauses(&self.pauses))
            }
            Side::Limit => {
                let span = self.limit(decl);
                (span.map_or(Unit::Hour, |s| s.unit), span, pauses(&self.limit_pauses))
            }
            Side::Given => (Unit::Hour, None, Pauses::new()),
        }
    }

    /// The date before which an extension must be asked for: the law's where there is one, as it is the law's time
    /// that is extended; else the effective one.
    pub(super) fn ask_before(&self) -> Instant {
        self.limit_due.unwrap_or(self.due)
    }

    /// Opens and closes pauses. True: something changed and the dates have to be worked out anew.
    pub(crate) fn pause(&mut self, whole: bool, limit: bool, now: Instant) -> bool {
        let changed = toggle(&mut self.pauses, whole, now) | toggle(&mut self.limit_pauses, whole || limit, now);
        let stands = |intervals: &[Interval]| intervals.last().is_some_and(|last| last.to.is_none());
        self.paused = (self.policy_due.is_none() || stands(&self.pauses))
            && (self.limit_due.is_none() || stands(&self.limit_pauses))
            && self.given_due.is_none()
            && (stands(&self.pauses) || stands(&self.limit_pauses));
        changed
    }
}

fn toggle(intervals: &mut Vec<Interval>, paused: bool, now: Instant) -> bool {
    match intervals.last_mut() {
        Some(last) if last.to.is_none() => {
            if !paused {
                last.to = Some(now);
            }
            !paused
        }
        _ => {
            if paused {
                intervals.push(Interval { from: now, to: None });
            }
            paused
        }
    }
}
