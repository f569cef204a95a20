//! Protection zones 饮用水水源保护区 of the sources: those that were registered with their shape, else what custom makes of the
//! kind of source. 水污染防治法 第六十三条: 一级, 二级, where needed 准保护区, approved by the province.
//!
//! A zone made by a rule is never more than approximate. It has a shape only where the source stands on the river network
//! (the reach is drawn straight, so the shape is, too) or was surveyed; elsewhere it is words.

use std::collections::BTreeMap;

use geo::{BooleanOps as _, Coord, LineString, MultiPolygon, Polygon};
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::build::{in_folder, parse};
use super::model::{Detail, Network, Place, Position, Text};
use super::problem::Findings;
use super::source::{CircleRule, RiverRule, ZoneRuleEntry, ZonesFile};
use super::zone_file::import_zones;
use super::{ZONE_RULES, ZONE_SHAPES};

/// Metres of a degree of latitude (sphere of 6371 km).
const METRES: f64 = 111_195.0;
/// Corners of a circle.
const CORNERS: u32 = 48;
/// Stretches of river that one zone may run along.
const MOST_STRETCHES: usize = 200;
/// The most rules of a district.
const MOST_RULES: usize = 200;

/// Levels of protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 一级保护区.
    First,
    /// 二级保护区.
    Second,
    /// 准保护区.
    Quasi,
}

impl Level {
    /// By the words people write: `first`, `一级`, `一级保护区`, `1`, and so on.
    #[must_use]
    pub fn of(words: &str) -> Option<Self> {
        let plain = words.trim().trim_end_matches("保护区").to_ascii_lowercase();
        match plain.as_str() {
            "first" | "1" | "一级" | "Ⅰ" | "i" => Some(Self::First),
            "second" | "2" | "二级" | "Ⅱ" | "ii" => Some(Self::Second),
            "quasi" | "3" | "准" | "准级" => Some(Self::Quasi),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::First => ("一级保护区", "first-level zone"),
            Self::Second => ("二级保护区", "second-level zone"),
            Self::Quasi => ("准保护区", "quasi-protection zone"),
        };
        Text { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// As files and the API write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Quasi => "quasi",
        }
    }
}

/// One zone of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Index of the source in [`Network::places`].
    pub source: usize,
    /// Level.
    pub level: Level,
    /// What it is, in words: the rule, or the approval.
    pub text: Text,
    /// Number of the document that approved it; none: it follows a rule.
    pub approval: Option<String>,
    /// Provenance, by index; none: a registered shape of which nobody said where it is from.
    pub by: Option<usize>,
    /// Its shape, longitude first, WGS-84; none: it cannot be drawn yet.
    pub shape: Option<MultiPolygon<f64>>,
}

impl Network {
    /// The zones of a source, the strictest first.
    pub fn zones_of<'a>(&'a self, place: &Place) -> impl Iterator<Item = &'a Zone> + use<'a> {
        let index = self.places_by_id.get(&place.id).copied();
        self.zones.iter().filter(move |zone| Some(zone.source) == index)
    }

    /// Is a zone approximate: was its shape neither measured nor published?
    #[must_use]
    pub fn is_zone_approximate(&self, zone: &Zone) -> bool {
        zone.by.is_none_or(|by| self.provenance[by].status.is_approximate())
    }
}

/// All zones of a district; a file that is missing gives none.
pub(super) fn zones(
    folder: &str,
    read: &dyn Fn(&str) -> Option<String>,
    net: &Network,
    findings: &mut Findings,
) -> Vec<Zone> {
    let mut zones: BTreeMap<(usize, Level), Zone> = registered(&in_folder(folder, ZONE_SHAPES), read, net, findings);
    let path = in_folder(folder, ZONE_RULES);
    if read(&path).is_none() {
        return zones.into_values().collect();
    }
    let Some(file) = parse::<ZonesFile>(&path, read, findings) else { return Vec::new() };
    if file.rules.len() > MOST_RULES {
        findings.file(&path, format!("{} rules", file.rules.len()), format!("at most {MOST_RULES}"));
        return Vec::new();
    }
    for rule in &file.rules {
        let Some(by) = checked(&path, rule, net, findings) else { continue };
        for (source, place) in net.places.iter().enumerate() {
            let Detail::Source { kind, .. } = &place.detail else { continue };
            if rule.kinds.iter().any(|of| &of.value == kind) {
                zones.entry((source, rule.level.value)).or_insert_with(|| Zone {
                    source,
                    level: rule.level.value,
                    text: rule.text.clone(),
                    approval: None,
                    by: Some(by),
                    shape: drawn(net, place, rule),
                });
            }
        }
    }
    zones.into_values().collect()
}

/// Zones that were registered with their shape.
fn registered(
    path: &str,
    read: &dyn Fn(&str) -> Option<String>,
    net: &Network,
    findings: &mut Findings,
) -> BTreeMap<(usize, Level), Zone> {
    let mut zones = BTreeMap::new();
    let Some(text) = read(path) else { return zones };
    let import = match import_zones(path, &text, None, net) {
        Ok(import) => import,
        Err(flaw) => {
            findings.file(path, flaw.what, flaw.expected);
            return zones;
        }
    };
    for flaw in import.flaws.into_iter().filter(|flaw| flaw.refused) {
        findings.file(path, format!("{}: {}", flaw.place, flaw.what), flaw.expected);
    }
    for feature in import.zones {
        let Some(&source) = net.places_by_id.get(&feature.source) else { continue };
        let name = feature.level.name();
        let text = match &feature.approval {
            Some(number) => Text { zh: format!("{}（{number}）", name.zh), en: format!("{} ({number})", name.en) },
            None => name,
        };
        let by = feature.by.as_ref().and_then(|id| net.provenance.iter().position(|known| &known.id == id));
        let zone =
            Zone { source, level: feature.level, text, approval: feature.approval, by, shape: Some(feature.shape) };
        zones.insert((source, feature.level), zone);
    }
    zones
}

/// The provenance of a rule, if the rule holds together.
fn checked(path: &str, rule: &ZoneRuleEntry, net: &Network, findings: &mut Findings) -> Option<usize> {
    let before = findings.count();
    let field = format!("rule {} for {}", rule.level.value.word(), kinds(&rule.kinds));
    let by = net.provenance.iter().position(|known| known.id == rule.by.value);
    if by.is_none() {
        let what = format!("there is no provenance {}", rule.by.value);
        findings.at(path, rule.by.defined, &*field, what, "the id of a provenance of network.yaml");
    }
    let mut range = |name: &str, [from, to]: [f64; 2]| {
        if !(0.0..=to).contains(&from) || to > 100_000.0 {
            let what = format!("{name}: [{from}, {to}]");
            findings.at(path, rule.level.defined, &*field, what, "from and to, 0 to 100000 metres, the lesser first");
        }
    };
    if let Some(RiverRule { up_m, down_m, side_m }) = rule.river {
        range("up_m", up_m);
        range("down_m", down_m);
        range("side_m", [0.0, side_m]);
    }
    if let Some(CircleRule { radius_m }) = rule.circle {
        range("radius_m", radius_m);
    }
    by.filter(|_| findings.count() == before)
}

fn kinds(kinds: &[Spanned<String>]) -> String {
    kinds.iter().map(|kind| kind.value.as_str()).collect::<Vec<_>>().join("、")
}

/// The shape that a rule gives a source, where its position allows one.
fn drawn(net: &Network, place: &Place, rule: &ZoneRuleEntry) -> Option<MultiPolygon<f64>> {
    if let (Some(river), Some(on)) = (rule.river, place.on) {
        let bands = stretches(net, on, river).into_iter().filter_map(|part| band(net, part, river.side_m));
        let shape = geo::unary_union(&bands.collect::<Vec<_>>());
        return Some(shape).filter(|shape| !shape.0.is_empty());
    }
    let surveyed = !net.provenance[place.placed_by].status.is_approximate();
    let (CircleRule { radius_m: [inner, outer] }, at) = (rule.circle?, place.at.filter(|_| surveyed)?);
    let disc = circle(at, outer);
    let shape = if inner > 0.0 { disc.difference(&circle(at, inner)) } else { MultiPolygon::new(vec![disc]) };
    Some(shape)
}

/// Pieces of reaches above and below a position: reach, from, to, metres below its upper end.
fn stretches(net: &Network, on: Position, rule: RiverRule) -> Vec<(usize, f64, f64)> {
    let mut found = Vec::new();
    // A reach, where on it, and how far that is from the intake.
    let mut up = vec![(on.reach, on.at_m, 0.0)];
    while let (Some((reach, at, away)), true) = (up.pop(), found.len() < MOST_STRETCHES) {
        let (from, to) = (at - (rule.up_m[1] - away).min(at), at - (rule.up_m[0] - away).max(0.0));
        if from < to {
            found.push((reach, from.max(0.0), to));
        }
        if away + at < rule.up_m[1] {
            let node = net.reaches[reach].ends.0;
            let above = net.reaches.iter().enumerate().filter(|(_, next)| next.ends.1 == node);
            up.extend(above.map(|(i, next)| (i, next.length_m, away + at)));
        }
    }
    let mut down = vec![(on.reach, on.at_m, 0.0)];
    while let (Some((reach, at, away)), true) = (down.pop(), found.len() < 2 * MOST_STRETCHES) {
        let rest = net.reaches[reach].length_m - at;
        let (from, to) = (at + (rule.down_m[0] - away).max(0.0), at + (rule.down_m[1] - away).min(rest));
        if from < to {
            found.push((reach, from, to));
        }
        if away + rest < rule.down_m[1] {
            let node = net.reaches[reach].ends.1;
            let below = net.reaches.iter().enumerate().filter(|(_, next)| next.ends.0 == node);
            down.extend(below.map(|(i, _)| (i, 0.0, away + rest)));
        }
    }
    found
}

/// A piece of a reach with the water and the land on either side; nothing where its ends are one point.
fn band(net: &Network, (reach, from, to): (usize, f64, f64), side_m: f64) -> Option<Polygon<f64>> {
    let (a, b) = (net.coordinates(Position { reach, at_m: from }), net.coordinates(Position { reach, at_m: to }));
    let squeeze = f64::midpoint(a[1], b[1]).to_radians().cos();
    let (east, north) = ((b[0] - a[0]) * METRES * squeeze, (b[1] - a[1]) * METRES);
    let length = east.hypot(north);
    if length <= 0.0 {
        return None;
    }
    let half = net.reaches[reach].width_m / 2.0 + side_m;
    let (right_east, right_north) = (north / length * half, -east / length * half);
    let beside = |at: [f64; 2], sign: f64| Coord {
        x: at[0] + sign * right_east / (METRES * squeeze),
        y: at[1] + sign * right_north / METRES,
    };
    let ring = vec![beside(a, 1.0), beside(b, 1.0), beside(b, -1.0), beside(a, -1.0)];
    Some(Polygon::new(LineString::new(ring), Vec::new()))
}

fn circle(at: [f64; 2], radius_m: f64) -> Polygon<f64> {
    let squeeze = at[1].to_radians().cos();
    let ring = (0..CORNERS).map(|n| {
        let (sin, cos) = (f64::from(n) / f64::from(CORNERS) * std::f64::consts::TAU).sin_cos();
        Coord { x: at[0] + radius_m * cos / (METRES * squeeze), y: at[1] + radius_m * sin / METRES }
    });
    Polygon::new(LineString::new(ring.collect()), Vec::new())
}
