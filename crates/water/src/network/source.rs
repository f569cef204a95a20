//! The water files as they are written: shapes only. What they mean together is checked in `build`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::model::{PlaceState, Status, Text};
use super::zone::Level;

/// `network.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkFile {
    pub(super) bounds: BoundsEntry,
    pub(super) provenance: Vec<ProvenanceEntry>,
    pub(super) pollutants: Vec<PollutantEntry>,
    pub(super) nodes: Vec<NodeEntry>,
    pub(super) reaches: Vec<ReachEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundsEntry {
    pub(super) west: Spanned<f64>,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvenanceEntry {
    pub(super) id: Spanned<String>,
    pub(super) status: Status,
    pub(super) text: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollutantEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    #[serde(default)]
    pub(super) also: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) at: Spanned<[f64; 2]>,
    pub(super) by: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReachEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) water: String,
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) length_m: Spanned<f64>,
    pub(super) slope: Spanned<f64>,
    pub(super) width_m: Spanned<f64>,
    pub(super) depth_m: Spanned<f64>,
    pub(super) velocity_ms: Spanned<f64>,
    pub(super) drainage_km2: Spanned<f64>,
    pub(super) mean_flow_m3s: Spanned<f64>,
    #[serde(default)]
    pub(super) flow_m3s: Option<Spanned<f64>>,
    /// Provenance of every figure that is not named in `figures`.
    pub(super) by: Spanned<String>,
    /// Field → provenance.
    #[serde(default)]
    pub(super) figures: BTreeMap<String, Spanned<String>>,
}

/// Where on the network a place is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnEntry {
    pub(super) reach: Spanned<String>,
    pub(super) at_m: Spanned<f64>,
}

/// `sources.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourcesFile {
    pub(super) sources: Vec<SourceEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) kind: String,
    pub(super) state: PlaceState,
    #[serde(default)]
    pub(super) population: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) backup: Option<Text>,
    #[serde(default)]
    pub(super) town: Option<String>,
    #[serde(default)]
    pub(super) water: Option<String>,
    #[serde(default)]
    pub(super) on: Option<OnEntry>,
    #[serde(default)]
    pub(super) at: Option<Spanned<[f64; 2]>>,
    pub(super) by: Spanned<String>,
    pub(super) placed_by: Spanned<String>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

/// `zones.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZonesFile {
    pub(super) rules: Vec<ZoneRuleEntry>,
}

/// What a level of zone is by custom, for sources of some kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneRuleEntry {
    pub(super) kinds: Vec<Spanned<String>>,
    pub(super) level: Spanned<Level>,
    /// In words.
    pub(super) text: Text,
    /// Along the river, where the source stands on one.
    #[serde(default)]
    pub(super) river: Option<RiverRule>,
    /// Around the source, where it was surveyed.
    #[serde(default)]
    pub(super) circle: Option<CircleRule>,
    pub(super) by: Spanned<String>,
}

/// From and to, metres above and below the intake; land on either side, metres.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiverRule {
    pub(super) up_m: [f64; 2],
    pub(super) down_m: [f64; 2],
    pub(super) side_m: f64,
}

/// Inner and outer radius, metres.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CircleRule {
    pub(super) radius_m: [f64; 2],
}

/// `places.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacesFile {
    pub(super) sections: Vec<SectionEntry>,
    pub(super) risks: Vec<RiskEntry>,
    pub(super) facilities: Vec<FacilityEntry>,
    pub(super) depots: Vec<DepotEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) level: String,
    pub(super) target: String,
    #[serde(default)]
    pub(super) water: Option<String>,
    #[serde(default)]
    pub(super) on: Option<OnEntry>,
    #[serde(default)]
    pub(super) at: Option<Spanned<[f64; 2]>>,
    pub(super) by: Spanned<String>,
    pub(super) placed_by: Spanned<String>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) town: Option<String>,
    #[serde(default)]
    pub(super) pollutants: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) stock_kg: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) on: Option<OnEntry>,
    #[serde(default)]
    pub(super) at: Option<Spanned<[f64; 2]>>,
    pub(super) by: Spanned<String>,
    pub(super) placed_by: Spanned<String>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FacilityEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) town: Option<String>,
    #[serde(default)]
    pub(super) volume_m3: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) on: Option<OnEntry>,
    #[serde(default)]
    pub(super) at: Option<Spanned<[f64; 2]>>,
    pub(super) by: Spanned<String>,
    pub(super) placed_by: Spanned<String>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DepotEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    #[serde(default)]
    pub(super) town: Option<String>,
    pub(super) materials: Vec<String>,
    pub(super) contact: String,
    #[serde(default)]
    pub(super) at: Option<Spanned<[f64; 2]>>,
    pub(super) by: Spanned<String>,
    pub(super) placed_by: Spanned<String>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}
