//! Why a case is due when it is: every clock with its derivation, and everything that happened to it, with who did it.
//! Read from the state and the journal; confidential values are not looked at.

use huiyin_chart::definition::Text;
use huiyin_chart::{CaseState, ClockView, Fact};
use huiyin_journal::{CaseRecord, Instant, Journal};
use serde::Serialize;

use crate::command::EngineError;
use crate::registry::Registry;

/// Entries read at once.
const PAGE: u32 = 500;

/// A case and its clocks.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Its number.
    pub number: String,
    /// Workflow.
    pub workflow: String,
    /// Its title.
    pub title: Text,
    /// Version the case runs on.
    pub version: u32,
    /// Content address of that version.
    pub definition: String,
    /// As of when.
    pub at: Instant,
    /// When the matter reached the office.
    pub received_at: Instant,
    /// When it was over.
    pub closed_at: Option<Instant>,
    /// Owner of the case: `role:…`, `unit:…`, `person:…`.
    pub owner: String,
    /// The active states.
    pub active: Vec<ActiveState>,
    /// Last year whose calendar is published.
    pub calendar_until: Option<i32>,
    /// Every clock that was ever started, in document order.
    pub clocks: Vec<ExplainedClock>,
}

/// A state a case is in.
#[derive(Clone, Debug, Serialize)]
pub struct ActiveState {
    /// Id.
    pub id: String,
    /// What people see.
    pub title: Text,
    /// Who owns it.
    pub owner: String,
}

/// A clock: how it stands, how its date came about, and what happened to it.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedClock {
    /// As the case page shows it.
    #[serde(flatten)]
    pub clock: ClockView,
    /// What happened to it, oldest first, earlier runs too.
    pub history: Vec<ClockEvent>,
}

/// Something that happened to a clock.
#[derive(Clone, Debug, Serialize)]
pub struct ClockEvent {
    /// Entry of the journal.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// Run, from 1.
    pub run: u32,
    /// Who: account or machine id, who ordered a migration, `system` for timers.
    pub actor: String,
    /// The event that brought it about.
    pub event: Option<String>,
    /// What happened, in words.
    pub what: Text,
}

/// Explains the clocks of a case as of `now`.
///
/// # Errors
/// When the store does not answer, or has lost what the case runs on.
pub async fn explain(
    journal: &Journal,
    registry: &Registry,
    record: &CaseRecord,
    now: Instant,
) -> Result<Explanation, EngineError> {
    let definition = registry.definition_of(journal, &record.definition_hash).await?;
    let state = journal.case_state(record, false).await?;
    let state = CaseState::from_json(&definition, &state)
        .map_err(|e| EngineError::Setup(format!("the state of case {} does not read: {e}", record.number)))?;
    let district = registry.district(&record.district);
    let district =
        district.ok_or_else(|| EngineError::Setup(format!("district {} is not set up here", record.district)))?;
    let mut clocks: Vec<ExplainedClock> = state
        .clocks_view(&definition, &district.calendar, now)
        .into_iter()
        .map(|clock| ExplainedClock { clock, history: Vec::new() })
        .collect();
    let mut after = 0;
    loop {
        let page = journal.timeline(record.id, after, PAGE, false).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in &page {
            tell(entry, district.calendar.zone(), &mut clocks);
        }
    }
    let owner = |ix: u16| state.owners.iter().find(|(of, _)| *of == ix).map_or("", |(_, owner)| owner).to_owned();
    let active = state.config.atomic(&definition).map(|ix| {
        let declared = &definition.states[usize::from(ix)];
        let title = declared.title.clone();
        let untitled = || Text { zh: declared.key.clone(), en: declared.key.clone() };
        ActiveState { id: declared.id.clone(), title: title.unwrap_or_else(untitled), owner: owner(ix) }
    });
    Ok(Explanation {
        number: record.number.clone(),
        workflow: definition.name.clone(),
        title: definition.title.clone(),
        version: definition.version,
        definition: definition.hash.clone(),
        at: now,
        received_at: record.received_at,
        closed_at: record.closed_at,
        owner: state.owner.clone(),
        active: active.collect(),
        calendar_until: district.calendar.last_year(),
        clocks,
    })
}

/// Puts what an entry says about clocks to each of them.
fn tell(entry: &huiyin_journal::read::TimelineEntry, zone: chrono::FixedOffset, clocks: &mut [ExplainedClock]) {
    let who = entry.body["actor"]["id"].as_str().unwrap_or("system");
    let facts = entry.body["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    for fact in facts {
        let Ok(fact) = serde_json::from_value::<Fact>(fact.clone()) else { continue };
        let Some(told) = fact.of_clock(zone) else { continue };
        let Some(clock) = clocks.iter_mut().find(|clock| clock.clock.clock == told.clock) else { continue };
        clock.history.push(ClockEvent {
            seq: entry.seq,
            at: entry.at,
            run: told.run,
            actor: who.to_owned(),
            event: entry.body["input"]["event"].as_str().map(str::to_owned),
            what: told.what,
        });
    }
}
