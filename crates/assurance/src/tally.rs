//! Tables of rates: in all, by unit, by channel, by category. Counting is `chart::rates`; here is only what stands together.

use std::collections::BTreeMap;

use huiyin_chart::rates::{Matter, Period, Rates, rates};
use serde::Serialize;

use crate::ledger::Told;
use crate::names::Names;
use crate::words::Text;

/// A line of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Id of the unit, channel or category; empty: none.
    pub key: String,
    /// Its name.
    pub name: Text,
    /// Its rates.
    pub rates: Rates,
}

/// Rates in all and by what is asked for. Lines in which nothing was due are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tables {
    /// In all.
    pub total: Rates,
    /// By the unit that had the matter last.
    pub units: Vec<Line>,
    /// By channel.
    pub channels: Vec<Line>,
    /// By category.
    pub categories: Vec<Line>,
}

impl Tables {
    /// Counts a period.
    pub fn of<'t>(told: impl Iterator<Item = &'t Told> + Clone, period: Period, names: &Names) -> Self {
        let counted = told.filter_map(|told| Some((told, told.matter.as_ref()?)));
        let unit = |told: &Told| told.unit.as_deref().unwrap_or_default().to_owned();
        Self {
            total: rates(counted.clone().map(|(_, matter)| matter), period),
            units: by(counted.clone(), period, unit, |key| names.unit(Some(key).filter(|key| !key.is_empty()))),
            channels: by(counted.clone(), period, |told| told.channel.to_string(), |key| names.channel(key)),
            categories: by(counted, period, |told| told.category.to_string(), |key| names.category(key)),
        }
    }
}

fn by<'t>(
    counted: impl Iterator<Item = (&'t Told, &'t Matter)>,
    period: Period,
    key: impl Fn(&Told) -> String,
    name: impl Fn(&str) -> Text,
) -> Vec<Line> {
    let mut groups: BTreeMap<String, Vec<&Matter>> = BTreeMap::new();
    for (told, matter) in counted {
        groups.entry(key(told)).or_default().push(matter);
    }
    let line = |(key, matters): (String, Vec<&Matter>)| {
        let rates = rates(matters, period);
        (rates != Rates::default()).then(|| Line { name: name(&key), key, rates })
    };
    groups.into_iter().filter_map(line).collect()
}
