//! Whose turn it is: of several processes that could follow the record, one does. It keeps a lease in the store and makes it
//! longer while it works; when it dies, another takes over once the lease has run out. Two that believe it is their turn do no
//! harm: who decides second is refused by the version of the memory.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use huiyin_journal::sensing::Lease;
use tokio::time::Instant;

use super::Parts;

/// A lease lasts so long, on the clock of the house.
const LASTS: TimeDelta = TimeDelta::seconds(15);
/// And is made longer so often.
const RENEWED: Duration = Duration::from_secs(4);
/// What is leased.
const NAME: &str = "rules";

/// See the module.
#[derive(Debug)]
pub struct Turn {
    parts: Parts,
    ours: AtomicBool,
    asked: Mutex<Option<Instant>>,
}

impl Turn {
    /// Nobody's yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, ours: AtomicBool::new(false), asked: Mutex::new(None) }
    }

    fn lease(&self) -> Lease<'_> {
        let scope = &self.parts.scope;
        Lease { district: &scope.district, timeline: &scope.timeline, name: NAME, holder: self.parts.holder }
    }

    /// Whether this process is to follow: takes the lease if nobody has it, and makes it longer in time.
    pub async fn is_ours(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if self.was_ours() && asked.is_some_and(|asked| asked.elapsed() < RENEWED) {
            return true;
        }
        self.ask().await
    }

    /// As [`Turn::is_ours`], and asks the store in any case.
    pub async fn ask(&self) -> bool {
        let (now, asked) = (self.parts.clock.now(), Instant::now());
        let taken = self.parts.engine.journal().take_lease(&self.lease(), now, now + LASTS).await;
        let ours = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "whether it is this process's turn to follow the readings is not known");
            false
        });
        if ours != self.ours.swap(ours, Ordering::SeqCst) {
            tracing::info!(ours, "the turn to follow the readings of stations has changed");
        }
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        ours
    }

    /// Whether it was when it was last asked.
    #[must_use]
    pub fn was_ours(&self) -> bool {
        self.ours.load(Ordering::SeqCst)
    }

    /// Lets another process go on at once.
    pub async fn give_back(&self) {
        if self.ours.swap(false, Ordering::SeqCst)
            && let Err(error) = self.parts.engine.journal().give_back_lease(&self.lease()).await
        {
            tracing::debug!(%error, "the turn was not given back; it runs out by itself");
        }
    }
}
