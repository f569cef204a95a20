//! Daily roots: when a day is over, one signed root over the journals of a district, kept outside the store too.
//!
//! A day is over when its midnight was passed at the look before: by then no batch that began in it still runs.

use std::collections::HashMap;

use chrono::{FixedOffset, NaiveDate};
use huiyin_journal::Instant;

use crate::command::EngineError;
use crate::core::Core;

/// Most roots made at one look.
const MOST: usize = 400;

/// The local day at the last look, by district and timeline.
pub(crate) type Days = HashMap<(String, String), NaiveDate>;

fn day_of(at: Instant, zone: FixedOffset) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// First instant of a local day.
fn begins(day: NaiveDate, zone: FixedOffset) -> Instant {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight - chrono::Duration::seconds(i64::from(zone.local_minus_utc()))
}

impl Core {
    /// Makes the roots of the days that were over at the last look. Returns how many.
    ///
    /// # Errors
    /// When the store or the file refuses, or holds another root.
    pub(crate) async fn look_for_roots(&self, seen: &mut Days) -> Result<usize, EngineError> {
        let now = self.clock.now();
        let mut made = 0;
        for (code, zone) in self.registry.zones() {
            for timeline in &self.config.timelines {
                let today = day_of(now, zone);
                if let Some(before) = seen.insert((code.clone(), timeline.clone()), today) {
                    made += self.make_roots_before(&code, timeline, zone, before).await?;
                }
            }
        }
        Ok(made)
    }

    /// Makes the roots of all days before today at once: nothing may be under way.
    ///
    /// # Errors
    /// As [`Core::look_for_roots`].
    pub(crate) async fn make_roots(&self) -> Result<usize, EngineError> {
        let now = self.clock.now();
        let mut made = 0;
        for (code, zone) in self.registry.zones() {
            for timeline in &self.config.timelines {
                made += self.make_roots_before(&code, timeline, zone, day_of(now, zone)).await?;
            }
        }
        Ok(made)
    }

    async fn make_roots_before(
        &self,
        code: &str,
        timeline: &str,
        zone: FixedOffset,
        before: NaiveDate,
    ) -> Result<usize, EngineError> {
        let next = match self.journal.last_root_day(code, timeline)? {
            Some(last) => last.succ_opt(),
            None => self.journal.first_entry_at(code, timeline).await?.map(|at| day_of(at, zone)),
        };
        let Some(first) = next else { return Ok(0) };
        let mut made = 0;
        for day in first.iter_days().take_while(|day| *day < before).take(MOST) {
            let Some(next) = day.succ_opt() else { break };
            self.journal.make_root(code, timeline, day, begins(day, zone), begins(next, zone)).await?;
            made += 1;
        }
        Ok(made)
    }
}
