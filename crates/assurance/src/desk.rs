//! Where the figures of a running house are kept ready: one ledger for the page, the metrics and the mails, looked
//! through again when it is older than a minute.

use std::sync::Arc;

use chrono::TimeDelta;
use huiyin_calendar::Instant;
use huiyin_directory::Directory;
use huiyin_engine::{EngineError, Registry};
use huiyin_journal::Journal;
use tokio::sync::{Mutex, MutexGuard};

use crate::alarm::{Alarm, Around, alarms};
use crate::health::Health;
use crate::ledger::{Ledger, Scope};
use crate::period::{Asked, Stretch};
use crate::report::{Maker, Report};

/// Figures older than this are made again.
pub const FRESH: TimeDelta = TimeDelta::seconds(60);

/// Gives the directory in force.
pub type CurrentDirectory = Arc<dyn Fn() -> Arc<Directory> + Send + Sync>;

/// See the module.
pub struct Desk {
    journal: Journal,
    registry: Arc<Registry>,
    directory: CurrentDirectory,
    scope: Scope,
    ledger: Mutex<Ledger>,
}

impl Desk {
    /// Of a district's cases; nothing is read until figures are asked for.
    #[must_use]
    pub fn new(journal: Journal, registry: Arc<Registry>, directory: CurrentDirectory, scope: Scope) -> Self {
        let ledger = Mutex::new(Ledger::new(scope.clone()));
        Self { journal, registry, directory, scope, ledger }
    }

    /// The record.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Whose cases.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The directory in force.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        (self.directory)()
    }

    /// The district's calendar.
    ///
    /// # Errors
    /// When the district is not set up.
    pub fn calendar(&self) -> Result<Arc<huiyin_calendar::Calendar>, EngineError> {
        let district = self.registry.district(&self.scope.district);
        let district =
            district.ok_or_else(|| EngineError::Setup(format!("district {} is not set up", self.scope.district)))?;
        Ok(district.calendar)
    }

    /// The ledger, not older than a minute. Whoever holds it keeps others waiting.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn ledger(&self, now: Instant) -> Result<MutexGuard<'_, Ledger>, EngineError> {
        let mut ledger = self.ledger.lock().await;
        let fresh = ledger.looked_at().is_some_and(|at| now >= at && now - at < FRESH);
        if !fresh {
            ledger.look(&self.journal, &self.registry, now).await?;
        }
        Ok(ledger)
    }

    /// What the house finds when it looks at itself.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn health(&self, now: Instant) -> Result<Health, EngineError> {
        let ledger = self.ledger(now).await?;
        Health::of(&self.journal, &ledger, now).await
    }

    /// Every alarm, raised or not. `set_aside`: commands and cases set aside now; `clock_moves`: a demonstration.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn alarms(
        &self,
        health: &Health,
        now: Instant,
        set_aside: u64,
        clock_moves: bool,
    ) -> Result<Vec<Alarm>, EngineError> {
        let calendar = self.calendar()?;
        let (today, last_year) = (calendar.date_of(now), calendar.last_year());
        Ok(alarms(health, Around { today, last_year, set_aside, clock_moves }))
    }

    /// The report of a stretch.
    ///
    /// # Errors
    /// When the stretch is none, or the store does not answer.
    pub async fn report(&self, asked: Asked<'_>, now: Instant) -> Result<Report, EngineError> {
        let stretch = Stretch::read(asked, &*self.calendar()?, now).map_err(|e| EngineError::Setup(e.to_string()))?;
        let ledger = self.ledger(now).await?;
        let directory = self.directory();
        self.maker(&directory).report(&ledger, &stretch, now).await
    }

    /// What reports are made with.
    #[must_use]
    pub fn maker<'a>(&'a self, directory: &'a Directory) -> Maker<'a> {
        Maker { journal: &self.journal, registry: &self.registry, directory }
    }
}
