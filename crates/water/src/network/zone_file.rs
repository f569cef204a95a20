//! Protection zones as GeoJSON: what a file holds, feature by feature, and the text of the file in which they are kept.
//!
//! A feature names its source (property `source`, `水源` or `id`) and level (`level`, `级别`); may name the approval
//! (`approval`, `批准文号`) and its provenance (`by`, an id of network.yaml). Rings, axes, district and datum are judged by
//! [`super::read_geojson`]; here: is it a zone of a source of this district, and is it the only one of its level.

use geo::orient::{Direction, Orient as _};
use geo::{Geometry, MultiPolygon};
use geojson::{Feature, FeatureCollection};
use serde_json::{Value, json};

use super::datum::Datum;
use super::model::{Detail, Network};
use super::shape::{Flaw, Geography, read_geojson};
use super::zone::Level;

/// Longest number of an approval, letters.
const LONGEST: usize = 120;

/// A zone of a file, whole and sound.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneFeature {
    /// Id of its source.
    pub source: String,
    /// Level.
    pub level: Level,
    /// Number of the document that approved it.
    pub approval: Option<String>,
    /// Id of its provenance.
    pub by: Option<String>,
    /// Its shape, longitude first, WGS-84.
    pub shape: MultiPolygon<f64>,
}

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneImport {
    /// Sound zones, in the order of the file.
    pub zones: Vec<ZoneFeature>,
    /// What was left out and why, and what should be known.
    pub flaws: Vec<Flaw>,
    /// In what datum it was written.
    pub datum: Datum,
}

/// Reads zones. `datum` as for [`read_geojson`].
///
/// # Errors
/// The flaw of the file as a whole.
pub fn import_zones(file: &str, text: &str, datum: Option<Datum>, net: &Network) -> Result<ZoneImport, Flaw> {
    let read = read_geojson(file, text, datum, net.bounds)?;
    let mut import = ZoneImport { zones: Vec::new(), flaws: read.flaws, datum: read.datum };
    for geography in read.shapes {
        let place = geography.name.clone();
        let zone = zone(geography, net).and_then(|zone| {
            let same = |known: &ZoneFeature| (&known.source, known.level) == (&zone.source, zone.level);
            if import.zones.iter().any(same) {
                let what = format!("{} has another {} in this file", zone.source, zone.level.name().en);
                return Err((what, "one feature a level; several areas as one MultiPolygon".to_owned()));
            }
            Ok(zone)
        });
        match zone {
            Ok(zone) => import.zones.push(zone),
            Err((what, expected)) => import.flaws.push(Flaw { place, what, expected, refused: true }),
        }
    }
    Ok(import)
}

/// A zone, or what is wrong with it and what was expected.
fn zone(geography: Geography, net: &Network) -> Result<ZoneFeature, (String, String)> {
    let property = |names: &[&str]| {
        let found = names.iter().find_map(|name| geography.properties.get(*name))?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        (!found.is_null() && !text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    let sources = || "property `source`: the id of a source of sources.yaml, such as DW08".to_owned();
    let source = property(&["source", "水源", "id"]).ok_or_else(|| ("it names no source".to_owned(), sources()))?;
    if !net.place(&source).is_some_and(|place| matches!(place.detail, Detail::Source { .. })) {
        return Err((format!("there is no source {source}"), sources()));
    }
    let levels = || "property `level`: first, second or quasi (一级, 二级, 准)".to_owned();
    let word = property(&["level", "级别"]).ok_or_else(|| ("it names no level".to_owned(), levels()))?;
    let level = Level::of(&word).ok_or_else(|| (format!("`{word}` is no level"), levels()))?;
    let by = property(&["by"]);
    if let Some(id) = by.as_ref().filter(|id| !net.provenance.iter().any(|known| &known.id == *id)) {
        return Err((
            format!("there is no provenance {id}"),
            "property `by`: the id of a provenance of network.yaml".to_owned(),
        ));
    }
    let approval = property(&["approval", "批准文号"]);
    if let Some(long) = approval.as_ref().map(|text| text.chars().count()).filter(|count| *count > LONGEST) {
        return Err((format!("the number of its approval has {long} letters"), format!("at most {LONGEST}")));
    }
    let shape = match geography.shape {
        Geometry::Polygon(polygon) => MultiPolygon::new(vec![polygon]),
        Geometry::MultiPolygon(polygons) => polygons,
        _ => return Err(("it is no area".to_owned(), "a Polygon or a MultiPolygon".to_owned())),
    };
    Ok(ZoneFeature { source, level, approval, by, shape: shape.orient(Direction::Default) })
}

/// The text of a file of zones: those of `before` with `zones` beside them, or in the place of the same source and level.
#[must_use]
pub fn zones_text(before: Vec<ZoneFeature>, zones: Vec<ZoneFeature>) -> String {
    let new = |old: &ZoneFeature| !zones.iter().any(|zone| (&zone.source, zone.level) == (&old.source, old.level));
    let mut all: Vec<ZoneFeature> = before.into_iter().filter(new).collect();
    all.extend(zones);
    all.sort_by(|a, b| (&a.source, a.level).cmp(&(&b.source, b.level)));
    let features = all.into_iter().map(|zone| {
        let mut properties = json!({"source": zone.source, "level": zone.level.word()});
        if let Value::Object(properties) = &mut properties {
            properties.extend(zone.approval.map(|number| ("approval".to_owned(), json!(number))));
            properties.extend(zone.by.map(|id| ("by".to_owned(), json!(id))));
        }
        Feature {
            geometry: Some(geojson::Geometry::new(geojson::GeometryValue::from(&zone.shape))),
            properties: properties.as_object().cloned(),
            ..Feature::default()
        }
    });
    let file = FeatureCollection { bbox: None, features: features.collect(), foreign_members: None };
    file.to_string() + "\n"
}
