//! What is wrong with a file of stations, limits or rules: file, line, field, what was expected. All of it at once.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Location;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}:{line}: {field}: {what}. expected: {expected}")]
pub struct Problem {
    /// File, by the name it was handed over with.
    pub file: String,
    /// 1-based line; 0 when the file as a whole is meant.
    pub line: u64,
    /// Field, with the id of the entry it belongs to.
    pub field: String,
    /// What is wrong, a lowercase fragment.
    pub what: String,
    /// What would have been right, and so what to do.
    pub expected: String,
}

/// All mistakes of one load, in the order they were met; never empty. Nothing of the load is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let line_break = if i > 0 { "\n" } else { "" };
            write!(f, "{line_break}{problem}")?;
        }
        Ok(())
    }
}

/// So many mistakes are told; the rest are counted.
const MOST: usize = 200;

/// The most bytes of one file.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Collects the mistakes of a load.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<Problem>,
    more: usize,
}

impl Findings {
    /// Notes a mistake at a place of a file.
    pub(crate) fn at(
        &mut self,
        file: &str,
        place: Location,
        field: impl Into<String>,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.note(file, place.line(), field.into(), what.into(), expected.into());
    }

    /// Notes a mistake of a file as a whole.
    pub(crate) fn file(&mut self, file: &str, what: impl Into<String>, expected: impl Into<String>) {
        self.note(file, 0, "file".into(), what.into(), expected.into());
    }

    /// All of them, or nothing to tell.
    pub(crate) fn done(mut self) -> Result<(), Problems> {
        if self.found.is_empty() {
            return Ok(());
        }
        if let (more @ 1.., Some(last)) = (self.more, self.found.last_mut()) {
            last.what.push_str(&format!(" (and {more} more mistakes)"));
        }
        Err(Problems(self.found))
    }

    fn note(&mut self, file: &str, line: u64, field: String, what: String, expected: String) {
        if self.found.len() == MOST {
            self.more += 1;
            return;
        }
        self.found.push(Problem { file: file.to_owned(), line, field, what, expected });
    }
}

/// Reads the shape of a YAML file; what it means is checked by the caller.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str, findings: &mut Findings) -> Option<T> {
    if text.len() > MOST_BYTES {
        findings.file(file, format!("the file has {} bytes", text.len()), format!("at most {MOST_BYTES}"));
        return None;
    }
    match serde_saphyr::from_str::<T>(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let said = error.without_snippet().to_string().replace('\n', " ");
            let expected = "the shape of the shipped file of this name; docs/rules.md describes it";
            match error.location() {
                Some(place) => findings.at(file, place, "shape", said, expected),
                None => findings.file(file, said, expected),
            }
            None
        }
    }
}
