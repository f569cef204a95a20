//! What is wrong with a district's water files: file, line, field, what was expected. All of it at once.

use std::fmt;

use serde::Serialize;
use serde_saphyr::Location;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}:{line}: {field}: {what}. expected: {expected}")]
pub struct Problem {
    /// File, as the reader was asked for it.
    pub file: String,
    /// 1-based line; 0 when the file as a whole is meant.
    pub line: u64,
    /// Field, with the id of the entry it belongs to.
    pub field: String,
    /// What is wrong, a lowercase fragment that names the place.
    pub what: String,
    /// What would have been right.
    pub expected: String,
}

/// All mistakes found in one reading, in the order of the files; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
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

/// So many mistakes are told; the rest are counted.
const MOST: usize = 200;

/// Collects the mistakes of one file after the other.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<Problem>,
    more: usize,
}

impl Findings {
    pub(crate) fn at(
        &mut self,
        file: &str,
        place: Location,
        field: impl Into<String>,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) {
        if self.found.len() == MOST {
            self.more += 1;
            return;
        }
        let (file, field, what, expected) = (file.to_owned(), field.into(), what.into(), expected.into());
        self.found.push(Problem { file, line: place.line(), field, what, expected });
    }

    pub(crate) fn file(&mut self, file: &str, what: impl Into<String>, expected: impl Into<String>) {
        let (what, expected) = (what.into(), expected.into());
        self.found.push(Problem { file: file.to_owned(), line: 0, field: "file".into(), what, expected });
    }

    pub(crate) fn count(&self) -> usize {
        self.found.len() + self.more
    }

    pub(crate) fn none(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_problems(mut self) -> Problems {
        if let (more @ 1.., Some(last)) = (self.more, self.found.last_mut()) {
            last.what.push_str(&format!(" (and {more} more mistakes)"));
        }
        Problems(self.found)
    }
}
