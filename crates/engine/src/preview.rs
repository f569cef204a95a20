//! What would move, before it moves: the open cases as they stand, stepped in memory with a new calendar or another
//! version of their workflow. Nothing is written. Whoever then says yes sends the commands that are made here.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin_calendar::Calendar;
use huiyin_chart::definition::Text;
use huiyin_chart::{CaseState, ClockRun, Context, Definition, Fact, Input, Outcome, Plan, step};
use huiyin_journal::read::CaseFilter;
use huiyin_journal::{CaseRecord, Instant, Journal, canonical};
use serde::Serialize;
use uuid::Uuid;

use crate::command::{Actor, Command, EngineError, Refused, Target};
use crate::ids;
use crate::registry::{District, Registry};

/// Cases read at once.
const PAGE: u32 = 500;

/// Which open cases are looked at.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// District code.
    pub district: &'a str,
    /// `real` or the name of an exercise.
    pub timeline: &'a str,
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// As of when.
    pub now: Instant,
}

/// What would become of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseChange {
    /// Case.
    pub case: Uuid,
    /// Its number.
    pub number: String,
    /// Number of its newest entry: what follows is true as long as nothing else happens.
    pub seq: i64,
    /// Version it runs on.
    pub version: u32,
    /// Ids of the active atomic states.
    pub active: Vec<String>,
    /// And afterwards.
    pub becomes: Vec<String>,
    /// Its running clocks, before or after.
    pub clocks: Vec<ClockChange>,
    /// Timers that would be set, with their due time.
    pub timers: Vec<TimerPlan>,
    /// Fields that would get the default of the new version.
    pub fields: Vec<String>,
    /// Why it stays as it is.
    pub refused: Option<Refused>,
}

impl CaseChange {
    /// A due date of it would move, or a clock would begin or end.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.clocks.iter().any(|clock| clock.due_before != clock.due_after)
    }
}

/// What would become of one running clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockChange {
    /// Clock.
    pub clock: String,
    /// Its title.
    pub title: Text,
    /// Run, from 1.
    pub run: u32,
    /// `keep`, `recompute`, `same`; none: it begins or ends, or a calendar is adopted.
    pub rule: Option<String>,
    /// Effective due date now; none: it does not run now.
    pub due_before: Option<Instant>,
    /// And then; none: it would no longer run.
    pub due_after: Option<Instant>,
    /// By how much, in seconds; positive: later.
    pub difference_seconds: Option<i64>,
    /// Reaches into a year without a calendar now.
    pub provisional_before: bool,
    /// And then.
    pub provisional_after: bool,
}

/// A timer that would be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimerPlan {
    /// Its key: `clock/<name>/<run>`, `delay/<n>`.
    pub key: String,
    /// When it is due.
    pub at: Instant,
}

/// What adopting a calendar would do: every open case with a date that would settle or move.
///
/// # Errors
/// When the store does not answer, or a state does not read.
pub async fn preview_calendar(
    journal: &Journal,
    registry: &Registry,
    scope: &Scope<'_>,
    calendar: Arc<Calendar>,
) -> Result<Vec<CaseChange>, EngineError> {
    let district = District { calendar, ..district(registry, scope)? };
    let mut found = Vec::new();
    let mut look = |stood: Case| {
        let after = stood.stepped(&stood.definition, Input::AdoptCalendar, &district, scope.now);
        let change = stood.change(&stood.definition, after);
        let settles = change.clocks.iter().any(|clock| clock.provisional_before != clock.provisional_after);
        if change.moves() || settles || change.refused.is_some() {
            found.push(change);
        }
    };
    each_case(journal, registry, scope, &mut look).await?;
    Ok(found)
}

/// What taking every open case of a workflow over to another version would do; those on it already are left out.
///
/// # Errors
/// When the store does not answer, a state does not read, or the plan names what no version has.
pub async fn preview_migration(
    journal: &Journal,
    registry: &Registry,
    scope: &Scope<'_>,
    to: &Arc<Definition>,
    plan: &Plan,
) -> Result<Vec<CaseChange>, EngineError> {
    let district = district(registry, scope)?;
    let mut found = Vec::new();
    let mut versions: BTreeMap<String, Arc<Definition>> = BTreeMap::new();
    let mut look = |stood: Case| {
        if stood.definition.hash == to.hash {
            return;
        }
        versions.insert(stood.definition.hash.clone(), Arc::clone(&stood.definition));
        let input = Input::Migrate { from: &stood.definition, plan };
        let after = stood.stepped(to, input, &district, scope.now);
        found.push(stood.change(to, after));
    };
    each_case(journal, registry, scope, &mut look).await?;
    let from: Vec<&Definition> = versions.values().map(AsRef::as_ref).collect();
    plan.fits(&from, to).map_err(|refusal| EngineError::Setup(refusal.message.en))?;
    Ok(found)
}

/// What undoing would do: every open case whose last step was a migration.
///
/// # Errors
/// When the store does not answer, or a state does not read.
pub async fn preview_undo(
    journal: &Journal,
    registry: &Registry,
    scope: &Scope<'_>,
) -> Result<Vec<CaseChange>, EngineError> {
    let district = district(registry, scope)?;
    let mut migrated = Vec::new();
    let mut look = |stood: Case| migrated.extend(stood.state.before.is_some().then_some(stood));
    each_case(journal, registry, scope, &mut look).await?;
    let mut found = Vec::new();
    for stood in migrated {
        let Some(before) = &stood.state.before else { continue };
        let to = registry.definition_of(journal, &before.definition).await?;
        let input = Input::UndoMigration { from: &stood.definition };
        let after = stood.stepped(&to, input, &district, scope.now);
        found.push(stood.change(&to, after));
    }
    Ok(found)
}

/// The command that takes a case over; the same however often it is made.
#[must_use]
pub fn migrate_command(scope: &Scope<'_>, change: &CaseChange, to: &Definition, plan: &Plan, by: &Actor) -> Command {
    let written = canonical::write(&serde_json::to_value(plan).unwrap_or_default());
    Command {
        id: ids::migrate_command(change.case, &to.hash, &written, change.seq),
        district: scope.district.to_owned(),
        timeline: scope.timeline.to_owned(),
        target: Target::Migrate { case: change.case, to: to.hash.clone(), plan: plan.clone() },
        actor: by.clone(),
    }
}

/// The command that takes a migration back; the same however often it is made.
#[must_use]
pub fn undo_command(scope: &Scope<'_>, change: &CaseChange, by: &Actor) -> Command {
    Command {
        id: ids::undo_command(change.case, change.seq),
        district: scope.district.to_owned(),
        timeline: scope.timeline.to_owned(),
        target: Target::UndoMigration { case: change.case },
        actor: by.clone(),
    }
}

fn district(registry: &Registry, scope: &Scope<'_>) -> Result<District, EngineError> {
    let found = registry.district(scope.district);
    found.ok_or_else(|| EngineError::Setup(format!("district {} is not set up here", scope.district)))
}

/// A case as it stands.
struct Case {
    record: CaseRecord,
    definition: Arc<Definition>,
    state: CaseState,
    /// Its key was destroyed, so that it can no longer be handled.
    forgotten: bool,
}

async fn each_case(
    journal: &Journal,
    registry: &Registry,
    scope: &Scope<'_>,
    look: &mut (dyn FnMut(Case) + Send),
) -> Result<(), EngineError> {
    let filter = CaseFilter {
        district: scope.district.to_owned(),
        timeline: scope.timeline.to_owned(),
        workflow: scope.workflow.map(str::to_owned),
        open: Some(true),
        limit: PAGE,
        ..CaseFilter::default()
    };
    let mut after = Uuid::nil();
    loop {
        let page = journal.case_records(&filter, scope.now, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        let full = page.len() == PAGE as usize;
        for record in page {
            let definition = registry.definition_of(journal, &record.definition_hash).await?;
            // Confidential values are looked at by the schema of the new version only; none of them is shown.
            let state = journal.case_state(&record, true).await?;
            let state = CaseState::from_json(&definition, &state)
                .map_err(|e| EngineError::Setup(format!("the state of case {} does not read: {e}", record.number)))?;
            let sealed = record.state.contains("\"$sealed\"");
            let forgotten = sealed && journal.case_key(record.id).await?.is_none();
            look(Case { record, definition, state, forgotten });
        }
        if !full {
            return Ok(());
        }
    }
}

/// What a step in memory gave: the case before it and after it, and what it wrote.
type After = Result<(CaseState, CaseState, Outcome), Refused>;

impl Case {
    /// The case after what is due and then `input`, made with `definition`. What is due now is done before, under the
    /// version the case is on, and is no part of what `input` changes; an undoing waits for nothing, as in the engine.
    fn stepped(&self, definition: &Definition, input: Input<'_>, district: &District, now: Instant) -> After {
        if self.forgotten {
            let (zh, en) = ("案件已过保存期限，不再变动", "the retention of this case has ended; it stays as it is");
            return Err(Refused::new("retention_ended", zh, en));
        }
        let case_id = self.record.id.to_string();
        let ctx = Context { now, calendar: &district.calendar, directory: &*district.directory, case_id: &case_id };
        let (mut before, mut out) = (self.state.clone(), Outcome::default());
        let undoes = matches!(input, Input::UndoMigration { .. });
        if !undoes && before.timers(&self.definition).iter().any(|(_, at)| *at <= now) {
            step(&self.definition, &mut before, Input::Tick, &ctx, &mut out)?;
            out.clear();
        }
        let mut after = before.clone();
        step(definition, &mut after, input, &ctx, &mut out)?;
        Ok((before, after, out))
    }

    fn change(&self, to: &Definition, after: After) -> CaseChange {
        let active = |def: &Definition, state: &CaseState| state.active(def).map(str::to_owned).collect();
        let mut change = CaseChange {
            case: self.record.id,
            number: self.record.number.clone(),
            seq: self.record.seq,
            version: self.definition.version,
            active: active(&self.definition, &self.state),
            becomes: Vec::new(),
            clocks: Vec::new(),
            timers: Vec::new(),
            fields: Vec::new(),
            refused: None,
        };
        match after {
            Err(refused) => change.refused = Some(refused),
            Ok((before, after, out)) => {
                change.active = active(&self.definition, &before);
                change.becomes = active(to, &after);
                change.clocks = clocks(&self.definition, &before, to, &after, &out);
                let had = before.timers(&self.definition);
                let set = after.timers(to).into_iter().filter(|timer| !had.contains(timer));
                change.timers = set.map(|(key, at)| TimerPlan { key, at }).collect();
                change.fields = out.facts.iter().filter_map(field).collect();
            }
        }
        change
    }
}

/// The clocks that run before or after, in the order of the definition that the case goes to.
fn clocks(
    from: &Definition,
    before: &CaseState,
    to: &Definition,
    after: &CaseState,
    out: &Outcome,
) -> Vec<ClockChange> {
    type Pair<'c> = (Option<&'c ClockRun>, Option<&'c ClockRun>, &'c Text);
    let mut all: BTreeMap<(usize, &str), Pair<'_>> = BTreeMap::new();
    let place = |name: &str| to.clocks.iter().position(|clock| clock.name == name).unwrap_or(usize::MAX);
    let running = |run: &Option<ClockRun>| run.as_ref().is_some_and(ClockRun::is_running);
    for (decl, run) in from.clocks.iter().zip(&before.clocks).filter(|(_, run)| running(run)) {
        all.entry((place(&decl.name), &decl.name)).or_insert((None, None, &decl.title)).0 = run.as_ref();
    }
    for (decl, run) in to.clocks.iter().zip(&after.clocks).filter(|(_, run)| running(run)) {
        all.entry((place(&decl.name), &decl.name)).or_insert((None, None, &decl.title)).1 = run.as_ref();
    }
    let change = |((_, name), (before, after, title)): ((usize, &str), Pair<'_>)| {
        let (due_before, due_after) = (before.map(|run| run.due), after.map(|run| run.due));
        ClockChange {
            clock: name.to_owned(),
            title: title.clone(),
            run: after.or(before).map_or(1, |run| run.run),
            rule: out.facts.iter().find_map(|fact| rule(fact, name)),
            due_before,
            due_after,
            difference_seconds: due_before.zip(due_after).map(|(before, after)| (after - before).num_seconds()),
            provisional_before: before.is_some_and(|run| run.provisional),
            provisional_after: after.is_some_and(|run| run.provisional),
        }
    };
    all.into_iter().map(change).collect()
}

fn rule(fact: &Fact, name: &str) -> Option<String> {
    match fact {
        Fact::ClockMigrated { clock, rule, .. } if clock == name => Some(rule.clone()),
        _ => None,
    }
}

fn field(fact: &Fact) -> Option<String> {
    match fact {
        Fact::DataSet { path, .. } => Some(path.clone()),
        _ => None,
    }
}
