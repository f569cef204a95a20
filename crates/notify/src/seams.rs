//! What `notify` needs of the rest of the house, as small traits: the outbox, the cases, the people, the calendar, the clock.
//! Their implementations over the engine, journal, directory and calendar are in [`crate::adapters`].

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::notice::{CaseNow, Contact, Instant, Notice};

/// A boxed future.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A seam did not answer; worth another try later.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// One effect taken from the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Row of the outbox; with `taken` the name under which it is settled.
    pub row: i64,
    /// District code.
    pub district: String,
    /// Timeline.
    pub timeline: String,
    /// Case.
    pub case: Uuid,
    /// When the step that wrote it was committed.
    pub created_at: Instant,
    /// How often it was taken, this time included.
    pub taken: u32,
    /// The notice, or why it cannot be read.
    pub notice: Result<Notice, String>,
}

/// The outbox, as far as notices go.
pub trait EffectSource: Send + Sync {
    /// District whose notices these are; empty: every district.
    fn district(&self) -> &str {
        ""
    }

    /// Timeline whose notices these are; empty: every timeline.
    fn timeline(&self) -> &str {
        ""
    }

    /// Takes up to `n` notices, kept from other workers until `lease_until`.
    fn claim(&self, n: u32, now: Instant, lease_until: Instant) -> Later<'_, Result<Vec<Claimed>, Unavailable>>;
    /// It became deliveries: take it out.
    fn done<'a>(&'a self, effect: &'a Claimed) -> Later<'a, Result<(), Unavailable>>;
    /// Try again at this instant.
    fn retry_at<'a>(&'a self, effect: &'a Claimed, at: Instant, why: &'a str) -> Later<'a, Result<(), Unavailable>>;
    /// Give up; keep it for people to look at.
    fn fail<'a>(&'a self, effect: &'a Claimed, why: &'a str) -> Later<'a, Result<(), Unavailable>>;
}

/// The cases as they are now.
pub trait Cases: Send + Sync {
    /// Reads a case; none: no such case.
    fn case<'a>(
        &'a self,
        district: &'a str,
        case: Uuid,
        now: Instant,
    ) -> Later<'a, Result<Option<CaseNow>, Unavailable>>;
}

/// The people, their roles and addresses, now.
pub trait People: Send + Sync {
    /// Looks recipients up, without the excluded units and everyone related to them.
    /// `owner` is the party that owned the state when the notice was written.
    fn recipients(&self, to: &[String], owner: Option<&str>, case: &CaseNow, now: Instant) -> Vec<Contact>;
}

/// Office hours.
pub trait OfficeHours: Send + Sync {
    /// Whether the office is open.
    fn is_open(&self, at: Instant) -> bool;
    /// The first opening of a working day at or after `at`.
    fn next_opening(&self, at: Instant) -> Instant;
    /// The local date.
    fn local_day(&self, at: Instant) -> NaiveDate;
    /// The local date and time in words, e.g. `2026年11月24日 09:00`.
    fn in_words(&self, at: Instant) -> String;
}

/// The clock.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
    /// Returns after `span` of this clock, or earlier.
    fn sleep(&self, span: Duration) -> Later<'_, ()>;
}
