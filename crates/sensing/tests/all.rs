//! Quality marks, rules and the registry of stations. One program, because each would be built and linked on its own.
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may stop at the first surprise"
)]

mod drinking_water;
mod gecco;
mod made_up;
mod qc;
mod registry;
mod rules;
mod rules_fuzz;
