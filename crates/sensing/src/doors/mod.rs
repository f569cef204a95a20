//! Doors through which readings come. Each checks who speaks, turns what was said into observations, and acknowledges only
//! what is committed.

mod config;
pub mod hj212;
pub mod http;
pub mod mqtt;
mod places;
pub mod queue;
pub mod told;

pub use config::{Caller, Callers, Config, ConfigError, Http, Line, Mqtt, Queue, Speaker, Speakers, Topic};
