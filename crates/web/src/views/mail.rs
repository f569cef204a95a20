//! Mails as the console shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a mail is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailHead {
    /// Mail id.
    pub id: String,
    /// Its case.
    pub case: Option<Uuid>,
    /// Number of its case; of a digest only when it speaks of one case alone.
    pub number: Option<String>,
    /// Every case it speaks of: who must not know of one of them does not see the mail.
    #[serde(skip)]
    pub cases: Vec<Uuid>,
    /// Recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// `queued`, `held`, `sent`, `failed`, `suppressed` or `local`.
    pub state: String,
    /// How the last attempt ended, or why there was none.
    pub last_result: Option<String>,
    /// Template.
    pub template: Option<String>,
    /// Clock it belongs to.
    pub clock: Option<String>,
    /// Rung it belongs to.
    pub rung: Option<String>,
}

/// One mail in the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailRowView {
    /// What it is about.
    #[serde(flatten)]
    pub head: MailHead,
    /// How often it was tried.
    pub attempts: u32,
}

/// A page of the mail log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailListView {
    /// This page.
    pub rows: Vec<MailRowView>,
}

/// One mail whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailView {
    /// What it is about.
    #[serde(flatten)]
    pub head: MailHead,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: Option<String>,
    /// Every try.
    pub attempts: Vec<MailAttemptView>,
}

/// One try.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailAttemptView {
    /// When.
    pub at: DateTime<Utc>,
    /// What the relay said.
    pub result: String,
}
