//! Rules over a file of readings, outside of the house: a time column and one column a parameter.
//!
//! Time is that of the file: every row counts as arriving when it was observed. There is no quality control here beyond
//! "is it a number": a file has no flags. Empty cells and NaN are missing data; a row that cannot be read is named and
//! skipped, and the rest goes on.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use csv::StringRecord;
use flate2::bufread::MultiGzDecoder;
use serde::Serialize;

use crate::observation::{Flag, Kind, Observation, Source};
use crate::quality::Judged;
use crate::registry::BEIJING;
use crate::rules::{Outcome, Rules, Severity, State};
use crate::words::Text;

/// So many skipped rows are named; the rest are counted.
const MOST_SKIPPED: usize = 1_000;

/// What rules found in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Alarms in the order in which they were raised.
    pub alarms: Vec<Detected>,
    /// Readings that the rules took: cells with a number.
    pub readings: u64,
    /// Rows that could not be read, at most a thousand of them.
    pub skipped: Vec<Skipped>,
    /// Rows beyond those in `skipped`.
    pub more_skipped: u64,
}

/// One alarm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detected {
    /// Rule, by its id.
    pub rule: String,
    /// First reading beyond, as times are written in the file.
    pub start: String,
    /// When it was over; none when it still lasted at the end of the file.
    pub end: Option<String>,
    /// Why, in words.
    pub reason: Text,
    /// Columns it rests on, in the order of their weight.
    pub parameters: Vec<String>,
    /// How grave the rule holds it.
    pub severity: Severity,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// 1-based line of the file.
    pub line: u64,
    /// Column; empty when the row as a whole is meant.
    pub column: String,
    /// What is wrong, and what was expected.
    pub reason: String,
}

/// The file as a whole cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not even the first row.
    #[error("{file}: {why}; expected CSV with a header, or the same compressed by gzip")]
    File {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// A column is not there.
    #[error("{file}:1: there is no column {wanted}; the header has {header}; name it under `series` of the rules")]
    Column {
        /// The file.
        file: String,
        /// What was looked for.
        wanted: String,
        /// What is there.
        header: String,
    },
}

/// Runs rules over a series, CSV or the same compressed by gzip.
///
/// # Errors
/// When the file has no header, or no column of times, or none of the parameters that the rules name.
pub fn detect(file: &str, bytes: impl Read, rules: &Rules) -> Result<Found, Unreadable> {
    let mut bytes = BufReader::new(bytes);
    let start = bytes.fill_buf().map_err(|error| unreadable(file, &error))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        run(file, MultiGzDecoder::new(bytes), rules)
    } else {
        run(file, bytes, rules)
    }
}

fn unreadable(file: &str, error: &dyn std::error::Error) -> Unreadable {
    Unreadable::File { file: file.to_owned(), why: error.to_string() }
}

fn run(file: &str, bytes: impl Read, rules: &Rules) -> Result<Found, Unreadable> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| unreadable(file, &error))?.clone();
    let columns = Columns::of(file, &header, rules)?;
    let mut run = Run::new(rules, &columns);
    let mut row = StringRecord::new();
    loop {
        match reader.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {
                let line = row.position().map_or(0, csv::Position::line);
                match columns.read(&row, header.len()) {
                    Ok((at, values)) => run.take(at, &values),
                    Err((column, reason)) => run.skip(Skipped { line, column, reason }),
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let stops = matches!(error.kind(), csv::ErrorKind::Io(_));
                run.skip(Skipped { line, column: String::new(), reason: error.to_string() });
                // Behind a broken stream nothing more can come.
                if stops {
                    break;
                }
            }
        }
    }
    Ok(run.found)
}

/// Where in a row the time and the parameters stand.
struct Columns {
    time: usize,
    /// (index, name, pollutant)
    of: Vec<(usize, String, String)>,
}

/// A moment as it stands in the file.
#[derive(Clone, Copy)]
struct Moment {
    at: DateTime<Utc>,
    zoned: bool,
}

/// A row that was read; a cell without data is none.
type Row = (Moment, Vec<Option<f64>>);

impl Columns {
    fn of(file: &str, header: &StringRecord, rules: &Rules) -> Result<Self, Unreadable> {
        let name = |i: usize| header.get(i).unwrap_or_default().trim().trim_start_matches('\u{feff}').to_owned();
        let names: Vec<String> = (0..header.len()).map(name).collect();
        let missing = |wanted: String| Unreadable::Column {
            file: file.to_owned(),
            wanted,
            header: names.iter().take(50).cloned().collect::<Vec<_>>().join(", "),
        };
        let series = rules.series();
        let time = match &series.time {
            Some(time) => names.iter().position(|name| name == time).ok_or_else(|| missing(time.clone()))?,
            None => names
                .iter()
                .position(|name| name.eq_ignore_ascii_case("time"))
                .ok_or_else(|| missing("Time or time".into()))?,
        };
        let mut of = Vec::new();
        for (column, pollutant) in &series.columns {
            let place = names.iter().position(|name| name == column).ok_or_else(|| missing(column.clone()))?;
            of.push((place, column.clone(), pollutant.clone()));
        }
        if series.columns.is_empty() {
            let heard = |name: &&String| rules.rules().iter().any(|rule| rule.names(name));
            let named = names.iter().enumerate().filter(|(i, name)| *i != time && heard(name));
            of.extend(named.map(|(i, name)| (i, name.clone(), name.clone())));
        }
        if of.is_empty() {
            return Err(missing("that a rule names".into()));
        }
        of.sort();
        Ok(Self { time, of })
    }

    /// The time and the numbers of a row, or the column and what is wrong with it.
    fn read(&self, row: &StringRecord, width: usize) -> Result<Row, (String, String)> {
        if row.len() != width {
            let what = format!("the row has {} cells, the header {width}", row.len());
            return Err((String::new(), what));
        }
        let text = row.get(self.time).unwrap_or_default().trim();
        let moment = moment(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            (
                "time".to_owned(),
                format!("`{shown}` is no time; expected 2026-03-01T08:00:00+08:00 or 2026-03-01 08:00:00"),
            )
        })?;
        let mut values = Vec::with_capacity(self.of.len());
        for (place, name, _) in &self.of {
            let text = row.get(*place).unwrap_or_default().trim();
            values.push(number(text).map_err(|reason| (name.clone(), reason))?);
        }
        Ok((moment, values))
    }
}

fn number(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() || ["nan", "na", "null", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => {
            let shown: String = text.chars().take(40).collect();
            Err(format!("`{shown}` is no finite number; expected one, or an empty cell where nothing was measured"))
        }
    }
}

/// ISO 8601 with a zone, or without: then it is Beijing time.
fn moment(text: &str) -> Option<Moment> {
    if let Ok(at) =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z"))
    {
        return Some(Moment { at: at.with_timezone(&Utc), zoned: true });
    }
    let forms =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M:%S%.f"];
    let bare = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    let at = bare.and_local_timezone(BEIJING).single()?;
    Some(Moment { at: at.with_timezone(&Utc), zoned: false })
}

/// Rules on their way through a file.
struct Run<'a> {
    rules: &'a Rules,
    state: State,
    newest: DateTime<Utc>,
    zoned: bool,
    /// Readings that are filled with each row, so that no name is copied twice.
    readings: Vec<Judged>,
    open: HashMap<(String, String), usize>,
    names: BTreeMap<&'a str, &'a str>,
    found: Found,
}

impl<'a> Run<'a> {
    fn new(rules: &'a Rules, columns: &'a Columns) -> Self {
        let station = &rules.series().station;
        let readings = columns.of.iter().map(|(_, _, pollutant)| {
            Judged::unexamined(Observation {
                station: station.clone(),
                pollutant: pollutant.clone(),
                kind: Kind::Real,
                value: 0.0,
                unit: rules.unit(station, pollutant),
                flag: Flag::N,
                observed_at: DateTime::UNIX_EPOCH,
                received_at: DateTime::UNIX_EPOCH,
                source: Source::File,
            })
        });
        Self {
            rules,
            state: State::default(),
            newest: DateTime::<Utc>::MIN_UTC,
            zoned: false,
            readings: readings.collect(),
            open: HashMap::new(),
            names: columns.of.iter().map(|(_, name, pollutant)| (pollutant.as_str(), name.as_str())).collect(),
            found: Found { alarms: Vec::new(), readings: 0, skipped: Vec::new(), more_skipped: 0 },
        }
    }

    fn skip(&mut self, skipped: Skipped) {
        if self.found.skipped.len() < MOST_SKIPPED {
            self.found.skipped.push(skipped);
        } else {
            self.found.more_skipped += 1;
        }
    }

    fn take(&mut self, moment: Moment, values: &[Option<f64>]) {
        self.zoned = moment.zoned;
        let now = self.newest.max(moment.at);
        self.newest = now;
        self.wait_until(now);
        let mut readings = std::mem::take(&mut self.readings);
        for (judged, value) in readings.iter_mut().zip(values) {
            let Some(value) = value else { continue };
            self.found.readings += 1;
            judged.observation.value = *value;
            judged.observation.observed_at = moment.at;
            judged.observation.received_at = moment.at;
            let outcomes = self.rules.step(&mut self.state, judged, now);
            outcomes.into_iter().for_each(|outcome| self.tell(&outcome));
        }
        self.readings = readings;
    }

    /// What falls due between two rows falls due at its own time.
    fn wait_until(&mut self, now: DateTime<Utc>) {
        let mut last = None;
        while let Some(due) = self.rules.next_due(&self.state).filter(|due| *due <= now && last != Some(*due)) {
            last = Some(due);
            let outcomes = self.rules.tick(&mut self.state, due);
            outcomes.iter().for_each(|outcome| self.tell(outcome));
        }
    }

    fn tell(&mut self, outcome: &Outcome) {
        let alarm = outcome.alarm();
        let key = (alarm.rule.clone(), alarm.place.clone());
        let columns = alarm.evidence.iter().map(|evidence| {
            let name = evidence.pollutant.as_str();
            (*self.names.get(name).unwrap_or(&name)).to_owned()
        });
        match outcome {
            Outcome::Raised(_) => {
                self.open.insert(key, self.found.alarms.len());
                let detected = Detected {
                    rule: alarm.rule.clone(),
                    start: self.written(alarm.start),
                    end: None,
                    reason: alarm.reason.clone(),
                    parameters: columns.collect(),
                    severity: alarm.severity,
                };
                self.found.alarms.push(detected);
            }
            Outcome::Worse(_) => {
                let more: Vec<String> = columns.collect();
                if let Some(told) = self.open.get(&key).map(|&i| &mut self.found.alarms[i]) {
                    for column in more {
                        if !told.parameters.contains(&column) {
                            told.parameters.push(column);
                        }
                    }
                }
            }
            Outcome::Cleared(_) => {
                let end = self.written(alarm.at);
                if let Some(i) = self.open.remove(&key) {
                    self.found.alarms[i].end = Some(end);
                }
            }
        }
    }

    /// A time as the file writes its own.
    fn written(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&BEIJING);
        if self.zoned {
            local.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        } else {
            local.naive_local().format("%Y-%m-%d %H:%M:%S").to_string()
        }
    }
}

impl Found {
    /// How many rows were skipped in all.
    #[must_use]
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.len() as u64 + self.more_skipped
    }
}
