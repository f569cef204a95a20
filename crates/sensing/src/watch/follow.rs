//! Follows the record of readings and decides. Its memory is written with every decision, and otherwise now and then: what
//! lies between is read again after a crash and gives the same.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::sensing::{Decision, SensingState};
use huiyin_journal::{Journal, JournalError};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Parts;
use super::outcome::Written;
use crate::ingest::Scope;
use crate::observation::Observation;
use crate::quality::History;
use crate::rules::State;

/// Name under which the memory is kept.
const NAME: &str = "rules";
/// Readings that are taken at once.
const MOST: u32 = 4096;
/// The memory is written after so many readings, or after so long, if nothing else was decided.
const READ_AHEAD: i64 = 20_000;
const UNWRITTEN: TimeDelta = TimeDelta::seconds(10);
/// How often is looked, whether or not somebody says that there is something new: readings of other processes, silences.
const LOOK: Duration = Duration::from_millis(500);
/// Pause after the store did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// What it remembers.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Memory {
    rules: State,
    history: History,
}

/// The rules cannot go on; they begin again from the record.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// What was remembered does not read. Without it the rules would raise again what was told: somebody must look.
    #[error("the memory of the alarm rules does not read: {0}. put back the row of sensing_states from a backup")]
    Memory(#[from] serde_json::Error),
    /// Two processes follow the same record.
    #[error("another process has decided meanwhile")]
    Overtaken,
}

/// Follows the record.
pub struct Follower {
    parts: Parts,
    memory: Memory,
    version: i64,
    /// The last reading that is in the memory.
    seq: i64,
    /// As `seq`, of the memory that is written.
    written_seq: i64,
    written_at: DateTime<Utc>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower(version {}, read up to {})", self.version, self.seq)
    }
}

/// What the rules remember as it was written last: with every decision, and otherwise at most ten seconds ago. None before
/// they followed anything.
///
/// # Errors
/// When the store does not answer or the memory does not read.
pub async fn recall(journal: &Journal, scope: &Scope) -> Result<Option<State>, FollowError> {
    let Some(kept) = journal.sensing_state(&scope.district, &scope.timeline, NAME).await? else { return Ok(None) };
    let memory: Option<Memory> = serde_json::from_str(&kept.state)?;
    Ok(memory.map(|memory| memory.rules))
}

pub(super) async fn run(parts: Parts, decided: Arc<Notify>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let ended = match Follower::open(parts.clone()).await {
            Ok(follower) => follow(follower, &decided, &stop).await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the alarm rules cannot go on; they begin again from the record");
            stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
        }
    }
}

async fn follow(mut follower: Follower, decided: &Notify, stop: &CancellationToken) -> Result<(), FollowError> {
    let news = Arc::clone(&follower.parts.news);
    while !stop.is_cancelled() {
        let read = follower.round().await?;
        if read.decided {
            decided.notify_one();
        }
        if !read.more {
            let waits = async {
                let _ = tokio::time::timeout(LOOK, news.notified()).await;
            };
            stop.run_until_cancelled(waits).await;
        }
    }
    Ok(())
}

/// What one round gave.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// There may be more to read.
    pub more: bool,
    /// Alarms changed.
    pub decided: bool,
}

impl Follower {
    /// Takes up the memory as it was written last.
    ///
    /// # Errors
    /// As [`FollowError`] says.
    pub async fn open(parts: Parts) -> Result<Self, FollowError> {
        let scope = &parts.scope;
        let kept = parts.engine.journal().sensing_state(&scope.district, &scope.timeline, NAME).await?;
        let kept = kept.unwrap_or(SensingState { version: 0, seq: 0, state: "null".to_owned() });
        let memory: Option<Memory> = serde_json::from_str(&kept.state)?;
        let (seq, written_at) = (kept.seq, parts.clock.now());
        let mut follower = Self {
            parts,
            memory: memory.unwrap_or_default(),
            version: kept.version,
            seq,
            written_seq: seq,
            written_at,
        };
        follower.adopt().await?;
        Ok(follower)
    }

    /// Rules may have changed while nothing ran: what no rule stands for any more ends.
    async fn adopt(&mut self) -> Result<(), FollowError> {
        let (rules, now) = (Arc::clone(&self.parts.rules), self.parts.clock.now());
        let mut written = Written::default();
        for outcome in rules.adopt(&mut self.memory.rules, now) {
            written.add(&self.parts.scope, &outcome);
        }
        if !written.is_empty() || self.version == 0 {
            self.write(written, now).await?;
        }
        Ok(())
    }

    /// Reads what is new, lets time pass, and writes what follows.
    ///
    /// # Errors
    /// As [`FollowError`] says: begin again with [`Follower::open`].
    pub async fn round(&mut self) -> Result<Round, FollowError> {
        let (parts, now) = (self.parts.clone(), self.parts.clock.now());
        let scope = &parts.scope;
        let journal = parts.engine.journal();
        let readings = journal.observations_after(&scope.district, &scope.timeline, self.seq, MOST).await?;
        let mut written = Written::default();
        for kept in &readings {
            self.seq = kept.seq;
            let Some(observation) = Observation::from_row(&kept.row) else {
                tracing::error!(seq = kept.seq, "a stored reading does not read; it is left out");
                continue;
            };
            // As at the moment at which it came: read again after a crash, it gives the same.
            let at = observation.received_at;
            for outcome in parts.rules.tick(&mut self.memory.rules, at) {
                written.add(scope, &outcome);
            }
            let judged = parts.quality.judge(&parts.registry, &mut self.memory.history, observation, at);
            for outcome in parts.rules.step(&mut self.memory.rules, &judged, at) {
                written.add(scope, &outcome);
            }
        }
        let more = readings.len() == MOST as usize;
        // Time passes only behind the last reading: whoever still waits to be read is not silent.
        if !more {
            for outcome in parts.rules.tick(&mut self.memory.rules, now) {
                written.add(scope, &outcome);
            }
        }
        let decided = !written.is_empty();
        let unwritten = self.seq - self.written_seq;
        if decided || unwritten >= READ_AHEAD || (unwritten > 0 && now - self.written_at >= UNWRITTEN) {
            self.write(written, now).await?;
        }
        Ok(Round { more, decided })
    }

    async fn write(&mut self, written: Written, now: DateTime<Utc>) -> Result<(), FollowError> {
        let text = serde_json::to_string(&self.memory)?;
        let (alarms, commands) = written.into_parts();
        let state = SensingState { version: self.version + 1, seq: self.seq, state: text };
        let decision = Decision { name: NAME, state, at: now, alarms, commands };
        let scope = &self.parts.scope;
        if !self.parts.engine.journal().decide(&scope.district, &scope.timeline, &decision).await? {
            return Err(FollowError::Overtaken);
        }
        (self.version, self.written_seq, self.written_at) = (self.version + 1, self.seq, now);
        Ok(())
    }
}
