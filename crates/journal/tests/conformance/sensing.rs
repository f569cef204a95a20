//! Observations are kept once and in order; memory, alarms and commands of a decision are written together; charts and
//! the alarm log read them back.

use huiyin_journal::sensing::{
    AlarmCommand, AlarmQuery, AlarmWrite, Decision, ObservationRow, SensingState, Series, SettledCommand, Span,
};
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

pub(crate) async fn a_long_series_keeps_its_extremes_in_few_points(store: Store) {
    let journal = store.open().await;
    let mut rows: Vec<ObservationRow> = (0..1000).map(|n| row("a", n * 60, f64::from(n as i32 % 7))).collect();
    rows[501].value = 99.0;
    rows[502].flag = "D".into();
    rows[502].value = -1.0;
    rows.push(row("b", 30, 4.5));
    journal.keep_observations(DISTRICT, "real", &rows).await.unwrap();
    let span = Span { station: "a", pollutant: "w21003", kind: "real", from: at(0), until: at(60_000) };
    assert_eq!(journal.observation_count(DISTRICT, "real", &span).await.unwrap(), 1000);
    assert_eq!(journal.observation_count(DISTRICT, "drill-1", &span).await.unwrap(), 0);
    let buckets = journal.observation_buckets(DISTRICT, "real", &span, 10).await.unwrap();
    assert_eq!(buckets.len(), 11, "ten parts, and the faulty one beside them: {buckets:?}");
    assert_eq!(buckets.iter().map(|one| one.count).sum::<u64>(), 1000);
    let peak = buckets.iter().find(|one| one.high > 90.0).unwrap();
    assert_eq!((peak.flag.as_str(), peak.low, peak.high), ("N", 0.0, 99.0));
    let faulty = buckets.iter().find(|one| one.flag == "D").unwrap();
    assert_eq!((faulty.low, faulty.count, faulty.first, faulty.last), (-1.0, 1, at(502 * 60), at(502 * 60)));
    for bucket in &buckets {
        assert!(span.begin_of(10, bucket.index) <= bucket.first && bucket.first <= bucket.last);
        assert!(bucket.last < span.begin_of(10, bucket.index + 1) && bucket.index < 10);
    }
    let asked = [("a", "w21003"), ("b", "w21003"), ("c", "w21003")];
    let mut newest = journal.newest_observations(DISTRICT, "real", &asked).await.unwrap();
    newest.sort_by(|one, other| one.station.cmp(&other.station));
    assert_eq!(newest, [rows[999].clone(), rows[1000].clone()], "what was never heard is not there");
}

pub(crate) async fn the_alarm_log_says_what_became_of_each_alarm(store: Store) {
    let journal = store.open().await;
    let (one, two) = (alarm(0), AlarmWrite { place: "b".into(), ..alarm(100) });
    let commands = vec![command(&one, "raised"), command(&two, "raised")];
    assert!(journal.decide(DISTRICT, "real", &decision(1, vec![one.clone(), two.clone()], commands)).await.unwrap());
    let waiting = journal.waiting_alarm_commands(DISTRICT, "real", 10).await.unwrap();
    let case = Uuid::from_u128(77);
    journal.settle_alarm_command(&waiting[0].command, Some(case), false, "IN-1", at(51)).await.unwrap();
    journal.settle_alarm_command(&waiting[1].command, None, true, "no such form", at(52)).await.unwrap();
    let ended = AlarmWrite { ended_at: Some(at(60)), ..one.clone() };
    let told = vec![command(&one, "cleared")];
    assert!(journal.decide(DISTRICT, "real", &decision(2, vec![ended], told)).await.unwrap());

    let log = async |query: AlarmQuery| {
        let log = journal.alarm_log(DISTRICT, "real", &AlarmQuery { limit: 10, ..query }).await.unwrap();
        log.into_iter().map(|one| (one.alarm.written.id, one.commands)).collect::<Vec<_>>()
    };
    let all = log(AlarmQuery::default()).await;
    assert_eq!(all.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [two.id, one.id], "newest first");
    let said = |commands: &[SettledCommand]| {
        commands.iter().map(|one| format!("{} {} {}", one.what, one.state, one.answer)).collect::<Vec<_>>()
    };
    assert_eq!(said(&all[0].1), ["raised refused no such form"]);
    assert_eq!(said(&all[1].1), ["raised done IN-1", "cleared waiting "], "in their order");
    assert_eq!(all[1].1[0].done_at, Some(at(51)));
    let ids = |log: Vec<(Uuid, Vec<SettledCommand>)>| log.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(log(AlarmQuery { open: Some(true), ..AlarmQuery::default() }).await), [two.id]);
    assert_eq!(ids(log(AlarmQuery { open: Some(false), ..AlarmQuery::default() }).await), [one.id]);
    assert_eq!(ids(log(AlarmQuery { place: Some("a".into()), ..AlarmQuery::default() }).await), [one.id]);
    assert_eq!(ids(log(AlarmQuery { refused: true, ..AlarmQuery::default() }).await), [two.id]);
    assert_eq!(ids(log(AlarmQuery { offset: 1, ..AlarmQuery::default() }).await), [one.id]);
    assert!(
        journal
            .alarm_log(DISTRICT, "drill-1", &AlarmQuery { limit: 10, ..AlarmQuery::default() })
            .await
            .unwrap()
            .is_empty()
    );
}
