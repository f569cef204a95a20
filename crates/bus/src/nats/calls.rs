//! Questions from process to process by request and reply, and what this process offers to answer. Everything that is
//! offered is a NATS service, so that `nats micro ls` shows who runs and how it fares.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Request;
use async_nats::service::endpoint::Endpoint;
use async_nats::service::{Service, ServiceExt as _};
use futures_util::StreamExt as _;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{Nats, NatsError};
use crate::{BusError, Calls, Later};

/// Longest wait for one answer. A process that was killed, or stands still, says nothing; another one is asked then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Questions that one process works on at the same time; the others wait at the server or go to another process.
const AT_ONCE: usize = 512;

/// Answers questions.
pub trait Answers: Send + Sync + 'static {
    /// The answer to a question that came under an address.
    fn answer(&self, address: String, question: Vec<u8>) -> Later<'_, Vec<u8>>;
}

/// What this process offers to others; withdrawn when it is dropped.
#[derive(Debug)]
pub struct Offered {
    service: Option<Service>,
    answering: JoinHandle<()>,
}

impl Offered {
    /// Takes no more questions and lets those under way be answered.
    pub async fn withdraw(mut self) {
        if let Some(service) = self.service.take()
            && let Err(error) = service.stop().await
        {
            tracing::debug!(%error, "a service was not withdrawn in order");
        }
        // The endpoint ends with its service.
        let _ = (&mut self.answering).await;
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

impl Nats {
    /// Answers what comes under `address`, which may have wildcards; several processes of the same `group` share it.
    /// `name` and what it is for are what `nats micro ls` shows.
    ///
    /// # Errors
    /// When the client cannot subscribe at all; a server that is away is waited for.
    pub async fn offer(
        &self,
        name: &str,
        what_for: &str,
        address: &str,
        group: &str,
        answers: Arc<dyn Answers>,
    ) -> Result<Offered, NatsError> {
        let failed = |e: async_nats::Error| NatsError::JetStream(format!("{name} cannot be offered: {e}"));
        let service = self.client.service_builder().description(what_for);
        let service = service.start(name, env!("CARGO_PKG_VERSION")).await.map_err(failed)?;
        let endpoint = service.endpoint_builder().name("ask").queue_group(group).add(address).await.map_err(failed)?;
        let answering = tokio::spawn(answer_all(endpoint, answers));
        Ok(Offered { service: Some(service), answering })
    }
}

impl Calls for Nats {
    fn ask(&self, address: String, question: Vec<u8>) -> Later<'_, Result<Vec<u8>, BusError>> {
        Box::pin(async move {
            let request = Request::new().payload(question.into()).timeout(Some(PATIENCE));
            let answered = self.client.send_request(address.clone(), request).await;
            let answered = answered.map_err(|e| BusError { id: address, problem: e.to_string() })?;
            Ok(answered.payload.to_vec())
        })
    }

    fn leave<'a>(&'a self, address: String, id: &'a str, message: Vec<u8>) -> Later<'a, Result<(), BusError>> {
        Box::pin(async move { Self::leave(self, address, id, message).await })
    }
}

async fn answer_all(mut endpoint: Endpoint, answers: Arc<dyn Answers>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(request) = endpoint.next().await {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            let (address, question) = (request.message.subject.to_string(), request.message.payload.to_vec());
            let answer = answers.answer(address, question).await;
            if let Err(error) = request.respond(Ok(answer.into())).await {
                tracing::debug!(%error, "an answer could not be sent; who asked asks again");
            }
            drop(place);
        });
    }
    // Those under way are answered before this counts as ended.
    let _ = room.acquire_many(u32::try_from(AT_ONCE).unwrap_or(u32::MAX)).await;
}
