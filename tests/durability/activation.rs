//! A spill while the only process is killed again and again: what the river reaches is proposed once, every task goes out once,
//! and the record stays whole.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use huiyin_journal::read::CaseFilter;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::Caller;
use crate::service::{Process, Service};

const DISTRICT: &str = "500110";
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says something until it is answered, starting the process again when it is away.
fn say(service: &Service, process: &mut Process, caller: &Caller, path: &str, body: &Value) -> Value {
    let began = Instant::now();
    loop {
        match caller.post(path, body) {
            Ok(answer) if answer.status == 200 || answer.status == 201 => return answer.body,
            Ok(answer) => assert!(answer.status >= 500, "{path}: {} {}", answer.status, answer.body),
            Err(_) => *process = service.start(),
        }
        assert!(began.elapsed() < PATIENCE, "{path}: never answered");
    }
}

/// Cases of a workflow with their data and states, oldest first.
fn cases(service: &Service, workflow: &str) -> Vec<(Uuid, Vec<String>, Value)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = service.journal().await;
        let filter = CaseFilter {
            district: DISTRICT.into(),
            timeline: "real".into(),
            workflow: Some(workflow.into()),
            limit: 500,
            ..CaseFilter::default()
        };
        let mut found = Vec::new();
        for record in journal.case_records(&filter, chrono::Utc::now(), Uuid::nil()).await.unwrap() {
            let state = journal.case_state(&record, false).await.unwrap();
            found.push((record.id, record.active, state["data"].clone()));
        }
        found
    })
}

/// Every task there is, each with how often.
fn tasks(service: &Service) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (_, _, data) in cases(service, "incident-task") {
        *found.entry(format!("{} {}", data["unit"], data["task"])).or_default() += 1;
    }
    found
}

pub(crate) fn run(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    let service = Service::new(folder.path(), &database);
    let mut process = service.start();
    let caller = service.sign_in(&process);
    let mut id = 1_u128;
    let mut new_id = || {
        id += 1;
        Uuid::from_u128(0x0193_b000_0000_7000_8000_0000_0000_0000 | id)
    };
    let learned = chrono::Utc::now().to_rfc3339();
    let data = json!({"title": "罐车侧翻，液体入河", "source": "phone", "learned_at": learned, "category": "water", "point": "RK21"});
    say(&service, &mut process, &caller, "/api/cases", &json!({"id": new_id(), "workflow": "incident", "data": data}));

    let mut confirmed: BTreeMap<Uuid, Uuid> = BTreeMap::new();
    // At most so many kills; the run ends when everything is out.
    let (most, mut kills, began) = (harness::size(10, 60), 0, Instant::now());
    loop {
        // A moment to get something done, and the next signal.
        std::thread::sleep(Duration::from_millis(rng.random_range(0..900)));
        if kills < most {
            process.kill();
            kills += 1;
            process = service.start();
        }
        let activations = cases(&service, "activation");
        for (case, _, _) in activations.iter().filter(|(_, active, _)| active == &["proposed"]) {
            let body =
                json!({"id": *confirmed.entry(*case).or_insert_with(&mut new_id), "event": "confirm", "data": {}});
            say(&service, &mut process, &caller, &format!("/api/cases/{case}/events"), &body);
        }
        let out = activations.len() == 4 && activations.iter().all(|(_, active, _)| active == &["acting"]);
        if out && cases(&service, "incident-task").len() >= 7 + 4 * 6 {
            break;
        }
        assert!(began.elapsed() < PATIENCE * 5, "{activations:?}\n{:#?}", tasks(&service));
    }
    // Whatever could still come, comes now.
    process.kill();
    process = service.start();
    std::thread::sleep(Duration::from_secs(3));
    service.settle();
    process.kill();
    eprintln!("{kills} kills in {:.0?} until four activations had their tasks out", began.elapsed());
    let sources: Vec<String> =
        cases(&service, "activation").iter().map(|(_, _, data)| data["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sources, ["DW24", "DW25", "DW10", "DW30"], "each once, in order of arrival");
    let tasks = tasks(&service);
    assert_eq!((tasks.len(), tasks.values().sum::<usize>()), (31, 31), "each task once: {tasks:#?}");
    let (whole, said) = service.verify();
    assert!(whole, "{said}");
}
