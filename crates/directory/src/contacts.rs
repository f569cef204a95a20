//! Whom a notice reaches, looked up when it is sent: roles, units, persons, heads; never the accused or theirs.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::answers::{Directory, Person, Relation};

/// Somebody to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Person id.
    pub person: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// First unit of the person, for the salutation.
    pub unit: Option<String>,
    /// True when nobody could be found for what was asked and the duty desk is written to instead.
    pub fallback: bool,
}

impl Directory {
    /// The people behind `party` at the instant `at`.
    ///
    /// - `party`: `role:x`, `unit:x`, `person:x`, `owner`, `unit-head` (head of the owner's unit), as in a workflow;
    /// - `owner`: the party string of the state's owner, for `owner` and `unit-head`;
    /// - `excluded`: unit ids that must stay away (see [`Directory::excluded`]).
    ///
    /// The duty desk and the role `emergency` mean those on the rota at `at`. People who left are never written to,
    /// nor is anyone from an enterprise, an excluded unit, or with an interest in one. A notice that would reach
    /// nobody goes to the duty desk, marked as a fallback: silence is not an answer. `petitioner` is not a party of
    /// the directory and gives nobody.
    #[must_use]
    pub fn recipients(
        &self,
        party: &str,
        owner: Option<&str>,
        excluded: &BTreeSet<String>,
        at: DateTime<Utc>,
    ) -> Vec<Contact> {
        if party == "petitioner" {
            return Vec::new();
        }
        let asked = self.behind(party, owner, at);
        let found = self.allowed(asked, excluded, false);
        if !found.is_empty() {
            return found;
        }
        let desk = self.members_on_duty(&self.duty_desk, at);
        let found = self.allowed(desk, excluded, true);
        if found.is_empty() { self.allowed(self.members(&self.duty_desk), excluded, true) } else { found }
    }

    fn behind(&self, party: &str, owner: Option<&str>, at: DateTime<Utc>) -> Vec<&Person> {
        match party.split_once(':') {
            Some(("role", "emergency")) => {
                let on_duty = self.on_duty(at);
                if on_duty.is_empty() { self.with_role("emergency") } else { on_duty }
            }
            Some(("role", role)) => self.with_role(role),
            Some(("unit", unit)) => self.members_or_above(unit, at),
            Some(("person", id)) => self.people.iter().filter(|p| p.id == id).collect(),
            Some(_) => Vec::new(),
            None if party == "owner" => owner.map_or_else(Vec::new, |o| self.behind(&as_party(o), None, at)),
            None if party == "unit-head" => owner.map_or_else(Vec::new, |o| self.heads_behind(o, at)),
            None => self.members_or_above(party, at),
        }
    }

    /// Heads of the owner's unit; of a role: the heads of the units its people belong to.
    fn heads_behind(&self, owner: &str, at: DateTime<Utc>) -> Vec<&Person> {
        let party = as_party(owner);
        let units: Vec<&str> = match party.strip_prefix("unit:") {
            Some(unit) => vec![unit],
            None => self.behind(&party, None, at).iter().filter_map(|p| p.units.first()).map(String::as_str).collect(),
        };
        let mut heads = Vec::new();
        for unit in units {
            let found = self
                .chain(unit)
                .find_map(|u| self.unit(u).and_then(|u| u.head.as_deref()).and_then(|h| self.person(h)));
            heads.extend(found.filter(|h| !h.left));
        }
        heads
    }

    /// People with a role.
    fn with_role(&self, role: &str) -> Vec<&Person> {
        self.people.iter().filter(|p| !p.left && p.roles.iter().any(|r| r == role)).collect()
    }

    /// Members of a unit; of the duty desk those on the rota; of a unit without people those of the unit above.
    fn members_or_above(&self, unit: &str, at: DateTime<Utc>) -> Vec<&Person> {
        self.chain(unit).map(|u| self.members_on_duty(u, at)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn members_on_duty(&self, unit: &str, at: DateTime<Utc>) -> Vec<&Person> {
        if unit == self.duty_desk {
            let on_duty = self.on_duty(at);
            if !on_duty.is_empty() {
                return on_duty;
            }
        }
        self.members(unit)
    }

    fn members(&self, unit: &str) -> Vec<&Person> {
        self.people.iter().filter(|p| !p.left && p.units.iter().any(|u| u == unit)).collect()
    }

    /// Who sits at the duty desk at `at`, people who left not counted.
    #[must_use]
    pub fn on_duty(&self, at: DateTime<Utc>) -> Vec<&Person> {
        self.rota.on_duty(at).into_iter().filter_map(|id| self.person(id)).filter(|p| !p.left).collect()
    }

    /// One person.
    #[must_use]
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }

    fn allowed(&self, people: Vec<&Person>, excluded: &BTreeSet<String>, fallback: bool) -> Vec<Contact> {
        let mut seen = BTreeSet::new();
        people
            .into_iter()
            .filter(|p| !p.left && self.may_be_told(p, excluded) && seen.insert(p.id.as_str()))
            .map(|p| Contact {
                person: p.id.clone(),
                name: p.name.clone(),
                email: p.email.clone(),
                unit: p.units.first().cloned(),
                fallback,
            })
            .collect()
    }

    fn may_be_told(&self, person: &Person, excluded: &BTreeSet<String>) -> bool {
        let touches = |units: &[String]| units.iter().any(|u| excluded.contains(u));
        let works_for_enterprise = person.units.iter().any(|u| self.relation(u) == Some(Relation::Enterprise));
        !works_for_enterprise && !touches(&person.units) && !touches(&person.heads) && !touches(&person.recused_from)
    }
}

/// An owner is a party string, or a bare unit id.
fn as_party(owner: &str) -> String {
    if owner.contains(':') { owner.to_owned() } else { format!("unit:{owner}") }
}
