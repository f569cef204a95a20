//! What steps are made with: definitions, directories, calendars. New cases use the newest; a running case stays on its own.
//!
//! Everything that was ever in force is kept in the store under its content address, so that any step can be replayed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::FixedOffset;
use huiyin_calendar::{Calendar, Hours, YearFile};
use huiyin_chart::definition::Source;
use huiyin_chart::{Definition, Directory};
use huiyin_journal::{Batch, Instant, Journal, Kept};
use serde::{Deserialize, Serialize};

use crate::command::EngineError;

const DEFINITION: &str = "definition";
const DIRECTORY: &str = "directory";
const CALENDAR: &str = "calendar";

/// The calendar of a district as it is written, from which it can be made again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CalendarSource {
    /// Offset of local time from UTC, in seconds.
    pub zone_seconds: i32,
    /// Office hours, e.g. `09:00-12:30, 14:00-18:00`.
    pub hours: String,
    /// Published years.
    pub years: Vec<YearFile>,
}

impl CalendarSource {
    /// Makes the calendar.
    ///
    /// # Errors
    /// When zone or hours cannot be read.
    pub fn calendar(&self) -> Result<Calendar, EngineError> {
        let zone = FixedOffset::east_opt(self.zone_seconds)
            .ok_or_else(|| EngineError::Setup(format!("{} seconds is no offset of a time zone", self.zone_seconds)))?;
        let hours = Hours::parse(&self.hours).map_err(|e| EngineError::Setup(e.to_string()))?;
        Ok(Calendar::from_years(zone, hours, self.years.clone()))
    }
}

/// The directory of a district as it is written: file name → text.
pub type DirectorySource = BTreeMap<String, String>;

/// Makes a directory of its texts.
pub type DirectoryLoader = fn(&DirectorySource) -> Result<Arc<dyn Directory>, String>;

/// What a district's steps are made with.
#[derive(Clone)]
pub struct District {
    /// District code, GB/T 2260.
    pub code: String,
    /// Units, roles, routing.
    pub directory: Arc<dyn Directory>,
    /// Working time.
    pub calendar: Arc<Calendar>,
}

#[derive(Default)]
struct Shelf {
    /// By content address.
    definitions: HashMap<String, Arc<Definition>>,
    /// Workflow name → content address of what new cases use.
    current: BTreeMap<String, String>,
    districts: BTreeMap<String, District>,
    directories: HashMap<String, Arc<dyn Directory>>,
    calendars: HashMap<String, Arc<Calendar>>,
    /// What is not in the store yet.
    to_keep: Vec<(&'static str, String, String, String, String)>,
}

/// See the module. Shared by all that step.
pub struct Registry {
    shelf: RwLock<Shelf>,
    load_directory: DirectoryLoader,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry")
    }
}

fn json(value: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|e| EngineError::Setup(e.to_string()))
}

impl Registry {
    /// Empty. `load_directory` makes a kept directory again, for replays.
    #[must_use]
    pub fn new(load_directory: DirectoryLoader) -> Self {
        Self { shelf: RwLock::default(), load_directory }
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a workflow in force for new cases. It has passed `check`.
    ///
    /// # Errors
    /// When its sources cannot be written down.
    pub fn add_definition(&self, definition: Arc<Definition>) -> Result<(), EngineError> {
        let (hash, name) = (definition.hash.clone(), definition.name.clone());
        self.know_definition(definition)?;
        self.write().current.insert(name, hash);
        Ok(())
    }

    /// Knows a workflow without putting it in force: what cases may be taken over to. It has passed `check`.
    ///
    /// # Errors
    /// When its sources cannot be written down.
    pub fn know_definition(&self, definition: Arc<Definition>) -> Result<(), EngineError> {
        let body = json(&definition.sources)?;
        let mut shelf = self.write();
        let (hash, name) = (definition.hash.clone(), definition.name.clone());
        shelf.to_keep.push((DEFINITION, hash.clone(), name, definition.version.to_string(), body));
        shelf.definitions.insert(hash, definition);
        Ok(())
    }

    /// Every version of a workflow that the store has, oldest first: content address and number. They are kept for ever.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn versions(journal: &Journal, workflow: &str) -> Result<Vec<(String, String)>, EngineError> {
        let kept = journal.kept_named(DEFINITION, workflow).await?;
        Ok(kept.into_iter().map(|kept| (kept.hash, kept.version)).collect())
    }

    /// Puts a district in force, or changes its directory or calendar from now on.
    ///
    /// # Errors
    /// When the directory or the calendar cannot be made of its source.
    pub fn set_district(
        &self,
        code: &str,
        directory: &DirectorySource,
        calendar: &CalendarSource,
    ) -> Result<(), EngineError> {
        let loaded = (self.load_directory)(directory).map_err(EngineError::Setup)?;
        self.set_loaded(code, loaded, directory, calendar)
    }

    /// As [`Registry::set_district`], with the directory that was made of its source already.
    ///
    /// # Errors
    /// When the calendar cannot be made of its source.
    pub fn set_loaded(
        &self,
        code: &str,
        loaded: Arc<dyn Directory>,
        directory: &DirectorySource,
        calendar: &CalendarSource,
    ) -> Result<(), EngineError> {
        let made = Arc::new(calendar.calendar()?);
        let (directory_body, calendar_body) = (json(directory)?, json(calendar)?);
        let mut shelf = self.write();
        let (version, calendar_version) = (loaded.version().to_owned(), made.version().to_owned());
        shelf.to_keep.push((DIRECTORY, version.clone(), code.to_owned(), version.clone(), directory_body));
        shelf.to_keep.push((
            CALENDAR,
            calendar_version.clone(),
            code.to_owned(),
            calendar_version.clone(),
            calendar_body,
        ));
        shelf.directories.insert(version, Arc::clone(&loaded));
        shelf.calendars.insert(calendar_version, Arc::clone(&made));
        shelf.districts.insert(code.to_owned(), District { code: code.to_owned(), directory: loaded, calendar: made });
        Ok(())
    }

    /// Writes down what is not in the store yet. To be called before the first step.
    ///
    /// # Errors
    /// When the store does not answer; it is tried again with the next call.
    pub async fn keep(&self, journal: &Journal, now: Instant) -> Result<(), EngineError> {
        let to_keep = std::mem::take(&mut self.write().to_keep);
        for (i, (kind, hash, name, version, body)) in to_keep.iter().enumerate() {
            let kept = Kept {
                kind: (*kind).to_owned(),
                hash: hash.clone(),
                name: name.clone(),
                version: version.clone(),
                body: body.clone(),
                at: now,
            };
            if let Err(e) = journal.keep(&kept).await {
                self.write().to_keep.extend_from_slice(&to_keep[i..]);
                return Err(e.into());
            }
        }
        Ok(())
    }

    pub(crate) fn has_to_keep(&self) -> bool {
        !self.read().to_keep.is_empty()
    }

    /// What new cases of a workflow use.
    #[must_use]
    pub fn current(&self, workflow: &str) -> Option<Arc<Definition>> {
        let shelf = self.read();
        shelf.current.get(workflow).and_then(|hash| shelf.definitions.get(hash)).cloned()
    }

    /// All workflows in force for new cases, by name.
    #[must_use]
    pub fn in_force(&self) -> Vec<Arc<Definition>> {
        let shelf = self.read();
        shelf.current.values().filter_map(|hash| shelf.definitions.get(hash)).cloned().collect()
    }

    /// What a district's steps are made with.
    #[must_use]
    pub fn district(&self, code: &str) -> Option<District> {
        self.read().districts.get(code).cloned()
    }

    /// Codes of the districts in force, in order.
    #[must_use]
    pub fn districts(&self) -> Vec<String> {
        self.read().districts.keys().cloned().collect()
    }

    /// The districts in force and their time zones.
    pub(crate) fn zones(&self) -> Vec<(String, FixedOffset)> {
        self.read().districts.values().map(|district| (district.code.clone(), district.calendar.zone())).collect()
    }

    /// A definition that is in memory.
    #[must_use]
    pub fn definition(&self, hash: &str) -> Option<Arc<Definition>> {
        self.read().definitions.get(hash).cloned()
    }

    /// A definition that is or was in force, from the store when it must be.
    ///
    /// # Errors
    /// When the store does not answer, does not have it, or it does not load.
    pub async fn definition_of(&self, journal: &Journal, hash: &str) -> Result<Arc<Definition>, EngineError> {
        if let Some(known) = self.definition(hash) {
            return Ok(known);
        }
        self.shelve(&kept(journal, DEFINITION, hash).await?)
    }

    /// As [`Registry::definition_of`], inside a batch: on its own connection.
    pub(crate) async fn definition_in(&self, batch: &mut Batch, hash: &str) -> Result<Arc<Definition>, EngineError> {
        if let Some(known) = self.definition(hash) {
            return Ok(known);
        }
        let found = batch.kept(DEFINITION, hash).await?;
        self.shelve(&found.ok_or_else(|| lost(DEFINITION, hash))?)
    }

    fn shelve(&self, kept: &Kept) -> Result<Arc<Definition>, EngineError> {
        let definition = Arc::new(load_kept(kept)?);
        self.write().definitions.insert(kept.hash.clone(), Arc::clone(&definition));
        Ok(definition)
    }

    /// Loads something kept again, and compares it with the address under which it is kept.
    ///
    /// # Errors
    /// When it does not load, is something else than its address says, or is of an unknown kind.
    pub fn check_kept(&self, kept: &Kept) -> Result<(), EngineError> {
        match kept.kind.as_str() {
            DEFINITION => load_kept(kept).map(drop),
            DIRECTORY => self.load_kept_directory(kept).map(drop),
            CALENDAR => load_kept_calendar(kept).map(drop),
            other => Err(damaged(kept, &format!("a {other} is nothing that is kept"))),
        }
    }

    fn load_kept_directory(&self, kept: &Kept) -> Result<Arc<dyn Directory>, EngineError> {
        let source: DirectorySource = serde_json::from_str(&kept.body).map_err(|e| damaged(kept, &e.to_string()))?;
        let loaded = (self.load_directory)(&source).map_err(|e| damaged(kept, &e))?;
        same(kept, loaded.version()).map(|()| loaded)
    }

    /// A directory that is or was in force.
    ///
    /// # Errors
    /// When the store does not answer, does not have it, or it does not load.
    pub async fn directory_of(&self, journal: &Journal, version: &str) -> Result<Arc<dyn Directory>, EngineError> {
        let known = self.read().directories.get(version).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let kept = kept(journal, DIRECTORY, version).await?;
        let loaded = self.load_kept_directory(&kept)?;
        self.write().directories.insert(version.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// A calendar that is or was in force.
    ///
    /// # Errors
    /// When the store does not answer, does not have it, or it does not load.
    pub async fn calendar_of(&self, journal: &Journal, version: &str) -> Result<Arc<Calendar>, EngineError> {
        let known = self.read().calendars.get(version).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let kept = kept(journal, CALENDAR, version).await?;
        let made = Arc::new(load_kept_calendar(&kept)?);
        self.write().calendars.insert(version.to_owned(), Arc::clone(&made));
        Ok(made)
    }
}

async fn kept(journal: &Journal, kind: &str, hash: &str) -> Result<Kept, EngineError> {
    journal.kept(kind, hash).await?.ok_or_else(|| lost(kind, hash))
}

fn lost(kind: &str, hash: &str) -> EngineError {
    EngineError::Setup(format!("the store has no {kind} {hash}, though a case was stepped with it"))
}

fn load_kept(kept: &Kept) -> Result<Definition, EngineError> {
    let sources: Vec<Source> = serde_json::from_str(&kept.body).map_err(|e| damaged(kept, &e.to_string()))?;
    let main = sources.first().ok_or_else(|| damaged(kept, "no source"))?;
    let other = |path: &str| sources.iter().find(|source| source.path == path).map(|source| source.text.clone());
    let definition = huiyin_chart::load(&main.path, &main.text, &other).map_err(|e| damaged(kept, &e.to_string()))?;
    same(kept, &definition.hash).map(|()| definition)
}

fn load_kept_calendar(kept: &Kept) -> Result<Calendar, EngineError> {
    let source: CalendarSource = serde_json::from_str(&kept.body).map_err(|e| damaged(kept, &e.to_string()))?;
    let made = source.calendar()?;
    same(kept, made.version()).map(|()| made)
}

/// What was changed in the store is not used: steps made with it would not be those of the journal.
fn same(kept: &Kept, hash: &str) -> Result<(), EngineError> {
    if kept.hash == hash { Ok(()) } else { Err(damaged(kept, &format!("its content is that of {hash}"))) }
}

fn damaged(kept: &Kept, problem: &str) -> EngineError {
    EngineError::Setup(format!("the {} {} ({}) in the store does not load: {problem}", kept.kind, kept.name, kept.hash))
}
