//! What the check refuses, what it lets pass, and what it says. One program, because each would be built and linked on its own.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a test may stop at the first surprise")]

mod activation;
mod bad;
mod basis;
mod diagram;
mod guide;
mod house;
mod incident;
mod sarif;
mod shipped;
mod strangers;
mod targets;
mod verdicts;
