//! The queue of commands that wait, and the workers that drain it in batches.
//!
//! A transaction costs about the same for one command as for ten. What comes while one is under way therefore waits for its
//! end and goes together; only a crowd, or one that takes long, has a second one begun beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot};
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
pub(crate) struct Line {
    receiver: Mutex<mpsc::Receiver<Waiting>>,
    /// Batches under way.
    busy: AtomicUsize,
    /// One of them has ended.
    ended: Notify,
}

/// So many that wait are a crowd.
const CROWD: usize = 32;
/// For so long the end of another one is waited for: it may itself wait for somebody who stands still.
const LONG: Duration = Duration::from_millis(20);

pub(crate) fn queue(limit: usize) -> (Door, Arc<Line>) {
    let (sender, receiver) = mpsc::channel(limit.max(1));
    let line = Line { receiver: Mutex::new(receiver), busy: AtomicUsize::new(0), ended: Notify::new() };
    (Door { sender }, Arc::new(line))
}

/// A batch under way, however it ends.
struct UnderWay<'l>(&'l Line);

impl<'l> UnderWay<'l> {
    fn begin(line: &'l Line) -> Self {
        line.busy.fetch_add(1, Ordering::SeqCst);
        Self(line)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
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
pub(crate) async fn work(core: Arc<Core>, line: Arc<Line>, stop: CancellationToken) {
    let most = core.config.batch;
    loop {
        let mut batch = Vec::with_capacity(most.min(64));
        let under_way = {
            let mut receiver = line.receiver.lock().await;
            tokio::select! {
                biased;
                () = gather(&line, &mut receiver, &mut batch, most) => {}
                () = stop.cancelled() => {
                    receiver.close();
                    while batch.len() < most && let Ok(waiting) = receiver.try_recv() {
                        batch.push(waiting);
                    }
                }
            }
            UnderWay::begin(&line)
        };
        if batch.is_empty() {
            return;
        }
        answer(&core, batch).await;
        drop(under_way);
    }
}

/// Everything that waits, up to `most`: at once when nothing is under way, else when it has ended, has taken long, or there is
/// a crowd.
async fn gather(line: &Line, receiver: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>, most: usize) {
    receiver.recv_many(batch, most).await;
    let (crowd, long) = (CROWD.min(most), tokio::time::sleep(LONG));
    tokio::pin!(long);
    while !batch.is_empty() && batch.len() < crowd {
        let ended = line.ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        if line.busy.load(Ordering::SeqCst) == 0 {
            return;
        }
        let left = most - batch.len();
        tokio::select! {
            biased;
            n = receiver.recv_many(batch, left) => if n == 0 { return },
            () = &mut ended => {}
            () = &mut long => return,
        }
    }
}

async fn answer(core: &Core, batch: Vec<Waiting>) {
    let (commands, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.command, w.reply)).unzip();
    let answers = core.execute(commands).await;
    for (reply, answer) in replies.into_iter().zip(answers) {
        // Who has stopped waiting asks again with the same id.
        let _ = reply.send(answer);
    }
}
