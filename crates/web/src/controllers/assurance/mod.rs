//! The figures of assurance.

pub(crate) mod show;
