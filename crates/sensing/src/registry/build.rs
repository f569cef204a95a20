//! From the texts of a district's `sensing/` folder to a [`Registry`]: reads, checks every name and figure, and reports all
//! mistakes at once. Either everything is loaded or nothing.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_saphyr::Spanned;

use super::limits::{Bound, Limit, Limits};
use super::model::{Flat, Maintenance, On, Parameter, Pollutant, Registry, Station};
use super::source::{
    LimitsFile, MaintenanceEntry, ParameterEntry, PollutantsFile, RowEntry, StationEntry, StationsFile, TableEntry,
};
use super::{FILES, MOST_STATIONS};
use crate::problem::{Findings, Problems, read};
use crate::words::length;

impl Registry {
    /// Builds the registry from the [`FILES`] of `folder`; `text` gives a file's text by its path, or nothing.
    ///
    /// # Errors
    /// All mistakes found, each with file, line, field and cure: unknown pollutants and classes, two of one name, figures
    /// that are no figures, limits in force at the same time, positions outside the earth.
    pub fn load(folder: &str, text: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let [stations, pollutants, limits] =
            FILES.map(|name| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") });
        let stations_file: Option<StationsFile> = open(&stations, text, &mut findings);
        let pollutants_file: Option<PollutantsFile> = open(&pollutants, text, &mut findings);
        let limits_file: Option<LimitsFile> = open(&limits, text, &mut findings);
        let mut registry = Self {
            stations: Vec::new(),
            by_id: BTreeMap::new(),
            by_mn: BTreeMap::new(),
            pollutants: BTreeMap::new(),
            aliases: BTreeMap::new(),
            limits: Limits::default(),
        };
        if let (Some(stations_file), Some(pollutants_file), Some(limits_file)) =
            (stations_file, pollutants_file, limits_file)
        {
            registry.add_pollutants(&pollutants, pollutants_file, &mut findings);
            for table in limits_file.tables {
                registry.add_table(&limits, table, &mut findings);
            }
            registry.add_stations(&stations, stations_file, &mut findings);
        }
        findings.done()?;
        Ok(registry)
    }

    fn add_pollutants(&mut self, file: &str, list: PollutantsFile, findings: &mut Findings) {
        for entry in list.pollutants {
            let code = entry.code.value;
            let also = entry.also.iter().map(|name| name.value.clone()).collect();
            let pollutant = Pollutant { code: code.clone(), name: entry.name, also };
            if self.pollutants.insert(code.clone(), pollutant).is_some() {
                findings.at(file, entry.code.defined, "code", format!("{code} is there twice"), "one entry a code");
            }
            for name in entry.also {
                let other = self.aliases.insert(name.value.clone(), code.clone());
                if let Some(other) = other.filter(|other| *other != code) {
                    let what = format!("{} is also a name of {other}", name.value);
                    findings.at(file, name.defined, format!("{code}: also"), what, "a name that leads to one code");
                }
            }
        }
        for (alias, code) in &self.aliases {
            if self.pollutants.contains_key(alias) {
                let what = format!("{alias}, another name of {code}, is a code of its own");
                findings.file(file, what, "a name under `also` that is no code");
            }
        }
    }

    fn add_table(&mut self, file: &str, table: TableEntry, findings: &mut Findings) {
        if table.until.is_some_and(|until| until < table.from) {
            let what = "the table ends before it begins";
            findings.at(file, table.standard.defined, "until", what, "a day on or after `from`, or none");
        }
        for row in &table.rows {
            let place = row.pollutant.defined;
            let code = &row.pollutant.value;
            if !self.pollutants.contains_key(code) {
                findings.at(file, place, "pollutant", format!("{code} is unknown"), "a code of pollutants.yaml");
                continue;
            }
            let Some(bounds) = bounds(file, row, table.classes.len(), findings) else { continue };
            for (class, bound) in table.classes.iter().zip(bounds) {
                let Some(bound) = bound else { continue };
                if let Some(other) = self.limits.add(limit(&table, row, class, bound)) {
                    let what = format!("{} counts at the same time for {code}, {class}", other.standard);
                    findings.at(file, place, "from", what, "one limit at a time: end the older table by `until`");
                }
            }
        }
    }

    fn add_stations(&mut self, file: &str, list: StationsFile, findings: &mut Findings) {
        if list.stations.len() > MOST_STATIONS {
            findings.file(file, format!("{} stations", list.stations.len()), format!("at most {MOST_STATIONS}"));
            return;
        }
        for entry in list.stations {
            let index = self.stations.len();
            for (map, name, field) in [(&mut self.by_id, &entry.id, "id"), (&mut self.by_mn, &entry.mn, "mn")] {
                if name.value.is_empty() || name.value.len() > 64 {
                    findings.at(file, name.defined, field, "is empty or longer than 64 bytes", "1 to 64 bytes");
                }
                if map.insert(name.value.clone(), index).is_some() {
                    findings.at(file, name.defined, field, format!("{} is there twice", name.value), "one station");
                }
            }
            let station = self.station_of(file, entry, findings);
            self.stations.push(station);
        }
    }

    fn station_of(&self, file: &str, entry: StationEntry, findings: &mut Findings) -> Station {
        let id = entry.id.value;
        let [longitude, latitude] = entry.at.value;
        if !((-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude)) {
            let expected = "[longitude, latitude] in degrees WGS-84";
            findings.at(file, entry.at.defined, format!("{id}: at"), "is no place on earth", expected);
        }
        if let Some(class) = entry.class.as_ref().filter(|class| !self.limits.has_class(&class.value)) {
            let what = format!("{} is no class of limits.yaml", class.value);
            findings.at(file, class.defined, format!("{id}: class"), what, "a class that some table names");
        }
        let on = entry.on.map(|on| {
            positive(file, &on.at_m, &format!("{id}: on.at_m"), true, findings);
            On { reach: on.reach, at_m: on.at_m.value }
        });
        let mut parameters: Vec<Parameter> = Vec::new();
        for parameter in entry.parameters {
            let name = &parameter.pollutant;
            if parameters.iter().any(|other| other.pollutant == name.value) {
                let what = format!("{} is there twice", name.value);
                findings.at(file, name.defined, format!("{id}: parameters"), what, "one entry a pollutant");
            }
            parameters.push(self.parameter_of(file, &id, parameter, findings));
        }
        Station {
            maintenance: maintenance(file, &id, entry.maintenance, findings),
            id,
            mn: entry.mn.value,
            name: entry.name,
            kind: entry.kind,
            place: entry.place,
            at: entry.at.value,
            approximate: entry.approximate,
            profile: entry.profile,
            water: entry.water,
            on,
            class: entry.class.map(|class| class.value),
            parameters,
            remark: entry.remark,
        }
    }

    fn parameter_of(&self, file: &str, station: &str, entry: ParameterEntry, findings: &mut Findings) -> Parameter {
        let code = entry.pollutant.value;
        let field = |name: &str| format!("{station}/{code}: {name}");
        if !self.pollutants.contains_key(&code) {
            let what = format!("{code} is unknown");
            findings.at(file, entry.pollutant.defined, field("pollutant"), what, "a code of pollutants.yaml");
        }
        if entry.unit.value.is_empty() {
            let expected = "the unit in which this station sends it; `1` where there is none";
            findings.at(file, entry.unit.defined, field("unit"), "is empty", expected);
        }
        let every = duration(file, &entry.every, &field("every"), findings);
        span(file, &entry.range, &field("range"), findings);
        if let Some(plausible) = &entry.plausible {
            span(file, plausible, &field("plausible"), findings);
        }
        for (name, value) in [("rate_per_hour", &entry.rate_per_hour), ("spike", &entry.spike)] {
            if let Some(value) = value {
                positive(file, value, &field(name), false, findings);
            }
        }
        let flat = entry.flat.map(|flat| {
            positive(file, &flat.tolerance, &field("flat.tolerance"), false, findings);
            let during = duration(file, &flat.during, &field("flat.for"), findings);
            Flat { during, tolerance: flat.tolerance.value }
        });
        Parameter {
            pollutant: code,
            unit: entry.unit.value,
            every,
            range: entry.range.value,
            plausible: entry.plausible.map(|span| span.value),
            rate_per_hour: entry.rate_per_hour.map(|rate| rate.value),
            spike: entry.spike.map(|spike| spike.value),
            flat,
        }
    }
}

fn open<T: serde::de::DeserializeOwned>(
    file: &str,
    text: &dyn Fn(&str) -> Option<String>,
    findings: &mut Findings,
) -> Option<T> {
    let Some(text) = text(file) else {
        findings.file(file, "is missing", format!("a district's sensing folder has {}", FILES.join(", ")));
        return None;
    };
    read(file, &text, findings)
}

/// One bound a class, from the lists `most` and `least`.
fn bounds(file: &str, row: &RowEntry, classes: usize, findings: &mut Findings) -> Option<Vec<Option<Bound>>> {
    let code = &row.pollutant.value;
    for (name, list) in [("most", &row.most), ("least", &row.least)] {
        let Some(list) = list else { continue };
        if list.value.len() != classes {
            let what = format!("{} figures for {classes} classes", list.value.len());
            findings.at(file, list.defined, format!("{code}: {name}"), what, "one a class; null where there is none");
            return None;
        }
        if list.value.iter().flatten().any(|value| !value.is_finite()) {
            findings.at(file, list.defined, format!("{code}: {name}"), "has a figure that is none", "finite numbers");
            return None;
        }
    }
    if row.most.is_none() && row.least.is_none() {
        let expected = "`most`, `least`, or both";
        findings.at(file, row.pollutant.defined, format!("{code}: most"), "the row has no figures", expected);
        return None;
    }
    let pick = |list: &Option<Spanned<Vec<Option<f64>>>>, i: usize| list.as_ref().and_then(|list| list.value[i]);
    let mut bounds = Vec::with_capacity(classes);
    for i in 0..classes {
        bounds.push(match (pick(&row.least, i), pick(&row.most, i)) {
            (Some(least), Some(most)) if least >= most => {
                let what = format!("{least} is not below {most}");
                findings.at(file, row.pollutant.defined, format!("{code}: least"), what, "least below most");
                None
            }
            (Some(least), Some(most)) => Some(Bound::Between(least, most)),
            (Some(least), None) => Some(Bound::AtLeast(least)),
            (None, Some(most)) => Some(Bound::AtMost(most)),
            (None, None) => None,
        });
    }
    Some(bounds)
}

fn limit(table: &TableEntry, row: &RowEntry, class: &str, bound: Bound) -> Limit {
    Limit {
        standard: table.standard.value.clone(),
        clause: table.clause.clone(),
        pollutant: row.pollutant.value.clone(),
        class: class.to_owned(),
        unit: row.unit.clone(),
        bound,
        from: table.from,
        until: table.until,
        hours: table.hours,
        confidence: row.confidence.unwrap_or(table.confidence),
        remark: row.remark.clone().or_else(|| table.remark.clone()),
    }
}

fn maintenance(file: &str, id: &str, entries: Vec<MaintenanceEntry>, findings: &mut Findings) -> Vec<Maintenance> {
    let mut windows = Vec::new();
    for entry in entries {
        if entry.until <= entry.from.value {
            let field = format!("{id}: maintenance");
            findings.at(file, entry.from.defined, field, "ends before it begins", "`until` after `from`");
        }
        let (from, until) = (entry.from.value.with_timezone(&Utc), entry.until.with_timezone(&Utc));
        windows.push(Maintenance { from, until, why: entry.why });
    }
    windows
}

fn duration(file: &str, text: &Spanned<String>, field: &str, findings: &mut Findings) -> TimeDelta {
    let read = length(&text.value).filter(|length| *length > TimeDelta::zero());
    if read.is_none() {
        let what = format!("{} is no length of time", text.value);
        findings.at(file, text.defined, field, what, "a number with s, m, h or d, as 90s or 4h; above zero");
    }
    read.unwrap_or_default()
}

fn span(file: &str, span: &Spanned<[f64; 2]>, field: &str, findings: &mut Findings) {
    let [low, high] = span.value;
    if !(low.is_finite() && high.is_finite() && low < high) {
        findings.at(file, span.defined, field, format!("[{low}, {high}]"), "[lowest, highest], finite, in this order");
    }
}

fn positive(file: &str, value: &Spanned<f64>, field: &str, zero: bool, findings: &mut Findings) {
    let fits = value.value.is_finite() && (value.value > 0.0 || (zero && value.value == 0.0));
    if !fits {
        let expected = if zero { "a finite number, 0 or above" } else { "a finite number above 0" };
        findings.at(file, value.defined, field, format!("{}", value.value), expected);
    }
}
