//! 突发环境事件, as an officer lives it: which clock runs when, who is told, what a machine may not do, and how it ends.
use crate::scene;

use scene::{Scene, alarm, call, criteria, duty, followup, grade, initial, lead, machine, operator, other_case, time};
use serde_json::json;

#[test]
fn an_ungraded_matter_is_reported_two_hours_after_it_was_learned_of_not_after_it_was_typed() {
    let scene = Scene::opened("2026-06-01T10:40", call("2026-06-01T10:00"));
    assert_eq!(scene.due("first_report"), "2026-06-01 12:00");
    assert_eq!(scene.due("call"), "2026-06-01 10:30", "the office's half hour is over already");
    assert_eq!(scene.due("acknowledgement"), "2026-06-01 10:50", "minutes count from when it could be seen");
    assert_eq!((scene.status("city"), scene.status("ordinary_report")), ("none".into(), "none".into()));
    let view = scene.clock("first_report");
    assert!(view.to_string().contains("部令第17号") && view.to_string().contains("secondary"), "{view}");
}

#[test]
fn learned_at_lies_not_after_now() {
    let mut scene = Scene::at("2026-06-01T10:00");
    assert!(scene.open(call("2026-06-01T10:01"), &duty()).unwrap_err().contains("不能晚于现在"));
    scene.open(call("2026-06-01T10:00"), &duty()).unwrap();
}

#[test]
fn an_alarm_that_nobody_acknowledges_climbs_the_ladder_in_minutes_by_night_too() {
    let mut scene = Scene::opened_by("2026-06-01T02:00", alarm("2026-06-01T02:00"), &machine());
    assert!(scene.is_in("detected") && scene.is_in("unseen"));
    scene.until("2026-06-01T02:25");
    let steps = [
        ("incident-alarm", "role:emergency", "02:00"),
        ("incident-alarm", "unit:emergency-office", "02:03"),
        ("incident-alarm", "unit:emergency-command", "02:06"),
        ("incident-late", "role:bureau-head", "02:10"),
        ("incident-late", "unit:district-duty-office", "02:20"),
    ];
    for (template, to, at) in steps {
        assert_eq!(scene.first_urgent(template, to).as_deref(), Some(at), "{to}");
    }
    assert!(scene.case.marks.contains("unacknowledged"));
    scene.send("acknowledge", json!({}), &duty());
    assert!(scene.is_in("verifying") && scene.is_in("seen") && !scene.case.marks.contains("unacknowledged"));
    assert_eq!(scene.status("acknowledgement"), "late");
}

#[test]
fn a_late_initial_report_reaches_the_head_and_then_the_district_duty_office() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.send("acknowledge", json!({}), &duty());
    scene.send("report.call", json!({"sent_at": time("2026-06-01T10:00"), "told": "区政府总值班室"}), &duty());
    assert_eq!(scene.status("call"), "met");
    scene.effects.clear();
    scene.until("2026-06-01T12:30");
    // The hour of verification is over as well, and tells them of itself.
    scene.effects.retain(|(_, effect)| effect.to_string().contains("first_report"));
    assert_eq!(scene.first_urgent("incident-report", "unit:emergency-office").as_deref(), Some("11:00"));
    assert_eq!(scene.first_urgent("incident-report", "role:bureau-head").as_deref(), Some("11:50"));
    assert_eq!(scene.first_urgent("incident-late", "role:bureau-head").as_deref(), Some("12:00"));
    assert_eq!(scene.first_urgent("incident-late", "unit:district-duty-office").as_deref(), Some("12:10"));
    assert!(scene.case.marks.contains("report-late"));
    scene.send("report.initial", initial("2026-06-01T12:20"), &duty());
    assert_eq!(scene.status("first_report"), "late", "a report does not become punctual by being recorded");
    assert!(!scene.case.marks.contains("report-late"));
}

#[test]
fn what_was_sent_in_time_and_typed_later_is_in_time() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.until("2026-06-01T12:30").send("report.initial", initial("2026-06-01T11:50"), &duty());
    assert_eq!(scene.status("first_report"), "met");
    let mut other = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    let mut one_sided = initial("2026-06-01T10:00");
    one_sided["to_city_bureau"] = json!(false);
    assert!(other.refused("report.initial", one_sided, &duty()).contains("市生态环境局"));
}

#[test]
fn grading_adds_clocks_and_moves_none() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.send("acknowledge", json!({}), &duty());
    scene.until("2026-06-01T10:30").send("confirm", grade("iii"), &duty());
    assert_eq!(scene.due("first_report"), "2026-06-01 12:00", "the two hours stay");
    assert_eq!(scene.due("ordinary_report"), "2026-06-01 14:00", "four hours, from when it was learned of");
    assert_eq!(scene.due("city"), "2026-06-01 11:00", "one hour from the district to the city");
    assert!(scene.clock("city").to_string().contains("重庆市突发事件应对条例 第二十八条"));
    assert!(scene.is_in("unseen"), "the new hours are acknowledged by somebody");
    assert_eq!(scene.due("acknowledgement"), "2026-06-01 10:40");
}

#[test]
fn a_regrade_upward_counts_from_the_regrade_and_a_downgrade_moves_nothing() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("iv"), &duty());
    assert_eq!(scene.status("city"), "none");
    scene.send("report.initial", initial("2026-06-01T10:00"), &duty());
    let to = |grade: &str| json!({"grade": grade, "reason": "现场情况变化"});
    scene.until("2026-06-01T13:00").send("regrade", to("iii"), &duty());
    assert_eq!((scene.due("regraded_iii"), scene.due("city")), ("2026-06-01 17:00".into(), "2026-06-01 14:00".into()));
    scene.until("2026-06-01T13:30").send("regrade", to("ii"), &duty());
    assert_eq!(scene.due("regraded_ii"), "2026-06-01 15:30");
    assert_eq!((scene.due("regraded_iii"), scene.due("city")), ("2026-06-01 17:00".into(), "2026-06-01 14:00".into()));
    scene.until("2026-06-01T13:40").send("regrade", to("iv"), &duty());
    assert_eq!(
        (scene.due("regraded_ii"), scene.due("regraded_iii")),
        ("2026-06-01 15:30".into(), "2026-06-01 17:00".into())
    );
    scene.send("report.followup", followup("2026-06-01T13:35"), &duty());
    assert_eq!(scene.status("regraded_iii"), "running", "sent before the last regrade");
    let mut both = followup("2026-06-01T13:40");
    scene.send("report.followup", both.clone(), &duty());
    assert_eq!((scene.status("regraded_iii"), scene.status("regraded_ii")), ("met".into(), "running".into()));
    both["to_ministry"] = json!(true);
    scene.send("report.followup", both, &duty());
    assert_eq!(scene.status("regraded_ii"), "met", "II is reported to the ministry as well");
}

#[test]
fn what_is_sensitive_is_reported_as_if_major_whatever_its_grade() {
    let mut data = call("2026-06-01T10:00");
    data["sensitive"] = json!("water_source");
    let mut scene = Scene::opened("2026-06-01T10:05", data);
    assert_eq!(scene.due("sensitive_report"), "2026-06-01 12:00");
    assert_eq!(scene.due("city"), "2026-06-01 11:00");
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("iv"), &duty());
    assert_eq!(scene.due("sensitive_report"), "2026-06-01 12:00");
    scene.until("2026-06-01T10:30").send("report.initial", initial("2026-06-01T10:30"), &duty());
    assert_eq!(scene.status("sensitive_report"), "running", "the ministry was not told");
    let mut later = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    later.until("2026-06-01T11:00").send("sensitive.mark", json!({"sensitive": "crossing"}), &duty());
    assert_eq!(later.due("sensitive_report"), "2026-06-01 13:00", "from when it was marked");
    assert_eq!(later.due("neighbours"), "2026-06-01 13:00");
}

#[test]
fn a_machine_opens_raises_and_proposes_and_never_grades() {
    let mut scene = Scene::opened_by("2026-06-01T10:00", alarm("2026-06-01T09:58"), &machine());
    scene.send("acknowledge", json!({}), &duty());
    for (event, data) in [
        ("acknowledge", json!({})),
        ("confirm", grade("i")),
        ("regrade", json!({"grade": "i", "reason": "读数加重"})),
        ("assess", criteria(&[])),
    ] {
        assert!(scene.refused(event, data, &machine()).contains("not_allowed"), "{event}");
    }
    let mut graded = alarm("2026-06-01T09:58");
    graded["grade"] = json!("i");
    assert!(Scene::at("2026-06-01T10:00").open(graded, &machine()).unwrap_err().contains("form_invalid"));
    let worse = json!({"rule": "ammonia-high", "value": 9.0, "observed_at": time("2026-06-01T10:00")});
    scene.send("confirm", grade("iv"), &duty()).send("acknowledge", json!({}), &duty());
    scene.until("2026-06-01T10:20").send("readings.worse", worse, &machine());
    assert_eq!(scene.case.data["grade"], "iv", "proposed, not changed");
    assert!(scene.is_in("unseen"), "and somebody must see it");
    assert_eq!(scene.due("regrade_decision"), "2026-06-01 10:50");
    scene.send("regrade.keep", json!({"reason": "短时波动，已回落"}), &duty());
    assert_eq!(scene.status("regrade_decision"), "met");
    // A person cannot pretend to be a rule.
    assert!(Scene::at("2026-06-01T10:00").open(alarm("2026-06-01T10:00"), &operator()).is_err());
}

#[test]
fn the_criteria_of_2014_propose_and_an_officer_decides() {
    let cases = [
        ("iv", criteria(&[("deaths", json!(2))])),
        ("iii", criteria(&[("deaths", json!(3))])),
        ("ii", criteria(&[("deaths", json!(10))])),
        ("i", criteria(&[("deaths", json!(30))])),
        ("iii", criteria(&[("injured", json!(10))])),
        ("i", criteria(&[("injured", json!(100))])),
        ("iii", criteria(&[("evacuated", json!(5000))])),
        ("ii", criteria(&[("loss", json!(2000))])),
        ("i", criteria(&[("loss", json!(10000))])),
        ("iii", criteria(&[("drinking", json!("town"))])),
        ("ii", criteria(&[("drinking", json!("county"))])),
        ("ii", criteria(&[("crosses", json!("province"))])),
        ("iv", criteria(&[("crosses", json!("county"))])),
        ("iii", criteria(&[("radiation_source", json!("medium"))])),
        ("i", criteria(&[("ecology", json!("regional"))])),
    ];
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.send("acknowledge", json!({}), &duty());
    for (proposed, filled_in) in cases {
        scene.send("assess", filled_in.clone(), &duty());
        assert_eq!(
            (&scene.case.data["proposed"], &scene.case.data["grade"]),
            (&json!(proposed), &json!("ungraded")),
            "{filled_in}"
        );
    }
    assert!(scene.refused("confirm", grade("iii"), &duty()).contains("写明理由"), "the last proposal was I");
    let mut reasoned = grade("iii");
    reasoned["reason"] = json!("生态影响范围经专家复核，限于一处河段");
    scene.send("confirm", reasoned, &duty());
    assert_eq!(scene.case.data["grade"], "iii");
}

#[test]
fn a_false_alarm_ends_by_approval_with_its_reason_and_what_was_reported_is_corrected_first() {
    let mut scene = Scene::opened_by("2026-06-01T10:00", alarm("2026-06-01T10:00"), &machine());
    let why = json!({"reason": "试剂耗尽，仪器误报"});
    scene.send("acknowledge", json!({}), &duty());
    scene.send("report.call", json!({"sent_at": time("2026-06-01T10:00"), "told": "区政府总值班室"}), &duty());
    assert!(scene.refused("false.propose", why, &duty()).contains("更正"));
    let corrected = json!({"reason": "试剂耗尽，仪器误报", "corrected": true});
    scene.send("false.propose", corrected.clone(), &duty());
    assert_eq!(scene.due("dismissal"), "2026-06-01 10:30");
    let findings = json!({"findings": "比对采样正常，按误报了结"});
    assert!(
        scene.refused("false.approve", findings.clone(), &duty()).contains("not_allowed"),
        "not by the officer alone"
    );
    scene.send("false.refuse", json!({"reason": "请再采一次平行样"}), &lead());
    assert!(scene.is_in("verifying"));
    assert_eq!(scene.status("first_report"), "running", "the hours run on until it is decided");
    scene.send("false.propose", corrected, &duty()).send("false.approve", findings, &lead());
    assert!(scene.is_in("false_alarm") && scene.case.config.done);
    assert_eq!((scene.status("first_report"), scene.status("call")), ("void".into(), "met".into()));
    assert_eq!(scene.case.data["outcome"], "false_alarm");
}

#[test]
fn radiation_has_its_own_first_report_and_tells_police_and_health_at_once() {
    let mut data = call("2026-06-01T10:00");
    (data["category"], data["title"]) = (json!("radiation"), json!("探伤源丢失"));
    let mut scene = Scene::opened("2026-06-01T10:10", data);
    assert!(scene.is_in("radiation_owed"));
    assert_eq!(scene.status("first_report"), "none", "Order 17 leaves it out");
    assert_eq!(scene.due("authorities"), "2026-06-01 10:30");
    assert_eq!(scene.due("radiation_report"), "2026-06-01 11:00");
    for unit in ["unit:public-security", "unit:health", "unit:radiation-section"] {
        assert_eq!(scene.first_urgent("incident-report", unit).as_deref(), Some("10:10"), "{unit}");
    }
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("ii"), &duty());
    assert_eq!(
        (scene.status("major_report"), scene.due("radiation_state")),
        ("none".into(), "2026-06-01 14:00".into())
    );
    scene.send("report.initial", initial("2026-06-01T10:10"), &duty());
    scene.send("response.start", json!({"level": "two", "basis": "辐射事故应急预案"}), &lead());
    let end = json!({"findings": "源已找回，剂量正常"});
    assert!(scene.refused("response.end", end.clone(), &lead()).contains("公安"));
    scene.send(
        "authorities.inform",
        json!({"sent_at": time("2026-06-01T10:05"), "police": "区公安局指挥中心", "health": "区卫生健康委值班室"}),
        &duty(),
    );
    assert_eq!(scene.status("authorities"), "met");
    scene.send("response.end", end, &lead());
    assert!(scene.is_in("ended"));
}

#[test]
fn hours_run_through_a_holiday_and_past_midnight() {
    let mut scene = Scene::opened("2026-09-30T23:30", call("2026-09-30T23:30"));
    assert_eq!(scene.due("first_report"), "2026-10-01 01:30");
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("iv"), &duty());
    assert_eq!(scene.due("ordinary_report"), "2026-10-01 03:30");
    scene.until("2026-10-01T01:30");
    assert!(scene.case.marks.contains("report-late"), "National Day stops no hour");
}

#[test]
fn from_the_call_to_the_archive() {
    let mut data = call("2026-06-01T10:00");
    data["petition"] = json!("XF-20260601-000001");
    let mut scene = Scene::opened("2026-06-01T10:00", data);
    assert_eq!(scene.sent(), [("XF-20260601-000001".to_owned(), "incident.joined".to_owned())]);
    scene.send("acknowledge", json!({}), &duty()).send("report.initial", initial("2026-06-01T10:00"), &duty());
    scene.send("petition.link", json!({"petition": "XF-20260601-000002"}), &operator());
    let mut confirmed = grade("iv");
    confirmed["crosses"] = json!("county");
    scene.send("confirm", confirmed, &duty());
    assert_eq!(
        (scene.due("neighbours"), scene.due("monitoring")),
        ("2026-06-01 12:00".into(), "2026-06-01 12:00".into())
    );
    scene.send(
        "neighbours.inform",
        json!({"sent_at": time("2026-06-01T10:00"), "units": ["partner-jiangjin"], "told": "油膜正向下游移动"}),
        &duty(),
    );
    scene.send("monitoring.plan", json!({"monitoring": "北渡断面每两小时一次石油类"}), &duty());
    scene.send("response.start", json!({"level": "four", "basis": "区突发环境事件应急预案"}), &lead());
    scene.send(
        "task.assign",
        json!({"unit": "enforcement", "task": "排查上游涉油企业", "due_at": time("2026-06-01T16:00")}),
        &duty(),
    );
    let (workflow, task) = scene.last_opened();
    assert_eq!((workflow.as_str(), task["unit"].as_str()), ("incident-task", Some("enforcement")));
    let enterprise = json!({"unit": "yongsheng", "task": "自行清理油污", "due_at": time("2026-06-01T16:00")});
    assert!(scene.refused("task.assign", enterprise, &duty()).contains("requirement"));
    scene.send("task.done", json!({"unit": "enforcement", "result": "已查明"}), &other_case());
    scene.until("2026-06-01T20:00").send("response.end", json!({"findings": "油膜已清除，断面达标"}), &lead());
    assert!(scene.sent().contains(&("incident-task".to_owned(), "incident.over".to_owned())));
    for petition in ["XF-20260601-000001", "XF-20260601-000002"] {
        assert!(scene.sent().contains(&(petition.to_owned(), "incident.concluded".to_owned())), "{petition}");
    }
    assert_eq!((scene.due("inquiry"), scene.status("inquiry_major")), ("2026-07-01 23:59".into(), "none".into()));
    assert_eq!(scene.clock("loss")["status"], "running");
    let last = json!({"sent_at": time("2026-06-01T20:00"), "method": "network", "measures": "拦截吸附", "process": "见续报",
        "result": "已恢复", "harm": "无", "effects": "平稳", "remains": "依法查处", "signer": "周局长", "contact": "值班室"});
    scene.send("report.final", last, &duty()).send("loss.assessed", json!({"result": "直接损失约三万元"}), &duty());
    scene.send("inquiry.done", json!({"findings": "上游企业阀门破损"}), &duty());
    assert!(scene.is_in("evaluating"));
    scene.send("evaluated", json!({"evaluation": "各时限均按期完成；围油栏储备不足"}), &lead());
    assert!(scene.emitted("incident.evaluated"));
    scene.send("archive", json!({}), &duty());
    assert!(scene.case.config.done);
}

#[test]
fn no_warning_reaches_the_public_without_the_authority_that_issues_it() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    let ask = |colour: &str, authority: &str| json!({"colour": colour, "authority": authority, "begins_at": time("2026-06-01T10:30"), "area": "赶水镇沿河", "text": "暂停取水，等待通知"});
    assert!(scene.refused("warning.ask", ask("red", "district_government"), &duty()).contains("市政府"));
    scene.send("warning.ask", ask("yellow", "district_government"), &duty());
    assert!(!scene.emitted("incident.warning_issued"));
    assert_eq!(scene.due("warning_decision"), "2026-06-01 10:30");
    let approval = |authority: &str| json!({"authority": authority, "approval": "区政府副区长某，6月1日10时，綦府应急〔2026〕1号"});
    assert!(scene.refused("warning.approve", approval("district_government"), &duty()).contains("not_allowed"));
    assert!(scene.refused("warning.approve", approval("city_government"), &lead()).contains("发布单位"));
    assert!(scene.refused("warning.publish", json!({}), &duty()).contains("现在的状态不接受"), "nobody approved it");
    scene.send("warning.approve", approval("district_government"), &lead());
    assert!(!scene.emitted("incident.warning_issued"), "approved, and not yet published");
    assert_eq!(scene.due("warning_publication"), "2026-06-01 10:15");
    scene.send("warning.publish", json!({}), &duty());
    assert!(scene.emitted("incident.warning_issued") && scene.is_in("warning_issued"));
    // A change that is refused leaves what is in force; one that is approved replaces it when it is published.
    scene.send("warning.ask", ask("blue", "district_government"), &duty());
    assert_eq!((&scene.case.data["warning_colour"], scene.is_in("warning_issued")), (&json!("yellow"), true));
    scene.send("warning.refuse", json!({"reason": "尚未达到降级条件"}), &lead());
    scene.send("warning.ask", ask("orange", "city_government"), &duty());
    scene.send("warning.approve", approval("city_government"), &lead());
    assert_eq!(scene.case.data["warning_colour"], "yellow");
    scene.send("warning.publish", json!({}), &duty());
    assert_eq!(scene.case.data["warning_colour"], "orange");
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("iv"), &duty());
    scene.send("report.initial", initial("2026-06-01T10:00"), &duty());
    scene.send("response.start", json!({"level": "four", "basis": "区突发环境事件应急预案"}), &lead());
    assert!(scene.refused("response.end", json!({"findings": "已清除污染"}), &lead()).contains("尚未解除"));
    let lift = |authority: &str| json!({"reason": "断面已达标", "authority": authority, "approval": "市政府总值班室，6月1日，渝府应急〔2026〕9号"});
    assert!(scene.refused("warning.lift", lift("district_government"), &lead()).contains("发布预警的单位"));
    scene.send("warning.lift", lift("city_government"), &lead());
    assert!(scene.emitted("incident.warning_lifted"));
    scene.send("response.end", json!({"findings": "已清除污染"}), &lead());
}

#[test]
fn a_grave_incident_is_not_closed_over_what_is_still_to_be_told() {
    let mut scene = Scene::opened("2026-06-01T10:00", call("2026-06-01T10:00"));
    scene.send("acknowledge", json!({}), &duty()).send("confirm", grade("ii"), &duty());
    assert_eq!(scene.due("major_report"), "2026-06-01 12:00");
    scene.send("report.initial", initial("2026-06-01T10:00"), &duty());
    scene.send("response.start", json!({"level": "two", "basis": "区突发环境事件应急预案"}), &lead());
    scene.send("response.end", json!({"findings": "已清除污染"}), &lead());
    assert_eq!((scene.status("inquiry"), scene.due("inquiry_major")), ("none".into(), "2026-07-31 23:59".into()));
    assert_eq!(scene.status("major_report"), "running", "the end of the response ends no report");
    let last = json!({"sent_at": time("2026-06-01T10:00"), "method": "network", "measures": "拦截", "process": "见续报",
        "result": "已恢复", "harm": "无", "effects": "平稳", "remains": "无", "signer": "周局长", "contact": "值班室"});
    scene.send("report.final", last, &duty()).send("loss.assessed", json!({"result": "无直接损失"}), &duty());
    scene.send("inquiry.done", json!({"findings": "由市局调查"}), &duty());
    let evaluation = json!({"evaluation": "总结如下，逐项说明"});
    assert!(scene.refused("evaluated", evaluation.clone(), &lead()).contains("市政府"));
    scene.send("city.reported", json!({"sent_at": time("2026-06-01T10:00"), "proof": "区政府总值班室"}), &duty());
    assert!(scene.refused("evaluated", evaluation.clone(), &lead()).contains("生态环境部"));
    let mut told = followup("2026-06-01T10:00");
    told["to_ministry"] = json!(true);
    scene.send("report.followup", told, &duty()).send("evaluated", evaluation, &lead());
    assert_eq!(scene.status("major_report"), "met");
}
