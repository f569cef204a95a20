//! From an effect in the outbox to deliveries in the log, and only then out of the outbox.
//!
//! Writing the same effect twice makes the same rows, so a crash in between costs nothing. An effect that cannot be
//! taken in is tried again, a bounded number of times, without holding up those behind it; then it stays in the
//! outbox as failed.
//!
//! The petitioner is never written to from here: what they are told is a paper or a call by a person, recorded on the
//! case. Such a notice appears in the log as suppressed, with that reason.

use std::collections::BTreeSet;
use std::time::Duration;

use huiyin_journal::delivery::{Delivery, DeliveryState};

use crate::context::notice_context;
use crate::notice::{CaseNow, Contact, Instant, Notice, PETITIONER, delivery_id, message_id};
use crate::notifier::{Inner, NotifyError};
use crate::policy::{Departure, departure};
use crate::recheck::obsolete;
use crate::seams::Claimed;

/// Channel name of mails.
pub const MAIL: &str = "mail";
/// Prefix of the channel names of webhooks.
pub const WEBHOOK: &str = "webhook:";
/// Recipient of a notice that nobody could be found for.
const NOBODY: &str = "nobody";

impl Inner {
    /// Takes waiting effects in. Returns how many.
    pub(crate) async fn take_in(&self, now: Instant) -> Result<usize, NotifyError> {
        let lease = now + Duration::from_secs(self.policy.lease);
        let claimed = self.seams.outbox.claim(100, now, lease).await?;
        for effect in &claimed {
            if let Err(error) = self.take_one(effect, now).await {
                self.put_back(effect, &error.to_string(), now).await?;
            }
        }
        Ok(claimed.len())
    }

    async fn take_one(&self, effect: &Claimed, now: Instant) -> Result<(), NotifyError> {
        let notice = match &effect.notice {
            Ok(notice) => notice,
            Err(problem) => {
                tracing::error!(row = effect.row, case = %effect.case, problem, "a notice in the outbox cannot be read");
                return Ok(self.seams.outbox.fail(effect, problem).await?);
            }
        };
        let Some(case) = self.seams.cases.case(&effect.district, effect.case, now).await? else {
            return Ok(self.seams.outbox.fail(effect, "there is no such case").await?);
        };
        let rows = self.rows(effect, notice, &case, now)?;
        self.log.insert(&rows).await?;
        Ok(self.seams.outbox.done(effect).await?)
    }

    async fn put_back(&self, effect: &Claimed, why: &str, now: Instant) -> Result<(), NotifyError> {
        if effect.taken >= self.policy.intake_attempts {
            tracing::error!(row = effect.row, case = %effect.case, why, "a notice could not be taken in and is given up");
            return Ok(self.seams.outbox.fail(effect, why).await?);
        }
        tracing::warn!(row = effect.row, case = %effect.case, why, "a notice could not be taken in yet");
        let wait = Duration::from_secs(5u64.saturating_mul(1 << effect.taken.min(6)));
        Ok(self.seams.outbox.retry_at(effect, now + wait, why).await?)
    }

    fn rows(
        &self,
        effect: &Claimed,
        notice: &Notice,
        case: &CaseNow,
        now: Instant,
    ) -> Result<Vec<Delivery>, NotifyError> {
        let people: Vec<String> = notice.to.iter().filter(|to| *to != PETITIONER).cloned().collect();
        let told = once(self.seams.people.recipients(&people, notice.owner.as_deref(), case, now));
        let why = obsolete(notice, case, effect.created_at);
        let mut rows = Vec::new();
        for contact in &told {
            let mut row = self.mail_row(effect, notice, case, contact, now)?;
            if let Some(why) = &why {
                row.state = DeliveryState::Suppressed;
                row.last_result = Some(why.clone());
            }
            self.foresee(&mut row, notice, case, contact, now);
            rows.push(row);
            if why.is_none() {
                rows.extend(self.webhook_rows(effect, notice, case, contact, now)?);
            }
        }
        if notice.to.iter().any(|to| to == PETITIONER) {
            let mut row = self.row(effect, notice, case, PETITIONER, "信访人", MAIL, now)?;
            row.state = DeliveryState::Suppressed;
            row.last_result =
                Some("the petitioner is told by the handler, by the channel they gave; nothing is mailed".into());
            rows.push(row);
        }
        if told.is_empty() && !people.is_empty() {
            let mut row = self.row(effect, notice, case, NOBODY, "", MAIL, now)?;
            row.state = DeliveryState::Failed;
            row.last_result = Some(format!("nobody could be found for {}", people.join(", ")));
            tracing::error!(case = case.number, key = notice.key, "a notice has no recipient");
            rows.push(row);
        }
        Ok(rows)
    }

    /// How it would read if it went out now, so that the console can show what is held. Written anew before it is sent.
    fn foresee(&self, row: &mut Delivery, notice: &Notice, case: &CaseNow, to: &Contact, now: Instant) {
        let context = notice_context(notice, case, to, &row.timeline, &self.console_url, now, &*self.seams.hours);
        match self.render(&row.template, &context) {
            Ok(rendered) => self.write(row, rendered, to, &context.number),
            Err(error) => tracing::warn!(case = case.number, %error, "a notice cannot be shown before it is sent"),
        }
    }

    /// The mail to one recipient: queued when urgent, held for the digest otherwise.
    pub(crate) fn mail_row(
        &self,
        effect: &Claimed,
        notice: &Notice,
        case: &CaseNow,
        to: &Contact,
        now: Instant,
    ) -> Result<Delivery, NotifyError> {
        let mut row = self.row(effect, notice, case, &to.id, &to.name, MAIL, now)?;
        row.address = to.mail.clone().unwrap_or_default();
        if let Departure::Digest(at) = departure(notice.urgent, now, &*self.seams.hours) {
            row.state = DeliveryState::Held;
            row.hold_until = Some(at);
            row.next_at = at;
        }
        Ok(row)
    }

    fn webhook_rows(
        &self,
        effect: &Claimed,
        notice: &Notice,
        case: &CaseNow,
        to: &Contact,
        now: Instant,
    ) -> Result<Vec<Delivery>, NotifyError> {
        let mut rows = Vec::new();
        for name in self.webhooks.names(notice.urgent) {
            let mut row = self.row(effect, notice, case, &to.id, &to.name, &format!("{WEBHOOK}{name}"), now)?;
            row.address = name.to_owned();
            if !notice.urgent && !self.seams.hours.is_open(now) {
                row.next_at = self.seams.hours.next_opening(now);
            }
            rows.push(row);
        }
        Ok(rows)
    }

    #[expect(clippy::too_many_arguments, reason = "one row has that many origins")]
    fn row(
        &self,
        effect: &Claimed,
        notice: &Notice,
        case: &CaseNow,
        recipient: &str,
        name: &str,
        channel: &str,
        now: Instant,
    ) -> Result<Delivery, NotifyError> {
        let id = delivery_id(effect.case, &notice.key, channel, recipient);
        Ok(Delivery {
            id,
            district: effect.district.clone(),
            timeline: effect.timeline.clone(),
            case: Some(effect.case),
            case_number: case.number.clone(),
            effect_key: notice.key.clone(),
            channel: channel.to_owned(),
            recipient: recipient.to_owned(),
            recipient_name: name.to_owned(),
            address: String::new(),
            template: notice.template.clone(),
            clock: notice.rung.as_ref().map(|rung| rung.clock.clone()),
            rung: notice.rung.as_ref().map(|rung| rung.at.clone()),
            urgent: notice.urgent,
            notice: serde_json::to_string(notice).map_err(|e| NotifyError::Notice(e.to_string()))?,
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            message_id: message_id(id, &self.id_domain),
            state: DeliveryState::Queued,
            hold_until: None,
            next_at: now,
            attempts: 0,
            last_result: None,
            digest: None,
            created_at: effect.created_at,
            updated_at: now,
        })
    }
}

/// Each person once, and each address once.
pub(crate) fn once(contacts: Vec<Contact>) -> Vec<Contact> {
    let (mut ids, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    contacts
        .into_iter()
        .filter(|contact| {
            ids.insert(contact.id.clone())
                && contact.mail.as_ref().is_none_or(|mail| addresses.insert(mail.to_lowercase()))
        })
        .collect()
}
