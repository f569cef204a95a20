//! What all parts of the engine share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use huiyin_bus::Bus;
use huiyin_journal::{Instant, Journal, Kind, micros};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::Clock;
use crate::command::REAL;
use crate::ids::Ids;
use crate::metrics::Counters;
use crate::registry::Registry;
use crate::tell::Fresh;

/// How the engine works. Every queue, batch and loop has its limit here.
#[derive(Clone, Debug)]
pub struct Config {
    /// Timelines whose timers this engine fires: `real`, or exercises that run on its clock.
    pub timelines: Vec<String>,
    /// Most commands that may wait; beyond it a sender is told to come back.
    pub queue: usize,
    /// Most commands in one transaction.
    pub batch: usize,
    /// Workers; 0: one on SQLite (one writer), three on PostgreSQL.
    pub workers: usize,
    /// Most due timers read at once.
    pub timer_batch: u32,
    /// Most effects of one kind taken at once.
    pub relay_batch: u32,
    /// How long a transaction is tried again when the store was in the way, not the batch.
    pub patience: std::time::Duration,
    /// Seed of case ids; none: the system's randomness. Given only by tests and simulations.
    pub seed: Option<u64>,
    /// Largest data of a case, in bytes of JSON.
    pub largest_data: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timelines: vec![REAL.to_owned()],
            queue: 4096,
            batch: 256,
            workers: 0,
            timer_batch: 500,
            relay_batch: 200,
            patience: std::time::Duration::from_secs(3),
            seed: None,
            largest_data: 256 * 1024,
        }
    }
}

/// What wakes the timer watch of one timeline.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) timeline: String,
    /// The due time it sleeps until, in microseconds; [`i64::MAX`] while it looks, so that every new timer wakes it.
    until: AtomicI64,
    woken: Notify,
    /// When it looked last.
    looked: Looked,
}

/// When a part of the engine looked round last, by a clock that nobody sets.
#[derive(Debug)]
pub(crate) struct Looked(Mutex<std::time::Instant>);

impl Default for Looked {
    fn default() -> Self {
        Self(Mutex::new(std::time::Instant::now()))
    }
}

impl Looked {
    /// Now.
    pub(crate) fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = std::time::Instant::now();
    }

    fn lately(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < LATELY
    }
}

/// A part that has not looked round for so long has stopped; each does every second when the store answers.
const LATELY: std::time::Duration = std::time::Duration::from_secs(120);

impl Watch {
    pub(crate) fn new(timeline: &str) -> Self {
        Self {
            timeline: timeline.to_owned(),
            until: AtomicI64::new(i64::MAX),
            woken: Notify::new(),
            looked: Looked::default(),
        }
    }

    /// From now on every timer that is written wakes it; to be called before looking for what is due.
    pub(crate) fn look(&self) -> Notified<'_> {
        self.looked.now();
        self.until.store(i64::MAX, Ordering::SeqCst);
        self.woken.notified()
    }

    /// From now on only a timer due before `until` wakes it.
    pub(crate) fn sleeps(&self, until: Instant) {
        self.until.store(micros(until), Ordering::SeqCst);
    }

    /// A timer of its timeline was written.
    pub(crate) fn written(&self, due_at: Instant) {
        if micros(due_at) < self.until.load(Ordering::SeqCst) {
            self.woken.notify_waiters();
        }
    }
}

/// See the module.
pub(crate) struct Core {
    pub(crate) journal: Journal,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) ids: Ids,
    pub(crate) config: Config,
    pub(crate) counters: Counters,
    /// One for each timeline of the configuration.
    pub(crate) watches: Vec<Watch>,
    /// An effect was written that the relay is to tell the bus of.
    pub(crate) told: Notify,
    /// The same for what becomes a command.
    pub(crate) done: Notify,
    /// What was committed here and the bus is to be told of.
    pub(crate) fresh: Fresh,
    /// When the relay looked last.
    pub(crate) relayed: Looked,
}

impl Core {
    /// Whether the relay and every timer watch have looked round lately.
    pub(crate) fn looked_round(&self) -> bool {
        self.relayed.lately() && self.watches.iter().all(|watch| watch.looked.lately())
    }

    /// Every district in force with every timeline that this engine looks after.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (String, &str)> {
        let districts = self.registry.districts().into_iter();
        districts.flat_map(|district| {
            self.config.timelines.iter().map(move |timeline| (district.clone(), timeline.as_str()))
        })
    }

    pub(crate) fn workers(&self) -> usize {
        match (self.config.workers, self.journal.kind()) {
            (0, Kind::Sqlite) => 1,
            (0, Kind::Postgres) => 3,
            (n, _) => n,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn only_a_timer_before_the_one_it_sleeps_for_wakes_the_watch() {
        let watch = Watch::new(REAL);
        let woken = watch.look();
        tokio::pin!(woken);
        woken.as_mut().enable();
        watch.sleeps(huiyin_journal::from_micros(100));
        watch.written(huiyin_journal::from_micros(150));
        assert!(woken.as_mut().now_or_never().is_none(), "a later one lets it sleep");
        watch.written(huiyin_journal::from_micros(50));
        assert!(woken.as_mut().now_or_never().is_some(), "an earlier one wakes it");
        let woken = watch.look();
        tokio::pin!(woken);
        woken.as_mut().enable();
        watch.written(huiyin_journal::from_micros(i64::MAX - 1));
        assert!(woken.as_mut().now_or_never().is_some(), "while it looks every new one counts");
    }
}
