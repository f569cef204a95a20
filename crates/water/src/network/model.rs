//! The network in memory: what everything is, once it is known to hold together.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use serde::{Deserialize, Serialize};

use super::zone::Zone;
use crate::arrival::Basin;

/// A text for people, in Chinese and English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// How well a figure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Measured or surveyed for this purpose.
    Measured,
    /// Taken from a published document.
    Published,
    /// Read off a map or derived from a nearby point.
    Approximate,
    /// An assumption, to be replaced.
    Assumed,
}

impl Status {
    /// Must it be marked on screen and in exports? Everything that was neither measured nor published.
    #[must_use]
    pub fn is_approximate(self) -> bool {
        matches!(self, Self::Approximate | Self::Assumed)
    }
}

/// Where figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Id, as the files refer to it.
    pub id: String,
    /// How well known.
    pub status: Status,
    /// Document, survey or reasoning.
    pub text: Text,
}

/// A rectangle of WGS-84 degrees in which every place of the district lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

impl Bounds {
    /// Does `[longitude, latitude]` lie inside?
    #[must_use]
    pub fn hold(&self, [longitude, latitude]: [f64; 2]) -> bool {
        (self.west..=self.east).contains(&longitude) && (self.south..=self.north).contains(&latitude)
    }
}

/// A confluence, a spring or an outlet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Longitude, latitude, WGS-84 degrees.
    pub at: [f64; 2],
    /// Index of its provenance.
    pub by: usize,
}

/// A stretch of river between two nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// River it belongs to, in Chinese, e.g. 綦江.
    pub water: String,
    /// Upstream and downstream node, by index.
    pub ends: (usize, usize),
    /// Length [m].
    pub length_m: f64,
    /// Slope [m/m].
    pub slope: f64,
    /// Width at the surface [m].
    pub width_m: f64,
    /// Mean depth [m].
    pub depth_m: f64,
    /// Mean velocity [m/s].
    pub velocity_ms: f64,
    /// Drainage area at the lower end [km²].
    pub drainage_km2: f64,
    /// Mean annual flow [m³/s].
    pub mean_flow_m3s: f64,
    /// Flow at the time [m³/s]: as given, else width × depth × velocity.
    pub flow_m3s: f64,
    /// Provenance of each figure: name of the field → index.
    pub by: BTreeMap<String, usize>,
    #[serde(skip)]
    pub(super) basin: Basin,
    /// Velocity of the peak [m/s]: most probable, and worst case; the first never above the second.
    pub peak_velocities_ms: (f64, f64),
}

/// A point on a reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Position {
    /// Index of the reach.
    pub reach: usize,
    /// Metres below its upper end.
    pub at_m: f64,
}

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Drinking-water source 饮用水水源.
    Source,
    /// Monitoring section 监测断面.
    Section,
    /// Risk source 风险源.
    Risk,
    /// Gate, pond or other emergency space 应急空间与设施.
    Facility,
    /// Depot of material 物资库.
    Depot,
}

/// Is a source drawn from?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceState {
    /// In use.
    InUse,
    /// Planned.
    Planned,
    /// Named in the plan; that it supplies drinking water is inferred from the context.
    Inferred,
}

/// What only one kind of place has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "group", rename_all = "kebab-case")]
pub enum Detail {
    /// Drinking-water source.
    Source {
        /// 水库, 河流, 山坪塘 …; from the name where the plan does not say.
        kind: String,
        /// In use, planned or inferred.
        state: PlaceState,
        /// How many people it supplies; none: not registered.
        population: Option<u64>,
        /// What supplies them when it cannot; none: not registered.
        backup: Option<Text>,
    },
    /// Monitoring section.
    Section {
        /// `national` 国控 or `municipal` 市控.
        level: String,
        /// Target class of GB 3838, Ⅰ–Ⅴ, or 功能类别.
        target: String,
    },
    /// Risk source.
    Risk {
        /// Park, tailings, mine …
        kind: String,
        /// Ids of the pollutants it may release; none: unknown.
        pollutants: Vec<String>,
        /// Greatest amount there may be [kg], if known.
        stock_kg: Option<f64>,
    },
    /// Emergency facility.
    Facility {
        /// Gate, pond, dam site …
        kind: String,
        /// What it can hold back [m³], if known.
        volume_m3: Option<f64>,
    },
    /// Depot.
    Depot {
        /// What lies there, in words.
        materials: Vec<String>,
        /// Whom to ask, in words; no private numbers.
        contact: String,
    },
}

/// Something at a point: on a reach, on the map, both or neither.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Town, in Chinese, if the plan says it.
    pub town: Option<String>,
    /// Water body, in Chinese, if known.
    pub water: Option<String>,
    /// Where on the network; none: no reach of the network feeds it.
    pub on: Option<Position>,
    /// Longitude, latitude, WGS-84 degrees.
    pub at: Option<[f64; 2]>,
    /// Provenance of what it is, by index.
    pub by: usize,
    /// Provenance of where it is, by index.
    pub placed_by: usize,
    /// What should be known before it is relied on.
    pub remark: Option<Text>,
    /// What only its kind has.
    pub detail: Detail,
}

impl Place {
    /// What it is for.
    #[must_use]
    pub fn group(&self) -> Group {
        match self.detail {
            Detail::Source { .. } => Group::Source,
            Detail::Section { .. } => Group::Section,
            Detail::Risk { .. } => Group::Risk,
            Detail::Facility { .. } => Group::Facility,
            Detail::Depot { .. } => Group::Depot,
        }
    }
}

/// A pollutant and the names it goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pollutant {
    /// Id: the factor code of HJ 212 where it has one.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Other names and codes.
    pub also: Vec<String>,
}

/// The waters of one district.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where the district lies.
    pub bounds: Bounds,
    /// Provenances, by the index that figures refer to.
    pub provenance: Vec<Provenance>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Reaches.
    pub reaches: Vec<Reach>,
    /// Places of all groups, in the order of the files.
    pub places: Vec<Place>,
    /// Pollutants that risk sources and questions name.
    pub pollutants: Vec<Pollutant>,
    /// Protection zones of the sources, by source and level.
    pub zones: Vec<Zone>,
    pub(super) graph: DiGraph<(), ()>,
    pub(super) order: Vec<NodeIndex>,
    pub(super) on_reach: Vec<Vec<usize>>,
    pub(super) places_by_id: BTreeMap<String, usize>,
    pub(super) nodes_by_id: BTreeMap<String, usize>,
    pub(super) reaches_by_id: BTreeMap<String, usize>,
}

impl Network {
    /// The place with this id.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<&Place> {
        self.places_by_id.get(id).map(|&i| &self.places[i])
    }

    /// Is a place approximate: was it neither measured nor published where it is?
    #[must_use]
    pub fn is_approximate(&self, place: &Place) -> bool {
        self.provenance[place.placed_by].status.is_approximate()
    }

    /// The pollutant with this id, name or other name, without regard to case.
    #[must_use]
    pub fn pollutant(&self, name: &str) -> Option<&Pollutant> {
        let same = |other: &str| other.eq_ignore_ascii_case(name.trim());
        self.pollutants.iter().find(|pollutant| {
            same(&pollutant.id)
                || same(&pollutant.name.zh)
                || same(&pollutant.name.en)
                || pollutant.also.iter().any(|other| same(other))
        })
    }

    /// The reach an edge of the graph stands for: edges were added in the order of the reaches.
    pub(super) fn reach_of(edge: EdgeIndex) -> usize {
        edge.index()
    }
}
