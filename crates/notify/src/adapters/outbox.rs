//! The outbox of the journal, as far as notices go.

use huiyin_journal::{Journal, JournalError, OutboxItem};

use crate::notice::Instant;
use crate::seams::{Claimed, EffectSource, Later, Unavailable};

/// Kind of the effects that are notices.
const NOTIFY: &str = "notify";

/// Notices waiting in the journal's outbox.
#[derive(Clone)]
pub struct JournalOutbox {
    journal: Journal,
    district: String,
    /// Empty: every one.
    timelines: Vec<String>,
}

impl JournalOutbox {
    /// The outbox of this journal, as far as this district goes; `timeline`: only that one.
    #[must_use]
    pub fn new(journal: Journal, district: String, timeline: Option<&str>) -> Self {
        Self { journal, district, timelines: timeline.map(str::to_owned).into_iter().collect() }
    }
}

impl EffectSource for JournalOutbox {
    fn district(&self) -> &str {
        &self.district
    }

    fn timeline(&self) -> &str {
        self.timelines.first().map_or("", String::as_str)
    }

    fn claim(&self, n: u32, now: Instant, lease_until: Instant) -> Later<'_, Result<Vec<Claimed>, Unavailable>> {
        Box::pin(async move {
            let (districts, timelines) = (std::slice::from_ref(&self.district), &self.timelines);
            let items = self.journal.claim_effects(&[NOTIFY], districts, timelines, n, now, lease_until).await;
            let items = items.map_err(unavailable)?;
            Ok(items.into_iter().map(claimed).collect())
        })
    }

    fn done<'a>(&'a self, effect: &'a Claimed) -> Later<'a, Result<(), Unavailable>> {
        // false: slept past the lease and somebody else has it; what was written is theirs too
        Box::pin(async move { self.journal.effect_done(&item(effect), "").await.map(drop).map_err(unavailable) })
    }

    fn retry_at<'a>(&'a self, effect: &'a Claimed, at: Instant, why: &'a str) -> Later<'a, Result<(), Unavailable>> {
        Box::pin(
            async move { self.journal.effect_retry_at(&item(effect), at, why).await.map(drop).map_err(unavailable) },
        )
    }

    fn fail<'a>(&'a self, effect: &'a Claimed, why: &'a str) -> Later<'a, Result<(), Unavailable>> {
        Box::pin(async move { self.journal.effect_failed(&item(effect), why).await.map(drop).map_err(unavailable) })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of an error")]
fn unavailable(error: JournalError) -> Unavailable {
    Unavailable(error.to_string())
}

fn claimed(item: OutboxItem) -> Claimed {
    Claimed {
        row: item.id,
        district: item.district,
        timeline: item.timeline,
        case: item.case,
        created_at: item.created_at,
        taken: u32::try_from(item.attempts).unwrap_or(u32::MAX),
        notice: super::effect::read(&item.payload),
    }
}

/// Row and count of takings name an effect when it is settled; the rest is not looked at.
fn item(effect: &Claimed) -> OutboxItem {
    OutboxItem {
        id: effect.row,
        attempts: i64::from(effect.taken),
        key: String::new(),
        kind: NOTIFY.to_owned(),
        case: effect.case,
        seq: 0,
        district: effect.district.clone(),
        timeline: effect.timeline.clone(),
        payload: String::new(),
        created_at: effect.created_at,
    }
}
