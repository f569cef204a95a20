//! From readings to one alarm: something must last to begin and must last to end.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::model::Lasting;

/// Where a condition stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Debounce {
    /// Beyond since, without a reading in between that was not.
    pub(super) pending: Option<DateTime<Utc>>,
    /// It lasted long enough.
    pub(super) active: bool,
    /// On the good side of the clear level since.
    pub(super) clear_since: Option<DateTime<Utc>>,
}

/// What one reading says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) at: DateTime<Utc>,
    /// Beyond the limit.
    pub(super) over: bool,
    /// On the good side of the clear level.
    pub(super) clear: bool,
    /// Fresh enough to begin or end something.
    pub(super) live: bool,
    /// Nothing forbids a new alarm.
    pub(super) may_begin: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    Nothing,
    Began(DateTime<Utc>),
    Ended,
}

impl Debounce {
    /// Takes the next reading; `said.at` must not be before the last one. A gap between two readings beyond the limit does
    /// not break what lasts: a station that reports hourly must be able to alarm, and silence has a rule of its own.
    pub(super) fn feed(&mut self, said: Said, lasting: Lasting) -> Turn {
        if said.over {
            self.clear_since = None;
            let since = *self.pending.get_or_insert(said.at);
            if self.active || !said.live || !said.may_begin || said.at - since < lasting.during {
                return Turn::Nothing;
            }
            self.active = true;
            return Turn::Began(since);
        }
        if !self.active {
            self.pending = None;
            return Turn::Nothing;
        }
        if !said.clear {
            self.clear_since = None;
            return Turn::Nothing;
        }
        let since = *self.clear_since.get_or_insert(said.at);
        if !said.live || said.at - since < lasting.clear {
            return Turn::Nothing;
        }
        *self = Self::default();
        Turn::Ended
    }

    /// How long it has been beyond without being told, at a moment.
    pub(super) fn lasted(&self, at: DateTime<Utc>) -> Option<TimeDelta> {
        self.pending.filter(|_| !self.active).map(|since| at - since)
    }
}
