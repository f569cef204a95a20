//! Which matters broke a promise in a period. The verdict is `chart::rates`': a matter counted alone, and not kept.

use huiyin_calendar::Instant;
use huiyin_chart::rates::{Deadline, Matter, Period, Stand, rates};
use serde::Serialize;
use uuid::Uuid;

use crate::ledger::Told;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Promise {
    /// 交办率: assigned within the limit.
    Assigned,
    /// 按时回复率: answered by the due date.
    Answered,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Case.
    pub case: Uuid,
    /// Which.
    pub promise: Promise,
    /// When it was due.
    pub due: Instant,
    /// When it was done, late.
    pub done: Option<Instant>,
    /// When it was dropped, after it was due.
    pub dropped: Option<Instant>,
    /// A petitioner who can receive a reply; false: told beside the rate, not in it.
    pub reachable: bool,
}

impl Broken {
    /// Every promise that was broken in a period, the earliest due first.
    #[must_use]
    pub fn of<'t>(told: impl Iterator<Item = &'t Told>, period: Period) -> Vec<Self> {
        let mut all: Vec<Self> = told
            .filter_map(|told| Some((told.case, told.matter?)))
            .flat_map(|(case, matter)| broken(case, &matter, period))
            .collect();
        all.sort_by_key(|broken| (broken.due, broken.case, broken.promise));
        all
    }

    /// Whole days from the due date until it was done, or until `at`.
    #[must_use]
    pub fn days_late(&self, at: Instant) -> i64 {
        let end = self.done.or(self.dropped).unwrap_or(at);
        (end - self.due).num_days().max(0)
    }
}

fn broken(case: Uuid, matter: &Matter, period: Period) -> Vec<Broken> {
    let counted = rates([matter], period);
    let not_kept = |share: huiyin_chart::rates::Share| share.of > share.kept;
    let one = |promise, deadline: Deadline, reachable| {
        let (done, dropped) = match deadline.stand {
            Stand::Done(at) => (Some(at), None),
            Stand::Gone(at) => (None, Some(at)),
            Stand::Open => (None, None),
        };
        Broken { case, promise, due: deadline.due, done, dropped, reachable }
    };
    let assigned = matter.assignment.filter(|_| not_kept(counted.assigned));
    let reply = matter.reply.filter(|_| not_kept(counted.answered) || not_kept(counted.unreachable));
    let assigned = assigned.map(|deadline| one(Promise::Assigned, deadline, true));
    let reply = reply.map(|deadline| one(Promise::Answered, deadline, matter.reachable));
    assigned.into_iter().chain(reply).collect()
}
