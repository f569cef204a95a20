//! A district's files, read and understood, of which a house is built once every workflow is proved. Nothing in here is in
//! force: there is no way from plans to a registry but [`Plans::proved`].

use std::sync::Arc;
use std::thread;

use chrono::FixedOffset;
use huiyin_assurance::{Proof, Proofs};
use huiyin_calendar::Calendar;
use huiyin_chart::Definition;
use huiyin_check::Names;
use huiyin_directory::Directory;
use huiyin_engine::{CalendarSource, DirectorySource, Registry};

use crate::commands::Failure;
use crate::house::{House, calendar_source, directory_of, directory_source, names, workflow_files, zone};
use crate::library::Library;

/// See the module.
pub(crate) struct Plans {
    library: Library,
    district: String,
    source: DirectorySource,
    directory: Directory,
    calendar: CalendarSource,
    names: Names,
    definitions: Vec<Definition>,
}

impl Plans {
    /// Reads a district of a library. `district`: its folder below `districts/`.
    pub(crate) fn read(library: Library, district: &str) -> Result<Self, Failure> {
        let files = workflow_files(&library)?;
        let (definitions, rest) = thread::scope(|scope| {
            let begun = begin(scope, &files, |file| load(&library, file));
            let rest = (|| {
                let source = directory_source(&library, district)?;
                let directory = directory_of(&source).map_err(|problems| format!("district {district}: {problems}"))?;
                let (calendar, names) = (calendar_source(&library, &directory)?, names(&library, &directory)?);
                Ok::<_, Failure>((source, directory, calendar, names))
            })();
            (ended(begun), rest)
        });
        let (source, directory, calendar, names) = rest?;
        Ok(Self {
            library,
            district: district.to_owned(),
            source,
            directory,
            calendar,
            names,
            definitions: definitions?,
        })
    }

    /// District code, GB/T 2260.
    pub(crate) fn code(&self) -> &str {
        &self.directory.district().code
    }

    /// The district's offset from UTC.
    pub(crate) fn zone(&self) -> Result<FixedOffset, Failure> {
        zone(&self.directory)
    }

    /// The calendar of the library, without the years that a store has adopted.
    pub(crate) fn calendar(&self) -> Result<Calendar, Failure> {
        Ok(self.calendar.calendar()?)
    }

    /// Builds the house. Every workflow must pass the check; one that passed it before, with everything that the verdict
    /// rests on as it is now, is not checked again. Also gives the proofs to be remembered.
    pub(crate) fn proved(self, known: &Proofs) -> Result<(House, Proofs), Failure> {
        let proved = thread::scope(|scope| {
            ended(begin(scope, &self.definitions, |definition| prove(definition, &self.names, known)))
        })?;
        let registry = Arc::new(Registry::new(|source| {
            directory_of(source).map(|directory| Arc::new(directory) as Arc<dyn huiyin_chart::Directory>)
        }));
        let directory = Arc::new(self.directory);
        registry.set_loaded(&directory.district().code, Arc::clone(&directory) as _, &self.source, &self.calendar)?;
        let (mut proofs, mut remembered) = (Vec::new(), Proofs::default());
        for (definition, (basis, proof)) in self.definitions.into_iter().zip(proved) {
            debug_assert_eq!(definition.hash, proof.hash, "a proof belongs to its workflow");
            registry.add_definition(Arc::new(definition))?;
            remembered.add(&basis, proof.clone());
            proofs.push(proof);
        }
        let Self { library, district, .. } = self;
        Ok((House { library, directory, registry, district, proofs }, remembered))
    }
}

/// Begins the same for each, at the same time: a start waits for the slowest, not for all.
fn begin<'scope, 'env, I: Sync, O: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, 'env>,
    items: &'env [I],
    what: impl Fn(&'env I) -> Result<O, Failure> + Copy + Send + 'scope,
) -> Vec<thread::ScopedJoinHandle<'scope, Result<O, Failure>>> {
    items.iter().map(|item| scope.spawn(move || what(item))).collect()
}

/// What became of each, in the same order; the first failure if there is one.
fn ended<O>(begun: Vec<thread::ScopedJoinHandle<'_, Result<O, Failure>>>) -> Result<Vec<O>, Failure> {
    let abrupt = |_| Err("reading or checking a workflow ended abruptly".into());
    begun.into_iter().map(|one| one.join().unwrap_or_else(abrupt)).collect()
}

fn load(library: &Library, file: &str) -> Result<Definition, Failure> {
    Ok(huiyin_chart::load(file, &library.read(file)?, &|other| library.read(other).ok())?)
}

/// What a proof rests on, and the proof: the known one, or one made now.
fn prove(definition: &Definition, names: &Names, known: &Proofs) -> Result<(String, Proof), Failure> {
    let (basis, name, version) = (huiyin_check::basis(definition, names), &definition.name, definition.version);
    if let Some(proof) = known.of(&basis).filter(|proof| proof.hash == definition.hash) {
        tracing::debug!(%name, version, "proved before");
        return Ok((basis, proof.clone()));
    }
    let report = huiyin_check::check(definition, names);
    if !report.passed() {
        return Err(report.to_string().into());
    }
    tracing::debug!(%name, version, configurations = report.configurations, "proved now");
    let proof = Proof {
        workflow: name.clone(),
        version,
        hash: definition.hash.clone(),
        proved: true,
        configurations: report.configurations as u64,
        assumptions: report.assumptions,
    };
    Ok((basis, proof))
}

#[cfg(test)]
mod tests;
