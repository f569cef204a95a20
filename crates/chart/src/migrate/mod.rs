//! A running case goes over to another version of its workflow, and back again as long as nothing else happened.
//!
//! `plan` is what the office writes, `states` finds the new configuration, `carry` takes over data, history and delays,
//! `clocks` the running clocks. No entry or exit action runs: the case did not move, its rules did. What the new version
//! would do at once (an eventless transition, a clock of a state that is new to the case) it does in the same step.
//! The step that uses this is `step`; who may migrate which cases is decided elsewhere.

mod carry;
mod clocks;
mod plan;
mod states;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use carry::{Carried, carry, restore};
pub(crate) use clocks::{Running, apply};
pub use plan::{ClockRule, PLAN_LIMIT, Plan};

/// The case as it stood before a migration: kept until the next step, so that the migration can be undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Content address of the definition it ran on.
    pub definition: String,
    /// Its stored form. May hold confidential values.
    pub state: Value,
}
