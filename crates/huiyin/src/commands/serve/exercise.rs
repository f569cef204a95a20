//! Exercises 演练 beside the real office: an engine, a clock and notices of their own on the timeline [`DRILL`].
//!
//! What an exercise writes stays in the house by construction: its engine speaks over a bus of its own (inside this process,
//! or over NATS under addresses that nothing real listens to), and its notices have no relay and no webhook, whatever the
//! configuration of mail says. Its incidents propose activations in the exercise. Each role has its part: the engine steps
//! its cases, pages are its doors, notices are written where notices are; scheduler and stations have none. All share its
//! cases and its clock in the store.

use std::sync::Arc;

use huiyin_assurance::{Desk, Scope};
use huiyin_engine::{Clock, DRILL, Engine, ShiftedClock};
use huiyin_journal::Journal;
use huiyin_notify::notifier::{Running, Seams};
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use huiyin_response::Response;
use huiyin_web::app::{AppState, Config};
use tokio::task::JoinHandle;

use super::net::Net;
use super::{Current, follow_moves, state};
use crate::cli::{Role, ServeArgs};
use crate::commands::Failure;
use crate::house::House;

/// The part of this process in the exercises.
pub(super) struct Exercise {
    clock: Arc<ShiftedClock>,
    following: JoinHandle<()>,
    office: Option<Office>,
    notices: Option<Running>,
}

/// Where this process carries out what is done in exercises, or lets it be carried out.
struct Office {
    net: Net,
    engine: Engine,
    response: Option<Response>,
}

impl Exercise {
    /// Starts it.
    pub(super) async fn start(
        args: &ServeArgs,
        house: &House,
        journal: &Journal,
        directory: &Current,
        public_url: &str,
    ) -> Result<Self, Failure> {
        let has = |role| args.roles.contains(&role);
        let clock = Arc::new(ShiftedClock::open_drill(journal.clone()).await?);
        let following = tokio::spawn(follow_moves(Arc::clone(&clock)));
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let office = match has(Role::Engine) || has(Role::Web) {
            true => Office::open(args, house, journal, &time).await?,
            false => None,
        };
        let notices = has(Role::Notify).then(|| notices(house, journal, directory, time, public_url)).transpose()?;
        Ok(Self { clock, following, office, notices })
    }

    /// The doors of the exercises, where this process can serve them.
    pub(super) fn doors(
        &self,
        house: &House,
        directory: &Current,
        config: Config,
    ) -> Result<Option<AppState>, Failure> {
        let Some(Office { engine, .. }) = &self.office else { return Ok(None) };
        let scope = Scope { district: house.code().to_owned(), timeline: DRILL.to_owned() };
        let registry = Arc::clone(&house.registry);
        let desk = Arc::new(Desk::new(engine.journal().clone(), registry, Arc::clone(directory), scope));
        let config = Config { exercise: true, exercises: true, ..config };
        let (clock, demo) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Some(Arc::clone(&self.clock)));
        state(house, engine, clock, demo, Arc::clone(directory), desk, None, config).map(Some)
    }

    /// What is under way ends.
    pub(super) async fn stop(self) {
        self.following.abort();
        if let Some(Office { net, engine, response }) = self.office {
            if let Some(response) = response {
                response.stop().await;
            }
            net.withdraw().await;
            engine.stop().await;
        }
        if let Some(notices) = self.notices {
            notices.stop().await;
        }
    }
}

impl Office {
    async fn open(
        args: &ServeArgs,
        house: &House,
        journal: &Journal,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, Failure> {
        let Some(mut net) = Net::of_exercises(args, house.code()).await? else { return Ok(None) };
        let engine = net.engine(args, journal.clone(), Arc::clone(&house.registry), Arc::clone(clock)).await?;
        net.offer(&args.roles, &engine).await?;
        let response = match args.roles.contains(&Role::Engine) {
            true => super::response::start(house, &engine, clock, DRILL)?,
            false => None,
        };
        Ok(Some(Self { net, engine, response }))
    }
}

/// No relay, no webhook: what is written is kept in the mailbox of the console.
fn notices(
    house: &House,
    journal: &Journal,
    directory: &Current,
    clock: Arc<dyn Clock>,
    public_url: &str,
) -> Result<Running, Failure> {
    let seams = Seams::of_timeline(journal, &house.registry, Arc::clone(directory), clock, Some(DRILL));
    let console_url = format!("{}/drill", public_url.trim_end_matches('/'));
    let config = NotifyConfig { console_url, ..NotifyConfig::default() };
    let templates = Templates::load(house.files("templates")?)?;
    Ok(Notifier::new(config, templates, journal.deliveries(), seams)?.start())
}
