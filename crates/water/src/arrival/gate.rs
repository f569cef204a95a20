//! The door for numbers: each is admitted with its name or refused with it. Later code trusts what came through.

use serde::Serialize;

/// The least positive number admitted for a quantity that must be above zero, in its unit. Far below anything physical;
/// it keeps every product and quotient of the formulae inside the range of `f64`.
pub const LEAST: f64 = 1e-30;
/// The greatest number admitted for any quantity, in its unit; see [`LEAST`].
pub const GREATEST: f64 = 1e30;

/// One number that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("{field} is {value}; expected {expected}")]
pub struct Refused {
    /// Name of the field, with its unit.
    pub field: String,
    /// What was given.
    pub value: f64,
    /// What would have been admitted.
    pub expected: String,
}

/// All numbers that were refused, in the order of the fields; never empty.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refusals(pub Vec<Refused>);

/// Collects refusals, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    refused: Vec<Refused>,
}

impl Gate {
    /// Above zero.
    pub(crate) fn positive(&mut self, field: &str, value: f64) -> f64 {
        self.within(field, value, LEAST, GREATEST)
    }

    /// Zero or above.
    pub(crate) fn not_negative(&mut self, field: &str, value: f64) -> f64 {
        self.within(field, value, 0.0, GREATEST)
    }

    /// From `least` to `greatest`, both included.
    pub(crate) fn within(&mut self, field: &str, value: f64, least: f64, greatest: f64) -> f64 {
        if !(least..=greatest).contains(&value) {
            let expected = if least == LEAST {
                format!("a number above 0, at most {greatest:e}")
            } else if greatest == GREATEST {
                format!("a number of {least} or more, at most {greatest:e}")
            } else {
                format!("a number from {least} to {greatest}")
            };
            self.refused.push(Refused { field: field.to_owned(), value, expected });
        }
        value
    }

    /// The value, if nothing was refused.
    pub(crate) fn admit<T>(self, value: T) -> Result<T, Refusals> {
        if self.refused.is_empty() { Ok(value) } else { Err(Refusals(self.refused)) }
    }

    /// Takes the refusals of an inner gate under the names of this one.
    pub(crate) fn and(&mut self, other: Refusals) {
        self.refused.extend(other.0);
    }
}
