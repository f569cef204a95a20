//! The activation board through the doors: in order of arrival, with tasks and samples, and only for those who may know.

use crate::bureau;

use std::sync::Arc;

use axum::http::StatusCode;
use bureau::Office;
use huiyin_directory::Directory;
use huiyin_engine::Clock;
use huiyin_response::{Defaults, Follower, Parts, Scope};
use huiyin_water::network::Network;
use serde_json::{Value, json};

fn read(path: &str) -> Option<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    std::fs::read_to_string(root.join(path)).ok()
}

fn follower(office: &Office, timeline: &str) -> Follower {
    let waters = Network::load("districts/qijiang/water", &read).unwrap();
    let directory = Directory::load("districts/qijiang", &read).unwrap();
    let text = read("districts/qijiang/water/response.yaml").unwrap();
    let defaults = Defaults::load("response.yaml", &text, &waters, &directory).unwrap();
    Follower::new(Parts {
        engine: office.engine.clone(),
        clock: Arc::clone(&office.clock) as Arc<dyn Clock>,
        scope: Scope { district: "500110".to_owned(), timeline: timeline.to_owned() },
        waters: Arc::new(waters),
        directory: Arc::new(directory),
        defaults: Arc::new(defaults),
    })
}

async fn spill(office: &Office, more: Value) -> String {
    let mut data = json!({"title": "罐车侧翻，液体入河", "source": "phone", "learned_at": "2026-11-23T01:00:00Z", "category": "water"});
    for (field, value) in more.as_object().unwrap() {
        data[field] = value.clone();
    }
    let body = json!({"id": office.id(), "workflow": "incident", "data": data});
    let opened = office.post("emergency", "/api/cases", &body).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    opened.json()["number"].as_str().unwrap().to_owned()
}

async fn board(office: &Office, who: &str, incident: &str) -> Value {
    let path = format!(
        "/api/activations{}",
        if incident.is_empty() { String::new() } else { format!("?incident={incident}") }
    );
    let answer = office.get(who, &path).await;
    assert_eq!(answer.status, StatusCode::OK, "{who}: {}", answer.text);
    answer.json()
}

fn of(board: &Value) -> Vec<&str> {
    let groups = board["incidents"].as_array().unwrap().iter();
    let all = groups.flat_map(|group| group["activations"].as_array().unwrap());
    all.map(|one| one["source"].as_str().unwrap()).collect()
}

/// Lets the follower look until the board says so.
async fn until(office: &Office, follower: &mut Follower, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..500 {
        follower.round().await.unwrap();
        let seen = board(office, "emergency", "").await;
        if so(&seen) {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_shows_in_order_what_the_river_reaches_and_how_it_stands() {
    let office = Office::sqlite().await;
    let mut follower = follower(&office, "real");
    assert_eq!(board(&office, "emergency", "").await["incidents"], json!([]));
    let number = spill(&office, json!({"point": "RK21"})).await;
    let seen = until(&office, &mut follower, "four", |board| of(board).len() == 4).await;
    assert_eq!(of(&seen), ["DW24", "DW25", "DW10", "DW30"]);
    let first = seen["incidents"][0]["activations"][0].clone();
    assert_eq!(
        (&first["state"], &first["possible"], &first["due_clock"]["zh"]),
        (&json!("proposed"), &json!(false), &json!("决定是否启用"))
    );
    assert_eq!(first["planned"].as_array().unwrap().len(), 6);
    assert!(first["earliest_at"].as_str() < first["probable_at"].as_str());
    assert_eq!(of(&board(&office, "emergency", &number).await), ["DW24", "DW25", "DW10", "DW30"]);

    let case = first["number"].as_str().unwrap().to_owned();
    office.does("emergency", &case, "confirm", json!({})).await;
    let handed = |board: &Value| board["incidents"][0]["activations"][0]["tasks"].as_array().unwrap().len() == 6;
    let seen = until(&office, &mut follower, "six tasks", handed).await;
    let acting = &seen["incidents"][0]["activations"][0];
    assert_eq!(acting["state"], "acting");
    assert!(acting["planned"].as_array().unwrap().iter().all(|task| task["given"] == true));
    assert!(
        acting["tasks"].as_array().unwrap().iter().all(|task| task["due_at"].is_string() && task["state"] == "given")
    );
    let taken = json!({"taken_at": office.clock.now().to_rfc3339(), "point": "取水口", "pollutant": "氨氮", "value": 3.2, "limit": 0.5});
    office.does("emergency", &case, "sample", taken).await;
    let seen = board(&office, "emergency", &number).await;
    let sample = &seen["incidents"][0]["activations"][0]["samples"][0];
    assert_eq!(
        (&sample["beyond"], &sample["value"], &sample["who"]),
        (&json!(true), &json!(3.2), &json!("测试emergency"))
    );
    office.everything_is_derived_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_nothing_to_do_with_it_does_not_learn_of_it() {
    let office = Office::sqlite().await;
    let mut follower = follower(&office, "real");
    let number = spill(&office, json!({"point": "RK21"})).await;
    until(&office, &mut follower, "four", |board| of(board).len() == 4).await;
    for who in ["command", "supervisor", "chief", "dispatcher"] {
        assert_eq!(of(&board(&office, who, &number).await).len(), 4, "{who}");
    }
    // A town upstream, and an enterprise: neither the board nor the incident.
    for who in ["town", "company"] {
        assert_eq!(board(&office, who, "").await["incidents"], json!([]), "{who}");
        let answer = office.get(who, &format!("/api/activations?incident={number}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{who}: {}", answer.text);
    }
    assert_eq!(office.get("admin", "/api/activations").await.status, StatusCode::FORBIDDEN);
    let petition = office.open(bureau::complaint()).await;
    let answer = office.get("supervisor", &format!("/api/activations?incident={petition}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "a petition is no incident");
    assert_eq!(office.get("emergency", "/api/activations?other=1").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_is_chosen_from_the_waters_and_a_wrong_one_is_said() {
    let office = Office::sqlite().await;
    let points = office.get("emergency", "/api/waters/points").await.json();
    let ids: Vec<&str> = points.as_array().unwrap().iter().map(|point| point["id"].as_str().unwrap()).collect();
    for id in ["RK21", "S3", "songkan-border", "DW24", "FC01"] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }
    assert!(!ids.contains(&"jiangjin-border"), "there is nothing below the outlet");
    let wrong = spill(&office, json!({"point": "somewhere"})).await;
    let group = board(&office, "emergency", &wrong).await["incidents"][0].clone();
    assert_eq!(
        (&group["point_unknown"], &group["from"], &group["activations"]),
        (&json!(true), &Value::Null, &json!([]))
    );
    office.does("emergency", &wrong, "locate", json!({"point": "S3"})).await;
    let group = board(&office, "emergency", &wrong).await["incidents"][0].clone();
    assert!(group["from"]["zh"].as_str().unwrap().contains("松坎河") && group["point_unknown"] == false, "{group}");
}
