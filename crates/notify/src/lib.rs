//! Notices to people: mail over SMTP, webhooks, and the local mailbox.
//!
//! A notice is an effect that a step wrote into the outbox. Here it is claimed, its recipients are looked up, its
//! case is read again, and it is sent, held for the daily digest, kept locally, or suppressed with a reason.
//! This crate decides nothing about cases and contains no SQL; it is the only one that names SMTP.
//!
//! The way of a notice: [`intake`] (effect → deliveries) → [`digest`] (what is not urgent, once a working day) →
//! [`dispatch`] (re-check, render, attempt, record). [`Notifier::tick`] does one round of all three.

pub mod adapters;
pub mod bulletin;
pub mod config;
pub mod context;
pub mod digest;
pub mod dispatch;
pub mod intake;
pub mod mailbox;
pub mod message;
pub mod notice;
pub mod notifier;
pub mod policy;
pub mod preview;
pub mod recheck;
pub mod seams;
pub mod secret;
pub mod smtp;
pub mod templates;
pub mod webhook;

pub use bulletin::{Bulletin, BulletinLine};
pub use config::{NotifyConfig, Relay, RelayTls, SmtpConfig, WebhookConfig, WebhookEndpoint};
pub use notice::{CaseNow, ClockNow, Contact, Notice, RungRef};
pub use notifier::{Notifier, NotifyError, Round};
pub use preview::preview;
pub use secret::Secret;
