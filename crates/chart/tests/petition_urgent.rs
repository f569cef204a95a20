//! 第二十五条: grave and urgent matters, and those of many people, are reported in minutes, by day and by night.
use crate::office;

use office::{Office, complaint, duty};
use serde_json::json;

#[test]
fn an_urgent_matter_at_night_reaches_the_officer_on_duty_at_once_and_again_in_minutes() {
    let mut office = Office::at("2026-06-02T02:10");
    let mut data = complaint("2026-06-02T02:05");
    data["urgency"] = json!("urgent");
    office.open(data);
    assert!(office.is_in("alarmed"), "{:?}", office.active());
    assert!(office.mailed_urgently("urgent-matter", "role:emergency"));
    assert!(office.mailed_urgently("urgent-matter", "role:bureau-head"));
    assert_eq!(office.due("urgent_report"), "2026-06-02 02:40:00");
    office.forget();
    office.until("2026-06-02T02:20");
    assert!(office.mailed_urgently("urgent-matter", "unit:duty-desk"), "after ten minutes");
    office.until("2026-06-02T02:40");
    assert!(office.mailed_urgently("urgent-matter", "role:supervisor"), "after thirty");
    office.forget();
    office.until("2026-06-02T03:10");
    assert!(office.mailed_urgently("urgent-matter", "role:bureau-head"), "and every thirty until it is reported");
    office.send(
        "urgent.report",
        json!({"reported_to": "区政府、区信访联席办", "reported_at": "2026-06-02T03:10:00+08:00"}),
        &duty(),
    );
    assert_eq!(office.status("urgent_report"), "late");
    office.send("urgent.measures", json!({"measures": "已到场并要求停产"}), &duty());
    assert!(office.is_in("measures_taken"));
    assert_eq!(office.status("urgent_measures"), "met");
}

#[test]
fn a_matter_of_many_people_opens_the_side_branch_at_the_districts_threshold() {
    for (people, state) in [(4, "calm"), (5, "alarmed")] {
        let mut office = Office::at("2026-06-01T10:00");
        let mut data = complaint("2026-06-01T09:30");
        data["head_count"] = json!(people);
        office.open(data);
        assert!(office.is_in_path(state), "{people} people: {:?}", office.active());
    }
}

#[test]
fn a_calm_matter_can_turn_urgent_later() {
    let mut office = Office::at("2026-06-01T10:00");
    office.open(complaint("2026-06-01T09:30"));
    assert_eq!(office.status("urgent_report"), "none");
    office.send("urgent.raise", json!({"reason": "下游取水口出现异味"}), &duty());
    assert!(office.is_in("alarmed"));
    assert_eq!(office.due("urgent_report"), "2026-06-01 10:30:00");
}
