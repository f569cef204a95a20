//! What the tests of this crate put in place of the rest of the house: an outbox, cases, people and a clock in memory,
//! and the delivery log on a real database.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "shared by several test programs")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin_journal::delivery::{Deliveries, Delivery, DeliveryFilter, DeliveryState};
use huiyin_notify::adapters::FixedHours;
use huiyin_notify::notice::{Instant, REAL};
use huiyin_notify::notifier::Seams;
use huiyin_notify::seams::{Cases, Claimed, Clock, EffectSource, Later, People, Unavailable};
use huiyin_notify::templates::Templates;
use huiyin_notify::{CaseNow, ClockNow, Contact, Notice, Notifier, NotifyConfig, RungRef};
use sqlx::sqlite::SqlitePoolOptions;
use uuid::Uuid;

/// The words that no mail may ever carry.
pub const SECRETS: [&str; 4] = ["张三丰", "13987654321", "50011019900101123X", "半夜偷排黑水"];

/// An instant.
pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Everything around the notifier.
#[derive(Default)]
pub struct World {
    /// Now.
    pub now: Instant,
    /// Effects not yet taken in, with the instant before which they are not given out.
    pub outbox: Vec<(Claimed, Instant)>,
    /// Effects given up.
    pub failed: Vec<(i64, String)>,
    /// Effects ever written.
    pub effects: i64,
    /// Cases.
    pub cases: BTreeMap<Uuid, CaseNow>,
    /// Party → people.
    pub people: BTreeMap<String, Vec<Contact>>,
    /// The store of cases does not answer.
    pub cases_down: bool,
}

/// The world and the notifier in it.
pub struct House {
    /// World.
    pub world: Arc<Shared>,
    /// Delivery log.
    pub log: Deliveries,
    /// Under test.
    pub notifier: Notifier,
}

/// The world behind a lock.
pub struct Shared(pub Mutex<World>);

impl House {
    /// A house at `now` with one case and one supervisor, on SQLite in memory.
    pub async fn new(config: NotifyConfig, now: &str) -> Self {
        Self::with_templates(config, now, Templates::built_in().unwrap()).await
    }

    /// The same with these templates.
    pub async fn with_templates(config: NotifyConfig, now: &str, templates: Templates) -> Self {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql(include_str!("../../../../migrations/sqlite/0002_delivery.sql")).execute(&pool).await.unwrap();
        Self::on(Deliveries::Sqlite { write: pool.clone(), read: pool }, config, now, templates)
    }

    /// The same on this delivery log.
    pub fn on(log: Deliveries, config: NotifyConfig, now: &str, templates: Templates) -> Self {
        let world = Arc::new(Shared(Mutex::new(World { now: at(now), ..World::default() })));
        let notifier = Notifier::new(
            NotifyConfig { console_url: "https://huiyin.example".into(), ..config },
            templates,
            log.clone(),
            Seams {
                outbox: world.clone(),
                cases: world.clone(),
                people: world.clone(),
                hours: Arc::new(FixedHours::weekdays()),
                clock: world.clone(),
            },
        )
        .unwrap();
        let house = Self { world, log, notifier };
        house.person("role:supervisor", "li", "李督办", Some("li@example.org"));
        house
    }

    /// Changes the world.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.0.lock().unwrap());
    }

    /// Somebody behind a party.
    pub fn person(&self, party: &str, id: &str, name: &str, mail: Option<&str>) {
        let contact = Contact { id: id.into(), name: name.into(), mail: mail.map(Into::into) };
        self.change(|world| world.people.entry(party.into()).or_default().push(contact));
    }

    /// A case with one running clock of that many hours or days.
    pub fn case(&self, n: u128, hours: bool) -> Uuid {
        let id = Uuid::from_u128(n);
        let case = CaseNow {
            id,
            district: "500110".into(),
            number: format!("XF-20261123-{n:06}"),
            district_name: "綦江区".into(),
            workflow_title: "信访投诉".into(),
            category: "水污染".into(),
            place_town: "古南街道".into(),
            unit_name: "水生态环境科".into(),
            owners: vec!["unit:water".into()],
            excluded: Vec::new(),
            closed_at: None,
            stands: Vec::new(),
            clocks: vec![ClockNow {
                name: "reply".into(),
                run: 1,
                title: "办理答复".into(),
                open: true,
                paused: false,
                due_at: Some(at("2026-12-01T15:59:59Z")),
                provisional: false,
                due_version: 1,
                basis: "信访工作条例 第三十四条".into(),
                hours,
            }],
        };
        self.change(|world| {
            world.cases.insert(id, case);
        });
        id
    }

    /// A notice of a rung of that case to the supervisors.
    pub fn notify(&self, case: Uuid, urgent: bool) {
        self.notify_on(REAL, case, urgent, "clock-notice");
    }

    /// The same on a timeline, with a template.
    pub fn notify_on(&self, timeline: &str, case: Uuid, urgent: bool, template: &str) {
        let notice = Notice {
            key: "reply/1/0/1/0".into(),
            to: vec!["role:supervisor".into()],
            template: template.into(),
            urgent,
            rung: Some(RungRef {
                clock: "reply".into(),
                run: 1,
                at: "due - 3 working days".into(),
                words: "到期前 3 个工作日".into(),
                due_version: 1,
                due_at: Some(at("2026-12-01T15:59:59Z")),
                ended: false,
            }),
            owner: Some("unit:water".into()),
        };
        self.effect(timeline, case, Ok(notice));
    }

    /// Any effect.
    pub fn effect(&self, timeline: &str, case: Uuid, notice: Result<Notice, String>) {
        self.change(|world| {
            let claimed = Claimed {
                row: world.effects,
                district: "500110".into(),
                timeline: timeline.into(),
                case,
                created_at: world.now,
                taken: 0,
                notice,
            };
            world.effects += 1;
            let now = world.now;
            world.outbox.push((claimed, now));
        });
    }

    /// Goes on by that many seconds and does one round.
    pub async fn after(&self, seconds: u64) {
        self.change(|world| world.now += Duration::from_secs(seconds));
        self.notifier.tick().await.unwrap();
    }

    /// Goes to that instant and does one round.
    pub async fn until(&self, instant: &str) {
        self.change(|world| world.now = at(instant));
        self.notifier.tick().await.unwrap();
    }

    /// The whole delivery log, oldest first.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        let (_, mut rows) = self.log.list(&DeliveryFilter { limit: 500, ..DeliveryFilter::default() }).await.unwrap();
        rows.reverse();
        rows
    }

    /// How many deliveries stand in a state.
    pub async fn count(&self, state: DeliveryState) -> usize {
        self.deliveries().await.iter().filter(|d| d.state == state).count()
    }
}

impl EffectSource for Shared {
    fn claim(&self, n: u32, now: Instant, lease_until: Instant) -> Later<'_, Result<Vec<Claimed>, Unavailable>> {
        let mut world = self.0.lock().unwrap();
        let mut taken = Vec::new();
        for (claimed, not_before) in &mut world.outbox {
            if taken.len() < n as usize && *not_before <= now {
                *not_before = lease_until;
                claimed.taken += 1;
                taken.push(claimed.clone());
            }
        }
        Box::pin(async move { Ok(taken) })
    }

    fn done<'a>(&'a self, effect: &'a Claimed) -> Later<'a, Result<(), Unavailable>> {
        self.0.lock().unwrap().outbox.retain(|(claimed, _)| claimed.row != effect.row);
        Box::pin(async { Ok(()) })
    }

    fn retry_at<'a>(&'a self, effect: &'a Claimed, at: Instant, _why: &'a str) -> Later<'a, Result<(), Unavailable>> {
        for (claimed, not_before) in &mut self.0.lock().unwrap().outbox {
            if claimed.row == effect.row {
                *not_before = at;
            }
        }
        Box::pin(async { Ok(()) })
    }

    fn fail<'a>(&'a self, effect: &'a Claimed, why: &'a str) -> Later<'a, Result<(), Unavailable>> {
        let mut world = self.0.lock().unwrap();
        world.outbox.retain(|(claimed, _)| claimed.row != effect.row);
        world.failed.push((effect.row, why.to_owned()));
        Box::pin(async { Ok(()) })
    }
}

impl Cases for Shared {
    fn case<'a>(&'a self, _: &'a str, case: Uuid, _: Instant) -> Later<'a, Result<Option<CaseNow>, Unavailable>> {
        let world = self.0.lock().unwrap();
        let answer = if world.cases_down {
            Err(Unavailable("the store of cases does not answer".into()))
        } else {
            Ok(world.cases.get(&case).cloned())
        };
        Box::pin(async move { answer })
    }
}

impl People for Shared {
    fn recipients(&self, to: &[String], _: Option<&str>, _: &CaseNow, _: Instant) -> Vec<Contact> {
        let world = self.0.lock().unwrap();
        to.iter().filter_map(|party| world.people.get(party)).flatten().cloned().collect()
    }
}

impl Clock for Shared {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, _: Duration) -> Later<'_, ()> {
        Box::pin(tokio::task::yield_now())
    }
}
