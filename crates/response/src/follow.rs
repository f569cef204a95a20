//! The follower: looks at what is open, says what is missing, and tells the engine. It keeps nothing of its own in the store:
//! what was told stands on the cases, so that a process that dies at any step, or a second one beside it, changes nothing.
//!
//! Each telling has an id made of (case, what): the engine knows a second one. Beyond that the cases themselves refuse a second
//! task of the same key and a second proposal for the same source.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use huiyin_directory::Directory;
use huiyin_engine::{Actor, ActorKind, Answer, Clock, Command, Engine, EngineError, REAL, Target};
use huiyin_journal::read::{CaseFilter, CaseOrder, CaseRow};
use huiyin_journal::{CaseRecord, JournalError};
use huiyin_water::network::Network;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Defaults;
use crate::defaults::AtOnce;
use crate::plans::{self, Plan, Plans};
use crate::tasks::Task;
use crate::threat::{Known, Threat, Threatened, threat};

/// Namespace of the ids of what is told.
const TOLD: Uuid = Uuid::from_u128(0x2d9c_4f61_7b0a_5e83_8c15_92de_4a07_b3f6);
/// Name under which it acts.
const NAME: &str = "response";
const INCIDENT: &str = "incident";
const ACTIVATION: &str = "activation";
/// States of an incident in which the water still counts.
const LIVE: [&str; 5] = ["detected", "verifying", "dismissing", "activating", "responding"];
/// The state of an activation whose tasks are to be given.
const HANDING_OUT: &str = "handing_out";
/// The state of an activation whose lessons are to go back into a plan.
const SUMMING_UP: &str = "summing_up";
/// Cases read at once, and rounds of it.
const PAGE: u32 = 500;
const MOST_PAGES: usize = 20;
/// Longest task that a case takes, characters.
const MOST_WORDS: usize = 1000;

/// Which cases it looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// District code.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
}

/// What a follower needs.
#[derive(Clone)]
pub struct Parts {
    /// Takes what it tells; its journal is the record.
    pub engine: Engine,
    /// Time of the timeline.
    pub clock: Arc<dyn Clock>,
    /// Where it looks.
    pub scope: Scope,
    /// The waters of the district.
    pub waters: Arc<Network>,
    /// Units and towns.
    pub directory: Arc<Directory>,
    /// What is opened at once, and the tasks of each kind.
    pub defaults: Arc<Defaults>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?})", self.scope)
    }
}

/// It cannot look or tell now; the next round begins where this one stopped.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// See the module.
#[derive(Debug)]
pub struct Follower {
    parts: Parts,
    /// Cases of which nothing was missing, with the entry up to which that was seen. Only saves looking again.
    settled: HashMap<Uuid, i64>,
}

impl Follower {
    /// It has looked at nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, settled: HashMap::new() }
    }

    /// Looks once at everything that is open; gives how many things were told.
    ///
    /// # Errors
    /// When the store or the engine does not answer; what was told by then stays told.
    pub async fn round(&mut self) -> Result<u32, RespondError> {
        let (mut told, mut open) = (0, HashMap::new());
        for (workflow, active) in [(INCIDENT, None), (ACTIVATION, Some(HANDING_OUT)), (ACTIVATION, Some(SUMMING_UP))] {
            for row in self.open(workflow, active).await? {
                open.insert(row.id, row.seq);
                if self.settled.get(&row.id) == Some(&row.seq) {
                    continue;
                }
                let Some(record) = self.parts.engine.journal().case(row.id).await? else { continue };
                let look = match active {
                    None => self.parts.incident(&record).await?,
                    Some(HANDING_OUT) => self.parts.hand_out(&record).await?,
                    Some(_) => self.parts.renew_plan(&record).await?,
                };
                told += look.told;
                if look.settled {
                    self.settled.insert(record.id, record.seq);
                }
            }
        }
        self.settled.retain(|case, _| open.contains_key(case));
        Ok(told)
    }

    /// The open cases of a workflow, without what they remember.
    async fn open(&self, workflow: &str, active: Option<&str>) -> Result<Vec<CaseRow>, RespondError> {
        let Scope { district, timeline } = self.parts.scope.clone();
        let (workflow, active) = (Some(workflow.to_owned()), active.map(str::to_owned));
        let order = CaseOrder::Received;
        let mut filter = CaseFilter {
            district,
            timeline,
            workflow,
            active,
            open: Some(true),
            order,
            limit: PAGE,
            ..CaseFilter::default()
        };
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.parts.engine.journal().list_cases(&filter, self.parts.clock.now()).await?;
            let last = page.len() < PAGE as usize;
            found.extend(page);
            if last {
                break;
            }
            filter.offset += PAGE;
        }
        Ok(found)
    }
}

/// What came of looking at one case.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// So many things were told and taken.
    told: u32,
    /// Until something happens to the case nothing is missing, or nothing can be done about it.
    settled: bool,
}

impl Parts {
    /// What an incident still lacks.
    async fn incident(&self, record: &CaseRecord) -> Result<Look, RespondError> {
        let nothing = Look { told: 0, settled: true };
        let live = record.active.iter().any(|state| LIVE.contains(&state.as_str()));
        if record.closed_at.is_some() || !live {
            return Ok(nothing);
        }
        let state = self.engine.journal().case_state(record, false).await?;
        let data = &state["data"];
        let town = self.directory.town(words(data, "place")).map_or_else(String::new, |town| town.name.zh.clone());
        let known = Known {
            point: words(data, "point"),
            station: words(data, "station"),
            town: &town,
            of_water: words(data, "category") == "water",
            released_at: released_at(data, record.opened_at),
        };
        let threat = threat(&self.waters, &known).filter(|threat| !threat.sources.is_empty());
        let mut look = nothing;
        if let Some(threat) = &threat {
            look.told += self.open_tasks(record, data, threat).await?;
            look.told += self.propose(record, data, threat, known.released_at).await?;
        }
        let revised = self.revise(record, data, threat.as_ref(), known.released_at).await?;
        look.told += revised.told;
        look.settled = revised.settled;
        Ok(look)
    }

    /// Sampling, notices, neighbours: those that the incident does not have yet.
    async fn open_tasks(&self, record: &CaseRecord, data: &Value, threat: &Threat) -> Result<u32, RespondError> {
        let given = list(data, "water_tasks");
        let names: Vec<&str> = threat.sources.iter().map(|source| source.name.zh.as_str()).collect();
        let site = threat.from.as_ref().map_or(words(data, "site"), |from| from.zh.as_str());
        let fill = |text: &str, partner: &str| {
            let site = if site.is_empty() { record.title.as_str() } else { site };
            let filled =
                text.replace("{incident}", &record.number).replace("{site}", site).replace("{partner}", partner);
            shorter(&filled.replace("{sources}", &names.join("、")), MOST_WORDS)
        };
        let passed = self.defaults.neighbours.iter().filter(|n| n.reaches.iter().any(|r| threat.passes.contains(r)));
        let passed = passed.map(|neighbour| {
            let partner = self.directory.unit(&neighbour.partner).map_or("", |unit| unit.name.zh.as_str());
            (&neighbour.task, partner)
        });
        let wanted: Vec<(&AtOnce, &str)> = self.defaults.incident.iter().map(|task| (task, "")).chain(passed).collect();
        let mut told = 0;
        for (task, partner) in wanted.into_iter().filter(|(task, _)| !given.contains(&task.key.as_str())) {
            let due = record.opened_at + TimeDelta::minutes(i64::from(task.within_minutes));
            let body = json!({
                "key": task.key, "unit": task.unit, "task": fill(&task.task, partner), "due_at": written(due),
            });
            told += u32::from(self.tell(record, &format!("task/{}", task.key), "water.task", body).await?);
        }
        Ok(told)
    }

    /// An activation for each source, in order of arrival.
    async fn propose(
        &self,
        record: &CaseRecord,
        data: &Value,
        threat: &Threat,
        released_at: DateTime<Utc>,
    ) -> Result<u32, RespondError> {
        let proposed = list(data, "threatened");
        let missing: Vec<(usize, &Threatened)> =
            threat.sources.iter().enumerate().filter(|(_, source)| !proposed.contains(&source.id.as_str())).collect();
        if missing.is_empty() {
            return Ok(0);
        }
        let (own, real) = plans::read_for(self.engine.journal(), &self.scope, self.clock.now()).await?;
        let mut told = 0;
        for (index, source) in missing {
            let mut body = figures(index, Some(source), threat, released_at);
            body["source"] = json!(source.id);
            body["source_name"] = json!(shorter(&source.name.zh, 120));
            body["provenance"] = json!(provenance(source, threat));
            if let Some(town) = &source.town {
                body["town"] = json!(town);
            }
            self.add_plan(&mut body, source, &own, &real);
            let what = format!("propose/{}", source.id);
            told += u32::from(self.tell(record, &what, "activation.propose", body).await?);
        }
        Ok(told)
    }

    /// The plan that is activated, its tasks, and what becomes of it afterwards.
    fn add_plan(&self, body: &mut Value, source: &Threatened, own: &Plans, real: &Plans) {
        let (plan, known) = (own.plan(&source.id), real.plan(&source.id));
        let from_plan = !known.tasks.is_empty();
        let tasks = if from_plan { known.tasks.as_slice() } else { self.defaults.of_kind(&source.kind) };
        let (name, town) = (&source.name.zh, source.town.as_deref());
        let assigned = |task: &Task| self.defaults.assigned(task, name, town, &self.directory);
        let tasks: Vec<Task> = tasks.iter().map(assigned).collect();
        let follow = self.follow(&plan);
        body["follow"] = json!(follow);
        body["plan"] = json!(plan.in_force.unwrap_or_default());
        body["plan_unit"] = json!(self.defaults.plan_unit);
        body["from_plan"] = json!(from_plan);
        body["tasks"] = json!(tasks);
    }

    /// What becomes of the lessons. An exercise begins no plan; a second draft beside one that is being drawn up helps nobody.
    fn follow(&self, plan: &Plan) -> &'static str {
        match (&plan.in_force, plan.begun, self.scope.timeline == REAL) {
            (Some(_), ..) => "revise",
            (None, false, true) => "draft",
            _ => "none",
        }
    }

    /// The plan as it is once the section is clean: it may have come into force, or been replaced, while the water was followed.
    async fn renew_plan(&self, record: &CaseRecord) -> Result<Look, RespondError> {
        let state = self.engine.journal().case_state(record, false).await?;
        let data = &state["data"];
        let plans = Plans::of(self.engine.journal(), &self.scope, self.clock.now()).await?;
        let plan = plans.plan(words(data, "source"));
        let (follow, number) = (self.follow(&plan), plan.in_force.unwrap_or_default());
        if words(data, "plan") == number && words(data, "follow") == follow {
            return Ok(Look { told: 0, settled: true });
        }
        let body = json!({ "plan": number, "follow": follow });
        let told = u32::from(self.tell(record, &format!("plan/{}", record.seq), "plan.renewed", body).await?);
        Ok(Look { told, settled: true })
    }

    /// Activations whose figures are no longer those of the river: somebody has said better where it was, or when.
    async fn revise(
        &self,
        record: &CaseRecord,
        data: &Value,
        threat: Option<&Threat>,
        released_at: DateTime<Utc>,
    ) -> Result<Look, RespondError> {
        let proposed = list(data, "threatened");
        if proposed.is_empty() {
            return Ok(Look { told: 0, settled: true });
        }
        let gone = Threat { from: None, sources: Vec::new(), passes: Default::default(), assumed: true };
        let threat = threat.unwrap_or(&gone);
        let (mut told, mut found) = (0, 0);
        for link in self.engine.journal().links(record.id).await? {
            let child = if link.parent == record.id { self.engine.journal().case(link.child).await? } else { None };
            let Some(child) = child.filter(|child| child.workflow == ACTIVATION) else { continue };
            found += 1;
            if child.closed_at.is_some() || child.active.iter().any(|state| state == SUMMING_UP) {
                continue;
            }
            let state = self.engine.journal().case_state(&child, false).await?;
            let at = threat.sources.iter().position(|source| source.id == words(&state["data"], "source"));
            let body =
                figures(at.unwrap_or(threat.sources.len()), at.map(|at| &threat.sources[at]), threat, released_at);
            let same = body.as_object().is_some_and(|figures| figures.iter().all(|(k, v)| state["data"][k] == *v));
            if !same {
                // The entry up to which it was seen makes it another telling each time, and the same for two who look at once.
                let what = format!("arrival/{}", child.seq);
                told += u32::from(self.tell(&child, &what, "arrival.revised", body).await?);
            }
        }
        // An activation is opened by the relay a moment after it was proposed.
        Ok(Look { told, settled: found >= proposed.len() })
    }

    /// The tasks of a confirmed activation that were not given yet; then that all were.
    async fn hand_out(&self, record: &CaseRecord) -> Result<Look, RespondError> {
        let state = self.engine.journal().case_state(record, false).await?;
        let (data, given) = (&state["data"], list(&state["data"], "given"));
        let confirmed = instant(data, "confirmed_at").unwrap_or(record.last_at);
        let earliest = instant(data, "earliest_at").filter(|_| data["possible"] != json!(true));
        let tasks: Vec<Task> = serde_json::from_value(data["tasks"].clone()).unwrap_or_default();
        let (mut told, mut whole) = (0, true);
        for task in tasks.iter().filter(|task| !given.contains(&task.key.as_str())) {
            let due = task.due(earliest, confirmed, &self.defaults);
            let body = json!({
                "key": task.key, "unit": task.unit, "task": shorter(&task.task, MOST_WORDS), "due_at": written(due.at),
                "wanted_at": due.wanted.map(written).unwrap_or_default(), "late": due.late,
            });
            let taken = self.tell(record, &format!("give/{}", task.key), "task.give", body).await?;
            told += u32::from(taken);
            whole &= taken;
        }
        if whole {
            told += u32::from(self.tell(record, "handed_out", "tasks.handed_out", json!({})).await?);
        }
        // What was refused is not asked for again until somebody has touched the case: its clock tells people.
        Ok(Look { told, settled: true })
    }

    /// Tells the engine one thing about a case. True: it was taken, now or before.
    async fn tell(&self, case: &CaseRecord, what: &str, event: &str, data: Value) -> Result<bool, RespondError> {
        let name = json!([self.scope.district, self.scope.timeline, case.id, what]);
        let id = Uuid::new_v5(&TOLD, name.to_string().as_bytes());
        let target = Target::Event { case: case.id, event: event.to_owned(), data };
        let actor = Actor { id: NAME.into(), kind: ActorKind::Machine, roles: vec![], units: vec![], heads: vec![] };
        let Scope { district, timeline } = self.scope.clone();
        match self.engine.submit(Command { id, district, timeline, target, actor }).await {
            Ok(Answer::Accepted(_)) => Ok(true),
            Ok(Answer::Refused(refused)) => {
                let details: Vec<String> = refused.details.iter().map(|one| one.message.en.clone()).collect();
                let (number, why) = (&case.number, format!("{} {}", refused.message.en, details.join("; ")));
                tracing::warn!(%number, what, %why, "the case did not take what the river says");
                Ok(false)
            }
            // Told before in other words, by a process that saw other figures: the case says what came of it.
            Ok(Answer::Conflict) => Ok(false),
            Err(EngineError::Quarantined { problem, .. }) => {
                tracing::error!(number = %case.number, what, %problem, "it was set aside");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The figures of an arrival as an activation keeps them. `source`: none, when it is no longer reached.
fn figures(index: usize, source: Option<&Threatened>, threat: &Threat, released_at: DateTime<Utc>) -> Value {
    let times = source.and_then(|source| source.times);
    let text = |at: Option<DateTime<Utc>>| at.map(written).unwrap_or_default();
    let from = match (&threat.from, source) {
        (Some(from), Some(_)) => from.zh.clone(),
        (Some(from), None) => format!("重新定位于{}，推算不再到达", from.zh),
        (None, Some(_)) => "入河位置不详".to_owned(),
        (None, None) => "重新定位后推算不再到达".to_owned(),
    };
    json!({
        "rank": index + 1,
        "possible": times.is_none(),
        "earliest_at": text(times.map(|times| times.earliest)),
        "probable_at": text(times.map(|times| times.probable)),
        "peak_at": text(times.map(|times| times.peak)),
        "distance_m": times.map_or(0, |times| times.distance_m),
        "released_at": written(released_at),
        "from": shorter(&from, 200),
    })
}

/// What the figures rest on, in the words that go on the case.
fn provenance(source: &Threatened, threat: &Threat) -> String {
    if source.times.is_none() {
        return "该水源不在推算所用的河段上，或者入河位置不详：只按街镇、水体判断可能受影响，到达时间未知".to_owned();
    }
    let assumed = if threat.assumed { "；河段参数多为假定值，未经测量" } else { "" };
    format!("按 Jobson（USGS WRIR 96-4013）回归推算，前锋均方根误差约3.8小时，只能作区间使用{assumed}")
}

/// From when the water ran: when it entered the water, since when an alarm's limit was exceeded, or when it was learned of.
fn released_at(data: &Value, opened: DateTime<Utc>) -> DateTime<Utc> {
    ["water_since", "since", "learned_at"].iter().find_map(|field| instant(data, field)).unwrap_or(opened)
}

fn words<'a>(data: &'a Value, field: &str) -> &'a str {
    data[field].as_str().unwrap_or_default()
}

fn list<'a>(data: &'a Value, field: &str) -> Vec<&'a str> {
    data[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn instant(data: &Value, field: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(data[field].as_str()?).ok()?.to_utc())
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn shorter(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
