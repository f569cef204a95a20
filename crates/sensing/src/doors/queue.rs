//! The queue of observations of a district at NATS: gateways publish readings in JSON ([`told`](super::told)) under the
//! address of their station, the queue keeps them, and they are acknowledged after the commit. Nobody hears an answer
//! there: what is refused is counted and logged.

use std::sync::Arc;

use huiyin_bus::{Later, Taken, Worker};
use huiyin_engine::Clock;

use super::config::Queue;
use super::told::{self, LARGEST, Voice};
use crate::ingest::{Intake, Reason};
use crate::observation::Source;

/// The door.
#[derive(Clone)]
pub struct Door {
    /// Where readings go.
    pub intake: Intake,
    /// Which stations count.
    pub queue: Queue,
    /// The house's time, which stamps what comes in.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({:?})", self.queue)
    }
}

impl Worker for Door {
    fn take(&self, address: String, message: Vec<u8>) -> Later<'_, Taken> {
        Box::pin(async move {
            let never = |reason: Reason, problem: String| {
                self.intake.counts().refused(Source::Nats, reason);
                Taken::Never(problem)
            };
            if message.len() > LARGEST {
                return never(Reason::Limit, format!("it is larger than {LARGEST} bytes"));
            }
            let station = address.rsplit('.').next().unwrap_or_default();
            let may = self.queue.stations.as_slice();
            if !may.iter().any(|id| id == station) {
                return never(Reason::UnknownStation, format!("nothing is taken here for the station {station}"));
            }
            let voice = Voice { station: Some(station), may, source: Source::Nats, now: self.clock.now() };
            let told = match told::read(&self.intake, &message, &voice) {
                Ok(told) => told,
                Err(problem) => return never(Reason::Malformed, problem),
            };
            for fault in &told.faults {
                tracing::warn!(%address, reason = %fault.reason, field = %fault.field, problem = %fault.problem, "a reading was refused");
            }
            match self.intake.keep(&told.observations).await {
                Ok(_) => Taken::Done,
                Err(_) => Taken::Again,
            }
        })
    }
}
