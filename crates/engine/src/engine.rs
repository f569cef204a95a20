//! The engine as the rest of the house sees it: started, asked, stopped; or driven by hand on virtual time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use huiyin_bus::{Bus, Calls};
use huiyin_journal::{Instant, Journal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, ManualClock};
use crate::command::{ActorKind, Answer, Command, EngineError};
use crate::core::{Config, Core, Watch};
use crate::metrics::{Counters, Metrics};
use crate::queue::{Door, queue, work};
use crate::registry::Registry;
use crate::{doors, ids, relay, tell, watch};

/// How often the self-check runs and the database's time is measured.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    way: Way,
    stop: CancellationToken,
    stopped: CancellationToken,
}

/// Where the commands of this process are carried out.
#[derive(Clone)]
enum Way {
    /// Here.
    Queue(Door),
    /// By an engine in another process.
    Elsewhere(Arc<dyn Calls>),
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
        told: tokio::sync::Notify::new(),
        done: tokio::sync::Notify::new(),
        fresh: crate::tell::Fresh::default(),
        relayed: crate::core::Looked::default(),
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
            let (core, line) = (Arc::clone(&core), Arc::clone(&line));
            part(&mut tasks, &stop, move |stop| work(Arc::clone(&core), Arc::clone(&line), stop));
        }
        for n in 0..core.watches.len() {
            let core = Arc::clone(&core);
            part(&mut tasks, &stop, move |stop| watch::watch(Arc::clone(&core), n, stop));
        }
        for kinds in [&relay::TOLD, &relay::DONE] {
            let core = Arc::clone(&core);
            part(&mut tasks, &stop, move |stop| relay::relay(Arc::clone(&core), kinds, stop));
        }
        if core.bus.durable() {
            let core = Arc::clone(&core);
            part(&mut tasks, &stop, move |stop| tell::tell(Arc::clone(&core), stop));
        }
        let keeper = Arc::clone(&core);
        part(&mut tasks, &stop, move |stop| watch::look_after(Arc::clone(&keeper), LOOK_AFTER, stop));
        let adopter = Arc::clone(&core);
        part(&mut tasks, &stop, move |stop| adopt_new_calendars(Arc::clone(&adopter), stop));
        let (done, last) = (stopped.clone(), Arc::clone(&core));
        tokio::spawn(async move {
            while tasks.join_next().await.is_some() {}
            // What the workers committed as they ended.
            last.tell_fresh().await;
            last.forget_told().await;
            done.cancel();
        });
        Ok(Self { core, way: Way::Queue(door), stop, stopped })
    }

    /// The engine as a process sees it that runs none: it reads the same record, asks an engine elsewhere to carry out
    /// commands, fires no timers and hands no effects on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn elsewhere(
        journal: Journal,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn Bus>,
        engines: Arc<dyn Calls>,
    ) -> Result<Self, EngineError> {
        let core = core(journal, registry, clock, bus, Config::default()).await?;
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let (follower, stopping, done) = (Arc::clone(&core), stop.clone(), stopped.clone());
        tokio::spawn(async move {
            let mut minutes = tokio::time::interval(LOOK_AFTER);
            while stopping.run_until_cancelled(minutes.tick()).await.is_some() {
                if let Err(e) = follower.follow_database().await {
                    tracing::warn!(%e, "the time of the database is not known; it is asked for again");
                }
            }
            done.cancel();
        });
        Ok(Self { core, way: Way::Elsewhere(engines), stop, stopped })
    }

    /// Whether it takes commands and all its parts that run here have looked round lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let runs = !self.stop.is_cancelled() && !self.stopped.is_cancelled();
        runs && (!self.runs_here() || self.core.looked_round())
    }

    /// Ends the retention of a closed case, as [`crate::Target::EndRetention`] says, and then removes the contents of its
    /// attachments that no other case has. Repeating it with the same command finishes what was left.
    ///
    /// # Errors
    /// As [`Engine::submit`]; [`EngineError::Unavailable`] when a file cannot be removed.
    pub async fn end_retention(&self, command: Command) -> Result<Answer, EngineError> {
        let case = command.case();
        let answer = self.submit(command).await?;
        if let (Answer::Accepted(_), Some(case)) = (&answer, case) {
            self.core.journal.remove_unmentioned(&self.core.attached_to(case).await?).await?;
            self.core.journal.checkpoint().await?;
        }
        Ok(answer)
    }

    /// Whether commands are carried out and timers fired in this process, and not by engines elsewhere.
    #[must_use]
    pub fn runs_here(&self) -> bool {
        matches!(self.way, Way::Queue(_))
    }

    /// Gives a command to the engine and waits until it is committed, refused, or turned away.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when too many wait; [`EngineError::Unavailable`] when it is not known whether it was done:
    /// then it is sent again with the same id.
    pub async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        match &self.way {
            Way::Queue(door) => door.submit(&self.core, command).await,
            // What a machine asks for waits in the queue until an engine is there; nobody answers it at once.
            Way::Elsewhere(engines) if command.actor.kind == ActorKind::Machine => {
                doors::leave(engines.as_ref(), &self.core.journal, &command).await
            }
            Way::Elsewhere(engines) => doors::ask(engines.as_ref(), &command).await,
        }
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
        metrics.queue_depth = match &self.way {
            Way::Queue(door) => door.depth() as u64,
            Way::Elsewhere(_) => 0,
        };
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
        self.core.adopt_calendar(district, &self.core.config.timelines).await
    }

    /// As [`Engine::adopt_calendar`], for the cases of one timeline, whether this engine fires its timers or not.
    ///
    /// # Errors
    /// See there.
    pub async fn adopt_calendar_of(&self, district: &str, timeline: &str) -> Result<usize, EngineError> {
        self.core.adopt_calendar(district, &[timeline.to_owned()]).await
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

/// Starts a part of the engine; when it ends by a panic it is started again.
fn part<F>(tasks: &mut JoinSet<()>, stop: &CancellationToken, run: impl Fn(CancellationToken) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = stop.clone();
    tasks.spawn(async move {
        while let Err(panic) = tokio::spawn(run(stop.clone())).await {
            tracing::error!(%panic, "a part of the engine ended by a panic; it is started again");
            tokio::time::sleep(AFTER_PANIC).await;
        }
    });
}

/// Lets open cases adopt the calendar of a district once it is new, in the background.
async fn adopt_new_calendars(core: Arc<Core>, stop: CancellationToken) {
    for district in core.registry.districts() {
        if stop.is_cancelled() {
            return;
        }
        if let Err(e) = core.adopt_if_new(&district).await {
            tracing::warn!(%district, %e, "the new calendar was not adopted everywhere; it is at the next start");
        }
    }
}

/// Pause before a part that panicked is started again.
const AFTER_PANIC: Duration = Duration::from_millis(500);
/// Cases that adopt a calendar in one transaction.
const ADOPT: u32 = 200;

impl Core {
    /// Adopts the calendar in force once in the life of a store; the mark is set when all open cases have it.
    async fn adopt_if_new(&self, district: &str) -> Result<(), EngineError> {
        if self.config.timelines.is_empty() {
            return Ok(());
        }
        let Some(current) = self.registry.district(district) else { return Ok(()) };
        // An engine of exercises keeps a mark of its own.
        let of = match self.config.timelines.iter().any(|timeline| timeline == crate::command::REAL) {
            true => String::new(),
            false => format!(".{}", self.config.timelines.join(".")),
        };
        let (key, version) = (format!("calendar.adopted.{district}{of}"), current.calendar.version());
        if self.journal.setting(&key).await?.as_deref() == Some(version) {
            return Ok(());
        }
        // With no other calendar before it there is nothing to be worked out anew.
        if self.journal.kept_named("calendar", district).await?.iter().all(|kept| kept.hash == version) {
            return Ok(self.journal.set_setting(&key, version).await?);
        }
        let cases = self.adopt_calendar(district, &self.config.timelines).await?;
        tracing::info!(%district, %version, cases, "open cases have adopted the calendar in force");
        Ok(self.journal.set_setting(&key, version).await?)
    }

    /// Hashes of everything that was ever attached to a case, as its journal says.
    async fn attached_to(&self, case: uuid::Uuid) -> Result<Vec<String>, EngineError> {
        let (mut after, mut hashes) = (0, Vec::new());
        loop {
            let page = self.journal.timeline(case, after, 500, false).await?;
            let Some(last) = page.last() else { return Ok(hashes) };
            after = last.seq;
            let attached = page.iter().filter(|entry| entry.kind == crate::run::ATTACHED);
            hashes.extend(attached.filter_map(|entry| Some(entry.body["note"]["hash"].as_str()?.to_owned())));
        }
    }

    /// Works the provisional dates of every open case of a district out anew. Returns how many cases were stepped. A
    /// case that began a clock with an older calendar since it adopted this one adopts it again.
    async fn adopt_calendar(&self, code: &str, timelines: &[String]) -> Result<usize, EngineError> {
        let setup = || EngineError::Setup(format!("district {code} is not set up here"));
        let calendar = self.registry.district(code).ok_or_else(setup)?.calendar;
        let began = self.clock.now();
        let mut adopted = 0;
        for timeline in timelines {
            let order = |case, id| Command {
                id,
                district: code.to_owned(),
                timeline: timeline.clone(),
                target: crate::command::Target::AdoptCalendar { case },
                actor: crate::command::Actor::system(),
            };
            let mut after = uuid::Uuid::nil();
            loop {
                let cases = self.journal.open_cases(code, timeline, after, ADOPT).await?;
                let Some(&last) = cases.last() else { break };
                let commands = cases.into_iter().map(|case| order(case, ids::adopt_command(case, calendar.version())));
                adopted += self.adopt_all(commands.collect(), began).await?;
                after = last;
            }
            let scope = crate::preview::Scope { district: code, timeline, workflow: None, now: self.clock.now() };
            let calendar = Arc::clone(&calendar);
            let left = crate::preview::preview_calendar(&self.journal, &self.registry, &scope, Arc::clone(&calendar));
            let late = left.await?.into_iter().filter(|change| change.refused.is_none()).map(|change| {
                let again = format!("{} since {}", calendar.version(), change.seq);
                order(change.case, ids::adopt_command(change.case, &again))
            });
            adopted += self.adopt_all(late.collect(), began).await?;
        }
        Ok(adopted)
    }

    /// How many of the commands were carried out since `began`; the others were here before.
    async fn adopt_all(&self, commands: Vec<Command>, began: Instant) -> Result<usize, EngineError> {
        let mut adopted = 0;
        for answer in self.execute(commands).await {
            adopted += usize::from(matches!(answer?, Answer::Accepted(done) if done.at >= began));
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
        while self.core.relay_once(&relay::KINDS).await? > 0 {}
        Ok(())
    }

    /// Lets every open case of a district adopt the calendar that is in force now, after [`Registry::set_district`]:
    /// provisional dates are worked out anew and only move later. Repeating it changes nothing.
    ///
    /// # Errors
    /// When the store does not answer; what was adopted by then stays.
    pub async fn adopt_calendar(&self, district: &str) -> Result<usize, EngineError> {
        self.core.adopt_calendar(district, &self.core.config.timelines).await
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

    /// Lets open cases adopt the calendars in force where those are new, as a start does.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn adopt_new_calendars(&self) -> Result<(), EngineError> {
        for district in self.core.registry.districts() {
            self.core.adopt_if_new(&district).await?;
        }
        Ok(())
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
