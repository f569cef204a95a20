//! The waters of a district as data: reaches as a directed graph, and on it sources, sections, risk sources, facilities and
//! depots; what a release reaches, and where an exceedance may have come from.
//!
//! [`Network::load`] builds it from the files of the district's `water/` folder and refuses what does not hold together,
//! with file, line and field. Every figure has a provenance; what nobody surveyed is approximate and says so wherever it is
//! shown. Stops before cases: it opens none.

mod below;
mod build;
mod datum;
mod graph;
mod model;
mod place;
pub(crate) mod problem;
mod release;
mod shape;
mod source;
mod trace;
mod upstream;
mod zone;
mod zone_file;

pub use datum::{Datum, gcj02_from_wgs84, wgs84_from_gcj02};
pub use model::{
    Bounds, Detail, Group, Network, Node, Place, PlaceState, Pollutant, Position, Provenance, Reach, Status, Text,
};
pub use place::UnknownPlace;
pub use problem::{Problem, Problems};
pub use release::{Arrival, Downstream, Spill};
pub use shape::{Flaw, Geography, Read, read_geojson};
pub use trace::{Candidate, Exceedance, TraceRefused, Traced};
pub use upstream::Upstream;
pub use zone::{Level, Zone};
pub use zone_file::{ZoneFeature, ZoneImport, import_zones, zones_text};

/// Files of a district's `water/` folder.
pub const FILES: [&str; 3] = ["network.yaml", "sources.yaml", "places.yaml"];
/// Protection zones of a district: rules by kind of source, and shapes that were registered. Either may be missing.
pub const ZONE_RULES: &str = "zones.yaml";
/// See [`ZONE_RULES`].
pub const ZONE_SHAPES: &str = "zones.geojson";
/// The most reaches, and the most nodes, a network may have.
pub const MOST_REACHES: usize = 100_000;
/// The most places (sources, sections, risk sources, facilities, depots) a network may have.
pub const MOST_PLACES: usize = 50_000;
