//! Observations are kept once and in order; memory, alarms and commands of a decision are written together.

use huiyin_journal::sensing::{AlarmCommand, AlarmWrite, Decision, ObservationRow, SensingState, Series};
use uuid::Uuid;

use super::store::{Store, at};

const DISTRICT: &str = "500110";

fn row(station: &str, seconds: i64, value: f64) -> ObservationRow {
    ObservationRow {
        station: station.into(),
        pollutant: "w21003".into(),
        kind: "real".into(),
        observed_at: at(seconds),
        value,
        unit: "mg/L".into(),
        flag: "N".into(),
        received_at: at(seconds + 1),
        source: "hj212".into(),
    }
}

pub(crate) async fn a_reading_is_kept_once(store: Store) {
    let journal = store.open().await;
    let rows = [row("a", 0, 0.1), row("a", 60, 5.0), row("b", 0, f64::MIN_POSITIVE)];
    assert_eq!(journal.keep_observations(DISTRICT, "real", &rows).await.unwrap(), 3);
    let again = [row("a", 0, 9.9), row("a", 120, 1e300)];
    assert_eq!(journal.keep_observations(DISTRICT, "real", &again).await.unwrap(), 1, "the first stays");
    assert_eq!(journal.keep_observations(DISTRICT, "drill-1", &rows[..1]).await.unwrap(), 1, "an exercise has its own");
    assert_eq!(journal.keep_observations(DISTRICT, "real", &[]).await.unwrap(), 0);
    let kept = journal.observations_after(DISTRICT, "real", 0, 100).await.unwrap();
    let values: Vec<f64> = kept.iter().map(|one| one.row.value).collect();
    assert_eq!(values, [0.1, 5.0, f64::MIN_POSITIVE, 1e300], "digits come back as they were");
    assert!(kept.is_sorted_by_key(|one| one.seq));
    assert_eq!(kept[0].row, rows[0]);
    let rest = journal.observations_after(DISTRICT, "real", kept[1].seq, 1).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0], kept[2]);
    let series = Series { station: "a", pollutant: "w21003", kind: "real", from: at(0), until: at(120), limit: 10 };
    let of = journal.observations_of(DISTRICT, "real", &series).await.unwrap();
    assert_eq!(of.iter().map(|one| one.row.observed_at).collect::<Vec<_>>(), [at(0), at(60)]);
    assert_eq!(journal.forget_observations(DISTRICT, "real", kept[1].seq, at(1000), 10).await.unwrap(), 2);
    assert_eq!(journal.observations_after(DISTRICT, "real", 0, 100).await.unwrap().len(), 2);
}

pub(crate) async fn writers_at_once_leave_no_gap_behind_a_reader(store: Store) {
    let journal = store.open().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let journal = journal.clone();
        writers.spawn(async move {
            for minute in 0..20 {
                let rows = [row(&format!("s{n}"), minute * 60, 1.0)];
                journal.keep_observations(DISTRICT, "real", &rows).await.unwrap();
            }
        });
    }
    let (mut seen, mut last) = (0, 0);
    while seen < 160 {
        let more = journal.observations_after(DISTRICT, "real", last, 7).await.unwrap();
        seen += more.len();
        last = more.last().map_or(last, |one| one.seq);
        tokio::task::yield_now().await;
    }
    writers.join_all().await;
    assert_eq!(journal.observations_after(DISTRICT, "real", 0, 1000).await.unwrap().len(), 160);
}

fn alarm(start: i64) -> AlarmWrite {
    AlarmWrite {
        id: Uuid::from_u128(u128::try_from(start).unwrap() + 1),
        rule: "nh3".into(),
        place: "a".into(),
        severity: "high".into(),
        started_at: at(start),
        ended_at: None,
        body: "{}".into(),
    }
}

fn decision(version: i64, alarms: Vec<AlarmWrite>, commands: Vec<AlarmCommand>) -> Decision<'static> {
    let state = SensingState { version, seq: 10 * version, state: format!("{{\"v\":{version}}}") };
    Decision { name: "rules", state, at: at(50), alarms, commands }
}

fn command(alarm: &AlarmWrite, what: &str) -> AlarmCommand {
    let id = Uuid::from_u128(alarm.id.as_u128() << 8 | u128::from(what.as_bytes()[0]));
    AlarmCommand { id, alarm: alarm.id, what: what.into(), body: "{}".into() }
}

pub(crate) async fn a_decision_is_taken_once_and_whole(store: Store) {
    let journal = store.open().await;
    assert_eq!(journal.sensing_state(DISTRICT, "real", "rules").await.unwrap(), None);
    let (one, two) = (alarm(0), alarm(100));
    let first = decision(1, vec![one.clone()], vec![command(&one, "raised")]);
    assert!(journal.decide(DISTRICT, "real", &first).await.unwrap());
    assert!(!journal.decide(DISTRICT, "real", &decision(1, vec![two.clone()], vec![])).await.unwrap(), "too late");
    assert!(!journal.decide(DISTRICT, "real", &decision(3, vec![two.clone()], vec![])).await.unwrap(), "too early");
    assert_eq!(journal.alarms(DISTRICT, "real", false, 10).await.unwrap().len(), 1);
    let state = journal.sensing_state(DISTRICT, "real", "rules").await.unwrap().unwrap();
    assert_eq!(state, first.state);

    let waiting = journal.waiting_alarm_commands(DISTRICT, "real", 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].alarm.written, one);
    let case = Uuid::from_u128(77);
    journal.settle_alarm_command(&waiting[0].command, Some(case), false, "ok", at(51)).await.unwrap();
    assert!(journal.waiting_alarm_commands(DISTRICT, "real", 10).await.unwrap().is_empty());

    let ended = AlarmWrite { ended_at: Some(at(60)), ..one.clone() };
    let second = decision(2, vec![ended.clone(), two.clone()], vec![command(&one, "raised"), command(&two, "raised")]);
    assert!(journal.decide(DISTRICT, "real", &second).await.unwrap());
    let waiting = journal.waiting_alarm_commands(DISTRICT, "real", 10).await.unwrap();
    assert_eq!(waiting.len(), 1, "the same command is not sent again");
    assert_eq!(waiting[0].command.alarm, two.id);
    let before = journal.alarm_before(DISTRICT, "real", &two).await.unwrap().unwrap();
    assert_eq!((before.written, before.case), (ended, Some(case)), "what changed keeps its incident");
    assert_eq!(journal.alarm_before(DISTRICT, "real", &one).await.unwrap(), None);
    let open = journal.alarms(DISTRICT, "real", true, 10).await.unwrap();
    assert_eq!(open.iter().map(|one| one.written.id).collect::<Vec<_>>(), [two.id]);
}
