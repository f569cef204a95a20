//! What the house finds when it looks at itself, now: matters without a unit, timers that should have fired, rungs that
//! fired late, mails that nobody accepted, clocks without a timer.

use chrono::TimeDelta;
use huiyin_calendar::Instant;
use huiyin_engine::EngineError;
use huiyin_journal::Journal;
use huiyin_journal::delivery::DeliveryState;
use serde::Serialize;

use crate::ledger::{Ledger, Rung, Scope, Told};

/// A rung that fired later than this was late.
pub const LATE: TimeDelta = TimeDelta::seconds(5);
/// Most clocks without a timer that are counted one by one.
const MOST_MISSING: u32 = 1000;
/// Failed mails count for the alarm for so long.
const RECENT: TimeDelta = TimeDelta::hours(24);

/// See the module. Ages and delays in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Health {
    /// Open matters that no unit has.
    pub unassigned: u64,
    /// Number of the one that was received first.
    pub oldest_unassigned: Option<String>,
    /// How long ago that was.
    pub oldest_unassigned_seconds: f64,
    /// Timers that should have fired.
    pub timers_overdue: u64,
    /// Age of the oldest of them.
    pub oldest_timer_seconds: f64,
    /// Clocks that run without a timer; must be 0.
    pub clocks_without_timer: u64,
    /// Mails given up, ever.
    pub mails_failed: u64,
    /// Of these, in the last 24 hours.
    pub mails_failed_lately: u64,
    /// Mails that were refused so far and are tried again.
    pub mails_retried: u64,
    /// Rungs that fired in the last 24 hours.
    pub rungs_fired_lately: u64,
    /// Of these, later than 5 seconds.
    pub rungs_late_lately: u64,
    /// The latest of them, by so much.
    pub rung_latest_seconds: f64,
    /// Cases whose journal does not lead to what it says; must be 0.
    pub cases_unreadable: u64,
    /// Cases whose key was destroyed: in no figure.
    pub cases_forgotten: u64,
}

impl Health {
    /// Looks now. The ledger should have looked within the last minute.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn of(journal: &Journal, ledger: &Ledger, now: Instant) -> Result<Self, EngineError> {
        let Scope { district, timeline } = ledger.scope();
        let (timers_overdue, oldest) = journal.overdue_timers(district, timeline, now).await?;
        let missing = journal.clocks_without_timer(district, timeline, MOST_MISSING).await?;
        let mails = journal.deliveries();
        let log = |e: huiyin_journal::delivery::DeliveryError| EngineError::Setup(e.to_string());
        let failed = mails.count(district, timeline, DeliveryState::Failed).await.map_err(log)?;
        let lately = mails.failed_since(district, timeline, now - RECENT).await.map_err(log)?;
        let retried = mails.tried_in_vain(district, timeline).await.map_err(log)?;
        let late = LateRungs::since(ledger.told(), now - RECENT, now);
        let unassigned = ledger.told().filter(|told| told.unassigned);
        let first = unassigned.clone().min_by_key(|told| (told.received_at, &told.number));
        Ok(Self {
            unassigned: unassigned.count() as u64,
            oldest_unassigned: first.map(|told| told.number.clone()),
            oldest_unassigned_seconds: first.map_or(0.0, |told| seconds(now - told.received_at)),
            timers_overdue,
            oldest_timer_seconds: oldest.map_or(0.0, |at| seconds(now - at)),
            clocks_without_timer: missing.len() as u64,
            mails_failed: failed.unsigned_abs(),
            mails_failed_lately: lately.unsigned_abs(),
            mails_retried: retried.unsigned_abs(),
            rungs_fired_lately: late.fired,
            rungs_late_lately: late.late,
            rung_latest_seconds: late.worst.map_or(0.0, |(_, rung)| seconds(rung.late)),
            cases_unreadable: ledger.unreadable().len() as u64,
            cases_forgotten: ledger.forgotten(),
        })
    }
}

/// Rungs that fired in a stretch of time, and how late.
#[derive(Clone, Copy, Debug, Default)]
pub struct LateRungs<'t> {
    /// Fired.
    pub fired: u64,
    /// Of these, later than 5 seconds.
    pub late: u64,
    /// The latest, with its case.
    pub worst: Option<(&'t Told, &'t Rung)>,
}

impl<'t> LateRungs<'t> {
    /// Looks at what fired after `from`, up to `to`.
    pub fn since(told: impl Iterator<Item = &'t Told>, from: Instant, to: Instant) -> Self {
        let mut found = Self::default();
        for told in told {
            for rung in told.rungs.iter().filter(|rung| rung.at > from && rung.at <= to) {
                found.fired += 1;
                found.late += u64::from(rung.late > LATE);
                if rung.late > LATE && found.worst.is_none_or(|(_, worst)| rung.late > worst.late) {
                    found.worst = Some((told, rung));
                }
            }
        }
        found
    }
}

/// A length of time in seconds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "milliseconds of an age are far below 2^52")]
pub fn seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}
