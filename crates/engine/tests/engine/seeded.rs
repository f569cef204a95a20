//! One seed, one script of commands, time and faults; on both databases the same bytes come out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin_bus::InProcess;
use huiyin_engine::{Answer, Command, Config, Driver, EngineError, Target};
use huiyin_journal::Fault;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, event, hours, open, registry};

/// Commands of one run, repeated and conflicting ones included.
fn commands() -> usize {
    harness::size(1000, 4000)
}

/// What one run left behind: every answer, every stored row, and how often each kind of thing happened.
pub(crate) struct Left {
    pub(crate) rows: Vec<String>,
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    pub(crate) conflicts: usize,
    pub(crate) repeated: u64,
    pub(crate) retried: u64,
    pub(crate) fired: u64,
    pub(crate) entries: u64,
}

/// Fails one in a hundred of the points that batches pass, the one after the commit included; three where there are fewer.
fn faults(seed: u64) -> Box<Fault> {
    let rng = Mutex::new(ChaCha8Rng::seed_from_u64(seed ^ 0xfa17));
    let often = harness::size(0.03, 0.01);
    Box::new(move |_| rng.lock().unwrap().random_bool(often))
}

struct Script {
    rng: ChaCha8Rng,
    cases: Vec<Uuid>,
    sent: Vec<Command>,
    next: u128,
}

impl Script {
    fn command(&mut self) -> Command {
        self.next += 1;
        let n = self.next;
        let kind = self.rng.random_range(0..100);
        let case = self.cases.choose(&mut self.rng).copied();
        let (Some(case), 12..) = (case, kind) else { return open(n) };
        match kind {
            // Sent again as it was, or with another body.
            12..20 => self.sent.choose(&mut self.rng).cloned().unwrap_or_else(|| open(n)),
            20..24 => {
                let mut other = self.sent.choose(&mut self.rng).cloned().unwrap_or_else(|| open(n));
                other.target = Target::Event { case, event: "answer".into(), data: json!({"text": "另一内容"}) };
                other
            }
            24..28 => event(n, Uuid::from_u128(n), "take", json!({})),
            28..32 => event(n, case, "answer", json!({"text": ""})),
            32..35 => event(n, case, "no-such-event", json!({})),
            35..38 => {
                let mut elsewhere = event(n, case, "take", json!({}));
                elsewhere.timeline = "drill-1".into();
                elsewhere
            }
            38..41 => {
                let mut stranger = event(n, case, "take", json!({}));
                stranger.actor.roles.clear();
                stranger
            }
            41..45 => {
                let mut note = event(n, case, "", json!({}));
                note.target =
                    Target::Note { case, kind: "unmasked".into(), body: json!({"reason": format!("回访 {n}")}) };
                note
            }
            45..47 => event(n, case, "answer", json!({"text": "带\u{0}字"})),
            47..70 => event(n, case, "take", json!({})),
            70..85 => event(n, case, "ask", json!({})),
            _ => event(n, case, "answer", json!({"text": format!("答复 {n}：已处理 \"完毕\"\n")})),
        }
    }
}

pub(crate) async fn run(house: House, seed: u64) -> Left {
    // How often a fault is tried again must not depend on how busy the machine is.
    let config = Config { patience: Duration::from_secs(3600), ..House::config() };
    let (journal, bus) = (house.journal(Some(faults(seed))).await, Arc::new(InProcess::default()));
    let driver = Driver::open(journal, registry(), Arc::clone(&house.clock), bus, config).await.unwrap();
    let mut script = Script { rng: ChaCha8Rng::seed_from_u64(seed), cases: Vec::new(), sent: Vec::new(), next: 0 };
    let mut left =
        Left { rows: Vec::new(), accepted: 0, refused: 0, conflicts: 0, repeated: 0, retried: 0, fired: 0, entries: 0 };
    let (mut hour, mut sent) = (0, 0);
    while sent < commands() {
        if script.rng.random_bool(0.3) {
            hour += script.rng.random_range(1..20);
            driver.run_until(hours(hour)).await.unwrap();
        }
        let batch: Vec<Command> = (0..script.rng.random_range(1..40)).map(|_| script.command()).collect();
        sent += batch.len();
        let answers = driver.submit_all(batch.clone()).await;
        for (command, answer) in batch.into_iter().zip(answers) {
            heard(&mut script, &mut left, &command, answer);
            script.sent.push(command);
        }
    }
    check(&driver, &mut left).await;
    let metrics = driver.metrics().await.unwrap();
    (left.repeated, left.retried, left.fired) = (metrics.repeated, metrics.retried, metrics.timers_fired);
    drop(driver);
    left.rows.extend(rows(&house).await);
    left
}

fn heard(script: &mut Script, left: &mut Left, command: &Command, answer: Result<Answer, EngineError>) {
    let answer = answer.unwrap();
    match &answer {
        Answer::Accepted(accepted) => {
            left.accepted += 1;
            if matches!(command.target, Target::Open { .. }) && !script.cases.contains(&accepted.case) {
                script.cases.push(accepted.case);
            }
        }
        Answer::Refused(_) => left.refused += 1,
        Answer::Conflict => left.conflicts += 1,
    }
    left.rows.push(format!("answer {} {}", command.id, serde_json::to_string(&answer).unwrap()));
}

/// The record of this run is whole, by everything that `huiyin verify` looks at.
async fn check(driver: &Driver, left: &mut Left) {
    let journal = driver.journal();
    let chains = journal.verify_chains().await.unwrap();
    assert_eq!(chains.breaks, vec![]);
    left.entries = chains.entries;
    let mut after = Uuid::nil();
    loop {
        let page = journal.case_heads(after, 500).await.unwrap();
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        for (case, ..) in page {
            let found = huiyin_engine::rederive(journal, driver.registry(), case).await.unwrap();
            assert!(matches!(found, huiyin_engine::Rederived::Same { .. }), "{case}: {found:?}");
        }
    }
    assert!(driver.make_roots().await.unwrap() > 0);
    assert_eq!(journal.verify_roots().await.unwrap().1, vec![]);
    assert_eq!(driver.self_check().await.unwrap(), 0);
    let metrics = driver.metrics().await.unwrap();
    assert_eq!((metrics.stuck_timers, metrics.quarantined, metrics.timers_overdue), (0, 0, 0));
}

/// Tables in which a run leaves something, and the order in which their rows are compared.
const TABLES: [(&str, &str); 11] = [
    ("cases", "ORDER BY id"),
    ("case_owners", "ORDER BY party, case_id"),
    ("journal", "ORDER BY case_id, seq"),
    ("commands", "ORDER BY id"),
    ("timers", "ORDER BY case_id, key"),
    ("outbox", "ORDER BY key"),
    ("counters", "ORDER BY district, timeline, workflow, period"),
    ("case_keys", "ORDER BY case_id"),
    ("grams", "ORDER BY gram, case_id"),
    ("links", "ORDER BY parent, link, child"),
    ("roots", "ORDER BY district, timeline, day"),
];

/// Every stored row as one line, without the row numbers that the databases give.
async fn rows(house: &House) -> Vec<String> {
    let mut out = Vec::new();
    for (table, order) in TABLES {
        let json = if house.server.is_some() {
            postgres(house, table, order).await
        } else {
            sqlite(house, table, order).await
        };
        for row in json {
            let mut row: Value = serde_json::from_str(&row).unwrap();
            if table == "outbox" {
                row.as_object_mut().unwrap().remove("id");
            }
            out.push(format!("{table} {}", huiyin_journal::canonical::write(&row)));
        }
    }
    out
}

async fn postgres(house: &House, table: &str, order: &str) -> Vec<String> {
    let pool = sqlx::PgPool::connect(&house.url).await.unwrap();
    let sql = format!("SELECT row_to_json(t)::text FROM (SELECT * FROM {table}) t {order}");
    let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
    // PostgreSQL writes bytes as \x…, ids with dashes, truth as true.
    let plain = |text: String| {
        let value: Value = serde_json::from_str(&text).unwrap();
        let Value::Object(map) = value else { panic!("a row is an object") };
        let each = map.into_iter().map(|(name, value)| (name, same_form(value)));
        Value::Object(each.collect()).to_string()
    };
    rows.into_iter().map(|(text,)| plain(text)).collect()
}

fn same_form(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("\\x") => text[2..].to_uppercase().into(),
        Value::String(text) if text.len() == 36 && text.parse::<Uuid>().is_ok() => {
            text.replace('-', "").to_uppercase().into()
        }
        Value::Bool(truth) => i64::from(truth).into(),
        other => other,
    }
}

async fn sqlite(house: &House, table: &str, order: &str) -> Vec<String> {
    let pool = sqlx::SqlitePool::connect(&house.url).await.unwrap();
    let sql = format!("SELECT name FROM pragma_table_info('{table}')");
    let names: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
    let fields = names
        .iter()
        .map(|(name,)| format!("'{name}', CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE {name} END"));
    let sql = format!("SELECT json_object({}) FROM {table} {order}", fields.collect::<Vec<_>>().join(", "));
    let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows.into_iter().map(|(row,)| row).collect()
}
