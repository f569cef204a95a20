//! Workflows in force.

pub(crate) mod index;
