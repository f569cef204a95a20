//! The language and the workflows that are shipped. One program, because each would be built and linked on its own.
#![allow(
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may stop at the first surprise"
)]

mod bounds;
mod clock_edges;
mod clock_laws;
mod clock_rules;
mod declared;
mod desk;
mod doors;
mod expressions;
mod incident;
mod migration;
mod office;
mod petition_assignment;
mod petition_days;
mod petition_parties;
mod petition_reply;
mod petition_states;
mod petition_urgent;
mod refused;
mod scene;
mod shipped;
mod trying;
