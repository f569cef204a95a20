//! What was proved of a workflow before it was loaded, and how it is remembered on a store from one start to the next. The
//! proof itself is `check`'s; this is what is told of it.
//!
//! A proof is remembered under the hash of everything it rests on, in a setting that carries an HMAC under the master key.
//! What is missing, damaged, written by hand or about something else is not found here, and so is proved again. Only
//! proofs are remembered, never refusals.

use std::collections::BTreeMap;

use huiyin_journal::{Journal, JournalError, Vouched, canonical};
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// Proofs by the hash of what they rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proofs(BTreeMap<String, Proof>);

/// Why nothing is remembered.
#[derive(Debug, thiserror::Error)]
pub enum Forgotten {
    /// Nothing was proved on this store yet.
    #[error("no proof is remembered on this store yet")]
    Nothing,
    /// The HMAC is not this store's.
    #[error("the proofs remembered on this store were damaged, or not written by its service")]
    NotOurs,
    /// Written in another form, as another version of the program does.
    #[error("the proofs remembered on this store are written in another form: {0}")]
    Form(#[from] serde_json::Error),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] JournalError),
}

impl Proofs {
    /// What a store remembers of a district's workflows. `district`: its code, GB/T 2260.
    ///
    /// # Errors
    /// When there is nothing that may be used; the workflows are then to be proved again.
    pub async fn remembered(journal: &Journal, district: &str) -> Result<Self, Forgotten> {
        match journal.vouched(&key(district)).await? {
            Vouched::Missing => Err(Forgotten::Nothing),
            Vouched::NotOurs => Err(Forgotten::NotOurs),
            Vouched::Ours(text) => Ok(serde_json::from_str(&text)?),
        }
    }

    /// Remembers exactly these on a store, in place of what was remembered before.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remember(&self, journal: &Journal, district: &str) -> Result<(), Forgotten> {
        Ok(journal.vouch(&key(district), &serde_json::to_string(self)?).await?)
    }

    /// The proof that rests on exactly this.
    #[must_use]
    pub fn of(&self, basis: &str) -> Option<&Proof> {
        self.0.get(&address(basis)).filter(|proof| proof.proved)
    }

    /// Adds a proof and what it rests on.
    pub fn add(&mut self, basis: &str, proof: Proof) {
        debug_assert!(proof.proved, "what was refused is not remembered");
        self.0.insert(address(basis), proof);
    }
}

fn key(district: &str) -> String {
    format!("proofs.{district}")
}

/// SHA-256 in lower-case hexadecimal digits.
fn address(basis: &str) -> String {
    canonical::hash(basis.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
