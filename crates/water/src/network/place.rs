//! Places as they were written, put on the network; and points by the words people use for them.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::build::check_point;
use super::model::{Detail, Network, Place, Position, Text};
use super::problem::Findings;
use super::source::{
    DepotEntry, FacilityEntry, OnEntry, PlacesFile, RiskEntry, SectionEntry, SourceEntry, SourcesFile,
};

/// The most people that one source supplies.
const MOST_PEOPLE: u64 = 50_000_000;

/// Ids of one kind of entry, in the order of the file.
pub(super) struct Index {
    what: &'static str,
    ids: BTreeMap<String, usize>,
    count: usize,
}

impl Index {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, ids: BTreeMap::new(), count: 0 }
    }

    /// Takes the next id; a second one of the same name is a mistake.
    pub(super) fn add(&mut self, path: &str, id: &Spanned<String>, findings: &mut Findings) {
        let whole = !id.value.is_empty() && id.value.len() <= 64 && !id.value.contains(['@', ' ']);
        if !whole {
            let expected = "1 to 64 bytes without space and @";
            findings.at(path, id.defined, format!("{}: id", self.what), format!("`{}` is no id", id.value), expected);
        }
        if self.ids.insert(id.value.clone(), self.count).is_some() {
            let what = format!("{} {} stands there twice", self.what, id.value);
            findings.at(path, id.defined, format!("{}: id", self.what), what, "an id of its own");
        }
        self.count += 1;
    }

    /// The index of a name; a missing one is a mistake and gives 0, which is never used.
    pub(super) fn find(&self, path: &str, name: &Spanned<String>, field: &str, findings: &mut Findings) -> usize {
        self.ids.get(&name.value).copied().unwrap_or_else(|| {
            let what = format!("there is no {} {}", self.what, name.value);
            findings.at(path, name.defined, field, what, format!("the id of a {} of this file", self.what));
            0
        })
    }

    pub(super) fn into_map(self) -> BTreeMap<String, usize> {
        self.ids
    }
}

/// What all places have in common, as it was written.
struct Common {
    id: Spanned<String>,
    name: Text,
    town: Option<String>,
    water: Option<String>,
    on: Option<OnEntry>,
    at: Option<Spanned<[f64; 2]>>,
    by: Spanned<String>,
    placed_by: Spanned<String>,
    remark: Option<Text>,
    detail: Detail,
}

/// All places of the two files; fills the network's index of them.
pub(super) fn places(
    (sources_path, sources): (&str, SourcesFile),
    (path, others): (&str, PlacesFile),
    net: &mut Network,
    findings: &mut Findings,
) -> Vec<Place> {
    let mut ids = Index::new("place");
    let mut all = Vec::new();
    for entry in sources.sources {
        if let Some(people) = entry.population.as_ref().filter(|people| !(1..=MOST_PEOPLE).contains(&people.value)) {
            let field = format!("{}: population", entry.id.value);
            let expected = format!("1 to {MOST_PEOPLE} people; leave it out when it is not known");
            findings.at(sources_path, people.defined, field, format!("{}", people.value), expected);
        }
        all.push(put(sources_path, source(entry), net, &mut ids, findings));
    }
    let mut rest: Vec<Common> = others.sections.into_iter().map(section).collect();
    for entry in others.risks {
        let (common, checked) = risk(entry);
        for (field, value, least) in checked {
            amount(path, &field, &value, least, findings);
        }
        rest.push(common);
    }
    for entry in others.facilities {
        if let Some(volume) = &entry.volume_m3 {
            amount(path, &format!("{}: volume_m3", entry.id.value), volume, 1.0, findings);
        }
        rest.push(facility(entry));
    }
    rest.extend(others.depots.into_iter().map(depot));
    for common in rest {
        all.push(put(path, common, net, &mut ids, findings));
    }
    net.places_by_id = ids.into_map();
    all
}

fn amount(path: &str, field: &str, value: &Spanned<f64>, least: f64, findings: &mut Findings) {
    if !(least..=1e15).contains(&value.value) {
        findings.at(path, value.defined, field, format!("{}", value.value), format!("a number from {least} to 1e15"));
    }
}

fn put(path: &str, entry: Common, net: &Network, ids: &mut Index, findings: &mut Findings) -> Place {
    ids.add(path, &entry.id, findings);
    let id = &entry.id.value;
    let provenance = |name: &Spanned<String>, field: &str, findings: &mut Findings| {
        net.provenance.iter().position(|known| known.id == name.value).unwrap_or_else(|| {
            let what = format!("there is no provenance {}", name.value);
            findings.at(path, name.defined, format!("{id}: {field}"), what, "the id of a provenance of network.yaml");
            0
        })
    };
    let by = provenance(&entry.by, "by", findings);
    let placed_by = provenance(&entry.placed_by, "placed_by", findings);
    let on = entry.on.as_ref().and_then(|on| position(path, id, on, net, findings));
    if let Some(at) = &entry.at {
        check_point(path, id, at.defined, at.value, net.bounds, findings);
    }
    if let Detail::Risk { pollutants, .. } = &entry.detail {
        for name in pollutants {
            if !net.pollutants.iter().any(|known| &known.id == name) {
                let what = format!("there is no pollutant {name}");
                let field = format!("{id}: pollutants");
                findings.at(path, entry.id.defined, field, what, "the id of a pollutant of network.yaml");
            }
        }
    }
    let at = entry.at.map(|at| at.value).or_else(|| on.map(|on| net.coordinates(on)));
    let Common { id, name, town, water, remark, detail, .. } = entry;
    let water = water.or_else(|| on.map(|on| net.reaches[on.reach].water.clone()));
    Place { id: id.value, name, town, water, on, at, by, placed_by, remark, detail }
}

fn position(path: &str, id: &str, on: &OnEntry, net: &Network, findings: &mut Findings) -> Option<Position> {
    let Some(&reach) = net.reaches_by_id.get(&on.reach.value) else {
        let what = format!("{id} stands on reach {}, which is missing", on.reach.value);
        findings.at(path, on.reach.defined, format!("{id}: on.reach"), what, "the id of a reach of network.yaml");
        return None;
    };
    // Reaches that were refused have been told already; nothing can be said about their length.
    let length = net.reaches.get(reach).filter(|known| known.id == on.reach.value)?.length_m;
    if !(0.0..=length).contains(&on.at_m.value) {
        let what = format!("{} m is not on reach {}", on.at_m.value, on.reach.value);
        let expected = format!("0 to {length} m below its upper end");
        findings.at(path, on.at_m.defined, format!("{id}: on.at_m"), what, expected);
        return None;
    }
    Some(Position { reach, at_m: on.at_m.value })
}

fn source(entry: SourceEntry) -> Common {
    let SourceEntry { id, name, kind, state, population, backup, town, water, on, at, by, placed_by, remark } = entry;
    let detail = Detail::Source { kind, state, population: population.map(|people| people.value), backup };
    Common { id, name, town, water, on, at, by, placed_by, remark, detail }
}

fn section(entry: SectionEntry) -> Common {
    let SectionEntry { id, name, level, target, water, on, at, by, placed_by, remark } = entry;
    Common { id, name, town: None, water, on, at, by, placed_by, remark, detail: Detail::Section { level, target } }
}

fn risk(entry: RiskEntry) -> (Common, Vec<(String, Spanned<f64>, f64)>) {
    let RiskEntry { id, name, kind, town, pollutants, stock_kg, on, at, by, placed_by, remark } = entry;
    let checked = stock_kg.iter().map(|stock| (format!("{}: stock_kg", id.value), stock.clone(), 1e-9)).collect();
    let pollutants = pollutants.into_iter().map(|name| name.value).collect();
    let detail = Detail::Risk { kind, pollutants, stock_kg: stock_kg.map(|stock| stock.value) };
    (Common { id, name, town, water: None, on, at, by, placed_by, remark, detail }, checked)
}

fn facility(entry: FacilityEntry) -> Common {
    let FacilityEntry { id, name, kind, town, volume_m3, on, at, by, placed_by, remark } = entry;
    let detail = Detail::Facility { kind, volume_m3: volume_m3.map(|volume| volume.value) };
    Common { id, name, town, water: None, on, at, by, placed_by, remark, detail }
}

fn depot(entry: DepotEntry) -> Common {
    let DepotEntry { id, name, town, materials, contact, at, by, placed_by, remark } = entry;
    let detail = Detail::Depot { materials, contact };
    Common { id, name, town, water: None, on: None, at, by, placed_by, remark, detail }
}

/// A point that the network does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{point}: {what}. expected: the id of a place or node of the network, or REACH@METRES")]
pub struct UnknownPlace {
    /// As it was asked for.
    pub point: String,
    /// What is wrong with it.
    pub what: String,
}

impl Network {
    /// A point by its words: the id of a place that stands on a reach, the id of a node, or `REACH@METRES`.
    ///
    /// # Errors
    /// Nothing of that name; a place off the network; an outlet, below which there is nothing; metres beyond the reach.
    pub fn point(&self, words: &str) -> Result<Position, UnknownPlace> {
        let unknown = |what: String| UnknownPlace { point: words.to_owned(), what };
        if let Some((reach, metres)) = words.split_once('@') {
            let &reach = self.reaches_by_id.get(reach).ok_or_else(|| unknown(format!("there is no reach {reach}")))?;
            let length = self.reaches[reach].length_m;
            let at_m = metres.parse::<f64>().ok().filter(|at| (0.0..=length).contains(at));
            let at_m = at_m.ok_or_else(|| unknown(format!("`{metres}` is no number from 0 to {length} m")))?;
            return Ok(Position { reach, at_m });
        }
        if let Some(place) = self.place(words) {
            let off = || unknown(format!("{} stands on no reach of the network", place.name.zh));
            return place.on.ok_or_else(off);
        }
        let &node = self.nodes_by_id.get(words).ok_or_else(|| unknown("there is nothing of this name".into()))?;
        let below = self.reaches.iter().position(|reach| reach.ends.0 == node);
        let reach = below.ok_or_else(|| unknown("it is an outlet; the network ends there".into()))?;
        Ok(Position { reach, at_m: 0.0 })
    }

    /// Longitude and latitude of a position, on the straight line between the ends of its reach.
    #[must_use]
    pub fn coordinates(&self, on: Position) -> [f64; 2] {
        let reach = &self.reaches[on.reach];
        let (from, to) = (self.nodes[reach.ends.0].at, self.nodes[reach.ends.1].at);
        let share = on.at_m / reach.length_m;
        [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
    }

    /// The words for a position: the place there if there is one, else reach and metres.
    #[must_use]
    pub fn words(&self, on: Position) -> Text {
        let reach = &self.reaches[on.reach];
        Text {
            zh: format!("{}（距上端 {:.0} 米）", reach.name.zh, on.at_m),
            en: format!("{}, {:.0} m below its upper end", reach.name.en, on.at_m),
        }
    }
}
