//! The district's data: what the river says of a spill, and what a file of defaults may not say.

use huiyin_response::Defaults;
use huiyin_response::threat::{Known, Threat, threat};
use huiyin_water::network::Network;

use crate::scene::{at, directory, read, waters};

fn known<'a>(point: &'a str, station: &'a str, town: &'a str) -> Known<'a> {
    Known { point, station, town, of_water: true, released_at: at(0) }
}

fn ids(threat: &Threat) -> Vec<&str> {
    threat.sources.iter().map(|source| source.id.as_str()).collect()
}

#[test]
fn a_spill_in_the_songkan_reaches_the_intakes_below_it_in_order() {
    let waters = waters();
    for words in [known("RK21", "", ""), known("", "S3", ""), known("songkan-1@100", "S1", "")] {
        let found = threat(&waters, &words).unwrap();
        assert_eq!(ids(&found), ["DW24", "DW25", "DW10", "DW30"], "{words:?}");
        let times: Vec<_> = found.sources.iter().map(|source| source.times.unwrap()).collect();
        assert!(times.is_sorted_by_key(|times| times.earliest) && times.is_sorted_by_key(|times| times.distance_m));
        for times in times {
            assert!(at(0) < times.earliest && times.earliest < times.probable && times.probable < times.peak);
        }
        assert!(found.passes.contains("qi-8") && !found.passes.contains("zaodu-1"));
        assert!(found.assumed, "nothing was surveyed");
    }
}

#[test]
fn what_stands_on_no_registered_reach_is_possible_and_has_no_time() {
    let waters = waters();
    let found = threat(&waters, &known("RK21", "", "安稳镇")).unwrap();
    assert_eq!(ids(&found), ["DW24", "DW25", "DW10", "DW30", "DW26"], "the groundwater of the town comes last");
    assert_eq!(found.sources[4].times, None);
    let by_town = threat(&waters, &known("", "", "安稳镇")).unwrap();
    assert_eq!(ids(&by_town), ["DW24", "DW25", "DW26"]);
    assert!(by_town.from.is_none() && by_town.sources.iter().all(|source| source.times.is_none()));
}

#[test]
fn a_planned_source_and_an_incident_elsewhere_propose_nothing() {
    let waters = waters();
    let zaodu = threat(&waters, &known("zaodu-1@0", "", "")).unwrap();
    assert!(!ids(&zaodu).contains(&"DW34"), "not drawn from yet: {zaodu:?}");
    assert!(threat(&waters, &known("", "G1", "")).is_none(), "an air station stands on no river");
    assert!(threat(&waters, &known("no-such-point", "", "")).is_none());
    let air = Known { of_water: false, ..known("", "", "安稳镇") };
    assert!(threat(&waters, &air).is_none(), "a matter of air in a town with sources");
    let located = Known { of_water: false, ..known("RK21", "", "") };
    assert!(threat(&waters, &located).is_some(), "whatever it is, somebody said that it is in the river");
}

fn refused(changes: &[(&str, &str)]) -> String {
    let mut text = read("districts/qijiang/water/response.yaml").unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "response.yaml no longer says `{from}`");
        text = text.replacen(from, to, 1);
    }
    let waters: Network = waters();
    Defaults::load("response.yaml", &text, &waters, &directory()).unwrap_err().to_string()
}

#[test]
fn every_mistake_in_the_defaults_is_told_with_its_line_and_its_cure() {
    let cases = [
        (("unit: monitoring-station", "unit: monitoring"), "there is no unit monitoring"),
        (("unit: health", "unit: yuqi-water"), "yuqi-water cannot be given a task"),
        (("unit: water-resources\n    within", "unit: town\n    within"), "there is no unit town"),
        (("partner: partner-jiangjin", "partner: transport"), "transport is no neighbour"),
        (("reaches: [qi-8]", "reaches: [qi-9]"), "there is no reach qi-9"),
        (("reaches: [qi-8]", "reaches: []"), "there are none"),
        (("key: sampling", "key: Sampling"), "`Sampling` is no key"),
        (("key: notice-health", "key: sampling"), "sampling stands there twice"),
        (("before_minutes: 60", "before_minutes: 10081"), "10081"),
        (("at_once_minutes: 15", "at_once_minutes: 0"), "at_once_minutes"),
        (("{source}：督促水厂停止取水", "{partner}：督促水厂停止取水"), "`{partner}` is filled in by nothing here"),
        (("\"山坪塘\"", "\"山塘\""), "sources of the kind 山坪塘 have no tasks"),
        (("plan_unit:", "plan_office:"), "plan_office"),
    ];
    for (change, says) in cases {
        let said = refused(&[change]);
        assert!(said.contains(says) && said.contains("expected:"), "{change:?}: {said}");
        assert!(said.starts_with("response.yaml:") && !said.starts_with("response.yaml:0"), "{change:?}: {said}");
    }
    let both = refused(&[("unit: health", "unit: nobody"), ("reaches: [qi-8]", "reaches: [qi-9]")]);
    assert_eq!(both.lines().count(), 2, "all at once: {both}");
}
