//! The tasks of a plan and when each is due. Pure: the time of the decision comes in.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::Defaults;

/// Most tasks of one source.
pub const MOST_TASKS: usize = 40;
/// Longest key.
pub const MOST_KEY: usize = 40;
/// Longest text, characters.
pub const MOST_TEXT: usize = 500;
/// So far before or after the arrival, minutes: a week.
pub const MOST_MINUTES: i32 = 10_080;

/// A task of a plan: by so many minutes before the earliest arrival. The shape that plans and defaults share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// `^[a-z0-9-]{2,40}$`, unique in the plan.
    pub key: String,
    /// Unit of the directory.
    pub unit: String,
    /// What is to be done.
    pub task: String,
    /// Minutes before the earliest arrival; below 0: after it.
    pub before_minutes: i32,
}

/// When a task is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// To be done by.
    pub at: DateTime<Utc>,
    /// When the plan wanted it; none: the arrival is not known.
    pub wanted: Option<DateTime<Utc>>,
    /// The plan's time was over when the decision was taken.
    pub late: bool,
}

/// Is it a key of a task?
#[must_use]
pub fn is_key(key: &str) -> bool {
    (2..=MOST_KEY).contains(&key.len())
        && key.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

impl Task {
    /// Is every figure of it in its domain?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let length = self.task.chars().count();
        is_key(&self.key)
            && (2..=MOST_TEXT).contains(&length)
            && (-MOST_MINUTES..=MOST_MINUTES).contains(&self.before_minutes)
    }

    /// When it is due, for a source that is reached at `earliest` (none: nobody knows) and a decision of `confirmed`.
    ///
    /// What would lie in the past is due the stated minimum after the decision, and said to be late from the start.
    #[must_use]
    pub fn due(&self, earliest: Option<DateTime<Utc>>, confirmed: DateTime<Utc>, defaults: &Defaults) -> Due {
        let before = TimeDelta::minutes(i64::from(self.before_minutes));
        let at_once = confirmed + TimeDelta::minutes(i64::from(defaults.at_once_minutes));
        let unknown = confirmed + TimeDelta::minutes(i64::from(defaults.unknown_arrival_minutes));
        let wanted = earliest.unwrap_or(unknown) - before;
        let over = wanted <= confirmed;
        Due {
            at: if over { at_once } else { wanted },
            wanted: earliest.map(|_| wanted),
            late: over && earliest.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).single().expect("an instant") + TimeDelta::minutes(minutes)
    }

    fn task(before_minutes: i32) -> Task {
        Task { key: "close-intake".into(), unit: "town-anwen".into(), task: "关闭取水口".into(), before_minutes }
    }

    fn defaults() -> Defaults {
        Defaults { at_once_minutes: 15, unknown_arrival_minutes: 120, ..Defaults::default() }
    }

    #[test]
    fn a_task_is_due_before_the_earliest_arrival() {
        let due = task(60).due(Some(at(200)), at(10), &defaults());
        assert_eq!(due, Due { at: at(140), wanted: Some(at(140)), late: false });
        let after = task(-30).due(Some(at(200)), at(10), &defaults());
        assert_eq!(after.at, at(230), "below zero: after it");
    }

    #[test]
    fn what_lies_in_the_past_is_due_at_once_and_said_to_be_late() {
        for arrival in [at(-60), at(40), at(70)] {
            let due = task(60).due(Some(arrival), at(10), &defaults());
            assert_eq!(due, Due { at: at(25), wanted: Some(arrival - TimeDelta::minutes(60)), late: true });
        }
    }

    #[test]
    fn an_unknown_arrival_is_counted_from_the_decision_and_nobody_is_late() {
        let due = task(60).due(None, at(10), &defaults());
        assert_eq!(due, Due { at: at(70), wanted: None, late: false });
        assert_eq!(task(600).due(None, at(10), &defaults()), Due { at: at(25), wanted: None, late: false });
    }

    #[test]
    fn keys_and_figures_have_their_domains() {
        assert!(task(0).is_whole() && task(MOST_MINUTES).is_whole() && !task(MOST_MINUTES + 1).is_whole());
        for key in ["", "a", "Close", "a b", &"a".repeat(41)] {
            assert!(!is_key(key), "{key}");
        }
    }
}
