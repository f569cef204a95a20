//! HJ 212 over TCP: lines, their bounds, and the words that go back. What a frame says is turned into readings in
//! [`readings`]; that they are committed before they are acknowledged is seen to here.

mod line;
mod readings;

use std::sync::Arc;
use std::time::Duration;

use huiyin_engine::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Line, Speakers};
use super::places::Places;
use crate::ingest::{Intake, Reason};
use crate::observation::Source;

pub use readings::{Faulty, readings};

/// Pause after a line could not be taken, for want of file handles perhaps.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The door.
#[derive(Clone)]
pub struct Door {
    /// Where readings go.
    pub intake: Intake,
    /// Who may speak.
    pub speakers: Arc<Speakers>,
    /// Bounds.
    pub line: Line,
    /// The house's time, which stamps what comes in.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({:?}, {:?})", self.line, self.speakers)
    }
}

impl Door {
    /// Takes lines until it is told to stop; what was read by then is committed and acknowledged.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let places = Places::new(self.line.most_lines, self.line.most_lines_of_one_address);
        let mut lines = JoinSet::new();
        while let Some(taken) = stop.run_until_cancelled(listener.accept()).await {
            while lines.try_join_next().is_some() {}
            let (stream, from) = match taken {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::warn!(%error, "a line of a station was not taken");
                    stop.run_until_cancelled(tokio::time::sleep(AFTER_FAILURE)).await;
                    continue;
                }
            };
            let address = from.ip().to_canonical();
            let Some(place) = places.take(address) else {
                self.intake.counts().refused(Source::Hj212, Reason::Limit);
                tracing::warn!(%from, lines = lines.len(), "too many lines of stations; this one was closed");
                continue;
            };
            let (door, stop) = (self.clone(), stop.clone());
            lines.spawn(async move {
                line::hold(&door, stream, address, stop).await;
                drop(place);
            });
        }
        lines.join_all().await;
    }
}
