//! Replays a case from its journal and compares: the same inputs in the same context must give the same facts,
//! effects, timers, and in the end the same state.

use std::sync::Arc;

use huiyin_chart::{Actor, CaseState, Context, Definition, Input, Outcome, Plan, step};
use huiyin_journal::read::TimelineEntry;
use huiyin_journal::{Journal, from_micros};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::command::EngineError;
use crate::examine::examine;
use crate::registry::{District, Registry};

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Rederived {
    /// Everything came out as it is stored.
    Same {
        /// Steps replayed.
        steps: u64,
    },
    /// The first entry that came out otherwise.
    Different {
        /// Entry.
        seq: i64,
        /// What differs.
        problem: String,
    },
    /// The key of the case was destroyed, so that what was put in can no longer be read.
    Forgotten,
}

const PAGE: u32 = 500;

/// Replays one case and compares everything that belongs to it.
///
/// # Errors
/// When the store does not answer, has no such case, or has lost what the case was stepped with.
pub async fn rederive(journal: &Journal, registry: &Registry, case: Uuid) -> Result<Rederived, EngineError> {
    let Some(whole) = journal.whole_case(case).await? else {
        return Err(EngineError::Setup(format!("there is no case {case}")));
    };
    let found = examine(journal, registry, &whole, journal.purged_before().await?).await?;
    Ok(match found.findings.into_iter().next() {
        Some((seq, problem)) => Rederived::Different { seq, problem },
        None if found.forgotten => Rederived::Forgotten,
        None => Rederived::Same { steps: found.steps },
    })
}

/// A case as it stood after entry `seq`, made again from its journal: for papers, which stay as they were drawn up.
/// None when there is no such case or its key was destroyed.
///
/// # Errors
/// When the store does not answer, or an entry can no longer be replayed.
pub async fn state_at(
    journal: &Journal,
    registry: &Registry,
    case: Uuid,
    seq: i64,
) -> Result<Option<(Arc<Definition>, CaseState)>, EngineError> {
    let Some(record) = journal.case(case).await? else { return Ok(None) };
    if journal.case_key(case).await?.is_none() && record.state.contains("\"$sealed\"") {
        return Ok(None);
    }
    let mut replay: Option<Replay> = None;
    let mut after = 0;
    'pages: loop {
        let page = journal.timeline(case, after, PAGE, true).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            if entry.seq > seq {
                break 'pages;
            }
            if let Some(problem) = step_again(journal, registry, &mut replay, &entry).await? {
                return Err(EngineError::Setup(format!("case {case}, entry {}: {problem}", entry.seq)));
            }
        }
    }
    Ok(replay.map(|replay| (replay.definition, replay.state)))
}

/// One step of a case that is being lived through again.
#[derive(Debug)]
pub struct Relived<'a> {
    /// The entry, its confidential values open.
    pub entry: &'a TimelineEntry,
    /// What the case runs on.
    pub definition: &'a Definition,
    /// The case after the step.
    pub state: &'a CaseState,
    /// What the step left behind, made again.
    pub outcome: &'a Outcome,
}

/// Lives through a case again from its journal alone, without a look at what is stored as its state, and shows every
/// step to `see`. Gives the case as it stands then. None: it has no journal, or its key was destroyed, so that what was
/// put in can no longer be read; then `see` was shown nothing, or the steps until there.
///
/// # Errors
/// When the store does not answer, or an entry can no longer be replayed.
pub async fn relive(
    journal: &Journal,
    registry: &Registry,
    case: Uuid,
    see: &mut (dyn FnMut(Relived<'_>) + Send),
) -> Result<Option<(Arc<Definition>, CaseState)>, EngineError> {
    let key = journal.case_key(case).await?;
    let mut replay: Option<Replay> = None;
    let mut after = 0;
    loop {
        let page = journal.entries(case, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in page {
            if key.is_none() && stored.body.contains("\"$sealed\"") {
                return Ok(None);
            }
            let damaged = |e: &dyn std::fmt::Display| {
                EngineError::Setup(format!("case {case}, entry {}: it does not read: {e}", stored.seq))
            };
            let mut body: Value = serde_json::from_str(&stored.body).map_err(|e| damaged(&e))?;
            journal.vault().unseal(key.as_ref(), &mut body)?;
            let entry = TimelineEntry { case, seq: stored.seq, at: stored.at, kind: stored.kind, body };
            if let Some(problem) = step_again(journal, registry, &mut replay, &entry).await? {
                return Err(EngineError::Setup(format!("case {case}, entry {}: {problem}", entry.seq)));
            }
            if is_step(&entry)
                && let Some(Replay { definition, state, outcome, .. }) = &replay
            {
                see(Relived { entry: &entry, definition, state, outcome });
            }
        }
    }
    Ok(replay.map(|replay| (replay.definition, replay.state)))
}

/// Whether an entry is a step; the others are notes.
fn is_step(entry: &TimelineEntry) -> bool {
    matches!(entry.kind.as_str(), "opened" | "event" | "tick" | "calendar" | "migrated" | "migration_undone")
}

/// Replays one entry, if it was a step; the first one says on which definition.
pub(crate) async fn step_again(
    journal: &Journal,
    registry: &Registry,
    replay: &mut Option<Replay>,
    entry: &TimelineEntry,
) -> Result<Option<String>, EngineError> {
    if !is_step(entry) {
        return Ok(None);
    }
    let running = match replay {
        Some(running) => running,
        None => {
            let hash = entry.body["context"]["definition"].as_str().unwrap_or_default();
            replay.insert(Replay::new(registry.definition_of(journal, hash).await?))
        }
    };
    running.entry(journal, registry, entry).await
}

pub(crate) struct Replay {
    pub(crate) definition: Arc<Definition>,
    pub(crate) state: CaseState,
    outcome: Outcome,
    /// What the last step was made with.
    pub(crate) district: Option<District>,
}

impl Replay {
    fn new(definition: Arc<Definition>) -> Self {
        let state = CaseState::new(&definition);
        Self { definition, state, outcome: Outcome::default(), district: None }
    }

    /// Replays one entry; gives what differs.
    async fn entry(
        &mut self,
        journal: &Journal,
        registry: &Registry,
        entry: &TimelineEntry,
    ) -> Result<Option<String>, EngineError> {
        let context = &entry.body["context"];
        let text = |name: &str| context[name].as_str().unwrap_or_default();
        let directory = registry.directory_of(journal, text("directory")).await?;
        let calendar = registry.calendar_of(journal, text("calendar")).await?;
        let now = from_micros(context["now"].as_i64().unwrap_or_default());
        let case_id = entry.case.to_string();
        let ctx = Context { now, calendar: &calendar, directory: &*directory, case_id: &case_id };
        let data = &entry.body["input"]["data"];
        let actor: Actor = serde_json::from_value(entry.body["actor"].clone()).unwrap_or_else(|_| Actor::system());
        // Only a migration and its undoing put a case on another definition.
        let (from, plan) = (Arc::clone(&self.definition), plan_of(entry));
        if text("definition") != from.hash {
            if !matches!(entry.kind.as_str(), "migrated" | "migration_undone") {
                return Ok(Some(format!("was stepped with the definition {}", text("definition"))));
            }
            self.definition = registry.definition_of(journal, text("definition")).await?;
        }
        let input = match entry.kind.as_str() {
            "migrated" => Input::Migrate { from: &from, plan: &plan },
            "migration_undone" => Input::UndoMigration { from: &from },
            "opened" => {
                self.state.number = entry.body["number"].as_str().unwrap_or_default().to_owned();
                Input::Open { data }
            }
            "event" => {
                Input::Event { name: entry.body["input"]["event"].as_str().unwrap_or_default(), data, actor: &actor }
            }
            "calendar" => Input::AdoptCalendar,
            _ => Input::Tick,
        };
        self.outcome.clear();
        if let Err(refusal) = step(&self.definition, &mut self.state, input, &ctx, &mut self.outcome) {
            return Ok(Some(format!("was done, and is refused now: {refusal}")));
        }
        self.district = Some(District { code: entry_district(entry), directory, calendar });
        Ok(differs(entry, &self.outcome))
    }
}

fn plan_of(entry: &TimelineEntry) -> Plan {
    serde_json::from_value(entry.body["input"]["plan"].clone()).unwrap_or_default()
}

fn entry_district(entry: &TimelineEntry) -> String {
    entry.body["district"].as_str().unwrap_or_default().to_owned()
}

fn differs(entry: &TimelineEntry, outcome: &Outcome) -> Option<String> {
    let now = json!({ "facts": outcome.facts, "effects": outcome.effects, "timers": outcome.timers });
    ["facts", "effects", "timers"].into_iter().find_map(|part| {
        let (stored, now): (&Value, &Value) = (&entry.body[part], &now[part]);
        let first = || {
            let (stored, now) = (stored.as_array()?, now.as_array()?);
            (0..stored.len().max(now.len())).find(|&i| stored.get(i) != now.get(i))
        };
        (stored != now).then(|| format!("{part} differ, first at {}", first().unwrap_or_default()))
    })
}
