//! From rendered text to an RFC 5322 message: multipart, UTF-8, with the Message-ID of its delivery.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};

use crate::config::SmtpConfig;
use crate::notice::Instant;

/// What is needed to build a message.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// Recipient name.
    pub to_name: &'a str,
    /// Recipient address.
    pub to: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// HTML.
    pub html: &'a str,
    /// Message-ID with angle brackets.
    pub message_id: &'a str,
    /// When it was written.
    pub at: Instant,
    /// Marked so that mail programs show it first.
    pub urgent: bool,
}

/// A message cannot be built; another attempt will not help.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// An address is not one.
    #[error("{what} {address:?} is not a mail address: {source}")]
    Address {
        /// Whose.
        what: &'static str,
        /// As found.
        address: String,
        /// Cause.
        source: lettre::address::AddressError,
    },
    /// The parts do not make a message.
    #[error("the mail cannot be put together: {0}")]
    Build(#[from] lettre::error::Error),
}

/// Builds the message.
///
/// # Errors
/// When an address is malformed.
pub fn build(config: &SmtpConfig, mail: &Outgoing<'_>) -> Result<Message, MessageError> {
    let from = mailbox("sender", &config.from_name, &config.from)?;
    let micros = u64::try_from(mail.at.timestamp_micros()).unwrap_or(0);
    let mut builder = Message::builder()
        .from(from)
        .to(mailbox("recipient", mail.to_name, mail.to)?)
        .subject(mail.subject)
        .message_id(Some(mail.message_id.to_owned()))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(address) = &config.reply_to {
        builder = builder.reply_to(mailbox("reply address", &config.from_name, address)?);
    }
    if mail.urgent {
        builder = builder.raw_header(header("X-Priority", "1")).raw_header(header("Importance", "high"));
    }
    Ok(builder.multipart(MultiPart::alternative_plain_html(mail.text.to_owned(), mail.html.to_owned()))?)
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn mailbox(what: &'static str, name: &str, address: &str) -> Result<Mailbox, MessageError> {
    let parsed =
        address.parse().map_err(|source| MessageError::Address { what, address: address.to_owned(), source })?;
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    Ok(Mailbox::new((!name.is_empty()).then_some(name), parsed))
}
