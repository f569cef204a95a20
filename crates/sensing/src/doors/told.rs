//! Readings in JSON, as HTTP, MQTT and NATS bring them: one object, or `{"observations": [ … ]}`. Each is read by itself: a
//! bad one is refused with its field and the reason, and costs its neighbours nothing.
//!
//! ```json
//! {"station": "S1", "pollutant": "w21003", "value": 0.42, "unit": "mg/L", "observed_at": "2026-11-30T08:00:00+08:00"}
//! ```
//! `kind` (`real` where nothing is said), `flag` (`N`) and `unit` (the registered one) may be left out; `station` where the
//! door knows it from the address. Any other field is refused: a misspelt `flag` must not become a good reading.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ingest::{Intake, Reason, Refused};
use crate::observation::{Flag, Kind, Observation, Source};

/// Most readings of one message.
pub const MOST_READINGS: usize = 2000;
/// Largest message, in bytes.
pub const LARGEST: usize = 512 * 1024;
/// Fields of a reading.
const FIELDS: [&str; 7] = ["station", "pollutant", "kind", "value", "unit", "flag", "observed_at"];

/// A reading that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which of the readings of a message, from 0.
    pub index: usize,
    /// The field that is wrong; empty when it is the reading as a whole.
    pub field: String,
    /// Stable name of the reason: `wrong_unit`, `bad_time`, …
    pub reason: String,
    /// What is wrong and what was expected.
    pub problem: String,
    /// As `reason`, for the counts.
    #[serde(skip, default = "malformed")]
    pub(super) why: Reason,
}

const fn malformed() -> Reason {
    Reason::Malformed
}

/// Who speaks: what a message may be about.
pub(super) struct Voice<'a> {
    /// The only station, where the door knows it.
    pub(super) station: Option<&'a str>,
    /// Stations that may be spoken for.
    pub(super) may: &'a [String],
    /// Through which door.
    pub(super) source: Source,
    /// When it came.
    pub(super) now: DateTime<Utc>,
}

/// A message, read.
#[derive(Debug)]
pub(super) struct Told {
    /// Good ones.
    pub(super) observations: Vec<Observation>,
    /// The others.
    pub(super) faults: Vec<Fault>,
}

/// Reads a message and checks each reading against the registry. Refusals are counted.
///
/// # Errors
/// When the message as a whole does not read; what was expected.
pub(super) fn read(intake: &Intake, body: &[u8], voice: &Voice<'_>) -> Result<Told, String> {
    let message: Value = serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let readings = match message {
        Value::Object(mut message) if message.contains_key("observations") => {
            if let Some(other) = message.keys().find(|key| *key != "observations") {
                return Err(format!("unknown field {other} beside observations"));
            }
            match message.remove("observations") {
                Some(Value::Array(readings)) => readings,
                _ => return Err("observations: expected a list of readings".to_owned()),
            }
        }
        one @ Value::Object(_) => vec![one],
        _ => return Err("expected a reading {…} or {\"observations\": [ … ]}".to_owned()),
    };
    if readings.is_empty() || readings.len() > MOST_READINGS {
        let found = readings.len();
        return Err(format!("observations: expected 1 to {MOST_READINGS} readings, found {found}"));
    }
    let mut told = Told { observations: Vec::with_capacity(readings.len()), faults: Vec::new() };
    for (index, reading) in readings.iter().enumerate() {
        match observation(intake, reading, voice) {
            Ok(one) => told.observations.push(one),
            Err((field, why, problem)) => {
                intake.counts().refused(voice.source, why);
                let (field, reason) = (field.to_owned(), why.name().to_owned());
                told.faults.push(Fault { index, field, reason, problem, why });
            }
        }
    }
    Ok(told)
}

/// A field, the reason, and what was expected.
type Wrong = (&'static str, Reason, String);

fn observation(intake: &Intake, reading: &Value, voice: &Voice<'_>) -> Result<Observation, Wrong> {
    let Value::Object(fields) = reading else {
        return Err(("", Reason::Malformed, "expected an object".to_owned()));
    };
    if let Some(other) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        let problem = format!("unknown field {}; expected {}", shortened(other), FIELDS.join(", "));
        return Err(("", Reason::Malformed, problem));
    }
    let station = station(fields, voice)?;
    let pollutant = text(fields, "pollutant", Reason::UnknownPollutant)?.ok_or_else(|| missing("pollutant"))?;
    let value = match fields.get("value") {
        Some(Value::Number(number)) => number.as_f64().filter(|value| value.is_finite()),
        Some(_) => None,
        None => return Err(missing("value")),
    };
    let value = value.ok_or_else(|| ("value", Reason::NotANumber, "expected a number".to_owned()))?;
    let kind = text(fields, "kind", Reason::Malformed)?.unwrap_or("real");
    let kind = Kind::named(kind).ok_or_else(|| {
        let problem = format!("`{}`: expected real, minutes, hour or day", shortened(kind));
        ("kind", Reason::Malformed, problem)
    })?;
    let flag = text(fields, "flag", Reason::BadFlag)?.unwrap_or("N");
    let flag = Flag::of_letter(flag).ok_or_else(|| {
        let problem = format!("`{}`: expected one of N F M S D C T B", shortened(flag));
        ("flag", Reason::BadFlag, problem)
    })?;
    let at = text(fields, "observed_at", Reason::BadTime)?.ok_or_else(|| missing("observed_at"))?;
    let observed_at = DateTime::parse_from_rfc3339(at).map_err(|error| {
        let problem = format!("`{}`: {error}; expected RFC 3339, e.g. 2026-11-30T08:00:00+08:00", shortened(at));
        ("observed_at", Reason::BadTime, problem)
    })?;
    let registered = intake.registry().parameter(station, pollutant).map_or("", |parameter| parameter.unit.as_str());
    let unit = text(fields, "unit", Reason::WrongUnit)?.unwrap_or(registered);
    let one = Observation {
        station: station.to_owned(),
        pollutant: pollutant.to_owned(),
        kind,
        value,
        unit: unit.to_owned(),
        flag,
        observed_at: observed_at.with_timezone(&Utc),
        received_at: voice.now,
        source: voice.source,
    };
    intake
        .check(&one)
        .map_err(|refused| (field_of(&refused), refused.reason, shortened(&refused.problem).to_owned()))?;
    Ok(one)
}

fn station<'a>(fields: &'a Map<String, Value>, voice: &Voice<'a>) -> Result<&'a str, Wrong> {
    let named = text(fields, "station", Reason::UnknownStation)?;
    let station = match (voice.station, named) {
        (Some(known), Some(named)) if known != named => {
            let problem = format!("`{}`: the message came under the address of {known}", shortened(named));
            return Err(("station", Reason::UnknownStation, problem));
        }
        (Some(known), _) => known,
        (None, Some(named)) => named,
        (None, None) => return Err(missing("station")),
    };
    // Whether another station exists is nobody's business who may not speak for it.
    if voice.may.iter().any(|id| id == station) {
        return Ok(station);
    }
    let problem = format!("`{}`: nothing is taken from you for this station", shortened(station));
    Err(("station", Reason::UnknownStation, problem))
}

fn field_of(refused: &Refused) -> &'static str {
    match refused.reason {
        Reason::UnknownStation => "station",
        Reason::UnknownPollutant => "pollutant",
        Reason::WrongUnit => "unit",
        Reason::NotANumber => "value",
        Reason::BadTime => "observed_at",
        Reason::BadFlag => "flag",
        _ => "",
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &'static str, reason: Reason) -> Result<Option<&'a str>, Wrong> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err((name, reason, "expected a text".to_owned())),
    }
}

fn missing(name: &'static str) -> Wrong {
    (name, Reason::Malformed, "is missing".to_owned())
}

/// What others wrote goes into answers and logs, but not without end.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(120).map_or(text, |(end, _)| &text[..end])
}
