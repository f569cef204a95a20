//! Stations of this process: the doors they come through, and the rules that follow what they say. Open only where a file
//! of doors is given, because it says who may speak.

use std::path::Path;
use std::sync::Arc;

use huiyin_engine::{Clock, Engine, REAL};
use huiyin_sensing::doors::hj212::Door;
use huiyin_sensing::doors::{Config, Speakers};
use huiyin_sensing::ingest::{Intake, Scope};
use huiyin_sensing::quality::Quality;
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::watch::{Parts, Watch};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::commands::Failure;
use crate::house::House;

/// See the module.
pub(super) struct Stations {
    stop: CancellationToken,
    door: Option<JoinHandle<()>>,
    watch: Watch,
}

impl Stations {
    /// Opens the doors of a file and starts following.
    pub(super) async fn start(
        doors: &Path,
        house: &House,
        engine: &Engine,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        if !engine.runs_here() {
            let cure = "give --doors to a process whose --roles has engine";
            return Err(format!(
                "--doors {}: alarms are told to an engine in the same process: {cure}",
                doors.display()
            )
            .into());
        }
        let (registry, rules) = (Arc::new(registry(house)?), house.sensing_file("rules.yaml")?);
        let rules = Rules::load("rules.yaml", &rules, Some(Arc::clone(&registry)))?;
        let text = std::fs::read_to_string(doors).map_err(|error| format!("--doors {}: {error}", doors.display()))?;
        let config =
            Config::read(&text, &registry).map_err(|problem| format!("--doors {}: {problem}", doors.display()))?;
        let scope = Scope { district: house.code().to_owned(), timeline: REAL.to_owned() };
        let (intake, _) = Intake::start(engine.journal().clone(), scope.clone(), Arc::clone(&registry));
        let stop = CancellationToken::new();
        let door = match config.hj212 {
            None => None,
            Some(line) => {
                let listener = TcpListener::bind(line.listen).await.map_err(|error| {
                    format!("--doors {}: cannot listen on {}: {error}", doors.display(), line.listen)
                })?;
                crate::say!("站点 stations: HJ 212, {}", listener.local_addr()?);
                let speakers: Arc<Speakers> = Arc::new(config.speakers);
                let door = Door { intake: intake.clone(), speakers, line, clock: Arc::clone(clock) };
                Some(tokio::spawn(door.serve(listener, stop.clone())))
            }
        };
        let watch = Watch::start(Parts {
            engine: engine.clone(),
            clock: Arc::clone(clock),
            scope,
            registry,
            quality: Quality::default(),
            rules: Arc::new(rules),
            news: Arc::clone(intake.news()),
        });
        Ok(Self { stop, door, watch })
    }

    /// Takes no more; what was acknowledged is committed.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Some(door) = self.door {
            let _ = door.await;
        }
        self.watch.stop().await;
    }
}

fn registry(house: &House) -> Result<Registry, Failure> {
    Ok(Registry::load("", &|name| house.sensing_file(name).ok())?)
}
