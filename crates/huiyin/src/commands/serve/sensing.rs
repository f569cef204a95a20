//! Stations of this process: the doors they come through, and the rules that follow what they say. Open only where a file
//! of doors is given, because it says who may speak. Pages show stations in every process that has the role `web`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use huiyin_engine::{Clock, Engine, REAL};
use huiyin_sensing::doors::hj212::Door;
use huiyin_sensing::doors::{Config, Speakers};
use huiyin_sensing::ingest::{Intake, Scope};
use huiyin_sensing::quality::Quality;
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::simulate::{Script, Stage, simulate};
use huiyin_sensing::watch::{Parts, Watch};
use huiyin_web::stations::{StationDesk, StationParts};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::commands::Failure;
use crate::house::House;

/// Pause between two frames of a simulated station.
const EVERY: Duration = Duration::from_secs(5);
/// Seed of what simulated stations make up.
const SEED: u64 = 20_261_124;

/// What a district knows of its stations.
#[derive(Clone)]
pub(super) struct Known {
    registry: Arc<Registry>,
    rules: Arc<Rules>,
}

impl Known {
    /// Reads registry and rules; none where the district has no registry.
    pub(super) fn read(house: &House) -> Result<Option<Self>, Failure> {
        if house.sensing_file("stations.yaml").is_err() {
            return Ok(None);
        }
        let registry = Arc::new(Registry::load("", &|name| house.sensing_file(name).ok())?);
        let rules = house.sensing_file("rules.yaml")?;
        let rules = Arc::new(Rules::load("rules.yaml", &rules, Some(Arc::clone(&registry)))?);
        Ok(Some(Self { registry, rules }))
    }

    /// The desk behind the pages.
    pub(super) fn desk(
        &self,
        house: &House,
        engine: &Engine,
        clock: &Arc<dyn Clock>,
        doors: bool,
        stage: Option<Stage>,
    ) -> Arc<StationDesk> {
        Arc::new(StationDesk::new(StationParts {
            journal: engine.journal().clone(),
            scope: Scope { district: house.code().to_owned(), timeline: REAL.to_owned() },
            clock: Arc::clone(clock),
            registry: Arc::clone(&self.registry),
            rules: Arc::clone(&self.rules),
            doors,
            stage,
        }))
    }
}

/// See the module.
pub(super) struct Stations {
    stop: CancellationToken,
    door: Option<JoinHandle<()>>,
    simulated: Option<JoinHandle<()>>,
    watch: Watch,
}

impl Stations {
    /// Opens the doors of a file and starts following. With a stage, stations that are not there speak through them.
    pub(super) async fn start(
        doors: &Path,
        known: Option<Known>,
        stage: Option<Stage>,
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
        let Known { registry, rules } =
            known.ok_or_else(|| format!("--doors {}: the district has no sensing/stations.yaml", doors.display()))?;
        let text = std::fs::read_to_string(doors).map_err(|error| format!("--doors {}: {error}", doors.display()))?;
        let config =
            Config::read(&text, &registry).map_err(|problem| format!("--doors {}: {problem}", doors.display()))?;
        let scope = Scope { district: house.code().to_owned(), timeline: REAL.to_owned() };
        let (intake, _) = Intake::start(engine.journal().clone(), scope.clone(), Arc::clone(&registry));
        let stop = CancellationToken::new();
        let mut simulated = None;
        let door = match config.hj212 {
            None => None,
            Some(line) => {
                let listener = TcpListener::bind(line.listen).await.map_err(|error| {
                    format!("--doors {}: cannot listen on {}: {error}", doors.display(), line.listen)
                })?;
                let address = listener.local_addr()?;
                crate::say!("站点 stations: HJ 212, {address}");
                let speakers: Arc<Speakers> = Arc::new(config.speakers);
                if let Some(stage) = stage {
                    crate::say!(
                        "演示站点 simulated stations speak; a spill is started on the page of a station (console: 站点)"
                    );
                    let script = Script { stage, every: EVERY, seed: SEED };
                    let (registry, speakers) = (Arc::clone(&registry), Arc::clone(&speakers));
                    let speaks = simulate(address, registry, speakers, script, Arc::clone(clock), stop.clone());
                    simulated = Some(tokio::spawn(speaks));
                }
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
            rules,
            news: Arc::clone(intake.news()),
        });
        Ok(Self { stop, door, simulated, watch })
    }

    /// Takes no more; what was acknowledged is committed.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for task in [self.simulated, self.door].into_iter().flatten() {
            let _ = task.await;
        }
        self.watch.stop().await;
    }
}
