//! Doors through which readings come. Each checks who speaks, turns what was said into observations, and acknowledges only
//! what is committed.

mod config;
pub mod hj212;

pub use config::{Config, ConfigError, Line, Speaker, Speakers};
