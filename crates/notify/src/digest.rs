//! One mail per recipient and working day for everything that is not urgent.
//!
//! A digest is a delivery like any other, without a case; the notices in it point to it and share its fate.
//! It is put together at the opening of the office, and once more before each attempt, so that a matter answered
//! meanwhile is not in it.

use std::collections::BTreeMap;
use std::time::Duration;

use huiyin_journal::delivery::{Delivery, DeliveryState, Digest, DigestDue};
use uuid::Uuid;

use crate::context::{DigestContext, DigestLine};
use crate::dispatch::{Checked, Valid};
use crate::intake::MAIL;
use crate::notice::{Contact, Instant, REAL, digest_id, message_id};
use crate::notifier::{Inner, NotifyError};
use crate::policy::opening_after_today;
use crate::seams::Unavailable;
use crate::templates::{DIGEST, Rendered};

/// Recipients looked after in one round.
const RECIPIENTS: u32 = 200;
/// The recipient's own cases in the console; a test of the console holds that there is such a page.
pub const WORK_LIST: &str = "/work?view=mine";
/// How long a digest waits for a case that cannot be read, before it goes out without it.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A notice that still holds, and what is said of it.
type Line = (Delivery, Box<Valid>);

/// What a notice is about: a clock of a case, or else what its template says of the case.
type Subject = (Option<Uuid>, Option<String>, Option<String>);

fn subject(row: &Delivery) -> Subject {
    let template = row.clock.is_none().then(|| row.template.clone());
    (row.case, row.clock.clone(), template)
}

/// One line per case, by what presses most there; the others on the same case are counted.
fn by_case(valid: &[Line]) -> Vec<DigestLine> {
    let mut lines: Vec<(Option<Uuid>, DigestLine)> = Vec::new();
    for (row, details) in valid {
        if let Some((_, line)) = lines.iter_mut().find(|(case, _)| *case == row.case) {
            line.more += 1;
            continue;
        }
        lines.push((row.case, DigestLine { subject: row.subject.clone(), more: 0, notice: details.context.clone() }));
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

impl Inner {
    /// Puts the digests together that are due. Returns how many.
    pub(crate) async fn compose_due(&self, now: Instant) -> Result<usize, NotifyError> {
        let mut composed = 0;
        for due in
            self.log.due_digests_in(self.seams.outbox.district(), self.seams.outbox.timeline(), now, RECIPIENTS).await?
        {
            match self.compose(&due, now).await {
                Ok(true) => composed += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(recipient = due.recipient, %error, "a digest is put off to the next round");
                }
            }
        }
        Ok(composed)
    }

    async fn compose(&self, due: &DigestDue, now: Instant) -> Result<bool, NotifyError> {
        let held = self.log.held(due, now, self.policy.digest_lines).await?;
        if !self.seams.hours.is_open(now) {
            self.hold_all(&held, self.seams.hours.next_opening(now), now).await?;
            return Ok(false);
        }
        let (valid, unread) = self.still_valid(held, now).await?;
        if let Some(row) = unread.first() {
            // stays held; comes with the next digest once its case can be read
            tracing::warn!(
                recipient = due.recipient,
                case = row.case_number,
                unread = unread.len(),
                "left out of a digest"
            );
        }
        let Some((first, _)) = valid.first() else { return Ok(false) };
        let day = self.seams.hours.local_day(now).format("%Y-%m-%d").to_string();
        let carrier = self.carrier(first, &day, now);
        let notices: Vec<Uuid> = valid.iter().map(|(row, _)| row.id).collect();
        let digest = Digest { carrier: &carrier, day: &day, notices: &notices };
        if self.log.compose_digest(&digest, now).await? {
            return Ok(true);
        }
        let rows: Vec<Delivery> = valid.into_iter().map(|(row, _)| row).collect();
        self.hold_all(&rows, opening_after_today(now, &*self.seams.hours), now).await?;
        Ok(false)
    }

    async fn hold_all(&self, held: &[Delivery], until: Instant, now: Instant) -> Result<(), NotifyError> {
        for row in held {
            self.log.hold(row.id, until, now).await?;
        }
        Ok(())
    }

    /// Sends a digest: what still holds of it.
    pub(crate) async fn deliver_digest(&self, mut carrier: Delivery, now: Instant) -> Result<(), NotifyError> {
        let members = self.log.members(carrier.id).await?;
        let held = members.into_iter().filter(|row| row.state == DeliveryState::Held).collect();
        let (mut valid, unread) = self.still_valid(held, now).await?;
        for row in &unread {
            if now < carrier.created_at + PATIENCE {
                return Err(Unavailable(format!("case {} cannot be read", row.case_number)).into());
            }
            self.log.settle(row.id, DeliveryState::Failed, "its case could not be read", now).await?;
        }
        if valid.is_empty() {
            return self.end(&carrier, DeliveryState::Suppressed, "nothing in it holds any more", now).await;
        }
        valid.sort_by_key(|(row, valid)| (valid.due_at.is_none(), valid.due_at, row.created_at, row.id));
        for (row, valid) in &mut valid {
            let rendered = self.render(&row.template, &valid.context)?;
            self.write(row, rendered, &valid.contact, &valid.context.number);
            self.log.rendered(row, now).await?;
        }
        let (rendered, contact) = self.digest_text(&valid, &carrier, now)?;
        self.write(&mut carrier, rendered, &contact, "");
        self.log.rendered(&carrier, now).await?;
        self.hand_over(&carrier, None, now).await
    }

    fn digest_text(
        &self,
        valid: &[Line],
        carrier: &Delivery,
        now: Instant,
    ) -> Result<(Rendered, Contact), NotifyError> {
        let (row, first) = valid.first().ok_or_else(|| NotifyError::Notice("an empty digest".into()))?;
        if valid.len() == 1 {
            let alone = Rendered { subject: row.subject.clone(), text: row.text.clone(), html: row.html.clone() };
            return Ok((alone, first.contact.clone()));
        }
        let lines = by_case(valid);
        let context = DigestContext {
            count: lines.len(),
            link: format!("{}{WORK_LIST}", self.console_url),
            now_text: self.seams.hours.in_words(now),
            recipient_name: first.context.recipient_name.clone(),
            district_name: first.context.district_name.clone(),
            exercise: carrier.timeline != REAL,
            lines,
        };
        Ok((self.templates.digest(&context)?, first.contact.clone()))
    }

    /// Of these notices, those that still hold; of several rungs of one clock, and of several notices of one template
    /// on one case, only the latest. The others are suppressed.
    /// Second: those whose case cannot be read now.
    async fn still_valid(&self, held: Vec<Delivery>, now: Instant) -> Result<(Vec<Line>, Vec<Delivery>), NotifyError> {
        let mut latest: BTreeMap<Subject, Uuid> = BTreeMap::new();
        for row in &held {
            latest.insert(subject(row), row.id);
        }
        let (mut valid, mut unread) = (Vec::new(), Vec::new());
        for row in held {
            if latest.get(&subject(&row)).is_some_and(|id| *id != row.id) {
                let why = if row.clock.is_some() { "rung of the same clock" } else { "notice of the same kind" };
                self.suppress(&row, &format!("a later {why} is in the same digest"), now).await?;
                continue;
            }
            match self.check(&row, now).await {
                Ok(Checked::Valid(details)) => valid.push((row, details)),
                Ok(Checked::Obsolete(why)) => self.suppress(&row, &why, now).await?,
                Err(NotifyError::Unavailable(_)) => unread.push(row),
                Err(error) if error.is_final() => {
                    self.log.settle(row.id, DeliveryState::Failed, &error.to_string(), now).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok((valid, unread))
    }

    async fn suppress(&self, row: &Delivery, why: &str, now: Instant) -> Result<(), NotifyError> {
        Ok(self.log.settle(row.id, DeliveryState::Suppressed, why, now).await?)
    }

    fn carrier(&self, like: &Delivery, day: &str, now: Instant) -> Delivery {
        let id = digest_id(&like.district, &like.timeline, &like.recipient, day);
        Delivery {
            id,
            case: None,
            case_number: String::new(),
            effect_key: format!("digest/{day}"),
            channel: MAIL.to_owned(),
            template: DIGEST.to_owned(),
            clock: None,
            rung: None,
            urgent: false,
            notice: "null".to_owned(),
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
            created_at: now,
            updated_at: now,
            ..like.clone()
        }
    }
}
