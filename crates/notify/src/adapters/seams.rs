//! All seams of one district at once, as `huiyin serve` wants them.

use std::sync::Arc;

use chrono::FixedOffset;
use huiyin_calendar::{Calendar, Hours, china};
use huiyin_directory::Directory;
use huiyin_engine::{Clock, Registry};
use huiyin_journal::Journal;

use super::{CalendarHours, DirectoryPeople, EngineClock, EngineWorkflows, JournalCases, JournalOutbox};
use crate::notifier::Seams;

impl Seams {
    /// The seams over a running house. `directory` gives the directory in force of the district; its calendar is the
    /// one the registry has in force.
    #[must_use]
    pub fn of_house(
        journal: &Journal,
        registry: &Arc<Registry>,
        directory: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::of_timeline(journal, registry, directory, clock, None)
    }

    /// The same for the notices of one timeline: an exercise lives by a clock of its own.
    #[must_use]
    pub fn of_timeline(
        journal: &Journal,
        registry: &Arc<Registry>,
        directory: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>,
        clock: Arc<dyn Clock>,
        timeline: Option<&str>,
    ) -> Self {
        let current = directory();
        let district = current.district();
        let zone = district.zone.parse::<FixedOffset>().unwrap_or_else(|_| china());
        let (shelf, code) = (Arc::clone(registry), district.code.clone());
        let unpublished = Arc::new(Calendar::from_years(zone, Hours::default(), Vec::new()));
        let calendar =
            move || shelf.district(&code).map_or_else(|| Arc::clone(&unpublished), |district| district.calendar);
        let workflows = EngineWorkflows::new(Arc::clone(registry), journal.clone());
        Self {
            outbox: Arc::new(JournalOutbox::new(journal.clone(), district.code.clone(), timeline)),
            cases: Arc::new(JournalCases::new(journal.clone(), Arc::clone(&directory), Arc::new(workflows))),
            people: Arc::new(DirectoryPeople::new(directory)),
            hours: Arc::new(CalendarHours::new(district, zone, Arc::new(calendar))),
            clock: Arc::new(EngineClock(clock)),
        }
    }
}
