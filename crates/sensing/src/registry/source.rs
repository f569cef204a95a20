//! The files of the registry as they are written: shapes only. What they mean together is checked in `build`.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::limits::Hours;
use super::model::{Confidence, Profile, StationKind};
use crate::words::Text;

/// `stations.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StationsFile {
    pub(super) stations: Vec<StationEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StationEntry {
    pub(super) id: Spanned<String>,
    pub(super) mn: Spanned<String>,
    pub(super) name: Text,
    pub(super) kind: StationKind,
    pub(super) place: Text,
    pub(super) at: Spanned<[f64; 2]>,
    pub(super) approximate: bool,
    pub(super) profile: Profile,
    #[serde(default)]
    pub(super) water: Option<String>,
    #[serde(default)]
    pub(super) on: Option<OnEntry>,
    #[serde(default)]
    pub(super) class: Option<Spanned<String>>,
    pub(super) parameters: Vec<ParameterEntry>,
    #[serde(default)]
    pub(super) maintenance: Vec<MaintenanceEntry>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnEntry {
    pub(super) reach: String,
    pub(super) at_m: Spanned<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterEntry {
    pub(super) pollutant: Spanned<String>,
    pub(super) unit: Spanned<String>,
    pub(super) every: Spanned<String>,
    pub(super) range: Spanned<[f64; 2]>,
    #[serde(default)]
    pub(super) plausible: Option<Spanned<[f64; 2]>>,
    #[serde(default)]
    pub(super) rate_per_hour: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) spike: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) flat: Option<FlatEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlatEntry {
    #[serde(rename = "for")]
    pub(super) during: Spanned<String>,
    pub(super) tolerance: Spanned<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaintenanceEntry {
    pub(super) from: Spanned<DateTime<FixedOffset>>,
    pub(super) until: DateTime<FixedOffset>,
    pub(super) why: Text,
}

/// `pollutants.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollutantsFile {
    pub(super) pollutants: Vec<PollutantEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollutantEntry {
    pub(super) code: Spanned<String>,
    pub(super) name: Text,
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
}

/// `limits.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsFile {
    pub(super) tables: Vec<TableEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableEntry {
    pub(super) standard: Spanned<String>,
    #[expect(dead_code, reason = "read by people; kept so that every table says what it is")]
    pub(super) title: Text,
    pub(super) clause: String,
    pub(super) from: NaiveDate,
    #[serde(default)]
    pub(super) until: Option<NaiveDate>,
    #[serde(default)]
    pub(super) hours: Option<Hours>,
    pub(super) confidence: Confidence,
    pub(super) classes: Vec<String>,
    pub(super) rows: Vec<RowEntry>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}

/// One pollutant of a table: the figures in the order of the classes, `null` where the standard has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowEntry {
    pub(super) pollutant: Spanned<String>,
    pub(super) unit: String,
    #[serde(default)]
    pub(super) most: Option<Spanned<Vec<Option<f64>>>>,
    #[serde(default)]
    pub(super) least: Option<Spanned<Vec<Option<f64>>>>,
    #[serde(default)]
    pub(super) confidence: Option<Confidence>,
    #[serde(default)]
    pub(super) remark: Option<Text>,
}
