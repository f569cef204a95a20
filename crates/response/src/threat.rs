//! Which drinking-water sources an incident may reach, and when: the river's answer, and where the river has none, what stands
//! near. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_water::network::{Arrival, Detail, Network, Place, PlaceState, Position, Spill, Text};

/// Most sources of one incident.
pub const MOST_SOURCES: usize = 50;
/// Travel times do not depend on the amount: any will do.
const ANY_KG: f64 = 1.0;

/// What is known of an incident.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Where it entered the water, as somebody said it: id of a place or node, or `REACH@METRES`; may be empty.
    pub point: &'a str,
    /// Station of the alarm; may be empty.
    pub station: &'a str,
    /// Chinese name of the town; may be empty.
    pub town: &'a str,
    /// It is a matter of water.
    pub of_water: bool,
    /// From when the water ran: when it entered the water, or else the earliest time that is known.
    pub released_at: DateTime<Utc>,
}

/// A source that may be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Threatened {
    /// Source id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Kind, as the waters have it.
    pub kind: String,
    /// Town, in Chinese.
    pub town: Option<String>,
    /// When; none: possible only.
    pub times: Option<Times>,
}

/// When the water reaches a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Leading edge, worst case.
    pub earliest: DateTime<Utc>,
    /// Leading edge, most probable.
    pub probable: DateTime<Utc>,
    /// Peak, most probable.
    pub peak: DateTime<Utc>,
    /// Along the river, whole metres.
    pub distance_m: u64,
}

/// What an incident threatens.
#[derive(Clone, Debug, PartialEq)]
pub struct Threat {
    /// Where the computation began, in words; none: no point of a river is known.
    pub from: Option<Text>,
    /// Sources, those whose time is known first, in order of arrival (worst case).
    pub sources: Vec<Threatened>,
    /// Reaches that the water passes.
    pub passes: BTreeSet<String>,
    /// Some figure it rests on is assumed.
    pub assumed: bool,
}

/// Where an incident is on the river: the point that somebody named, else the station of the alarm.
#[must_use]
pub fn position(waters: &Network, known: &Known<'_>) -> Option<Position> {
    [known.point, known.station].iter().filter(|words| !words.is_empty()).find_map(|words| waters.point(words).ok())
}

/// What an incident threatens; none: it has nothing to do with the waters of the district, or nobody knows where it is.
#[must_use]
pub fn threat(waters: &Network, known: &Known<'_>) -> Option<Threat> {
    let on = position(waters, known);
    let near = near(waters, known, on);
    let assumed = waters.provenance.iter().any(|provenance| provenance.status.is_approximate());
    let Some(on) = on else {
        let found = (known.of_water && !near.is_empty()).then_some(near)?;
        return Some(Threat { from: None, sources: found, passes: BTreeSet::new(), assumed });
    };
    let spill = Spill { from: on, mass_kg: ANY_KG, decay_per_day: 0.0, limit_mgl: None };
    // The amount and the decay are ours and inside every domain: what is refused then says nothing about times.
    let below = waters.downstream(&spill).map(|below| below.arrivals).unwrap_or_default();
    let mut sources: Vec<Threatened> = below.iter().filter_map(|arrival| reached(waters, known, arrival)).collect();
    sources.extend(near);
    sources.truncate(MOST_SOURCES);
    let passes = waters.passes(on).into_iter().map(str::to_owned).collect();
    Some(Threat { from: Some(waters.words(on)), sources, passes, assumed })
}

/// A source that is drawn from, or may be: one that is only planned needs no protection yet.
fn drawn_from(place: &Place) -> Option<&str> {
    match &place.detail {
        Detail::Source { kind, state: PlaceState::InUse | PlaceState::Inferred, .. } => Some(kind),
        _ => None,
    }
}

fn reached(waters: &Network, known: &Known<'_>, arrival: &Arrival) -> Option<Threatened> {
    let place = waters.place(&arrival.id)?;
    let kind = drawn_from(place)?.to_owned();
    let after = |seconds: f64| known.released_at + span(seconds);
    let (worst, likely) = (arrival.band.worst_case, arrival.band.most_probable);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "metres of a river, never below 0")]
    let times = Times {
        earliest: after(worst.leading_edge_s),
        probable: after(likely.leading_edge_s),
        peak: after(likely.peak_s),
        distance_m: arrival.distance_m.round() as u64,
    };
    Some(Threatened {
        id: place.id.clone(),
        name: place.name.clone(),
        kind,
        town: place.town.clone(),
        times: Some(times),
    })
}

/// Whole seconds: nobody needs more, and equal figures stay equal when they are written and read.
fn span(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    let whole = seconds.clamp(0.0, 3.2e9).round() as i64;
    TimeDelta::seconds(whole)
}

/// Sources of which the river says nothing: those in the town that stand on no registered reach, and while no point is known
/// those on a reach as well; and those on the same water without a place on it.
fn near(waters: &Network, known: &Known<'_>, on: Option<Position>) -> Vec<Threatened> {
    let water = on.map(|on| waters.reaches[on.reach].water.as_str());
    let found = waters.places.iter().filter_map(|place| {
        let kind = drawn_from(place)?.to_owned();
        let here = !known.town.is_empty() && place.town.as_deref() == Some(known.town);
        let same_water = water.is_some() && place.water.as_deref() == water;
        let silent = place.on.is_none() || on.is_none();
        ((here || same_water) && silent).then(|| Threatened {
            id: place.id.clone(),
            name: place.name.clone(),
            kind,
            town: place.town.clone(),
            times: None,
        })
    });
    found.take(MOST_SOURCES).collect()
}
