//! From readings to incidents: no exceedance without its incident, no incident twice, whatever dies in between.

use std::sync::atomic::Ordering;

use huiyin_engine::REAL;
use huiyin_sensing::watch::{Follower, Parts, Teller, Turn};

use crate::scene::{DISTRICT, Scene, at, reading};

/// Follows and tells until nothing is left, beginning again from the record after every failure.
async fn settle(scene: &Scene) {
    let teller = Teller::new(scene.parts.clone());
    for _ in 0..50 {
        let Ok(mut follower) = Follower::open(scene.parts.clone()).await else { continue };
        let Ok(round) = follower.round().await else { continue };
        let Ok(told) = teller.round().await else { continue };
        if !round.more && !round.decided && told == 0 {
            return;
        }
    }
    panic!("it never settles");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_opens_one_incident_that_grows_and_is_joined_when_it_comes_back() {
    let scene = Scene::new().await;
    let mut follower = Follower::open(scene.parts.clone()).await.unwrap();
    let teller = Teller::new(scene.parts.clone());
    scene.fluoride(0, 10, 20.0).await;
    follower.round().await.unwrap();
    assert_eq!(
        teller.round().await.unwrap(),
        0,
        "nothing is beyond the limit, and silence elsewhere opens no incident"
    );
    scene.fluoride(10, 20, 900.0).await;
    assert!(follower.round().await.unwrap().decided);
    assert_eq!(teller.round().await.unwrap(), 1);
    assert_eq!(scene.incidents().await, 1);
    let alarms = scene.journal().alarms(DISTRICT, REAL, true, 10).await.unwrap();
    let ours = alarms.iter().find(|alarm| alarm.written.rule == "gas-fluoride").unwrap();
    assert_eq!(ours.written.started_at, at(10));
    let case = scene.journal().case(ours.case.unwrap()).await.unwrap().unwrap();
    assert_eq!(case.workflow, "incident");
    let state: serde_json::Value = serde_json::from_str(&case.state).unwrap();
    let data = &state["data"];
    assert_eq!((&data["limit"], &data["station"], &data["source"]), (&500.0.into(), &"G1".into(), &"rule".into()));

    scene.fluoride(20, 30, 3000.0).await;
    follower.round().await.unwrap();
    teller.round().await.unwrap();
    assert_eq!(scene.incidents().await, 1, "worse readings open no other");
    let seq = scene.journal().case(case.id).await.unwrap().unwrap().seq;
    assert!(seq > case.seq, "the incident was told that it is worse");

    scene.fluoride(30, 60, 20.0).await;
    follower.round().await.unwrap();
    teller.round().await.unwrap();
    assert!(
        !scene
            .journal()
            .alarms(DISTRICT, REAL, true, 10)
            .await
            .unwrap()
            .iter()
            .any(|a| a.written.rule == "gas-fluoride")
    );
    // Beyond the cooling time of the rule, while the incident is still being handled.
    scene.fluoride(60, 100, 20.0).await;
    scene.fluoride(100, 120, 900.0).await;
    settle(&scene).await;
    assert_eq!(scene.incidents().await, 1, "what comes back joins the incident that is open");
    let all = scene.journal().alarms(DISTRICT, REAL, false, 10).await.unwrap();
    let ours: Vec<_> = all.iter().filter(|alarm| alarm.written.rule == "gas-fluoride").collect();
    assert_eq!(ours.len(), 2);
    assert!(ours.iter().all(|alarm| alarm.case == Some(case.id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_between_reading_and_incident_there_is_one_incident() {
    for point in ["decide", "settle", "begin"] {
        let scene = Scene::new().await;
        scene.fluoride(0, 20, 900.0).await;
        scene.trap.set(point);
        settle(&scene).await;
        assert_eq!(scene.trap.1.load(Ordering::SeqCst), 1, "{point} was reached");
        assert_eq!(scene.incidents().await, 1, "{point}");
        let waiting = scene.journal().waiting_alarm_commands(DISTRICT, REAL, 10).await.unwrap();
        assert!(waiting.is_empty(), "{point}: {waiting:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_follow_at_once_decide_once() {
    let scene = Scene::new().await;
    let mut one = Follower::open(scene.parts.clone()).await.unwrap();
    let mut other = Follower::open(scene.parts.clone()).await.unwrap();
    scene.fluoride(0, 20, 900.0).await;
    assert!(one.round().await.unwrap().decided);
    assert!(other.round().await.is_err(), "it was overtaken");
    settle(&scene).await;
    assert_eq!(scene.incidents().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_readings_are_refused_by_themselves_and_counted() {
    let scene = Scene::new().await;
    let good = reading(0, 20.0);
    let unit = huiyin_sensing::observation::Observation { unit: "mg/m³".into(), ..reading(1, 20.0) };
    let strange = huiyin_sensing::observation::Observation { pollutant: "w01001".into(), ..reading(2, 20.0) };
    let nobody = huiyin_sensing::observation::Observation { station: "X9".into(), ..reading(3, 20.0) };
    let endless = huiyin_sensing::observation::Observation { value: f64::INFINITY, ..reading(4, 20.0) };
    let (new, refused) = scene.intake.keep(&[good.clone(), unit, strange, nobody, endless]).await.unwrap();
    assert_eq!((new, refused.len()), (1, 4));
    assert_eq!(scene.intake.keep(&[good]).await.unwrap().0, 0, "the same reading again is not new");
    assert_eq!(scene.intake.counts().refusals().values().sum::<u64>(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_processes_follows_and_another_takes_over_when_its_time_is_over() {
    let scene = Scene::new().await;
    let other = Parts { holder: uuid::Uuid::from_u128(2), ..scene.parts.clone() };
    let (one, other) = (Turn::new(scene.parts.clone()), Turn::new(other));
    assert!(one.ask().await && one.was_ours());
    assert!(!other.ask().await, "it is somebody else's turn");
    scene.clock.advance_to(at(0) + chrono::TimeDelta::seconds(10));
    assert!(one.ask().await, "made longer in time");
    scene.clock.advance_to(at(0) + chrono::TimeDelta::seconds(24));
    assert!(!other.ask().await, "which holds from then on");
    scene.clock.advance_to(at(0) + chrono::TimeDelta::seconds(26));
    assert!(other.ask().await, "not made longer: another takes over");
    assert!(!one.ask().await && !one.was_ours());
    other.give_back().await;
    assert!(one.ask().await, "given back before its time");
}
