//! `huiyin stations`: stations that are not there, for exercises and demonstrations.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use huiyin_engine::{Clock as _, SystemClock};
use huiyin_sensing::doors::Config;
use huiyin_sensing::registry::Registry;
use huiyin_sensing::replay::Replay;
use huiyin_sensing::simulate::{Deed, Script, Stage, What, simulate};
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::cli::sensing::{SimulateStationsArgs, StationsWhat};
use crate::library::Library;

pub(crate) fn run(what: &StationsWhat) -> Result<ExitCode, Failure> {
    let StationsWhat::Simulate(args) = what;
    let library = Library::find(args.workflows.as_deref())?;
    let folder = format!("districts/{}/sensing", args.district);
    let registry = Arc::new(Registry::load(&folder, &|path| library.read(path).ok())?);
    let text =
        std::fs::read_to_string(&args.doors).map_err(|error| format!("--doors {}: {error}", args.doors.display()))?;
    let config =
        Config::read(&text, &registry).map_err(|problem| format!("--doors {}: {problem}", args.doors.display()))?;
    let to = args.to.or(config.hj212.map(|line| line.listen)).ok_or("no door for HJ 212 in the file: give --to")?;
    let mut deeds = deeds(args, &registry)?;
    let replay = replay(args, &registry)?;
    deeds.extend(replay.iter().flat_map(|replay| replay.deeds.clone()));
    let seconds = args.seconds.or(replay.map(|replay| replay.seconds));
    let script = Script { stage: Stage::new(deeds), every: Duration::from_secs(args.every), seed: args.seed };
    let clock = Arc::new(SystemClock::default());
    crate::say!("{}: {to}, {} s, seed {}", clock.now().format("%F %T UTC"), args.every, args.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let speaks = simulate(to, registry, Arc::new(config.speakers), script, clock, stop.clone());
        let ends = async {
            match seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = speaks => {}
            () = ends => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    });
    Ok(ExitCode::SUCCESS)
}

/// The case of the past that is to be played; says what it is and what in it is no fact.
fn replay(args: &SimulateStationsArgs, registry: &Registry) -> Result<Option<Replay>, Failure> {
    let Some(file) = &args.replay else { return Ok(None) };
    let place = |problem: &dyn std::fmt::Display| format!("--replay {}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| place(&error))?;
    let replay = Replay::read(&text, registry, args.pace).map_err(|problem| place(&problem))?;
    crate::say!("{} / {} ({} s)", replay.title.zh, replay.title.en, replay.seconds);
    for source in &replay.sources {
        crate::say!("  {source}");
    }
    if let Some(assumed) = &replay.assumed {
        crate::say!("  {}", assumed.zh);
        crate::say!("  {}", assumed.en);
    }
    Ok(Some(replay))
}

fn deeds(args: &SimulateStationsArgs, registry: &Registry) -> Result<Vec<Deed>, Failure> {
    let mut deeds = Vec::new();
    for text in &args.spill {
        let failed = || format!("--spill {text}: expected STATION:POLLUTANT=VALUE@SECONDS, e.g. S3:w21003=8@30");
        let (station, rest) = text.split_once(':').ok_or_else(failed)?;
        let (pollutant, rest) = rest.split_once('=').ok_or_else(failed)?;
        let (value, from) = rest.split_once('@').ok_or_else(failed)?;
        if registry.parameter(station, pollutant).is_none() {
            return Err(format!("--spill {text}: {station} does not measure {pollutant}").into());
        }
        let value: f64 = value.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(failed)?;
        let what = What::Spill { pollutant: pollutant.to_owned(), value };
        deeds.push(Deed { station: station.to_owned(), from: from.parse().map_err(|_| failed())?, what });
    }
    for (option, texts, what) in
        [("silence", &args.silence, What::Silence), ("maintenance", &args.maintenance, What::Maintenance)]
    {
        for text in texts {
            let failed = || format!("--{option} {text}: expected STATION@SECONDS, e.g. S3@60");
            let (station, from) = text.split_once('@').ok_or_else(failed)?;
            if registry.station(station).is_none() {
                return Err(format!("--{option} {text}: there is no station {station}").into());
            }
            let from = from.parse().map_err(|_| failed())?;
            deeds.push(Deed { station: station.to_owned(), from, what: what.clone() });
        }
    }
    Ok(deeds)
}
