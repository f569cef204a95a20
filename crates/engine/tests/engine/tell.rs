//! Telling the bus of many processes: from memory, once each, and nothing is lost when the bus is away or the engine ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use huiyin_bus::{Bus, BusError, InProcess, Later, Message};
use huiyin_engine::{Clock as _, Engine};
use serde_json::json;
use tokio::sync::{broadcast, watch};

use super::house::{House, accepted, event, open, registry};

const PATIENCE: Duration = Duration::from_secs(60);

/// A bus that writes down how often it was told what, and may be away.
#[derive(Debug, Default)]
struct Ledger {
    away: AtomicBool,
    told: Mutex<BTreeMap<String, usize>>,
    ears: InProcess,
}

impl Ledger {
    fn told(&self) -> (usize, usize) {
        let told = self.told.lock().unwrap();
        (told.len(), told.values().sum())
    }
}

impl Bus for Ledger {
    fn publish<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), BusError>> {
        Box::pin(async move {
            if self.away.load(Ordering::SeqCst) {
                return Err(BusError { id: message.id.clone(), problem: "away".into() });
            }
            *self.told.lock().unwrap().entry(message.id.clone()).or_default() += 1;
            Ok(())
        })
    }

    fn listen(&self) -> broadcast::Receiver<Arc<Message>> {
        self.ears.listen()
    }

    fn gaps(&self) -> watch::Receiver<u64> {
        self.ears.gaps()
    }

    fn durable(&self) -> bool {
        true
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn what_is_committed_is_told_once_and_what_could_not_be_told_later(house: House) {
    let ledger = Arc::new(Ledger::default());
    let (bus, clock) = (Arc::clone(&ledger) as Arc<dyn Bus>, Arc::clone(&house.clock) as _);
    let engine = Engine::start(house.journal(None).await, registry(), clock, bus, House::config()).await.unwrap();
    let waiting = async || engine.journal().waiting_effects("committed").await.unwrap().0;
    let steps = async |from: u128, to: u128| {
        for n in from..to {
            let case = accepted(engine.submit(open(n)).await.unwrap()).case;
            accepted(engine.submit(event(n + 1000, case, "take", json!({}))).await.unwrap());
        }
    };
    // The clock stands still: no lease is ever over.
    steps(1, 21).await;
    until("all is told", async || ledger.told() == (40, 40)).await;
    until("and forgotten", async || waiting().await == 0).await;

    ledger.away.store(true, Ordering::SeqCst);
    steps(21, 31).await;
    assert_eq!(ledger.told(), (40, 40));
    until("what could not be told waits", async || waiting().await == 20).await;
    ledger.away.store(false, Ordering::SeqCst);
    until("the relay tells it once its time has come", async || {
        house.clock.advance_to(house.clock.now() + chrono::Duration::seconds(2));
        ledger.told().0 == 60
    })
    .await;
    until("and forgotten", async || waiting().await == 0).await;

    steps(31, 41).await;
    engine.stop().await;
    assert_eq!(ledger.told().0, 80, "what waited was told before it ended");
    assert_eq!(waiting().await, 0);
}
