//! From the data area of a frame to observations: which figure counts, at which moment, in the registered unit.

use chrono::{DateTime, FixedOffset, TimeZone as _, Utc};
use huiyin_hj212::area::{Area, Contents, Reading};
use huiyin_hj212::segment::moment;

use crate::ingest::Reason;
use crate::observation::{Flag, Kind, Observation, Source};
use crate::registry::Station;

/// Stations write Beijing time without an offset.
const BEIJING: i32 = 8 * 3600;

/// A reading that does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faulty {
    /// Which kind of fault.
    pub reason: Reason,
    /// What is wrong and what was expected.
    pub problem: String,
}

/// Which kind of figure a command brings, and in which field (HJ 212-2017, 6.6.5: 2011 real time, 2051 minutes, 2061 hour,
/// 2031 day). None: it brings no readings.
pub(super) fn command(cn: &str) -> Option<(Kind, &'static [&'static str])> {
    Some(match cn {
        "2011" => (Kind::Real, &["Rtd"]),
        "2051" => (Kind::Minutes, &["Avg", "Rtd"]),
        "2061" => (Kind::Hour, &["Avg", "Rtd"]),
        "2031" => (Kind::Day, &["Avg", "Rtd"]),
        _ => return None,
    })
}

/// The readings of a frame of this station, and those that do not read.
#[must_use]
pub fn readings(station: &Station, cn: &str, area: Area<'_>, now: DateTime<Utc>) -> (Vec<Observation>, Vec<Faulty>) {
    let Some((kind, fields)) = command(cn) else { return (Vec::new(), Vec::new()) };
    let contents = area.read();
    let (mut good, mut bad) = (Vec::with_capacity(contents.readings.len()), Vec::new());
    for reading in &contents.readings {
        match observation(station, &contents, reading, fields) {
            Ok(Some(said)) => good.push(Observation {
                station: station.id.clone(),
                pollutant: reading.code.to_owned(),
                kind,
                value: said.value,
                unit: said.unit,
                flag: said.flag,
                observed_at: said.observed_at,
                received_at: now,
                source: Source::Hj212,
            }),
            Ok(None) => {}
            Err(fault) => bad.push(fault),
        }
    }
    (good, bad)
}

/// What a reading says.
struct Said {
    value: f64,
    unit: String,
    flag: Flag,
    observed_at: DateTime<Utc>,
}

/// None: the reading has none of the figures that count.
fn observation(
    station: &Station,
    contents: &Contents<'_>,
    reading: &Reading<'_>,
    fields: &[&str],
) -> Result<Option<Said>, Faulty> {
    let code = reading.code;
    let fault = |reason, problem: String| Faulty { reason, problem };
    let Some(figure) = fields.iter().find_map(|field| contents.value(reading, field)) else { return Ok(None) };
    let Some(parameter) = station.parameter(code) else {
        let problem = format!("{code} is not registered at {}", station.id);
        return Err(fault(Reason::UnknownPollutant, problem));
    };
    let text = figure.text().unwrap_or_default().trim();
    let value: f64 = text.parse().map_err(|_| fault(Reason::NotANumber, format!("{code} is `{text}`, no number")))?;
    if !value.is_finite() {
        return Err(fault(Reason::NotANumber, format!("{code} is `{text}`, no finite number")));
    }
    // A frame without a flag says that nothing is wrong with the figure.
    let letter = contents.value(reading, "Flag").and_then(|flag| flag.text()).unwrap_or("N").trim();
    let Some(flag) = Flag::of_letter(letter) else {
        return Err(fault(Reason::BadFlag, format!("{code} has the flag `{letter}`; expected one of N F M S D C T B")));
    };
    let said = reading.data_time.unwrap_or_default();
    let Some(observed_at) = utc(said) else {
        return Err(fault(Reason::BadTime, format!("{code} has the DataTime `{said}`; expected yyyyMMddHHmmss")));
    };
    Ok(Some(Said { value, unit: parameter.unit.clone(), flag, observed_at }))
}

fn utc(said: &str) -> Option<DateTime<Utc>> {
    let zone = FixedOffset::east_opt(BEIJING)?;
    Some(zone.from_local_datetime(&moment(said)?).single()?.with_timezone(&Utc))
}
