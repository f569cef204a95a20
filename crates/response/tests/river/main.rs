//! From a spill to the activation of plans, on the shipped workflows, waters and directory.
#![allow(clippy::unwrap_used, missing_docs)]

mod data;
mod run;
mod scene;
mod twice;
