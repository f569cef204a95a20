//! The clocks of a case: one run of each, with its dates and its ladder. When they start and end is decided by
//! what happens to the chart (`desk`); dates are worked out in `dates`, rungs in `ladder`, words in `view`.

mod dates;
mod extend;
mod ladder;
mod reactions;
mod terms;
mod told;
mod view;
mod words;

use huiyin_calendar::{Instant, Pause, Span};
use serde::{Deserialize, Serialize};

pub(crate) use extend::{asked, grantable, granted, waits};
pub(crate) use ladder::Firing;
pub use reactions::Reactions;
pub(crate) use reactions::{Reaction, Role};
pub use terms::Terms;
pub use told::Told;
pub use view::{ClockView, NextRung};
pub(crate) use words::rung as rung_words;

/// One run of one clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRun {
    /// From 1.
    pub run: u32,
    /// How it stands.
    pub status: Status,
    /// The legal start.
    pub started_at: Instant,
    /// The legal end.
    pub ended_at: Option<Instant>,
    /// Effective due date: the earliest of the three below. While the clock is paused: as if it ran again now.
    pub due: Instant,
    /// The office's own.
    pub policy_due: Option<Instant>,
    /// The law's.
    pub limit_due: Option<Instant>,
    /// Given by somebody else, extensions included.
    pub given_due: Option<Instant>,
    /// As it was given.
    pub given: Option<Instant>,
    /// The later date that whoever gave it has consented to, exactly; takes the place of `given` and extensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_until: Option<Instant>,
    /// The effective date reaches into a year without a calendar.
    pub provisional: bool,
    /// One of the three does.
    pub unsettled: bool,
    /// Raised whenever the effective date moves; from 1.
    pub due_version: u32,
    /// Everything that counts stands still; rungs wait.
    pub paused: bool,
    /// Pauses of the whole clock.
    pub pauses: Vec<Interval>,
    /// Pauses of the law's limit, those of the whole clock included.
    pub limit_pauses: Vec<Interval>,
    /// When an extension was asked for and not yet granted.
    pub asked_at: Option<Instant>,
    /// Granted extensions.
    pub extensions: Vec<Span>,
    /// Rung → the version of the due date for which it fired.
    pub fired: Vec<Option<u32>>,
    /// The next repeat and its occurrence, once every rung has fired.
    pub repeat: Option<(Instant, u32)>,
    /// The next rung, worked out: when, and which (the number of rungs means the repeat).
    pub next: Option<(Instant, u16)>,
    /// For when a timer was asked for.
    pub timer: Option<Instant>,
    /// The term it goes on counting with after a migration; none: that of its definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Runs (or is paused).
    Running,
    /// Met in time.
    Met,
    /// Met after the due date.
    Late,
    /// No longer owed.
    Void,
}

/// A pause; open while `to` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Begin.
    pub from: Instant,
    /// End.
    pub to: Option<Instant>,
}

impl From<Interval> for Pause {
    fn from(interval: Interval) -> Self {
        Self { from: interval.from, to: interval.to }
    }
}

impl ClockRun {
    /// A run that has just begun; its dates are not worked out yet.
    pub(crate) fn begun(run: u32, started_at: Instant, given: Option<Instant>, rungs: usize) -> Self {
        Self {
            run,
            status: Status::Running,
            started_at,
            ended_at: None,
            due: started_at,
            policy_due: None,
            limit_due: None,
            given_due: None,
            given,
            given_until: None,
            provisional: false,
            unsettled: false,
            due_version: 1,
            paused: false,
            pauses: Vec::new(),
            limit_pauses: Vec::new(),
            asked_at: None,
            extensions: Vec::new(),
            fired: vec![None; rungs],
            repeat: None,
            next: None,
            timer: None,
            terms: None,
        }
    }

    /// Still counts.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }
}

/// Key of the timer of a clock's next rung.
#[must_use]
pub(crate) fn timer_key(clock: &str, run: u32) -> String {
    let mut key = String::with_capacity(clock.len() + 10);
    key.push_str("clock/");
    key.push_str(clock);
    key.push('/');
    key.push_str(itoa(run, &mut [0; 10]));
    key
}

/// A number as text, without a formatter: it is on the way of every event.
fn itoa(mut n: u32, buffer: &mut [u8; 10]) -> &str {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
        if n == 0 {
            return std::str::from_utf8(&buffer[at..]).unwrap_or("0");
        }
    }
}
