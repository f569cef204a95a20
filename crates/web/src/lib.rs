//! The doors of Huiyin: the HTTP API, signing in, and serving the console.
//!
//! Doors read requests, ask [`permissions`] and hand over to the office behind [`ports::Office`]: the engine changes
//! cases, the journal answers questions. No SQL here, no rules of a workflow, no time but the injected one.
//! Where to look: `doors` lists every endpoint with who may pass it, `controllers` has one file for each.

pub mod app;
mod around;
pub mod auth;
mod console;
mod controllers;
pub mod doors;
pub mod error;
mod extract;
pub mod incident;
pub mod lamp;
mod live;
pub mod mask;
pub mod metrics;
pub mod office;
pub mod openapi;
pub mod permissions;
pub mod ports;
pub mod print;
mod serve;
pub mod similarity;
pub mod sniff;
pub mod stations;
pub mod views;
pub mod waters;

pub use app::{AppState, Config};
pub use doors::{router, with_exercises};
pub use serve::{serve, serve_probes};
