//! Incidents: the command page, report drafts, how the clocks were kept.

pub(crate) mod kept;
pub(crate) mod report;
pub(crate) mod show;
