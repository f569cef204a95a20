//! A district's house on one store: journal, workflows that passed the check, directory and calendar. Shared by all
//! subcommands that work with cases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huiyin_assurance::Proof;
use huiyin_calendar::YearFile;
use huiyin_check::Names;
use huiyin_directory::Directory;
use huiyin_engine::{CalendarSource, DirectorySource, Registry};
use huiyin_journal::{Journal, JournalError, OpenOptions};

use crate::cli::StoreArgs;
use crate::commands::Failure;
use crate::library::Library;

/// See the module.
pub(crate) struct House {
    pub(crate) library: Library,
    pub(crate) directory: Arc<Directory>,
    pub(crate) registry: Arc<Registry>,
    /// Its folder below `districts/`.
    pub(crate) district: String,
    /// What was proved of each workflow.
    pub(crate) proofs: Vec<Proof>,
}

impl House {
    /// Loads workflows, directory and calendar; every workflow must pass the check.
    pub(crate) fn load(library: Library, district: &str) -> Result<Self, Failure> {
        let source = directory_source(&library, district)?;
        let directory = Arc::new(directory_of(&source).map_err(|problems| format!("district {district}: {problems}"))?);
        let registry = Arc::new(Registry::new(|source| {
            directory_of(source).map(|directory| Arc::new(directory) as Arc<dyn huiyin_chart::Directory>)
        }));
        registry.set_district(&directory.district().code, &source, &calendar_source(&library, &directory)?)?;
        let names = names(&library, &directory)?;
        let mut proofs = Vec::new();
        for (definition, proof) in load_all(&library, &workflow_files(&library)?, &names)? {
            registry.add_definition(Arc::new(definition))?;
            proofs.push(proof);
        }
        Ok(Self { library, directory, registry, district: district.to_owned(), proofs })
    }

    /// As [`House::load`], with the years of the calendar that were adopted on this store.
    pub(crate) async fn on(library: Library, district: &str, journal: &Journal) -> Result<Self, Failure> {
        let house = Self::load(library, district)?;
        house.use_adopted(journal).await?;
        Ok(house)
    }

    /// Puts the years that were adopted on a store in force beside those of the library.
    pub(crate) async fn use_adopted(&self, journal: &Journal) -> Result<(), Failure> {
        let adopted = self.adopted(journal).await?;
        if adopted.is_empty() {
            return Ok(());
        }
        self.put_in_force(&self.calendar_with(&adopted)?)
    }

    /// The years that were adopted on a store.
    pub(crate) async fn adopted(&self, journal: &Journal) -> Result<Vec<YearFile>, Failure> {
        let Some(text) = journal.setting(&self.adopted_key()).await? else { return Ok(Vec::new()) };
        Ok(serde_json::from_str(&text).map_err(|e| format!("the adopted calendars in the store do not read: {e}"))?)
    }

    /// Keeps a year on a store, in place of what was adopted for that year before.
    pub(crate) async fn keep_adopted(&self, journal: &Journal, year: &YearFile) -> Result<(), Failure> {
        let mut years = self.adopted(journal).await?;
        years.retain(|known| known.year != year.year);
        years.push(year.clone());
        years.sort_by_key(|year| year.year);
        Ok(journal.set_setting(&self.adopted_key(), &serde_json::to_string(&years)?).await?)
    }

    fn adopted_key(&self) -> String {
        format!("calendar.{}", self.code())
    }

    /// The calendar of the library with these years in place of its own.
    pub(crate) fn calendar_with(&self, years: &[YearFile]) -> Result<CalendarSource, Failure> {
        let mut calendar = calendar_source(&self.library, &self.directory)?;
        calendar.years.retain(|known| !years.iter().any(|year| year.year == known.year));
        calendar.years.extend(years.iter().cloned());
        calendar.years.sort_by_key(|year| year.year);
        Ok(calendar)
    }

    /// Puts a calendar in force for what happens from now on.
    pub(crate) fn put_in_force(&self, calendar: &CalendarSource) -> Result<(), Failure> {
        let source = directory_source(&self.library, &self.district)?;
        Ok(self.registry.set_district(self.code(), &source, calendar)?)
    }

    /// District code, GB/T 2260.
    pub(crate) fn code(&self) -> &str {
        &self.directory.district().code
    }

    /// The district's offset from UTC.
    pub(crate) fn zone(&self) -> Result<chrono::FixedOffset, Failure> {
        zone(&self.directory)
    }

    /// Files of a folder of the library: name → text.
    pub(crate) fn files(&self, folder: &str) -> Result<BTreeMap<String, String>, Failure> {
        let mut files = BTreeMap::new();
        for path in self.library.list(folder)? {
            let name = path.rsplit('/').next().unwrap_or(&path);
            if name.ends_with(".html") || name.ends_with(".txt") {
                files.insert(name.to_owned(), self.library.read(&path)?);
            }
        }
        Ok(files)
    }
}

/// A database that does not answer within this time at a start is said to be out of reach.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the store named on the command line. Its address may hold a password, so no error repeats it.
pub(crate) async fn open_store(args: &StoreArgs, now: DateTime<Utc>) -> Result<Journal, Failure> {
    open(args, now, true).await
}

/// Opens a store that must be there: whoever looks at one must not make one by a slip of the hand.
pub(crate) async fn open_existing(args: &StoreArgs, now: DateTime<Utc>) -> Result<Journal, Failure> {
    open(args, now, false).await
}

async fn open(args: &StoreArgs, now: DateTime<Utc>, create: bool) -> Result<Journal, Failure> {
    let url = args.database.clone().unwrap_or_else(|| {
        let file: PathBuf = args.data.join("huiyin.db");
        format!("sqlite:{}", file.display())
    });
    let kind = url.split(':').next().unwrap_or_default().to_owned();
    if !["sqlite", "postgres", "postgresql"].contains(&kind.as_str()) {
        return Err("--database: expected sqlite:FILE or postgres://USER@HOST/DATABASE".into());
    }
    let mut options = OpenOptions::new(url, &args.data, now);
    options.create = create;
    options.master_key_file.clone_from(&args.master_key_file);
    options.roots.clone_from(&args.roots);
    let opening = options.open();
    match tokio::time::timeout(PATIENCE, opening).await {
        Ok(Ok(journal)) => Ok(journal),
        Ok(Err(problem @ JournalError::File { .. })) => {
            Err(format!("{problem}. give a folder that this user may write to with --data").into())
        }
        Ok(Err(problem @ JournalError::Database(_))) if kind != "sqlite" => {
            Err(format!("{problem}. check host, user and database of --database, and that PostgreSQL runs there")
                .into())
        }
        Ok(Err(problem)) => Err(problem.into()),
        Err(_) => Err(format!(
            "the database did not answer within {} s. check host and port of --database, and that it runs there",
            PATIENCE.as_secs()
        )
        .into()),
    }
}

/// The workflow files of a library: YAML at its top that is no data schema.
pub(crate) fn workflow_files(library: &Library) -> Result<Vec<String>, Failure> {
    let files = library.list("")?;
    Ok(files.into_iter().filter(|file| file.ends_with(".yaml") && !file.ends_with(".data.yaml")).collect())
}

/// What a district knows by name: for the check.
pub(crate) fn names(library: &Library, directory: &Directory) -> Result<Names, Failure> {
    let templates = library.list("templates")?.into_iter().filter_map(|path| {
        let name = path.rsplit('/').next()?.rsplit_once('.')?.0.to_owned();
        (!name.starts_with('_')).then_some(name)
    });
    let letters = library.list("templates/letters")?.into_iter().filter_map(|path| {
        let name = path.rsplit('/').next()?.rsplit_once('.')?.0.to_owned();
        (!name.starts_with('_')).then_some(name)
    });
    let workflows =
        workflow_files(library)?.into_iter().filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned()));
    Ok(Names {
        units: Some(directory.units().iter().map(|unit| unit.id.clone()).collect()),
        roles: Some(directory.roles().map(|(id, _)| id.to_owned()).collect()),
        templates: Some(templates.collect()),
        letters: Some(letters.collect()),
        workflows: Some(workflows.collect()),
        calendar: Some(library.calendar()?),
    })
}

/// Loads workflows of the library and has each checked, at the same time: a start waits for the slowest, not for all.
fn load_all(
    library: &Library,
    files: &[String],
    names: &Names,
) -> Result<Vec<(huiyin_chart::Definition, Proof)>, Failure> {
    std::thread::scope(|scope| {
        let begun: Vec<_> = files.iter().map(|file| scope.spawn(move || load_checked(library, file, names))).collect();
        let ended = begun.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("the check ended abruptly".into())));
        ended.collect()
    })
}

/// Loads one workflow of the library and has it checked.
fn load_checked(library: &Library, file: &str, names: &Names) -> Result<(huiyin_chart::Definition, Proof), Failure> {
    let definition = huiyin_chart::load(file, &library.read(file)?, &|other| library.read(other).ok())?;
    let report = huiyin_check::check(&definition, names);
    if !report.passed() {
        return Err(report.to_string().into());
    }
    let proof = Proof {
        workflow: definition.name.clone(),
        version: definition.version,
        hash: definition.hash.clone(),
        proved: true,
        configurations: report.configurations as u64,
        assumptions: report.assumptions,
    };
    Ok((definition, proof))
}

/// The directory of a district, as written.
pub(crate) fn directory_source(library: &Library, district: &str) -> Result<DirectorySource, Failure> {
    let mut source = DirectorySource::new();
    for file in huiyin_directory::FILES {
        source.insert(file.to_owned(), library.read(&format!("districts/{district}/{file}"))?);
    }
    Ok(source)
}

/// Makes the directory of its texts.
pub(crate) fn directory_of(source: &DirectorySource) -> Result<Directory, String> {
    Directory::load("", &|file| source.get(file).cloned()).map_err(|problems| problems.to_string())
}

fn calendar_source(library: &Library, directory: &Directory) -> Result<CalendarSource, Failure> {
    let hours = directory.district().hours_text();
    Ok(CalendarSource { zone_seconds: zone(directory)?.local_minus_utc(), hours, years: library.years()? })
}

fn zone(directory: &Directory) -> Result<chrono::FixedOffset, Failure> {
    let written = &directory.district().zone;
    Ok(written.parse().map_err(|_| format!("`{written}` is no offset like +08:00"))?)
}
