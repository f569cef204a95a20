//! The audit trail.

pub(crate) mod export;
pub(crate) mod index;
