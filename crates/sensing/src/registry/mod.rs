//! Stations, pollutants and limits of a district, as data: who measures what, in which unit, how often, and which figure
//! of which standard counted at a moment.
//!
//! Pure: it is built from texts, asks no clock, and is either whole or not there. Standards are the district's files; no
//! figure of a standard stands in code.

mod build;
mod limits;
mod model;
mod source;

pub(crate) use limits::BEIJING;
pub use limits::{Bound, Hours, Limit};
pub use model::{Confidence, Flat, Maintenance, On, Parameter, Pollutant, Profile, Registry, Station, StationKind};

/// The files of a district's `sensing/` folder that make a registry: stations, pollutants, limits.
pub const FILES: [&str; 3] = ["stations.yaml", "pollutants.yaml", "limits.yaml"];

/// The most stations of a district.
pub const MOST_STATIONS: usize = 10_000;
