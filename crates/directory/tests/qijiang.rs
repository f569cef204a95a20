//! The shipped district of Qijiang answers as its users expect.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use huiyin_directory::{Directory, Problems, Relation};

fn read(path: &str) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows/districts/qijiang");
    std::fs::read_to_string(format!("{root}/{path}")).ok()
}

fn qijiang() -> Directory {
    Directory::load("", &read).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The shipped district with one file changed.
fn changed(file: &str, from: &str, to: &str) -> Result<Directory, Problems> {
    Directory::load("", &|path| {
        let text = read(path)?;
        if path != file {
            return Some(text);
        }
        assert!(text.contains(from), "{file} no longer contains `{from}`");
        Some(text.replacen(from, to, 1))
    })
}

fn at(local: &str) -> DateTime<Utc> {
    format!("{local}:00+08:00").parse().unwrap()
}

fn emails(
    directory: &Directory,
    party: &str,
    owner: Option<&str>,
    excluded: &BTreeSet<String>,
    local: &str,
) -> Vec<String> {
    directory.recipients(party, owner, excluded, at(local)).into_iter().map(|c| c.person).collect()
}

#[test]
fn the_district_has_its_departments_committees_companies_and_21_towns() {
    let directory = qijiang();
    let count = |relation| directory.units().iter().filter(|u| u.relation == relation).count();
    assert_eq!(count(Relation::Town), 21);
    assert_eq!(count(Relation::Enterprise), 4);
    assert_eq!(count(Relation::Partner), 6, "neighbours are told and asked, never responsible here");
    assert_eq!(directory.units().iter().filter(|u| u.id.ends_with("-committee")).count(), 3);
    let departments =
        directory.units().iter().filter(|u| u.kind == huiyin_directory::Kind::Department && u.parent.is_none()).count();
    assert_eq!(departments + 1, 11, "ten departments and the bureau itself");
    assert_eq!(directory.categories().len(), 8);
}

#[test]
fn every_matter_in_the_district_has_a_responsible_unit_with_somebody_to_write_to() {
    let directory = qijiang();
    for town in directory.towns().iter().filter(|t| t.unit.is_some()) {
        for category in directory.categories() {
            let proposal = directory.propose(&town.code, &category.id, &BTreeSet::new());
            let unit = proposal.unit.unwrap_or_else(|| panic!("{} {} has no unit", town.name.zh, category.name.zh));
            let contacts =
                directory.recipients(&format!("unit:{unit}"), None, &BTreeSet::new(), at("2026-11-24T10:00"));
            assert!(!contacts.is_empty() && contacts.iter().all(|c| !c.fallback), "nobody at {unit}");
        }
    }
}

#[test]
fn routing_says_why_and_knows_a_town_by_code_or_name() {
    let directory = qijiang();
    let none = BTreeSet::new();
    assert_eq!(directory.propose("500110110", "other", &none).unit.as_deref(), Some("town-ganshui"));
    assert_eq!(directory.propose("赶水", "其他", &none).unit.as_deref(), Some("town-ganshui"));
    assert_eq!(directory.propose("三江街道", "noise", &none).rule, "noise-in-town");
    assert_eq!(directory.propose("打通镇", "noise", &none).unit.as_deref(), Some("enforcement"));
    assert!(directory.propose("打通镇", "water", &none).reason.zh.contains("水"));
}

#[test]
fn a_place_of_wansheng_is_not_qijiangs_and_the_partner_is_named() {
    let directory = qijiang();
    for name in ["万盛街道", "东林街道", "万东镇", "南桐镇", "青年镇", "关坝镇", "丛林镇", "石林镇", "金桥镇", "黑山镇"]
    {
        let proposal = directory.propose(name, "water", &BTreeSet::new());
        assert_eq!(proposal.unit, None, "{name}");
        assert_eq!(proposal.partner.as_deref(), Some("partner-wansheng"), "{name}");
    }
}

#[test]
fn the_accused_and_theirs_are_passed_over_by_routing() {
    let directory = qijiang();
    let excluded = directory.excluded(["nanzhou-services"]);
    assert!(excluded.contains("urban-management"), "related to the company");
    let proposal = directory.propose("三江街道", "noise", &excluded);
    assert_eq!(proposal.unit.as_deref(), Some("enforcement"), "{proposal:?}");
    assert!(!directory.may_see("yongsheng", &BTreeSet::new()), "an enterprise never sees a petition");
}

#[test]
fn the_accused_and_theirs_are_never_written_to() {
    let directory = qijiang();
    let excluded = directory.excluded(["yongsheng"]);
    let mailed = emails(&directory, "unit:enforcement", None, &excluded, "2026-11-24T10:00");
    assert!(!mailed.contains(&"handler.enforcement2".to_owned()), "has an interest in the company");
    assert!(mailed.contains(&"handler.enforcement".to_owned()));
    let company = directory.recipients("unit:yongsheng", None, &BTreeSet::new(), at("2026-11-24T10:00"));
    assert!(company.iter().all(|c| c.fallback && c.unit.as_deref() == Some("duty-desk")), "{company:?}");
}

#[test]
fn a_section_below_an_accused_unit_must_stay_away_but_the_duty_desk_remains() {
    let excluded = qijiang().excluded(["bureau"]);
    assert!(excluded.contains("water-section"));
    assert!(!excluded.contains("duty-desk"));
}

#[test]
fn owner_and_unit_head_are_looked_up_from_the_owner() {
    let directory = qijiang();
    let none = BTreeSet::new();
    assert_eq!(emails(&directory, "unit-head", Some("unit:water-section"), &none, "2026-11-24T10:00"), ["head.water"]);
    assert_eq!(emails(&directory, "unit-head", Some("town-ganshui"), &none, "2026-11-24T10:00"), ["head.ganshui"]);
    assert!(
        emails(&directory, "owner", Some("role:dispatcher"), &none, "2026-11-24T10:00")
            .contains(&"dispatcher.li".to_owned())
    );
}

#[test]
fn somebody_who_left_is_no_longer_written_to() {
    let directory = changed("people.yaml", "heads: [water-section]}", "heads: [water-section], left: true}").unwrap();
    let heads = emails(&directory, "unit-head", Some("unit:water-section"), &BTreeSet::new(), "2026-11-24T10:00");
    assert_eq!(heads, ["head.zhou"], "the head above stands in");
}

#[test]
fn the_duty_desk_is_whoever_the_rota_names_day_and_night() {
    let directory = qijiang();
    let none = BTreeSet::new();
    let desk = |local: &str| emails(&directory, "unit:duty-desk", None, &none, local);
    assert_eq!(desk("2026-11-24T10:00"), ["duty.qian"], "Tuesday, by day");
    assert_eq!(desk("2026-11-24T23:30"), ["duty.chen"], "Tuesday night");
    assert_eq!(desk("2026-11-25T03:00"), ["duty.chen"], "the same night after midnight");
    assert_eq!(desk("2026-11-28T12:00"), ["duty.feng", "duty.chen"], "Saturday");
    assert_eq!(desk("2026-10-01T12:00"), ["duty.qian", "duty.chen"], "National Day replaces the week");
    assert_eq!(emails(&directory, "role:emergency", None, &none, "2026-11-25T03:00"), ["duty.chen"]);
}

#[test]
fn the_rota_has_no_hole_in_a_whole_year() {
    let directory = qijiang();
    let mut hour = at("2026-01-01T00:00");
    while hour < at("2027-01-01T00:00") {
        assert!(!directory.on_duty(hour).is_empty(), "nobody on duty at {hour}");
        hour += chrono::Duration::minutes(30);
    }
}

#[test]
fn the_version_follows_the_texts_and_nothing_else() {
    let (one, two) = (qijiang(), qijiang());
    assert_eq!(one.version(), two.version());
    let other = changed("people.yaml", "周局长", "周某某").unwrap();
    assert_ne!(one.version(), other.version());
}

#[test]
fn a_mistake_is_refused_with_file_line_and_what_was_expected() {
    let problems = changed("routing.yaml", "unit: radiation-section", "unit: radiation-sektion").unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert_eq!(problems.0[0].line, 8, "{problems}");
    let said = problems.to_string();
    assert!(
        said.starts_with("routing.yaml:8:") && said.contains("radiation-sektion") && said.contains("expected"),
        "{said}"
    );

    let problems = changed("routing.yaml", "unit: water-section", "unit: yongsheng").unwrap_err();
    assert!(problems.to_string().contains("enterprise"), "{problems}");
    let problems = changed("people.yaml", "operator.sun@qijiang.example.invalid", "operator.sun").unwrap_err();
    assert!(problems.to_string().contains("not a mail address"), "{problems}");
    let problems = changed("directory.yaml", "relation: internal", "relation: intern").unwrap_err();
    assert!(problems.0[0].line > 0 && problems.0[0].file == "directory.yaml", "{problems}");
    let problems = changed("rota.yaml", "\"18:00\"", "\"25:00\"").unwrap_err();
    assert!(problems.to_string().contains("25:00"), "{problems}");
}

#[test]
fn a_missing_file_is_named() {
    let problems = Directory::load("districts/nowhere", &|_| None).unwrap_err();
    assert!(problems.to_string().contains("districts/nowhere/routing.yaml"), "{problems}");
}

#[test]
fn working_hours_are_given_as_the_calendar_reads_them() {
    assert_eq!(qijiang().district().hours_text(), "09:00-12:30, 14:00-18:00");
}

#[test]
fn the_districts_thresholds_complete_a_new_case_and_never_replace_what_was_entered() {
    let directory = qijiang();
    let entered = serde_json::json!({"title": "河水发黑", "policy": {"group_from": 9}});
    let data = directory.complete("petition", entered);
    assert_eq!(
        data,
        serde_json::json!({"title": "河水发黑", "policy": {"group_from": 9, "attempts": 3, "acceptance_days": 15}})
    );
    assert_eq!(directory.complete("review", serde_json::json!({"a": 1})), serde_json::json!({"a": 1}));
}
