//! What is kept too long goes at night; what the rules have not read stays, and so does what is young.
use std::sync::Arc;

use chrono::{FixedOffset, TimeDelta};
use huiyin_assurance::Scope;
use huiyin_engine::{Clock, ManualClock};
use huiyin_journal::accounts::{NewSession, User};
use huiyin_journal::sensing::{Decision, ObservationRow, SensingState};
use huiyin_journal::{Instant, Journal, OpenOptions};
use huiyin_scheduler::{Job, Retention, Scheduler};

const DISTRICT: &str = "500110";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// One reading a day from the first of January on.
fn readings(days: i64) -> Vec<ObservationRow> {
    let day = |n| at("2026-01-01T00:00:00Z") + TimeDelta::days(n);
    let reading = |n| ObservationRow {
        station: "S1".into(),
        pollutant: "w21003".into(),
        kind: "real".into(),
        observed_at: day(n),
        value: 0.5,
        unit: "mg/L".into(),
        flag: "N".into(),
        received_at: day(n),
        source: "hj212".into(),
    };
    (0..days).map(reading).collect()
}

fn session(opened_at: Instant) -> NewSession {
    let expires_at = opened_at + TimeDelta::hours(12);
    NewSession { token_hash: "hash".into(), user_id: "li".into(), csrf: "csrf".into(), opened_at, expires_at }
}

async fn read_up_to(journal: &Journal, seq: i64) {
    let state = SensingState { version: 1, seq, state: "{}".into() };
    let decision =
        Decision { name: "rules", state, at: at("2026-02-01T00:00:00Z"), alarms: Vec::new(), commands: Vec::new() };
    assert!(journal.decide(DISTRICT, "real", &decision).await.unwrap());
}

#[tokio::test]
async fn old_readings_that_the_rules_have_read_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    let journal = OpenOptions::new(url, folder.path(), at("2026-01-01T00:00:00Z")).open().await.unwrap();
    let clock = Arc::new(ManualClock::new(at("2026-01-31T00:00:00Z")));
    let scope = Scope { district: DISTRICT.into(), timeline: "real".into() };
    let zone = FixedOffset::east_opt(8 * 3600).unwrap();
    // The house runs a month ahead of the time by which people sign in, as a demonstration does.
    let wall = Arc::new(ManualClock::new(at("2026-01-01T00:00:00Z")));
    let accounts = journal.accounts();
    let user = User {
        id: "li".into(),
        district: DISTRICT.into(),
        login: "li".into(),
        name: "li".into(),
        roles: Vec::new(),
        units: Vec::new(),
        heads: Vec::new(),
        language: "zh".into(),
        active: true,
    };
    accounts.create_user(&user, None, wall.now()).await.unwrap();
    accounts.open_session(&session(at("2026-01-01T00:00:00Z"))).await.unwrap();
    let job: Arc<dyn Job> = Arc::new(Retention::new(journal.clone(), scope.clone(), wall, 10, zone).unwrap());
    let scheduler = Scheduler::new(journal.clone(), scope, Arc::clone(&clock) as Arc<dyn Clock>, vec![job]);
    let left = async || journal.observations_after(DISTRICT, "real", 0, 1000).await.unwrap();
    scheduler.tick().await.unwrap();

    journal.keep_observations(DISTRICT, "real", &readings(30)).await.unwrap();
    clock.advance_to(at("2026-01-31T19:10:00Z"));
    assert_eq!(scheduler.tick().await.unwrap().done, 1, "ten past three in the district");
    assert_eq!(left().await.len(), 30, "the rules have read nothing yet");
    let signed_in = accounts.session("hash", at("2026-01-01T01:00:00Z")).await.unwrap();
    assert!(signed_in.is_some(), "who signed in today stays signed in");

    let kept = left().await;
    read_up_to(&journal, kept[14].seq).await;
    clock.advance_to(at("2026-02-01T19:10:00Z"));
    assert_eq!(scheduler.tick().await.unwrap().done, 1);
    assert_eq!(left().await.first().unwrap().row.observed_at, at("2026-01-16T00:00:00Z"), "so far they have read");

    assert!(journal.sensing_state(DISTRICT, "real", "rules").await.unwrap().is_some());
    let state = SensingState { version: 2, seq: kept[29].seq, state: "{}".into() };
    let decision = Decision { name: "rules", state, at: clock.now(), alarms: Vec::new(), commands: Vec::new() };
    assert!(journal.decide(DISTRICT, "real", &decision).await.unwrap());
    clock.advance_to(at("2026-02-02T19:10:00Z"));
    assert_eq!(scheduler.tick().await.unwrap().done, 1);
    let young = left().await;
    assert_eq!(young.first().unwrap().row.observed_at, at("2026-01-24T00:00:00Z"), "ten days are kept");
    let runs = journal.job_runs(DISTRICT, "real", "retention", 1).await.unwrap();
    assert!(runs[0].result.starts_with("8 readings older than 10 days"), "{runs:?}");
}
