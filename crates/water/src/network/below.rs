//! What lies below a point: places along the water that runs from it, with the way there. No times and no amounts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Network, Position};

impl Network {
    /// The places downstream of a position, nearest first: index into [`Network::places`] and metres of river.
    #[must_use]
    pub fn below(&self, from: Position) -> Vec<(usize, f64)> {
        let mut found: BTreeMap<usize, f64> = BTreeMap::new();
        // A reach and how far its upper end is from the point, by the shortest way known: the graph has no cycles, so
        // this ends, and a reach is gone through again only when a shorter way to it was found.
        let mut nearest: BTreeMap<usize, f64> = BTreeMap::new();
        let mut waiting = vec![(from.reach, -from.at_m)];
        while let Some((reach, upper)) = waiting.pop() {
            if nearest.get(&reach).is_some_and(|known| *known <= upper) {
                continue;
            }
            nearest.insert(reach, upper);
            for &place in &self.on_reach[reach] {
                let away = upper + self.places[place].on.map_or(0.0, |on| on.at_m);
                if away >= 0.0 {
                    found.entry(place).and_modify(|known| *known = known.min(away)).or_insert(away);
                }
            }
            let (end, lower) = (self.reaches[reach].ends.1, upper + self.reaches[reach].length_m);
            let next = self.reaches.iter().enumerate().filter(|(_, next)| next.ends.0 == end);
            waiting.extend(next.map(|(i, _)| (i, lower)));
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    }

    /// Ids of the reaches that water from a position passes, the one it is on included.
    #[must_use]
    pub fn passes(&self, from: Position) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![from.reach];
        while let Some(reach) = waiting.pop() {
            if found.insert(self.reaches[reach].id.as_str()) {
                let end = self.reaches[reach].ends.1;
                let next = self.reaches.iter().enumerate().filter(|(_, next)| next.ends.0 == end);
                waiting.extend(next.map(|(i, _)| i));
            }
        }
        found
    }
}
