//! From the record of readings to incidents, exactly once in effect: the rules follow the record in its order, what they
//! decide is committed together with how far they have read, and what an alarm has to say is sent to the engine under an
//! id that makes a second sending recognisable. Killed at any moment, it goes on where the record says.
//!
//! It grades nothing and closes nothing.

mod follow;
mod outcome;
mod tell;

use std::sync::Arc;

use huiyin_engine::{Clock, Engine};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ingest::Scope;
use crate::quality::Quality;
use crate::registry::Registry;
use crate::rules::Rules;

pub use follow::{FollowError, Follower, Round, recall};
pub use tell::{TellError, Teller};

/// What watching needs.
#[derive(Clone)]
pub struct Parts {
    /// The engine; its journal is the record.
    pub engine: Engine,
    /// Time of the house.
    pub clock: Arc<dyn Clock>,
    /// Where the readings are.
    pub scope: Scope,
    /// Stations.
    pub registry: Arc<Registry>,
    /// Quality control.
    pub quality: Quality,
    /// Alarm rules, in force from the start.
    pub rules: Arc<Rules>,
    /// Woken when readings were committed in this process.
    pub news: Arc<Notify>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?})", self.scope)
    }
}

/// The watch at work.
#[derive(Debug)]
pub struct Watch {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Watch {
    /// Starts following and telling.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let (stop, decided) = (CancellationToken::new(), Arc::new(Notify::new()));
        let mut tasks = JoinSet::new();
        tasks.spawn(follow::run(parts.clone(), Arc::clone(&decided), stop.clone()));
        tasks.spawn(tell::run(parts, decided, stop.clone()));
        Self { stop, tasks }
    }

    /// Ends; what was not decided or told is done at the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}
