//! A response plan as a document: which fields it has, what stands in them, what is still missing, how a new one begins.
//!
//! The list of fields is data ([`Fields::load`]); what a plan says is kept in its case and read from the case's data
//! ([`Document`]); a new one begins with what the network knows ([`draft`]). Pure, and no case is known here: who may save
//! what, and when, is the workflow's to say.

mod document;
mod draft;
mod fields;

pub use document::{Completeness, Contact, Document, Material, Section, Task};
pub use draft::{Known, draft};
pub use fields::{Chapter, Field, Fields, From, Kind};

/// The file of the fields, below the library of workflows.
pub const FILE: &str = "plans/fields.yaml";
