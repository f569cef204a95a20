//! 交办率 and 按时回复率, by their definitions: the one place in the house where they are counted. Pure: from what each
//! case says of itself ([`Matter::of`]); reading the cases is the caller's.
//!
//! - 交办率 = matters assigned to a responsible unit within the limit ÷ registered matters whose assignment limit fell
//!   in the period. Same person, same matter counts once; what is left out is shown. What only the duty desk took over
//!   counts as assigned and has its own column.
//! - 按时回复率 = replies delivered by the due date ÷ replies due in the period, plus those overdue and open. Counted
//!   with and without extensions; anonymous and unreachable petitioners have their own column. An interim reply ends no
//!   clock and so never counts; a matter that is dropped after it was due does not drop out.

mod matter;

use huiyin_calendar::Instant;
use serde::Serialize;

pub use matter::{DUPLICATE, Deadline, FALLBACK, Matter, Stand, UNDELIVERABLE};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// After this.
    pub from: Instant,
    /// Up to and with this: now, or the end of a period that is over.
    pub to: Instant,
}

impl Period {
    fn holds(self, at: Instant) -> bool {
        at > self.from && at <= self.to
    }
}

/// A share with what it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Kept.
    pub kept: u64,
    /// Of so many.
    pub of: u64,
}

impl Share {
    /// 0 to 1; none of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "matters of a district are far below 2^52")]
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.kept as f64 / self.of as f64)
    }

    fn count(&mut self, kept: bool) {
        self.of += 1;
        self.kept += u64::from(kept);
    }
}

/// Both rates of a period, with all that they are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rates {
    /// 交办率
    pub assigned: Share,
    /// Of these, taken over by the duty desk because nobody assigned them.
    pub fallback: u64,
    /// Of these, still with the duty desk.
    pub fallback_open: u64,
    /// Left out of 交办率: same person, same matter; the first one counts.
    pub duplicates: u64,
    /// Left out of 交办率: lawfully ended or passed on within the limit, before anybody had to assign them.
    pub ended_first: u64,
    /// 按时回复率
    pub answered: Share,
    /// The same by the dates before any extension.
    pub answered_without_extensions: Share,
    /// Of `answered.of`: overdue and open at the end of the period, whenever they were due.
    pub overdue_open: u64,
    /// Anonymous and unreachable petitioners, in neither share above: answered, or recorded as undeliverable, by the due
    /// date, of those due.
    pub unreachable: Share,
}

/// Counts both rates.
#[must_use]
pub fn rates<'m>(matters: impl IntoIterator<Item = &'m Matter>, period: Period) -> Rates {
    let mut rates = Rates::default();
    for matter in matters {
        rates.assignment(matter, period);
        rates.reply(matter, period);
    }
    rates
}

impl Rates {
    fn assignment(&mut self, matter: &Matter, period: Period) {
        let Some(deadline) = matter.assignment.filter(|deadline| period.holds(deadline.due)) else { return };
        if matter.duplicate {
            self.duplicates += 1;
        } else if deadline.ended_first() {
            self.ended_first += 1;
        } else {
            self.assigned.count(deadline.kept());
            self.fallback += u64::from(matter.fallback);
            self.fallback_open += u64::from(matter.fallback_open);
        }
    }

    fn reply(&mut self, matter: &Matter, period: Period) {
        let counts = |deadline: &Deadline| {
            let due = period.holds(deadline.due) && !deadline.ended_first();
            due || deadline.overdue_at(period.to)
        };
        if let Some(reply) = matter.reply.filter(counts) {
            if matter.reachable {
                self.answered.count(reply.kept());
                self.overdue_open += u64::from(reply.overdue_at(period.to));
            } else {
                self.unreachable.count(reply.kept());
            }
        }
        if let Some(reply) = matter.reply_without_extensions.filter(|reply| matter.reachable && counts(reply)) {
            self.answered_without_extensions.count(reply.kept());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Instant {
        chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day)
    }

    /// The period of all examples: days 101 to 200.
    fn count(matters: &[Matter]) -> Rates {
        rates(matters, Period { from: at(100), to: at(200) })
    }

    fn deadline(due: i64, stand: Stand) -> Deadline {
        Deadline { due: at(due), stand }
    }

    fn assigned(due: i64, stand: Stand) -> Matter {
        Matter { assignment: Some(deadline(due, stand)), ..Matter::default() }
    }

    fn reply(due: i64, stand: Stand) -> Matter {
        let reply = Some(deadline(due, stand));
        Matter { reply, reply_without_extensions: reply, reachable: true, ..Matter::default() }
    }

    fn share(kept: u64, of: u64) -> Share {
        Share { kept, of }
    }

    #[test]
    fn assigned_within_the_limit_of_those_whose_limit_fell_in_the_period() {
        let counted = count(&[
            assigned(101, Stand::Done(at(100))),
            assigned(150, Stand::Done(at(150))),
            assigned(150, Stand::Done(at(151))),
            assigned(200, Stand::Open),
            assigned(100, Stand::Done(at(99))),
            assigned(201, Stand::Done(at(150))),
            assigned(100, Stand::Open),
        ]);
        assert_eq!(counted.assigned, share(2, 4));
    }

    #[test]
    fn same_person_same_matter_counts_once_and_what_is_left_out_is_shown() {
        let second = Matter { duplicate: true, ..assigned(150, Stand::Done(at(149))) };
        let counted = count(&[assigned(150, Stand::Done(at(149))), second]);
        assert_eq!((counted.assigned, counted.duplicates), (share(1, 1), 1));
    }

    #[test]
    fn what_ended_before_its_limit_need_not_be_assigned_and_is_shown() {
        let counted = count(&[assigned(150, Stand::Gone(at(150))), assigned(150, Stand::Gone(at(151)))]);
        assert_eq!((counted.assigned, counted.ended_first), (share(0, 1), 1));
    }

    #[test]
    fn the_duty_desk_counts_as_assigned_and_has_its_own_column() {
        let desk = Matter { fallback: true, fallback_open: true, ..assigned(150, Stand::Done(at(150))) };
        let handed_on = Matter { fallback: true, ..assigned(160, Stand::Done(at(160))) };
        let counted = count(&[desk, handed_on, assigned(170, Stand::Done(at(165)))]);
        assert_eq!((counted.assigned, counted.fallback, counted.fallback_open), (share(3, 3), 2, 1));
    }

    #[test]
    fn delivered_by_the_due_date_of_those_due_in_the_period() {
        let counted = count(&[
            reply(150, Stand::Done(at(140))),
            reply(150, Stand::Done(at(150))),
            reply(150, Stand::Done(at(160))),
            reply(100, Stand::Done(at(90))),
            reply(201, Stand::Done(at(150))),
            reply(201, Stand::Open),
        ]);
        assert_eq!((counted.answered, counted.overdue_open), (share(2, 3), 0));
    }

    #[test]
    fn overdue_and_open_counts_as_failure_whenever_it_was_due() {
        let counted = count(&[reply(150, Stand::Open), reply(50, Stand::Open), reply(50, Stand::Done(at(60)))]);
        assert_eq!((counted.answered, counted.overdue_open), (share(0, 2), 2));
    }

    #[test]
    fn a_period_that_is_over_is_counted_as_it_stood_at_its_end() {
        let counted = count(&[
            reply(50, Stand::Done(at(210))),
            reply(150, Stand::Done(at(210))),
            reply(50, Stand::Done(at(199))),
            reply(50, Stand::Gone(at(210))),
        ]);
        assert_eq!((counted.answered, counted.overdue_open), (share(0, 3), 3));
    }

    #[test]
    fn dropping_a_matter_after_it_was_due_does_not_make_it_good() {
        let counted = count(&[reply(150, Stand::Gone(at(149))), reply(150, Stand::Gone(at(160)))]);
        assert_eq!(counted.answered, share(0, 1));
    }

    #[test]
    fn extensions_are_counted_with_and_without() {
        let extended = Matter {
            reply: Some(deadline(180, Stand::Done(at(170)))),
            reply_without_extensions: Some(deadline(150, Stand::Done(at(170)))),
            reachable: true,
            ..Matter::default()
        };
        let counted = count(&[extended, reply(150, Stand::Done(at(140)))]);
        assert_eq!((counted.answered, counted.answered_without_extensions), (share(2, 2), share(1, 2)));
    }

    #[test]
    fn an_extension_moves_a_reply_into_the_period_in_which_it_is_due() {
        let extended = Matter {
            reply: Some(deadline(230, Stand::Open)),
            reply_without_extensions: Some(deadline(195, Stand::Open)),
            reachable: true,
            ..Matter::default()
        };
        let counted = count(&[extended]);
        assert_eq!((counted.answered, counted.answered_without_extensions), (share(0, 0), share(0, 1)));
    }

    #[test]
    fn whoever_cannot_be_reached_has_an_own_column() {
        let nobody = |stand| Matter { reachable: false, ..reply(150, stand) };
        let counted = count(&[nobody(Stand::Open), nobody(Stand::Done(at(140))), reply(150, Stand::Done(at(140)))]);
        assert_eq!(counted.answered, share(1, 1));
        assert_eq!(counted.answered_without_extensions, share(1, 1));
        assert_eq!(counted.unreachable, share(1, 2));
    }

    #[test]
    fn nothing_due_gives_no_rate() {
        assert_eq!(count(&[]).assigned.rate(), None);
        assert_eq!(share(3, 4).rate(), Some(0.75));
    }
}
