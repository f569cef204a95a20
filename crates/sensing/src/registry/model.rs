//! What a registry holds. Built only by [`Registry::load`], so that every name in it leads somewhere.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::words::Text;

/// Stations, pollutants and limits.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(super) stations: Vec<Station>,
    pub(super) by_id: BTreeMap<String, usize>,
    pub(super) by_mn: BTreeMap<String, usize>,
    pub(super) pollutants: BTreeMap<String, Pollutant>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) limits: Limits,
}

/// Where something is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Station {
    /// Id in the house.
    pub id: String,
    /// MN, the number it has in frames of HJ 212.
    pub mn: String,
    /// Name.
    pub name: Text,
    /// What it watches.
    pub kind: StationKind,
    /// Where it stands, in words.
    pub place: Text,
    /// Longitude and latitude, degrees WGS-84.
    pub at: [f64; 2],
    /// Nobody surveyed the position.
    pub approximate: bool,
    /// Which edition of HJ 212 it speaks.
    pub profile: Profile,
    /// Water body, where it stands at one.
    pub water: Option<String>,
    /// Position on the district's river network.
    pub on: Option<On>,
    /// Functional class, a name of `limits.yaml` (`Ⅲ`, `二级/24h`, `2类`).
    pub class: Option<String>,
    /// What it measures.
    pub parameters: Vec<Parameter>,
    /// When it is being worked on.
    pub maintenance: Vec<Maintenance>,
    /// What a reader should know.
    pub remark: Option<Text>,
}

/// What a station watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StationKind {
    /// A section of a river.
    RiverSection,
    /// Ambient air.
    Air,
    /// Gases at a site.
    Gas,
    /// Noise.
    Noise,
    /// Outlet of a waste-water plant.
    WasteWaterOutlet,
}

/// Edition of HJ 212 that a station speaks. The version bits of a frame do not tell it: frames of water stations carried
/// the bits of 2025 years before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// HJ 212-2017.
    #[serde(rename = "2017")]
    Of2017,
    /// HJ 212-2025.
    #[serde(rename = "2025")]
    Of2025,
}

/// A position on the river network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct On {
    /// Reach, by its id in `water/network.yaml`.
    pub reach: String,
    /// Metres below the beginning of the reach.
    pub at_m: f64,
}

/// One pollutant at one station.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Factor code.
    pub pollutant: String,
    /// Unit of what this station sends for this pollutant; codes have no unit of their own.
    pub unit: String,
    /// How often a reading is expected.
    #[serde(skip)]
    pub every: TimeDelta,
    /// What the instrument can show, in `unit`; a figure outside is no measurement.
    pub range: [f64; 2],
    /// What is plausible at this station, in `unit`; a figure outside is suspect.
    pub plausible: Option<[f64; 2]>,
    /// Fastest plausible change, `unit` per hour.
    pub rate_per_hour: Option<f64>,
    /// Largest plausible distance of one reading from the middle of its neighbours, in `unit`.
    pub spike: Option<f64>,
    /// When a line counts as flat.
    pub flat: Option<Flat>,
}

/// When a line counts as flat: everything within `tolerance` for so long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flat {
    /// How long.
    #[serde(skip)]
    pub during: TimeDelta,
    /// Range that counts as no movement, in the unit of the parameter.
    pub tolerance: f64,
}

/// When a station is being worked on: `from` counts, `until` does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Maintenance {
    /// Beginning.
    pub from: DateTime<Utc>,
    /// End.
    pub until: DateTime<Utc>,
    /// What is done.
    pub why: Text,
}

/// Something that is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Pollutant {
    /// Factor code of HJ 212, or a word where there is none.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Other names, also codes of 2005.
    pub also: Vec<String>,
}

/// How well a figure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confidence {
    /// Read in the source itself.
    V,
    /// Read in another's account of it.
    V2,
    /// From knowledge only, to be checked against the standard.
    K,
    /// As the district's plan says.
    S,
}

impl Registry {
    /// All stations, in the order of the file.
    #[must_use]
    pub fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// A station by its id.
    #[must_use]
    pub fn station(&self, id: &str) -> Option<&Station> {
        self.by_id.get(id).map(|&i| &self.stations[i])
    }

    /// A station by its MN.
    #[must_use]
    pub fn by_mn(&self, mn: &str) -> Option<&Station> {
        self.by_mn.get(mn).map(|&i| &self.stations[i])
    }

    /// What a station measures of a pollutant.
    #[must_use]
    pub fn parameter(&self, station: &str, pollutant: &str) -> Option<&Parameter> {
        self.station(station)?.parameter(pollutant)
    }

    /// A pollutant by its code or by another of its names.
    #[must_use]
    pub fn pollutant(&self, name: &str) -> Option<&Pollutant> {
        self.pollutants.get(name).or_else(|| self.pollutants.get(self.aliases.get(name)?))
    }

    /// All pollutants, by code.
    pub fn pollutants(&self) -> impl Iterator<Item = &Pollutant> {
        self.pollutants.values()
    }
}

impl Station {
    /// What it measures of a pollutant.
    #[must_use]
    pub fn parameter(&self, pollutant: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.pollutant == pollutant)
    }

    /// The work that is done on it at a moment.
    #[must_use]
    pub fn maintained_at(&self, at: DateTime<Utc>) -> Option<&Maintenance> {
        self.maintenance.iter().find(|work| work.from <= at && at < work.until)
    }
}
