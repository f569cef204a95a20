//! GeoJSON (RFC 7946) in and out. In: the datum is named or refused, shapes are checked, and what is wrong is told with the
//! place, while everything sound is kept. Out: WGS-84, each feature marked approximate or not.

use geo::{Geometry, MapCoords as _, Validation as _};
use geojson::{Feature, FeatureCollection, JsonObject};
use serde::Serialize;
use serde_json::{Value, json};

use super::datum::{Datum, wgs84_from_gcj02};
use super::model::{Bounds, Network, Text};
use super::zone::Zone;

/// The most features of one file.
const MOST_FEATURES: usize = 100_000;

/// A sound shape, in WGS-84.
#[derive(Debug, Clone, PartialEq)]
pub struct Geography {
    /// Its name: property `name`, `id`, or its number in the file.
    pub name: String,
    /// The shape; longitude first.
    pub shape: Geometry<f64>,
    /// All properties.
    pub properties: JsonObject,
}

/// A shape that was refused, or something that should be known about the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// The place: name of the feature, or the file.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// Was it left out? Otherwise it was taken, and this should be known.
    pub refused: bool,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Sound shapes, all in WGS-84.
    pub shapes: Vec<Geography>,
    /// What was refused or should be known, by place.
    pub flaws: Vec<Flaw>,
    /// In what datum it was written.
    pub datum: Datum,
}

/// Reads a GeoJSON text. The datum is `datum` if given, else what the file says (member `crs`, or `datum`), else WGS-84 as
/// RFC 7946 has it. GCJ-02 is converted, and the first flaw says so.
///
/// # Errors
/// The flaw of the file as a whole: no GeoJSON, an unknown datum, too many features.
pub fn read_geojson(file: &str, text: &str, datum: Option<Datum>, bounds: Bounds) -> Result<Read, Flaw> {
    let whole = |what: String, expected: &str| Flaw {
        place: file.to_owned(),
        what,
        expected: expected.to_owned(),
        refused: true,
    };
    let rfc = "GeoJSON (RFC 7946), longitude first";
    let parsed: Value = serde_json::from_str(text).map_err(|error| whole(error.to_string(), rfc))?;
    let said = said_datum(&parsed);
    let features = features(parsed).ok_or_else(|| whole("it is no GeoJSON".into(), rfc))?;
    if features.len() > MOST_FEATURES {
        return Err(whole(format!("{} features", features.len()), "at most 100000"));
    }
    let datum = match (datum, said) {
        (Some(given), _) => given,
        (None, Some(name)) => Datum::of(&name)
            .ok_or_else(|| whole(format!("the datum {name} is unknown"), "WGS-84, CGCS2000 or GCJ-02"))?,
        (None, None) => Datum::Wgs84,
    };
    let mut read = Read { shapes: Vec::new(), flaws: Vec::new(), datum };
    if datum == Datum::Gcj02 {
        read.flaws.push(Flaw {
            place: file.to_owned(),
            what: "coordinates were in GCJ-02 and have been converted to WGS-84".into(),
            expected: "WGS-84".into(),
            refused: false,
        });
    }
    for (number, feature) in (1..).zip(features) {
        let name = name_of(&feature).unwrap_or_else(|| format!("feature {number}"));
        let feature = serde_json::from_value::<Feature>(feature).map_err(|error| (error.to_string(), rfc.to_owned()));
        match feature.and_then(|feature| sound(feature, &name, datum, bounds)) {
            Ok(shape) => read.shapes.push(shape),
            Err((what, expected)) => {
                read.flaws.push(Flaw { place: name, what, expected, refused: true });
            }
        }
    }
    Ok(read)
}

/// The features of a collection, a single feature, or a bare geometry made one.
fn features(parsed: Value) -> Option<Vec<Value>> {
    match parsed.get("type")?.as_str()? {
        "FeatureCollection" => parsed.get("features")?.as_array().cloned(),
        "Feature" => Some(vec![parsed]),
        _ => Some(vec![json!({"type": "Feature", "properties": {}, "geometry": parsed})]),
    }
}

/// The datum that the file itself names: `crs` of GeoJSON 2008, or a plain member `datum`.
fn said_datum(parsed: &Value) -> Option<String> {
    let named = parsed.pointer("/crs/properties/name").or_else(|| parsed.get("crs"));
    named.or_else(|| parsed.get("datum")).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The name people know a feature by.
fn name_of(feature: &Value) -> Option<String> {
    let property = |key: &str| {
        let value = feature.pointer("/properties")?.get(key)?;
        value.as_str().map(str::to_owned).or_else(|| Some(value.get("zh")?.as_str()?.to_owned()))
    };
    let id = || feature.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    property("name").or_else(|| property("id")).or_else(id)
}

/// A feature that may be taken, or what is wrong with it and what was expected.
fn sound(feature: Feature, name: &str, datum: Datum, bounds: Bounds) -> Result<Geography, (String, String)> {
    let rfc = || "a GeoJSON geometry, longitude first".to_owned();
    let geometry = feature.geometry.ok_or_else(|| ("it has no geometry".to_owned(), rfc()))?;
    let shape = Geometry::<f64>::try_from(geometry).map_err(|error| (error.to_string(), rfc()))?;
    let shape = match datum {
        Datum::Wgs84 => shape,
        Datum::Gcj02 => shape.map_coords(|at| wgs84_from_gcj02([at.x, at.y]).into()),
    };
    use geo::CoordsIter as _;
    let Some(first_out) = shape.coords_iter().find(|at| !bounds.hold([at.x, at.y])) else {
        // Only now: exchanged axes and infinite numbers are better told as what they are.
        shape.check_validation().map_err(|error| {
            (format!("the shape is not valid: {error}"), "rings that are closed and do not cross".to_owned())
        })?;
        let properties = feature.properties.unwrap_or_default();
        return Ok(Geography { name: name.to_owned(), shape, properties });
    };
    let exchanged = shape.coords_iter().all(|at| bounds.hold([at.y, at.x]));
    let what = if exchanged {
        "latitude and longitude are exchanged".to_owned()
    } else {
        format!("[{}, {}] lies outside the district", first_out.x, first_out.y)
    };
    let Bounds { west, south, east, north } = bounds;
    Err((what, format!("longitude {west} to {east}, then latitude {south} to {north}, degrees WGS-84")))
}

impl Network {
    /// The network as GeoJSON: a line a reach, a point a place that has coordinates, an area a zone that has a shape. Every feature says `approximate`, its
    /// provenance in words, and its group. Coordinates are WGS-84.
    #[must_use]
    pub fn to_geojson(&self) -> FeatureCollection {
        let reaches = self.reaches.iter().map(|reach| {
            let line = [self.nodes[reach.ends.0].at, self.nodes[reach.ends.1].at];
            let by = &self.provenance[reach.by["length_m"]];
            let figures: serde_json::Map<String, Value> =
                reach.by.iter().map(|(figure, &by)| (figure.clone(), json!(self.provenance[by].id))).collect();
            let properties = json!({
                "id": reach.id, "name": reach.name, "group": "reach", "water": reach.water,
                "length_m": reach.length_m, "slope": reach.slope, "width_m": reach.width_m, "depth_m": reach.depth_m,
                "velocity_ms": reach.velocity_ms, "drainage_km2": reach.drainage_km2,
                "mean_flow_m3s": reach.mean_flow_m3s, "flow_m3s": reach.flow_m3s,
                "approximate": self.approximate_reach(reach), "provenance": by.text, "figures": figures,
            });
            feature(&reach.id, geojson::GeometryValue::new_line_string(line), properties)
        });
        let places = self.places.iter().filter_map(|place| {
            let by = &self.provenance[place.placed_by];
            let mut properties = json!({
                "id": place.id, "name": place.name, "town": place.town, "water": place.water,
                "approximate": self.is_approximate(place), "provenance": by.text, "remark": place.remark,
                "reach": place.on.map(|on| &self.reaches[on.reach].id), "at_m": place.on.map(|on| on.at_m),
            });
            if let (Ok(Value::Object(detail)), Value::Object(properties)) =
                (serde_json::to_value(&place.detail), &mut properties)
            {
                properties.extend(detail);
            }
            Some(feature(&place.id, geojson::GeometryValue::new_point(place.at?), properties))
        });
        let zones = self.zones.iter().filter_map(|zone| self.zone_feature(zone));
        let features = reaches.chain(places).chain(zones).collect();
        FeatureCollection { bbox: None, features, foreign_members: None }
    }

    /// A zone that has a shape.
    fn zone_feature(&self, zone: &Zone) -> Option<Feature> {
        let (source, level) = (&self.places[zone.source], zone.level.name());
        let unknown = Text { zh: "来源未登记".to_owned(), en: "provenance not registered".to_owned() };
        let properties = json!({
            "id": format!("{}-{}", source.id, zone.level.word()),
            "name": {"zh": format!("{} {}", source.name.zh, level.zh), "en": format!("{}, {}", source.name.en, level.en)},
            "group": "zone", "source": source.id, "level": zone.level.word(), "remark": zone.text,
            "approval": zone.approval, "approximate": self.is_zone_approximate(zone),
            "provenance": zone.by.map_or(&unknown, |by| &self.provenance[by].text),
        });
        let id = format!("zone-{}-{}", source.id, zone.level.word());
        Some(feature(&id, geojson::GeometryValue::from(zone.shape.as_ref()?), properties))
    }

    fn approximate_reach(&self, reach: &super::model::Reach) -> bool {
        reach.by.values().any(|&by| self.provenance[by].status.is_approximate())
    }
}

fn feature(id: &str, geometry: geojson::GeometryValue, properties: Value) -> Feature {
    let Value::Object(properties) = properties else { return Feature::default() };
    Feature {
        bbox: None,
        geometry: Some(geojson::Geometry::new(geometry)),
        id: Some(geojson::feature::Id::String(id.to_owned())),
        properties: Some(properties),
        foreign_members: None,
    }
}
