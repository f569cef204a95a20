//! `huiyin serve`: the whole house in one process, until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use huiyin_bus::InProcess;
use huiyin_directory::Directory;
use huiyin_engine::{Clock, Config as EngineConfig, Engine, ShiftedClock, SystemClock};
use huiyin_journal::Journal;
use huiyin_notify::notifier::Seams;
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use huiyin_web::app::{AppState, Config, system_entropy, system_wall};
use huiyin_web::auth::first::one_time_link;
use huiyin_web::office::{Bureau, Letters, Parts};
use tokio::net::TcpListener;

use super::Failure;
use crate::cli::ServeArgs;
use crate::house::{House, open_store};
use crate::library::Library;

/// Roles of the first account: who starts the demonstration may look through every door.
const FIRST_ROLES: [&str; 9] =
    ["operator", "dispatcher", "handler", "supervisor", "unit-head", "bureau-head", "emergency", "admin", "auditor"];

/// Gives the directory in force.
type Current = Arc<dyn Fn() -> Arc<Directory> + Send + Sync>;

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    start_log(args.log_json);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let house = House::load(Library::find(args.store.workflows.as_deref())?, &args.store.district)?;
    let system = SystemClock::default();
    let journal = open_store(&args.store, system.now()).await?;
    let demo = match args.demo_clock {
        true => Some(Arc::new(ShiftedClock::open(journal.clone()).await?)),
        false => None,
    };
    let clock: Arc<dyn Clock> = demo.clone().map_or_else(|| Arc::new(system) as Arc<dyn Clock>, |demo| demo);
    let bus = Arc::new(InProcess::default());
    let registry = Arc::clone(&house.registry);
    let engine = Engine::start(journal.clone(), registry, Arc::clone(&clock), bus, EngineConfig::default()).await?;

    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        format!(
            "cannot listen on {}: {error}. is another huiyin running there? choose another with --listen",
            args.listen
        )
    })?;
    let address = listener.local_addr()?;
    let public_url = args.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let directory = Arc::clone(&house.directory);
    let current: Current = Arc::new(move || Arc::clone(&directory));
    let notifier = notifier(args, &house, &journal, &current, &clock, &public_url)?.start();

    let state = state(&house, &engine, clock, demo, current, &public_url)?;
    let link = one_time_link(&state, &FIRST_ROLES, &["duty-desk"]).await.map_err(|error| error.body.message.en)?;
    println!("回音 Huiyin: {public_url}");
    println!("sign in once (24 h): {link}");
    huiyin_web::serve(listener, state, stop_signal()).await?;
    notifier.stop().await;
    engine.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn notifier(
    args: &ServeArgs,
    house: &House,
    journal: &Journal,
    current: &Current,
    clock: &Arc<dyn Clock>,
    public_url: &str,
) -> Result<Notifier, Failure> {
    let mut config = match &args.mail {
        None => NotifyConfig::default(),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            serde_saphyr::from_str::<NotifyConfig>(&text).map_err(|error| format!("{}: {error}", file.display()))?
        }
    };
    public_url.clone_into(&mut config.console_url);
    let seams = Seams::of_house(journal, &house.registry, Arc::clone(current), Arc::clone(clock));
    Ok(Notifier::new(config, Templates::load(house.files("templates")?)?, journal.deliveries(), seams)?)
}

fn state(
    house: &House,
    engine: &Engine,
    clock: Arc<dyn Clock>,
    demo: Option<Arc<ShiftedClock>>,
    directory: Current,
    public_url: &str,
) -> Result<AppState, Failure> {
    let district = house.directory.district();
    let bureau = Bureau::new(Parts {
        engine: engine.clone(),
        clock,
        demo,
        directory,
        district: district.code.clone(),
        letters: Letters::new(house.files("templates/letters")?)?,
        entropy: system_entropy(),
    });
    let config = Config::new(&district.code, &district.name.zh, public_url);
    Ok(AppState::new(bureau, engine.journal().accounts(), config, system_wall(), system_entropy()))
}

fn start_log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HUIYIN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,huiyin=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.init() }
}

/// Ctrl-C or SIGTERM.
async fn stop_signal() {
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
