//! What people look at: work lists, one case, its timeline, its relations.

mod cases;
mod filter;
mod timeline;

pub(crate) use timeline::entry;

pub use cases::{CaseRow, Link};
pub use filter::{CaseFilter, CaseOrder};
pub use timeline::TimelineEntry;
