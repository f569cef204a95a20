//! Timers: at their time, once, in order, whoever fires them.

use std::time::Duration;

use huiyin_engine::{Answer, CalendarSource, DirectorySource};
use serde_json::json;

use super::house::{House, accepted, at, effects, event, hours, open};

fn notices(effects: &[(String, String)]) -> Vec<&str> {
    effects.iter().filter(|(_, kind)| kind == "notify").map(|(key, _)| key.as_str()).collect()
}

pub(crate) async fn each_rung_rings_once_in_due_order(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    driver.run_until(hours(1)).await.unwrap();
    assert!(effects(driver.journal(), case).await.is_empty());
    driver.run_until(hours(24 * 10)).await.unwrap();
    let all = effects(driver.journal(), case).await;
    let rung = notices(&all);
    // Two hours after the start, at due (end of Tuesday), a day later, then every two days.
    assert!(rung.len() >= 5, "{all:?}");
    let mut once = rung.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), rung.len(), "{rung:?}");
    let ticks = driver.journal().timeline(case, 1, 99, false).await.unwrap();
    assert!(ticks.windows(2).all(|w| w[0].at < w[1].at));
    assert_eq!(ticks[0].at, hours(2));
    let record = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!(record.marks, ["overdue"]);
    assert_eq!(record.owner.as_deref(), Some("unit:duty-desk"));
    assert_eq!(driver.metrics().await.unwrap().stuck_timers, 0);
}

pub(crate) async fn what_was_missed_coalesces_when_the_engine_returns(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    drop(driver);
    // Down for ten days.
    house.clock.advance_to(hours(24 * 10));
    let driver = house.driver().await;
    driver.run_until(hours(24 * 10)).await.unwrap();
    let all = effects(driver.journal(), case).await;
    assert_eq!(notices(&all).len(), 1, "one notice, of the highest rung: {all:?}");
    let record = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!(record.marks, ["overdue"], "what it marks and reassigns is done all the same");
    assert_eq!(record.owner.as_deref(), Some("unit:duty-desk"));
    assert_eq!(driver.journal().overdue_timers("500110", "real", driver.now()).await.unwrap().0, 0);
}

pub(crate) async fn two_engines_ring_each_rung_once(house: House) {
    let driver = house.driver().await;
    let (mut cases, many) = (Vec::new(), harness::size(20_u64, 60));
    for answer in driver.submit_all((1..=u128::from(many)).map(open).collect()).await {
        cases.push(accepted(answer.unwrap()).case);
    }
    let (a, b) = (house.engine().await, house.engine().await);
    for day in 1..=5 {
        house.clock.advance_to(hours(24 * day));
        wait_until_quiet(&driver).await;
    }
    a.stop().await;
    b.stop().await;
    let mut total = 0;
    for case in &cases {
        let all = effects(driver.journal(), *case).await;
        let rung = notices(&all);
        let mut once = rung.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), rung.len(), "{rung:?}");
        total += rung.len() as u64;
    }
    assert!(total >= many * 3, "{total}");
    assert_eq!(driver.journal().verify_chains().await.unwrap().breaks, vec![]);
    let fired = a.metrics().await.unwrap().timers_fired + b.metrics().await.unwrap().timers_fired;
    assert!(fired >= many * 3, "{fired}");
}

async fn wait_until_quiet(driver: &huiyin_engine::Driver) {
    // Asks again until nothing is overdue; the engines work meanwhile.
    for _ in 0..2000 {
        if driver.journal().overdue_timers("500110", "real", driver.now()).await.unwrap().0 == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("timers stay overdue");
}

pub(crate) async fn what_was_due_comes_before_the_event(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    house.clock.advance_to(hours(50));
    let taken = accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    let kinds: Vec<String> =
        driver.journal().timeline(case, 0, 9, false).await.unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!((kinds, taken.seq), (vec!["opened".into(), "tick".into(), "event".into()], 3));
    assert_eq!(driver.journal().case(case).await.unwrap().unwrap().marks, ["overdue"]);
}

pub(crate) async fn a_clock_without_a_timer_is_noticed(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    accepted(driver.submit(open(2)).await.unwrap());
    assert_eq!(driver.self_check().await.unwrap(), 0);
    driver.journal().lose_timers(case).await.unwrap();
    assert_eq!(driver.self_check().await.unwrap(), 1);
    assert_eq!(driver.metrics().await.unwrap().clocks_without_timer, 1);
}

pub(crate) async fn a_stale_timer_does_not_fire_for_ever(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    house.tamper("INSERT INTO timers (case_id, key, due_at, version, district, timeline) SELECT case_id, 'delay/77', 0, 1, district, timeline FROM timers").await;
    driver.run_until(hours(1)).await.unwrap();
    let metrics = driver.metrics().await.unwrap();
    assert_eq!((metrics.stuck_timers, metrics.timers_overdue), (1, 0));
    assert_eq!(driver.journal().entries(case, 0, 99).await.unwrap().len(), 1, "nothing happened to the case");
    driver.run_until(hours(3)).await.unwrap();
    assert_eq!(notices(&effects(driver.journal(), case).await).len(), 1, "and its own timer came");
}

pub(crate) async fn a_running_engine_fires_when_the_time_comes(house: House) {
    let engine = house.engine().await;
    let mut heard = engine.bus().listen();
    let case = accepted(engine.submit(open(1)).await.unwrap()).case;
    house.clock.advance_to(at(7201));
    let told = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let message = heard.recv().await.unwrap();
            if message.kind == "tick" {
                return message;
            }
        }
    });
    assert_eq!(told.await.unwrap().subject, case.to_string());
    let answer = engine.submit(event(2, case, "take", json!({}))).await.unwrap();
    assert!(matches!(answer, Answer::Accepted(_)));
    engine.stop().await;
}

pub(crate) async fn a_new_calendar_is_adopted_once_at_a_start(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    driver.adopt_new_calendars().await.unwrap();
    let kinds = async || -> Vec<String> {
        let entries = driver.journal().timeline(case, 0, 99, false).await.unwrap();
        entries.into_iter().map(|entry| entry.kind).collect()
    };
    assert_eq!(kinds().await, ["opened"], "the first calendar of a store is nothing new");
    let new = CalendarSource { zone_seconds: 8 * 3600, hours: "08:00-12:00, 14:00-18:00".into(), years: vec![] };
    driver.registry().set_district(super::house::DISTRICT, &DirectorySource::new(), &new).unwrap();
    driver.registry().keep(driver.journal(), driver.now()).await.unwrap();
    for _ in 0..3 {
        driver.adopt_new_calendars().await.unwrap();
    }
    assert_eq!(kinds().await, ["opened", "calendar"], "adopted once, however often it starts");
}
