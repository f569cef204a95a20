//! The supervision report and the alarms arrive at a real SMTP server, once, with one Message-ID a reader, and carry nobody.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::smtp::{Mail, SmtpServer, Tls};
use huiyin_assurance::{Desk, Scope};
use huiyin_bus::InProcess;
use huiyin_calendar::YearFile;
use huiyin_directory::Directory;
use huiyin_engine::{
    Actor, ActorKind, Answer, CalendarSource, Clock, Command, Config, DirectorySource, Driver, ManualClock, Registry,
    Target,
};
use huiyin_journal::read::CaseFilter;
use huiyin_journal::{Instant, OpenOptions};
use huiyin_notify::notifier::Seams;
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig, Relay, RelayTls, SmtpConfig};
use huiyin_scheduler::{
    AlarmWatch, Every, Job, PlanCoverage, PlanReview, Planned, Scheduler, Submit, SupervisionReport,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What no mail may carry.
const SECRETS: [&str; 4] = ["张三丰", "13883001234", "作坊", "污水"];

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn registry() -> (Arc<Registry>, Arc<Directory>) {
    let load = |source: &DirectorySource| Directory::load("", &|file| source.get(file).cloned());
    let files = huiyin_directory::FILES.iter();
    let source: DirectorySource =
        files.map(|file| ((*file).to_owned(), read(&format!("districts/qijiang/{file}")))).collect();
    let directory = Arc::new(load(&source).unwrap());
    let registry = Arc::new(Registry::new(|source| {
        let loaded = Directory::load("", &|file| source.get(file).cloned()).map_err(|problems| problems.to_string())?;
        Ok(Arc::new(loaded) as Arc<dyn huiyin_chart::Directory>)
    }));
    let name = "calendars/2026.json";
    let years = vec![YearFile::parse(name, &read(name)).unwrap()];
    let calendar = CalendarSource { zone_seconds: 8 * 3600, hours: directory.district().hours_text(), years };
    registry.set_district("500110", &source, &calendar).unwrap();
    for file in [
        "petition.yaml",
        "co-handling.yaml",
        "enforcement.yaml",
        "review.yaml",
        "response-plan.yaml",
        "plan-coverage.yaml",
    ] {
        let beside = |other: &str| std::fs::read_to_string(root().join(other)).ok();
        let definition = huiyin_chart::load(file, &read(file), &beside).unwrap_or_else(|e| panic!("{e}"));
        registry.add_definition(Arc::new(definition)).unwrap();
    }
    (registry, directory)
}

fn smtp(server: &SmtpServer) -> NotifyConfig {
    let relay = Relay {
        host: "127.0.0.1".into(),
        port: server.port(),
        tls: RelayTls::None,
        ca_file: None,
        user: None,
        password: None,
    };
    NotifyConfig {
        console_url: "https://huiyin.example".into(),
        smtp: Some(SmtpConfig {
            relays: vec![relay],
            from: "huiyin@example.org".into(),
            from_name: "綦江区生态环境局".into(),
            reply_to: None,
            message_id_domain: None,
            hello: Some("huiyin.example.org".into()),
            connect_timeout: 5,
            send_timeout: 5,
            pool: 2,
        }),
        ..NotifyConfig::default()
    }
}

/// A house of its own, driven by hand.
struct House {
    driver: Arc<Driver>,
    clock: Arc<ManualClock>,
    notifier: Notifier,
    desk: Arc<Desk>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new(start: &str, server: &SmtpServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
        let journal = OpenOptions::new(url, folder.path(), at(start)).open().await.unwrap();
        let clock = Arc::new(ManualClock::new(at(start)));
        let (registry, directory) = registry();
        let config = Config { seed: Some(7), ..Config::default() };
        let (bus, time) = (Arc::new(InProcess::default()), Arc::clone(&clock));
        let driver = Arc::new(Driver::open(journal.clone(), Arc::clone(&registry), time, bus, config).await.unwrap());
        let current: Arc<dyn Fn() -> Arc<Directory> + Send + Sync> = Arc::new(move || Arc::clone(&directory));
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let seams = Seams::of_house(&journal, &registry, Arc::clone(&current), time);
        let templates = Templates::built_in().unwrap();
        let notifier = Notifier::new(smtp(server), templates, journal.deliveries(), seams).unwrap();
        let scope = Scope { district: "500110".into(), timeline: "real".into() };
        let desk = Arc::new(Desk::new(journal, registry, current, scope));
        Self { driver, clock, notifier, desk, _folder: folder }
    }

    async fn complaint(&self, n: u128) -> Uuid {
        let data = json!({"received_at": self.clock.now().to_rfc3339(), "channel": "phone", "petitioner": "named",
            "petitioner_name": "张三丰", "phone": "13883001234", "title": "蒲河河水发黑",
            "content": "蒲河边的作坊夜间向河里排放污水", "category": "water", "place": "石角镇"});
        let target = Target::Open { workflow: "petition".into(), data, parent: None };
        self.command(n, target, &["operator"], &["petition-office"]).await
    }

    /// Carries out what a person of these roles and units asks for; gives the case.
    async fn command(&self, n: u128, target: Target, roles: &[&str], units: &[&str]) -> Uuid {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let command = Command {
            id: Uuid::from_u128(n),
            district: "500110".into(),
            timeline: "real".into(),
            target,
            actor: Actor {
                id: roles.join("-"),
                kind: ActorKind::Person,
                roles: words(roles),
                units: words(units),
                heads: Vec::new(),
            },
        };
        match self.driver.submit(command).await.unwrap() {
            Answer::Accepted(accepted) => accepted.case,
            other => panic!("{other:?}"),
        }
    }

    fn scheduler(&self) -> Scheduler {
        let report = |every| SupervisionReport::new(every, Arc::clone(&self.desk), self.notifier.clone()).unwrap();
        let jobs: Vec<Arc<dyn Job>> = vec![Arc::new(report(Every::Month)), Arc::new(report(Every::Week))];
        let (journal, scope) = (self.desk.journal().clone(), self.desk.scope().clone());
        let alarms = AlarmWatch::new(Arc::clone(&self.desk), self.notifier.clone(), None, true);
        Scheduler::new(journal, scope, Arc::clone(&self.clock) as Arc<dyn Clock>, jobs).watching(alarms)
    }

    async fn until(&self, time: &str) {
        self.driver.run_until(at(time)).await.unwrap();
        self.clock.advance_to(at(time));
    }
}

/// A plan that has everything that a review asks for.
fn plan_of(title: &str, source: &str) -> Value {
    let required = [
        "purpose",
        "basis",
        "area",
        "levels",
        "command",
        "groups",
        "judgement",
        "alert",
        "reporting",
        "monitoring",
        "cutoff",
        "onsite",
        "supply",
        "end",
        "aftermath",
        "drills",
        "risks",
        "zones",
    ];
    let sections: Vec<Value> = required.iter().map(|id| json!({"id": id, "text": "已写", "rev": 0})).collect();
    json!({"title": title, "source": source, "unit": "water-section", "sections": sections,
        "contacts": [{"unit": "区水利局", "duty": "停止取水", "phone": "023-00000000"}],
        "materials": [{"name": "活性炭", "amount": "1 吨", "place": "水厂"}],
        "tasks": [{"key": "close", "unit": "water-resources", "task": "停止取水", "before_minutes": 60}]})
}

/// Mails whose subject has these words: to whom, Message-ID, text.
fn told(mails: &[Mail], words: &str) -> Vec<(String, String, String)> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for mail in mails {
        let parsed = mail.parsed();
        if parsed["subject"].as_str().unwrap().contains(words) {
            let text = |name: &str| parsed[name].as_str().unwrap().to_owned();
            for body in [text("text"), text("html")] {
                assert!(SECRETS.iter().all(|secret| !body.contains(secret)), "{body}");
            }
            found.push((mail.to.join(","), text("message_id"), text("text")));
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_monthly_report_arrives_once_at_supervisors_and_leaders() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new("2026-11-03T01:00:00Z", &server).await;
    house.scheduler().tick().await.unwrap();
    // Nobody acts: the duty desk takes it over, and the reply is due in December.
    house.complaint(1).await;
    house.until("2026-12-01T00:30:00Z").await;
    // Two processes look at the same moment.
    let (a, b) = (house.scheduler(), house.scheduler());
    let (a, b) = tokio::join!(a.tick(), b.tick());
    assert_eq!(a.unwrap().done + b.unwrap().done, 2, "one monthly and one weekly report");
    house.notifier.tick().await.unwrap();
    assert!(told(&server.mails(), "督办").is_empty(), "the office is closed until nine");
    house.until("2026-12-01T01:00:00Z").await;
    house.notifier.tick().await.unwrap();
    let monthly = told(&server.mails(), "2026年11月督办月报");
    let to: Vec<&str> = monthly.iter().map(|(to, ..)| to.as_str()).collect();
    let readers = [
        "deputy.wu@qijiang.example.invalid",
        "head.zhou@qijiang.example.invalid",
        "supervisor.zheng@qijiang.example.invalid",
    ];
    assert_eq!(to, readers);
    let text = &monthly[0].2;
    for words in [
        "2026-11-01 – 2026-11-30",
        "交办率",
        "100.00 %",
        "https://huiyin.example/assurance",
        "supervision report of November 2026",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("其中值班室兜底 of these by the duty desk：1"), "{text}");
    assert_eq!(told(&server.mails(), "督办周报").len(), 3);
    // Again and again: nothing new.
    for time in ["2026-12-01T02:00:00Z", "2026-12-02T02:00:00Z"] {
        house.until(time).await;
        house.scheduler().tick().await.unwrap();
        house.notifier.tick().await.unwrap();
    }
    let again = told(&server.mails(), "督办月报");
    assert_eq!(again.len(), 3);
    let mut ids: Vec<&String> = again.iter().map(|(_, id, _)| id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "one Message-ID a reader");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_mailed_once_for_each_occurrence() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new("2026-11-03T01:00:00Z", &server).await;
    let case = house.complaint(1).await;
    let scheduler = house.scheduler();
    let look = async || {
        scheduler.tick().await.unwrap();
        house.notifier.tick().await.unwrap();
        told(&server.mails(), "系统告警").len()
    };
    assert_eq!(look().await, 0, "a sound house");
    house.desk.journal().lose_timers(case).await.unwrap();
    house.clock.advance_to(at("2026-11-03T01:02:00Z"));
    assert_eq!(look().await, 1);
    house.clock.advance_to(at("2026-11-03T01:04:00Z"));
    assert_eq!(look().await, 1, "told once");
    let alarm = &told(&server.mails(), "系统告警")[0];
    assert_eq!(alarm.0, "admin.yu@qijiang.example.invalid");
    assert!(alarm.2.contains("clocks run without a timer"), "{}", alarm.2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_review_of_plans_names_sources_without_one_and_what_falls_due() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new("2026-11-03T01:00:00Z", &server).await;
    let source = |id: &str, zh: &str, en: &str| Planned { id: id.into(), zh: zh.into(), en: en.into() };
    let sources =
        vec![source("DW02", "玉荷塘水库", "Yuhetang Reservoir"), source("DW03", "香樟沟山坪塘", "Xiangzhanggou Pond")];
    let review = PlanReview::new(Arc::clone(&house.desk), house.notifier.clone(), sources).unwrap();
    let (journal, scope) = (house.desk.journal().clone(), house.desk.scope().clone());
    let jobs: Vec<Arc<dyn Job>> = vec![Arc::new(review)];
    let scheduler = Scheduler::new(journal, scope, Arc::clone(&house.clock) as Arc<dyn Clock>, jobs);
    scheduler.tick().await.unwrap();

    let unit = ["water-section"];
    let open = |title: &str, source: &str| Target::Open {
        workflow: "response-plan".into(),
        data: plan_of(title, source),
        parent: None,
    };
    let plan = house.command(1, open("玉荷塘水库预案", "DW02"), &["emergency"], &unit).await;
    house.command(2, open("香樟沟山坪塘预案", "DW03"), &["emergency"], &unit).await;
    let steps = [
        ("submit", json!({"note": "编制完成"})),
        ("review.passed", json!({"reviewed_on": "2026-11-03", "opinion": "同意通过"})),
        ("approve", json!({})),
        ("file", json!({"filed_on": "2026-11-03", "filed_with": "区应急管理局"})),
        ("publish", json!({})),
    ];
    for (n, (event, data)) in (3..).zip(steps) {
        let target = Target::Event { case: plan, event: event.into(), data };
        house.command(n, target, &["emergency", "bureau-head"], &unit).await;
    }

    house.until("2026-12-01T01:00:00Z").await;
    scheduler.tick().await.unwrap();
    house.notifier.tick().await.unwrap();
    let mails = told(&server.mails(), "2026年12月预案与演练审查");
    let mut to: Vec<&str> = mails.iter().map(|(to, ..)| to.as_str()).collect();
    to.dedup();
    assert!(!to.is_empty() && to.len() == mails.len(), "one mail a reader: {to:?}");
    let text = &mails[0].2;
    assert!(text.contains("有施行预案的水源 sources with a plan in force：1 / 2"), "{text}");
    assert!(text.contains("no plan: Xiangzhanggou Pond：DW03") && !text.contains("no plan: Yuhetang"), "{text}");
    // 90 days for drawing up, from 3 November; the yearly drill of the other is further away.
    assert!(text.contains("due within three months: ") && text.contains("香樟沟山坪塘预案：2027-02-01"), "{text}");
    assert!(!text.contains("玉荷塘水库预案："), "{text}");
    scheduler.tick().await.unwrap();
    house.notifier.tick().await.unwrap();
    assert_eq!(told(&server.mails(), "预案与演练审查").len(), mails.len(), "once");
}

#[tokio::test]
async fn sources_without_a_plan_have_an_owner_and_a_clock_until_each_has_one() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new("2026-11-03T00:00:00Z", &server).await;
    let source = |id: &str, zh: &str| Planned { id: id.into(), zh: zh.into(), en: zh.into() };
    let sources = vec![source("DW02", "玉荷塘水库"), source("DW03", "香樟沟山坪塘")];
    let driver = Arc::clone(&house.driver);
    let submit: Submit = Arc::new(move |command| {
        let driver = Arc::clone(&driver);
        Box::pin(async move { driver.submit(command).await })
    });
    let job = PlanCoverage::new(Arc::clone(&house.desk), submit, sources).unwrap();
    let (journal, scope) = (house.desk.journal().clone(), house.desk.scope().clone());
    let scheduler =
        Scheduler::new(journal.clone(), scope, Arc::clone(&house.clock) as Arc<dyn Clock>, vec![Arc::new(job)]);
    let cases = async || {
        let filter = CaseFilter {
            district: "500110".into(),
            timeline: "real".into(),
            workflow: Some("plan-coverage".into()),
            limit: 10,
            ..CaseFilter::default()
        };
        journal.case_records(&filter, house.clock.now(), Uuid::nil()).await.unwrap()
    };
    let missing = async || {
        let state = journal.case_state(&cases().await[0], false).await.unwrap();
        state["data"]["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    scheduler.tick().await.unwrap();
    house.until("2026-11-03T00:30:00Z").await;
    scheduler.tick().await.unwrap();
    let found = cases().await;
    assert_eq!(found.len(), 1, "one case for all of them");
    assert_eq!((found[0].owner.as_deref(), found[0].due_clock.as_deref()), (Some("role:emergency"), Some("coverage")));
    assert_eq!(missing().await, ["DW02 玉荷塘水库", "DW03 香樟沟山坪塘"]);
    scheduler.tick().await.unwrap();
    assert_eq!(
        (cases().await.len(), cases().await[0].seq),
        (1, found[0].seq),
        "looked at again, nothing is told twice"
    );

    let unit = ["water-section"];
    for (n, id) in [(10, "DW02"), (20, "DW03")] {
        let target =
            Target::Open { workflow: "response-plan".into(), data: plan_of(&format!("{id} 预案"), id), parent: None };
        let plan = house.command(n, target, &["emergency"], &unit).await;
        let steps = [
            ("submit", json!({"note": "编制完成"})),
            ("review.passed", json!({"reviewed_on": "2026-11-03", "opinion": "同意通过"})),
            ("approve", json!({})),
            ("file", json!({"filed_on": "2026-11-03", "filed_with": "区应急管理局"})),
            ("publish", json!({})),
        ];
        for (m, (event, data)) in (1..).zip(steps) {
            let target = Target::Event { case: plan, event: event.into(), data };
            house.command(n + m, target, &["emergency", "bureau-head"], &unit).await;
        }
        house.until(if n == 10 { "2026-11-04T00:30:00Z" } else { "2026-11-05T00:30:00Z" }).await;
        scheduler.tick().await.unwrap();
        if n == 10 {
            assert_eq!(missing().await, ["DW03 香樟沟山坪塘"]);
        }
    }
    assert_eq!(cases().await[0].active, ["covered"], "closed when every source has a plan");
    house.until("2026-11-06T00:30:00Z").await;
    scheduler.tick().await.unwrap();
    assert_eq!(cases().await.len(), 1);
}
