//! Proofs that the record is whole: chains recomputed, daily roots signed and kept outside the database.

mod chains;
mod rest;
mod roots;
mod whole;

pub use chains::{Break, ChainReport};
pub use roots::{DayRoot, RootBreak};
pub use whole::{StoredEffect, StoredTimer, WholeCase};
