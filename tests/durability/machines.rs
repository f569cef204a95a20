//! Machines over NATS: another authority's platform that leaves complaints in the queue, some of them twice and out of
//! order, and counts as acknowledged what the queue took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use huiyin_bus::{Nats, NatsConfig};
use huiyin_engine::{Actor, ActorKind, Command, Target};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;

/// Complaints left together.
const TOGETHER: usize = 4;

/// The running platform.
pub(crate) struct Machines {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Uuid>>,
}

impl Machines {
    pub(crate) fn begin(servers: String, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let halt = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work(servers, seed, &halt))
        });
        Self { stop, thread }
    }

    /// Ends; the ids of the commands that the queue has acknowledged.
    pub(crate) fn end(self) -> Vec<Uuid> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

async fn work(servers: String, seed: u64, stop: &AtomicBool) -> Vec<Uuid> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed_0001);
    let config = NatsConfig { publishes: false, ..NatsConfig::new(servers, "500110") };
    let nats = Nats::connect(config).await.unwrap();
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let mut commands: Vec<Command> = (0..TOGETHER).map(|_| complaint(&mut rng)).collect();
        // Twice, under another message id: the queue takes it for something new, the engine must not.
        commands.push(commands[0].clone());
        commands.shuffle(&mut rng);
        for command in commands {
            let message = serde_json::to_vec(&command).unwrap();
            let id = format!("{}/{}", command.id, rng.random::<u32>());
            while nats.leave(command.address(), &id, message.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if !acknowledged.contains(&command.id) {
                acknowledged.push(command.id);
            }
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    acknowledged
}

fn complaint(rng: &mut StdRng) -> Command {
    let data = json!({
        "received_at": chrono::Utc::now(), "channel": "platform_12369", "petitioner": "anonymous",
        "title": "夜间异味", "content": "夜间有刺鼻气味。", "category": "air", "place": "三江街道",
    });
    let (id, kind) = ("platform-12369".to_owned(), ActorKind::Machine);
    Command {
        id: uuid::Builder::from_random_bytes(rng.random()).into_uuid(),
        district: "500110".into(),
        timeline: "real".into(),
        target: Target::Open { workflow: "petition".into(), data, parent: None },
        actor: Actor { id, kind, roles: vec![], units: vec![], heads: vec![] },
    }
}
