//! Stations of this process: the doors they come through, and the rules that follow what they say. Open only where a file
//! of doors is given, because it says who may speak. Pages show stations in every process that has the role `web`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use huiyin_bus::Nats;
use huiyin_engine::{Clock, Engine, REAL};
use huiyin_sensing::doors::{Config, Line, Mqtt, Queue, Speakers};
use huiyin_sensing::doors::{hj212, http, mqtt, queue};
use huiyin_sensing::ingest::{Intake, Scope};
use huiyin_sensing::quality::Quality;
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::simulate::{Script, Stage, simulate};
use huiyin_sensing::watch::{Parts, Watch};
use huiyin_web::app::{MoreMetrics, system_entropy};
use huiyin_web::stations::{StationDesk, StationParts};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
    doors: Vec<JoinHandle<()>>,
    simulated: Option<JoinHandle<()>>,
    /// Reads the queue of gateways until it is aborted.
    queue: Option<JoinHandle<()>>,
    watch: Watch,
    intake: Intake,
    clock: Arc<dyn Clock>,
}

/// What every door needs.
struct Frame<'a> {
    file: &'a Path,
    intake: &'a Intake,
    clock: &'a Arc<dyn Clock>,
    stop: &'a CancellationToken,
}

impl Stations {
    /// Opens the doors of a file and starts following. With a stage, stations that are not there speak through them.
    pub(super) async fn start(
        file: &Path,
        known: Option<Known>,
        stage: Option<Stage>,
        house: &House,
        engine: &Engine,
        clock: &Arc<dyn Clock>,
        nats: Option<&Arc<Nats>>,
    ) -> Result<Self, Failure> {
        let Known { registry, rules } =
            known.ok_or_else(|| format!("--doors {}: the district has no sensing/stations.yaml", file.display()))?;
        let text = std::fs::read_to_string(file).map_err(|error| format!("--doors {}: {error}", file.display()))?;
        let config =
            Config::read(&text, &registry).map_err(|problem| format!("--doors {}: {problem}", file.display()))?;
        let scope = Scope { district: house.code().to_owned(), timeline: REAL.to_owned() };
        let (intake, _) = Intake::start(engine.journal().clone(), scope.clone(), Arc::clone(&registry));
        let stale = TimeDelta::from_std(config.stale).unwrap_or(TimeDelta::MAX);
        intake.counts().expect(config.stations(), clock.now(), stale);
        let stop = CancellationToken::new();
        let frame = Frame { file, intake: &intake, clock, stop: &stop };
        let (mut doors, mut simulated) = (Vec::new(), None);
        if let Some(line) = config.hj212 {
            let speakers = Arc::new(config.speakers);
            let (address, door) = frame.hj212(line, Arc::clone(&speakers)).await?;
            doors.push(door);
            simulated = stage.map(|stage| frame.simulated(address, &registry, speakers, stage));
        }
        if let Some(http) = config.http {
            doors.push(frame.http(http).await?);
        }
        if let Some(mqtt) = config.mqtt {
            doors.push(frame.mqtt(mqtt));
        }
        let queue = config.nats.map(|queue| frame.queue(queue, nats)).transpose()?;
        let watch = Watch::start(Parts {
            engine: engine.clone(),
            clock: Arc::clone(clock),
            scope,
            registry,
            quality: Quality::default(),
            rules,
            holder: holder(),
            news: Arc::clone(intake.news()),
        });
        Ok(Self { stop, doors, simulated, queue, watch, intake, clock: Arc::clone(clock) })
    }

    /// What the doors count, for `/metrics`.
    pub(super) fn metrics(&self) -> MoreMetrics {
        let (counts, clock) = (Arc::clone(self.intake.counts()), Arc::clone(&self.clock));
        MoreMetrics(Arc::new(move || counts.text(clock.now())))
    }

    /// Takes no more; what was acknowledged is committed.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Some(queue) = self.queue {
            queue.abort();
        }
        for task in self.simulated.into_iter().chain(self.doors) {
            let _ = task.await;
        }
        self.watch.stop().await;
    }
}

impl Frame<'_> {
    async fn listener(&self, address: SocketAddr) -> Result<TcpListener, Failure> {
        let taken = TcpListener::bind(address).await;
        Ok(taken.map_err(|error| format!("--doors {}: cannot listen on {address}: {error}", self.file.display()))?)
    }

    async fn hj212(&self, line: Line, speakers: Arc<Speakers>) -> Result<(SocketAddr, JoinHandle<()>), Failure> {
        let listener = self.listener(line.listen).await?;
        let address = listener.local_addr()?;
        crate::say!("站点 stations: HJ 212, {address}");
        let (intake, clock) = (self.intake.clone(), Arc::clone(self.clock));
        let door = hj212::Door { intake, speakers, line, clock };
        Ok((address, tokio::spawn(door.serve(listener, self.stop.clone()))))
    }

    /// Stations that are not there, as the stage says.
    fn simulated(
        &self,
        address: SocketAddr,
        registry: &Arc<Registry>,
        speakers: Arc<Speakers>,
        stage: Stage,
    ) -> JoinHandle<()> {
        crate::say!("演示站点 simulated stations speak; a spill is started on the page of a station (console: 站点)");
        let script = Script { stage, every: EVERY, seed: SEED };
        let (registry, clock) = (Arc::clone(registry), Arc::clone(self.clock));
        tokio::spawn(simulate(address, registry, speakers, script, clock, self.stop.clone()))
    }

    async fn http(&self, http: huiyin_sensing::doors::Http) -> Result<JoinHandle<()>, Failure> {
        let listener = self.listener(http.listen).await?;
        crate::say!("站点 stations: http://{}{}", listener.local_addr()?, http::PATH);
        let (intake, clock) = (self.intake.clone(), Arc::clone(self.clock));
        let door = http::Door { intake, http: Arc::new(http), clock };
        Ok(tokio::spawn(door.serve(listener, self.stop.clone())))
    }

    fn mqtt(&self, mqtt: Mqtt) -> JoinHandle<()> {
        crate::say!("站点 stations: MQTT, {}:{}", mqtt.host, mqtt.port);
        let (intake, clock) = (self.intake.clone(), Arc::clone(self.clock));
        let door = mqtt::Door { intake, mqtt: Arc::new(mqtt), clock };
        let stop = self.stop.clone();
        tokio::spawn(async move {
            if let Err(error) = door.serve(stop).await {
                tracing::error!(%error, "the MQTT door of stations is not open");
            }
        })
    }

    fn queue(&self, queue: Queue, nats: Option<&Arc<Nats>>) -> Result<JoinHandle<()>, Failure> {
        let Some(nats) = nats else {
            let cure = "give --nats nats://HOST:4222, or take nats out of the file";
            return Err(format!("--doors {}: nats: no NATS is known: {cure}", self.file.display()).into());
        };
        crate::say!("站点 stations: NATS, {}", nats.station_address("*"));
        let (intake, clock) = (self.intake.clone(), Arc::clone(self.clock));
        Ok(nats.observations(Arc::new(queue::Door { intake, queue, clock })))
    }
}

/// A name for this process that no other has.
fn holder() -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&system_entropy()()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
