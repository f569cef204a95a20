//! The queue of commands that wait, and the workers that drain it in batches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::command::{Answer, Command, EngineError};
use crate::core::Core;

/// A command and who waits for its answer.
pub(crate) struct Waiting {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Answer, EngineError>>,
}

/// The door of the queue.
#[derive(Clone)]
pub(crate) struct Door {
    sender: mpsc::Sender<Waiting>,
}

/// The receiving side, shared by the workers.
pub(crate) type Line = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// How long a worker waits for company when commands come faster than one at a time.
const LINGER: Duration = Duration::from_millis(1);

pub(crate) fn queue(limit: usize) -> (Door, Line) {
    let (sender, receiver) = mpsc::channel(limit.max(1));
    (Door { sender }, Arc::new(Mutex::new(receiver)))
}

impl Door {
    pub(crate) fn depth(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Puts a command into the queue and waits for its answer.
    pub(crate) async fn submit(&self, core: &Core, command: Command) -> Result<Answer, EngineError> {
        let (reply, answer) = oneshot::channel();
        match self.sender.try_send(Waiting { command, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(EngineError::Closed)),
            Err(mpsc::error::TrySendError::Full(_)) => {
                core.counters.busy.fetch_add(1, Ordering::Relaxed);
                Err(EngineError::Busy { waiting: self.depth() })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(EngineError::Closed),
        }
    }
}

/// Drains the queue until it is told to stop; what waits then is still answered.
pub(crate) async fn work(core: Arc<Core>, line: Line, stop: CancellationToken) {
    loop {
        let batch = {
            let mut line = line.lock().await;
            tokio::select! {
                biased;
                batch = next_batch(&mut line, core.config.batch) => batch,
                () = stop.cancelled() => { line.close(); next_closed(&mut line, core.config.batch) }
            }
        };
        if batch.is_empty() {
            return;
        }
        answer(&core, batch).await;
    }
}

/// Everything that waits, up to `most`. A lone command is not kept waiting; several may find company within a millisecond.
async fn next_batch(line: &mut mpsc::Receiver<Waiting>, most: usize) -> Vec<Waiting> {
    let mut batch = Vec::with_capacity(most.min(64));
    line.recv_many(&mut batch, most).await;
    if batch.len() > 1 && batch.len() < most / 4 {
        let until = tokio::time::sleep(LINGER);
        tokio::pin!(until);
        while batch.len() < most {
            let left = most - batch.len();
            tokio::select! {
                biased;
                n = line.recv_many(&mut batch, left) => if n == 0 { break },
                () = &mut until => break,
            }
        }
    }
    batch
}

fn next_closed(line: &mut mpsc::Receiver<Waiting>, most: usize) -> Vec<Waiting> {
    let mut batch = Vec::new();
    while batch.len() < most {
        let Ok(waiting) = line.try_recv() else { break };
        batch.push(waiting);
    }
    batch
}

async fn answer(core: &Core, batch: Vec<Waiting>) {
    let (commands, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.command, w.reply)).unzip();
    let answers = core.execute(commands).await;
    for (reply, answer) in replies.into_iter().zip(answers) {
        // Who has stopped waiting asks again with the same id.
        let _ = reply.send(answer);
    }
}
