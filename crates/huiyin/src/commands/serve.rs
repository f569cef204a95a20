//! `huiyin serve`: the whole house in one process, or some of its roles beside other processes, until it is told to stop.
//!
//! Order of a start: take the address, read the plans while the store opens, prove what is not proved yet, then the parts.
//! Order of a stop: no new requests, those under way end, scheduler, notices, engine; each within seconds, because what is
//! not committed did not happen.

mod demo;
mod exercise;
mod net;
mod response;
mod sensing;
pub(crate) mod store;

use std::future::Future;
use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use huiyin_assurance::{Desk, Scope};
use huiyin_directory::Directory;
use huiyin_engine::{Clock, Engine, REAL, ShiftedClock, SystemClock};
use huiyin_journal::Journal;
use huiyin_notify::notifier::Seams;
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use huiyin_scheduler::{
    AlarmWatch, Every, Job, PlanCoverage, PlanReview, Planned, Retention, Scheduler, Submit, SupervisionReport,
};
use huiyin_sensing::simulate::Stage;
use huiyin_water::network::{Detail as PlaceDetail, Network, Place, PlaceState};
use huiyin_web::app::{AppState, Config, MoreMetrics, Secret, Tiles, system_entropy, system_wall};
use huiyin_web::auth::first;
use huiyin_web::office::{Bureau, Letters, Parts};
use huiyin_web::stations::StationDesk;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Failure;
use crate::cli::{Role, ServeArgs};
use crate::house::House;
use crate::library::Library;
use crate::plans::Plans;

/// Roles of the first account of a demonstration: who starts it may look through every door.
const DEMO_ROLES: [&str; 9] =
    ["operator", "dispatcher", "handler", "supervisor", "unit-head", "bureau-head", "emergency", "admin", "auditor"];
/// Roles of the first account otherwise: it makes the accounts of the others, and sees no case.
const FIRST_ROLES: [&str; 1] = ["admin"];
/// A shorter token for `/metrics` could be guessed.
const SHORTEST_TOKEN: usize = 16;
/// Where the console is unless `--listen` says otherwise.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// How often it is looked whether another process has moved the clock of a demonstration.
const MOVED: Duration = Duration::from_millis(250);
/// Longest wait for each part when stopping.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives the directory in force.
type Current = Arc<dyn Fn() -> Arc<Directory> + Send + Sync>;

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    start_log(args.log_json);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(serve(args));
    // What still runs then may be cut off: nothing that was acknowledged depends on it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn serve(args: &ServeArgs) -> Result<ExitCode, Failure> {
    net::agreed(args)?;
    let has = |role| args.roles.contains(&role);
    let listener = listen(args).await?;
    let library = Library::find(args.store.workflows.as_deref())?;
    let district = args.store.district.clone();
    let plans = tokio::task::spawn_blocking(move || Plans::read(library, &district));
    let system = SystemClock::default();
    let (journal, _lock) = store::open(args, system.now()).await?;
    let demo = match args.demo_clock {
        true => Some(Arc::new(ShiftedClock::open(journal.clone()).await?)),
        false => None,
    };
    let house = House::built(plans.await??, &journal).await?;
    let clock: Arc<dyn Clock> = match demo.clone() {
        Some(shifted) => shifted,
        None => Arc::new(system),
    };
    let mut net = net::Net::connect(args, house.code()).await?;
    let engine = net.engine(args, journal.clone(), Arc::clone(&house.registry), Arc::clone(&clock)).await?;
    if let Some(demo) = demo.clone().filter(|_| args.nats.servers.is_some()) {
        tokio::spawn(follow_moves(demo));
    }

    let public_url = match (&args.public_url, &listener) {
        (Some(url), _) => url.clone(),
        (None, Some(listener)) => format!("http://{}", listener.local_addr()?),
        (None, None) => format!("http://{CONSOLE}"),
    };
    let directory = Arc::clone(&house.directory);
    let current: Current = Arc::new(move || Arc::clone(&directory));
    let notifier = notifier(args, &house, &journal, &current, &clock, &public_url)?;
    let scope = Scope { district: house.code().to_owned(), timeline: REAL.to_owned() };
    let desk = Arc::new(Desk::new(journal.clone(), Arc::clone(&house.registry), Arc::clone(&current), scope));
    let scheduler = match has(Role::Scheduler) {
        true => Some(scheduler(args, &house, &desk, &notifier, &engine, Arc::clone(&clock))?.start()),
        false => None,
    };
    let notifier = has(Role::Notify).then(|| notifier.start());
    if has(Role::Engine) {
        tracing::info!(public_key = %journal.roots_key(), "daily roots are signed with Ed25519; keep their public key elsewhere");
    }
    net.offer(&args.roles, &engine).await?;
    let response = match has(Role::Engine) {
        true => response::start(&house, &engine, &clock, REAL)?,
        false => None,
    };
    let known = sensing::Known::read(&house)?;
    let stage = args.demo_stations.then(Stage::default);
    let station_desk =
        known.as_ref().map(|known| known.desk(&house, &engine, &clock, args.doors.is_some(), stage.clone()));
    let stations = match &args.doors {
        Some(doors) if has(Role::Ingest) => {
            Some(sensing::Stations::start(doors, known, stage, &house, &engine, &clock, net.nats()).await?)
        }
        Some(_) => return Err("--doors belongs to the role ingest: add it to --roles, or leave --doors out".into()),
        None if args.roles == [Role::Ingest] => {
            return Err("the role ingest does nothing without a file of doors: give --doors FILE".into());
        }
        None => None,
    };

    // Neither jobs nor stations have a part in exercises.
    let exercise = match [Role::Web, Role::Engine, Role::Notify].into_iter().any(has) {
        true => Some(exercise::Exercise::start(args, &house, &journal, &current, &public_url).await?),
        false => None,
    };
    let stopping = stop_signal();
    match listener {
        Some(listener) if has(Role::Web) => {
            let mut config =
                Config::new(&house.directory.district().code, &house.directory.district().name.zh, &public_url);
            config.behind_proxy = args.behind_proxy;
            config.map_tiles = match &args.map_tiles {
                Some(url) => {
                    Some(Tiles::read(url, &args.map_attribution).map_err(|why| format!("--map-tiles {url}: {why}"))?)
                }
                None => None,
            };
            config.metrics_token = args.metrics_token_file.as_deref().map(metrics_token).transpose()?;
            let drill = match &exercise {
                Some(exercise) => exercise.doors(&house, &current, config.clone())?,
                None => None,
            };
            config.exercises = drill.is_some();
            config.more_metrics = stations.as_ref().map(sensing::Stations::metrics);
            let state = state(&house, &engine, clock, demo, current, desk, station_desk, config)?;
            tell(args, &house, &state, &public_url).await.map_err(|error| error.body.message.en)?;
            until(stopping.clone(), huiyin_web::serve(listener, state, drill, told(stopping))).await?;
        }
        listener => {
            let token = args.metrics_token_file.as_deref().map(metrics_token).transpose()?;
            let metrics = token.zip(stations.as_ref().map(sensing::Stations::metrics));
            without_pages(args, house.code(), listener, &engine, metrics, stopping).await?;
        }
    }
    if let Some(exercise) = exercise {
        within("exercises", exercise.stop()).await;
    }
    if let Some(stations) = stations {
        within("stations", stations.stop()).await;
    }
    if let Some(response) = response {
        within("activations", response.stop()).await;
    }
    within("what other processes ask for", net.withdraw()).await;
    if let Some(scheduler) = scheduler {
        within("the scheduler", scheduler.stop()).await;
    }
    if let Some(notifier) = notifier {
        within("notices", notifier.stop()).await;
    }
    within("the engine", engine.stop()).await;
    within("the store", journal.close()).await;
    Ok(ExitCode::SUCCESS)
}

/// The address is taken first: a second process on it ends before it has touched anything.
async fn listen(args: &ServeArgs) -> Result<Option<TcpListener>, Failure> {
    let console = || args.roles.contains(&Role::Web).then_some(CONSOLE);
    let Some(address) = args.listen.or_else(console) else { return Ok(None) };
    let taken = TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}. is another huiyin running there? choose another with --listen")
    })?;
    Ok(Some(taken))
}

/// A process without pages says what it does, and answers whoever supervises it.
async fn without_pages(
    args: &ServeArgs,
    district: &str,
    listener: Option<TcpListener>,
    engine: &Engine,
    metrics: Option<(Secret, MoreMetrics)>,
    stopping: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let roles: Vec<String> = args.roles.iter().map(ToString::to_string).collect();
    crate::say!("回音 Huiyin: {} of {district} at work", roles.join(", "));
    let Some(listener) = listener else {
        told(stopping).await;
        return Ok(());
    };
    let engine = engine.clone();
    let ready = move || {
        let engine = engine.clone();
        async move { engine.is_alive() && engine.metrics().await.is_ok() }
    };
    until(stopping.clone(), huiyin_web::serve_probes(listener, ready, metrics, told(stopping))).await
}

/// Until it has ended, or has had its time to end.
async fn until(
    stopping: watch::Receiver<bool>,
    served: impl Future<Output = std::io::Result<()>>,
) -> Result<(), Failure> {
    tokio::select! {
        ended = served => ended?,
        () = late(stopping) => tracing::warn!("some requests did not end in time and were cut off"),
    }
    Ok(())
}

/// Learns of the moves of a demonstration's clock that another process makes.
async fn follow_moves(demo: Arc<ShiftedClock>) {
    let mut looks = tokio::time::interval(MOVED);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = demo.refresh().await {
            tracing::debug!(%error, "whether the clock was moved is not known; asking again");
        }
    }
}

/// Where to go and how to sign in: on standard output only, because a link is a key.
async fn tell(
    args: &ServeArgs,
    house: &House,
    state: &AppState,
    public_url: &str,
) -> Result<(), huiyin_web::error::ApiError> {
    crate::say!("回音 Huiyin: {public_url}");
    if args.demo_clock {
        let link = first::one_time_link(state, &DEMO_ROLES, &[house.directory.duty_desk()]).await?;
        crate::say!("sign in once (24 h): {link}");
        crate::say!("演示：按岗位登录 / demonstration: the house from each side, one-time links (24 h)");
        for user in demo::accounts(&house.directory) {
            crate::say!("  {}: {}", user.name, first::demo_link(state, &user).await?);
        }
    } else if args.sign_in_link || !first::has_password(state).await? {
        let link = first::one_time_link(state, &FIRST_ROLES, &[]).await?;
        crate::say!("sign in once (24 h) as {}: {link}", first::LOGIN);
    }
    Ok(())
}

fn notifier(
    args: &ServeArgs,
    house: &House,
    journal: &Journal,
    current: &Current,
    clock: &Arc<dyn Clock>,
    public_url: &str,
) -> Result<Notifier, Failure> {
    let place = |problem: &dyn std::fmt::Display| match &args.mail {
        Some(file) => format!("{}: {problem}", file.display()),
        None => problem.to_string(),
    };
    let mut config = match &args.mail {
        None => NotifyConfig::default(),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| place(&error))?;
            NotifyConfig::read(&text).map_err(|error| format!("{}:{error}", file.display()))?
        }
    };
    public_url.clone_into(&mut config.console_url);
    let (registry, directory) = (&house.registry, Arc::clone(current));
    let seams = Seams::of_timeline(journal, registry, directory, Arc::clone(clock), Some(REAL));
    let templates = Templates::load(house.files("templates")?)?;
    Ok(Notifier::new(config, templates, journal.deliveries(), seams).map_err(|error| place(&error))?)
}

/// Reports, reviews, alarms and what is forgotten, by the calendar of the office.
fn scheduler(
    args: &ServeArgs,
    house: &House,
    desk: &Arc<Desk>,
    notifier: &Notifier,
    engine: &Engine,
    clock: Arc<dyn Clock>,
) -> Result<Scheduler, Failure> {
    let report = |every| SupervisionReport::new(every, Arc::clone(desk), notifier.clone());
    let (journal, scope) = (desk.journal().clone(), desk.scope().clone());
    let zone = desk.calendar()?.zone();
    let wall: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut jobs: Vec<Arc<dyn Job>> = vec![
        Arc::new(report(Every::Month)?),
        Arc::new(report(Every::Week)?),
        Arc::new(Retention::new(journal.clone(), scope.clone(), wall, args.keep_readings, zone)?),
    ];
    if let Some(waters) = house.waters()? {
        let (sources, asked) = (must_have_plans(&waters), engine.clone());
        let submit: Submit = Arc::new(move |command| {
            let engine = asked.clone();
            Box::pin(async move { engine.submit(command).await })
        });
        jobs.push(Arc::new(PlanReview::new(Arc::clone(desk), notifier.clone(), sources.clone())?));
        jobs.push(Arc::new(PlanCoverage::new(Arc::clone(desk), submit, sources)?));
    }
    let alarms = AlarmWatch::new(Arc::clone(desk), notifier.clone(), Some(engine.clone()), args.demo_clock);
    Ok(Scheduler::new(journal, scope, clock, jobs).watching(alarms))
}

/// The sources that are drawn from: each of them must have a plan.
fn must_have_plans(waters: &Network) -> Vec<Planned> {
    let in_use = |place: &&Place| matches!(place.detail, PlaceDetail::Source { state: PlaceState::InUse, .. });
    let planned =
        |place: &Place| Planned { id: place.id.clone(), zh: place.name.zh.clone(), en: place.name.en.clone() };
    waters.places.iter().filter(in_use).map(planned).collect()
}

#[expect(clippy::too_many_arguments, reason = "what the doors need, once, from the one place that has it")]
fn state(
    house: &House,
    engine: &Engine,
    clock: Arc<dyn Clock>,
    demo: Option<Arc<ShiftedClock>>,
    directory: Current,
    desk: Arc<Desk>,
    stations: Option<Arc<StationDesk>>,
    config: Config,
) -> Result<AppState, Failure> {
    let timeline = desk.scope().timeline.clone();
    let district = house.directory.district();
    let waters = house.waters()?.map(Arc::new);
    let plans = house.plan_parts(waters.as_deref())?;
    let bureau = Bureau::new(Parts {
        engine: engine.clone(),
        clock,
        demo,
        directory,
        district: district.code.clone(),
        timeline,
        letters: Letters::new(house.files("templates/letters")?)?,
        entropy: system_entropy(),
        desk,
        proofs: house.proofs.clone(),
        stations,
        waters,
        plans,
    });
    Ok(AppState::new(bureau, engine.journal().accounts(), config, system_wall(), system_entropy()))
}

/// The collector's bearer token, without the line break that editors add.
fn metrics_token(file: &Path) -> Result<Secret, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("--metrics-token-file {}: {error}", file.display()))?;
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN {
        let found = token.len();
        return Err(format!(
            "--metrics-token-file {}: the token has {found} characters; expected at least {SHORTEST_TOKEN}, e.g. from `openssl rand -hex 32`",
            file.display()
        )
        .into());
    }
    Ok(Secret(token.to_owned()))
}

fn start_log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HUIYIN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,huiyin=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.with_ansi(std::io::stderr().is_terminal()).init() }
}

/// Becomes true at Ctrl-C or SIGTERM; a second one ends the process at once.
fn stop_signal() -> watch::Receiver<bool> {
    let (told, hears) = watch::channel(false);
    tokio::spawn(async move {
        next_signal().await;
        tracing::info!("stopping; once more to stop at once");
        told.send_replace(true);
        next_signal().await;
        std::process::exit(130);
    });
    hears
}

async fn next_signal() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

/// Waits until it is time to stop.
async fn told(mut stopping: watch::Receiver<bool>) {
    // The sender lives until the process ends.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Waits until requests that are still under way have had their time.
async fn late(stopping: watch::Receiver<bool>) {
    told(stopping).await;
    tokio::time::sleep(PATIENCE).await;
}

async fn within(what: &str, stop: impl Future<Output = ()>) {
    if tokio::time::timeout(PATIENCE, stop).await.is_err() {
        tracing::warn!(
            "{what} did not end in time and were cut off; what they had not finished is done at the next start"
        );
    }
}
