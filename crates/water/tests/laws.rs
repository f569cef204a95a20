//! Laws that hold for every reach: mass is conserved, the peak is the maximum, the band keeps its order, more is more, and
//! no finite number gives NaN. proptest prints the seed and the smallest case of a failure.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use huiyin_water::arrival::{
    Answer, Band, Basin, BasinFigures, Continuous, Given, Instantaneous, Reach, Released, answer, erfcx,
    fischer_dispersion_m2s, manning_velocity_ms, travel_time_s,
};
use proptest::prelude::*;

/// A number of a river: spread evenly over the decades from `low` to `high`.
fn decades(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..high.ln()).prop_map(f64::exp)
}

/// Mass, area, velocity, dispersion, decay, distance.
fn reach() -> impl Strategy<Value = (f64, f64, f64, f64, f64, f64)> {
    (
        decades(1.0, 1e9),
        decades(0.1, 5e3),
        decades(1e-3, 5.0),
        decades(1e-3, 2e3),
        prop_oneof![Just(0.0), decades(1e-9, 1e-3)],
        decades(1.0, 3e5),
    )
}

/// Any finite number, the extreme ones often.
fn any_finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::MIN_POSITIVE,
            5e-324,
            1e-30,
            1e-24,
            f64::EPSILON,
            1.0,
            1e24,
            1e30,
            1e154,
            f64::MAX,
            f64::MIN,
            -1.0,
        ]),
        decades(1e-24, 1e24),
    ]
}

/// So many cases; a failure prints its seed and smallest case, and leaves no file behind.
fn cases(cases: u32) -> ProptestConfig {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_130);
    println!("HUIYIN_SEED={seed}");
    let rng_seed = proptest::test_runner::RngSeed::Fixed(seed);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// Simpson's rule with `steps` (even) steps.
fn simpson(low: f64, high: f64, steps: u32, f: impl Fn(f64) -> f64) -> f64 {
    let width = (high - low) / f64::from(steps);
    let inner: f64 = (1..steps).map(|i| f64::from(2 + 2 * (i % 2)) * f(low + width * f64::from(i))).sum();
    width / 3.0 * (f(low) + inner + f(high))
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn mass_in_the_river_is_what_was_released_less_what_decayed((m, a, u, d, k, x) in reach(), part in 0.01..3.0_f64) {
        let cloud = Instantaneous::new(m, a, u, d, k).unwrap();
        let time = x / u * part;
        let spread = (2.0 * d * time).sqrt();
        let there = a * simpson(u * time - 9.0 * spread, u * time + 9.0 * spread, 400, |x| cloud.concentration_mgl(x, time));
        let expected = m * (-k * time).exp();
        prop_assume!(expected > 1e-250);
        prop_assert!((there / expected - 1.0).abs() < 1e-6, "{there:e} g of {expected:e} g");
    }

    #[test]
    fn what_passes_a_section_without_decay_is_mass_over_flow((m, a, u, d, _, x) in reach()) {
        let cloud = Instantaneous::new(m, a, u, d, 0.0).unwrap();
        let dose = cloud.dose_mgls(x).unwrap().unwrap();
        prop_assert!((dose * a * u / m - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_dose_is_the_area_below_the_curve((m, a, u, d, k, x) in reach()) {
        let cloud = Instantaneous::new(m, a, u, d, k).unwrap();
        let (peak, peak_time) = (cloud.peak_mgl(x).unwrap(), cloud.peak_time_s(x).unwrap());
        // A wide cloud has a tail that quadrature alone cannot reach.
        prop_assume!(u * x / d > 5.0 && peak > 1e-15);
        let ends = cloud.above(x, peak * 1e-12).unwrap().unwrap();
        let curve = |ln_t: f64| ln_t.exp() * cloud.concentration_mgl(x, ln_t.exp());
        let low = simpson(ends.first_s.ln(), peak_time.ln(), 2000, curve);
        let high = simpson(peak_time.ln(), ends.last_s.ln(), 2000, curve);
        let dose = cloud.dose_mgls(x).unwrap().unwrap();
        prop_assert!(((low + high) / dose - 1.0).abs() < 1e-6, "{} for {dose}", low + high);
    }

    #[test]
    fn no_moment_is_above_the_peak((m, a, u, d, k, x) in reach(), ln_factor in -3.0..3.0_f64) {
        let cloud = Instantaneous::new(m, a, u, d, k).unwrap();
        let (peak, time) = (cloud.peak_mgl(x).unwrap(), cloud.peak_time_s(x).unwrap());
        prop_assert!(time < x / u);
        prop_assert!(cloud.concentration_mgl(x, time * ln_factor.exp()) <= peak * (1.0 + 1e-9));
        let at_peak = cloud.concentration_mgl(x, time);
        prop_assert!(peak < 1e-290 || (at_peak / peak - 1.0).abs() < 1e-9, "{at_peak:e} at the peak of {peak:e}");
    }

    #[test]
    fn the_limit_is_met_exactly_at_first_and_last((m, a, u, d, k, x) in reach(), share in 0.001..0.999_f64) {
        let cloud = Instantaneous::new(m, a, u, d, k).unwrap();
        let (peak, time) = (cloud.peak_mgl(x).unwrap(), cloud.peak_time_s(x).unwrap());
        prop_assume!(peak * share > 1e-29);
        let above = cloud.above(x, peak * share).unwrap().unwrap();
        prop_assert!(above.first_s < time && time < above.last_s);
        for moment in [above.first_s, above.last_s] {
            let there = cloud.concentration_mgl(x, moment);
            prop_assert!((there / (peak * share) - 1.0).abs() < 1e-6, "{there:e} at a limit of {:e}", peak * share);
        }
        prop_assert_eq!(cloud.above(x, peak).unwrap(), None);
        prop_assert_eq!(cloud.above(x, peak * 1.01).unwrap(), None);
    }

    #[test]
    fn a_higher_limit_is_exceeded_later_and_not_as_long((m, a, u, d, k, x) in reach(), share in 0.001..0.5_f64) {
        let cloud = Instantaneous::new(m, a, u, d, k).unwrap();
        let peak = cloud.peak_mgl(x).unwrap();
        prop_assume!(peak * share > 1e-29);
        let low = cloud.above(x, peak * share).unwrap().unwrap();
        let high = cloud.above(x, peak * share * 1.9).unwrap().unwrap();
        prop_assert!(low.first_s <= high.first_s && high.last_s <= low.last_s);
    }

    #[test]
    fn more_mass_more_decay_farther_away((m, a, u, d, k, x) in reach()) {
        let at = |m, k, x| Instantaneous::new(m, a, u, d, k).unwrap().peak_mgl(x).unwrap();
        prop_assert!(at(m * 2.0, k, x) >= at(m, k, x));
        prop_assert!(at(m, k + 1e-6, x) <= at(m, k, x));
        prop_assert!(at(m, k, x * 2.0) <= at(m, k, x));
        let time = |x| Instantaneous::new(m, a, u, d, k).unwrap().peak_time_s(x).unwrap();
        prop_assert!(time(x) < time(x * 1.1));
    }

    #[test]
    fn a_source_without_end_only_grows_and_never_passes_its_plateau((_, _, u, d, k, x) in reach(), c in 1e-3..1e4_f64) {
        let source = Continuous::of_concentration(c, u, d, k).unwrap();
        let plateau = source.plateau_mgl(x).unwrap();
        let mut before = 0.0;
        for step in 1..60 {
            let now = source.concentration_mgl(x, x / u * 0.05 * f64::from(step)).unwrap();
            prop_assert!(now >= before * (1.0 - 1e-12) && now <= plateau, "{before:e} {now:e} {plateau:e}");
            before = now;
        }
        prop_assert!(plateau <= c);
        if plateau > 1e-20 {
            let half = source.half_time_s(x).unwrap();
            let there = source.concentration_mgl(x, half).unwrap();
            prop_assert!((there / plateau - 0.5).abs() < 1e-6, "{there} of {plateau}");
            prop_assert_eq!(source.first_above_s(x, plateau * 1.000_001).unwrap(), None);
        }
    }

    #[test]
    fn a_source_without_end_is_many_small_releases(u in 0.05..2.0_f64, d in 1.0..100.0_f64, peclet in 400.0..5e3_f64) {
        // Far from the source, where the boundary no longer matters, the sum of instantaneous releases is Ogata–Banks.
        let x = peclet * d / u;
        let (rate, area) = (7.0, 13.0);
        let cloud = Instantaneous::new(rate, area, u, d, 0.0).unwrap();
        let source = Continuous::new(rate, area, u, d, 0.0).unwrap();
        let time = x / u * 1.05;
        let summed = simpson(0.0, time, 4000, |since| cloud.concentration_mgl(x, since));
        let whole = source.concentration_mgl(x, time).unwrap();
        // The two differ in what is upstream of the source: at most by D/(ux) of the front.
        prop_assert!((summed / whole - 1.0).abs() < 0.05, "{summed} {whole}");
    }

    #[test]
    fn the_band_keeps_its_order(
        area in decades(1e5, 1e12), mean in decades(0.01, 1e4), flow in decades(0.01, 1e4),
        slope in prop::option::of(decades(1e-6, 0.3)), x in decades(1.0, 1e6), mass in decades(1.0, 1e9),
        k in prop_oneof![Just(0.0), decades(1e-9, 1e-4)],
    ) {
        let basin = Basin::new(BasinFigures { drainage_area_m2: area, mean_flow_m3s: mean, flow_m3s: flow, slope }).unwrap();
        prop_assert!(basin.most_probable_velocity_ms() <= basin.maximum_probable_velocity_ms());
        let Band { most_probable, worst_case } = basin.band(mass, x, k).unwrap();
        for passage in [most_probable, worst_case] {
            prop_assert!(passage.leading_edge_s <= passage.peak_s && passage.peak_s <= passage.trailing_edge_s);
            prop_assert!(passage.peak_mgl.is_finite() && passage.peak_mgl >= 0.0);
            if let Some(above) = passage.above(passage.peak_mgl.max(1e-29) * 0.3).unwrap() {
                prop_assert!(passage.leading_edge_s <= above.first_s && above.first_s <= passage.peak_s);
                prop_assert!(passage.peak_s <= above.last_s && above.last_s <= passage.trailing_edge_s * (1.0 + 1e-12));
            }
        }
        prop_assert!(worst_case.leading_edge_s <= most_probable.leading_edge_s);
        prop_assert!(worst_case.peak_s <= most_probable.peak_s);
        prop_assert!(worst_case.peak_mgl >= most_probable.peak_mgl);
    }

    #[test]
    fn the_scaled_function_falls_and_joins_where_its_two_ways_meet(x in 0.0..60.0_f64) {
        prop_assert!(erfcx(x + 0.01) < erfcx(x));
        prop_assert!((erfcx(25.0_f64.next_down()) / erfcx(25.0) - 1.0).abs() < 1e-13);
    }
}

fn numbers(answer: &Answer) -> Vec<f64> {
    let mut all = vec![answer.distance_m, answer.peak_mgl];
    all.extend(
        [
            answer.peak_time_s,
            answer.peak_time_h,
            answer.half_plateau_time_s,
            answer.mean_travel_time_s,
            answer.limit_mgl,
            answer.first_above_s,
            answer.last_above_s,
            answer.time_above_s,
            answer.dose_mgls,
        ]
        .into_iter()
        .flatten(),
    );
    all
}

proptest! {
    #![proptest_config(cases(8000))]

    #[test]
    fn whatever_is_asked_is_refused_by_name_or_answered_with_finite_numbers(
        amount in any_finite(), area_m2 in any_finite(), velocity_ms in any_finite(), dispersion_m2s in any_finite(),
        decay_per_day in any_finite(), distance_m in any_finite(), limit in any_finite(), at_once: bool,
    ) {
        let released = if at_once { Released::AtOnce(amount) } else { Released::WithoutEnd(amount) };
        let given =
            Given { released, area_m2, velocity_ms, dispersion_m2s, decay_per_day, distance_m, limit_mgl: Some(limit) };
        match answer(&given) {
            Ok(answer) => prop_assert!(numbers(&answer).iter().all(|n| n.is_finite() && *n >= 0.0), "{answer:?}"),
            Err(refusals) => prop_assert!(!refusals.0.is_empty()),
        }
    }

    #[test]
    fn extreme_but_admitted_numbers_are_answered(
        amount in decades(1e-24, 1e24), area_m2 in decades(1e-24, 1e24), velocity_ms in decades(1e-24, 1e24),
        dispersion_m2s in decades(1e-24, 1e24), decay_per_day in decades(1e-24, 1e24), distance_m in decades(1e-24, 1e24),
        limit in decades(1e-24, 1e24), at_once: bool,
    ) {
        let released = if at_once { Released::AtOnce(amount) } else { Released::WithoutEnd(amount) };
        let given =
            Given { released, area_m2, velocity_ms, dispersion_m2s, decay_per_day, distance_m, limit_mgl: Some(limit) };
        let answer = answer(&given).unwrap();
        prop_assert!(numbers(&answer).iter().all(|n| n.is_finite() && *n >= 0.0), "{answer:?}");
        if let (Some(first), Some(last)) = (answer.first_above_s, answer.last_above_s) {
            let peak = answer.peak_time_s.unwrap();
            prop_assert!(first <= peak && peak <= last, "{answer:?}");
        }
    }

    #[test]
    fn no_function_gives_nan_for_finite_numbers(
        a in any_finite(), b in any_finite(), c in any_finite(), d in any_finite(), e in any_finite(), x in any_finite(),
        t in any_finite(),
    ) {
        let mut got = vec![];
        if let Ok(cloud) = Instantaneous::new(a, b, c, d, e) {
            got.push(cloud.concentration_mgl(x, t));
            got.extend(cloud.peak_mgl(x));
            got.extend(cloud.peak_time_s(x));
            got.extend(cloud.dose_mgls(x).ok().flatten());
        }
        if let Ok(source) = Continuous::new(a, b, c, d, e) {
            got.extend(source.concentration_mgl(x, t));
            got.extend(source.plateau_mgl(x));
            got.extend(source.half_time_s(x));
        }
        got.extend(manning_velocity_ms(a, b, c));
        got.extend(fischer_dispersion_m2s(a, b, c, d));
        got.extend(travel_time_s(&[Reach { length_m: a, velocity_ms: b }, Reach { length_m: c, velocity_ms: d }]));
        for slope in [None, Some(d)] {
            let basin = Basin::new(BasinFigures { drainage_area_m2: a, mean_flow_m3s: b, flow_m3s: c, slope });
            if let Ok(band) = basin.and_then(|basin| basin.band(x, e, t)) {
                got.extend([band.most_probable.peak_mgl, band.worst_case.peak_s]);
            }
        }
        got.push(erfcx(x));
        prop_assert!(got.iter().all(|n| !n.is_nan()), "{got:?}");
    }
}

#[test]
fn what_is_wrong_is_refused_field_by_field() {
    let given = Given {
        released: Released::AtOnce(-5.0),
        area_m2: 0.0,
        velocity_ms: f64::NAN,
        dispersion_m2s: 10.0,
        decay_per_day: -1.0,
        distance_m: f64::INFINITY,
        limit_mgl: Some(0.05),
    };
    let refusals = answer(&given).unwrap_err();
    let fields: Vec<&str> = refusals.0.iter().map(|refused| refused.field.as_str()).collect();
    assert_eq!(fields, ["mass_kg", "area_m2", "distance_m", "velocity_ms", "decay_per_day"]);
    assert_eq!(refusals.0[0].to_string(), "mass_kg is -5; expected a number above 0, at most 1e30");
}

#[test]
fn still_water_spreads_without_a_mean_time() {
    let cloud = Instantaneous::new(1000.0, 10.0, 0.0, 2.0, 0.0).unwrap();
    assert_eq!(cloud.peak_time_s(40.0).unwrap(), 400.0, "x²/2D");
    assert_eq!(cloud.dose_mgls(40.0).unwrap(), None, "∫ t^(−1/2) has no bound");
}

#[test]
fn reaches_in_series_add_up() {
    let reaches = [Reach { length_m: 3600.0, velocity_ms: 1.0 }, Reach { length_m: 1000.0, velocity_ms: 0.5 }];
    assert_eq!(travel_time_s(&reaches).unwrap(), 5600.0);
    let refused = travel_time_s(&[reaches[0], Reach { length_m: 1.0, velocity_ms: 0.0 }]).unwrap_err();
    assert_eq!(refused.0[0].field, "reaches[1].velocity_ms");
}
