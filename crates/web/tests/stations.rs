//! Stations behind the doors, on a real store: what they said last, series with limits and quality, the alarm log with
//! what the engine refused, and why nothing fired.

use crate::bureau;
use crate::house;

use axum::http::{Method, StatusCode};
use bureau::{Office, complaint};
use chrono::{DateTime, TimeDelta, Utc};
use house::start;
use huiyin_engine::REAL;
use huiyin_journal::sensing::{AlarmCommand, AlarmWrite, Decision, ObservationRow, SensingState};
use huiyin_sensing::quality::{History, Quality};
use huiyin_sensing::rules::State;
use serde_json::{Value, json};
use uuid::Uuid;

const DISTRICT: &str = "500110";

fn row(station: &str, pollutant: &str, at: DateTime<Utc>, value: f64) -> ObservationRow {
    let unit = if pollutant == "w01001" { "1" } else { "mg/L" };
    ObservationRow {
        station: station.to_owned(),
        pollutant: pollutant.to_owned(),
        kind: "real".to_owned(),
        observed_at: at,
        value,
        unit: unit.to_owned(),
        flag: "N".to_owned(),
        received_at: at,
        source: "hj212".to_owned(),
    }
}

async fn keep(office: &Office, rows: &[ObservationRow]) {
    office.journal.keep_observations(DISTRICT, REAL, rows).await.unwrap();
}

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

async fn station(office: &Office, id: &str) -> Value {
    let list = office.get("handler", "/api/stations").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    let list = list.json();
    list["rows"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
}

fn parameter<'a>(station: &'a Value, code: &str) -> &'a Value {
    station["parameters"].as_array().unwrap().iter().find(|one| one["pollutant"] == code).unwrap()
}

#[tokio::test]
async fn a_station_says_what_it_measured_last_and_whether_it_is_heard() {
    let office = Office::sqlite().await;
    let now = start();
    assert_eq!(station(&office, "S3").await["link"], "never");
    keep(
        &office,
        &[
            row("S3", "w21003", now - hours(4), 0.3),
            row("S3", "w21003", now - hours(1), 1.7),
            row("S2", "w21003", now - hours(9), 0.2),
            row("S1", "w21003", now - hours(13), 0.2),
        ],
    )
    .await;
    let s3 = station(&office, "S3").await;
    assert_eq!((&s3["link"], &s3["last_age_s"], &s3["approximate"]), (&json!("up"), &json!(3600), &json!(true)));
    let ammonia = parameter(&s3, "w21003");
    assert_eq!(ammonia["name"]["zh"], "氨氮");
    assert_eq!(ammonia["reading"]["value"], 1.7);
    assert_eq!(ammonia["reading"]["beyond"], true, "class Ⅲ has 1.0 mg/L");
    assert_eq!((&ammonia["limit"]["most"], &ammonia["limit"]["standard"]), (&json!(1.0), &json!("GB 3838-2002")));
    assert_eq!(parameter(&s3, "w21011")["reading"], Value::Null);
    assert_eq!(station(&office, "S2").await["link"], "late");
    assert_eq!(station(&office, "S1").await["link"], "silent");
    // A class of daily means says nothing of a figure of the moment.
    let mut dust = row("A1", "a34004", now, 500.0);
    dust.unit = "µg/m³".to_owned();
    keep(&office, &[dust.clone(), ObservationRow { kind: "day".to_owned(), observed_at: now - hours(24), ..dust }])
        .await;
    let a1 = station(&office, "A1").await;
    let dust = parameter(&a1, "a34004");
    assert_eq!((&dust["reading"]["kind"], &dust["reading"]["beyond"]), (&json!("real"), &json!(false)));
    assert_eq!((&dust["limit"]["counts_for"], &dust["limit"]["class"]), (&json!("day"), &json!("二级/24h")));
    assert_eq!(office.get("handler", "/api/stations/S3").await.json(), s3);
    assert_eq!(office.get("handler", "/api/stations/S9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_series_has_limits_quality_and_never_too_many_points() {
    let office = Office::sqlite().await;
    let now = start();
    let mut rows: Vec<ObservationRow> =
        (0..6).map(|n| row("S3", "w21003", now - hours(4 * (5 - n)), 0.2 + 0.01 * n as f64)).collect();
    rows[2].value = 30.0;
    rows[4].flag = "D".to_owned();
    keep(&office, &rows).await;
    let series = office.get("handler", "/api/stations/S3/series?pollutant=w21003").await;
    assert_eq!(series.status, StatusCode::OK, "{}", series.text);
    let series = series.json();
    assert_eq!((&series["total"], &series["reduced"], &series["unit"]), (&json!(6), &json!(false), &json!("mg/L")));
    let quality: Vec<&str> =
        series["points"].as_array().unwrap().iter().map(|point| point["quality"].as_str().unwrap()).collect();
    // The peak is too fast, and makes its neighbour before it look like a spike.
    assert_eq!(quality, ["good", "suspect", "suspect", "suspect", "bad", "good"], "{series}");
    assert!(series["points"][4]["reason"]["zh"].as_str().unwrap().len() > 3);
    assert_eq!(series["limits"].as_array().unwrap().len(), 1, "one limit, all the time: {}", series["limits"]);
    assert_eq!(series["limits"][0]["until"], series["until"]);

    // Long series: no extreme is lost, and it says that it was reduced.
    let minutes: Vec<ObservationRow> = (0..3000)
        .map(|n| row("S1", "w21003", now - TimeDelta::minutes(3000 - n), if n == 1234 { 9.0 } else { 0.2 }))
        .collect();
    keep(&office, &minutes).await;
    let from = (now - TimeDelta::minutes(3000)).format("%Y-%m-%dT%H:%M:%SZ");
    let path = format!("/api/stations/S1/series?pollutant=w21003&points=50&from={from}");
    let series = office.get("handler", &path).await.json();
    assert_eq!((&series["total"], &series["reduced"]), (&json!(3000), &json!(true)));
    let points = series["points"].as_array().unwrap();
    assert!((49..=50).contains(&points.len()), "{}", points.len());
    assert_eq!(points.iter().map(|point| point["count"].as_u64().unwrap()).sum::<u64>(), 3000);
    assert_eq!(points.iter().filter(|point| point["high"] == 9.0 && point["low"] == 0.2).count(), 1);
    assert!(series["note"]["zh"].as_str().unwrap().contains("合并"));

    // GB 3095-2026 takes the place of GB 3095-2012 on 2026-03-01, Beijing time.
    let path = "/api/stations/A1/series?pollutant=a34004&kind=day&from=2026-02-20T00:00:00Z&until=2026-03-10T00:00:00Z";
    let limits = office.get("handler", path).await.json()["limits"].clone();
    assert_eq!(limits.as_array().unwrap().len(), 2, "{limits}");
    assert_eq!(limits[0]["until"], "2026-02-28T16:00:00Z");
    assert_eq!(
        (&limits[0]["limit"]["standard"], &limits[1]["limit"]["standard"]),
        (&json!("GB 3095-2012"), &json!("GB 3095-2026"))
    );

    for (query, path) in [
        ("pollutant=a34004", "pollutant"),
        ("pollutant=w21003&kind=week", "kind"),
        ("pollutant=w21003&from=2026-11-23T00:00:00Z&until=2026-11-22T00:00:00Z", "from"),
        ("pollutant=w21003&from=2020-01-01T00:00:00Z", "from"),
    ] {
        let refused = office.get("handler", &format!("/api/stations/S3/series?{query}")).await;
        assert_eq!((refused.status, refused.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, path), "{query}");
    }
}

fn alarm(place: &str, minute: i64) -> AlarmWrite {
    let at = start() + TimeDelta::minutes(minute);
    let body = json!({"rule": "river-class", "place": place, "start": at, "at": at, "severity": "warning",
        "reason": {"zh": "氨氮 8 mg/L，不符合 ≤ 1", "en": "ammonia 8 mg/L, not ≤ 1"},
        "evidence": [{"station": place, "pollutant": "w21003", "value": 8.0, "unit": "mg/L", "against": "≤ 1", "observed_at": at}]});
    AlarmWrite {
        id: Uuid::from_u128(minute.unsigned_abs().into()),
        rule: "river-class".to_owned(),
        place: place.to_owned(),
        severity: "warning".to_owned(),
        started_at: at,
        ended_at: None,
        body: body.to_string(),
    }
}

/// Writes alarms, each with one command.
async fn raise(office: &Office, alarms: Vec<AlarmWrite>) {
    let commands = alarms.iter().map(|alarm| AlarmCommand {
        id: Uuid::from_u128(alarm.id.as_u128() + 1000),
        alarm: alarm.id,
        what: "raised".to_owned(),
        body: alarm.body.clone(),
    });
    let commands = commands.collect();
    let state = SensingState { version: 1, seq: 0, state: "null".to_owned() };
    let decision = Decision { name: "rules", state, at: start(), alarms, commands };
    assert!(office.journal.decide(DISTRICT, REAL, &decision).await.unwrap());
}

#[tokio::test]
async fn an_alarm_says_what_became_of_it_and_names_only_incidents_that_one_may_see() {
    let office = Office::sqlite().await;
    assert_eq!(office.get("handler", "/api/alarms").await.json()["rows"], json!([]));
    let number = office.open(complaint()).await;
    let case: Uuid =
        office.get("operator", &format!("/api/cases/{number}")).await.json()["id"].as_str().unwrap().parse().unwrap();
    raise(&office, vec![alarm("S3", 1), alarm("S1", 2)]).await;
    let waiting = office.journal.waiting_alarm_commands(DISTRICT, REAL, 10).await.unwrap();
    let [joined, refused] = [&waiting[0].command, &waiting[1].command];
    office.journal.settle_alarm_command(joined, Some(case), false, &number, start()).await.unwrap();
    office.journal.settle_alarm_command(refused, None, true, "form_invalid site", start()).await.unwrap();

    let list = office.get("supervisor", "/api/alarms").await.json();
    assert_eq!(list["rows"][0]["place_name"]["zh"], "北渡", "newest first");
    assert_eq!(list["rows"][0]["commands"][0]["answer"], "form_invalid site");
    assert!(list["rows"][0]["todo"]["zh"].as_str().unwrap().contains("人工登记"));
    assert_eq!(list["rows"][1]["incident"], json!({"id": case, "number": number}));
    assert_eq!((&list["rows"][1]["todo"], &list["rows"][1]["incident_hidden"]), (&Value::Null, &json!(false)));
    assert_eq!(list["rows"][1]["rule_name"]["zh"], "断面水质超功能类别");
    assert_eq!(list["rows"][1]["evidence"][0]["name"]["zh"], "氨氮");
    for who in ["town", "admin", "company"] {
        let list = office.get(who, "/api/alarms").await;
        assert!(!list.text.contains(&number), "{who} may not know of the case: {}", list.text);
        assert_eq!(list.json()["rows"][1]["incident_hidden"], true, "{who}");
    }
    let refused = office.get("supervisor", "/api/alarms?state=refused").await.json();
    assert_eq!((refused["rows"].as_array().unwrap().len(), &refused["rows"][0]["place"]), (1, &json!("S1")));
    assert_eq!(office.get("supervisor", "/api/alarms?state=over").await.json()["rows"], json!([]));
    assert_eq!(office.get("supervisor", "/api/alarms?station=S3&limit=1").await.json()["more"], true);
    assert_eq!(office.get("supervisor", "/api/alarms?state=x").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(station(&office, "S3").await["open_alarms"], 1);
}

#[tokio::test]
async fn why_nothing_fired_comes_from_what_the_rules_remember() {
    let office = Office::sqlite().await;
    let before = office.get("handler", "/api/stations/S3/why?pollutant=w21003").await.json();
    assert_eq!(before["followed"], false, "{before}");
    let (registry, rules) = bureau::sensing();
    let (mut state, mut history) = (State::default(), History::default());
    let at = start() - hours(1);
    let _ = rules.tick(&mut state, at);
    let observation = huiyin_sensing::observation::Observation::from_row(&row("S3", "w21003", at, 0.4)).unwrap();
    let judged = Quality::default().judge(&registry, &mut history, observation, at);
    let _ = rules.step(&mut state, &judged, at);
    let memory = json!({"rules": state, "history": history});
    let state = SensingState { version: 1, seq: 1, state: memory.to_string() };
    let decision = Decision { name: "rules", state, at, alarms: Vec::new(), commands: Vec::new() };
    assert!(office.journal.decide(DISTRICT, REAL, &decision).await.unwrap());
    let why = office.get("handler", "/api/stations/S3/why?pollutant=w21003").await.json();
    assert_eq!(why["followed"], true);
    let of = |rule: &str| why["rules"].as_array().unwrap().iter().find(|one| one["rule"] == rule).unwrap().clone();
    assert_eq!(of("river-class")["why"], "within", "{why}");
    assert!(of("river-class")["words"]["zh"].as_str().unwrap().contains("0.4"));
    assert_eq!(of("outlet-limit")["why"], "not_applicable");
    assert_eq!(of("silence")["why"], "duration");
    let refused = office.get("handler", "/api/stations/S3/why?pollutant=a34004").await;
    assert_eq!((refused.status, refused.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "pollutant"));
}

#[tokio::test]
async fn spills_are_played_only_where_stations_are_simulated_and_by_whom_it_concerns() {
    let spill = json!({"station": "S3", "pollutant": "w21003", "value": 8.0});
    let earnest = Office::sqlite().await;
    assert_eq!(earnest.get("handler", "/api/stations").await.json()["demo"], Value::Null);
    assert_eq!(earnest.post("supervisor", "/api/stations/spills", &spill).await.status, StatusCode::NOT_FOUND);
    let office = Office::demonstration().await;
    assert_eq!(office.post("handler", "/api/stations/spills", &spill).await.status, StatusCode::FORBIDDEN);
    let played = office.post("supervisor", "/api/stations/spills", &spill).await;
    assert_eq!((played.status, &played.json()["demo"]), (StatusCode::OK, &json!([spill])), "{}", played.text);
    for (wrong, path) in [
        (json!({"station": "S3", "pollutant": "a34004", "value": 1.0}), "pollutant"),
        (json!({"station": "S3", "pollutant": "w21003", "value": 51.0}), "value"),
    ] {
        let refused = office.post("supervisor", "/api/stations/spills", &wrong).await;
        assert_eq!((refused.status, refused.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, path));
    }
    let calm = office.call("supervisor", Method::DELETE, "/api/stations/spills", &json!({})).await;
    assert_eq!(calm.json()["demo"], json!([]), "{}", calm.text);
}

#[tokio::test]
async fn the_catalogue_of_sources_says_which_have_a_plan_in_force() {
    let office = Office::sqlite().await;
    let list = office.get("handler", "/api/sources").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    let list = list.json();
    let rows = list["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &list["covered"]), (35, &json!(0)));
    assert!(rows.iter().all(|row| row["approximate"] == true && row["plan"] == Value::Null));
    assert!(list["towns"].as_array().unwrap().iter().any(|town| town["name"] == "石角镇"));

    // Somebody begins a plan for one of them.
    let data = json!({"title": "黑千沟水库应急预案", "source": "DW01", "unit": "water-section"});
    let body = json!({"id": office.id(), "workflow": "response-plan", "data": data});
    let opened = office.post("supervisor", "/api/cases", &body).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    let number = opened.json()["number"].clone();
    let one = office.get("supervisor", "/api/sources/DW01").await.json();
    assert_eq!((&one["plan"]["state"], &one["plan"]["in_force"]), (&json!("draft"), &json!(false)), "{one}");
    assert_eq!((&one["plan"]["number"], &one["name"]["zh"]), (&number, &json!("黑千沟水库")));
    assert_ne!(one["plan"]["title"]["zh"], "draft", "in words");
    let hidden = office.get("town", "/api/sources/DW01").await.json();
    assert_eq!((&hidden["plan"]["state"], &hidden["plan"]["number"]), (&json!("draft"), &Value::Null));
    assert_eq!(office.get("handler", "/api/sources/S1").await.status, StatusCode::NOT_FOUND, "a section is no source");
}

#[tokio::test]
async fn a_source_on_the_river_names_what_lies_above_it_in_order_of_arrival() {
    let office = Office::sqlite().await;
    let list = office.get("handler", "/api/sources").await.json();
    let mut below = Vec::new();
    for row in list["rows"].as_array().unwrap().iter().filter(|row| row["on_network"] == true) {
        let source = office.get("handler", &format!("/api/sources/{}", row["id"].as_str().unwrap())).await.json();
        if source["upstream"] != json!([]) {
            below.push(source);
        }
    }
    assert!(below.len() >= 3, "{}", below.len());
    let (source, id) = (&below[0], below[0]["id"].as_str().unwrap());
    let upstream = source["upstream"].as_array().unwrap();
    let first = |one: &Value| one["first_worst_h"].as_f64().unwrap();
    assert!(upstream.windows(2).all(|two| first(&two[0]) <= first(&two[1])));
    for one in upstream {
        let hours = |field: &str| one[field].as_f64().unwrap();
        assert!(hours("first_worst_h") <= hours("first_probable_h") && hours("first_worst_h") <= hours("peak_worst_h"));
        assert!(hours("distance_m") >= 0.0 && hours("peak_worst_mgl_per_kg") > 0.0, "{one}");
    }
    let off = office.get("handler", "/api/sources/DW01").await.json();
    assert_eq!(off["upstream"], json!([]), "no reach feeds it");
    assert!(off["assumptions"][0]["zh"].as_str().unwrap().contains("现场核定"));

    let sheet = office.get("handler", &format!("/api/sources/{id}/sheet?paper=a4")).await;
    assert_eq!(
        (sheet.status, &sheet.headers["content-type"]),
        (StatusCode::OK, &"image/svg+xml; charset=utf-8".parse().unwrap())
    );
    assert!(sheet.text.contains(upstream[0]["name"]["zh"].as_str().unwrap()) && sheet.text.contains("没有预案"));
    assert!(sheet.text.contains("2026-11-23 09:00"), "Beijing time");
    assert_eq!(
        office.get("handler", &format!("/api/sources/{id}/sheet?paper=a5")).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(office.get("handler", "/api/sources/S1/sheet").await.status, StatusCode::NOT_FOUND);

    let map = office.get("handler", "/api/waters").await;
    assert_eq!(map.headers["content-type"], "application/geo+json");
    let features = map.json()["features"].as_array().unwrap().clone();
    let of = |group: &str| features.iter().filter(|one| one["properties"]["group"] == group).count();
    assert!(of("reach") > 15 && of("risk") > 15 && of("section") == 5, "{} {}", of("reach"), of("risk"));
    assert!(features.iter().all(|one| one["properties"]["approximate"].is_boolean()));
}
