//! Files.

pub(crate) mod show;
