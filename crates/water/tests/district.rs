//! The shipped waters of Qijiang, a spill in the Songkan reach, an exceedance traced up; and what is refused by name.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};

use huiyin_water::network::{
    Datum, Detail, Exceedance, Group, Network, PlaceState, Problems, Spill, TraceRefused, gcj02_from_wgs84,
    read_geojson, wgs84_from_gcj02,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("workflows/districts/qijiang/water").join(name)).unwrap()
}

/// The shipped network with one text of one file exchanged.
fn with(name: &str, from: &str, to: &str) -> Result<Network, Problems> {
    assert!(from.is_empty() || file(name).contains(from), "{from} is not in {name}");
    Network::load("", &|path| {
        let text = file(path);
        Some(if path == name && !from.is_empty() { text.replacen(from, to, 1) } else { text })
    })
}

fn shipped() -> Network {
    with("network.yaml", "", "").unwrap_or_else(|problems| panic!("{problems}"))
}

fn refused(name: &str, from: &str, to: &str) -> String {
    with(name, from, to).map(|_| ()).unwrap_err().to_string()
}

fn spill(network: &Network, from: &str) -> Spill {
    Spill { from: network.point(from).unwrap(), mass_kg: 800.0, decay_per_day: 0.0, limit_mgl: Some(0.05) }
}

#[test]
fn the_thirty_five_sources_are_those_of_the_plan() {
    let network = shipped();
    let sources: Vec<_> = network.places.iter().filter(|place| place.group() == Group::Source).collect();
    assert_eq!(sources.len(), 35);
    let shared = std::env::var_os("HUIYIN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let Ok(mut reader) = csv::Reader::from_path(shared.join("data/water_sources.csv")) else {
        println!("skipped: {} is not there", shared.join("data/water_sources.csv").display());
        return;
    };
    for (row, source) in reader.records().map(Result::unwrap).zip(sources) {
        let Detail::Source { kind, state, .. } = &source.detail else { unreachable!("a source") };
        assert_eq!((&row[0], &row[2], &row[4]), (source.id.as_str(), source.name.zh.as_str(), kind.as_str()));
        assert_eq!(*state == PlaceState::Planned, row[5].contains("规划建设"), "{}", source.id);
        assert!(source.town.is_none() == row[1].contains("原文"), "{}", source.id);
        assert!(network.is_approximate(source), "{}: nobody surveyed it", source.id);
    }
}

#[test]
fn every_section_and_every_risk_source_stands_on_a_reach() {
    let network = shipped();
    let on = |group| network.places.iter().filter(|place| place.group() == group && place.on.is_some()).count();
    assert_eq!(on(Group::Section), 5);
    assert_eq!(on(Group::Risk), 21);
    assert!(network.reaches.iter().all(|reach| reach.by.len() == 8), "every figure has a provenance");
}

#[test]
fn a_spill_in_the_songkan_reach_comes_to_the_intakes_below_in_order() {
    let network = shipped();
    let below = network.downstream(&spill(&network, "RK21")).unwrap();
    let ids: Vec<&str> = below.arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
    assert_eq!(ids, ["S3", "DW24", "DW25", "DW10", "DW30", "S1"]);
    for pair in below.arrivals.windows(2) {
        assert!(pair[0].band.worst_case.leading_edge_s <= pair[1].band.worst_case.leading_edge_s);
        assert!(pair[0].distance_m < pair[1].distance_m);
        assert!(pair[0].band.most_probable.peak_mgl >= pair[1].band.most_probable.peak_mgl);
    }
    for arrival in &below.arrivals {
        let (likely, worst) = (arrival.band.most_probable, arrival.band.worst_case);
        assert!(worst.leading_edge_s <= likely.leading_edge_s && worst.peak_mgl >= likely.peak_mgl, "{}", arrival.id);
        for (passage, above) in [(likely, arrival.above_most_probable), (worst, arrival.above_worst_case)] {
            assert!(passage.leading_edge_s <= passage.peak_s && passage.peak_s <= passage.trailing_edge_s);
            assert_eq!(above.is_some(), passage.peak_mgl > 0.05);
        }
        assert!(arrival.approximate);
    }
    // RK21 at 500 m of songkan-1 (13 km), songkan-2 10 km, qi-1 12 km, DW10 at 3 km of qi-2.
    assert!((below.arrivals[3].distance_m - 37_500.0).abs() < 1e-6);
}

#[test]
fn what_lies_upstream_or_on_another_river_is_not_threatened() {
    let network = shipped();
    let below = network.downstream(&spill(&network, "pu-2@1000")).unwrap();
    let ids: Vec<&str> = below.arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
    assert_eq!(ids, ["S2", "S1"]);
    assert!(network.downstream(&spill(&network, "qi-8@12999")).unwrap().arrivals.is_empty());
}

#[test]
fn a_measured_velocity_is_believed_before_the_regression() {
    let text = "    mean_flow_m3s: 33\n    by: assumed\n";
    let measured = "    mean_flow_m3s: 33\n    by: assumed\n    figures: {velocity_ms: gauge}\n";
    let network = Network::load("", &|path| {
        let text = file(path).replacen(text, measured, 1);
        Some(text.replacen(
            "provenance:\n",
            "provenance:\n  - {id: gauge, status: measured, text: {zh: 实测, en: measured}}\n",
            1,
        ))
    });
    let network = network.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(network.reaches[0].peak_velocities_ms.0, 0.8);
    assert_ne!(network.reaches[2].peak_velocities_ms.0, network.reaches[2].velocity_ms);
}

fn seen<'a>(section: &'a str, pollutant: &'a str, clean: &'a [String]) -> Exceedance<'a> {
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-23T08:00:00+08:00").unwrap();
    Exceedance { section, pollutant, at, mgl: Some(1.4), clean }
}

#[test]
fn phosphorus_at_beidu_leads_to_those_who_have_phosphorus_upstream() {
    let network = shipped();
    let traced = network.trace(&seen("S1", "TP", &[])).unwrap();
    let ids: Vec<&str> = traced.candidates.iter().map(|candidate| candidate.id.as_str()).collect();
    let place = |id: &str| ids.iter().position(|&other| other == id).unwrap_or_else(|| panic!("{id} in {ids:?}"));
    assert_eq!(ids[0], "RK17", "the nearest with phosphorus");
    assert!(place("RK06") < place("RK09"), "phosphogypsum before a coal mine");
    assert_eq!(ids.len(), 21, "all risk sources stand above Beidu");
    for candidate in &traced.candidates {
        assert!(candidate.released_from <= candidate.released_until, "{}", candidate.id);
        assert!(candidate.travel_worst_case_h <= candidate.travel_most_probable_h, "{}", candidate.id);
        assert!(!candidate.reasons.is_empty() && (0.0..=1.0).contains(&candidate.plausibility));
    }
    let mass = traced.candidates[0].mass_needed_kg.unwrap();
    let from = network.place("RK17").unwrap().on.unwrap();
    let back = Spill { from, mass_kg: mass, decay_per_day: 0.0, limit_mgl: None };
    let down = network.downstream(&back).unwrap();
    let at_beidu = down.arrivals.iter().find(|arrival| arrival.id == "S1").unwrap();
    assert!((at_beidu.band.most_probable.peak_mgl / 1.4 - 1.0).abs() < 1e-9, "down again with the mass it names");
}

#[test]
fn a_clean_section_between_makes_what_is_above_it_less_plausible() {
    let network = shipped();
    let plausibility = |clean: &[String], id: &str| {
        let traced = network.trace(&seen("S1", "w20124", clean)).unwrap();
        traced.candidates.iter().find(|candidate| candidate.id == id).unwrap().plausibility
    };
    let clean = ["DW10".to_owned()];
    assert!(plausibility(&clean, "RK09") < plausibility(&[], "RK09") * 0.21);
    assert_eq!(plausibility(&clean, "RK12"), plausibility(&[], "RK12"), "it stands below the clean intake");
}

#[test]
fn an_unknown_section_or_pollutant_is_answered_with_the_known_ones() {
    let network = shipped();
    let error = network.trace(&seen("S9", "TP", &[])).unwrap_err();
    assert!(
        matches!(error, TraceRefused::Section { field: "section", .. }) && error.to_string().contains("S1"),
        "{error}"
    );
    let error = network.trace(&seen("S1", "木糖", &[])).unwrap_err().to_string();
    assert!(error.contains("木糖") && error.contains("总磷 (w21011)"), "{error}");
    let error = network.point("DW01").unwrap_err().to_string();
    assert!(error.contains("黑千沟水库 stands on no reach"), "{error}");
}

#[test]
fn a_circle_is_refused_with_the_names_of_its_reaches() {
    let said =
        refused("network.yaml", "    from: sanjiang\n    to: qingxi-mouth", "    from: sanjiang\n    to: ganshui");
    assert!(said.contains("circle") && said.contains("qi-1") && said.contains("qi-5 (綦江：三江—清溪河口)"), "{said}");
    assert!(said.contains("network.yaml:") && !said.contains("network.yaml:0"), "{said}");
}

#[test]
fn missing_reaches_nodes_and_metres_are_refused_with_their_names() {
    let said = refused("network.yaml", "    to: anwen", "    to: nowhere");
    assert!(said.contains("reach songkan-1: to: there is no node nowhere"), "{said}");
    let said = refused("places.yaml", "reach: qi-7, at_m: 8000", "reach: qi-77, at_m: 8000");
    assert!(said.contains("S1 stands on reach qi-77, which is missing"), "{said}");
    let said = refused("places.yaml", "reach: qi-7, at_m: 8000", "reach: qi-7, at_m: 80000");
    assert!(said.contains("S1: on.at_m: 80000 m is not on reach qi-7") && said.contains("0 to 12000 m"), "{said}");
}

#[test]
fn wrong_coordinates_are_refused_with_the_place() {
    let said = refused("network.yaml", "at: [106.757, 28.68]", "at: [28.68, 106.757]");
    assert!(said.contains("anwen: at: [28.68, 106.757] has latitude and longitude exchanged"), "{said}");
    let said = refused("network.yaml", "at: [106.757, 28.68]", "at: [116.4, 39.9]");
    assert!(said.contains("anwen: at: [116.4, 39.9] lies outside the district"), "{said}");
}

#[test]
fn mistakes_name_file_line_and_field() {
    let said = refused("network.yaml", "    slope: 0.0035", "    slope: -0.0035");
    let line = file("network.yaml").lines().position(|line| line == "    slope: 0.0035").unwrap() + 1;
    assert_eq!(
        said,
        format!("network.yaml:{line}: reach songkan-1: slope: -0.0035. expected: a number from 0.0000001 to 1")
    );
    let said = refused("sources.yaml", "    state: in-use", "    status: in-use");
    assert!(said.starts_with("sources.yaml:") && said.contains("status"), "{said}");
    let said = refused("sources.yaml", "  - id: DW02", "  - id: DW01");
    assert!(said.contains("place DW01 stands there twice"), "{said}");
}

#[test]
fn the_network_goes_out_and_comes_back_as_geojson() {
    let network = shipped();
    let text = network.to_geojson().to_string();
    let read = read_geojson("out.geojson", &text, None, network.bounds).unwrap();
    assert!(read.flaws.is_empty(), "{:?}", read.flaws);
    assert!(read.shapes.len() >= network.reaches.len() + 5 + 21);
    let beidu = read.shapes.iter().find(|shape| shape.properties["id"] == "S1").unwrap();
    assert_eq!(beidu.properties["approximate"], true);
    assert_eq!(beidu.properties["group"], "section");
}

#[test]
fn bad_shapes_are_refused_by_name_and_the_sound_ones_kept() {
    let network = shipped();
    let zone = |name: &str, ring: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}"#
        )
    };
    let sound = zone("一级保护区", "[106.7,28.7],[106.71,28.7],[106.71,28.71],[106.7,28.7]");
    let crossing = zone("八字", "[106.7,28.7],[106.71,28.71],[106.71,28.7],[106.7,28.71],[106.7,28.7]");
    let exchanged = zone("轴序反", "[28.7,106.7],[28.7,106.71],[28.71,106.71],[28.7,106.7]");
    let outside = zone("北京", "[116.3,39.9],[116.4,39.9],[116.4,40.0],[116.3,39.9]");
    let broken = r#"{"type":"Feature","properties":{"name":"残缺"},"geometry":{"type":"Polygon","coordinates":"?"}}"#;
    let all = [sound, crossing, exchanged, outside, broken.to_owned()].join(",");
    let text = format!(r#"{{"type":"FeatureCollection","features":[{all}]}}"#);
    let read = read_geojson("zones.geojson", &text, None, network.bounds).unwrap();
    assert_eq!(read.shapes.iter().map(|shape| shape.name.as_str()).collect::<Vec<_>>(), ["一级保护区"]);
    let places: Vec<&str> = read.flaws.iter().map(|flaw| flaw.place.as_str()).collect();
    assert_eq!(places, ["八字", "轴序反", "北京", "残缺"], "{:?}", read.flaws);
    assert!(read.flaws[0].what.contains("not valid") && read.flaws[1].what.contains("exchanged"), "{:?}", read.flaws);
}

#[test]
fn an_unknown_datum_is_refused_and_gcj02_is_converted_and_said() {
    let network = shipped();
    let true_place = [106.648, 29.0231];
    let shifted = gcj02_from_wgs84(true_place);
    let text = |datum: &str| {
        format!(
            r#"{{"type":"FeatureCollection","datum":"{datum}","features":[{{"type":"Feature","properties":{{"name":"古南"}},"geometry":{{"type":"Point","coordinates":[{},{}]}}}}]}}"#,
            shifted[0], shifted[1]
        )
    };
    let flaw = read_geojson("a.geojson", &text("Beijing 1954"), None, network.bounds).unwrap_err();
    assert!(flaw.what.contains("Beijing 1954") && flaw.refused, "{flaw:?}");
    let read = read_geojson("a.geojson", &text("GCJ-02"), None, network.bounds).unwrap();
    assert_eq!(read.datum, Datum::Gcj02);
    assert!(read.flaws[0].what.contains("converted") && !read.flaws[0].refused);
    let geo::Geometry::Point(point) = read.shapes[0].shape else { panic!("a point") };
    assert!((point.x() - true_place[0]).abs() < 1e-9 && (point.y() - true_place[1]).abs() < 1e-9);
}

#[test]
fn gcj02_shifts_by_some_hundred_metres_and_comes_back() {
    for step in 0..400 {
        let at = [106.4 + 0.6 * f64::from(step % 20) / 20.0, 28.45 + 0.7 * f64::from(step / 20) / 20.0];
        let there = gcj02_from_wgs84(at);
        let metres = ((there[0] - at[0]) * 97_500.0).hypot((there[1] - at[1]) * 110_900.0);
        assert!((100.0..900.0).contains(&metres), "{at:?} moved by {metres} m");
        let back = wgs84_from_gcj02(there);
        assert!((back[0] - at[0]).abs() < 1e-9 && (back[1] - at[1]).abs() < 1e-9, "{at:?} came back as {back:?}");
    }
    // A pair in public use (EvilTransform's own test): WGS-84 22.543847, 113.912316 is GCJ-02 22.540796131694766, 113.9171764808363.
    let there = gcj02_from_wgs84([113.912_316, 22.543_847]);
    assert!(
        (there[0] - 113.917_176_480_836_3).abs() < 1e-6 && (there[1] - 22.540_796_131_694_766).abs() < 1e-6,
        "{there:?}"
    );
}

#[test]
fn what_lies_above_a_place_is_what_reaches_it() {
    let network = shipped();
    let mut pairs = 0;
    for place in network.places.iter().filter(|place| matches!(place.group(), Group::Source | Group::Section)) {
        let above = network.upstream(place).unwrap();
        assert!(above.is_sorted_by(|a, b| a.band.worst_case.leading_edge_s <= b.band.worst_case.leading_edge_s));
        assert!(place.on.is_some() || above.is_empty(), "{}: nothing is said of what stands on no reach", place.id);
        for risk in network.places.iter().filter(|risk| risk.group() == Group::Risk) {
            let spill = Spill { mass_kg: 1.0, limit_mgl: None, ..spill(&network, &risk.id) };
            let below = network.downstream(&spill).unwrap().arrivals.into_iter().find(|arrival| arrival.id == place.id);
            let there = above.iter().find(|one| one.id == risk.id);
            assert_eq!(below.is_some(), there.is_some(), "{} and {}", risk.id, place.id);
            if let (Some(below), Some(there)) = (below, there) {
                pairs += 1;
                assert!((below.distance_m - there.distance_m).abs() < 1e-6, "{} to {}", risk.id, place.id);
                let (a, b) = (below.band.worst_case.leading_edge_s, there.band.worst_case.leading_edge_s);
                assert!((a / b - 1.0).abs() < 1e-9 && b <= there.band.most_probable.leading_edge_s);
            }
        }
    }
    assert!(pairs > 20, "{pairs}");
    assert!(network.towns().len() >= 10 && network.town_centre("石角镇").is_some());
    assert!(
        network.towns().iter().all(|(town, at)| network.bounds.hold(*at) && network.town_centre(town) == Some(*at))
    );
}
