//! What came in and what was refused, counted by reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::observation::Source;

/// Why something was not taken. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Bytes that are no frame, or a message that does not read.
    Malformed,
    /// A station that is not in the registry, or that this door does not know.
    UnknownStation,
    /// A wrong password or token.
    WrongPassword,
    /// An address from which this station does not speak.
    WrongAddress,
    /// Packets that never came together.
    Incomplete,
    /// A pollutant that is not registered at this station.
    UnknownPollutant,
    /// Another unit than the registered one.
    WrongUnit,
    /// No finite number.
    NotANumber,
    /// No readable time, or one far from now.
    BadTime,
    /// A data flag that the standard does not have.
    BadFlag,
    /// Too many lines at once, too slow, or too long without a word.
    Limit,
}

impl Reason {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownStation => "unknown_station",
            Self::WrongPassword => "wrong_password",
            Self::WrongAddress => "wrong_address",
            Self::Incomplete => "incomplete",
            Self::UnknownPollutant => "unknown_pollutant",
            Self::WrongUnit => "wrong_unit",
            Self::NotANumber => "not_a_number",
            Self::BadTime => "bad_time",
            Self::BadFlag => "bad_flag",
            Self::Limit => "limit",
        }
    }
}

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct Counts {
    kept: Mutex<BTreeMap<Source, (u64, u64)>>,
    refused: Mutex<BTreeMap<(Source, Reason), u64>>,
}

impl Counts {
    /// Readings of one commit: how many came, how many of them were new.
    pub fn kept(&self, source: Source, came: u64, new: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.entry(source).or_default();
        *one = (one.0 + came, one.1 + new);
    }

    /// Something was not taken.
    pub fn refused(&self, source: Source, reason: Reason) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry((source, reason)).or_default() += 1;
    }

    /// Readings by door: came, new.
    #[must_use]
    pub fn readings(&self) -> BTreeMap<Source, (u64, u64)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refusals by door and reason.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<(Source, Reason), u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
