//! A store as the tools use it: opened with the clock it lives by, and an engine that carries out commands and fires no
//! timers. A demonstration's store lives by its moved clock.

use std::sync::Arc;

use huiyin_bus::InProcess;
use huiyin_engine::{Answer, Clock, Command, Config, Engine, EngineError, Refused, ShiftedClock, SystemClock};
use huiyin_journal::{Instant, Journal};
use tokio::task::JoinSet;

use crate::cli::StoreArgs;
use crate::commands::Failure;
use crate::commands::serve::store::PURPOSE;
use crate::house::{House, open_store};
use crate::library::Library;

/// Commands under way at once: what one transaction of the engine takes.
const TOGETHER: usize = 256;

/// See the module.
pub(crate) struct Store {
    pub(crate) journal: Journal,
    pub(crate) house: House,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Opens the store and the house on it.
    pub(crate) async fn open(args: &StoreArgs) -> Result<Self, Failure> {
        let system = SystemClock::default();
        let journal = open_store(args, system.now()).await?;
        let house = House::on(Library::find(args.workflows.as_deref())?, &args.district, &journal).await?;
        let clock: Arc<dyn Clock> = match journal.setting(PURPOSE).await?.as_deref() {
            Some("demonstration") => Arc::new(ShiftedClock::open(journal.clone()).await?),
            _ => Arc::new(system),
        };
        Ok(Self { journal, house, clock })
    }

    /// Its time.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// An engine for commands. Who serves this store fires its timers.
    pub(crate) async fn engine(&self) -> Result<Engine, Failure> {
        let config = Config { timelines: Vec::new(), ..Config::default() };
        let (registry, clock) = (Arc::clone(&self.house.registry), Arc::clone(&self.clock));
        Ok(Engine::start(self.journal.clone(), registry, clock, Arc::new(InProcess::default()), config).await?)
    }
}

/// What came of a list of commands.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Done.
    pub(crate) done: usize,
    /// Refused after all, because something happened to the case meanwhile.
    pub(crate) refused: Vec<Refused>,
}

/// Carries out commands, many at a time.
pub(crate) async fn carry_out(engine: &Engine, commands: Vec<Command>) -> Result<Carried, EngineError> {
    let mut carried = Carried::default();
    let mut rest = commands.into_iter().peekable();
    while rest.peek().is_some() {
        let mut under_way = JoinSet::new();
        for command in rest.by_ref().take(TOGETHER) {
            let engine = engine.clone();
            under_way.spawn(async move { engine.submit(command).await });
        }
        while let Some(answered) = under_way.join_next().await {
            match answered.map_err(|_| EngineError::Closed)?? {
                Answer::Accepted(_) => carried.done += 1,
                Answer::Refused(refused) => carried.refused.push(refused),
                Answer::Conflict => {}
            }
        }
    }
    Ok(carried)
}
