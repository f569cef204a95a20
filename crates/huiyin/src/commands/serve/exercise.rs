//! Exercises 演练 beside the real office: an engine, a clock and notices of their own on the timeline [`DRILL`].
//!
//! What an exercise writes stays in the house by construction: its engine has a bus that ends in this process, and its
//! notices have no relay and no webhook, whatever the configuration of mail says. Its incidents propose activations in the
//! exercise. It runs where pages and engine are in one process; several processes on one store share its cases and its
//! clock, and each shows live what itself commits.

use std::sync::Arc;

use huiyin_assurance::{Desk, Scope};
use huiyin_bus::InProcess;
use huiyin_engine::{Clock, Config as EngineConfig, DRILL, Engine, ShiftedClock};
use huiyin_journal::Journal;
use huiyin_notify::notifier::{Running, Seams};
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use huiyin_response::Response;
use huiyin_web::app::{AppState, Config};
use tokio::task::JoinHandle;

use super::{Current, follow_moves, state};
use crate::cli::{Role, ServeArgs};
use crate::commands::Failure;
use crate::house::House;

/// See the module.
pub(super) struct Exercise {
    engine: Engine,
    clock: Arc<ShiftedClock>,
    directory: Current,
    desk: Arc<Desk>,
    notices: Running,
    following: JoinHandle<()>,
    response: Option<Response>,
}

impl Exercise {
    /// Starts it where this process has both pages and engine; none elsewhere.
    pub(super) async fn start(
        args: &ServeArgs,
        house: &House,
        journal: &Journal,
        directory: &Current,
        public_url: &str,
    ) -> Result<Option<Self>, Failure> {
        if ![Role::Engine, Role::Web].iter().all(|role| args.roles.contains(role)) {
            return Ok(None);
        }
        let clock = Arc::new(ShiftedClock::open_drill(journal.clone()).await?);
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let config = EngineConfig { timelines: vec![DRILL.to_owned()], ..EngineConfig::default() };
        let (registry, bus) = (Arc::clone(&house.registry), Arc::new(InProcess::default()));
        let engine = Engine::start(journal.clone(), registry, Arc::clone(&time), bus, config).await?;
        let response = super::response::start(house, &engine, &time, DRILL)?;
        let seams = Seams::of_timeline(journal, &house.registry, Arc::clone(directory), time, Some(DRILL));
        // No relay, no webhook: what is written is kept in the mailbox of the console.
        let config = NotifyConfig {
            console_url: format!("{}/drill", public_url.trim_end_matches('/')),
            ..NotifyConfig::default()
        };
        let templates = Templates::load(house.files("templates")?)?;
        let notices = Notifier::new(config, templates, journal.deliveries(), seams)?.start();
        let scope = Scope { district: house.code().to_owned(), timeline: DRILL.to_owned() };
        let desk = Desk::new(journal.clone(), Arc::clone(&house.registry), Arc::clone(directory), scope);
        let following = tokio::spawn(follow_moves(Arc::clone(&clock)));
        let directory = Arc::clone(directory);
        Ok(Some(Self { engine, clock, directory, desk: Arc::new(desk), notices, following, response }))
    }

    /// The doors of the exercises.
    pub(super) fn doors(&self, house: &House, config: Config) -> Result<AppState, Failure> {
        let config = Config { exercise: true, ..config };
        let (clock, demo) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Some(Arc::clone(&self.clock)));
        state(house, &self.engine, clock, demo, Arc::clone(&self.directory), Arc::clone(&self.desk), None, config)
    }

    /// What is under way ends.
    pub(super) async fn stop(self) {
        self.following.abort();
        if let Some(response) = self.response {
            response.stop().await;
        }
        self.notices.stop().await;
        self.engine.stop().await;
    }
}
