//! The alarm log.

pub(crate) mod index;
