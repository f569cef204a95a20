//! What is wrong with a district's files: every problem names file, line and what was expected.

use std::fmt;

use serde_saphyr::Location;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}. expected: {expected}")]
pub struct Problem {
    /// File, as the reader was asked for it.
    pub file: String,
    /// 1-based line; 0 when the file as a whole is meant.
    pub line: u64,
    /// 1-based column; 0 when the file as a whole is meant.
    pub column: u64,
    /// What is wrong, a lowercase fragment.
    pub what: String,
    /// What would have been right.
    pub expected: String,
}

/// All mistakes found in one reading, in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// Collects mistakes, so that the author of a file sees all of them at once.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<Problem>,
}

impl Findings {
    pub(crate) fn at(&mut self, file: &str, place: Location, what: impl Into<String>, expected: impl Into<String>) {
        self.found.push(Problem {
            file: file.to_owned(),
            line: place.line(),
            column: place.column(),
            what: what.into(),
            expected: expected.into(),
        });
    }

    pub(crate) fn file(&mut self, file: &str, what: impl Into<String>, expected: impl Into<String>) {
        self.found.push(Problem {
            file: file.to_owned(),
            line: 0,
            column: 0,
            what: what.into(),
            expected: expected.into(),
        });
    }

    pub(crate) fn none(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_problems(self) -> Problems {
        Problems(self.found)
    }
}
