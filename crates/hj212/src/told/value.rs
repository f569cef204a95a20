//! One value as it is shown: its text, and a number where it is one; bytes where it is no text.

use serde::{Deserialize, Serialize};

use super::MASK;
use super::encode::EncodeError;
use crate::area;

/// A value. One of `text` and `bytes` is there; `number` stands beside a text that is a plain decimal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// As written, when that is no UTF-8: hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
}

impl Told {
    /// A value of a frame.
    #[must_use]
    pub fn of(value: area::Value<'_>) -> Self {
        match value.text() {
            Some(text) => Self { text: Some(text.to_owned()), number: value.number(), bytes: None },
            None => Self { text: None, number: None, bytes: Some(hex::encode(value.0)) },
        }
    }

    /// A value of a reading's field; moments are no numbers.
    pub(super) fn of_field(field: &str, value: area::Value<'_>) -> Self {
        let told = Self::of(value);
        if field.ends_with("Time") { told.without_number() } else { told }
    }

    pub(super) fn without_number(self) -> Self {
        Self { number: None, ..self }
    }

    /// Stands for a secret.
    pub(super) fn masked() -> Self {
        Self { text: Some(MASK.to_owned()), number: None, bytes: None }
    }

    /// What stands in the frame.
    pub(super) fn raw(&self, name: &str) -> Result<Vec<u8>, EncodeError> {
        let contradiction = || EncodeError::Contradiction { field: name.to_owned() };
        match (&self.text, &self.bytes, self.number) {
            (Some(text), ..) if text == MASK => Err(EncodeError::MaskedValue { field: name.to_owned() }),
            (Some(text), None, None) => Ok(text.clone().into_bytes()),
            (Some(text), None, Some(number)) => {
                // Readers of JSON may be off in the last digit.
                let near = |other: f64| (other - number).abs() <= other.abs() * 1e-12;
                let same = area::Value(text.as_bytes()).number().is_some_and(near);
                same.then(|| text.clone().into_bytes()).ok_or_else(contradiction)
            }
            (None, Some(bytes), None) => hex::decode(bytes).map_err(|_| contradiction()),
            (None, None, Some(number)) => Ok(number.to_string().into_bytes()),
            _ => Err(EncodeError::NoValue { field: name.to_owned() }),
        }
    }
}
