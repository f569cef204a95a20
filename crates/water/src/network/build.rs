//! From the texts of a district's `water/` folder to a [`Network`]: reads, checks every name and figure, and reports all
//! mistakes at once.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex};
use serde::de::DeserializeOwned;
use serde_saphyr::{Location, Spanned};

use super::graph::downstream_order;
use super::model::{Bounds, Network, Node, Pollutant, Provenance, Reach, Status};
use super::place::{Index, places};
use super::problem::{Findings, Problems};
use super::source::{BoundsEntry, NetworkFile, PlacesFile, ReachEntry, SourcesFile};
use super::{FILES, MOST_PLACES, MOST_REACHES};
use crate::arrival::{Basin, BasinFigures};

/// Figures of a reach that carry a provenance.
const FIGURES: [&str; 8] =
    ["length_m", "slope", "width_m", "depth_m", "velocity_ms", "drainage_km2", "mean_flow_m3s", "flow_m3s"];

/// The most bytes of one file.
const MOST_BYTES: usize = 64 * 1024 * 1024;

impl Network {
    /// Builds the network from the [`FILES`] of `folder`; `read` gives a file's text by its path, or nothing.
    ///
    /// # Errors
    /// All mistakes found, each with file, line, field and what was expected: unknown names, figures outside their domain,
    /// coordinates outside the district or in the wrong order, cycles and missing reaches by their names.
    pub fn load(folder: &str, read: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let [network, sources, others] = FILES.map(|name| in_folder(folder, name));
        let parsed = (
            parse::<NetworkFile>(&network, read, &mut findings),
            parse::<SourcesFile>(&sources, read, &mut findings),
            parse::<PlacesFile>(&others, read, &mut findings),
        );
        let (Some(network_file), Some(sources_file), Some(places_file)) = parsed else {
            return Err(findings.into_problems());
        };
        limits(&network, &network_file, &sources, &sources_file, &others, &places_file, &mut findings);
        if !findings.none() {
            return Err(findings.into_problems());
        }
        let mut net = skeleton(&network, network_file, &mut findings);
        net.places = places((&sources, sources_file), (&others, places_file), &mut net, &mut findings);
        if !findings.none() {
            return Err(findings.into_problems());
        }
        net.zones = super::zone::zones(folder, read, &net, &mut findings);
        if !findings.none() {
            return Err(findings.into_problems());
        }
        net.on_reach = vec![Vec::new(); net.reaches.len()];
        for (i, place) in net.places.iter().enumerate() {
            if let Some(on) = place.on {
                net.on_reach[on.reach].push(i);
            }
        }
        Ok(net)
    }
}

pub(super) fn parse<T: DeserializeOwned>(
    path: &str,
    read: &dyn Fn(&str) -> Option<String>,
    findings: &mut Findings,
) -> Option<T> {
    let Some(text) = read(path) else {
        findings.file(path, "the file is missing", format!("a district's water folder has {}", FILES.join(", ")));
        return None;
    };
    if text.len() > MOST_BYTES {
        findings.file(path, format!("the file has {} bytes", text.len()), format!("at most {MOST_BYTES}"));
        return None;
    }
    let mut options = serde_saphyr::Options::default();
    // Room for the greatest network that is admitted; aliases stay bounded.
    options.budget = serde_saphyr::budget! { max_nodes: 8_000_000, max_events: 24_000_000 };
    match serde_saphyr::from_str_with_options::<T>(&text, options) {
        Ok(value) => Some(value),
        Err(error) => {
            let said = error.without_snippet().to_string().replace('\n', " ");
            let expected = "the shape of the shipped file of this name";
            match error.location() {
                Some(place) => findings.at(path, place, "shape", said, expected),
                None => findings.file(path, said, expected),
            }
            None
        }
    }
}

/// The path of a file of the folder.
pub(super) fn in_folder(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn limits(
    network: &str,
    network_file: &NetworkFile,
    sources: &str,
    sources_file: &SourcesFile,
    others: &str,
    places_file: &PlacesFile,
    findings: &mut Findings,
) {
    let more =
        places_file.sections.len() + places_file.risks.len() + places_file.facilities.len() + places_file.depots.len();
    let counts = [
        (network, "reaches", network_file.reaches.len(), MOST_REACHES),
        (network, "nodes", network_file.nodes.len(), MOST_REACHES),
        (network, "provenance", network_file.provenance.len(), 1000),
        (network, "pollutants", network_file.pollutants.len(), 1000),
        (sources, "sources", sources_file.sources.len(), MOST_PLACES),
        (others, "places", more, MOST_PLACES),
    ];
    for (file, what, count, most) in counts {
        if count > most {
            findings.file(file, format!("{count} {what}"), format!("at most {most}"));
        }
    }
}

/// Everything but the places.
fn skeleton(path: &str, file: NetworkFile, findings: &mut Findings) -> Network {
    let mut provenance_ids = Index::new("provenance");
    let mut provenance = Vec::new();
    for entry in file.provenance {
        provenance_ids.add(path, &entry.id, findings);
        provenance.push(Provenance { id: entry.id.value, status: entry.status, text: entry.text });
    }
    let bounds = bounds(path, &file.bounds, findings);
    let mut node_ids = Index::new("node");
    let mut nodes = Vec::new();
    for entry in file.nodes {
        node_ids.add(path, &entry.id, findings);
        let by = provenance_ids.find(path, &entry.by, &format!("node {}: by", entry.id.value), findings);
        check_point(path, &entry.id.value, entry.at.defined, entry.at.value, bounds, findings);
        nodes.push(Node { id: entry.id.value, name: entry.name, at: entry.at.value, by });
    }
    let mut pollutant_ids = Index::new("pollutant");
    let mut pollutants = Vec::new();
    for entry in file.pollutants {
        pollutant_ids.add(path, &entry.id, findings);
        pollutants.push(Pollutant { id: entry.id.value, name: entry.name, also: entry.also });
    }
    let mut reach_ids = Index::new("reach");
    let mut reaches = Vec::new();
    let mut lines = Vec::new();
    for entry in file.reaches {
        reach_ids.add(path, &entry.id, findings);
        lines.push(entry.id.defined);
        if let Some(reach) = reach(path, entry, &node_ids, &provenance_ids, &provenance, findings) {
            reaches.push(reach);
        }
    }
    let mut graph = DiGraph::with_capacity(nodes.len(), reaches.len());
    let mut order = Vec::new();
    // A reach that was refused would shift the others: the graph is only made of a whole network.
    if findings.none() {
        for _ in &nodes {
            graph.add_node(());
        }
        for reach in &reaches {
            graph.add_edge(NodeIndex::new(reach.ends.0), NodeIndex::new(reach.ends.1), ());
        }
        order = downstream_order(path, &graph, &nodes, &reaches, &lines, findings);
    }
    Network {
        bounds,
        provenance,
        nodes,
        reaches,
        places: Vec::new(),
        pollutants,
        zones: Vec::new(),
        graph,
        order,
        on_reach: Vec::new(),
        places_by_id: BTreeMap::new(),
        nodes_by_id: node_ids.into_map(),
        reaches_by_id: reach_ids.into_map(),
    }
}

fn bounds(path: &str, entry: &BoundsEntry, findings: &mut Findings) -> Bounds {
    let bounds = Bounds { west: entry.west.value, south: entry.south, east: entry.east, north: entry.north };
    let whole = -180.0 <= bounds.west
        && bounds.west < bounds.east
        && bounds.east <= 180.0
        && -90.0 <= bounds.south
        && bounds.south < bounds.north
        && bounds.north <= 90.0;
    if !whole {
        let expected = "west < east within ±180 and south < north within ±90, degrees WGS-84";
        findings.at(path, entry.west.defined, "bounds", format!("{bounds:?} is no part of the earth"), expected);
    }
    bounds
}

/// A point must lie in the district, longitude first.
pub(super) fn check_point(
    path: &str,
    id: &str,
    line: Location,
    [longitude, latitude]: [f64; 2],
    bounds: Bounds,
    findings: &mut Findings,
) {
    if bounds.hold([longitude, latitude]) {
        return;
    }
    let what = if bounds.hold([latitude, longitude]) {
        format!("[{longitude}, {latitude}] has latitude and longitude exchanged")
    } else {
        format!("[{longitude}, {latitude}] lies outside the district")
    };
    let Bounds { west, south, east, north } = bounds;
    let expected = format!("[longitude {west} to {east}, latitude {south} to {north}], degrees WGS-84");
    findings.at(path, line, format!("{id}: at"), what, expected);
}

fn reach(
    path: &str,
    entry: ReachEntry,
    nodes: &Index,
    provenances: &Index,
    provenance: &[Provenance],
    findings: &mut Findings,
) -> Option<Reach> {
    let id = entry.id.value.clone();
    let before = findings.count();
    let by = provenance_of(path, &entry, provenances, findings);
    let from = nodes.find(path, &entry.from, &format!("reach {id}: from"), findings);
    let to = nodes.find(path, &entry.to, &format!("reach {id}: to"), findings);
    let mut figure = |name: &str, value: &Spanned<f64>, least: f64, most: f64| {
        if !(least..=most).contains(&value.value) {
            let expected = format!("a number from {least} to {most}");
            findings.at(path, value.defined, format!("reach {id}: {name}"), format!("{}", value.value), expected);
        }
        value.value
    };
    let length_m = figure("length_m", &entry.length_m, 1.0, 1e7);
    let slope = figure("slope", &entry.slope, 1e-7, 1.0);
    let width_m = figure("width_m", &entry.width_m, 0.1, 1e5);
    let depth_m = figure("depth_m", &entry.depth_m, 0.01, 1e3);
    let velocity_ms = figure("velocity_ms", &entry.velocity_ms, 1e-3, 20.0);
    let drainage_km2 = figure("drainage_km2", &entry.drainage_km2, 1e-2, 1e7);
    let mean_flow_m3s = figure("mean_flow_m3s", &entry.mean_flow_m3s, 1e-4, 1e6);
    let flow_m3s = match &entry.flow_m3s {
        Some(flow) => figure("flow_m3s", flow, 1e-4, 1e6),
        None => (width_m * depth_m * velocity_ms).max(1e-4),
    };
    if findings.count() > before {
        return None;
    }
    let slope_given = Some(slope);
    let drainage_area_m2 = drainage_km2 * 1e6;
    let basin = Basin::new(BasinFigures { drainage_area_m2, mean_flow_m3s, flow_m3s, slope: slope_given });
    let basin = match basin {
        Ok(basin) => basin,
        Err(refusals) => {
            let expected = "figures that the regressions of Jobson admit";
            findings.at(path, entry.id.defined, format!("reach {id}"), refusals.to_string(), expected);
            return None;
        }
    };
    let measured = provenance[by["velocity_ms"]].status == Status::Measured;
    let likely = if measured { velocity_ms } else { basin.most_probable_velocity_ms() };
    let worst = basin.maximum_probable_velocity_ms().max(likely);
    Some(Reach {
        id,
        name: entry.name,
        water: entry.water,
        ends: (from, to),
        length_m,
        slope,
        width_m,
        depth_m,
        velocity_ms,
        drainage_km2,
        mean_flow_m3s,
        flow_m3s,
        by,
        basin,
        peak_velocities_ms: (likely, worst),
    })
}

/// Provenance of every figure of a reach: its own, or the reach's.
fn provenance_of(
    path: &str,
    entry: &ReachEntry,
    provenances: &Index,
    findings: &mut Findings,
) -> BTreeMap<String, usize> {
    let id = &entry.id.value;
    let general = provenances.find(path, &entry.by, &format!("reach {id}: by"), findings);
    let mut by: BTreeMap<String, usize> = FIGURES.iter().map(|&name| (name.to_owned(), general)).collect();
    for (name, provenance) in &entry.figures {
        let field = format!("reach {id}: figures.{name}");
        if FIGURES.contains(&name.as_str()) {
            by.insert(name.clone(), provenances.find(path, provenance, &field, findings));
        } else {
            let expected = format!("one of {}", FIGURES.join(", "));
            findings.at(path, provenance.defined, field, format!("there is no figure {name}"), expected);
        }
    }
    by
}
