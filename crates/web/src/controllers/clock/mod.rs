//! The office's time.

pub(crate) mod advance;
pub(crate) mod show;
