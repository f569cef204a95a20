//! What is wrong with a district's `response.yaml`: line, field, what was expected. All of it at once.
//! One mistake, and a list of them, are those of the water files beside it.

pub use huiyin_water::network::{Problem, Problems};
use serde_saphyr::Location;

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
