//! The engine as the rest of the house sees it: started, asked, stopped; or driven by hand on virtual time.

use std::sync::Arc;
use std::time::Duration;

use huiyin_bus::Bus;
use huiyin_journal::{Instant, Journal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, ManualClock};
use crate::command::{Answer, Command, EngineError};
use crate::core::{Config, Core, Watch};
use crate::metrics::{Counters, Metrics};
use crate::queue::{Door, queue, work};
use crate::registry::Registry;
use crate::{ids, relay, watch};

/// How often the self-check runs and the database's time is measured.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    door: Door,
    stop: CancellationToken,
    stopped: CancellationToken,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:?})", self.core.journal)
    }
}

async fn core(
    journal: Journal,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    config: Config,
) -> Result<Arc<Core>, EngineError> {
    let ids = ids::Ids::new(config.seed);
    let watches = config.timelines.iter().map(|timeline| Watch::new(timeline)).collect();
    let core = Core {
        journal,
        registry,
        clock,
        bus,
        ids,
        config,
        counters: Counters::default(),
        watches,
        effects: tokio::sync::Notify::new(),
    };
    core.follow_database().await?;
    core.registry.keep(&core.journal, core.clock.now()).await?;
    Ok(Arc::new(core))
}

impl Engine {
    /// Starts the workers, the timer watch of every timeline, the relay and the self-check.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(
        journal: Journal,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn Bus>,
        config: Config,
    ) -> Result<Self, EngineError> {
        let core = core(journal, registry, clock, bus, config).await?;
        let (door, line) = queue(core.config.queue);
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        for _ in 0..core.workers() {
            tasks.spawn(work(Arc::clone(&core), Arc::clone(&line), stop.clone()));
        }
        for n in 0..core.watches.len() {
            tasks.spawn(watch::watch(Arc::clone(&core), n, stop.clone()));
        }
        tasks.spawn(relay::relay(Arc::clone(&core), stop.clone()));
        tasks.spawn(watch::look_after(Arc::clone(&core), LOOK_AFTER, stop.clone()));
        let done = stopped.clone();
        tokio::spawn(async move {
            while let Some(ended) = tasks.join_next().await {
                if let Err(e) = ended {
                    tracing::error!(%e, "a part of the engine ended by a panic");
                }
            }
            done.cancel();
        });
        Ok(Self { core, door, stop, stopped })
    }

    /// Gives a command to the engine and waits until it is committed, refused, or turned away.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when too many wait; [`EngineError::Unavailable`] when it is not known whether it was done:
    /// then it is sent again with the same id.
    pub async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        self.door.submit(&self.core, command).await
    }

    /// Stops taking commands, answers those that wait, and ends.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.stopped.cancelled().await;
    }

    /// The engine in numbers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn metrics(&self) -> Result<Metrics, EngineError> {
        let mut metrics = self.core.metrics().await?;
        metrics.queue_depth = self.door.depth() as u64;
        Ok(metrics)
    }

    /// Makes the self-check now. Returns how many cases have a clock that runs without a timer.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn self_check(&self) -> Result<usize, EngineError> {
        self.core.self_check().await
    }

    /// Lets every open case of a district adopt the calendar that is in force now, after [`Registry::set_district`]:
    /// provisional dates are worked out anew and only move later. Repeating it changes nothing.
    ///
    /// # Errors
    /// When the store does not answer; what was adopted by then stays.
    pub async fn adopt_calendar(&self, district: &str) -> Result<usize, EngineError> {
        self.core.adopt_calendar(district).await
    }

    /// The record behind it.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.core.journal
    }

    /// Definitions, directories, calendars.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.core.registry
    }

    /// The bus that hears of everything committed.
    #[must_use]
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.core.bus
    }

    /// Its time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.core.clock.now()
    }
}

/// Cases that adopt a calendar in one transaction.
const ADOPT: u32 = 200;

impl Core {
    /// Works the provisional dates of every open case of a district out anew. Returns how many cases were stepped.
    async fn adopt_calendar(&self, code: &str) -> Result<usize, EngineError> {
        let setup = || EngineError::Setup(format!("district {code} is not set up here"));
        let version = self.registry.district(code).ok_or_else(setup)?.calendar.version().to_owned();
        let mut adopted = 0;
        for timeline in &self.config.timelines {
            let mut after = uuid::Uuid::nil();
            loop {
                let cases = self.journal.open_cases(code, timeline, after, ADOPT).await?;
                let Some(&last) = cases.last() else { break };
                let command = |case| Command {
                    id: ids::adopt_command(case, &version),
                    district: code.to_owned(),
                    timeline: timeline.clone(),
                    target: crate::command::Target::AdoptCalendar { case },
                    actor: crate::command::Actor::system(),
                };
                for answer in self.execute(cases.into_iter().map(command).collect()).await {
                    adopted += usize::from(matches!(answer?, Answer::Accepted(_)));
                }
                after = last;
            }
        }
        Ok(adopted)
    }

    async fn metrics(&self) -> Result<Metrics, EngineError> {
        let mut metrics = self.counters.snapshot();
        let now = self.clock.now();
        let mut oldest: Option<Instant> = None;
        for (district, timeline) in self.scopes() {
            let (count, since) = self.journal.overdue_timers(&district, timeline, now).await?;
            metrics.timers_overdue += count;
            oldest = oldest.into_iter().chain(since).min();
            metrics.timers_put_off += self.journal.put_off_timers(&district, timeline).await?;
            metrics.set_aside += self.journal.quarantine_size(&district, timeline).await?;
        }
        for district in self.registry.districts() {
            let outbox = self.journal.outbox_size(&district).await?;
            metrics.effects_waiting += outbox.waiting;
            metrics.effects_failed += outbox.failed;
        }
        metrics.oldest_overdue_timer_seconds =
            oldest.map_or(0.0, |oldest| (now - oldest).num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6);
        Ok(metrics)
    }
}

/// An engine on virtual time, driven by hand: no tasks, no sleeping; everything happens inside the calls.
#[derive(Clone)]
pub struct Driver {
    core: Arc<Core>,
    clock: Arc<ManualClock>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Driver({:?})", self.core.journal)
    }
}

impl Driver {
    /// Ready, at the time the clock shows.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(
        journal: Journal,
        registry: Arc<Registry>,
        clock: Arc<ManualClock>,
        bus: Arc<dyn Bus>,
        config: Config,
    ) -> Result<Self, EngineError> {
        let core = core(journal, registry, Arc::clone(&clock) as Arc<dyn Clock>, bus, config).await?;
        Ok(Self { core, clock })
    }

    /// Carries out one command now, and what follows from it at once.
    ///
    /// # Errors
    /// When the store does not answer or the command was set aside.
    pub async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        let answer = self.core.execute(vec![command]).await.pop().unwrap_or(Err(EngineError::Closed));
        self.relay().await?;
        answer
    }

    /// Carries out commands now, in one batch, and what follows from them at once.
    pub async fn submit_all(&self, commands: Vec<Command>) -> Vec<Result<Answer, EngineError>> {
        let answers = self.core.execute(commands).await;
        if let Err(e) = self.relay().await {
            tracing::warn!(%e, "effects could not be handed on");
        }
        answers
    }

    /// Moves time to `until`, firing every timer on the way at its due time, in due order. Returns how many fired.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run_until(&self, until: Instant) -> Result<u64, EngineError> {
        let before = self.core.counters.timers_fired.load(std::sync::atomic::Ordering::Relaxed);
        loop {
            let mut next: Option<Instant> = None;
            for timeline in &self.core.config.timelines {
                next = next.into_iter().chain(self.core.next_due(timeline).await?).min();
            }
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.clock.advance_to(next);
            for timeline in &self.core.config.timelines {
                while self.core.fire_due(timeline).await? > 0 {}
            }
            self.relay().await?;
        }
        self.clock.advance_to(until);
        self.relay().await?;
        Ok(self.core.counters.timers_fired.load(std::sync::atomic::Ordering::Relaxed) - before)
    }

    /// Hands on effects until none waits.
    async fn relay(&self) -> Result<(), EngineError> {
        while self.core.relay_once().await? > 0 {}
        Ok(())
    }

    /// Lets every open case of a district adopt the calendar that is in force now, after [`Registry::set_district`]:
    /// provisional dates are worked out anew and only move later. Repeating it changes nothing.
    ///
    /// # Errors
    /// When the store does not answer; what was adopted by then stays.
    pub async fn adopt_calendar(&self, district: &str) -> Result<usize, EngineError> {
        self.core.adopt_calendar(district).await
    }

    /// The record behind it.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.core.journal
    }

    /// Definitions, directories, calendars.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.core.registry
    }

    /// The engine in numbers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn metrics(&self) -> Result<Metrics, EngineError> {
        self.core.metrics().await
    }

    /// Makes the self-check now.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn self_check(&self) -> Result<usize, EngineError> {
        self.core.self_check().await
    }

    /// Makes the roots of all days that are over, now. Returns how many.
    ///
    /// # Errors
    /// When the store or the file beside it refuses, or holds another root of one of those days.
    pub async fn make_roots(&self) -> Result<usize, EngineError> {
        self.core.make_roots().await
    }

    /// Its time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}
