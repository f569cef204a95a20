//! Stations for people: what they said last, series for charts, the alarm log, and why a rule is silent. Reads the record
//! and the registry; judges nothing by itself (quality control and rules are `sensing`'s) and opens no case.

mod alarms;
mod list;
mod series;
mod why;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_engine::Clock;
use huiyin_journal::Journal;
use huiyin_sensing::ingest::Scope;
use huiyin_sensing::registry::{Bound, Limit, Registry, Station};
use huiyin_sensing::rules::Rules;
use huiyin_sensing::simulate::{Deed, Stage, What};

pub use series::SeriesQuery;

use crate::ports::OfficeError;
use crate::views::Text;
use crate::views::stations::{DemoSpillView, LimitView};

/// What a desk for stations is made of.
#[derive(Clone)]
pub struct StationParts {
    /// Where readings and alarms are kept.
    pub journal: Journal,
    /// Of which district and timeline.
    pub scope: Scope,
    /// The office's time.
    pub clock: Arc<dyn Clock>,
    /// Stations.
    pub registry: Arc<Registry>,
    /// Alarm rules.
    pub rules: Arc<Rules>,
    /// Whether this process hears stations.
    pub doors: bool,
    /// What simulated stations of this process do; none: there are none.
    pub stage: Option<Stage>,
}

/// See the module.
pub struct StationDesk(StationParts);

impl StationDesk {
    /// A desk.
    #[must_use]
    pub const fn new(parts: StationParts) -> Self {
        Self(parts)
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    fn station(&self, id: &str) -> Result<&Station, OfficeError> {
        self.0.registry.station(id).ok_or(OfficeError::NotFound)
    }

    fn pollutant_name(&self, code: &str) -> Text {
        self.0.registry.pollutant(code).map_or_else(|| Text::same(code), |known| text(&known.name))
    }

    /// The limit for a pollutant at a station at a moment.
    fn limit(&self, station: &Station, pollutant: &str, at: DateTime<Utc>) -> Option<&Limit> {
        self.0.registry.limit(pollutant, station.class.as_deref()?, at)
    }

    /// Whether a figure of this kind breaks the limit of its moment; false where they cannot be compared.
    fn is_beyond(&self, station: &Station, pollutant: &str, kind: &str, value: f64, at: DateTime<Utc>) -> bool {
        let unit = station.parameter(pollutant).map(|parameter| parameter.unit.as_str());
        self.limit(station, pollutant, at).is_some_and(|limit| {
            Some(limit.unit.as_str()) == unit
                && counts_for(limit).is_none_or(|only| only == kind)
                && limit.bound.broken_by(value)
        })
    }

    /// Lets a simulated station say from now on that a pollutant stands at a value.
    ///
    /// # Errors
    /// No station is simulated here; no such station or pollutant; a value outside of what the instrument shows.
    pub fn spill(&self, station: &str, pollutant: &str, value: f64) -> Result<(), OfficeError> {
        let stage = self.0.stage.as_ref().ok_or(OfficeError::NotFound)?;
        let parameter = self.station(station)?.parameter(pollutant).ok_or_else(|| {
            refused("pollutant", Text::new("该站点不测此因子", "the station does not measure this pollutant"))
        })?;
        let [low, high] = parameter.range;
        if !(low..=high).contains(&value) {
            let (zh, en) = (format!("应在量程 {low}–{high} 内"), format!("expected from {low} to {high}"));
            return Err(refused("value", Text::new(zh, en)));
        }
        let what = What::Spill { pollutant: pollutant.to_owned(), value };
        let added = stage.add(Deed { station: station.to_owned(), from: 0, what });
        added.then_some(()).ok_or_else(|| refused("", Text::new("演示动作过多，请先恢复正常", "too many; clear first")))
    }

    /// Ends everything that was made to happen.
    ///
    /// # Errors
    /// No station is simulated here.
    pub fn calm(&self) -> Result<(), OfficeError> {
        self.0.stage.as_ref().map(Stage::clear).ok_or(OfficeError::NotFound)
    }

    fn spills(&self) -> Option<Vec<DemoSpillView>> {
        let deeds = self.0.stage.as_ref()?.deeds();
        let spill = |deed: Deed| match deed.what {
            What::Spill { pollutant, value } => Some(DemoSpillView { station: deed.station, pollutant, value }),
            What::Course { .. } | What::Silence | What::Maintenance => None,
        };
        Some(deeds.into_iter().filter_map(spill).collect())
    }
}

/// The kind of figure that a limit counts for: classes of means are named with the mean.
fn counts_for(limit: &Limit) -> Option<&'static str> {
    match limit.class.rsplit_once('/')?.1 {
        "1h" => Some("hour"),
        "24h" => Some("day"),
        // Means of eight hours and of a year are no kind of figure that stations send.
        _ => Some("mean"),
    }
}

fn limit_view(limit: &Limit) -> LimitView {
    let (least, most) = match limit.bound {
        Bound::AtMost(most) => (None, Some(most)),
        Bound::AtLeast(least) => (Some(least), None),
        Bound::Between(least, most) => (Some(least), Some(most)),
    };
    LimitView {
        standard: limit.standard.clone(),
        clause: limit.clause.clone(),
        class: limit.class.clone(),
        unit: limit.unit.clone(),
        least,
        most,
        counts_for: counts_for(limit).map(str::to_owned),
        confidence: format!("{:?}", limit.confidence),
        remark: limit.remark.as_ref().map(text),
    }
}

fn text(words: &huiyin_sensing::words::Text) -> Text {
    Text::new(words.zh.clone(), words.en.clone())
}

fn refused(path: &str, message: Text) -> OfficeError {
    OfficeError::Refused {
        code: "form_invalid".to_owned(),
        message: message.clone(),
        details: vec![crate::views::FieldError { path: path.to_owned(), message }],
    }
}

fn failed(problem: impl std::fmt::Display) -> OfficeError {
    OfficeError::Failed(problem.to_string())
}

/// The name a value has in JSON, for values that are written as one word.
fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
