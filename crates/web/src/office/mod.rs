//! The office behind the doors: the engine for commands, the journal for questions, the directory for names.
//!
//! It decides nothing about permissions: answers carry who may know of a case, and the doors decide.

mod activations;
mod assurance;
mod casefile;
mod choices;
mod commands;
mod duplicates;
mod hear;
mod history;
mod incidents;
mod mails;
mod names;
mod papers;
mod plans;
mod preview;
mod rows;
mod rungs;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_assurance::{Desk, Proof};
use huiyin_directory::Directory;
use huiyin_engine::{Clock, District, Engine, ShiftedClock};
use huiyin_journal::Journal;
use huiyin_journal::accounts::{Accounts, User};
use huiyin_water::network::Network;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

pub use papers::Letters;
pub use plans::PlanParts;
pub(crate) use plans::begun;

use crate::app::Entropy;
use crate::ports::{
    CaseFile, CaseKey, CaseQuery, Document, Gauge, Heard, MailQuery, NewPlan, Office, OfficeError, Preview, Promise,
    Published, StoredFile, Submission, Upload,
};
use crate::stations::StationDesk;
use crate::views::Text;
use crate::views::activation::{ActivationBoardView, PointView};
use crate::views::assurance::{AssuranceView, BrokenListView, PeriodChoice};
use crate::views::case::{AcceptedView, AttachmentView, CaseRowView, TimelineEntry};
use crate::views::directory::{ChoiceView, UnitView};
use crate::views::incident::{IncidentBoardView, KeptView};
use crate::views::mail::{MailRowView, MailView};
use crate::views::plans::{PlanTextView, PlanView};
use crate::views::workflow::WorkflowView;
use crate::waters::WaterDesk;

/// Gives the directory in force.
pub type CurrentDirectory = Arc<dyn Fn() -> Arc<Directory> + Send + Sync>;

/// What the office is made of.
pub struct Parts {
    /// Takes commands.
    pub engine: Engine,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// The same clock when it can be moved from the console.
    pub demo: Option<Arc<ShiftedClock>>,
    /// The directory in force.
    pub directory: CurrentDirectory,
    /// District code.
    pub district: String,
    /// The timeline that the console works on: `real`, or that of the exercises.
    pub timeline: String,
    /// Templates of papers.
    pub letters: Letters,
    /// Randomness, for the ids of notes.
    pub entropy: Entropy,
    /// Figures from the journal, kept ready for a minute.
    pub desk: Arc<Desk>,
    /// What was proved of each workflow in force.
    pub proofs: Vec<Proof>,
    /// Monitoring stations; none where the district has no registry of them.
    pub stations: Option<Arc<StationDesk>>,
    /// The waters of the district; none where nobody has drawn them.
    pub waters: Option<Arc<Network>>,
    /// What response plans are made of beside their cases.
    pub plans: PlanParts,
}

/// See the module.
pub struct Bureau {
    parts: Parts,
    journal: Journal,
    accounts: Accounts,
    live: broadcast::Sender<Heard>,
    /// Warnings that were read already.
    warned: incidents::Warned,
}

impl Bureau {
    /// The office of a district. Live pages hear of what is committed while this lives.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let journal = parts.engine.journal().clone();
        let accounts = journal.accounts();
        let live = broadcast::Sender::new(1024);
        let bureau = Arc::new(Self { parts, journal, accounts, live, warned: incidents::Warned::default() });
        hear::begin(&bureau);
        bureau
    }

    fn time(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    fn directory(&self) -> Arc<Directory> {
        (self.parts.directory)()
    }

    /// What steps of this district are made with.
    fn district(&self) -> Result<District, OfficeError> {
        let district = self.parts.engine.registry().district(&self.parts.district);
        district.ok_or_else(|| OfficeError::Failed(format!("district {} is not set up", self.parts.district)))
    }
}

/// A failure whose words go to the log.
fn failed(problem: impl std::fmt::Display) -> OfficeError {
    OfficeError::Failed(problem.to_string())
}

impl Office for Bureau {
    fn submit<'a>(&'a self, who: &'a User, submission: Submission) -> Promise<'a, AcceptedView> {
        Box::pin(self.command(who, submission))
    }

    fn cases(&self, query: CaseQuery) -> Promise<'_, (u64, Vec<CaseRowView>)> {
        Box::pin(self.list(query))
    }

    fn case<'a>(&'a self, key: &'a CaseKey, viewer: &'a User) -> Promise<'a, Option<CaseFile>> {
        Box::pin(self.case_file(key, viewer))
    }

    fn timeline(&self, case: Uuid, after: u64) -> Promise<'_, Vec<TimelineEntry>> {
        Box::pin(self.entries(case, after))
    }

    fn preview<'a>(&'a self, who: &'a User, workflow: &'a str, data: &'a Value) -> Promise<'a, Preview> {
        Box::pin(self.look_ahead(who, workflow, data))
    }

    fn note_unmasking<'a>(&'a self, who: &'a User, case: Uuid, reason: &'a str) -> Promise<'a, ()> {
        Box::pin(self.unmasked(who, case, reason))
    }

    fn attach<'a>(&'a self, who: &'a User, case: Uuid, upload: Upload) -> Promise<'a, AttachmentView> {
        Box::pin(self.keep_file(who, case, upload))
    }

    fn attachment<'a>(&'a self, hash: &'a str) -> Promise<'a, Option<StoredFile>> {
        Box::pin(self.stored_file(hash))
    }

    fn document(&self, case: Uuid, n: u32, named: bool) -> Promise<'_, Option<Document>> {
        Box::pin(self.paper(case, n, named))
    }

    fn stays_away(&self, who: &User) -> Vec<String> {
        rows::stays_away(&self.directory(), who)
    }

    fn mails(&self, query: MailQuery) -> Promise<'_, Vec<MailRowView>> {
        Box::pin(mails::list(&self.journal, &self.parts.district, &self.parts.timeline, query))
    }

    fn mail<'a>(&'a self, id: &'a str) -> Promise<'a, Option<MailView>> {
        Box::pin(mails::one(&self.journal, &self.parts.district, id))
    }

    fn assurance(&self, period: PeriodChoice) -> Promise<'_, AssuranceView> {
        Box::pin(self.measure(period))
    }

    fn broken(&self, period: PeriodChoice, limit: usize, offset: usize) -> Promise<'_, BrokenListView> {
        Box::pin(self.broken_promises(period, limit, offset))
    }

    fn workflows(&self, viewer: &User) -> Vec<WorkflowView> {
        self.in_force(viewer)
    }

    fn units(&self) -> Vec<UnitView> {
        choices::units(&self.directory())
    }

    fn towns(&self) -> Vec<ChoiceView> {
        choices::towns(&self.directory())
    }

    fn categories(&self) -> Vec<ChoiceView> {
        choices::categories(&self.directory())
    }

    fn number(&self, case: Uuid) -> Promise<'_, Option<String>> {
        Box::pin(async move {
            let record = self.journal.case(case).await.map_err(failed)?;
            Ok(record.filter(|record| record.district == self.parts.district).map(|record| record.number))
        })
    }

    fn stations(&self) -> Option<Arc<StationDesk>> {
        self.parts.stations.clone()
    }

    fn waters(&self) -> Option<Arc<WaterDesk>> {
        let network = Arc::clone(self.parts.waters.as_ref()?);
        let (registry, directory) = (Arc::clone(self.parts.engine.registry()), self.directory());
        let state_title = move |state: &str| {
            let plan = registry.current("response-plan");
            names::states(plan.as_deref(), &[state.to_owned()]).pop().unwrap_or_else(|| Text::same(state))
        };
        Some(Arc::new(WaterDesk {
            network,
            journal: self.journal.clone(),
            district: self.parts.district.clone(),
            timeline: self.parts.timeline.clone(),
            state_title: Arc::new(state_title),
            owner_name: Arc::new(move |owner| names::party(&directory, owner)),
        }))
    }

    fn listen(&self) -> broadcast::Receiver<Heard> {
        self.live.subscribe()
    }

    fn now(&self) -> DateTime<Utc> {
        self.time()
    }

    fn clock_moves(&self) -> bool {
        self.parts.demo.is_some()
    }

    fn move_clock(&self, to: DateTime<Utc>) -> Promise<'_, DateTime<Utc>> {
        Box::pin(async move {
            let clock = self.parts.demo.as_ref().ok_or(OfficeError::NotFound)?;
            clock.advance_to(to).await.map_err(failed)
        })
    }

    fn after(&self, from: DateTime<Utc>, span: &str) -> Result<DateTime<Utc>, OfficeError> {
        let span: huiyin_calendar::Span = span.parse().map_err(|problem: huiyin_calendar::SpanError| {
            let message = Text::new("时间长度无法识别，如“1 day”“2 working days”", problem.to_string());
            commands::wrong_field("advance", message)
        })?;
        Ok(self.district()?.calendar.shift(from, span, false).at)
    }

    fn oldest_timer(&self) -> Promise<'_, f64> {
        Box::pin(async move {
            let (_, oldest) = self
                .journal
                .overdue_timers(&self.parts.district, &self.parts.timeline, self.time())
                .await
                .map_err(failed)?;
            if !self.parts.engine.is_alive() {
                return Err(failed("a part of the engine has stopped"));
            }
            // Pages are of use while engines elsewhere are down: people can read, and are told to send again.
            let oldest = oldest.filter(|_| self.parts.engine.runs_here());
            let age = oldest.map(|at| (self.time() - at).num_milliseconds());
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of an age are far below 2^52")]
            Ok(age.map_or(0.0, |milliseconds| milliseconds as f64 / 1000.0))
        })
    }

    fn incident<'a>(&'a self, case: Uuid, viewer: &'a User) -> Promise<'a, Option<IncidentBoardView>> {
        Box::pin(self.command_page(case, viewer))
    }

    fn activations<'a>(&'a self, incident: Option<Uuid>, viewer: &'a User) -> Promise<'a, ActivationBoardView> {
        Box::pin(self.activation_board(incident, viewer))
    }

    fn water_points(&self) -> Vec<PointView> {
        Self::water_points(self)
    }

    fn report<'a>(&'a self, case: Uuid, kind: &'a str) -> Promise<'a, Option<String>> {
        Box::pin(self.report_paper(case, kind))
    }

    fn kept(&self, case: Uuid) -> Promise<'_, Option<KeptView>> {
        Box::pin(self.clocks_kept(case))
    }

    fn kept_paper(&self, case: Uuid) -> Promise<'_, Option<String>> {
        Box::pin(self.clocks_kept_paper(case))
    }

    fn plan(&self, case: Uuid, known: bool) -> Promise<'_, Option<PlanView>> {
        Box::pin(self.plan_page(case, known))
    }

    fn plan_version(&self, case: Uuid, n: u32) -> Promise<'_, Option<PlanTextView>> {
        Box::pin(self.plan_text(case, n))
    }

    fn plan_version_paper(&self, case: Uuid, n: u32) -> Promise<'_, Option<String>> {
        Box::pin(self.plan_paper(case, n))
    }

    fn begin_plan<'a>(&'a self, who: &'a User, new: NewPlan) -> Promise<'a, AcceptedView> {
        Box::pin(self.begin(who, new))
    }

    fn published(&self) -> Promise<'_, Vec<Published>> {
        Box::pin(self.warnings())
    }

    fn gauges(&self) -> Promise<'_, Vec<Gauge>> {
        Box::pin(self.figures())
    }
}
