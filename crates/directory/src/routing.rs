//! From place × category to the responsible unit: ordered rules, the first that fits wins and says why.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::answers::{Directory, Relation};
use crate::source::Text;

/// One kind of matter: 水、大气、噪声 …
#[derive(Clone, Debug, Serialize)]
pub struct Category {
    /// Stable id, e.g. `water`.
    pub id: String,
    /// Name.
    pub name: Text,
}

/// Places that callers name but that belong to somebody else.
#[derive(Clone, Debug, Serialize)]
pub struct OutOfArea {
    /// Unit id of the partner to whom such a matter is passed.
    pub partner: String,
    /// In words.
    pub reason: Text,
    /// Town codes.
    pub places: Vec<String>,
}

/// What routing proposes for a matter, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The responsible unit; none when the place is not the district's or when every candidate must stay away:
    /// then the matter stays with the dispatcher and, if nobody acts, goes to the duty desk.
    pub unit: Option<String>,
    /// The neighbour to pass it to, for a place outside the district.
    pub partner: Option<String>,
    /// Id of the rule that decided.
    pub rule: String,
    /// In words.
    pub reason: Text,
}

#[derive(Debug)]
pub(crate) struct Routing {
    pub(crate) rules: Vec<Rule>,
    pub(crate) out_of_area: Vec<OutOfArea>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) places: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) unit: To,
    pub(crate) reason: Text,
}

#[derive(Debug)]
pub(crate) enum To {
    Unit(String),
    Town,
}

impl Directory {
    /// The responsible unit for a matter of `category` (id or Chinese name) at `place` (town code or name), leaving out
    /// `excluded` units. A rule whose unit must stay away is passed over; the next that fits is tried.
    #[must_use]
    pub fn propose(&self, place: &str, category: &str, excluded: &BTreeSet<String>) -> Proposal {
        let town = self.town(place);
        if let Some(outside) = town.and_then(|t| self.routing.out_of_area.iter().find(|o| o.places.contains(&t.code))) {
            return Proposal {
                unit: None,
                partner: Some(outside.partner.clone()),
                rule: "out-of-area".to_owned(),
                reason: outside.reason.clone(),
            };
        }
        let category = self.category(category).map_or("other", |c| c.id.as_str());
        let code = town.map(|t| t.code.as_str());
        let mut passed_over = false;
        for rule in self.routing.rules.iter().filter(|r| r.fits(code, category)) {
            let unit = match &rule.unit {
                To::Unit(unit) => Some(unit.as_str()),
                To::Town => town.and_then(|t| t.unit.as_deref()),
            };
            match unit {
                Some(unit) if self.may_see(unit, excluded) => {
                    return Proposal {
                        unit: Some(unit.to_owned()),
                        partner: None,
                        rule: rule.id.clone(),
                        reason: rule.reason.clone(),
                    };
                }
                _ => passed_over = true,
            }
        }
        Proposal { unit: None, partner: None, rule: "none".to_owned(), reason: no_rule(passed_over) }
    }

    /// As [`Directory::propose`], with nobody left out and without the reason.
    #[must_use]
    pub fn route(&self, place: &str, category: &str) -> Option<String> {
        self.propose(place, category, &BTreeSet::new()).unit
    }

    /// A category by id or Chinese name.
    #[must_use]
    pub fn category(&self, category: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.id == category || c.name.zh == category)
    }

    /// The paper that goes out with a matter given to this unit: 交办单 to one's own and to towns, 转送函 to peers and
    /// superiors; none for an enterprise, which gets nothing.
    #[must_use]
    pub fn paper(&self, unit: &str) -> Option<&'static str> {
        match self.relation(unit)? {
            Relation::Internal | Relation::Town => Some("交办单"),
            Relation::Peer | Relation::Partner | Relation::Superior => Some("转送函"),
            Relation::Enterprise => None,
        }
    }
}

impl Rule {
    fn fits(&self, place: Option<&str>, category: &str) -> bool {
        let place_fits = self.places.is_empty() || place.is_some_and(|p| self.places.iter().any(|x| x == p));
        let category_fits = self.categories.is_empty() || self.categories.iter().any(|c| c == category);
        place_fits && category_fits
    }
}

fn no_rule(passed_over: bool) -> Text {
    if passed_over {
        Text {
            zh: "按规则应承办的单位须回避，请派单员另行确定".to_owned(),
            en: "the unit the rules name must stay away from this matter; the dispatcher decides".to_owned(),
        }
    } else {
        Text {
            zh: "没有适用的派单规则，请派单员确定".to_owned(),
            en: "no rule fits; the dispatcher decides".to_owned(),
        }
    }
}
