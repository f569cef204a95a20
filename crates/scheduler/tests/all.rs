//! What is done by the calendar of the office. One program, because each would be built and linked on its own.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may stop at the first surprise")]

mod laws;
mod mails;
mod retention;
