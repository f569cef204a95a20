//! Telling the bus of many processes what was just committed, from memory: the row in the outbox is there in case this
//! process dies or the bus is away, and is deleted once the bus has it, by the next batch if there is one soon. What cannot
//! be told here is left to the relay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use huiyin_bus::Message;
use huiyin_journal::{Instant, Writes};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::metrics::add;
use crate::relay::{GATHER, LEASE};

/// Most that wait here; what is committed beyond it is the relay's.
const MOST: usize = 10_000;
/// Most that are under way at once.
const AT_ONCE: usize = 500;
/// How long the relay leaves alone what could not be told here.
const LATER: chrono::Duration = chrono::Duration::seconds(1);
/// How long a row that has done its duty waits for a batch to take it along.
const ALONG: Duration = Duration::from_millis(100);
/// Pause when the store did not answer.
const AGAIN: Duration = Duration::from_millis(250);

/// What was committed and is still to be told.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    waiting: Mutex<Vec<Told>>,
    /// Keys of those that the bus has; their rows are to go.
    out: Mutex<Vec<String>>,
    woken: Notify,
    /// Whether somebody tells.
    on: AtomicBool,
}

/// A message with the key of its effect.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) key: String,
    pub(crate) message: Message,
}

impl Fresh {
    /// Until when what is committed now is kept from others; none: there is no room, or nobody tells here.
    pub(crate) fn lease(&self, now: Instant) -> Option<Instant> {
        let room = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len() < MOST;
        (self.on.load(Ordering::Acquire) && room).then(|| now + LEASE)
    }

    /// It is committed.
    pub(crate) fn add(&self, told: Vec<Told>) {
        if !told.is_empty() {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
            self.woken.notify_one();
        }
    }

    fn take(&self, most: usize) -> Vec<Told> {
        front(&self.waiting, most)
    }

    fn has_out(&self) -> bool {
        !self.out.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A batch takes along the rows that have done their duty; they come back unless it says that it was committed.
    pub(crate) fn along(&self, writes: &mut Writes) -> Along<'_> {
        writes.told = front(&self.out, AT_ONCE);
        Along { fresh: self, keys: writes.told.clone() }
    }
}

fn front<T>(of: &Mutex<Vec<T>>, most: usize) -> Vec<T> {
    let mut all = of.lock().unwrap_or_else(PoisonError::into_inner);
    let some = all.len().min(most);
    all.drain(..some).collect()
}

/// Rows that a batch is deleting.
pub(crate) struct Along<'f> {
    fresh: &'f Fresh,
    keys: Vec<String>,
}

impl Along<'_> {
    /// The batch was committed.
    pub(crate) fn committed(mut self) {
        self.keys.clear();
    }
}

impl Drop for Along<'_> {
    fn drop(&mut self) {
        self.fresh.out.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.keys);
    }
}

/// Tells until it is told to stop.
pub(crate) async fn tell(core: Arc<Core>, stop: CancellationToken) {
    core.fresh.on.store(true, Ordering::Release);
    while !stop.is_cancelled() {
        tokio::select! {
            () = core.fresh.woken.notified() => {
                tokio::time::sleep(GATHER).await;
                core.tell_fresh().await;
            }
            () = tokio::time::sleep(ALONG), if core.fresh.has_out() => core.forget_told().await,
            () = stop.cancelled() => {
                core.fresh.on.store(false, Ordering::Release);
                core.tell_fresh().await;
                core.forget_told().await;
            }
        }
    }
}

impl Core {
    /// Tells all that waits.
    pub(crate) async fn tell_fresh(&self) {
        loop {
            let some = self.fresh.take(AT_ONCE);
            if some.is_empty() {
                return;
            }
            let told = join_all(some.iter().map(|one| self.bus.publish(&one.message))).await;
            let (mut out, mut left, mut why) = (Vec::new(), Vec::new(), String::new());
            for (one, told) in some.iter().zip(told) {
                match told {
                    Ok(()) => out.push(one.key.clone()),
                    Err(problem) => {
                        left.push(one.key.as_str());
                        why = problem.to_string();
                    }
                }
            }
            add(&self.counters.relayed, out.len());
            // A bus that is away is waited for once.
            let rest = if out.is_empty() { self.fresh.take(usize::MAX) } else { Vec::new() };
            left.extend(rest.iter().map(|one| one.key.as_str()));
            self.fresh.out.lock().unwrap_or_else(PoisonError::into_inner).append(&mut out);
            if let Err(e) = self.journal.effects_released(&left, self.clock.now() + LATER, &why).await {
                tracing::warn!(%e, "what could not be told is told when its lease is over");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Deletes the rows that have done their duty and that no batch took along.
    pub(crate) async fn forget_told(&self) {
        loop {
            let out = front(&self.fresh.out, AT_ONCE);
            if out.is_empty() {
                return;
            }
            let keys: Vec<&str> = out.iter().map(String::as_str).collect();
            // A row that stays is told once more under the same id when its lease is over.
            if let Err(e) = self.journal.effects_forgotten(&keys).await {
                tracing::warn!(%e, "what was told could not be forgotten; it is told again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
