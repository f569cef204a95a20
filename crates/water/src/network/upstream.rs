//! What lies above a place: every risk source on the way to it, with how far, and when what it lost would arrive.

use serde::Serialize;

use super::model::{Detail, Group, Network, Place, Text};
use crate::arrival::{Band, Refusals};

/// A risk source above a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Upstream {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Town, if known.
    pub town: Option<String>,
    /// What kind it is.
    pub kind: String,
    /// Names of the pollutants registered there; none: unknown.
    pub pollutants: Vec<Text>,
    /// Greatest amount there may be [kg], if known.
    pub stock_kg: Option<f64>,
    /// Is its position approximate?
    pub approximate: bool,
    /// Along the river to the place [m].
    pub distance_m: f64,
    /// The passage of a kilogram released at once without decay: times in seconds; the concentrations grow with the mass.
    #[serde(flatten)]
    pub band: Band,
}

impl Network {
    /// Risk sources above a place, the earliest worst-case leading edge first; none where no reach of the network feeds it.
    ///
    /// # Errors
    /// As [`Network::downstream`]; figures that were admitted when the network was loaded give none.
    pub fn upstream(&self, place: &Place) -> Result<Vec<Upstream>, Refusals> {
        let Some(on) = place.on else { return Ok(Vec::new()) };
        let mut above = Vec::new();
        for (index, way) in self.ways_up(on) {
            let risk = &self.places[index];
            let Detail::Risk { kind, pollutants, stock_kg } = &risk.detail else { continue };
            let named =
                |id: &String| self.pollutants.iter().find(|known| known.id == *id).map(|known| known.name.clone());
            above.push(Upstream {
                id: risk.id.clone(),
                name: risk.name.clone(),
                town: risk.town.clone(),
                kind: kind.clone(),
                pollutants: pollutants.iter().filter_map(named).collect(),
                stock_kg: *stock_kg,
                approximate: self.is_approximate(risk),
                distance_m: way.distance_m,
                band: self.band(on.reach, way, 1000.0, 0.0)?,
            });
        }
        above.sort_by(|a, b| {
            let edge = |one: &Upstream| one.band.worst_case.leading_edge_s;
            edge(a).total_cmp(&edge(b)).then_with(|| a.id.cmp(&b.id))
        });
        Ok(above)
    }

    /// Emergency facilities above a place, on the way down to it, the nearest first, with the metres between.
    #[must_use]
    pub fn facilities_above(&self, place: &Place) -> Vec<(&Place, f64)> {
        self.above(place, Group::Facility)
    }

    /// Places of a group above a place, the nearest first, with the metres between.
    #[must_use]
    pub fn above(&self, place: &Place, group: Group) -> Vec<(&Place, f64)> {
        let Some(on) = place.on else { return Vec::new() };
        let ways = self.ways_up(on).into_iter().map(|(index, way)| (&self.places[index], way.distance_m));
        let mut found: Vec<(&Place, f64)> = ways.filter(|(place, _)| place.group() == group).collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    }

    /// The centre of a town, as far as a place of the network was put there for want of a better position.
    #[must_use]
    pub fn town_centre(&self, town: &str) -> Option<[f64; 2]> {
        let there = |place: &&Place| place.town.as_deref() == Some(town) && place.on.is_none();
        self.places.iter().filter(there).find_map(|place| place.at)
    }

    /// Towns that have a centre, in the order in which they are first named.
    #[must_use]
    pub fn towns(&self) -> Vec<(&str, [f64; 2])> {
        let mut towns: Vec<(&str, [f64; 2])> = Vec::new();
        for town in self.places.iter().filter_map(|place| place.town.as_deref()) {
            if !towns.iter().any(|(known, _)| *known == town)
                && let Some(at) = self.town_centre(town)
            {
                towns.push((town, at));
            }
        }
        towns
    }
}
