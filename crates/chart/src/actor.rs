//! Who sends an event. Authentication happened before; here it is only compared with what the workflow allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::definition::{Party, Sender};

/// What kind of sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Somebody signed in.
    Person,
    /// A sensor or another system.
    Machine,
    /// The petitioner or the public, through the public pages.
    Public,
    /// Huiyin itself: timers, migrations, imports.
    System,
    /// Another case.
    Case,
}

/// Sender of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Account, machine or case id.
    pub id: String,
    /// Kind.
    pub kind: ActorKind,
    /// Roles in the district.
    pub roles: Vec<String>,
    /// Units the person belongs to.
    pub units: Vec<String>,
    /// Units the person heads.
    pub heads: Vec<String>,
}

impl Actor {
    /// Huiyin itself.
    #[must_use]
    pub fn system() -> Self {
        Self { id: "system".into(), kind: ActorKind::System, roles: Vec::new(), units: Vec::new(), heads: Vec::new() }
    }

    /// Is it this party, or does it act for it?
    #[must_use]
    pub fn is(&self, party: &Party) -> bool {
        match party {
            Party::Role(role) => self.roles.contains(role),
            Party::Unit(unit) => self.units.contains(unit) || self.heads.contains(unit),
            Party::Person(person) => self.id == *person,
        }
    }

    /// Is it one of these owners (`role:x`, `unit:x`, `person:x`)?
    pub(crate) fn owns<'a>(&self, mut owners: impl Iterator<Item = &'a str>) -> bool {
        owners.any(|owner| Party::parse(owner).is_some_and(|party| self.is(&party)))
    }

    /// Does it head a unit among these owners?
    pub(crate) fn heads_any<'a>(&self, mut owners: impl Iterator<Item = &'a str>) -> bool {
        owners.any(|owner| owner.strip_prefix("unit:").is_some_and(|unit| self.heads.iter().any(|head| head == unit)))
    }

    /// May it send an event with this list of senders, given the owners of the states that take it? Huiyin itself and other cases may
    /// send everything: what they send was written into a checked workflow.
    pub(crate) fn may_send(&self, by: &[Sender], owners: &[&str]) -> bool {
        match self.kind {
            ActorKind::System | ActorKind::Case => true,
            ActorKind::Machine => by.contains(&Sender::Machine),
            ActorKind::Public => by.contains(&Sender::Public),
            ActorKind::Person => by.iter().any(|sender| match sender {
                Sender::Role(role) => self.roles.contains(role),
                Sender::Unit(unit) => self.units.contains(unit) || self.heads.contains(unit),
                Sender::Owner => self.owns(owners.iter().copied()),
                Sender::UnitHead => self.heads_any(owners.iter().copied()),
                Sender::Public | Sender::Machine => false,
            }),
        }
    }
}
