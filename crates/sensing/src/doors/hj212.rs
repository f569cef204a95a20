//! HJ 212 over TCP: lines, their bounds, and the words that go back. What a frame says is turned into readings in
//! [`readings`]; that they are committed before they are acknowledged is seen to here.

mod line;
mod readings;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huiyin_engine::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Line, Speakers};
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

/// Lines that are open, by source address.
type Open = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One open line; it counts itself out.
struct Place {
    open: Open,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = open.get_mut(&self.address) {
            *lines -= 1;
            if *lines == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl Door {
    /// Takes lines until it is told to stop; what was read by then is committed and acknowledged.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let (open, mut lines) = (Open::default(), JoinSet::new());
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
            let Some(place) = self.place(&open, lines.len(), address) else {
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

    fn place(&self, open: &Open, lines: usize, address: IpAddr) -> Option<Place> {
        let mut counted = open.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = counted.entry(address).or_default();
        if lines >= self.line.most_lines || *mine >= self.line.most_lines_of_one_address {
            return None;
        }
        *mine += 1;
        Some(Place { open: Arc::clone(open), address })
    }
}
