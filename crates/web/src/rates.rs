//! 交办率 and 按时回复率, by their definitions. Pure: from what each case says of itself.
//!
//! - 交办率 = matters assigned within the limit ÷ matters whose assignment limit fell in the period. Those that only
//!   the duty desk took over count as assigned, and are told beside it.
//! - 按时回复率 = replies delivered by the due date ÷ replies due in the period, plus those overdue and still open.
//!   Anonymous and unreachable petitioners stand apart. An interim reply ends no clock and so never counts.

use chrono::{DateTime, Utc};

/// A stretch of time, its end included.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// After this.
    pub from: DateTime<Utc>,
    /// Up to this: usually now.
    pub to: DateTime<Utc>,
}

/// How a deadline of one matter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Kept at this instant.
    Done(DateTime<Utc>),
    /// Runs.
    Open,
}

/// A deadline of one matter.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// When it was or is due, extensions included.
    pub due: DateTime<Utc>,
    /// The same before any extension.
    pub first_due: DateTime<Utc>,
    /// How it stands.
    pub stand: Stand,
}

/// One matter, as far as the rates go. What is void or was never owed is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matter {
    /// Assignment to a unit.
    pub assignment: Option<Deadline>,
    /// The duty desk took it over because nobody assigned it.
    pub fallback: bool,
    /// The reply: the deadline that binds.
    pub reply: Option<Deadline>,
    /// There is somebody who can receive a reply.
    pub reachable: bool,
}

/// A share with what it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    fn count(&mut self, due: DateTime<Utc>, stand: Stand, period: Period) {
        let (counts, kept) = match stand {
            Stand::Done(at) => (due > period.from && due <= period.to, at <= due),
            Stand::Open => (due <= period.to, false),
        };
        self.of += u64::from(counts);
        self.kept += u64::from(counts && kept);
    }
}

/// Both rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// 交办率
    pub assigned: Share,
    /// Matters of the period that the duty desk took over.
    pub fallback: u64,
    /// 按时回复率
    pub answered: Share,
    /// The same by the dates before any extension.
    pub answered_without_extensions: Share,
    /// Due matters of the period that nobody can receive an answer to.
    pub unreachable: u64,
}

/// Counts.
#[must_use]
pub fn rates(matters: impl IntoIterator<Item = Matter>, period: Period) -> Rates {
    let mut rates = Rates::default();
    for matter in matters {
        if let Some(Deadline { due, stand, .. }) = matter.assignment {
            let before = rates.assigned.of;
            rates.assigned.count(due, stand, period);
            rates.fallback += u64::from(matter.fallback && rates.assigned.of > before);
        }
        let Some(Deadline { due, first_due, stand }) = matter.reply else { continue };
        if matter.reachable {
            rates.answered.count(due, stand, period);
            rates.answered_without_extensions.count(first_due, stand, period);
        } else {
            let mut apart = Share::default();
            apart.count(due, stand, period);
            rates.unreachable += apart.of;
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day)
    }

    fn reply(due: i64, stand: Stand) -> Matter {
        let deadline = Deadline { due: at(due), first_due: at(due), stand };
        Matter { reply: Some(deadline), reachable: true, ..Matter::default() }
    }

    const PERIOD: (i64, i64) = (100, 200);

    fn count(matters: &[Matter]) -> Rates {
        rates(matters.iter().copied(), Period { from: at(PERIOD.0), to: at(PERIOD.1) })
    }

    #[test]
    fn overdue_and_open_counts_as_failure_whenever_it_was_due() {
        let counted = count(&[
            reply(150, Stand::Done(at(140))),
            reply(150, Stand::Done(at(160))),
            reply(50, Stand::Open),
            reply(250, Stand::Open),
            reply(50, Stand::Done(at(40))),
            reply(250, Stand::Done(at(150))),
        ]);
        assert_eq!(counted.answered, Share { kept: 1, of: 3 });
    }

    #[test]
    fn an_extension_is_told_apart() {
        let deadline = Deadline { due: at(180), first_due: at(150), stand: Stand::Done(at(170)) };
        let counted = count(&[Matter { reply: Some(deadline), reachable: true, ..Matter::default() }]);
        assert_eq!(counted.answered.rate(), Some(1.0));
        assert_eq!(counted.answered_without_extensions.rate(), Some(0.0));
    }

    #[test]
    fn whoever_cannot_be_reached_stands_apart() {
        let counted = count(&[Matter { reachable: false, ..reply(150, Stand::Open) }]);
        assert_eq!((counted.answered.of, counted.unreachable), (0, 1));
    }

    #[test]
    fn the_duty_desk_counts_as_assigned_and_is_told() {
        let deadline = Deadline { due: at(150), first_due: at(150), stand: Stand::Done(at(150)) };
        let forced = Matter { assignment: Some(deadline), fallback: true, ..Matter::default() };
        let counted = count(&[forced]);
        assert_eq!((counted.assigned, counted.fallback), (Share { kept: 1, of: 1 }, 1));
        assert_eq!(count(&[]).assigned.rate(), None);
    }
}
