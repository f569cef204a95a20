//! One case compared with its journal: the chain, the state made again step by step, and every row that belongs to the
//! case. Reads what [`huiyin_journal::Journal::whole_case`] read in one transaction; changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_chart::{CaseState, Definition};
use huiyin_journal::proof::WholeCase;
use huiyin_journal::read::TimelineEntry;
use huiyin_journal::{CaseKey, CounterKey, Instant, Journal, from_micros};
use serde_json::Value;
use uuid::Uuid;

use crate::columns::{Told, differing};
use crate::command::{Actor, ActorKind, Answer, Command, EngineError, Parent, Target};
use crate::number;
use crate::rederive::{Replay, step_again};
use crate::registry::Registry;
use crate::run::{ATTACHED, KEY_DESTROYED};
use crate::work::{has_secrets, identity_of, open_state};

/// What was found about one case.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    /// Steps made again.
    pub(crate) steps: u64,
    /// Its key was destroyed, as its journal says.
    pub(crate) forgotten: bool,
    /// Entry and problem, in the order in which they were found.
    pub(crate) findings: Vec<(i64, String)>,
    /// Which counter its number came from, and which number it was.
    pub(crate) number: Option<(CounterKey, i64)>,
}

impl Examined {
    fn say(&mut self, seq: i64, problem: impl Into<String>) {
        self.findings.push((seq, problem.into()));
    }
}

/// What the journal says should be there.
#[derive(Default)]
struct Expected {
    /// Row key → kind, entry, content.
    effects: BTreeMap<String, (String, i64, Value, Instant)>,
    /// Hash → name, media type, size, by whom (where the entry says so).
    files: BTreeMap<String, (String, String, u64, Option<String>)>,
    parent: Option<(Uuid, String, Instant)>,
    destroyed: bool,
}

/// Examines one case. `purged`: settled effects of entries before it may have been taken away.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn examine(
    journal: &Journal,
    registry: &Registry,
    whole: &WholeCase,
    purged: Option<Instant>,
) -> Result<Examined, EngineError> {
    let mut out = Examined::default();
    if let Some((seq, problem)) = whole.chain_break() {
        out.say(seq, format!("broken chain: {problem}"));
    }
    let record = &whole.record;
    let key = match &whole.wrapped_key {
        Some(wrapped) => match journal.vault().open_case_key(record.id, wrapped) {
            Ok(key) => Some(key),
            Err(e) => {
                out.say(0, e.to_string());
                return Ok(out);
            }
        },
        None => None,
    };
    let mut entries = Vec::with_capacity(whole.entries.len());
    for entry in &whole.entries {
        match journal.open_entry(key.as_ref(), entry) {
            Ok(open) => entries.push(open),
            Err(e) => {
                out.say(entry.seq, e.to_string());
                return Ok(out);
            }
        }
    }
    let expected = expected(record.id, &entries);
    in_place(whole, &expected, &mut out);
    effects(journal, whole, key.as_ref(), &expected, purged, &mut out);
    files(journal, whole, &expected, &mut out);
    let sealed = record.state.contains("\"$sealed\"");
    out.forgotten = key.is_none() && (sealed || expected.destroyed);
    if out.forgotten {
        if !expected.destroyed {
            out.say(record.seq, "the key of the case is gone, and its journal does not say that it was destroyed");
        }
        // What was put in can no longer be read, but the number of the case is still its own.
        let opened = entries.iter().find(|entry| entry.kind == "opened");
        let zone = registry.zones().into_iter().find(|(code, _)| *code == record.district).map(|(_, zone)| zone);
        if let (Some(opened), Some(zone)) = (opened, zone) {
            let hash = opened.body["context"]["definition"].as_str().unwrap_or_default();
            let definition = registry.definition_of(journal, hash).await?;
            out.number = number_of(whole, opened, &definition, zone);
        }
        return Ok(out);
    }
    match again(journal, registry, whole, key.as_ref(), &entries, &mut out).await {
        // What it was stepped with is lost or was changed: that is found, and the other cases are looked at.
        Err(EngineError::Setup(problem)) => out.say(0, problem),
        other => other?,
    }
    Ok(out)
}

fn expected(case: Uuid, entries: &[TimelineEntry]) -> Expected {
    let mut out = Expected::default();
    for entry in entries {
        for effect in entry.body["effects"].as_array().into_iter().flatten() {
            let kind = effect["kind"].as_str().unwrap_or_default();
            if kind != "document" {
                let key = format!("{case}/{}", effect["key"].as_str().unwrap_or_default());
                out.effects.entry(key).or_insert_with(|| (kind.to_owned(), entry.seq, effect.clone(), entry.at));
            }
        }
        let note = &entry.body["note"];
        match entry.kind.as_str() {
            "opened" => {
                let parent = serde_json::from_value::<Parent>(entry.body["input"]["parent"].clone()).ok();
                let at = from_micros(entry.body["context"]["now"].as_i64().unwrap_or_default());
                out.parent = parent.map(|parent| (parent.case, parent.link, at));
            }
            ATTACHED => {
                let text = |name: &str| note[name].as_str().map(str::to_owned);
                let file = (
                    text("name").unwrap_or_default(),
                    text("media_type").unwrap_or_default(),
                    note["size"].as_u64().unwrap_or_default(),
                    text("by"),
                );
                out.files.entry(text("hash").unwrap_or_default()).or_insert(file);
            }
            KEY_DESTROYED => {
                out.destroyed = true;
                out.files.clear();
            }
            _ => {}
        }
    }
    out
}

/// District, timeline, owners, link, and the marks of a destroyed key.
fn in_place(whole: &WholeCase, expected: &Expected, out: &mut Examined) {
    let record = &whole.record;
    if let Some(first) = whole.entries.first()
        && (&first.district, &first.timeline) != (&record.district, &record.timeline)
    {
        out.say(1, "the case stands in another district or timeline than its journal");
    }
    let owners: BTreeSet<&String> = record.owners.iter().collect();
    if owners != whole.owners.iter().collect() {
        out.say(record.seq, "the parties under which it is listed are not its owners");
    }
    let strays = |timer: &&huiyin_journal::proof::StoredTimer| {
        (&timer.district, &timer.timeline) != (&record.district, &record.timeline)
    };
    for timer in whole.timers.iter().filter(strays) {
        out.say(record.seq, format!("its timer {} stands in another district or timeline", timer.key));
    }
    let links: Vec<(Uuid, String, Instant)> =
        whole.links.iter().map(|link| (link.parent, link.link.clone(), link.at)).collect();
    if links != expected.parent.clone().into_iter().collect::<Vec<_>>() {
        out.say(1, "its link to the case that opened it is not what its journal says");
    }
    if expected.destroyed && (whole.wrapped_key.is_some() || !whole.grams.is_empty() || !whole.timers.is_empty()) {
        out.say(record.seq, "its retention has ended, and its key, search pieces or timers are there");
    }
}

fn effects(
    journal: &Journal,
    whole: &WholeCase,
    key: Option<&CaseKey>,
    expected: &Expected,
    purged: Option<Instant>,
    out: &mut Examined,
) {
    let record = &whole.record;
    let stored: BTreeMap<&str, _> = whole.effects.iter().map(|effect| (effect.key.as_str(), effect)).collect();
    for (name, (kind, seq, content, at)) in &expected.effects {
        let Some(effect) = stored.get(name.as_str()) else {
            if purged.is_none_or(|purged| *at >= purged) {
                out.say(*seq, format!("its effect {name} is missing in the outbox"));
            }
            continue;
        };
        let mut payload: Value = serde_json::from_str(&effect.payload).unwrap_or_default();
        let opened = journal.vault().unseal(key, &mut payload).is_ok();
        let place = (&effect.kind, effect.seq, &effect.district, &effect.timeline);
        if !opened || payload != *content || place != (kind, *seq, &record.district, &record.timeline) {
            out.say(*seq, format!("its effect {name} in the outbox is not what the journal says"));
        }
    }
    for effect in &whole.effects {
        if !effect.genuine {
            out.say(effect.seq, format!("its effect {} was settled by somebody without the master key", effect.key));
        }
        if effect.kind != "committed" && !expected.effects.contains_key(&effect.key) {
            out.say(effect.seq, format!("the outbox has an effect {} that the journal does not know", effect.key));
        }
    }
}

fn files(journal: &Journal, whole: &WholeCase, expected: &Expected, out: &mut Examined) {
    for (hash, (name, media_type, size, by)) in &expected.files {
        let Some(row) = whole.attachments.iter().find(|row| row.hash == *hash) else {
            out.say(0, format!("its attachment {name} ({hash}) is missing"));
            continue;
        };
        let same = (&row.name, &row.media_type, row.size) == (name, media_type, *size);
        if !same || by.as_ref().is_some_and(|by| *by != row.added_by) {
            out.say(0, format!("its attachment {name} ({hash}) is not what the journal says"));
        }
        if let Err(e) = journal.content(hash) {
            out.say(0, format!("the file of its attachment {name} is missing or was changed: {e}"));
        }
    }
    for row in whole.attachments.iter().filter(|row| !expected.files.contains_key(&row.hash)) {
        out.say(0, format!("the journal knows nothing of its attachment {} ({})", row.name, row.hash));
    }
}

/// Makes the state again, entry by entry, and compares what it leads to.
async fn again(
    journal: &Journal,
    registry: &Registry,
    whole: &WholeCase,
    key: Option<&CaseKey>,
    entries: &[TimelineEntry],
    out: &mut Examined,
) -> Result<(), EngineError> {
    let (record, vault) = (&whole.record, journal.vault());
    let mut told = Told { opened_at: record.opened_at, stepped_at: record.last_at, last_at: record.last_at };
    let mut replay: Option<Replay> = None;
    let (mut known, mut identity) = (BTreeSet::new(), Vec::new());
    for entry in entries {
        told.last_at = entry.at;
        let is_step = entry.body.get("context").is_some();
        if is_step {
            told.stepped_at = entry.at;
        }
        if entry.kind == "opened" {
            told.opened_at = entry.at;
        }
        if let Some(problem) = step_again(journal, registry, &mut replay, entry).await? {
            out.say(entry.seq, problem);
            return Ok(());
        }
        out.steps += u64::from(is_step);
        if let Some(replay) = &replay {
            identity = identity_of(&replay.definition, &replay.state);
            known.extend(identity.iter().flat_map(|value| vault.grams(value)));
            if let Some(problem) = command_again(whole, entry, &replay.definition, &replay.state) {
                out.say(entry.seq, problem);
            }
            if entry.kind == "opened" {
                out.number = replay.district.as_ref().and_then(|district| {
                    let zone = district.calendar.zone();
                    number_of(whole, entry, &replay.definition, zone)
                });
            }
        }
    }
    let Some(replay) = replay else {
        out.say(0, "the journal does not say how the case was opened");
        return Ok(());
    };
    if key.is_none() && has_secrets(&replay.definition) {
        out.say(record.seq, "the key of the case is gone, and its journal does not say that it was destroyed");
        return Ok(());
    }
    match open_state(record, &replay.definition, key, vault) {
        Ok(stored) if stored == replay.state => {}
        Ok(_) => out.say(record.seq, "the stored state is not what the journal leads to"),
        Err(e) => out.say(record.seq, e.to_string()),
    }
    timers(whole, &replay.definition, &replay.state, out);
    let grams: BTreeSet<i64> = whole.grams.iter().copied().collect();
    let needed: BTreeSet<i64> = identity.iter().flat_map(|value| vault.grams(value)).collect();
    if !needed.is_subset(&grams) || !grams.is_subset(&known) {
        out.say(record.seq, "the pieces under which it is searched are not those of its journal");
    }
    let Replay { definition, state, district, .. } = replay;
    let Some(district) = district else { return Ok(()) };
    match differing(record, key.cloned(), &definition, district, state, &told, vault) {
        Ok(columns) if columns.is_empty() => {}
        Ok(columns) => {
            let problem = format!("the stored columns {} are not what the journal leads to", columns.join(", "));
            out.say(record.seq, problem);
        }
        Err(e) => out.say(record.seq, e.to_string()),
    }
    Ok(())
}

fn timers(whole: &WholeCase, definition: &Definition, state: &CaseState, out: &mut Examined) {
    let wanted: BTreeMap<String, Instant> = state.timers(definition).into_iter().collect();
    let seq = whole.record.seq;
    for (key, due_at) in &wanted {
        match whole.timers.iter().find(|timer| timer.key == *key) {
            None => out.say(seq, format!("its timer {key} is missing")),
            Some(timer) if timer.due_at != *due_at => {
                out.say(seq, format!("its timer {key} is set to {}, and belongs at {due_at}", timer.due_at));
            }
            Some(_) => {}
        }
    }
    for timer in whole.timers.iter().filter(|timer| !wanted.contains_key(&timer.key)) {
        out.say(seq, format!("its state knows nothing of its timer {}", timer.key));
    }
}

/// What is wrong with the stored command of an entry: it must be there, be the one the entry tells of, and its answer too.
fn command_again(
    whole: &WholeCase,
    entry: &TimelineEntry,
    definition: &Definition,
    state: &CaseState,
) -> Option<String> {
    let record = &whole.record;
    let id: Uuid = entry.body["command"].as_str()?.parse().ok()?;
    let Some(stored) = whole.commands.get(&id) else { return Some(format!("its command {id} is missing")) };
    if let Some(target) = target(record.id, entry, definition) {
        let id_of_actor = entry.body["actor"]["id"].as_str().unwrap_or_default().to_owned();
        let actor = Actor { id: id_of_actor, kind: ActorKind::System, roles: vec![], units: vec![], heads: vec![] };
        let (district, timeline) = (record.district.clone(), record.timeline.clone());
        let command = Command { id, district, timeline, target, actor };
        if command.body_hash() != stored.body_hash {
            return Some(format!("its command {id} is stored with the hash of another one"));
        }
    }
    let Ok(Answer::Accepted(answer)) = serde_json::from_str(&stored.answer) else {
        return Some(format!("the stored answer of its command {id} is not that it was accepted"));
    };
    let active: Vec<&str> = state.active(definition).collect();
    let same = (stored.case, answer.case) == (Some(record.id), record.id)
        && (answer.seq, answer.at) == (entry.seq, entry.at)
        && answer.number == record.number
        && answer.active == active;
    (!same).then(|| format!("the stored answer of its command {id} is not what was done"))
}

/// The target of the command that an entry tells of; none: the entry does not tell it whole.
fn target(case: Uuid, entry: &TimelineEntry, definition: &Definition) -> Option<Target> {
    let (input, note) = (&entry.body["input"], &entry.body["note"]);
    let data = || input["data"].clone();
    Some(match entry.kind.as_str() {
        "opened" => {
            let parent = serde_json::from_value(input["parent"].clone()).ok()?;
            Target::Open { workflow: definition.name.clone(), data: data(), parent }
        }
        "event" => Target::Event { case, event: input["event"].as_str()?.to_owned(), data: data() },
        "calendar" => Target::AdoptCalendar { case },
        KEY_DESTROYED => Target::EndRetention { case, basis: note["basis"].as_str()?.to_owned() },
        ATTACHED => Target::Attach {
            case,
            hash: note["hash"].as_str()?.to_owned(),
            name: note["name"].as_str()?.to_owned(),
            media_type: note["media_type"].as_str()?.to_owned(),
            size: note["size"].as_u64()?,
            by: note["by"].as_str()?.to_owned(),
        },
        kind if entry.body.get("note").is_some() => Target::Note { case, kind: kind.to_owned(), body: note.clone() },
        _ => return None,
    })
}

fn number_of(
    whole: &WholeCase,
    entry: &TimelineEntry,
    definition: &Definition,
    zone: chrono::FixedOffset,
) -> Option<(CounterKey, i64)> {
    let record = &whole.record;
    let now = from_micros(entry.body["context"]["now"].as_i64()?);
    let pattern = number::pattern(definition);
    let mut digits = record.number.split(|c: char| !c.is_ascii_digit()).filter_map(|run| run.parse::<i64>().ok());
    let n = digits.find(|n| number::write(&pattern, now, zone, *n) == record.number)?;
    let key = CounterKey {
        district: record.district.clone(),
        timeline: record.timeline.clone(),
        workflow: record.workflow.clone(),
        period: number::period(&pattern, now, zone),
    };
    Some((key, n))
}
