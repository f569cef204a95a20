//! Mails and webhooks as they leave the house. One program, because each would be built and linked on its own.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod house;
mod links;
mod log;
mod mail;
mod webhook;
