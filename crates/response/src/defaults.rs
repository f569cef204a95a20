//! `response.yaml` of a district: what is opened at once, who is told across the border, and the tasks of each kind of source
//! as long as its plan has none. Read and checked; which source is threatened is found elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_directory::{Directory, Relation};
use huiyin_water::network::{Detail, Network};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::problem::{Findings, Problem, Problems};
use crate::tasks::{MOST_KEY, MOST_MINUTES, MOST_TASKS, MOST_TEXT, Task, is_key};

/// Name of the file in the district's `water/` folder.
pub const FILE: &str = "response.yaml";
/// Stands for the unit of the source's town.
pub const TOWN: &str = "town";
/// Words in braces that a text may have.
const WORDS: [&str; 5] = ["incident", "site", "sources", "source", "partner"];
/// Most entries of one list.
const MOST: usize = 40;
/// Most bytes of the file.
const MOST_BYTES: usize = 1024 * 1024;

/// A task of the incident itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Key, unique among all tasks of an incident.
    pub key: String,
    /// Unit that does it.
    pub unit: String,
    /// What is to be done, with words in braces.
    pub task: String,
    /// Due so many minutes after the incident was opened.
    pub within_minutes: u32,
}

/// A neighbour who is told when the water passes one of these reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The task.
    pub task: AtOnce,
    /// Unit id of the neighbour.
    pub partner: String,
    /// Reaches.
    pub reaches: BTreeSet<String>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// What would be due in the past is due so many minutes after the decision.
    pub at_once_minutes: u32,
    /// Arrival unknown: counted as if the water came so many minutes after the decision.
    pub unknown_arrival_minutes: u32,
    /// Who begins a missing plan, and who takes a task whose unit cannot.
    pub plan_unit: String,
    /// Opened on every incident that threatens a source.
    pub incident: Vec<AtOnce>,
    /// Across the border.
    pub neighbours: Vec<Neighbour>,
    /// Kind of source, as the waters have it → its tasks.
    pub kinds: BTreeMap<String, Vec<Task>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    at_once_minutes: Spanned<u32>,
    unknown_arrival_minutes: Spanned<u32>,
    plan_unit: Spanned<String>,
    incident: Vec<AtOnceEntry>,
    neighbours: Vec<NeighbourEntry>,
    kinds: Vec<KindEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtOnceEntry {
    key: Spanned<String>,
    unit: Spanned<String>,
    within_minutes: Spanned<u32>,
    task: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeighbourEntry {
    key: Spanned<String>,
    partner: Spanned<String>,
    unit: Spanned<String>,
    reaches: Vec<Spanned<String>>,
    within_minutes: Spanned<u32>,
    task: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindEntry {
    kinds: Vec<Spanned<String>>,
    tasks: Vec<TaskEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskEntry {
    key: Spanned<String>,
    unit: Spanned<String>,
    before_minutes: Spanned<i32>,
    task: Spanned<String>,
}

/// May a unit of this relation own a task? Neighbours, superiors and enterprises are told and asked, never ordered.
fn may_own(relation: Option<Relation>) -> bool {
    matches!(relation, Some(Relation::Internal | Relation::Town | Relation::Peer))
}

impl Defaults {
    /// Reads the text of a district's `response.yaml`.
    ///
    /// # Errors
    /// All mistakes, each with line, field and what was expected.
    pub fn load(file: &str, text: &str, waters: &Network, directory: &Directory) -> Result<Self, Problems> {
        let whole = |line: u64, what: String, expected: &str| {
            let (file, field) = (file.to_owned(), "shape".to_owned());
            Problems(vec![Problem { file, line, field, what, expected: expected.to_owned() }])
        };
        if text.len() > MOST_BYTES {
            return Err(whole(0, format!("the file has {} bytes", text.len()), "at most 1 MiB"));
        }
        let read: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |place| place.line());
            let said = error.without_snippet().to_string().replace('\n', " ");
            whole(line, said, "the shape of the shipped response.yaml")
        })?;
        let findings = Findings { file: file.to_owned(), found: Vec::new() };
        let mut reader = Reader { findings, waters, directory };
        let defaults = reader.defaults(read);
        if reader.findings.found.is_empty() { Ok(defaults) } else { Err(Problems(reader.findings.found)) }
    }
}

impl Defaults {
    /// The tasks of a kind of source, with `town` and words in braces as they were written.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> &[Task] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// A task with the unit that is to do it, and its words filled in. `source`: its Chinese name; `town`: as the waters have it.
    ///
    /// Nobody is left out because a unit was renamed or stands outside: then `plan_unit` passes it on.
    #[must_use]
    pub fn assigned(&self, task: &Task, source: &str, town: Option<&str>, directory: &Directory) -> Task {
        let of_town = || town.and_then(|town| directory.town(town)?.unit.clone()).unwrap_or_default();
        let wanted = if task.unit == TOWN { of_town() } else { task.unit.clone() };
        let text = task.task.replace("{source}", source);
        if may_own(directory.relation(&wanted)) {
            return Task { unit: wanted, task: text, ..task.clone() };
        }
        let name = directory.unit(&wanted).map_or(task.unit.as_str(), |unit| unit.name.zh.as_str());
        let text = format!("{text}（原定单位：{name}，由本单位转告）");
        Task { unit: self.plan_unit.clone(), task: text, ..task.clone() }
    }
}

/// What a file is held against.
struct Reader<'a> {
    findings: Findings,
    waters: &'a Network,
    directory: &'a Directory,
}

impl Reader<'_> {
    fn defaults(&mut self, file: File) -> Defaults {
        let at_once_minutes = self.minutes(&file.at_once_minutes, "at_once_minutes");
        let unknown_arrival_minutes = self.minutes(&file.unknown_arrival_minutes, "unknown_arrival_minutes");
        self.unit(&file.plan_unit, "plan_unit", false);
        let mut keys = BTreeSet::new();
        let incident = file.incident.into_iter().take(MOST).map(|entry| self.at_once(&entry, &mut keys)).collect();
        let neighbours = file.neighbours.into_iter().take(MOST).map(|entry| self.neighbour(entry, &mut keys)).collect();
        let mut kinds = BTreeMap::new();
        for entry in file.kinds {
            let tasks = self.tasks(&entry);
            for kind in entry.kinds {
                if kinds.insert(kind.value.clone(), tasks.clone()).is_some() {
                    let what = format!("the kind {} stands there twice", kind.value);
                    self.findings.at(kind.defined, "kinds", what, "each kind once");
                }
            }
        }
        self.every_kind(&kinds, &file.plan_unit);
        let plan_unit = file.plan_unit.value;
        Defaults { at_once_minutes, unknown_arrival_minutes, plan_unit, incident, neighbours, kinds }
    }

    /// A source whose kind has no tasks would be activated in silence.
    fn every_kind(&mut self, kinds: &BTreeMap<String, Vec<Task>>, at: &Spanned<String>) {
        let mut missing = BTreeSet::new();
        for place in &self.waters.places {
            if let Detail::Source { kind, .. } = &place.detail
                && !kinds.contains_key(kind)
            {
                missing.insert(kind.clone());
            }
        }
        for kind in missing {
            let what = format!("sources of the kind {kind} have no tasks");
            self.findings.at(at.defined, "kinds", what, "tasks for every kind that sources.yaml has");
        }
    }

    fn at_once(&mut self, entry: &AtOnceEntry, keys: &mut BTreeSet<String>) -> AtOnce {
        self.key(&entry.key, keys);
        self.unit(&entry.unit, &format!("{}: unit", entry.key.value), false);
        self.text(&entry.task, &entry.key.value, &["source", "partner"]);
        let within_minutes = self.minutes(&entry.within_minutes, &format!("{}: within_minutes", entry.key.value));
        let (key, unit, task) = (entry.key.value.clone(), entry.unit.value.clone(), entry.task.value.clone());
        AtOnce { key, unit, task, within_minutes }
    }

    fn neighbour(&mut self, entry: NeighbourEntry, keys: &mut BTreeSet<String>) -> Neighbour {
        let NeighbourEntry { key, partner, unit, reaches, within_minutes, task } = entry;
        self.key(&key, keys);
        self.unit(&unit, &format!("{}: unit", key.value), false);
        self.text(&task, &key.value, &["source"]);
        if self.directory.relation(&partner.value) != Some(Relation::Partner) {
            let what = format!("{} is no neighbour", partner.value);
            self.findings.at(
                partner.defined,
                &format!("{}: partner", key.value),
                what,
                "a unit of the directory with relation: partner",
            );
        }
        for reach in &reaches {
            if !self.waters.reaches.iter().any(|known| known.id == reach.value) {
                let what = format!("there is no reach {}", reach.value);
                self.findings.at(
                    reach.defined,
                    &format!("{}: reaches", key.value),
                    what,
                    "ids of reaches of network.yaml",
                );
            }
        }
        if reaches.is_empty() {
            self.findings.at(key.defined, &format!("{}: reaches", key.value), "there are none", "at least one reach");
        }
        let within_minutes = self.minutes(&within_minutes, &format!("{}: within_minutes", key.value));
        let reaches = reaches.into_iter().map(|reach| reach.value).collect();
        let task = AtOnce { key: key.value, unit: unit.value, task: task.value, within_minutes };
        Neighbour { task, partner: partner.value, reaches }
    }

    fn tasks(&mut self, entry: &KindEntry) -> Vec<Task> {
        let (mut keys, mut tasks) = (BTreeSet::new(), Vec::new());
        if let Some(beyond) = entry.tasks.get(MOST_TASKS) {
            let what = format!("{} tasks", entry.tasks.len());
            self.findings.at(beyond.key.defined, "tasks", what, format!("at most {MOST_TASKS}"));
        }
        for task in entry.tasks.iter().take(MOST_TASKS) {
            self.key(&task.key, &mut keys);
            self.unit(&task.unit, &format!("{}: unit", task.key.value), true);
            self.text(&task.task, &task.key.value, &["sources", "partner"]);
            if !(-MOST_MINUTES..=MOST_MINUTES).contains(&task.before_minutes.value) {
                let expected = format!("minutes from -{MOST_MINUTES} to {MOST_MINUTES}");
                let field = format!("{}: before_minutes", task.key.value);
                self.findings.at(task.before_minutes.defined, &field, task.before_minutes.value.to_string(), expected);
            }
            tasks.push(Task {
                key: task.key.value.clone(),
                unit: task.unit.value.clone(),
                task: task.task.value.clone(),
                before_minutes: task.before_minutes.value,
            });
        }
        tasks
    }

    fn key(&mut self, key: &Spanned<String>, keys: &mut BTreeSet<String>) {
        if !is_key(&key.value) {
            let expected = format!("2 to {MOST_KEY} of a-z, 0-9 and -");
            self.findings.at(key.defined, "key", format!("`{}` is no key", key.value), expected);
        }
        if !keys.insert(key.value.clone()) {
            self.findings.at(key.defined, "key", format!("{} stands there twice", key.value), "a key of its own");
        }
    }

    fn unit(&mut self, unit: &Spanned<String>, field: &str, or_town: bool) {
        if (or_town && unit.value == TOWN) || may_own(self.directory.relation(&unit.value)) {
            return;
        }
        let what = match self.directory.unit(&unit.value) {
            Some(_) => format!("{} cannot be given a task", unit.value),
            None => format!("there is no unit {}", unit.value),
        };
        let town = if or_town { ", or `town`" } else { "" };
        let expected = format!("a unit of directory.yaml with relation internal, town or peer{town}");
        self.findings.at(unit.defined, field, what, expected);
    }

    fn text(&mut self, text: &Spanned<String>, key: &str, without: &[&str]) {
        let field = format!("{key}: task");
        let length = text.value.chars().count();
        if !(2..=MOST_TEXT).contains(&length) {
            let expected = format!("2 to {MOST_TEXT} characters");
            self.findings.at(text.defined, &field, format!("{length} characters"), expected);
        }
        for word in text.value.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default()) {
            if !WORDS.contains(&word) || without.contains(&word) {
                let known: Vec<&str> = WORDS.iter().filter(|known| !without.contains(*known)).copied().collect();
                let what = format!("`{{{word}}}` is filled in by nothing here");
                self.findings.at(text.defined, &field, what, format!("one of {{{}}}", known.join("}, {")));
            }
        }
    }

    fn minutes(&mut self, minutes: &Spanned<u32>, field: &str) -> u32 {
        if !(1..=MOST_MINUTES.unsigned_abs()).contains(&minutes.value) {
            let expected = format!("minutes from 1 to {MOST_MINUTES}");
            self.findings.at(minutes.defined, field, minutes.value.to_string(), expected);
        }
        minutes.value
    }
}
