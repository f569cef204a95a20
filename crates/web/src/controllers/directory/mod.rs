//! Choices for forms.

pub(crate) mod categories;
pub(crate) mod towns;
pub(crate) mod units;
