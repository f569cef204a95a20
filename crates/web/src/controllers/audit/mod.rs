//! The audit trail.

pub(crate) mod index;
