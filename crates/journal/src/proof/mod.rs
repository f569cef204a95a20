//! Proofs that the record is whole: chains recomputed, daily roots signed and kept outside the database.

mod chains;
mod roots;

pub use chains::{Break, ChainReport};
pub use roots::{DayRoot, RootBreak};
