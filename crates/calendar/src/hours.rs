//! Office hours: the parts of a working day in which working hours run. Only the day; which days are worked is in `days`.

use chrono::{NaiveTime, Timelike};

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Office hours of one working day: ordered parts that do not touch or overlap. Default 09:00–12:00 and 14:00–18:00.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// (opens, closes) in microseconds after midnight.
    parts: Vec<(i64, i64)>,
    /// Microseconds worked in a day.
    total: i64,
}

/// Office hours that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("office hours `{text}`: {problem}; write them as `09:00-12:00, 14:00-18:00`")]
pub struct HoursError {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Default for Hours {
    fn default() -> Self {
        let hour = DAY / 24;
        Self { parts: vec![(9 * hour, 12 * hour), (14 * hour, 18 * hour)], total: 7 * hour }
    }
}

impl Hours {
    /// Reads `09:00-12:00, 14:00-18:00`.
    ///
    /// # Errors
    /// When a part is not `HH:MM-HH:MM`, ends before it begins, overlaps another, or when there is none:
    /// an office that is never open would stop every clock.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let wrong = |problem| HoursError { text: text.to_owned(), problem };
        let time = |part: &str| {
            let t = NaiveTime::parse_from_str(part.trim(), "%H:%M").map_err(|_| wrong("a time is not HH:MM"))?;
            Ok(i64::from(t.num_seconds_from_midnight()) * 1_000_000)
        };
        let mut parts = Vec::new();
        for part in text.split([',', '，']).map(str::trim).filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once(['-', '–']).ok_or_else(|| wrong("a part is not FROM-TO"))?;
            let (from, to) = (time(from)?, time(to)?);
            if from >= to {
                return Err(wrong("a part ends before it begins"));
            }
            if parts.last().is_some_and(|&(_, end)| end >= from) {
                return Err(wrong("the parts touch, overlap or are out of order"));
            }
            parts.push((from, to));
        }
        if parts.is_empty() {
            return Err(wrong("the office is never open"));
        }
        let total = parts.iter().map(|(from, to)| to - from).sum();
        Ok(Self { parts, total })
    }

    /// Canonical text, which reads back the same.
    pub(crate) fn text(&self) -> String {
        let time = |us: i64| format!("{:02}:{:02}", us / 3_600_000_000, us / 60_000_000 % 60);
        self.parts.iter().map(|&(a, b)| format!("{}-{}", time(a), time(b))).collect::<Vec<_>>().join(", ")
    }

    /// Microseconds worked in a working day.
    pub(crate) fn per_day(&self) -> i64 {
        self.total
    }

    /// Microseconds worked before this time of day.
    pub(crate) fn worked_before(&self, time: i64) -> i64 {
        self.parts.iter().map(|&(from, to)| (time.min(to) - from).max(0)).sum()
    }

    /// The earliest time of day at which `worked` microseconds have been worked; `0 < worked <= per_day`.
    pub(crate) fn time_after(&self, mut worked: i64) -> i64 {
        for &(from, to) in &self.parts {
            if worked <= to - from {
                return from + worked;
            }
            worked -= to - from;
        }
        self.parts.last().map_or(DAY, |&(_, to)| to)
    }

    /// The latest time of day at which no more than `worked` microseconds have been worked; `0 <= worked < per_day`.
    pub(crate) fn time_before(&self, mut worked: i64) -> i64 {
        for &(from, to) in &self.parts {
            if worked < to - from {
                return from + worked;
            }
            worked -= to - from;
        }
        DAY - 1
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn office_hours_are_read_and_bad_ones_refused() {
        assert_eq!(Hours::parse("09:00-12:00, 14:00-18:00").unwrap(), Hours::default());
        assert_eq!(Hours::parse(&Hours::default().text()).unwrap(), Hours::default());
        for (text, problem) in [
            ("", "never open"),
            ("9-12", "not HH:MM"),
            ("09:00", "not FROM-TO"),
            ("12:00-09:00", "ends before"),
            ("09:00-12:00,11:00-18:00", "overlap"),
        ] {
            assert!(Hours::parse(text).unwrap_err().to_string().contains(problem), "{text}");
        }
    }
}
