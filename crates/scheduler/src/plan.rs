//! When a job is due: a cron expression in the district's time. Pure.

use std::str::FromStr as _;

use chrono::FixedOffset;
use cron::Schedule;
use huiyin_journal::Instant;

/// Most planned times that are looked at in one go: those missed in centuries of a weekly job.
const MOST: usize = 10_000;

/// Not a plan.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{given}` is no plan: {problem}; expected second, minute, hour, day of month, month, day of week, e.g. `0 30 8 1 * *`"
)]
pub struct PlanError {
    given: String,
    problem: String,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Plan {
    schedule: Schedule,
    zone: FixedOffset,
}

impl Plan {
    /// Reads a cron expression with seconds; its times are those of `zone`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(expression: &str, zone: FixedOffset) -> Result<Self, PlanError> {
        let schedule = Schedule::from_str(expression)
            .map_err(|e| PlanError { given: expression.to_owned(), problem: e.to_string() })?;
        Ok(Self { schedule, zone })
    }

    /// The latest planned time after `last`, up to `now`, and how many earlier ones were missed; none: nothing is due.
    #[must_use]
    pub fn due(&self, last: Instant, now: Instant) -> Option<(Instant, u32)> {
        let planned = self.schedule.after(&last.with_timezone(&self.zone)).take(MOST);
        let due: Vec<Instant> = planned.map(|at| at.to_utc()).take_while(|at| *at <= now).collect();
        let missed = u32::try_from(due.len().saturating_sub(1)).unwrap_or(u32::MAX);
        due.last().map(|at| (*at, missed))
    }

    /// The first planned time after this; none: it never comes.
    #[must_use]
    pub fn next(&self, after: Instant) -> Option<Instant> {
        self.schedule.after(&after.with_timezone(&self.zone)).next().map(|at| at.to_utc())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn plan(expression: &str) -> Plan {
        Plan::read(expression, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
    }

    #[test]
    fn the_first_of_a_month_is_local() {
        let monthly = plan("0 30 8 1 * *");
        assert_eq!(monthly.next(at("2026-11-24T00:00:00Z")), Some(at("2026-12-01T00:30:00Z")));
        assert_eq!(monthly.due(at("2026-11-24T00:00:00Z"), at("2026-12-01T00:29:59Z")), None);
        assert_eq!(
            monthly.due(at("2026-11-24T00:00:00Z"), at("2026-12-01T00:30:00Z")),
            Some((at("2026-12-01T00:30:00Z"), 0))
        );
    }

    #[test]
    fn of_those_missed_the_latest_is_due() {
        let weekly = plan("0 30 8 * * Mon");
        let due = weekly.due(at("2026-11-02T00:30:00Z"), at("2026-11-24T00:00:00Z"));
        assert_eq!(due, Some((at("2026-11-23T00:30:00Z"), 2)));
    }

    #[test]
    fn what_is_no_plan_is_refused_with_what_was_expected() {
        let error = Plan::read("every monday", FixedOffset::east_opt(0).unwrap()).unwrap_err().to_string();
        assert!(error.contains("`every monday`") && error.contains("expected second, minute"), "{error}");
    }
}
