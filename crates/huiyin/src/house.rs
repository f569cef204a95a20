//! A district's house on one store: journal, workflows that passed the check, directory and calendar. Shared by all
//! subcommands that work with cases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huiyin_assurance::{Forgotten, Proof, Proofs};
use huiyin_calendar::YearFile;
use huiyin_chart::Definition;
use huiyin_check::Names;
use huiyin_directory::Directory;
use huiyin_engine::{CalendarSource, DirectorySource, Registry};
use huiyin_journal::{Journal, JournalError, OpenOptions};
use huiyin_response::Defaults;
use huiyin_water::network::Network;
use huiyin_water::plan::{FILE, Fields};
use huiyin_web::office::PlanParts;

use crate::cli::StoreArgs;
use crate::commands::Failure;
use crate::library::{Library, LibraryError};
use crate::plans::Plans;

/// The workflow of response plans.
pub(crate) const RESPONSE_PLAN: &str = "response-plan";

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
    /// Loads workflows, directory and calendar; every workflow is proved now.
    pub(crate) fn load(library: Library, district: &str) -> Result<Self, Failure> {
        let (house, _) = Plans::read(library, district)?.proved(&Proofs::default())?;
        Ok(house)
    }

    /// As [`House::load`], with what a store knows: workflows that were proved on it as they are, and the years of the
    /// calendar that were adopted.
    pub(crate) async fn on(library: Library, district: &str, journal: &Journal) -> Result<Self, Failure> {
        Self::built(Plans::read(library, district)?, journal).await
    }

    /// As [`House::on`], from plans that were read already.
    pub(crate) async fn built(plans: Plans, journal: &Journal) -> Result<Self, Failure> {
        let (house, news) = Self::proved(plans, journal).await?;
        // Without them the next start takes longer, and nothing else.
        if let Some(proofs) = news
            && let Err(problem) = proofs.remember(journal, house.code()).await
        {
            tracing::warn!(%problem, "what was proved could not be remembered; it is proved again at the next start");
        }
        house.use_adopted(journal).await?;
        Ok(house)
    }

    /// As [`House::load`], but what was proved on a store as it is now is not proved again. Writes nothing to the store.
    pub(crate) async fn beside(library: Library, district: &str, journal: &Journal) -> Result<Self, Failure> {
        let (house, _) = Self::proved(Plans::read(library, district)?, journal).await?;
        Ok(house)
    }

    /// Also gives the proofs when they are others than the store knows.
    async fn proved(plans: Plans, journal: &Journal) -> Result<(Self, Option<Proofs>), Failure> {
        let known = remembered(journal, plans.code()).await;
        tokio::task::spawn_blocking(move || {
            let (house, proofs) = plans.proved(&known)?;
            Ok((house, (proofs != known).then_some(proofs)))
        })
        .await?
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

    /// The district's waters; none: its folder has no `water/`.
    pub(crate) fn waters(&self) -> Result<Option<Network>, Failure> {
        self.library.waters(&self.district)
    }

    /// What is done when an incident may reach a source; none: the district's `water/` folder has no such file.
    pub(crate) fn response(&self, waters: &Network) -> Result<Option<Defaults>, Failure> {
        let folder = format!("districts/{}/water", self.district);
        let file = format!("{folder}/{}", huiyin_response::FILE);
        if !self.library.list(&folder)?.contains(&file) {
            return Ok(None);
        }
        Ok(Some(Defaults::load(&file, &self.library.read(&file)?, waters, &self.directory)?))
    }

    /// What response plans are made of: the list of fields, and what every new plan of the district begins with.
    pub(crate) fn plan_parts(&self, waters: Option<&Network>) -> Result<PlanParts, Failure> {
        let fields = self.library.plan_fields()?.unwrap_or_default();
        if let Some(workflow) = self.registry.current(RESPONSE_PLAN) {
            fields_agree(&fields, &workflow)?;
        }
        let defaults = waters.map(|waters| self.response(waters)).transpose()?.flatten().unwrap_or_default();
        Ok(PlanParts { fields: Arc::new(fields), defaults: Arc::new(defaults) })
    }

    /// A file of the district's `sensing/` folder.
    pub(crate) fn sensing_file(&self, name: &str) -> Result<String, LibraryError> {
        self.library.read(&format!("districts/{}/sensing/{name}", self.district))
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

/// The fields that plans require are those that their workflow asks for before a review.
pub(crate) fn fields_agree(fields: &Fields, workflow: &Definition) -> Result<(), Failure> {
    let submit = workflow.events.iter().find(|event| event.name == "submit");
    let asked = submit.into_iter().flat_map(|event| &event.require).map(|require| require.that.source.as_str());
    let differences = fields.differences(&asked.collect::<Vec<_>>());
    if differences.is_empty() || fields.chapters.is_empty() {
        return Ok(());
    }
    Err(format!("{FILE} and {RESPONSE_PLAN}.yaml do not agree:\n    {}", differences.join("\n    ")).into())
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

/// What was proved on a store before; nothing when that may not be used.
async fn remembered(journal: &Journal, district: &str) -> Proofs {
    Proofs::remembered(journal, district).await.unwrap_or_else(|why| {
        match why {
            Forgotten::Nothing => tracing::info!("{why}: the workflows are proved now"),
            _ => tracing::warn!("{why}; the workflows are proved again"),
        }
        Proofs::default()
    })
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

pub(crate) fn calendar_source(library: &Library, directory: &Directory) -> Result<CalendarSource, Failure> {
    let hours = directory.district().hours_text();
    Ok(CalendarSource { zone_seconds: zone(directory)?.local_minus_utc(), hours, years: library.years()? })
}

pub(crate) fn zone(directory: &Directory) -> Result<chrono::FixedOffset, Failure> {
    let written = &directory.district().zone;
    Ok(written.parse().map_err(|_| format!("`{written}` is no offset like +08:00"))?)
}
