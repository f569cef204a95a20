//! Carrying out a batch: tried whole, halved on an error until the one that breaks it is found and set aside.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::FutureExt as _;
use huiyin_journal::{Claim, Claimed, JournalError, Quarantined, SetAside, canonical};
use uuid::Uuid;

use crate::command::{Answer, Command, EngineError, Target};
use crate::core::Core;
use crate::metrics::add;
use crate::run::Run;

/// One thing to do in a batch.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    /// A command.
    Command(&'a Command),
    /// Fire what is due in a case of a district's timeline.
    Tick {
        /// Case.
        case: Uuid,
        /// District code.
        district: &'a str,
        /// Timeline.
        timeline: &'a str,
    },
}

/// What became of an [`Item`].
#[derive(Clone, Debug)]
pub(crate) enum Done {
    /// A command was answered.
    Answer(Answer),
    /// So many timers fired; 0: somebody else has the case, or nothing was due any more.
    Fired(usize),
}

/// Why a batch was not committed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The store.
    Store(JournalError),
    /// The store does not answer.
    Away(String),
    /// What a case needs is not set up here: its district, or what it was stepped with. Nobody is to blame for it.
    Setup(String),
    /// Something in the batch: a stored state that does not read, or a panic in a step.
    Poison(String),
}

impl Trouble {
    /// Whether the store was in the way, and no item is to blame.
    fn is_of_the_store(&self) -> bool {
        match self {
            Self::Store(e) => !e.is_of_the_data(),
            Self::Away(_) => true,
            Self::Setup(_) | Self::Poison(_) => false,
        }
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Store(error)
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Setup(problem) => Self::Setup(problem),
            EngineError::Unavailable(problem) => Self::Away(problem),
            error @ (EngineError::Busy { .. } | EngineError::Closed) => Self::Away(error.to_string()),
            error @ EngineError::Quarantined { .. } => Self::Poison(error.to_string()),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Away(problem) | Self::Setup(problem) | Self::Poison(problem) => f.write_str(problem),
        }
    }
}

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Core {
    /// Carries out commands; the answers are in their order. Each is committed before it is answered.
    pub(crate) async fn execute(&self, commands: Vec<Command>) -> Vec<Result<Answer, EngineError>> {
        // The same id twice in one batch: the first one goes, the others get its answer.
        let mut first: HashMap<Uuid, usize> = HashMap::with_capacity(commands.len());
        let mut items = Vec::with_capacity(commands.len());
        for command in &commands {
            first.entry(command.id).or_insert_with(|| {
                items.push(Item::Command(command));
                items.len() - 1
            });
        }
        let done = self.settle(&items).await;
        let answer = |command: &Command| {
            let at = first[&command.id];
            let Item::Command(original) = items[at] else { return Err(EngineError::Closed) };
            if !std::ptr::eq(original, command) && original.body_hash() != command.body_hash() {
                return Ok(Answer::Conflict);
            }
            match &done[at] {
                Ok(Done::Answer(answer)) => Ok(answer.clone()),
                Ok(Done::Fired(_)) => Err(EngineError::Closed),
                Err(error) => Err(error.clone()),
            }
        };
        let answers: Vec<_> = commands.iter().map(answer).collect();
        self.count(&answers);
        answers
    }

    fn count(&self, answers: &[Result<Answer, EngineError>]) {
        let number = |of: fn(&Answer) -> bool| answers.iter().flatten().filter(|answer| of(answer)).count();
        add(&self.counters.accepted, number(|a| matches!(a, Answer::Accepted(_))));
        add(&self.counters.refused, number(|a| matches!(a, Answer::Refused(_))));
        add(&self.counters.conflicts, number(|a| matches!(a, Answer::Conflict)));
    }

    /// Carries out items. What breaks the batch is found by halving and set aside; the rest is committed.
    pub(crate) async fn settle(&self, items: &[Item<'_>]) -> Vec<Result<Done, EngineError>> {
        let mut out: Vec<Option<Result<Done, EngineError>>> = vec![None; items.len()];
        let mut parts = vec![(0, items.len())];
        while let Some((from, to)) = parts.pop() {
            if from == to {
                continue;
            }
            match self.persist(&items[from..to]).await {
                Ok(done) => out[from..to].iter_mut().zip(done).for_each(|(slot, done)| *slot = Some(Ok(done))),
                // Neither is the fault of a command: whether it was done is not known, and it is not to be set aside.
                Err(trouble) if trouble.is_of_the_store() => {
                    let error = EngineError::Unavailable(trouble.to_string());
                    out[from..to].fill(Some(Err(error)));
                }
                Err(Trouble::Setup(problem)) if to - from == 1 => {
                    self.not_here(&items[from], &problem).await;
                    out[from] = Some(Err(EngineError::Setup(problem)));
                }
                Err(trouble) if to - from == 1 => out[from] = Some(Err(self.set_aside(&items[from], &trouble).await)),
                Err(_) => {
                    let middle = usize::midpoint(from, to);
                    // The first half is done first.
                    parts.extend([(middle, to), (from, middle)]);
                }
            }
        }
        out.into_iter().map(|done| done.unwrap_or(Err(EngineError::Closed))).collect()
    }

    /// Tries a transaction again while it is the store's fault. After an unknown commit, claiming the ids again reads
    /// them back: what was committed is answered from the store, what was not is done now.
    async fn persist(&self, items: &[Item<'_>]) -> Result<Vec<Done>, Trouble> {
        let started = tokio::time::Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            // A panic anywhere in it is trouble for this batch only: the worker goes on.
            let attempt = std::panic::AssertUnwindSafe(self.attempt(items)).catch_unwind();
            let trouble = match attempt.await.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))) {
                Ok(done) => return Ok(done),
                Err(trouble) => trouble,
            };
            add(&self.counters.rolled_back, 1);
            let waited = matches!(&trouble, Trouble::Store(e) if e.has_waited());
            let again = trouble.is_of_the_store() && !waited;
            if !again || started.elapsed() > self.config.patience {
                tracing::warn!(items = items.len(), %trouble, "a batch was rolled back");
                return Err(trouble);
            }
            tracing::info!(items = items.len(), %trouble, "a transaction is tried again");
            add(&self.counters.retried, 1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, items: &[Item<'_>]) -> Result<Vec<Done>, Trouble> {
        let started = tokio::time::Instant::now();
        let now = self.clock.now();
        if self.registry.has_to_keep() {
            self.registry.keep(&self.journal, now).await?;
        }
        let named = self.named(items).await?;
        let mut batch = self.journal.begin(now).await?;
        let claims = items.iter().filter_map(|item| match item {
            Item::Command(command) => Some(Claim { id: command.id, body_hash: command.body_hash() }),
            Item::Tick { .. } => None,
        });
        let claims: Vec<Claim> = claims.collect();
        let (cases, ticks) = cases_of(items);
        let (claimed, locked) = batch.take(&claims, now, &cases, &ticks).await?;
        let mut run = Run::new(self, now, named);
        for case in locked {
            let definition = self.registry.definition_in(&mut batch, &case.record.definition_hash).await?;
            run.take(case, definition)?;
        }
        self.destinations(&mut run, items).await?;
        let counters = run.counter_keys(&opened(items, &claimed));
        run.set_counters(batch.counters(&counters).await?);
        let mut done = Vec::with_capacity(items.len());
        let mut claimed = claims.into_iter().zip(claimed);
        for item in items {
            done.push(match item {
                Item::Tick { case, .. } => Done::Fired(guarded(|| run.tick(*case))?),
                Item::Command(command) => Done::Answer(match claimed.next() {
                    Some((claim, Claimed::Known(known))) => self.known(&claim.body_hash, &known)?,
                    _ => guarded(|| run.command(command))?,
                }),
            });
        }
        let mut finished = run.finish()?;
        if finished.is_empty() {
            batch.rollback().await?;
            return Ok(done);
        }
        let along = self.fresh.along(&mut finished.writes);
        batch.finish(&self.journal.prepare(&finished.writes)?).await?;
        along.committed();
        self.counters.commit_time.record(i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX));
        self.committed(finished).await;
        Ok(done)
    }

    /// Loads the definitions that cases go to. One that the store does not have is left out, and its command refused.
    async fn destinations(&self, run: &mut Run<'_>, items: &[Item<'_>]) -> Result<(), Trouble> {
        for item in items {
            let Item::Command(command) = item else { continue };
            let hash = match &command.target {
                Target::Migrate { to, .. } => Some(to.clone()),
                Target::UndoMigration { case } => run.way_back(*case),
                _ => None,
            };
            let Some(hash) = hash else { continue };
            if self.registry.definition(&hash).is_none() && self.journal.kept("definition", &hash).await?.is_none() {
                continue;
            }
            run.destination(self.registry.definition_of(&self.journal, &hash).await?);
        }
        Ok(())
    }

    fn known(&self, body_hash: &canonical::Hash, known: &huiyin_journal::StoredAnswer) -> Result<Answer, Trouble> {
        add(&self.counters.repeated, 1);
        if known.body_hash != *body_hash {
            return Ok(Answer::Conflict);
        }
        serde_json::from_str(&known.answer)
            .map_err(|e| Trouble::Poison(format!("the answer of {} is damaged: {e}", known.id)))
    }

    async fn set_aside(&self, item: &Item<'_>, trouble: &Trouble) -> EngineError {
        let problem = trouble.to_string();
        let now = self.clock.now();
        let id = self.ids.case(now);
        let quarantined = match item {
            Item::Command(command) => Quarantined {
                id,
                kind: SetAside::Command,
                subject: command.id,
                district: command.district.clone(),
                timeline: command.timeline.clone(),
                case: command.case(),
                body: crate::run::outline(command),
                error: problem.clone(),
                at: now,
                times: 1,
            },
            Item::Tick { case, district, timeline } => Quarantined {
                id,
                kind: SetAside::Timers,
                subject: *case,
                district: (*district).to_owned(),
                timeline: (*timeline).to_owned(),
                case: Some(*case),
                body: r#"{"tick":true}"#.to_owned(),
                error: problem.clone(),
                at: now,
                times: 1,
            },
        };
        let id = quarantined.subject;
        add(&self.counters.quarantined, 1);
        tracing::error!(%id, %problem, "set aside: it could not be carried out");
        if let Err(e) = self.journal.quarantine(&quarantined).await {
            tracing::error!(%id, %e, "what was set aside could not be written down");
        }
        self.put_off(item, chrono::Duration::minutes(10)).await;
        EngineError::Quarantined { id, problem }
    }

    /// What a case needs is not here (yet): its timers are put off, so that the others have their turn.
    async fn not_here(&self, item: &Item<'_>, problem: &str) {
        tracing::error!(%problem, "it cannot be carried out here now");
        self.put_off(item, chrono::Duration::minutes(1)).await;
    }

    async fn put_off(&self, item: &Item<'_>, by: chrono::Duration) {
        let Item::Tick { case, .. } = item else { return };
        let now = self.clock.now();
        if let Err(e) = self.journal.postpone_timers(*case, now, now + by).await {
            tracing::error!(%case, %e, "timers of a case that cannot be stepped could not be put off");
        }
    }
}

/// The cases of commands, and those whose timers are to be fired, in the order in which all batches lock.
fn cases_of(items: &[Item<'_>]) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut cases, mut ticks) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Tick { case, .. } => ticks.push(*case),
            Item::Command(command) => cases.extend(command.case()),
        }
    }
    for ids in [&mut cases, &mut ticks] {
        ids.sort_unstable();
        ids.dedup();
    }
    // Locked once is enough.
    ticks.retain(|case| cases.binary_search(case).is_err());
    (cases, ticks)
}

/// The commands that open a case and were not here before.
fn opened<'a>(items: &[Item<'a>], claimed: &[Claimed]) -> Vec<&'a Command> {
    let commands = items.iter().filter_map(|item| match item {
        Item::Command(command) => Some(*command),
        Item::Tick { .. } => None,
    });
    let new = commands.zip(claimed).filter(|(_, claimed)| matches!(claimed, Claimed::New));
    new.map(|(command, _)| command).filter(|command| command.case().is_none()).collect()
}

/// Runs one step; a panic in it becomes trouble for this batch only.
fn guarded<T>(step: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Trouble {
    let said =
        panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    Trouble::Poison(format!("a step panicked: {}", said.unwrap_or_default()))
}
