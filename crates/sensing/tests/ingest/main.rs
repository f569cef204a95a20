//! From a frame on a line to an incident: the doors, and what follows the record behind them.
#![allow(clippy::unwrap_used, missing_docs)]

mod door;
mod http;
mod mqtt;
mod queue;
mod scene;
mod watch;
