//! One attempt at each delivery whose time has come: read the case again, look the recipient up again, render, record
//! that an attempt begins, send, record how it ended.
//!
//! Deliveries are attempted side by side, bounded, urgent ones first; one that fails, stalls or panics holds up no other.
//! A mail of an exercise is never given to a relay: [`Inner::destination`] is the only way to one.

use std::sync::Arc;
use std::time::Duration;

use huiyin_journal::delivery::{Attempt, AttemptOutcome, Delivery, DeliveryState, Finish};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::context::{NoticeContext, notice_context};
use crate::intake::{MAIL, WEBHOOK, once};
use crate::message::{Outgoing, build};
use crate::notice::{CaseNow, Contact, Instant, Notice, REAL};
use crate::notifier::{Inner, NotifyError};
use crate::policy::{relay_for, retry_at, room};
use crate::recheck::obsolete;
use crate::seams::Claimed;
use crate::smtp::Sent;
use crate::templates::{BULLETIN, FALLBACK, Rendered};
use crate::webhook::Call;

/// Ends the effect key of a notice that went to somebody else because its recipient could not be reached.
const BACKUP: &str = "/backup";
/// What a delivery waits when a part of the house does not answer.
const SHORT: Duration = Duration::from_secs(30);
/// How long a delivery is put off in that way before it is given up.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A notice that still holds, with what is needed to write it.
pub(crate) struct Valid {
    pub(crate) context: NoticeContext,
    pub(crate) contact: Contact,
    pub(crate) due_at: Option<Instant>,
    pub(crate) hour_clock: bool,
}

/// What re-reading the case said.
pub(crate) enum Checked {
    Valid(Box<Valid>),
    Obsolete(String),
}

/// Where a delivery may go.
enum Destination {
    Relay,
    Webhook(String),
    Local(&'static str),
}

impl Inner {
    /// Attempts everything that is due, within the global rate. Returns how many deliveries were touched.
    pub(crate) async fn send_due(self: &Arc<Self>, now: Instant) -> Result<usize, NotifyError> {
        let used = self.log.attempts_since(now - Duration::from_secs(60)).await?;
        let room = room(self.policy.all_per_minute, used).min(200);
        if room == 0 {
            return Ok(0);
        }
        let lease = now + Duration::from_secs(self.policy.lease);
        let outbox = &self.seams.outbox;
        let claimed = self.log.claim_due_in(outbox.district(), outbox.timeline(), now, lease, room).await?;
        let touched = claimed.len();
        let mut running = JoinSet::new();
        for delivery in claimed {
            if running.len() >= self.policy.concurrency.max(1) {
                settled(running.join_next().await);
            }
            let inner = Arc::clone(self);
            running.spawn(async move { inner.attend(delivery, now).await });
        }
        while let Some(ended) = running.join_next().await {
            settled(Some(ended));
        }
        Ok(touched)
    }

    async fn attend(&self, delivery: Delivery, now: Instant) {
        let (id, number, since) = (delivery.id, delivery.case_number.clone(), delivery.created_at);
        let result = match delivery.case {
            None if delivery.template == BULLETIN => self.deliver_bulletin(delivery, now).await,
            None => self.deliver_digest(delivery, now).await,
            Some(_) => self.deliver(delivery, now).await,
        };
        let Err(error) = result else { return };
        let why = error.to_string();
        let recorded = if error.is_final() || now > since + PATIENCE {
            tracing::error!(%id, case = number, why, "a delivery is given up");
            self.log.settle(id, DeliveryState::Failed, &why, now).await
        } else {
            tracing::warn!(%id, case = number, why, "a delivery is put off");
            self.log.defer(id, now + SHORT, &why, now).await
        };
        if let Err(error) = recorded {
            tracing::error!(%id, %error, "that could not be written; the delivery is taken up again after its lease");
        }
    }

    async fn deliver(&self, mut delivery: Delivery, now: Instant) -> Result<(), NotifyError> {
        let valid = match self.check(&delivery, now).await? {
            Checked::Valid(valid) => valid,
            Checked::Obsolete(why) => {
                return Ok(self.log.settle(delivery.id, DeliveryState::Suppressed, &why, now).await?);
            }
        };
        let rendered = self.render(&delivery.template, &valid.context)?;
        self.write(&mut delivery, rendered, &valid.contact, &valid.context.number);
        self.log.rendered(&delivery, now).await?;
        self.hand_over(&delivery, Some(&valid), now).await
    }

    /// Reads the case and the directory again.
    pub(crate) async fn check(&self, delivery: &Delivery, now: Instant) -> Result<Checked, NotifyError> {
        let notice: Notice = serde_json::from_str(&delivery.notice).map_err(|e| NotifyError::Notice(e.to_string()))?;
        let id = delivery.case.unwrap_or_default();
        let Some(case) = self.seams.cases.case(&delivery.district, id, now).await? else {
            return Ok(Checked::Obsolete("there is no such case".into()));
        };
        if let Some(why) = obsolete(&notice, &case, delivery.created_at) {
            return Ok(Checked::Obsolete(why));
        }
        let told = once(self.seams.people.recipients(&notice.to, notice.owner.as_deref(), &case, now));
        if delivery.attempts == 0 && delivery.channel == MAIL {
            self.tell_the_new(delivery, &notice, &case, &told, now).await?;
        }
        let Some(contact) = told.into_iter().find(|contact| contact.id == delivery.recipient) else {
            return Ok(Checked::Obsolete(format!("{} is no longer a recipient", delivery.recipient_name)));
        };
        let clock = notice.rung.as_ref().and_then(|rung| case.clock(rung));
        let (due_at, hour_clock) = (clock.and_then(|c| c.due_at), clock.is_some_and(|c| c.hours));
        let context =
            notice_context(&notice, &case, &contact, &delivery.timeline, &self.console_url, now, &*self.seams.hours);
        Ok(Checked::Valid(Box::new(Valid { context, contact, due_at, hour_clock })))
    }

    /// Somebody who became a recipient after the notice was taken in gets it too.
    async fn tell_the_new(
        &self,
        delivery: &Delivery,
        notice: &Notice,
        case: &CaseNow,
        told: &[Contact],
        now: Instant,
    ) -> Result<(), NotifyError> {
        let effect = effect_of(delivery, notice);
        let rows = told
            .iter()
            .filter(|contact| contact.id != delivery.recipient)
            .map(|contact| self.mail_row(&effect, notice, case, contact, now))
            .collect::<Result<Vec<_>, _>>()?;
        // the hour of this notice has come: theirs comes with it
        let rows: Vec<Delivery> = rows
            .into_iter()
            .map(|row| Delivery { next_at: now, hold_until: row.hold_until.map(|_| now), ..row })
            .collect();
        self.log.insert(&rows).await?;
        Ok(())
    }

    /// Renders; a template that fails on these values gives way to the built-in one, so that nobody goes untold.
    pub(crate) fn render(&self, template: &str, context: &NoticeContext) -> Result<Rendered, NotifyError> {
        self.templates.notice(template, context).or_else(|error| {
            tracing::error!(template, %error, "a template failed; the built-in one is used");
            Ok(self.templates.notice(FALLBACK, context)?)
        })
    }

    pub(crate) fn write(&self, delivery: &mut Delivery, rendered: Rendered, to: &Contact, number: &str) {
        delivery.subject = rendered.subject;
        delivery.text = rendered.text;
        delivery.html = rendered.html;
        delivery.recipient_name.clone_from(&to.name);
        number.clone_into(&mut delivery.case_number);
        if delivery.channel == MAIL {
            delivery.address = to.mail.clone().unwrap_or_default();
        }
    }

    fn destination(&self, delivery: &Delivery) -> Destination {
        if delivery.timeline != REAL {
            return Destination::Local("演练：an exercise never reaches the real world");
        }
        if let Some(name) = delivery.channel.strip_prefix(WEBHOOK) {
            return Destination::Webhook(name.to_owned());
        }
        if self.relays.is_none() {
            return Destination::Local("no relay is configured");
        }
        if delivery.address.is_empty() {
            return Destination::Local("the recipient has no mail address");
        }
        Destination::Relay
    }

    /// The attempt itself. `valid` is what a webhook tells; a digest has none and never goes to a webhook.
    pub(crate) async fn hand_over(
        &self,
        delivery: &Delivery,
        valid: Option<&Valid>,
        now: Instant,
    ) -> Result<(), NotifyError> {
        let destination = self.destination(delivery);
        if let Destination::Local(why) = destination {
            return self.end(delivery, DeliveryState::Local, why, now).await;
        }
        // counted and begun under one lock, else those side by side would all find the same room
        let counting = self.counting.lock().await;
        if let Some(later) = self.too_many(delivery, now).await? {
            return Ok(self
                .log
                .defer(delivery.id, later, "too many mails to this address within an hour", now)
                .await?);
        }
        let relays = self.relays.as_ref().map_or(1, |relays| relays.len());
        let refused = self.refused(delivery).await?;
        let relay = relay_for(delivery.attempts, relays, &refused);
        let via = match &destination {
            Destination::Webhook(name) => name.clone(),
            _ => self.relays.as_ref().map(|relays| relays.name(relay).to_owned()).unwrap_or_default(),
        };
        let Some(n) = self.log.begin_attempt(delivery.id, &delivery.address, &via, now).await? else {
            return Ok(());
        };
        drop(counting);
        let sent = match (&destination, valid) {
            (Destination::Webhook(name), Some(valid)) => self.call(name, delivery, valid, now).await,
            (Destination::Relay, _) => self.mail(relay, delivery, now).await,
            _ => Sent::Permanent("nothing to tell".into()),
        };
        let hour_clock = valid.is_some_and(|valid| valid.hour_clock);
        self.conclude(delivery, n, sent, hour_clock, now).await
    }

    async fn mail(&self, relay: usize, delivery: &Delivery, now: Instant) -> Sent {
        let (Some(config), Some(relays)) = (&self.smtp, &self.relays) else {
            return Sent::Transient("no relay is configured".into());
        };
        let outgoing = Outgoing {
            to_name: &delivery.recipient_name,
            to: &delivery.address,
            subject: &delivery.subject,
            text: &delivery.text,
            html: &delivery.html,
            message_id: &delivery.message_id,
            at: now,
            urgent: delivery.urgent,
        };
        match build(config, &outgoing) {
            Ok(message) => relays.send(relay, &message).await,
            Err(error) => Sent::Permanent(error.to_string()),
        }
    }

    async fn call(&self, name: &str, delivery: &Delivery, valid: &Valid, now: Instant) -> Sent {
        let call = Call {
            id: delivery.id,
            district: &delivery.district,
            recipient: &delivery.recipient,
            urgent: delivery.urgent,
            template: &delivery.template,
            subject: &delivery.subject,
            notice: &valid.context,
        };
        self.webhooks.call(name, &call, now).await
    }

    /// When an address has had its share: the instant at which it may be written to again.
    async fn too_many(&self, delivery: &Delivery, now: Instant) -> Result<Option<Instant>, NotifyError> {
        if delivery.channel != MAIL {
            return Ok(None);
        }
        let limit =
            if delivery.urgent { self.policy.recipient_urgent_per_hour } else { self.policy.recipient_per_hour };
        let used = self.log.attempts_to_since(&delivery.address, now - Duration::from_secs(3600)).await?;
        let wait = if delivery.urgent { 60 } else { 900 };
        Ok((room(limit, used) == 0).then(|| now + Duration::from_secs(wait)))
    }

    async fn conclude(
        &self,
        delivery: &Delivery,
        n: i32,
        sent: Sent,
        hour_clock: bool,
        now: Instant,
    ) -> Result<(), NotifyError> {
        let relays = self.relays.as_ref().map_or(1, |relays| relays.len());
        let next = retry_at(&self.policy, delivery.urgent, hour_clock, n, relays, now, &*self.seams.hours);
        let refusal = delivery.channel == MAIL && matches!(sent, Sent::Permanent(_));
        let others = refusal && self.left(delivery, relays).await? > 1;
        let again = || next.map_or(Finish::Settled(DeliveryState::Failed), Finish::Retry);
        let (outcome, words, then) = match sent {
            Sent::Accepted(words) => (AttemptOutcome::Accepted, words, Finish::Settled(DeliveryState::Sent)),
            Sent::Permanent(words) if others => (AttemptOutcome::Permanent, words, again()),
            Sent::Permanent(words) => (AttemptOutcome::Permanent, words, Finish::Settled(DeliveryState::Failed)),
            Sent::Transient(words) => (AttemptOutcome::Transient, words, again()),
        };
        self.log.finish_attempt(delivery.id, n, outcome, &words, &then, now).await?;
        if let Finish::Settled(state) = then {
            self.end_members(delivery, state, now).await?;
        }
        let failed = then == Finish::Settled(DeliveryState::Failed);
        if failed {
            tracing::error!(id = %delivery.id, case = delivery.case_number, words, "a delivery failed for good");
        }
        let unreached = failed || (outcome != AttemptOutcome::Accepted && n >= self.policy.backup_after);
        if unreached && delivery.urgent {
            self.tell_backup(delivery, now).await?;
        }
        Ok(())
    }

    /// How many relays have not refused this delivery for good. A relay may refuse for reasons of its own (a list of
    /// senders, a policy), so its refusal ends nothing but itself.
    async fn left(&self, delivery: &Delivery, relays: usize) -> Result<usize, NotifyError> {
        Ok(relays - self.refused(delivery).await?.len().min(relays))
    }

    /// Relays that refused this delivery for good.
    async fn refused(&self, delivery: &Delivery) -> Result<Vec<usize>, NotifyError> {
        let Some(relays) = &self.relays else { return Ok(Vec::new()) };
        let Some((_, attempts)) = self.log.get(delivery.id).await? else { return Ok(Vec::new()) };
        let refuses = |relay: &usize| {
            let by = |attempt: &&Attempt| attempt.via == relays.name(*relay);
            attempts.iter().filter(by).any(|attempt| attempt.outcome == AttemptOutcome::Permanent)
        };
        Ok((0..relays.len()).filter(refuses).collect())
    }

    /// An urgent notice that does not get through goes to somebody else as well, once.
    async fn tell_backup(&self, delivery: &Delivery, now: Instant) -> Result<(), NotifyError> {
        if delivery.effect_key.ends_with(BACKUP) || delivery.channel != MAIL {
            return Ok(());
        }
        let mut notice: Notice =
            serde_json::from_str(&delivery.notice).map_err(|e| NotifyError::Notice(e.to_string()))?;
        notice.to.clone_from(&self.policy.backup);
        notice.key.push_str(BACKUP);
        let id = delivery.case.unwrap_or_default();
        let Some(case) = self.seams.cases.case(&delivery.district, id, now).await? else { return Ok(()) };
        let effect = effect_of(delivery, &notice);
        let told = once(self.seams.people.recipients(&notice.to, notice.owner.as_deref(), &case, now));
        let rows = told
            .iter()
            .filter(|contact| contact.id != delivery.recipient)
            .map(|contact| self.mail_row(&effect, &notice, &case, contact, now))
            .collect::<Result<Vec<_>, _>>()?;
        self.log.insert(&rows).await?;
        Ok(())
    }

    /// Ends a delivery without an attempt, and what it carries.
    pub(crate) async fn end(
        &self,
        delivery: &Delivery,
        state: DeliveryState,
        why: &str,
        now: Instant,
    ) -> Result<(), NotifyError> {
        self.end_members(delivery, state, now).await?;
        Ok(self.log.settle(delivery.id, state, why, now).await?)
    }

    async fn end_members(&self, delivery: &Delivery, state: DeliveryState, now: Instant) -> Result<(), NotifyError> {
        if delivery.case.is_some() {
            return Ok(());
        }
        let why = format!("with the digest {}", delivery.message_id);
        Ok(self.log.settle_members(delivery.id, state, &why, now).await?)
    }
}

fn settled(ended: Option<Result<(), tokio::task::JoinError>>) {
    if let Some(Err(error)) = ended {
        tracing::error!(%error, "a delivery ended abruptly; it is taken up again after its lease");
    }
}

/// The effect a delivery came from, as far as rows are made of it.
fn effect_of(delivery: &Delivery, notice: &Notice) -> Claimed {
    Claimed {
        row: 0,
        district: delivery.district.clone(),
        timeline: delivery.timeline.clone(),
        case: delivery.case.unwrap_or(Uuid::nil()),
        created_at: delivery.created_at,
        taken: 1,
        notice: Ok(notice.clone()),
    }
}
