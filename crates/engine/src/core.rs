//! What all parts of the engine share.

use std::sync::Arc;

use huiyin_bus::Bus;
use huiyin_journal::{Journal, Kind};
use tokio::sync::Notify;

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

/// See the module.
pub(crate) struct Core {
    pub(crate) journal: Journal,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) ids: Ids,
    pub(crate) config: Config,
    pub(crate) counters: Counters,
    /// A timer was written that may be earlier than the one waited for.
    pub(crate) timers: Notify,
    /// An effect was written that the relay is to take.
    pub(crate) effects: Notify,
}

impl Core {
    pub(crate) fn workers(&self) -> usize {
        match (self.config.workers, self.journal.kind()) {
            (0, Kind::Sqlite) => 1,
            (0, Kind::Postgres) => 3,
            (n, _) => n,
        }
    }
}
