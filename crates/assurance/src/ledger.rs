//! What every case tells when it is lived through again. Kept between two looks: only cases of which the journal says
//! something new are lived through once more.
//!
//! A case that cannot be lived through again is told, not left out in silence: [`Ledger::unreadable`], and
//! [`Ledger::forgotten`] for those whose key was destroyed at the end of their retention.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_calendar::Instant;
use huiyin_chart::rates::{FALLBACK, Matter};
use huiyin_chart::{CaseState, ClockRun, Context, Definition, Fact};
use huiyin_engine::{District, EngineError, Registry, Relived, relive};
use huiyin_journal::Journal;
use serde_json::Value;
use uuid::Uuid;

/// Cases asked for at once.
const PAGE: u32 = 1000;
/// An entry may be committed so long after the time it bears; what was written since is asked for with this margin.
const MARGIN: TimeDelta = TimeDelta::hours(1);
/// Most rungs that are remembered of one case; the newest win.
const MOST_RUNGS: usize = 200;

/// Whose cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// District code, GB/T 2260.
    pub district: String,
    /// `real`, or the name of an exercise.
    pub timeline: String,
}

/// A rung that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Clock.
    pub clock: Arc<str>,
    /// As written.
    pub rung: Arc<str>,
    /// When it was done.
    pub at: Instant,
    /// By how much the house was late: from the planned time, or from the entry that made it due when that came later
    /// (a matter typed in days after its receipt), to the entry that did it.
    pub late: TimeDelta,
}

/// What one case tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id.
    pub case: Uuid,
    /// Its number.
    pub number: String,
    /// Unit that had it last; none: no unit ever had it.
    pub unit: Option<Arc<str>>,
    /// Channel, as stored.
    pub channel: Arc<str>,
    /// Category, as stored.
    pub category: Arc<str>,
    /// When the matter reached the office.
    pub received_at: Instant,
    /// It is closed.
    pub closed: bool,
    /// It counts for a rate, is open, and nobody but the dispatcher or, for want of anybody, the duty desk has it.
    pub unassigned: bool,
    /// What it says for the rates; none: its workflow counts for neither.
    pub matter: Option<Matter>,
    /// Rungs that fired, in order.
    pub rungs: Vec<Rung>,
    /// Number of the newest entry it was made of.
    seq: i64,
}

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    scope: Scope,
    told: BTreeMap<Uuid, Told>,
    /// Cases whose key was destroyed.
    forgotten: BTreeSet<Uuid>,
    /// Cases that cannot be lived through again, and why.
    unreadable: BTreeMap<Uuid, String>,
    /// The time of the last look.
    looked_at: Option<Instant>,
    /// Words that many cases share.
    words: BTreeSet<Arc<str>>,
}

impl Ledger {
    /// Of a district's cases; empty until [`Ledger::look`].
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            told: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            unreadable: BTreeMap::new(),
            looked_at: None,
            words: BTreeSet::new(),
        }
    }

    /// Whose cases.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Lives through every case of which the journal has something new. What was done stays done when it is given up
    /// half way.
    ///
    /// # Errors
    /// When the store does not answer, or the district is not set up.
    pub async fn look(&mut self, journal: &Journal, registry: &Registry, now: Instant) -> Result<(), EngineError> {
        let district = registry
            .district(&self.scope.district)
            .ok_or_else(|| EngineError::Setup(format!("district {} is not set up", self.scope.district)))?;
        // A clock that went back: everything is looked at again.
        let since = self.looked_at.filter(|last| *last <= now).map_or(DateTime::<Utc>::MIN_UTC, |last| last - MARGIN);
        let since = since.max(DateTime::UNIX_EPOCH);
        let mut after = Uuid::nil();
        loop {
            let Scope { district: code, timeline } = &self.scope;
            let page = journal.written_since(code, timeline, since, after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let full = page.len() >= PAGE as usize;
            for (case, seq) in page {
                let known = self.told.get(&case).is_some_and(|told| told.seq >= seq);
                if !known && !self.forgotten.contains(&case) {
                    self.hear(journal, registry, &district, case).await?;
                }
            }
            if !full {
                break;
            }
        }
        self.looked_at = Some(now);
        Ok(())
    }

    async fn hear(
        &mut self,
        journal: &Journal,
        registry: &Registry,
        district: &District,
        case: Uuid,
    ) -> Result<(), EngineError> {
        let mut heard = Heard::default();
        let lived = relive(journal, registry, case, &mut |step| heard.step(&step)).await;
        self.unreadable.remove(&case);
        match lived {
            Ok(Some((definition, state))) => {
                let told = heard.tell(case, &definition, &state, district, &mut self.words);
                self.told.insert(case, told);
            }
            Ok(None) => {
                self.told.remove(&case);
                self.forgotten.insert(case);
            }
            Err(EngineError::Setup(why)) => {
                self.told.remove(&case);
                self.unreadable.insert(case, why);
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Every case that could be lived through again, in id order.
    pub fn told(&self) -> impl Iterator<Item = &Told> + Clone {
        self.told.values()
    }

    /// One of them.
    #[must_use]
    pub fn of(&self, case: Uuid) -> Option<&Told> {
        self.told.get(&case)
    }

    /// How many cases cannot be lived through again because their key was destroyed; they are in no figure.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten.len() as u64
    }

    /// Cases whose journal does not lead to what it says, and why; they are in no figure. Must be empty.
    #[must_use]
    pub fn unreadable(&self) -> &BTreeMap<Uuid, String> {
        &self.unreadable
    }

    /// When it last looked.
    #[must_use]
    pub fn looked_at(&self) -> Option<Instant> {
        self.looked_at
    }
}

/// What is remembered while a case is lived through.
#[derive(Default)]
struct Heard {
    unit: Option<String>,
    rungs: Vec<(String, String, Instant, TimeDelta)>,
    /// Time of the entry before.
    before: Option<Instant>,
    seq: i64,
}

impl Heard {
    fn step(&mut self, step: &Relived<'_>) {
        let at = step.entry.at;
        // What a step sets for the past is due with that step, not before.
        let due_from = self.before.unwrap_or(at);
        for fact in &step.outcome.facts {
            if let Fact::RungFired { clock, rung, planned, .. } = fact {
                let late = (at - (*planned).max(due_from)).max(TimeDelta::zero());
                self.rungs.push((clock.clone(), rung.clone(), at, late));
            }
        }
        if self.rungs.len() > MOST_RUNGS {
            self.rungs.drain(..self.rungs.len() - MOST_RUNGS);
        }
        if let Some(unit) = step.state.owner.strip_prefix("unit:") {
            self.unit = Some(unit.to_owned());
        }
        (self.before, self.seq) = (Some(at), step.entry.seq);
    }

    fn tell(
        self,
        case: Uuid,
        definition: &Definition,
        state: &CaseState,
        district: &District,
        words: &mut BTreeSet<Arc<str>>,
    ) -> Told {
        let id = case.to_string();
        let (calendar, directory) = (&*district.calendar, &*district.directory);
        let summary = state.summary(definition, &Context { now: state.last_at, calendar, directory, case_id: &id });
        let text = |name: &str| summary.get(name).and_then(Value::as_str).unwrap_or_default();
        let received = DateTime::parse_from_rfc3339(text("received_at")).map(|at| at.to_utc());
        let matter = Matter::of(definition, state, calendar);
        let closed = state.closed_at.is_some();
        let mut kept = |word: &str| kept(words, word);
        Told {
            case,
            number: state.number.clone(),
            unit: self.unit.as_deref().map(&mut kept),
            channel: kept(text("channel")),
            category: kept(text("category")),
            received_at: received.unwrap_or(state.opened_at),
            closed,
            unassigned: matter.is_some() && !closed && waits_for_a_unit(definition, state),
            matter,
            rungs: self
                .rungs
                .iter()
                .map(|(clock, rung, at, late)| Rung { clock: kept(clock), rung: kept(rung), at: *at, late: *late })
                .collect(),
            seq: self.seq,
        }
    }
}

/// The same word is kept once.
fn kept(words: &mut BTreeSet<Arc<str>>, word: &str) -> Arc<str> {
    if let Some(known) = words.get(word) {
        return Arc::clone(known);
    }
    let new: Arc<str> = word.into();
    words.insert(Arc::clone(&new));
    new
}

/// Still with the dispatcher, or with the duty desk because nobody assigned it.
fn waits_for_a_unit(definition: &Definition, state: &CaseState) -> bool {
    let desk = definition.clocks.iter().position(|clock| clock.name == FALLBACK);
    let desk = desk.and_then(|ix| state.clocks.get(ix)?.as_ref());
    state.owner == "role:dispatcher" || desk.is_some_and(ClockRun::is_running)
}
