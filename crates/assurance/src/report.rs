//! The report of a period: both rates in all, by unit, channel and category, and every promise that was broken with its
//! story. Made here, written down elsewhere.

use std::sync::Arc;

use chrono::NaiveDate;
use huiyin_calendar::Instant;
use huiyin_directory::Directory;
use huiyin_engine::{EngineError, Registry};
use huiyin_journal::Journal;
use serde::Serialize;

use crate::broken::{Broken, Promise};
use crate::ledger::{Ledger, Told};
use crate::names::Names;
use crate::period::Stretch;
use crate::story::{StoryLine, Teller};
use crate::tally::Tables;
use crate::words::Text;

/// See the module.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// District code.
    pub district: String,
    /// Its name.
    pub district_name: Text,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Both in words.
    pub period: Text,
    /// The moment of counting.
    pub counted_at: Instant,
    /// Matters that were looked at, whenever they were due.
    pub matters: u64,
    /// Cases whose key was destroyed: in no figure.
    pub forgotten: u64,
    /// Cases that cannot be lived through again: in no figure. Must be 0.
    pub unreadable: u64,
    /// Both rates.
    pub tables: Tables,
    /// Every promise that was broken.
    pub broken: Vec<BrokenCase>,
}

/// A promise that was broken, as it is told: no person, no text of a complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenCase {
    /// Number.
    pub number: String,
    /// Which promise.
    pub promise: Promise,
    /// Unit that had it last.
    pub unit: Text,
    /// Channel.
    pub channel: Text,
    /// Category.
    pub category: Text,
    /// When it was due.
    pub due: Instant,
    /// When it was done, late.
    pub done: Option<Instant>,
    /// When it was dropped, after it was due.
    pub dropped: Option<Instant>,
    /// Whole days late, up to the moment of counting.
    pub days_late: i64,
    /// False: anonymous or unreachable, told beside the rate.
    pub reachable: bool,
    /// What happened.
    pub story: Vec<StoryLine>,
}

/// What a report is made with.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    /// The record.
    pub journal: &'a Journal,
    /// Definitions.
    pub registry: &'a Registry,
    /// Names.
    pub directory: &'a Directory,
}

impl Maker<'_> {
    /// Makes the report of a stretch from a ledger that has looked.
    ///
    /// # Errors
    /// When the store does not answer, or the district is not set up.
    pub async fn report(&self, ledger: &Ledger, stretch: &Stretch, now: Instant) -> Result<Report, EngineError> {
        let names = self.names();
        let tables = Tables::of(ledger.told(), stretch.period, &names);
        let found = Broken::of(ledger.told(), stretch.period);
        let broken = self.tell(ledger, &found, &names, now).await?;
        let district = self.directory.district();
        Ok(Report {
            district: district.code.clone(),
            district_name: Text::new(&district.name.zh, &district.name.en),
            from: stretch.from,
            to: stretch.to,
            period: stretch.words(),
            counted_at: now,
            matters: ledger.told().filter(|told| told.matter.is_some()).count() as u64,
            forgotten: ledger.forgotten(),
            unreadable: ledger.unreadable().len() as u64,
            tables,
            broken,
        })
    }

    /// Names from what is in force.
    #[must_use]
    pub fn names(&self) -> Names {
        let definitions: Vec<Arc<_>> = self.registry.in_force();
        Names::of(self.directory, &definitions)
    }

    /// Tells these broken promises with their stories.
    ///
    /// # Errors
    /// When the store does not answer, or the district is not set up.
    pub async fn tell(
        &self,
        ledger: &Ledger,
        found: &[Broken],
        names: &Names,
        now: Instant,
    ) -> Result<Vec<BrokenCase>, EngineError> {
        let code = &ledger.scope().district;
        let district = self.registry.district(code);
        let district = district.ok_or_else(|| EngineError::Setup(format!("district {code} is not set up")))?;
        let zone = district.calendar.zone();
        let teller = Teller { journal: self.journal, registry: self.registry, names, zone };
        let mut told = Vec::with_capacity(found.len());
        for broken in found {
            let Some(case) = ledger.of(broken.case) else { continue };
            let story = teller.story(broken.case, broken.promise).await?;
            told.push(told_of(broken, case, story, names, now));
        }
        Ok(told)
    }
}

fn told_of(broken: &Broken, case: &Told, story: Vec<StoryLine>, names: &Names, now: Instant) -> BrokenCase {
    BrokenCase {
        number: case.number.clone(),
        promise: broken.promise,
        unit: names.unit(case.unit.as_deref()),
        channel: names.channel(&case.channel),
        category: names.category(&case.category),
        due: broken.due,
        done: broken.done,
        dropped: broken.dropped,
        days_late: broken.days_late(now),
        reachable: broken.reachable,
        story,
    }
}
