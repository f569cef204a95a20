//! One batch in memory: the locked cases, the steps on them, and what is to be written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use huiyin_bus::Message;
use huiyin_chart::{Definition, Outcome};
use huiyin_journal::{
    AnswerWrite, Attachment, CaseKeyWrite, CaseRecord, Counter, CounterKey, GramWrite, Instant, LinkWrite, Locked,
    OwnersWrite, Writes, micros,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::command::{Accepted, Actor, Answer, Command, EngineError, Parent, Refused, Target};
use crate::core::Core;
use crate::execute::Trouble;
use crate::metrics::add;
use crate::named::{self, Named};
use crate::number;
use crate::registry::District;
use crate::relay::{self, message};
use crate::tell::Told;
use crate::work::{Deed, Working};

/// Kind of the entry of an attachment.
pub(crate) const ATTACHED: &str = "attached";
/// Kind of the entry by which retention ends.
pub(crate) const KEY_DESTROYED: &str = "key_destroyed";

/// See the module.
pub(crate) struct Run<'c> {
    core: &'c Core,
    now: Instant,
    cases: HashMap<Uuid, Working>,
    /// Definitions that cases of this batch go to, by content address.
    destinations: HashMap<String, Arc<Definition>>,
    /// In which order cases were touched first: rows are written in it, whatever the hash map does.
    touched: Vec<Uuid>,
    counters: BTreeMap<CounterKey, (i64, i64)>,
    writes: Writes,
    messages: Vec<Message>,
    steps: usize,
    outcome: Outcome,
    /// The cases that events name by number.
    named: Named,
}

/// What a batch wrote.
pub(crate) struct Finished {
    pub(crate) writes: Writes,
    /// For whoever listens in this process.
    pub(crate) messages: Vec<Message>,
    /// For the bus of many processes.
    pub(crate) told: Vec<Told>,
    pub(crate) steps: usize,
}

impl Finished {
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.answers.is_empty() && self.writes.entries.is_empty() && self.writes.changed.is_empty()
    }
}

impl<'c> Run<'c> {
    pub(crate) fn new(core: &'c Core, now: Instant, named: Named) -> Self {
        Self {
            core,
            now,
            cases: HashMap::new(),
            destinations: HashMap::new(),
            touched: Vec::new(),
            counters: BTreeMap::new(),
            writes: Writes::default(),
            messages: Vec::new(),
            steps: 0,
            outcome: Outcome::default(),
            named,
        }
    }

    /// Takes a locked case in.
    pub(crate) fn take(&mut self, locked: Locked, definition: Arc<Definition>) -> Result<(), Trouble> {
        let district = self.district(&locked.record.district)?;
        let id = locked.record.id;
        self.cases.insert(id, Working::of(locked, definition, district, self.core.journal.vault())?);
        Ok(())
    }

    /// The definition that a case goes back to when its migration is undone.
    pub(crate) fn way_back(&self, case: Uuid) -> Option<String> {
        Some(self.cases.get(&case)?.state.before.as_ref()?.definition.clone())
    }

    /// A definition that a case of this batch goes to.
    pub(crate) fn destination(&mut self, definition: Arc<Definition>) {
        self.destinations.insert(definition.hash.clone(), definition);
    }

    fn district(&self, code: &str) -> Result<District, EngineError> {
        let found = self.core.registry.district(code);
        found.ok_or_else(|| {
            EngineError::Setup(format!("district {code} is not set up here: no directory and no calendar"))
        })
    }

    /// The counters that new cases need, in order.
    pub(crate) fn counter_keys(&self, opens: &[&Command]) -> Vec<CounterKey> {
        let mut keys: Vec<CounterKey> = opens.iter().filter_map(|command| self.counter_key(command)).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn counter_key(&self, command: &Command) -> Option<CounterKey> {
        let Target::Open { workflow, .. } = &command.target else { return None };
        let definition = self.core.registry.current(workflow)?;
        let district = self.core.registry.district(&command.district)?;
        Some(CounterKey {
            district: command.district.clone(),
            timeline: command.timeline.clone(),
            workflow: workflow.clone(),
            period: number::period(number::pattern(&definition), self.now, district.calendar.zone()),
        })
    }

    pub(crate) fn set_counters(&mut self, counters: Vec<Counter>) {
        self.counters = counters.into_iter().map(|counter| (counter.key, (counter.n, counter.n))).collect();
    }

    /// Carries out a command that was not here before, and keeps its answer.
    pub(crate) fn command(&mut self, command: &Command) -> Result<Answer, Trouble> {
        let (case, answer) = match self.carry_out(command)? {
            Ok(accepted) => (Some(accepted.case), Answer::Accepted(accepted)),
            Err(refused) => (command.case(), Answer::Refused(refused)),
        };
        let text = serde_json::to_string(&answer).map_err(|e| Trouble::Poison(e.to_string()))?;
        self.writes.answers.push(AnswerWrite { id: command.id, case, answer: text });
        Ok(answer)
    }

    fn carry_out(&mut self, command: &Command) -> Result<Result<Accepted, Refused>, Trouble> {
        match &command.target {
            Target::Open { workflow, data, parent } => self.open(command, workflow, data, parent.as_ref()),
            Target::Event { case, event, data } => match self.unfit(data) {
                Some(refused) => Ok(Err(refused)),
                None => self.change(command, *case, &Deed::Event { name: event, data }),
            },
            Target::AdoptCalendar { case } => self.change(command, *case, &Deed::AdoptCalendar),
            Target::Migrate { case, to, plan } => match self.destinations.get(to).cloned() {
                Some(to) => self.change(command, *case, &Deed::Migrate { to: &to, plan }),
                None => Ok(Err(no_such_version(to))),
            },
            Target::UndoMigration { case } => {
                // Where there is no way back, the step says so: to the version that the case is on.
                let to = self.way_back(*case).and_then(|hash| self.destinations.get(&hash).cloned());
                let to = to.or_else(|| Some(Arc::clone(&self.cases.get(case)?.definition)));
                match to {
                    Some(to) => self.change(command, *case, &Deed::UndoMigration { to: &to }),
                    None => Ok(Err(no_such_case(*case))),
                }
            }
            Target::Note { case, kind, body } => Ok(self.note(command, *case, kind, body)),
            Target::Attach { case, hash, name, media_type, size, by } => {
                let body = json!({"hash": hash, "name": name, "media_type": media_type, "size": size, "by": by});
                let noted = self.note(command, *case, ATTACHED, &body);
                if let Ok(accepted) = &noted {
                    self.writes.attachments.push(Attachment {
                        case: *case,
                        hash: hash.clone(),
                        name: name.clone(),
                        media_type: media_type.clone(),
                        size: *size,
                        added_by: by.clone(),
                        at: accepted.at,
                    });
                }
                Ok(noted)
            }
            Target::EndRetention { case, basis } => Ok(self.end_retention(command, *case, basis)),
        }
    }

    fn open(
        &mut self,
        command: &Command,
        workflow: &str,
        data: &Value,
        parent: Option<&Parent>,
    ) -> Result<Result<Accepted, Refused>, Trouble> {
        let (Some(definition), Some(key)) = (self.core.registry.current(workflow), self.counter_key(command)) else {
            return Ok(Err(Refused::new(
                "unknown_workflow",
                &format!("没有名为“{workflow}”的流程"),
                &format!("no workflow `{workflow}` is in force in this district"),
            )));
        };
        if let Some(refused) = self.unfit(data) {
            return Ok(Err(refused));
        }
        let id = match parent {
            Some(_) => crate::ids::child(&command.id.to_string(), self.now),
            None => self.core.ids.case(self.now),
        };
        let district = self.district(&command.district)?;
        let next = self.counters.get(&key).map_or(1, |(_, n)| n + 1);
        let mut record = CaseRecord::opening(id, &command.district, &command.timeline, self.now);
        record.number = number::write(number::pattern(&definition), self.now, district.calendar.zone(), next);
        let mut working = Working::opening(record, definition, district);
        self.outcome.clear();
        let deed = Deed::Open { data, parent };
        if let Err(refused) = working.step(&deed, &command.actor, self.now, &mut self.outcome)? {
            return Ok(Err(refused));
        }
        if let Some((_, n)) = self.counters.get_mut(&key) {
            *n = next;
        }
        // The key comes before the entry: what the entry says is sealed with it.
        if working.has_secrets() {
            let (key, wrapped) = self.core.journal.vault().new_case_key(id);
            working.key = Some(key);
            self.writes.keys.push(CaseKeyWrite { case: id, wrapped });
        }
        if let Some(Parent { case, link }) = parent {
            self.writes.links.push(LinkWrite { parent: *case, link: link.clone(), child: id, at: self.now });
        }
        let accepted = self.record(&mut working, &deed, Some(command))?;
        self.cases.insert(id, working);
        Ok(Ok(accepted))
    }

    fn change(&mut self, command: &Command, case: Uuid, deed: &Deed<'_>) -> Result<Result<Accepted, Refused>, Trouble> {
        let Some(mut working) = self.cases.remove(&case) else { return Ok(Err(no_such_case(case))) };
        if let Some(refused) = elsewhere(&working, command) {
            self.cases.insert(case, working);
            return Ok(Err(refused));
        }
        if let Deed::Event { name, data } = deed
            && let Some(refused) = named::unfit(&self.named, &working.definition, command, name, data)
        {
            self.cases.insert(case, working);
            return Ok(Err(refused));
        }
        // What was due before the event comes before it, as an entry of its own; but what is due under a version that is
        // being left again is not done under it.
        if !matches!(deed, Deed::UndoMigration { .. }) {
            self.fire(&mut working)?;
        }
        self.outcome.clear();
        let had_secrets = working.has_secrets();
        let stepped = working.step(deed, &command.actor, self.now, &mut self.outcome)?;
        let done = match stepped {
            Ok(()) => {
                // The first version with confidential values: from here on they are sealed.
                if !had_secrets && working.key.is_none() && working.has_secrets() {
                    let (key, wrapped) = self.core.journal.vault().new_case_key(case);
                    working.key = Some(key);
                    self.writes.keys.push(CaseKeyWrite { case, wrapped });
                }
                Ok(self.record(&mut working, deed, Some(command))?)
            }
            Err(refused) => Err(refused),
        };
        self.cases.insert(case, working);
        Ok(done)
    }

    fn note(&mut self, command: &Command, case: Uuid, kind: &str, body: &Value) -> Result<Accepted, Refused> {
        let Some(working) = self.cases.get_mut(&case) else { return Err(no_such_case(case)) };
        if let Some(refused) = elsewhere(working, command) {
            return Err(refused);
        }
        let mut said = Map::new();
        said.insert("command".into(), command.id.to_string().into());
        said.insert("actor".into(), actor(&command.actor));
        said.insert("note".into(), body.clone());
        let entry = working.record.append(kind, self.now, said);
        let at = entry.at;
        self.writes.entries.push(entry);
        if !std::mem::replace(&mut working.touched, true) {
            self.touched.push(case);
        }
        Ok(accepted(working, at))
    }

    /// A closed case only: an open one could not be handled any more.
    fn end_retention(&mut self, command: &Command, case: Uuid, basis: &str) -> Result<Accepted, Refused> {
        if self.cases.get(&case).is_some_and(|working| working.record.closed_at.is_none()) {
            return Err(Refused::new(
                "case_open",
                "案件尚未办结，不能终止保存",
                "the case is open; its retention ends only after it is closed",
            ));
        }
        let noted = self.note(command, case, KEY_DESTROYED, &json!({ "basis": basis }))?;
        self.writes.forgotten.push(case);
        if let Some(working) = self.cases.get_mut(&case) {
            working.forget();
        }
        Ok(noted)
    }

    /// Fires what is due in a case. Returns how many timers that were.
    pub(crate) fn tick(&mut self, case: Uuid) -> Result<usize, Trouble> {
        let Some(mut working) = self.cases.remove(&case) else { return Ok(0) };
        let fired = self.fire(&mut working)?;
        self.cases.insert(case, working);
        Ok(fired)
    }

    fn fire(&mut self, working: &mut Working) -> Result<usize, Trouble> {
        let now = self.now;
        let due = working.timers.values().filter(|at| **at <= now).count();
        if due == 0 {
            return Ok(0);
        }
        self.outcome.clear();
        let before: Vec<(String, Instant)> =
            working.timers.iter().filter(|(_, at)| **at <= now).map(|(key, at)| (key.clone(), *at)).collect();
        match working.step(&Deed::Tick, &Actor::system(), now, &mut self.outcome)? {
            Ok(()) => {}
            Err(refused) => {
                return Err(Trouble::Poison(format!("a timer was refused: {}: {}", refused.code, refused.message.en)));
            }
        }
        if !self.outcome.facts.is_empty() || !self.outcome.timers.is_empty() {
            self.record(working, &Deed::Tick, None)?;
        }
        for (key, at) in before {
            if working.timers.get(&key) == Some(&at) {
                self.unstick(working, &key);
            }
        }
        Ok(due)
    }

    /// A timer that fired and still stands where it stood would fire for ever: it goes where the state says that it
    /// belongs, or is put off by a minute and alarmed. Never a burst.
    fn unstick(&mut self, working: &mut Working, key: &str) {
        add(&self.core.counters.stuck_timers, 1);
        let belongs = working.state.timers(&working.definition).into_iter().find(|(name, _)| name == key);
        tracing::error!(case = %working.record.id, %key, ?belongs, "a timer was still due after its case was stepped");
        match belongs {
            None => working.clear_timer(key),
            Some((_, at)) if at > self.now => working.set_timer(key, at, working.record.seq),
            Some((_, at)) => {
                working.hold_timer(key, at, working.record.seq, self.now + chrono::Duration::minutes(1));
            }
        }
        self.touch(working);
    }

    fn touch(&mut self, working: &mut Working) {
        if !std::mem::replace(&mut working.touched, true) {
            self.touched.push(working.record.id);
        }
    }

    /// Writes down what a step left behind.
    fn record(
        &mut self,
        working: &mut Working,
        deed: &Deed<'_>,
        command: Option<&Command>,
    ) -> Result<Accepted, Trouble> {
        let vault = self.core.journal.vault();
        let said = working.entry_body(deed, command, &self.outcome, vault, self.now)?;
        let entry = working.record.append(deed.kind(), self.now, said);
        let (seq, at) = (entry.seq, entry.at);
        self.writes.entries.push(entry);
        working.change_timers(&self.outcome, seq);
        working.effects(&self.outcome, seq, at, vault, &mut self.writes.outbox)?;
        self.touch(working);
        let active = working.active();
        let told = json!({
            "case": working.record.id, "number": working.record.number, "workflow": working.record.workflow,
            "kind": deed.kind(), "event": deed.event(), "seq": seq, "at": micros(at), "active": active,
        });
        let kind = deed.event().unwrap_or_else(|| deed.kind());
        self.messages.push(message(&working.record, &format!("{}/{seq}", working.record.id), kind, at, told));
        self.steps += 1;
        Ok(accepted(working, at))
    }

    /// Why data cannot be stored, whatever the workflow says of them.
    fn unfit(&self, data: &Value) -> Option<Refused> {
        let most = self.core.config.largest_data;
        // PostgreSQL cannot hold it in a text, and nobody can type it.
        if has_nul(data) {
            return Some(Refused::new(
                "form_invalid",
                "内容含有不可存储的字符（U+0000）",
                "a text holds the character U+0000, which cannot be stored",
            ));
        }
        (size_of(data) > most).then(|| {
            Refused::new(
                "limit_exceeded",
                &format!("内容过大，最多 {most} 字节"),
                &format!("the data are larger than {most} bytes"),
            )
        })
    }

    /// What is to be written.
    pub(crate) fn finish(mut self) -> Result<Finished, Trouble> {
        for id in std::mem::take(&mut self.touched) {
            let Some(mut working) = self.cases.remove(&id) else { continue };
            let owners = working.record.owners.clone();
            if working.stepped {
                working.settle(self.core.journal.vault())?;
            }
            if working.new || owners != working.record.owners {
                self.writes.owners.push(OwnersWrite { case: id, owners: working.record.owners.clone() });
            }
            for gram in working.new_grams(self.core.journal.vault()) {
                self.writes.grams.push(GramWrite { case: id, gram });
            }
            working.timer_writes(&mut self.writes);
            if working.new { self.writes.opened.push(working.record) } else { self.writes.changed.push(working.record) }
        }
        for (key, (before, n)) in self.counters {
            if n != before {
                self.writes.counters.push(Counter { key, n });
            }
        }
        let mut told = Vec::new();
        if self.core.bus.durable() {
            let leased_until = self.core.fresh.lease(self.now);
            for message in std::mem::take(&mut self.messages) {
                let effect = committed(&message, leased_until)?;
                if leased_until.is_some() {
                    told.push(Told { key: effect.key.clone(), message });
                }
                self.writes.outbox.push(effect);
            }
        }
        Ok(Finished { writes: self.writes, messages: self.messages, told, steps: self.steps })
    }
}

impl Core {
    /// After the commit: tells who listens, wakes who waits.
    pub(crate) async fn committed(&self, finished: Finished) {
        add(&self.counters.commits, 1);
        add(&self.counters.steps, finished.steps);
        self.counters.largest_batch.fetch_max(finished.steps as u64, std::sync::atomic::Ordering::Relaxed);
        for watch in &self.watches {
            let of_timeline = finished.writes.timers_set.iter().filter(|timer| timer.timeline == watch.timeline);
            if let Some(earliest) = of_timeline.map(|timer| timer.due_at).min() {
                watch.written(earliest);
            }
        }
        for (kinds, waits) in [(&relay::TOLD, &self.told), (&relay::DONE, &self.done)] {
            let mut left = finished.writes.outbox.iter().filter(|effect| effect.leased_until.is_none());
            if left.any(|effect| kinds.contains(&effect.kind.as_str())) {
                waits.notify_waiters();
            }
        }
        self.fresh.add(finished.told);
        for message in &finished.messages {
            if let Err(e) = self.bus.publish(message).await {
                tracing::debug!(%e, "nobody heard of a committed entry");
            }
        }
    }
}

fn committed(message: &Message, leased_until: Option<Instant>) -> Result<huiyin_journal::OutboxWrite, Trouble> {
    let payload = serde_json::to_string(message).map_err(|e| Trouble::Poison(e.to_string()))?;
    let at = message.data["at"].as_i64().unwrap_or_default();
    Ok(huiyin_journal::OutboxWrite {
        key: format!("{}/committed", message.id),
        kind: "committed".into(),
        case: message.subject.parse().unwrap_or_default(),
        seq: message.data["seq"].as_i64().unwrap_or_default(),
        district: message.district.clone(),
        timeline: message.timeline.clone(),
        payload,
        created_at: huiyin_journal::from_micros(at),
        leased_until,
    })
}

fn accepted(working: &Working, at: Instant) -> Accepted {
    let record = &working.record;
    Accepted { case: record.id, number: record.number.clone(), seq: record.seq, at, active: working.active() }
}

fn no_such_version(hash: &str) -> Refused {
    Refused::new("no_such_version", "没有这个流程版本", &format!("the store has no definition {hash}"))
}

fn no_such_case(case: Uuid) -> Refused {
    Refused::new("no_such_case", "没有这个案件", &format!("there is no case {case}"))
}

/// A command reaches only cases of its own district and timeline: no exercise touches a real case.
fn elsewhere(working: &Working, command: &Command) -> Option<Refused> {
    let record = &working.record;
    let here = record.district == command.district && record.timeline == command.timeline;
    (!here).then(|| no_such_case(record.id))
}

/// Who, as the journal says it.
pub(crate) fn actor(actor: &Actor) -> Value {
    json!(actor)
}

/// What a command is about, without what may be confidential.
pub(crate) fn outline(command: &Command) -> String {
    let about = match &command.target {
        Target::Open { workflow, .. } => json!({ "open": workflow }),
        Target::Event { case, event, .. } => json!({ "case": case, "event": event }),
        Target::AdoptCalendar { case } => json!({ "case": case, "adopt": "calendar" }),
        Target::Migrate { case, to, .. } => json!({ "case": case, "migrate": to }),
        Target::UndoMigration { case } => json!({ "case": case, "migrate": "back" }),
        Target::Attach { case, hash, .. } => json!({ "case": case, "attach": hash }),
        Target::EndRetention { case, .. } => json!({ "case": case, "end": "retention" }),
        Target::Note { case, kind, .. } => json!({ "case": case, "note": kind }),
    };
    json!({ "about": about, "actor": command.actor.id }).to_string()
}

/// Whether a text in it, or a name, holds U+0000.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, item)| key.contains('\0') || has_nul(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Roughly how many bytes of JSON a value takes.
fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size_of(item) + 1).sum::<usize>() + 2,
        Value::Object(map) => map.iter().map(|(key, item)| key.len() + size_of(item) + 4).sum::<usize>() + 2,
    }
}
