//! Where the engine's time comes from. Nothing else in the house asks the system for the time.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use huiyin_journal::{Instant, Journal, JournalError, from_micros, micros};
use tokio::sync::watch;

/// A boxed future.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock.
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds.
    fn now(&self) -> Instant;

    /// Returns when it is `at` by this clock, or earlier: the caller looks at the clock again.
    fn sleep_until(&self, at: Instant) -> Sleep<'_>;

    /// Learns how far the time that counts (the database's) is ahead of the system's, in microseconds.
    fn follow(&self, _ahead: i64) {}
}

/// The system's time, corrected by what [`Clock::follow`] learned.
#[derive(Debug, Default)]
pub struct SystemClock {
    ahead: AtomicI64,
}

/// Longest sleep at once, so that a system clock that is set is noticed.
const LONGEST: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        from_micros(micros(chrono::Utc::now()) + self.ahead.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, at: Instant) -> Sleep<'_> {
        let wait = (at - self.now()).to_std().unwrap_or_default().min(LONGEST);
        Box::pin(tokio::time::sleep(wait))
    }

    fn follow(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }
}

/// A clock that stands until it is moved: simulations, exercises, tests.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Instant>,
}

impl ManualClock {
    /// Stands at `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self { now: watch::Sender::new(start) }
    }

    /// Moves forward to `at`; never back.
    pub fn advance_to(&self, at: Instant) {
        self.now.send_if_modified(|now| {
            let moved = at > *now;
            *now = (*now).max(at);
            moved
        });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Instant) -> Sleep<'_> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self`, so waiting cannot fail.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

const DEMO_OFFSET: &str = "clock.demo_offset";

/// The demonstration clock: the system's time moved forward by an offset that only grows and is kept in the store.
#[derive(Debug)]
pub struct ShiftedClock {
    system: SystemClock,
    offset: watch::Sender<i64>,
    journal: Journal,
}

impl ShiftedClock {
    /// Goes on where it was when the store was last used.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(journal: Journal) -> Result<Self, JournalError> {
        let offset = journal.raise_setting(DEMO_OFFSET, 0).await?;
        Ok(Self { system: SystemClock::default(), offset: watch::Sender::new(offset), journal })
    }

    /// Moves forward to `at`; never back. Returns what the clock shows then.
    ///
    /// # Errors
    /// When the store does not answer; then the clock has not moved.
    pub async fn advance_to(&self, at: Instant) -> Result<Instant, JournalError> {
        let offset = self.journal.raise_setting(DEMO_OFFSET, micros(at) - micros(self.system.now())).await?;
        self.offset.send_replace(offset);
        Ok(self.now())
    }

    /// Learns whether another process has moved the clock.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn refresh(&self) -> Result<(), JournalError> {
        let offset = self.journal.raise_setting(DEMO_OFFSET, 0).await?;
        self.offset.send_if_modified(|known| std::mem::replace(known, offset) != offset);
        Ok(())
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Instant {
        from_micros(micros(self.system.now()) + *self.offset.borrow())
    }

    fn sleep_until(&self, at: Instant) -> Sleep<'_> {
        let mut offset = self.offset.subscribe();
        let wait = (at - self.now()).to_std().unwrap_or_default().min(LONGEST);
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = offset.changed() => {}
            }
        })
    }

    fn follow(&self, ahead: i64) {
        self.system.follow(ahead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_and_never_goes_back() {
        let start = from_micros(0);
        let clock = ManualClock::new(start);
        let later = start + chrono::Duration::days(365);
        let sleeper = clock.sleep_until(later);
        clock.advance_to(later);
        clock.advance_to(start);
        sleeper.await;
        assert_eq!(clock.now(), later);
    }
}
