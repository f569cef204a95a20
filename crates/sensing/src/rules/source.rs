//! A file of rules as it is written: shapes only. What it means is checked in `build`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::model::{Direction, Severity};
use crate::observation::Kind;
use crate::registry::StationKind;
use crate::words::Text;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesFile {
    /// Readings observed so long before they are looked at raise nothing.
    #[serde(default)]
    pub(super) late_after: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) series: Option<SeriesEntry>,
    /// What pollutants are called that no registry knows.
    #[serde(default)]
    pub(super) names: BTreeMap<String, Text>,
    pub(super) rules: Vec<RuleEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesEntry {
    pub(super) station: String,
    #[serde(default)]
    pub(super) time: Option<String>,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Text,
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) stations: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) station_kinds: Option<Vec<StationKind>>,
    #[serde(default)]
    pub(super) figures: Option<Vec<Kind>>,
    #[serde(default)]
    pub(super) cooling: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) threshold: Option<ThresholdEntry>,
    #[serde(default)]
    pub(super) rate: Option<RateEntry>,
    #[serde(default)]
    pub(super) missing: Option<MissingEntry>,
    #[serde(default)]
    pub(super) anomaly: Option<AnomalyEntry>,
    #[serde(default)]
    pub(super) agreement: Option<AgreementEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThresholdEntry {
    pub(super) pollutants: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) above: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) below: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) class: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) clear_margin: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) worse: Vec<Spanned<f64>>,
    #[serde(rename = "for")]
    pub(super) during: Spanned<String>,
    pub(super) clear_for: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateEntry {
    pub(super) pollutants: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) rise: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) fall: Option<Spanned<f64>>,
    pub(super) within: Spanned<String>,
    #[serde(rename = "for")]
    pub(super) during: Spanned<String>,
    pub(super) clear_for: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingEntry {
    #[serde(default)]
    pub(super) pollutants: Option<Vec<Spanned<String>>>,
    pub(super) after: Spanned<String>,
    pub(super) clear_for: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnomalyEntry {
    pub(super) recent: Spanned<String>,
    pub(super) gap: Spanned<String>,
    pub(super) window: Spanned<String>,
    pub(super) least_readings: Spanned<usize>,
    #[serde(default)]
    pub(super) least_recent: Option<Spanned<usize>>,
    pub(super) combine: Spanned<f64>,
    #[serde(default)]
    pub(super) clear_below: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) worse: Vec<Spanned<f64>>,
    #[serde(rename = "for")]
    pub(super) during: Spanned<String>,
    pub(super) clear_for: Spanned<String>,
    pub(super) hold: Spanned<String>,
    pub(super) parameters: BTreeMap<String, AnomalyParameterEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnomalyParameterEntry {
    pub(super) change: Spanned<f64>,
    #[serde(default)]
    pub(super) sigmas: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) direction: Direction,
    #[serde(default)]
    pub(super) slow: Option<SlowEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlowEntry {
    pub(super) change: Spanned<f64>,
    pub(super) over: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgreementEntry {
    pub(super) pollutant: Spanned<String>,
    pub(super) upstream: Spanned<String>,
    pub(super) downstream: Spanned<String>,
    pub(super) earliest: Spanned<String>,
    pub(super) latest: Spanned<String>,
    pub(super) tolerance: Spanned<f64>,
    #[serde(default)]
    pub(super) share: Option<Spanned<f64>>,
    #[serde(rename = "for")]
    pub(super) during: Spanned<String>,
    pub(super) clear_for: Spanned<String>,
}
