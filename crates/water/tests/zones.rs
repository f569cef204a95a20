//! Protection zones: by rule where nothing was approved, by shape where it was; what a file must hold to be taken.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use huiyin_water::network::{Datum, Level, Network, gcj02_from_wgs84, import_zones, zones_text};
use serde_json::{Value, json};

fn file(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/water");
    std::fs::read_to_string(folder.join(name)).ok()
}

fn network() -> Network {
    Network::load("", &file).unwrap_or_else(|problems| panic!("{problems}"))
}

fn with_shapes(shapes: &str) -> Result<Network, String> {
    let read = |name: &str| if name == "zones.geojson" { Some(shapes.to_owned()) } else { file(name) };
    Network::load("", &read).map_err(|problems| problems.to_string())
}

fn square([west, south]: [f64; 2], side: f64) -> Value {
    json!([[[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]])
}

fn feature(source: &str, level: &str, rings: &Value) -> Value {
    json!({"type": "Feature", "properties": {"source": source, "level": level},
        "geometry": {"type": "Polygon", "coordinates": rings}})
}

fn collection(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

#[test]
fn a_source_on_a_river_has_zones_along_it_and_a_pond_has_words() {
    let network = network();
    let river = network.place("DW08").unwrap();
    let zones: Vec<_> = network.zones_of(river).collect();
    assert_eq!(zones.iter().map(|zone| zone.level).collect::<Vec<_>>(), [Level::First, Level::Second]);
    for zone in &zones {
        assert!(zone.shape.is_some() && zone.approval.is_none() && network.is_zone_approximate(zone));
    }
    // 1000 m up and 100 m down, 30 m of water and 50 m of land on either side: the reach is drawn straight.
    let first = zones[0].shape.as_ref().unwrap();
    let at = network.coordinates(river.on.unwrap());
    let on = huiyin_water::network::Position { at_m: river.on.unwrap().at_m - 999.0, ..river.on.unwrap() };
    let (above, beyond) =
        (network.coordinates(on), network.coordinates(huiyin_water::network::Position { at_m: on.at_m - 5.0, ..on }));
    use geo::Contains as _;
    let holds = |[x, y]: [f64; 2]| first.contains(&geo::Point::new(x, y));
    assert!(holds(at) && holds(above) && !holds(beyond), "{first:?}");
    let pond = network.place("DW03").unwrap();
    let zones: Vec<_> = network.zones_of(pond).collect();
    assert!(zones.len() == 2 && zones.iter().all(|zone| zone.shape.is_none()), "its position was not surveyed");
    assert!(zones[0].text.zh.contains("200 米陆域"));
    let out = network.to_geojson().to_string();
    let out: Value = serde_json::from_str(&out).unwrap();
    let drawn = out["features"].as_array().unwrap().iter().filter(|one| one["properties"]["group"] == "zone");
    assert!(drawn.clone().count() >= 14 && drawn.clone().all(|one| one["properties"]["approximate"] == true));
}

#[test]
fn a_zone_at_a_confluence_goes_up_both_rivers() {
    let network = network();
    let below = network.places.iter().find(|place| place.id == "DW30").unwrap();
    let second = network.zones_of(below).find(|zone| zone.level == Level::Second).unwrap();
    assert!(second.text.zh.contains("3000 米") && second.shape.is_some());
}

#[test]
fn an_approved_shape_takes_the_place_of_the_rule() {
    let network = network();
    let at = network.coordinates(network.place("DW08").unwrap().on.unwrap());
    let mut zone = feature("DW08", "一级", &square(at, 0.01));
    zone["properties"]["批准文号"] = json!("渝府〔2030〕1号");
    zone["properties"]["by"] = json!("plan");
    let network = with_shapes(&collection(&[zone])).unwrap();
    let zones: Vec<_> = network.zones_of(network.place("DW08").unwrap()).collect();
    assert_eq!(zones.len(), 2, "the second level still follows the rule");
    assert_eq!(zones[0].approval.as_deref(), Some("渝府〔2030〕1号"));
    assert!(!network.is_zone_approximate(zones[0]) && network.is_zone_approximate(zones[1]));
    let unsaid = with_shapes(&collection(&[feature("DW08", "first", &square(at, 0.01))])).unwrap();
    let zone = unsaid.zones_of(unsaid.place("DW08").unwrap()).next().unwrap();
    assert!(unsaid.is_zone_approximate(zone), "nobody said where it is from");
}

#[test]
fn good_zones_are_kept_and_bad_ones_named_with_the_cure() {
    let network = network();
    let at = [106.7, 28.8];
    let crossing = json!([[[106.7, 28.8], [106.71, 28.81], [106.71, 28.8], [106.7, 28.81], [106.7, 28.8]]]);
    let exchanged = json!([[[28.8, 106.7], [28.8, 106.71], [28.81, 106.71], [28.8, 106.7]]]);
    let mut point = feature("DW02", "first", &square(at, 0.01));
    point["geometry"] = json!({"type": "Point", "coordinates": at});
    let mut ghost = feature("DW04", "first", &square(at, 0.01));
    ghost["properties"]["by"] = json!("nobody");
    let text = collection(&[
        feature("DW08", "first", &square(at, 0.01)),
        feature("DW09", "first", &crossing),
        feature("DW10", "first", &exchanged),
        feature("DW11", "first", &square([110.0, 30.0], 0.01)),
        feature("DW99", "first", &square(at, 0.01)),
        feature("RK01", "first", &square(at, 0.01)),
        feature("DW12", "outermost", &square(at, 0.01)),
        point,
        ghost,
        feature("DW08", "一级保护区", &square(at, 0.02)),
        json!({"type": "Feature", "properties": {"level": "first"}, "geometry": {"type": "Polygon", "coordinates": square(at, 0.01)}}),
    ]);
    let import = import_zones("z.geojson", &text, None, &network).unwrap();
    assert_eq!(import.zones.iter().map(|zone| zone.source.as_str()).collect::<Vec<_>>(), ["DW08"]);
    let said: Vec<String> =
        import.flaws.iter().map(|flaw| format!("{}: {} / {}", flaw.place, flaw.what, flaw.expected)).collect();
    assert!(import.flaws.iter().all(|flaw| flaw.refused) && said.len() == 10, "{said:#?}");
    for (n, words) in [
        (0, "do not cross"),
        (1, "latitude and longitude are exchanged"),
        (2, "lies outside the district"),
        (3, "there is no source DW99"),
        (4, "there is no source RK01"),
        (5, "`outermost` is no level"),
        (6, "it is no area"),
        (7, "there is no provenance nobody"),
        (8, "another first-level zone"),
        (9, "it names no source"),
    ] {
        assert!(said[n].contains(words), "{n}: {words}: {}", said[n]);
    }
    let refused = with_shapes(&text).unwrap_err();
    assert!(refused.contains("zones.geojson") && refused.contains("DW99"), "a kept file must be sound: {refused}");
}

#[test]
fn gcj_02_is_converted_and_an_unknown_datum_refused() {
    let network = network();
    let ring = [[106.70, 28.80], [106.71, 28.80], [106.71, 28.81], [106.70, 28.80]];
    let shifted: Vec<[f64; 2]> = ring.iter().map(|at| gcj02_from_wgs84(*at)).collect();
    let text = collection(&[feature("DW08", "second", &json!([shifted]))]);
    let import = import_zones("z.geojson", &text, Some(Datum::Gcj02), &network).unwrap();
    assert!(!import.flaws[0].refused && import.flaws[0].what.contains("GCJ-02"));
    let first = import.zones[0].shape.0[0].exterior().coords().next().unwrap();
    assert!((first.x - 106.70).abs() < 1e-7 && (first.y - 28.80).abs() < 1e-7, "{first:?}");
    let unknown = text.replacen('{', "{\"datum\": \"BD-09\", ", 1);
    let flaw = import_zones("z.geojson", &unknown, None, &network).unwrap_err();
    assert!(flaw.what.contains("BD-09") && flaw.expected.contains("GCJ-02"), "{flaw:?}");
}

#[test]
fn what_is_kept_reads_back_and_new_zones_replace_old_ones() {
    let network = network();
    let read = |text: &str| import_zones("z.geojson", text, None, &network).unwrap();
    let old = read(&collection(&[
        feature("DW08", "first", &square([106.7, 28.8], 0.01)),
        feature("DW09", "second", &square([106.65, 28.75], 0.01)),
    ]));
    let new = read(&collection(&[feature("DW08", "first", &square([106.7, 28.8], 0.02))]));
    let text = zones_text(old.zones.clone(), new.zones.clone());
    let kept = read(&text);
    assert!(kept.flaws.is_empty(), "{:?}", kept.flaws);
    assert_eq!(kept.zones, vec![new.zones[0].clone(), old.zones[1].clone()]);
    assert_eq!(zones_text(kept.zones, Vec::new()), text, "the same text again");
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_line() {
    let rules = file("zones.yaml").unwrap();
    let load = |text: String| {
        let read = |name: &str| if name == "zones.yaml" { Some(text.clone()) } else { file(name) };
        Network::load("", &read).map(drop).map_err(|problems| problems.to_string())
    };
    let said = load(rules.replace("up_m: [0, 1000]", "up_m: [1000, 0]")).unwrap_err();
    assert!(said.contains("zones.yaml:") && said.contains("up_m: [1000, 0]"), "{said}");
    let said = load(rules.replacen("by: zone-rule", "by: hearsay", 1)).unwrap_err();
    assert!(said.contains("there is no provenance hearsay"), "{said}");
    let none = |name: &str| if name == "zones.yaml" { None } else { file(name) };
    assert!(Network::load("", &none).unwrap().zones.is_empty(), "a district need not have any");
}
