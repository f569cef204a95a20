//! What was proved of a workflow before it was loaded. The proof itself is `check`'s; this is what is told of it.

use serde::Serialize;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Workflow name.
    pub workflow: String,
    /// Its version.
    pub version: u32,
    /// Content address of its sources.
    pub hash: String,
    /// Proved; a definition that is not is never put in force.
    pub proved: bool,
    /// Configurations that were looked at.
    pub configurations: u64,
    /// What was taken on trust.
    pub assumptions: Vec<String>,
}
