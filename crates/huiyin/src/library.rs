//! Where workflows, calendars, templates and districts are read from: a folder, or the set built into the program.
//! Reads files; what is in them is the business of `chart`, `calendar` and `directory`.

use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, Hours, YearFile, china};
use huiyin_water::network::{FILES, Network};
use huiyin_water::plan::{FILE, Fields};
use rust_embed::RustEmbed;

use crate::commands::Failure;

/// The `workflows/` folder as it was at build time.
#[derive(RustEmbed)]
#[folder = "../../workflows/"]
#[include = "*.yaml"]
#[include = "*.html"]
#[include = "*.txt"]
#[include = "*.json"]
struct BuiltIn;

/// A tree of text files, named by their path below `workflows/` with forward slashes.
#[derive(Debug, Clone)]
pub(crate) enum Library {
    /// A folder on disk.
    Folder(PathBuf),
    /// What was built into the program.
    BuiltIn,
}

impl Library {
    /// The folder given, else `./workflows` if it is there, else the built-in set.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, LibraryError> {
        match given {
            Some(folder) if folder.is_dir() => Ok(Self::Folder(folder.to_owned())),
            Some(folder) => Err(LibraryError::NoFolder(folder.to_owned())),
            None if Path::new("workflows/districts").is_dir() => Ok(Self::Folder("workflows".into())),
            None => Ok(Self::BuiltIn),
        }
    }

    /// The text of one file.
    pub(crate) fn read(&self, path: &str) -> Result<String, LibraryError> {
        let missing = || LibraryError::NoFile { path: path.to_owned(), place: self.to_string() };
        match self {
            Self::Folder(folder) => std::fs::read_to_string(folder.join(path)).map_err(|_| missing()),
            Self::BuiltIn => {
                let file = BuiltIn::get(path).ok_or_else(missing)?;
                String::from_utf8(file.data.into_owned()).map_err(|_| missing())
            }
        }
    }

    /// The published years of the calendars folder.
    pub(crate) fn years(&self) -> Result<Vec<YearFile>, Failure> {
        let files = self.list("calendars")?;
        let years = files.iter().filter(|path| path.ends_with(".json"));
        years.map(|path| Ok(YearFile::parse(path, &self.read(path)?)?)).collect()
    }

    /// The calendar of all published years, with the usual office hours.
    pub(crate) fn calendar(&self) -> Result<Calendar, Failure> {
        Ok(Calendar::from_years(china(), Hours::default(), self.years()?))
    }

    /// The waters of a district, from its `water/` folder; none: it has no such folder.
    pub(crate) fn waters(&self, district: &str) -> Result<Option<Network>, Failure> {
        let folder = format!("districts/{district}/water");
        if FILES.iter().all(|file| self.read(&format!("{folder}/{file}")).is_err()) {
            return Ok(None);
        }
        Ok(Some(Network::load(&folder, &|path| self.read(path).ok())?))
    }

    /// The fields of response plans; none: the library has no list of them.
    pub(crate) fn plan_fields(&self) -> Result<Option<Fields>, Failure> {
        let Ok(text) = self.read(FILE) else { return Ok(None) };
        Ok(Some(Fields::load(FILE, &text)?))
    }

    /// Paths of the files directly inside a folder of the library, sorted.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, LibraryError> {
        let mut names: Vec<String> = match self {
            Self::Folder(root) => {
                let entries = std::fs::read_dir(root.join(folder))
                    .map_err(|_| LibraryError::NoFile { path: folder.to_owned(), place: self.to_string() })?;
                entries
                    .flatten()
                    .filter(|entry| entry.path().is_file())
                    .filter_map(|entry| entry.file_name().into_string().ok())
                    .map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") })
                    .collect()
            }
            Self::BuiltIn => BuiltIn::iter()
                .map(std::borrow::Cow::into_owned)
                .filter(|path| path.rsplit_once('/').map_or("", |(parent, _)| parent) == folder)
                .collect(),
        };
        names.sort();
        Ok(names)
    }
}

impl std::fmt::Display for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::BuiltIn => f.write_str("the built-in set"),
        }
    }
}

/// A file of the library could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    /// `--workflows` names no folder.
    #[error("{}: no such folder. give --workflows the folder that holds petition.yaml and districts/", .0.display())]
    NoFolder(PathBuf),
    /// The file is not there or not UTF-8 text.
    #[error("{place}: {path} is missing or is not UTF-8 text")]
    NoFile {
        /// Path below the library.
        path: String,
        /// Which library.
        place: String,
    },
}
