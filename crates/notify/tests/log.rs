//! The delivery log behaves the same on SQLite and PostgreSQL.

use crate::house;

use harness::postgres::Postgres;
use house::{House, at};
use huiyin_journal::delivery::{
    AttemptOutcome, Deliveries, Delivery, DeliveryFilter, DeliveryState, Digest, DigestDue, Finish,
};
use huiyin_notify::NotifyConfig;
use huiyin_notify::notice::{delivery_id, message_id};
use huiyin_notify::templates::Templates;
use sqlx::sqlite::SqlitePoolOptions;
use uuid::Uuid;

const NOW: &str = "2026-11-27T22:00:00+08:00";

fn delivery(n: u128, state: DeliveryState, urgent: bool) -> Delivery {
    let case = Uuid::from_u128(n);
    let id = delivery_id(case, "s1/0", "mail", "li");
    Delivery {
        id,
        district: "500110".into(),
        timeline: "real".into(),
        case: Some(case),
        case_number: format!("XF-20261123-{n:06}"),
        effect_key: "s1/0".into(),
        channel: "mail".into(),
        recipient: "li".into(),
        recipient_name: "李督办".into(),
        address: "li@example.org".into(),
        template: "clock-notice".into(),
        clock: None,
        rung: None,
        urgent,
        notice: "{}".into(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        message_id: message_id(id, "example.org"),
        state,
        hold_until: (state == DeliveryState::Held).then(|| at(NOW)),
        next_at: at(NOW),
        attempts: 0,
        last_result: None,
        digest: None,
        created_at: at(NOW),
        updated_at: at(NOW),
    }
}

async fn suite(log: Deliveries) {
    writes_once(&log).await;
    claims_under_a_lease(&log).await;
    counts_attempts(&log).await;
    one_digest_a_day(&log).await;
    filters(&log).await;
    whole_way(log).await;
}

async fn writes_once(log: &Deliveries) {
    let row = delivery(1, DeliveryState::Queued, false);
    assert_eq!(log.insert(std::slice::from_ref(&row)).await.unwrap(), 1);
    assert_eq!(log.insert(&[Delivery { recipient_name: "其他".into(), ..row.clone() }]).await.unwrap(), 0);
    assert_eq!(log.get(row.id).await.unwrap().unwrap().0, row, "what was read is what was written");
}

async fn claims_under_a_lease(log: &Deliveries) {
    let urgent = delivery(2, DeliveryState::Queued, true);
    log.insert(std::slice::from_ref(&urgent)).await.unwrap();
    let lease = at(NOW) + chrono::Duration::minutes(5);
    let claimed = log.claim_due(at(NOW), lease, 10).await.unwrap();
    assert_eq!(claimed.iter().map(|d| d.urgent).collect::<Vec<_>>(), [true, false]);
    assert!(log.claim_due(at(NOW), lease, 10).await.unwrap().is_empty());
    assert_eq!(log.claim_due(lease, lease, 10).await.unwrap().len(), 2);
    assert_eq!(log.next_wake().await.unwrap(), Some(at(NOW)));
}

async fn counts_attempts(log: &Deliveries) {
    let id = delivery(2, DeliveryState::Queued, true).id;
    let later = at(NOW) + chrono::Duration::minutes(1);
    assert_eq!(log.begin_attempt(id, "li@example.org", "relay:25", at(NOW)).await.unwrap(), Some(1));
    let retry = Finish::Retry(later);
    log.finish_attempt(id, 1, AttemptOutcome::Transient, "451 later", &retry, at(NOW)).await.unwrap();
    assert_eq!(log.begin_attempt(id, "li@example.org", "relay:25", later).await.unwrap(), Some(2));
    let sent = Finish::Settled(DeliveryState::Sent);
    log.finish_attempt(id, 2, AttemptOutcome::Accepted, "250 ok", &sent, later).await.unwrap();
    assert_eq!(log.begin_attempt(id, "li@example.org", "relay:25", later).await.unwrap(), None, "it is settled");
    assert_eq!(log.attempts_since(at(NOW)).await.unwrap(), 2);
    assert_eq!(log.attempts_to_since("li@example.org", later).await.unwrap(), 1);
    let (row, attempts) = log.get(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.last_result.as_deref()), (DeliveryState::Sent, 2, Some("250 ok")));
    assert_eq!(
        attempts.iter().map(|a| a.outcome).collect::<Vec<_>>(),
        [AttemptOutcome::Transient, AttemptOutcome::Accepted]
    );
}

async fn one_digest_a_day(log: &Deliveries) {
    let rows: Vec<_> = (10..13).map(|n| delivery(n, DeliveryState::Held, false)).collect();
    log.insert(&rows).await.unwrap();
    let due = log.due_digests(at(NOW), 10).await.unwrap();
    assert_eq!(due, [DigestDue { district: "500110".into(), timeline: "real".into(), recipient: "li".into() }]);
    assert_eq!(log.held(&due[0], at(NOW), 10).await.unwrap().len(), 3);
    let carrier =
        Delivery { case: None, effect_key: "digest/2026-11-30".into(), ..delivery(99, DeliveryState::Queued, false) };
    let (first, last) = ([rows[0].id, rows[1].id], [rows[2].id]);
    let digest = |notices| Digest { carrier: &carrier, day: "2026-11-30", notices };
    assert!(log.compose_digest(&digest(&first), at(NOW)).await.unwrap());
    assert!(!log.compose_digest(&digest(&last), at(NOW)).await.unwrap(), "the day has its digest");
    assert_eq!(log.members(carrier.id).await.unwrap().len(), 2);
    log.hold(rows[2].id, at("2026-12-01T09:00:00+08:00"), at(NOW)).await.unwrap();
    assert!(log.due_digests(at(NOW), 10).await.unwrap().is_empty());
    log.settle_members(carrier.id, DeliveryState::Sent, "with the digest", at(NOW)).await.unwrap();
    assert!(log.members(carrier.id).await.unwrap().iter().all(|row| row.state == DeliveryState::Sent));
}

async fn filters(log: &Deliveries) {
    let filter = |case, state| DeliveryFilter {
        case,
        state,
        limit: 2,
        district: Some("500110".into()),
        ..DeliveryFilter::default()
    };
    assert_eq!(log.list(&filter(None, None)).await.unwrap().0, 6);
    assert_eq!(log.list(&filter(None, None)).await.unwrap().1.len(), 2);
    assert_eq!(log.list(&filter(None, Some(DeliveryState::Held))).await.unwrap().0, 1);
    assert_eq!(log.list(&filter(Some(Uuid::from_u128(1)), None)).await.unwrap().0, 1);
    assert_eq!(log.list(&filter(Some(Uuid::from_u128(1)), Some(DeliveryState::Failed))).await.unwrap().0, 0);
    assert_eq!(log.count("500110", "real", DeliveryState::Sent).await.unwrap(), 3);
    let id = delivery(1, DeliveryState::Queued, false).id;
    log.defer(id, at("2027-01-01T00:00:00Z"), "later", at(NOW)).await.unwrap();
    log.settle(id, DeliveryState::Suppressed, "answered", at(NOW)).await.unwrap();
    log.settle(id, DeliveryState::Failed, "too late", at(NOW)).await.unwrap();
    let (row, _) = log.get(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.last_result.as_deref()), (DeliveryState::Suppressed, Some("answered")), "settled once");
}

async fn whole_way(log: Deliveries) {
    let house = House::on(log, NotifyConfig::default(), NOW, Templates::built_in().unwrap());
    for n in 101..=103 {
        house.notify(house.case(n, false), n == 101);
    }
    house.after(0).await;
    assert_eq!(house.count(DeliveryState::Local).await, 1);
    // the digest of that day is already there: these come with the next, and the unreadable one in it holds up none
    house.until("2026-11-30T09:00:00+08:00").await;
    assert_eq!(house.count(DeliveryState::Local).await, 1);
    house.until("2026-12-01T09:00:00+08:00").await;
    assert_eq!(house.count(DeliveryState::Failed).await, 1);
    let digests = house.deliveries().await.into_iter().filter(|d| d.case.is_none() && d.state == DeliveryState::Local);
    assert_eq!(digests.count(), 1);
}

#[tokio::test]
async fn on_sqlite() {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/sqlite/0002_delivery.sql")).execute(&pool).await.unwrap();
    suite(Deliveries::Sqlite { write: pool.clone(), read: pool }).await;
}

#[tokio::test]
async fn on_postgres() {
    let server = Postgres::start();
    let pool = sqlx::PgPool::connect(&server.database("deliveries")).await.unwrap();
    sqlx::raw_sql(include_str!("../../../migrations/postgres/0002_delivery.sql")).execute(&pool).await.unwrap();
    suite(Deliveries::Postgres(pool)).await;
}
