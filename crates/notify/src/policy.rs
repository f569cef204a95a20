//! When a notice goes out and when it is tried again: pure functions of the policy, the office hours and the time.

use std::time::Duration;

use crate::config::Policy;
use crate::notice::Instant;
use crate::seams::OfficeHours;

/// When a new mail may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// At once.
    Now,
    /// With the digest of this instant.
    Digest(Instant),
}

/// Urgent notices leave at once, at night too. Everything else waits for the next opening of the office and leaves
/// with the digest of that day; what arrives during the day comes with the digest of the next.
#[must_use]
pub fn departure(urgent: bool, now: Instant, hours: &dyn OfficeHours) -> Departure {
    if urgent { Departure::Now } else { Departure::Digest(hours.next_opening(now)) }
}

/// The first opening on a later day than `now`.
#[must_use]
pub fn opening_after_today(now: Instant, hours: &dyn OfficeHours) -> Instant {
    let today = hours.local_day(now);
    let mut at = now;
    loop {
        let opening = hours.next_opening(at);
        if hours.local_day(opening) > today {
            return opening;
        }
        at = opening + chrono::Duration::hours(1);
    }
}

/// Which relay an attempt uses: the first one first, then in turn, so that a relay that is down, slow or refuses
/// never has two attempts running when there is another. One that refused this mail for good is not asked again.
#[must_use]
pub fn relay_for(attempts_before: i32, relays: usize, refused: &[usize]) -> usize {
    let turn = usize::try_from(attempts_before).unwrap_or(0);
    let relays = relays.max(1);
    (turn..turn + relays).map(|turn| turn % relays).find(|relay| !refused.contains(relay)).unwrap_or(turn % relays)
}

/// When the next attempt is due after `attempts` have failed; none: given up.
#[must_use]
pub fn retry_at(
    policy: &Policy,
    urgent: bool,
    hour_clock: bool,
    attempts: i32,
    relays: usize,
    now: Instant,
    hours: &dyn OfficeHours,
) -> Option<Instant> {
    let failed = usize::try_from(attempts).unwrap_or(0).max(1);
    let waits = if urgent { &policy.urgent_retries } else { &policy.retries };
    let wait = *waits.get(failed - 1)?;
    let wait =
        if urgent && hour_clock && relays > 1 && failed < relays { wait.min(policy.second_relay_after) } else { wait };
    let at = now + Duration::from_secs(wait);
    Some(if urgent || hours.is_open(at) { at } else { hours.next_opening(at) })
}

/// Room left by a rate limit.
#[must_use]
pub fn room(limit: u32, used: i64) -> u32 {
    u32::try_from(i64::from(limit) - used).unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::adapters::FixedHours;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn an_urgent_notice_leaves_at_night() {
        assert_eq!(departure(true, at("2026-11-24T03:00:00+08:00"), &FixedHours::weekdays()), Departure::Now);
    }

    #[test]
    fn a_notice_of_friday_evening_leaves_on_monday_at_nine() {
        let departure = departure(false, at("2026-11-27T20:00:00+08:00"), &FixedHours::weekdays());
        assert_eq!(departure, Departure::Digest(at("2026-11-30T09:00:00+08:00")));
    }

    #[test]
    fn a_second_digest_on_the_same_day_is_put_off_to_the_next_working_day() {
        let next = opening_after_today(at("2026-11-27T08:00:00+08:00"), &FixedHours::weekdays());
        assert_eq!(next, at("2026-11-30T09:00:00+08:00"));
    }

    #[test]
    fn attempts_are_bounded_and_those_that_are_not_urgent_stay_in_office_hours() {
        let policy = Policy::default();
        let hours = FixedHours::weekdays();
        let now = at("2026-11-27T17:50:00+08:00");
        for failed in 1..=i32::try_from(policy.retries.len()).unwrap() {
            let next = retry_at(&policy, false, false, failed, 1, now, &hours).unwrap();
            assert!(hours.is_open(next), "attempt {failed} at {next}");
        }
        let beyond = i32::try_from(policy.retries.len()).unwrap() + 1;
        assert_eq!(retry_at(&policy, false, false, beyond, 1, now, &hours), None);
    }

    #[test]
    fn an_hour_clock_uses_the_second_relay_within_a_minute() {
        let policy = Policy { urgent_retries: vec![600, 600], ..Policy::default() };
        let now = at("2026-11-27T23:00:00+08:00");
        let next = retry_at(&policy, true, true, 1, 2, now, &FixedHours::weekdays()).unwrap();
        assert_eq!((next - now).num_seconds(), 60);
        assert_eq!(relay_for(1, 2, &[]), 1);
        assert_eq!((relay_for(0, 2, &[0]), relay_for(2, 3, &[2]), relay_for(1, 2, &[1])), (1, 0, 0));
        let next = retry_at(&policy, true, true, 2, 2, now, &FixedHours::weekdays()).unwrap();
        assert_eq!((next - now).num_seconds(), 600);
    }
}
