//! Where the engine's time comes from. Nothing else in the house asks the system for the time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{PoisonError, RwLock};
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

    /// Learns what the time that counts (the database's) is at this moment.
    fn follow(&self, _now: Instant) {}
}

/// The system's time. Once it follows a database it goes on from the database's time by a clock that nobody sets, and the
/// system's time of day no longer matters: a machine whose clock is moved fires no legal rung early.
pub struct SystemClock {
    wall: fn() -> Instant,
    /// What the database's time was, and when by the clock that nobody sets.
    anchor: RwLock<Option<(Instant, std::time::Instant)>>,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::with_wall(chrono::Utc::now)
    }
}

impl std::fmt::Debug for SystemClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SystemClock({})", self.now())
    }
}

impl SystemClock {
    /// A clock over another time of day than the system's; tests only.
    #[must_use]
    pub fn with_wall(wall: fn() -> Instant) -> Self {
        Self { wall, anchor: RwLock::new(None) }
    }
}

/// Beyond this difference to the database somebody should look at the machine's clock.
const WORTH_A_WORD: i64 = 2_000_000;

/// Longest sleep at once, so that a system clock that is set is noticed.
const LONGEST: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let anchor = *self.anchor.read().unwrap_or_else(PoisonError::into_inner);
        match anchor {
            // The record keeps microseconds: what is stepped at must be what is written, or nothing is derived again.
            Some((at, since)) => {
                from_micros(micros(at + chrono::Duration::from_std(since.elapsed()).unwrap_or_default()))
            }
            None => from_micros(micros((self.wall)())),
        }
    }

    fn sleep_until(&self, at: Instant) -> Sleep<'_> {
        let wait = (at - self.now()).to_std().unwrap_or_default().min(LONGEST);
        Box::pin(tokio::time::sleep(wait))
    }

    fn follow(&self, now: Instant) {
        let ahead = micros(now) - micros((self.wall)());
        if ahead.abs() > WORTH_A_WORD {
            tracing::warn!(
                ahead_seconds = ahead / 1_000_000,
                "the database's time differs from this machine's; the database's counts"
            );
        }
        *self.anchor.write().unwrap_or_else(PoisonError::into_inner) = Some((now, std::time::Instant::now()));
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
const DRILL_OFFSET: &str = "clock.drill_offset";

/// The clock of a demonstration or of exercises: the system's time moved forward by an offset that only grows and is kept
/// in the store. Each of the two has an offset of its own.
#[derive(Debug)]
pub struct ShiftedClock {
    system: SystemClock,
    offset: watch::Sender<i64>,
    kept_as: &'static str,
    journal: Journal,
}

impl ShiftedClock {
    /// The clock of a demonstration. Goes on where it was when the store was last used.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(journal: Journal) -> Result<Self, JournalError> {
        Self::kept_as(journal, DEMO_OFFSET).await
    }

    /// The clock of the exercises. Goes on where it was when the store was last used.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open_drill(journal: Journal) -> Result<Self, JournalError> {
        Self::kept_as(journal, DRILL_OFFSET).await
    }

    async fn kept_as(journal: Journal, kept_as: &'static str) -> Result<Self, JournalError> {
        let offset = journal.raise_setting(kept_as, 0).await?;
        Ok(Self { system: SystemClock::default(), offset: watch::Sender::new(offset), kept_as, journal })
    }

    /// Moves forward to `at`; never back. Returns what the clock shows then.
    ///
    /// # Errors
    /// When the store does not answer; then the clock has not moved.
    pub async fn advance_to(&self, at: Instant) -> Result<Instant, JournalError> {
        let offset = self.journal.raise_setting(self.kept_as, micros(at) - micros(self.system.now())).await?;
        self.offset.send_replace(offset);
        Ok(self.now())
    }

    /// Learns whether another process has moved the clock.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn refresh(&self) -> Result<(), JournalError> {
        let offset = self.journal.raise_setting(self.kept_as, 0).await?;
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

    fn follow(&self, now: Instant) {
        self.system.follow(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_follows_a_database_does_not_care_for_the_time_of_day() {
        static WALL: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        let clock = SystemClock::with_wall(|| from_micros(WALL.load(std::sync::atomic::Ordering::SeqCst)));
        assert_eq!(clock.now(), from_micros(0), "with nobody to follow it is the time of day");
        let database = from_micros(1_000_000_000);
        clock.follow(database);
        WALL.store(2 * 3600 * 1_000_000, std::sync::atomic::Ordering::SeqCst);
        let shown = clock.now();
        assert!(shown >= database && shown < database + chrono::Duration::minutes(5), "two hours forward: {shown}");
        let looks = std::iter::repeat_with(|| clock.now()).take(1000);
        assert!(looks.into_iter().all(|at| at == from_micros(micros(at))), "in whole microseconds");
        clock.follow(database + chrono::Duration::hours(1));
        assert!(clock.now() >= database + chrono::Duration::hours(1), "and it follows again");
    }

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
