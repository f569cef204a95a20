//! The timer watch: sleeps until the earliest timer, fires what is due in bounded batches, and looks after itself.
//!
//! Due timers are read without lock; their cases are locked in id order, those that another engine has are left to it,
//! and only the timers read under the lock are fired.

use std::sync::Arc;
use std::time::Duration;

use huiyin_journal::{Instant, micros};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::command::EngineError;
use crate::core::Core;
use crate::execute::{Done, Item};
use crate::metrics::add;
use crate::roots::Days;

/// Longest sleep: another engine may have written an earlier timer, and may have died since.
const LONGEST: chrono::Duration = chrono::Duration::seconds(1);
/// Pause after the store did not answer.
const AFTER_TROUBLE: Duration = Duration::from_millis(250);
/// How long settled effects stay in the outbox; their entries tell of them for ever.
const KEEP_SETTLED: chrono::Duration = chrono::Duration::days(400);
/// Longest list of cases that one self-check names.
const NAMED: u32 = 100;

/// Fires the timers of the `n`th timeline until it is told to stop.
pub(crate) async fn watch(core: Arc<Core>, n: usize, stop: CancellationToken) {
    let watch = &core.watches[n];
    let timeline = watch.timeline.as_str();
    while !stop.is_cancelled() {
        // Asked for before looking, so that what is written while we look wakes us.
        let woken = watch.look();
        tokio::pin!(woken);
        woken.as_mut().enable();
        match core.fire_due(timeline).await {
            Ok(0) => {
                let until = core.next_wake(timeline).await;
                watch.sleeps(until);
                tokio::select! {
                    () = core.clock.sleep_until(until) => {}
                    () = &mut woken => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stop.cancelled() => {}
                }
            }
            // Between batches the commands of people have their turn.
            Ok(_) => tokio::task::yield_now().await,
            Err(e) => {
                tracing::warn!(%timeline, %e, "timers could not be fired; trying again");
                tokio::time::sleep(AFTER_TROUBLE).await;
            }
        }
    }
}

/// Measures how far the database's time is ahead, joins clocks to timers, and makes the roots of the days that are over,
/// until it is told to stop.
pub(crate) async fn look_after(core: Arc<Core>, every: Duration, stop: CancellationToken) {
    let mut days = Days::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
        if let Err(e) = core.follow_database().await {
            tracing::warn!(%e, "the database's time could not be read");
        }
        if let Err(e) = core.self_check().await {
            tracing::warn!(%e, "the self-check could not be made");
        }
        if let Err(e) = core.look_for_roots(&mut days).await {
            tracing::error!(%e, "the root of a day could not be made");
        }
        if let Err(e) = core.journal.purge_effects(core.clock.now() - KEEP_SETTLED).await {
            tracing::warn!(%e, "settled effects could not be taken away");
        }
    }
}

impl Core {
    async fn next_wake(&self, timeline: &str) -> Instant {
        let longest = self.clock.now() + LONGEST;
        match self.next_due(timeline).await {
            Ok(next) => next.map_or(longest, |next| next.min(longest)),
            Err(_) => longest,
        }
    }

    /// When the earliest timer of the districts in force fires.
    pub(crate) async fn next_due(&self, timeline: &str) -> Result<Option<Instant>, EngineError> {
        let mut next: Option<Instant> = None;
        for district in self.registry.districts() {
            next = next.into_iter().chain(self.journal.next_due(&district, timeline).await?).min();
        }
        Ok(next)
    }

    /// Fires one bounded batch of what is due in each district. Returns how many cases were looked at: 0 means nothing is due.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn fire_due(&self, timeline: &str) -> Result<usize, EngineError> {
        let mut looked_at = 0;
        for district in self.registry.districts() {
            looked_at += self.fire_due_in(&district, timeline).await?;
        }
        Ok(looked_at)
    }

    async fn fire_due_in(&self, district: &str, timeline: &str) -> Result<usize, EngineError> {
        let now = self.clock.now();
        let due = self.journal.due_cases(district, timeline, now, self.config.timer_batch).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut cases: Vec<Uuid> = due.iter().map(|due| due.case).collect();
        cases.sort_unstable();
        let items: Vec<Item<'_>> = cases.into_iter().map(|case| Item::Tick { case, district, timeline }).collect();
        let done = self.settle(&items).await;
        let lateness = micros(self.clock.now());
        let (mut fired, mut trouble) = (0, None);
        for done in done {
            match done {
                Ok(Done::Fired(n)) => fired += n,
                Ok(Done::Answer(_)) | Err(EngineError::Quarantined { .. } | EngineError::Setup(_)) => {}
                Err(e) => trouble = Some(e),
            }
        }
        add(&self.counters.timers_fired, fired);
        for due in &due {
            self.counters.lateness.record(lateness - micros(due.due_at));
        }
        match trouble {
            Some(trouble) => Err(trouble),
            // All of them are in another engine's hands: that is no reason to spin.
            None if fired == 0 => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(due.len())
            }
            None => Ok(due.len()),
        }
    }

    /// On PostgreSQL time follows the database, so that an engine whose clock is fast cannot fire a legal rung early.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn follow_database(&self) -> Result<(), EngineError> {
        // The database read its clock before its answer came: taken as the time of the answer it is late, never early.
        if let Some(database) = self.journal.database_now().await? {
            self.clock.follow(database);
        }
        Ok(())
    }

    /// A clock that runs without a timer would remind nobody: alarm.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn self_check(&self) -> Result<usize, EngineError> {
        let mut found = 0;
        for (district, timeline) in self.scopes() {
            for missing in self.journal.clocks_without_timer(&district, timeline, NAMED).await? {
                found += 1;
                tracing::error!(case = %missing.case, number = %missing.number, running = missing.running, timers = missing.timers,
                    "a clock runs without a timer; its reminders would not come");
            }
        }
        self.counters.clocks_without_timer.store(found as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(found)
    }
}
