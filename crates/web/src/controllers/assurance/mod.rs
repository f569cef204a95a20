//! The figures of assurance.

pub(crate) mod broken;
pub(crate) mod show;
