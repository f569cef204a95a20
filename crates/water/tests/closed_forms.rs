//! Every formula against values computed with 50 digits by `reference/generate.py`, which uses no closed form for peak
//! times, times above a limit and doses. Relative error at most 1e-6 asked, 1e-9 held.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;

use huiyin_water::arrival::{
    Basin, BasinFigures, Continuous, Instantaneous, erfcx, fischer_dispersion_m2s, manning_velocity_ms,
};

const TABLE: &str = include_str!("reference/closed_forms.csv");

fn ours(what: &str, a: &[f64]) -> f64 {
    let cloud = || Instantaneous::new(a[0], a[1], a[2], a[3], a[4]).unwrap();
    let basin = |slope| {
        let (drainage_area_m2, mean_flow_m3s, flow_m3s) = (a[0], a[1], a[2]);
        Basin::new(BasinFigures { drainage_area_m2, mean_flow_m3s, flow_m3s, slope }).unwrap()
    };
    match what {
        "erfcx" => erfcx(a[0]),
        "manning" => manning_velocity_ms(a[0], a[1], a[2]).unwrap(),
        "fischer" => fischer_dispersion_m2s(a[0], a[1], a[2], a[3]).unwrap(),
        "jobson_v" => basin(a.get(3).copied()).most_probable_velocity_ms(),
        "jobson_vmax" => basin(a.get(3).copied()).maximum_probable_velocity_ms(),
        "unit_peak" => basin(None).unit_peak(a[3]).unwrap(),
        "ogata" => Continuous::of_concentration(a[0], a[1], a[2], a[3]).unwrap().concentration_mgl(a[4], a[5]).unwrap(),
        "cloud" => cloud().concentration_mgl(a[5], a[6]),
        "peak_time" => cloud().peak_time_s(a[5]).unwrap(),
        "peak" => cloud().peak_mgl(a[5]).unwrap(),
        "dose" => cloud().dose_mgls(a[5]).unwrap().unwrap(),
        "first" => cloud().above(a[5], a[6]).unwrap().unwrap().first_s,
        "last" => cloud().above(a[5], a[6]).unwrap().unwrap().last_s,
        other => panic!("the table asks for {other}, which this test does not know"),
    }
}

#[test]
fn every_value_of_the_table_is_met() {
    let mut worst: BTreeMap<String, (f64, usize)> = BTreeMap::new();
    for row in csv::Reader::from_reader(TABLE.as_bytes()).records() {
        let row = row.unwrap();
        let arguments: Vec<f64> =
            row.iter().skip(1).take(7).take_while(|cell| !cell.is_empty()).map(|cell| cell.parse().unwrap()).collect();
        let expected: f64 = row[8].parse().unwrap();
        let got = ours(&row[0], &arguments);
        if expected < 1e-290 {
            assert!((0.0..1e-289).contains(&got), "{}{arguments:?}: {got:e} for {expected:e}", &row[0]);
            continue;
        }
        let error = ((got - expected) / expected).abs();
        assert!(error < 1e-9, "{}{arguments:?}: {got:e} for {expected:e}, relative error {error:e}", &row[0]);
        let seen = worst.entry(row[0].to_owned()).or_default();
        *seen = (seen.0.max(error), seen.1 + 1);
    }
    for (what, (error, count)) in &worst {
        println!("{what:<12} {count:>4} values, worst relative error {error:.1e}");
    }
    assert_eq!(worst.len(), 13, "the table is not whole");
}

#[test]
fn far_beyond_a_peclet_number_of_a_thousand_the_front_is_still_there() {
    // u·x/D from 1000 to 1e9; the naive second term e^(ux/D) leaves f64 at 710. At t = x/u the share is
    // ½·(1 + erfcx(√(ux/D))) with erfcx(z) → 1/(z√π).
    for peclet in [1000.0_f64, 1e4, 1e6, 1e9] {
        let source = Continuous::of_concentration(1.0, 1.0, 1.0, 0.0).unwrap();
        let at_front = source.concentration_mgl(peclet, peclet).unwrap();
        let z = peclet.sqrt();
        let expected = 0.5 * (1.0 + (1.0 - 0.5 / (z * z)) / (z * std::f64::consts::PI.sqrt()));
        assert!((at_front / expected - 1.0).abs() < 1e-6, "{peclet}: {at_front} for {expected}");
        assert!(source.concentration_mgl(peclet, peclet * 0.1).unwrap() < 1e-30);
        assert!((source.concentration_mgl(peclet, peclet * 10.0).unwrap() - 1.0).abs() < 1e-12);
    }
}
