//! The plan of a migration as the office writes it: which state becomes which, and a rule for each clock.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::definition::Definition;
use crate::refusal::Refusal;

/// Most entries of a state map or of the rules for clocks.
pub const PLAN_LIMIT: usize = 1000;

/// What happens to a running clock when its case goes over to another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockRule {
    /// The due date stays, and later pauses and extensions go on counting with the term the run was started under.
    Keep,
    /// The due date is worked out anew from the same legal start with the term of the new version: earlier or later.
    Recompute,
    /// No longer owed. Only for a clock that the new version does not have, or that rests on no law.
    Drop,
}

impl ClockRule {
    /// As written on the command line and in the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Recompute => "recompute",
            Self::Drop => "drop",
        }
    }
}

impl std::str::FromStr for ClockRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "recompute" => Ok(Self::Recompute),
            "drop" => Ok(Self::Drop),
            other => Err(format!("`{other}` is no rule for a clock; write keep, recompute or drop")),
        }
    }
}

/// See the module. What it does not name keeps its name; a clock whose term is the same in both versions needs no rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Id of an old atomic state → id of a state of the new version.
    #[serde(default)]
    pub states: BTreeMap<String, String>,
    /// Clock → rule.
    #[serde(default)]
    pub clocks: BTreeMap<String, ClockRule>,
}

impl Plan {
    /// What is wrong with the plan whatever the case: names that no version has. `from` are the versions that cases
    /// come from; none: only what is wanted of the new version is looked at.
    ///
    /// # Errors
    /// The first name that means nothing, with what was expected.
    pub fn fits(&self, from: &[&Definition], to: &Definition) -> Result<(), Refusal> {
        let refused = |zh: String, en: String| Err(Refusal::new("migration_plan", zh, en));
        if self.states.len() > PLAN_LIMIT || self.clocks.len() > PLAN_LIMIT {
            return refused(
                format!("状态或时限的对应最多 {PLAN_LIMIT} 项"),
                format!("a plan has at most {PLAN_LIMIT} states and {PLAN_LIMIT} clocks"),
            );
        }
        let has = |def: &Definition, id: &str| def.states.iter().any(|state| state.id == id);
        for (old, new) in &self.states {
            if !from.is_empty() && !from.iter().any(|def| has(def, old)) {
                return refused(
                    format!("原版本没有状态“{old}”"),
                    format!("--map {old}={new}: no version that a case comes from has a state `{old}`"),
                );
            }
            if !has(to, new) {
                let near: Vec<String> = to.states.iter().skip(1).map(|state| state.id.clone()).collect();
                return refused(
                    format!("新版本没有状态“{new}”；现有：{}", near.join("、")),
                    format!(
                        "--map {old}={new}: version {} has no state `{new}`; it has {}",
                        to.version,
                        near.join(", ")
                    ),
                );
            }
        }
        let known = |name: &str| from.iter().copied().chain([to]).any(|def| def.clocks.iter().any(|c| c.name == name));
        match self.clocks.keys().find(|name| !from.is_empty() && !known(name)) {
            Some(name) => refused(
                format!("各版本都没有时限“{name}”"),
                format!("--clock {name}: neither version has a clock `{name}`"),
            ),
            None => Ok(()),
        }
    }
}
