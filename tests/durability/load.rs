//! Senders over HTTP. Each command has an id made by its sender, and is sent until it is answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::Utc;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Answer, Caller};

const SENDERS: u64 = 6;
/// Cases that one sender opens at most.
const CASES: usize = 12;
/// How often the clock is moved at most, and how far each time: forty days in all. A run of few kills is short, and goes in
/// longer steps, so that rungs fire in it, too.
fn clock_moves() -> (u64, &'static str) {
    harness::size((40, "24 hours"), (160, "6 hours"))
}

/// One command and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) id: Uuid,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What was sent and answered.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) answered: Vec<Answered>,
    pub(crate) sent_again: u64,
    pub(crate) clock_moves: u64,
}

/// The running load.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// One for each process that has pages.
    callers: Vec<Caller>,
    log: Mutex<Log>,
    sent_again: AtomicU64,
}

impl Load {
    pub(crate) fn begin(callers: Vec<Caller>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared { callers, log: Mutex::default(), sent_again: AtomicU64::new(0) });
        let mut threads = Vec::new();
        for n in 0..SENDERS {
            let (stop, shared) = (Arc::clone(&stop), Arc::clone(&shared));
            threads.push(std::thread::spawn(move || {
                let rng = StdRng::seed_from_u64(seed ^ (n << 32));
                Sender { shared: &shared, n: n as usize, rng, cases: Vec::new() }.work(&stop);
            }));
        }
        let (halt, moved) = (Arc::clone(&stop), Arc::clone(&shared));
        threads.push(std::thread::spawn(move || move_clock(&moved, &halt)));
        Self { stop, shared, threads }
    }

    /// Returns once another command was acknowledged, or when patience is at its end.
    pub(crate) fn moves_on(&self, patience: Duration) {
        let (before, began) = (self.acknowledged(), Instant::now());
        while self.acknowledged() == before && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn acknowledged(&self) -> usize {
        self.shared.log.lock().unwrap().answered.len()
    }

    /// Ends when every command that was begun is answered.
    pub(crate) fn end(self) -> Log {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let mut log = std::mem::take(&mut *self.shared.log.lock().unwrap());
        log.sent_again = self.shared.sent_again.load(Ordering::SeqCst);
        log
    }
}

fn move_clock(shared: &Shared, stop: &AtomicBool) {
    let (most, step) = clock_moves();
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(400));
        let moved = shared.callers[0].post("/api/clock", &json!({"advance": step}));
        if moved.is_ok_and(|answer| answer.status == 200) {
            let mut log = shared.log.lock().unwrap();
            log.clock_moves += 1;
            if log.clock_moves == most {
                return;
            }
        }
    }
}

struct Sender<'a> {
    shared: &'a Shared,
    n: usize,
    rng: StdRng,
    cases: Vec<Uuid>,
}

impl Sender<'_> {
    fn work(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            if self.cases.len() < CASES && (self.cases.is_empty() || self.rng.random_bool(0.1)) {
                self.open();
            } else {
                self.advance();
            }
        }
    }

    fn open(&mut self) {
        let data = json!({
            "received_at": Utc::now(), "channel": "phone", "petitioner": "named", "petitioner_name": "测试人",
            "phone": "13000000000", "title": "河面有油污", "content": "岸边排口夜间排水，河面有油污。", "category": "water",
            "place": "古南街道",
        });
        let id = self.id();
        let answer = self.sent("/api/cases", id, &json!({"id": id, "workflow": "petition", "data": data}));
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        self.cases.push(answer.body["case"].as_str().unwrap().parse().unwrap());
    }

    fn advance(&mut self) {
        let today = Utc::now().format("%Y-%m-%d").to_string();
        let events = [
            ("assign", json!({"unit": "duty-desk"})),
            ("assign", json!({"unit": "water-section"})),
            ("sign", json!({"handler": "承办人甲", "no_interest": true})),
            ("sign", json!({"handler": "承办人乙", "no_interest": true})),
            ("route.choose", json!({"route": "five", "procedure": "ordinary", "accepted_on": today})),
            ("material.request", json!({"what": "现场照片"})),
            ("material.received", json!({"note": "已收到"})),
            ("cohandler.add", json!({"unit": "water-section", "task": "核查排口"})),
            ("return.ask", json!({"reason": "不属本单位职责"})),
            ("return.refuse", json!({"reason": "属本单位职责"})),
        ];
        let (event, data) = events.choose(&mut self.rng).unwrap().clone();
        let case = *self.cases.choose(&mut self.rng).unwrap();
        let (id, path) = (self.id(), format!("/api/cases/{case}/events"));
        let body = json!({"id": id, "event": event, "data": data});
        let answer = self.sent(&path, id, &body);
        // Sometimes what was answered is sent once more, and once with another body.
        if self.rng.random_bool(0.1) {
            let again = self.patiently(&path, &body);
            assert_eq!((again.status, &again.body), (answer.status, &answer.body), "the same id got another answer");
        }
        if self.rng.random_bool(0.05) {
            let other = self.patiently(&path, &json!({"id": id, "event": event, "data": {"note": "另一内容"}}));
            assert_eq!(other.status, 409, "the same id with another body: {:?}", other.body);
        }
    }

    /// Sends until it is answered, and writes the answer down.
    fn sent(&mut self, path: &str, id: Uuid, body: &Value) -> Answer {
        let answer = self.patiently(path, body);
        let answered = Answered { id, status: answer.status, body: answer.body.clone() };
        self.shared.log.lock().unwrap().answered.push(answered);
        answer
    }

    fn patiently(&self, path: &str, body: &Value) -> Answer {
        // What one process does not answer is asked of another, under the same id.
        for caller in self.shared.callers.iter().cycle().skip(self.n % self.shared.callers.len()) {
            match caller.post(path, body) {
                Ok(answer) if answer.status < 500 && answer.status != 429 => return answer,
                _ => {
                    self.shared.sent_again.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        unreachable!("they are asked in turn until one answers")
    }

    fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid()
    }
}
