//! One case at work: its state opened, stepped, and drawn out again into the columns of its record.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin_chart::definition::Confidential;
use huiyin_chart::{
    CaseState, Context, Definition, Effect, Fact, Input, OPENED, Outcome, Plan, Status, TimerChange, admit, step,
};
use huiyin_journal::secret::is_sealed;
use huiyin_journal::{CaseKey, CaseRecord, Instant, Locked, OutboxWrite, TimerWrite, Vault, Writes, micros};
use serde_json::{Map, Value, json};

use crate::command::{Actor, Command, Parent, Refused};
use crate::execute::Trouble;
use crate::registry::District;

/// Most bytes of searchable text of one case.
const MOST_PLAIN: usize = 8 * 1024;

/// What happens to a case in one step.
pub(crate) enum Deed<'a> {
    Open { data: &'a Value, parent: Option<&'a Parent> },
    Event { name: &'a str, data: &'a Value },
    Tick,
    AdoptCalendar,
    Migrate { to: &'a Arc<Definition>, plan: &'a Plan },
    UndoMigration { to: &'a Arc<Definition> },
}

impl Deed<'_> {
    /// Kind of its entry.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Open { .. } => "opened",
            Self::Event { .. } => "event",
            Self::Tick => "tick",
            Self::AdoptCalendar => "calendar",
            Self::Migrate { .. } => "migrated",
            Self::UndoMigration { .. } => "migration_undone",
        }
    }

    /// The event, if it is one.
    pub(crate) fn event(&self) -> Option<&str> {
        match self {
            Self::Open { .. } => Some(OPENED),
            Self::Event { name, .. } => Some(name),
            Self::Tick | Self::AdoptCalendar | Self::Migrate { .. } | Self::UndoMigration { .. } => None,
        }
    }
}

/// See the module.
pub(crate) struct Working {
    pub(crate) record: CaseRecord,
    pub(crate) key: Option<CaseKey>,
    pub(crate) definition: Arc<Definition>,
    pub(crate) district: District,
    pub(crate) state: CaseState,
    /// Timers as they stand after what was done so far.
    pub(crate) timers: BTreeMap<String, Instant>,
    /// Timers to be written: set by which entry, or cleared.
    changed_timers: BTreeMap<String, Option<(Instant, i64, Option<Instant>)>>,
    /// Its retention ended in this batch; what was done before is still sealed with the key that goes.
    forgotten: bool,
    /// Opened in this batch.
    pub(crate) new: bool,
    /// Something is to be written.
    pub(crate) touched: bool,
    /// Its state changed.
    pub(crate) stepped: bool,
    /// Masked values under which it is found already.
    known_identity: Vec<String>,
    case_id: String,
}

impl Working {
    /// A locked case.
    pub(crate) fn of(
        locked: Locked,
        definition: Arc<Definition>,
        district: District,
        vault: &Vault,
    ) -> Result<Self, Trouble> {
        let Locked { record, wrapped_key, timers } = locked;
        let key = wrapped_key.map(|wrapped| vault.open_case_key(record.id, &wrapped)).transpose()?;
        let state = open_state(&record, &definition, key.as_ref(), vault)?;
        let timers = timers.into_iter().map(|timer| (timer.key, timer.due_at)).collect();
        let case_id = record.id.to_string();
        let mut working = Self {
            record,
            key,
            definition,
            district,
            state,
            timers,
            changed_timers: BTreeMap::new(),
            forgotten: false,
            new: false,
            touched: false,
            stepped: false,
            known_identity: Vec::new(),
            case_id,
        };
        working.known_identity = working.identity();
        Ok(working)
    }

    /// A case about to be opened.
    pub(crate) fn opening(record: CaseRecord, definition: Arc<Definition>, district: District) -> Self {
        let mut state = CaseState::new(&definition);
        state.number.clone_from(&record.number);
        let case_id = record.id.to_string();
        let mut working = Self {
            record,
            key: None,
            definition: Arc::clone(&definition),
            district,
            state,
            timers: BTreeMap::new(),
            changed_timers: BTreeMap::new(),
            forgotten: false,
            new: true,
            touched: false,
            stepped: false,
            known_identity: Vec::new(),
            case_id,
        };
        working.runs_on(definition);
        working
    }

    /// A case made again from its journal, to draw its columns once more.
    pub(crate) fn again(
        record: CaseRecord,
        key: Option<CaseKey>,
        definition: Arc<Definition>,
        district: District,
        state: CaseState,
    ) -> Self {
        let mut working = Self::opening(record, definition, district);
        (working.key, working.state, working.new) = (key, state, false);
        working
    }

    fn context(&self, now: Instant) -> Context<'_> {
        context(&self.district, &self.case_id, now)
    }

    /// Whether its workflow knows confidential values.
    pub(crate) fn has_secrets(&self) -> bool {
        has_secrets(&self.definition)
    }

    /// Steps. On a refusal the case is as it was.
    pub(crate) fn step(
        &mut self,
        deed: &Deed<'_>,
        actor: &Actor,
        now: Instant,
        out: &mut Outcome,
    ) -> Result<Result<(), Refused>, Trouble> {
        if self.forgotten || (self.key.is_none() && !self.new && self.has_secrets()) {
            return Ok(Err(Refused::new(
                "retention_ended",
                "案件已过保存期限，不能再办理",
                "the retention of this case has ended; its key was destroyed and it can no longer be handled",
            )));
        }
        let before = self.state.clone();
        // The definition that the step is made with: of a migration, the one that the case goes to.
        let from = Arc::clone(&self.definition);
        let definition = Arc::clone(match deed {
            Deed::Migrate { to, .. } | Deed::UndoMigration { to } => to,
            _ => &from,
        });
        let ctx = context(&self.district, &self.case_id, now);
        let admitted = match deed {
            Deed::Open { data, .. } => admit(&definition, &self.state, OPENED, data, actor, &ctx),
            Deed::Event { name, data } => admit(&definition, &self.state, name, data, actor, &ctx),
            Deed::Tick | Deed::AdoptCalendar => Ok(()),
            Deed::Migrate { .. } | Deed::UndoMigration { .. } => migrates(actor),
        };
        let input = match deed {
            Deed::Open { data, .. } => Input::Open { data },
            Deed::Event { name, data } => Input::Event { name, data, actor },
            Deed::Tick => Input::Tick,
            Deed::AdoptCalendar => Input::AdoptCalendar,
            Deed::Migrate { plan, .. } => Input::Migrate { from: &from, plan },
            Deed::UndoMigration { .. } => Input::UndoMigration { from: &from },
        };
        match admitted.and_then(|()| step(&definition, &mut self.state, input, &ctx, out)) {
            Ok(()) => {
                self.stepped = true;
                self.runs_on(definition);
                Ok(Ok(()))
            }
            Err(refusal) => {
                self.state = before;
                Ok(Err(refusal.into()))
            }
        }
    }

    /// Puts the case on a definition.
    fn runs_on(&mut self, definition: Arc<Definition>) {
        self.record.workflow.clone_from(&definition.name);
        self.record.version = i64::from(definition.version);
        self.record.definition_hash.clone_from(&definition.hash);
        self.definition = definition;
    }

    /// What the entry of a step says. Confidential values are sealed.
    pub(crate) fn entry_body(
        &self,
        deed: &Deed<'_>,
        command: Option<&Command>,
        outcome: &Outcome,
        vault: &Vault,
        now: Instant,
    ) -> Result<Map<String, Value>, Trouble> {
        let mut body = Map::new();
        if let Some(command) = command {
            body.insert("command".into(), command.id.to_string().into());
            body.insert("actor".into(), json(&command.actor)?);
        }
        body.insert("input".into(), self.input(deed, vault));
        body.insert("number".into(), self.record.number.clone().into());
        body.insert(
            "context".into(),
            json!({
                "definition": self.definition.hash,
                "directory": self.district.directory.version(),
                "calendar": self.district.calendar.version(),
                "now": micros(now),
            }),
        );
        let facts = outcome.facts.iter().map(|fact| self.fact(fact, vault)).collect::<Result<_, _>>()?;
        body.insert("facts".into(), Value::Array(facts));
        let effects = outcome.effects.iter().map(|effect| self.effect(effect, vault)).collect::<Result<_, _>>()?;
        body.insert("effects".into(), Value::Array(effects));
        body.insert("timers".into(), json(&outcome.timers)?);
        Ok(body)
    }

    fn input(&self, deed: &Deed<'_>, vault: &Vault) -> Value {
        let declared = |name: &str| self.definition.events.iter().find(|event| event.name == name);
        let (mut said, name) = match deed {
            Deed::Open { data, parent } => (json!({ "data": data, "parent": parent }), OPENED),
            Deed::Event { name, data } => (json!({ "event": name, "data": data }), *name),
            Deed::Migrate { plan, .. } => return json!({ "plan": plan }),
            Deed::Tick | Deed::AdoptCalendar | Deed::UndoMigration { .. } => return json!({}),
        };
        if let Some(key) = &self.key {
            let data = &mut said["data"];
            if matches!(deed, Deed::Open { .. }) {
                vault.seal_paths(key, data, self.definition.data.confidential.keys().map(String::as_str));
            }
            let paths = declared(name).into_iter().flat_map(|event| event.confidential.keys());
            vault.seal_paths(key, data, paths.map(String::as_str));
        }
        said
    }

    fn fact(&self, fact: &Fact, vault: &Vault) -> Result<Value, Trouble> {
        let mut said = json(fact)?;
        if let (Some(key), Fact::DataSet { path, .. }) = (&self.key, fact) {
            for secret in self.definition.data.confidential.keys() {
                if let Some(below) = below(secret, path) {
                    vault.seal_paths(key, &mut said["value"], [below]);
                } else if secret == path || below(path, secret).is_some() {
                    vault.seal(key, &mut said["value"]);
                }
            }
        }
        Ok(said)
    }

    fn effect(&self, effect: &Effect, vault: &Vault) -> Result<Value, Trouble> {
        let mut said = json(effect)?;
        // What an expression put together from confidential values is confidential.
        if let (Some(key), true) = (&self.key, self.has_secrets())
            && let Some(data) = said.get_mut("data")
        {
            vault.seal(key, data);
        }
        Ok(said)
    }

    /// The effects of a step as rows of the outbox.
    pub(crate) fn effects(
        &self,
        outcome: &Outcome,
        seq: i64,
        at: Instant,
        vault: &Vault,
        out: &mut Vec<OutboxWrite>,
    ) -> Result<(), Trouble> {
        for effect in &outcome.effects {
            let kind = match effect {
                Effect::Notify { .. } => "notify",
                // Papers are read from the journal; nobody takes them anywhere.
                Effect::Document { .. } => continue,
                Effect::Emit { .. } => "emit",
                Effect::Open { .. } => "open",
                Effect::Send { .. } => "send",
            };
            out.push(OutboxWrite {
                key: format!("{}/{}", self.record.id, effect.key()),
                kind: kind.to_owned(),
                case: self.record.id,
                seq,
                district: self.record.district.clone(),
                timeline: self.record.timeline.clone(),
                payload: self.effect(effect, vault)?.to_string(),
                created_at: at,
                leased_until: None,
            });
        }
        Ok(())
    }

    /// Takes the timer changes of a step over; the last word on a key counts.
    pub(crate) fn change_timers(&mut self, outcome: &Outcome, seq: i64) {
        for change in &outcome.timers {
            match change {
                TimerChange::Set { key, at } => self.set_timer(key, *at, seq),
                TimerChange::Clear { key } => self.clear_timer(key),
            }
        }
    }

    /// Takes a timer away.
    pub(crate) fn clear_timer(&mut self, key: &str) {
        self.timers.remove(key);
        self.changed_timers.insert(key.to_owned(), None);
    }

    /// Sets a timer by entry `seq`.
    pub(crate) fn set_timer(&mut self, key: &str, at: Instant, seq: i64) {
        self.timers.insert(key.to_owned(), at);
        self.changed_timers.insert(key.to_owned(), Some((at, seq, None)));
    }

    /// Leaves a timer as it stands, but not fired before `until`.
    pub(crate) fn hold_timer(&mut self, key: &str, at: Instant, seq: i64, until: Instant) {
        self.timers.insert(key.to_owned(), at);
        self.changed_timers.insert(key.to_owned(), Some((at, seq, Some(until))));
    }

    /// Its retention ends: what it had in this batch is gone with it.
    pub(crate) fn forget(&mut self) {
        self.forgotten = true;
        self.timers.clear();
        self.changed_timers.clear();
    }

    /// The timers to be written.
    pub(crate) fn timer_writes(&mut self, writes: &mut Writes) {
        for (key, change) in std::mem::take(&mut self.changed_timers) {
            match change {
                None => writes.timers_cleared.push((self.record.id, key)),
                Some((due_at, version, not_before)) => writes.timers_set.push(TimerWrite {
                    case: self.record.id,
                    key,
                    due_at,
                    not_before,
                    version,
                    district: self.record.district.clone(),
                    timeline: self.record.timeline.clone(),
                }),
            }
        }
    }

    /// Ids of the active atomic states.
    pub(crate) fn active(&self) -> Vec<String> {
        self.state.active(&self.definition).map(str::to_owned).collect()
    }

    /// Draws the columns of the record out of the state.
    pub(crate) fn settle(&mut self, vault: &Vault) -> Result<(), Trouble> {
        let mut stored = self.state.to_json(&self.definition);
        if let Some(key) = &self.key {
            let secrets: Vec<String> =
                self.definition.data.confidential.keys().map(|path| format!("data.{path}")).collect();
            // The case before a migration may hold values that only its old version knows to be confidential.
            let whole = ["delays.data", "before.state"];
            vault.seal_paths(key, &mut stored, secrets.iter().map(String::as_str).chain(whole));
        }
        let ctx = self.context(self.record.last_at);
        let summary = self.state.summary(&self.definition, &ctx);
        let excluded = self.state.excluded(&self.definition, &ctx);
        let due = self.state.next_due(&self.definition);
        let (due_at, due_clock, provisional) =
            due.map_or((None, None, false), |due| (Some(due.at), Some(due.clock.to_owned()), due.provisional));
        let text = |name: &str| summary.get(name).map(words).unwrap_or_default();
        let record = &mut self.record;
        (record.title, record.place) = (text("title"), text("place"));
        (record.category, record.channel) = (text("category"), text("channel"));
        if let Some(received) = summary.get("received_at").and_then(instant) {
            record.received_at = received;
        }
        record.owners = self.state.all_owners().into_iter().map(str::to_owned).collect();
        record.owner = Some(self.state.owner.clone()).filter(|owner| !owner.is_empty());
        (record.due_at, record.due_clock, record.due_provisional) = (due_at, due_clock, provisional);
        record.marks = self.state.marks.iter().cloned().collect();
        record.excluded = excluded;
        record.closed_at = self.state.closed_at;
        record.plain = plain(record, &stored["data"]);
        record.running = running(&self.definition, &self.state);
        record.state = stored.to_string();
        self.record.active = self.active();
        Ok(())
    }

    /// Keyed pieces of masked values under which the case is not found yet.
    pub(crate) fn new_grams(&self, vault: &Vault) -> Vec<i64> {
        if !self.stepped {
            return Vec::new();
        }
        let values = self.identity();
        let new = values.iter().filter(|value| !self.known_identity.contains(value));
        let mut grams: Vec<i64> = new.flat_map(|value| vault.grams(value)).collect();
        grams.sort_unstable();
        grams.dedup();
        grams
    }

    /// The masked values of the case, as texts.
    fn identity(&self) -> Vec<String> {
        identity_of(&self.definition, &self.state)
    }
}

/// Whether a workflow knows confidential values.
pub(crate) fn has_secrets(definition: &Definition) -> bool {
    !definition.data.confidential.is_empty() || definition.events.iter().any(|e| !e.confidential.is_empty())
}

/// The masked values of a state, as texts.
pub(crate) fn identity_of(definition: &Definition, state: &CaseState) -> Vec<String> {
    let masked = definition.data.confidential.iter().filter(|(_, kind)| **kind == Confidential::Masked);
    let mut out = Vec::new();
    for (path, _) in masked {
        collect(&state.data, path, &mut out);
    }
    out
}

fn context<'a>(district: &'a District, case_id: &'a str, now: Instant) -> Context<'a> {
    Context { now, calendar: &district.calendar, directory: &*district.directory, case_id }
}

/// Another version is put on a case by Huiyin itself, on the order of somebody who saw what would move.
fn migrates(actor: &Actor) -> Result<(), huiyin_chart::Refusal> {
    if actor.kind == huiyin_chart::ActorKind::System {
        return Ok(());
    }
    let (zh, en) = ("流程版本的迁移只能由系统管理命令执行", "only the command `huiyin migrate` takes cases over");
    Err(huiyin_chart::Refusal::new("not_allowed", zh, en))
}

/// The state of a stored case.
pub(crate) fn open_state(
    record: &CaseRecord,
    definition: &Definition,
    key: Option<&CaseKey>,
    vault: &Vault,
) -> Result<CaseState, Trouble> {
    let damaged = |problem: &dyn std::fmt::Display| {
        Trouble::Poison(format!("the state of case {} does not read: {problem}", record.id))
    };
    let mut stored: Value = serde_json::from_str(&record.state).map_err(|e| damaged(&e))?;
    vault.unseal(key, &mut stored)?;
    CaseState::from_json(definition, &stored).map_err(|e| damaged(&e))
}

/// Clocks that must have a timer: they run, do not stand still, and have a ladder.
fn running(definition: &Definition, state: &CaseState) -> i64 {
    let runs = definition.clocks.iter().zip(&state.clocks);
    let waits = runs.filter(|(decl, run)| {
        let ladder = !decl.ladder.is_empty() || decl.repeat.is_some();
        ladder && run.as_ref().is_some_and(|run| run.status == Status::Running && !run.paused)
    });
    i64::try_from(waits.count()).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> Result<Value, Trouble> {
    serde_json::to_value(value).map_err(|e| Trouble::Poison(e.to_string()))
}

/// What of `path` lies below `parent`.
fn below<'p>(path: &'p str, parent: &str) -> Option<&'p str> {
    path.strip_prefix(parent)?.strip_prefix('.')
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn instant(value: &Value) -> Option<Instant> {
    let at = chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(huiyin_journal::from_micros(at.timestamp_micros()))
}

fn collect(value: &Value, path: &str, out: &mut Vec<String>) {
    if let Value::Array(items) = value {
        items.iter().for_each(|item| collect(item, path, out));
        return;
    }
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    match (value.get(head), rest) {
        (Some(next), Some(rest)) => collect(next, rest, out),
        (Some(next), None) => {
            let text = words(next);
            if !text.is_empty() {
                out.push(text);
            }
        }
        (None, _) => {}
    }
}

/// The text that may be searched: the columns and every text of the data that is not sealed.
fn plain(record: &CaseRecord, data: &Value) -> String {
    let mut out = [&record.number, &record.title, &record.place, &record.category, &record.channel]
        .map(String::as_str)
        .join("\n");
    texts(data, &mut out);
    let mut end = out.len().min(MOST_PLAIN);
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out.to_lowercase()
}

fn texts(value: &Value, out: &mut String) {
    match value {
        Value::String(text) if !text.is_empty() && out.len() < MOST_PLAIN => {
            out.push('\n');
            out.push_str(text);
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(map) if !is_sealed(value) => map.values().for_each(|item| texts(item, out)),
        _ => {}
    }
}
