//! What all parts of the engine share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use huiyin_bus::Bus;
use huiyin_journal::{Instant, Journal, Kind, micros};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::Clock;
use crate::command::REAL;
use crate::ids::Ids;
use crate::metrics::Counters;
use crate::registry::Registry;

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
    /// Most effects taken at once.
    pub relay_batch: u32,
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
}

impl Watch {
    pub(crate) fn new(timeline: &str) -> Self {
        Self { timeline: timeline.to_owned(), until: AtomicI64::new(i64::MAX), woken: Notify::new() }
    }

    /// From now on every timer that is written wakes it; to be called before looking for what is due.
    pub(crate) fn look(&self) -> Notified<'_> {
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
    /// An effect was written that the relay is to take.
    pub(crate) effects: Notify,
}

impl Core {
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
