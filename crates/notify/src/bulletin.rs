//! Mails about no single case: reports of figures and alarms on the system itself. A bulletin is a delivery like any
//! other, with the same attempts, relays, limits and log; each run of a job makes one for each recipient, always under the
//! same id, so that writing it twice changes nothing.
//!
//! It carries figures, dates and a link; there is no room in it for a person or the text of a complaint.

use huiyin_journal::delivery::{Delivery, DeliveryState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::plain;
use crate::intake::{MAIL, once};
use crate::notice::{CaseNow, Contact, Instant, REAL, delivery_id, message_id};
use crate::notifier::{Inner, Notifier, NotifyError};
use crate::templates::BULLETIN;

/// Most lines of a bulletin; the rest is left out.
const MOST_LINES: usize = 60;

/// What is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Unique for what it is about, e.g. `job/supervision-monthly/2026-04-01T00:30:00Z`.
    pub key: String,
    /// District code.
    pub district: String,
    /// Its name.
    pub district_name: String,
    /// `real`, or the name of an exercise.
    pub timeline: String,
    /// Whom to tell: `role:…`, `unit:…`, `person:…`.
    pub to: Vec<String>,
    /// At once, at night too; otherwise at the next opening of the office.
    pub urgent: bool,
    /// Heading, Chinese; also the subject.
    pub title_zh: String,
    /// Heading, English.
    pub title_en: String,
    /// One figure a line.
    pub lines: Vec<BulletinLine>,
    /// Path of the page that says more, e.g. `/assurance`.
    pub path: String,
}

/// One figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulletinLine {
    /// What, Chinese.
    pub zh: String,
    /// What, English.
    pub en: String,
    /// How much.
    pub value: String,
}

/// The variables of a bulletin's template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BulletinContext {
    /// Heading, Chinese.
    pub title_zh: String,
    /// Heading, English.
    pub title_en: String,
    /// Figures.
    pub lines: Vec<BulletinLine>,
    /// Link to the console.
    pub link: String,
    /// Now, in words.
    pub now_text: String,
    /// Who is written to.
    pub recipient_name: String,
    /// District.
    pub district_name: String,
    /// It belongs to an exercise.
    pub exercise: bool,
}

impl Notifier {
    /// Writes a bulletin into the delivery log, for each of its recipients; the next round sends it. Writing it again
    /// changes nothing. Gives how many were new and how many there are.
    ///
    /// # Errors
    /// When the store does not answer, or nobody at all could be found to tell.
    pub async fn announce(&self, bulletin: &Bulletin) -> Result<(u64, usize), NotifyError> {
        self.inner().announce(bulletin).await
    }
}

impl Inner {
    async fn announce(&self, bulletin: &Bulletin) -> Result<(u64, usize), NotifyError> {
        let now = self.seams.clock.now();
        let told = self.readers(bulletin, now);
        if told.is_empty() {
            return Err(NotifyError::Notice(format!("nobody could be found for {}", bulletin.to.join(", "))));
        }
        let rows = told.iter().map(|to| self.bulletin_row(bulletin, to, now)).collect::<Result<Vec<_>, _>>()?;
        Ok((self.log.insert(&rows).await?, rows.len()))
    }

    fn readers(&self, bulletin: &Bulletin, now: Instant) -> Vec<Contact> {
        once(self.seams.people.recipients(&bulletin.to, None, &CaseNow::default(), now))
    }

    fn bulletin_row(&self, bulletin: &Bulletin, to: &Contact, now: Instant) -> Result<Delivery, NotifyError> {
        let id = delivery_id(Uuid::nil(), &format!("{}\n{}", bulletin.district, bulletin.key), MAIL, &to.id);
        let at_once = bulletin.urgent || self.seams.hours.is_open(now);
        let mut row = Delivery {
            id,
            district: bulletin.district.clone(),
            timeline: bulletin.timeline.clone(),
            case: None,
            case_number: String::new(),
            effect_key: bulletin.key.clone(),
            channel: MAIL.to_owned(),
            recipient: to.id.clone(),
            recipient_name: to.name.clone(),
            address: to.mail.clone().unwrap_or_default(),
            template: BULLETIN.to_owned(),
            clock: None,
            rung: None,
            urgent: bulletin.urgent,
            notice: serde_json::to_string(bulletin).map_err(|e| NotifyError::Notice(e.to_string()))?,
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            message_id: message_id(id, &self.id_domain),
            state: DeliveryState::Queued,
            hold_until: None,
            next_at: if at_once { now } else { self.seams.hours.next_opening(now) },
            attempts: 0,
            last_result: None,
            digest: None,
            created_at: now,
            updated_at: now,
        };
        self.write_bulletin(&mut row, bulletin, to, now)?;
        Ok(row)
    }

    /// Sends one, unless its reader is none any more.
    pub(crate) async fn deliver_bulletin(&self, mut row: Delivery, now: Instant) -> Result<(), NotifyError> {
        let bulletin: Bulletin = serde_json::from_str(&row.notice).map_err(|e| NotifyError::Notice(e.to_string()))?;
        let reader = self.readers(&bulletin, now).into_iter().find(|contact| contact.id == row.recipient);
        let Some(reader) = reader else {
            let why = format!("{} is no longer a recipient", row.recipient_name);
            return Ok(self.log.settle(row.id, DeliveryState::Suppressed, &why, now).await?);
        };
        self.write_bulletin(&mut row, &bulletin, &reader, now)?;
        self.log.rendered(&row, now).await?;
        self.hand_over(&row, None, now).await
    }

    fn write_bulletin(
        &self,
        row: &mut Delivery,
        bulletin: &Bulletin,
        to: &Contact,
        now: Instant,
    ) -> Result<(), NotifyError> {
        let line =
            |line: &BulletinLine| BulletinLine { zh: plain(&line.zh), en: plain(&line.en), value: plain(&line.value) };
        let context = BulletinContext {
            title_zh: plain(&bulletin.title_zh),
            title_en: plain(&bulletin.title_en),
            lines: bulletin.lines.iter().take(MOST_LINES).map(line).collect(),
            link: format!("{}{}", self.console_url, bulletin.path),
            now_text: self.seams.hours.in_words(now),
            recipient_name: plain(&to.name),
            district_name: plain(&bulletin.district_name),
            exercise: bulletin.timeline != REAL,
        };
        let rendered = self.templates.bulletin(&context)?;
        self.write(row, rendered, to, "");
        Ok(())
    }
}
