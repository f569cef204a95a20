//! The worker: one round of intake, digests and attempts per [`Notifier::tick`], over and over by [`Notifier::start`].
//!
//! Any number of them may run on one database: effects and deliveries are claimed under a lease.

use std::sync::Arc;
use std::time::Duration;

use huiyin_journal::delivery::{Deliveries, DeliveryError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{LOCAL_DOMAIN, NotifyConfig, Policy, SmtpConfig};
use crate::seams::{Cases, Clock, EffectSource, OfficeHours, People, Unavailable};
use crate::smtp::{Relays, SmtpConfigError};
use crate::templates::{TemplateError, Templates};
use crate::webhook::{WebhookConfigError, Webhooks};

/// Longest rest between two rounds: how late a new effect can be noticed.
const REST: Duration = Duration::from_secs(1);
/// Rest after a round that failed as a whole.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Rounds of one kind within a tick, so that a tick ends.
const ROUNDS: usize = 50;

/// The rest of the house as `notify` sees it.
#[derive(Clone)]
pub struct Seams {
    /// Outbox.
    pub outbox: Arc<dyn EffectSource>,
    /// Cases.
    pub cases: Arc<dyn Cases>,
    /// Directory.
    pub people: Arc<dyn People>,
    /// Calendar.
    pub hours: Arc<dyn OfficeHours>,
    /// Clock.
    pub clock: Arc<dyn Clock>,
}

/// Something keeps a round, or one delivery, from going on.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The delivery log.
    #[error(transparent)]
    Log(#[from] DeliveryError),
    /// Another part of the house.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A stored notice.
    #[error("a stored notice cannot be read: {0}")]
    Notice(String),
    /// Configuration of mail.
    #[error(transparent)]
    Smtp(#[from] SmtpConfigError),
    /// Configuration of webhooks.
    #[error(transparent)]
    Webhook(#[from] WebhookConfigError),
}

impl NotifyError {
    /// Whether it lies in the notice itself, so that another try gives the same.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Notice(_) | Self::Template(_))
    }
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Effects taken in.
    pub taken: usize,
    /// Digests put together.
    pub digests: usize,
    /// Deliveries attended to: sent, kept, put off or suppressed.
    pub attended: usize,
}

/// What the modules of this crate share.
pub(crate) struct Inner {
    pub(crate) seams: Seams,
    pub(crate) log: Deliveries,
    pub(crate) templates: Templates,
    pub(crate) smtp: Option<SmtpConfig>,
    pub(crate) relays: Option<Relays>,
    pub(crate) webhooks: Webhooks,
    pub(crate) policy: Policy,
    pub(crate) console_url: String,
    pub(crate) id_domain: String,
    /// Held between counting the attempts to an address and beginning one more.
    pub(crate) counting: tokio::sync::Mutex<()>,
}

/// The worker that takes notices to people.
#[derive(Clone)]
pub struct Notifier {
    inner: Arc<Inner>,
}

/// A running worker; [`Running::stop`] lets the round under way end.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Notifier {
    /// Checks the configuration, reads its secrets, connects to nothing.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: NotifyConfig, templates: Templates, log: Deliveries, seams: Seams) -> Result<Self, NotifyError> {
        let relays = config.smtp.as_ref().map(Relays::new).transpose()?;
        let webhooks = Webhooks::new(&config.webhooks)?;
        let id_domain = config.smtp.as_ref().map_or(LOCAL_DOMAIN, SmtpConfig::id_domain).to_owned();
        Ok(Self {
            inner: Arc::new(Inner {
                seams,
                log,
                templates,
                relays,
                webhooks,
                id_domain,
                counting: tokio::sync::Mutex::new(()),
                smtp: config.smtp,
                policy: config.policy,
                console_url: config.console_url.trim_end_matches('/').to_owned(),
            }),
        })
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// One round at the clock's present: everything that waits is taken in, put into digests, and attempted once.
    ///
    /// # Errors
    /// When the store or the outbox does not answer. What was done stays done.
    pub async fn tick(&self) -> Result<Round, NotifyError> {
        let inner = &self.inner;
        let now = inner.seams.clock.now();
        let mut round = Round::default();
        for _ in 0..ROUNDS {
            let taken = inner.take_in(now).await?;
            round.taken += taken;
            if taken == 0 {
                break;
            }
        }
        round.digests = inner.compose_due(now).await?;
        for _ in 0..ROUNDS {
            let attended = inner.send_due(now).await?;
            round.attended += attended;
            if attended == 0 {
                break;
            }
        }
        Ok(round)
    }

    /// Runs rounds until stopped.
    #[must_use]
    pub fn start(self) -> Running {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            loop {
                let rest = match self.tick().await {
                    Ok(_) => REST,
                    Err(error) => {
                        tracing::error!(%error, "a round of notices failed");
                        AFTER_FAILURE
                    }
                };
                tokio::select! {
                    () = self.inner.seams.clock.sleep(rest) => {}
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
            }
        });
        Running { stop, task }
    }
}

impl Running {
    /// Lets the round under way end, then stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the notifier ended abruptly");
        }
    }
}
