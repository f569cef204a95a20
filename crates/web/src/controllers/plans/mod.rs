//! Response plans as documents. Saving a field is an event of the plan's case: `POST /api/cases/{key}/events`.

pub(crate) mod begin;
pub(crate) mod show;
pub(crate) mod version;

/// The event by which a field is saved.
const SAVED: &str = "section.saved";
