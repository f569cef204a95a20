//! Messages between the roles of the house: what was committed, told to whoever listens.
//!
//! A [`Message`] is a CloudEvent 1.0. The [`Bus`] is transport and nothing more: losing every message loses no case,
//! because the database is the record. [`InProcess`] serves one process, [`Nats`] many.

mod in_process;
mod message;
mod nats;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use in_process::InProcess;
pub use message::Message;
pub use nats::{Answers, Nats, NatsConfig, NatsError, OLDEST_SERVER, Offered, Taken, Worker};

/// A boxed future.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A message did not get through; it is to be sent again.
#[derive(Debug, thiserror::Error)]
#[error("the message bus did not take {id}: {problem}")]
pub struct BusError {
    /// Message id.
    pub id: String,
    /// Why.
    pub problem: String,
}

/// Carries messages to all who listen.
pub trait Bus: Send + Sync + std::fmt::Debug {
    /// Takes responsibility for a message. Publishing the same id again is harmless.
    fn publish<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), BusError>>;

    /// Messages from now on, also those of other processes where there are any. Who is too slow loses the oldest.
    fn listen(&self) -> tokio::sync::broadcast::Receiver<Arc<Message>>;

    /// A number that grows whenever messages may have been lost on their way here: who listens asks the record again.
    fn gaps(&self) -> tokio::sync::watch::Receiver<u64>;

    /// Whether messages outlive this process, so that what is to be published must be written down first.
    fn durable(&self) -> bool;
}

/// Asks other processes.
pub trait Calls: Send + Sync + std::fmt::Debug {
    /// Asks whoever answers under an address, and waits for the answer.
    ///
    /// # Errors
    /// When nobody answers, or not in time; the question may have arrived all the same.
    fn ask(&self, address: String, question: Vec<u8>) -> Later<'_, Result<Vec<u8>, BusError>>;
}
