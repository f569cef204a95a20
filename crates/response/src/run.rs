//! The follower at work beside an engine: a look every second, until it is told to stop. Several may run; none needs to know of
//! the others.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::follow::{Follower, Parts};

/// How often it looks, by the system's clock: what happens is seen within a second.
const LOOK: Duration = Duration::from_secs(1);
/// Pause after the store or the engine did not answer.
const AGAIN: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug)]
pub struct Response {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Response {
    /// Starts following.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(follow(Follower::new(parts), stop.clone()));
        Self { stop, task }
    }

    /// Lets the look under way end. What was not told is told after the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the follower of incidents ended abruptly");
        }
    }
}

async fn follow(mut follower: Follower, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let rest = match follower.round().await {
            Ok(told) => {
                if told > 0 {
                    tracing::info!(told, "incidents at a river: tasks and activations were told");
                }
                LOOK
            }
            Err(error) => {
                tracing::warn!(%error, "what incidents threaten cannot be told now; it is told again");
                AGAIN
            }
        };
        stop.run_until_cancelled(tokio::time::sleep(rest)).await;
    }
}
