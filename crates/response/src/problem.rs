//! What is wrong with a district's `response.yaml`: line, field, what was expected. All of it at once.

use std::fmt;

use serde_saphyr::Location;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {what}. expected: {expected}")]
pub struct Problem {
    /// File, as the reader was asked for it.
    pub file: String,
    /// 1-based line; 0 when the file as a whole is meant.
    pub line: u64,
    /// Field, with the key of the entry it belongs to.
    pub field: String,
    /// What is wrong.
    pub what: String,
    /// What would have been right.
    pub expected: String,
}

/// All mistakes found in one reading; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let end = if i > 0 { "\n" } else { "" };
            write!(f, "{end}{problem}")?;
        }
        Ok(())
    }
}

/// Collects the mistakes of one file.
pub(crate) struct Findings {
    pub(crate) file: String,
    pub(crate) found: Vec<Problem>,
}

/// So many mistakes are told.
const MOST: usize = 100;

impl Findings {
    pub(crate) fn at(&mut self, place: Location, field: &str, what: impl Into<String>, expected: impl Into<String>) {
        if self.found.len() < MOST {
            let (file, field) = (self.file.clone(), field.to_owned());
            self.found.push(Problem { file, line: place.line(), field, what: what.into(), expected: expected.into() });
        }
    }
}
