//! The directory and the questions it answers about units, towns, roles and relations.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rota::Rota;
use crate::routing::{Category, Routing};
use crate::source::{District, Text};

/// How a unit stands to the bureau; decides the paper that goes out: 交办 to one's own and to towns, 转送 or 函 to peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// A section or detachment of the bureau.
    Internal,
    /// A town or subdistrict of the district.
    Town,
    /// A department or committee of the district, of the same rank.
    Peer,
    /// A neighbouring district or county: told and asked, never responsible here.
    Partner,
    /// An authority above the bureau.
    Superior,
    /// A company: never owns or sees a petition.
    Enterprise,
}

impl Relation {
    /// As written in the files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Town => "town",
            Self::Peer => "peer",
            Self::Partner => "partner",
            Self::Superior => "superior",
            Self::Enterprise => "enterprise",
        }
    }
}

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The bureau itself.
    Bureau,
    /// A section of the bureau.
    Section,
    /// The law enforcement detachment.
    Enforcement,
    /// A department of the district government.
    Department,
    /// A management committee of a zone.
    Committee,
    /// A company owned by the district.
    Company,
    /// A town or subdistrict.
    Town,
    /// An authority above.
    Authority,
    /// A neighbouring place with which matters across the border are shared.
    Partner,
}

/// One unit.
#[derive(Clone, Debug, Serialize)]
pub struct Unit {
    /// Stable id, e.g. `petition-office`.
    pub id: String,
    /// Name.
    pub name: Text,
    /// How it stands to the bureau.
    pub relation: Relation,
    /// What it is.
    pub kind: Kind,
    /// The unit above it.
    pub parent: Option<String>,
    /// Units that must stay away from matters about it.
    pub related: Vec<String>,
    /// Person who heads it.
    pub head: Option<String>,
}

/// One town or subdistrict.
#[derive(Clone, Debug, Serialize)]
pub struct Town {
    /// Nine-digit code, e.g. `500110001`.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Its unit; none when it does not belong to the district.
    pub unit: Option<String>,
}

/// One person who can be written to.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Stable id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Units the person belongs to.
    pub units: Vec<String>,
    /// Roles held.
    pub roles: Vec<String>,
    /// Units the person heads.
    pub heads: Vec<String>,
    /// Units and enterprises the person must stay away from.
    pub recused_from: Vec<String>,
    /// Has left: named in old journals, never mailed.
    pub left: bool,
}

/// Everything a district knows about who is responsible. Immutable; build it with [`Directory::load`].
#[derive(Debug)]
pub struct Directory {
    pub(crate) version: String,
    pub(crate) district: District,
    pub(crate) duty_desk: String,
    pub(crate) roles: BTreeMap<String, Text>,
    pub(crate) categories: Vec<Category>,
    pub(crate) units: Vec<Unit>,
    pub(crate) by_id: BTreeMap<String, usize>,
    pub(crate) towns: Vec<Town>,
    pub(crate) people: Vec<Person>,
    pub(crate) rota: Rota,
    pub(crate) routing: Routing,
}

impl Directory {
    /// SHA-256 (lower-case hex) over names and texts of the files it was built from.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The district itself: code, zone, working hours, thresholds.
    #[must_use]
    pub fn district(&self) -> &District {
        &self.district
    }

    /// The data of a new case of `workflow`: what was entered, completed by the district's own defaults (thresholds,
    /// policies). What was entered wins, field by field.
    #[must_use]
    pub fn complete(&self, workflow: &str, entered: Value) -> Value {
        match self.district.defaults.get(workflow) {
            Some(defaults) => over(defaults, entered),
            None => entered,
        }
    }

    /// Id of the unit that owns whatever nobody else owns.
    #[must_use]
    pub fn duty_desk(&self) -> &str {
        &self.duty_desk
    }

    /// All units, in the order of the file.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// One unit.
    #[must_use]
    pub fn unit(&self, id: &str) -> Option<&Unit> {
        self.by_id.get(id).map(|&i| &self.units[i])
    }

    /// The twenty-one towns of the district, then the places outside it that callers name.
    #[must_use]
    pub fn towns(&self) -> &[Town] {
        &self.towns
    }

    /// A town by its code or its Chinese name, complete or without 镇 and 街道.
    #[must_use]
    pub fn town(&self, place: &str) -> Option<&Town> {
        let short = |name: &str| name.trim_end_matches("街道").trim_end_matches('镇').to_owned();
        let place = place.trim();
        self.towns
            .iter()
            .find(|t| t.code == place || t.name.zh == place)
            .or_else(|| self.towns.iter().find(|t| short(&t.name.zh) == short(place)))
    }

    /// All categories, in the order of the file.
    #[must_use]
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// Roles: id and name.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.roles.iter().map(|(id, name)| (id.as_str(), name))
    }

    /// All people, also those who left.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Is there such a unit?
    #[must_use]
    pub fn unit_exists(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Is there such a role?
    #[must_use]
    pub fn role_exists(&self, id: &str) -> bool {
        self.roles.contains_key(id)
    }

    /// How a unit stands to the bureau.
    #[must_use]
    pub fn relation(&self, id: &str) -> Option<Relation> {
        self.unit(id).map(|u| u.relation)
    }

    /// Everyone who must stay away from a matter about `accused` (unit ids): the accused, what lies below them,
    /// and the units named as related to them in either direction. 信访工作条例 第二十八条 (回避), 第三十条 (保密).
    /// The duty desk is excluded only when it is accused itself: somebody has to own the matter.
    #[must_use]
    pub fn excluded<'a>(&self, accused: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let accused: BTreeSet<&str> = accused.into_iter().collect();
        let mut out: BTreeSet<String> = accused.iter().map(|&a| a.to_owned()).collect();
        for unit in &self.units {
            let below = self.chain(&unit.id).any(|above| accused.contains(above));
            let related = unit.related.iter().any(|r| accused.contains(r.as_str()));
            let named = accused.iter().any(|a| self.unit(a).is_some_and(|u| u.related.contains(&unit.id)));
            if below || related || named {
                out.insert(unit.id.clone());
            }
        }
        if !accused.contains(self.duty_desk.as_str()) {
            out.remove(&self.duty_desk);
        }
        out
    }

    /// May this unit own or see a matter from which `excluded` must stay away? Enterprises never.
    #[must_use]
    pub fn may_see(&self, unit: &str, excluded: &BTreeSet<String>) -> bool {
        self.relation(unit).is_some_and(|r| r != Relation::Enterprise) && !excluded.contains(unit)
    }

    /// The unit and everything above it, lowest first.
    pub(crate) fn chain<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(self.unit(id), |u| u.parent.as_deref().and_then(|p| self.unit(p))).map(|u| u.id.as_str())
    }
}

/// `entered` laid over `defaults`, objects field by field.
fn over(defaults: &Value, entered: Value) -> Value {
    match (defaults, entered) {
        (Value::Object(defaults), Value::Object(mut entered)) => {
            for (key, default) in defaults {
                let value = entered.remove(key).map_or_else(|| default.clone(), |given| over(default, given));
                entered.insert(key.clone(), value);
            }
            Value::Object(entered)
        }
        (_, entered) => entered,
    }
}
