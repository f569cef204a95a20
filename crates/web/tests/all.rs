//! The doors of the house, as people and programs use them. One program, because each would be built and linked on its own.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod activations;
mod bureau;
mod doors;
mod house;
mod incident;
mod live;
mod office;
mod plans;
mod stations;
