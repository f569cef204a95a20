//! Other processes of the service: which roles this one leaves to them, and how they find each other. With no NATS
//! everything is in this process.

use std::future::Future;
use std::sync::Arc;

use huiyin_bus::{Answers, Bus, InProcess, Later, Nats, NatsConfig, Offered};
use huiyin_engine::{Clock, Config, DRILL, Doors, Engine, REAL, Registry};
use huiyin_journal::Journal;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::cli::{Role, ServeArgs};
use crate::commands::Failure;

/// See the module.
pub(super) struct Net {
    bus: Arc<dyn Bus>,
    nats: Option<Arc<Nats>>,
    district: String,
    /// `real`, or that of the exercises: they have addresses, streams and engines of their own.
    timeline: &'static str,
    offered: Vec<Offered>,
    /// Takes what machines left in their queue.
    taking: Option<JoinHandle<()>>,
}

/// Whether the roles that this process leaves out can be done by others at all.
pub(super) fn agreed(args: &ServeArgs) -> Result<(), Failure> {
    let left: Vec<String> =
        Role::ALL.iter().filter(|role| !args.roles.contains(role)).map(ToString::to_string).collect();
    if left.is_empty() {
        return Ok(());
    }
    let left = left.join(", ");
    if args.nats.servers.is_none() {
        return Err(format!(
            "--roles leaves {left} to other processes, which are found over NATS: give --nats nats://HOST:4222, or leave \
             --roles out to do everything here"
        )
        .into());
    }
    if !args.store.database.as_deref().is_some_and(|url| url.starts_with("postgres")) {
        return Err(format!(
            "--roles leaves {left} to other processes, and an SQLite file belongs to one: give --database postgres://…, or \
             leave --roles out to do everything here"
        )
        .into());
    }
    Ok(())
}

impl Net {
    /// Of the real office.
    pub(super) async fn connect(args: &ServeArgs, district: &str) -> Result<Self, Failure> {
        let config = args.nats.servers.as_deref().map(|servers| config(args, servers, district));
        Self::over(config, district, REAL).await
    }

    /// Of the exercises; none where neither this process nor another one could carry out what is done in them.
    pub(super) async fn of_exercises(args: &ServeArgs, district: &str) -> Result<Option<Self>, Failure> {
        let has = |role| args.roles.contains(&role);
        // An account that is only for the real office may not speak for exercises.
        let may = args.nats.credentials.is_none() || args.nats.drill_credentials.is_some();
        let config = match args.nats.servers.as_deref() {
            Some(servers) if may => {
                let credentials = args.nats.drill_credentials.clone();
                Some(NatsConfig { drill: true, credentials, ..config(args, servers, district) })
            }
            _ if has(Role::Web) && has(Role::Engine) => None,
            _ => {
                tracing::info!("no exercises here: other processes have a part in them; give --nats-drill-credentials");
                return Ok(None);
            }
        };
        Self::over(config, district, DRILL).await.map(Some)
    }

    async fn over(config: Option<NatsConfig>, district: &str, timeline: &'static str) -> Result<Self, Failure> {
        let nats = match config {
            None => None,
            Some(config) => Some(Arc::new(Nats::connect(config).await?)),
        };
        let bus: Arc<dyn Bus> = match &nats {
            Some(nats) => Arc::<Nats>::clone(nats),
            None => Arc::new(InProcess::default()),
        };
        Ok(Self { bus, nats, district: district.to_owned(), timeline, offered: Vec::new(), taking: None })
    }

    /// The engine of this process, or how it sees the engines of others.
    pub(super) async fn engine(
        &self,
        args: &ServeArgs,
        journal: Journal,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
    ) -> Result<Engine, Failure> {
        let bus = Arc::clone(&self.bus);
        Ok(match &self.nats {
            Some(nats) if !args.roles.contains(&Role::Engine) => {
                Engine::elsewhere(journal, registry, clock, bus, Arc::<Nats>::clone(nats)).await?
            }
            _ => {
                let config = Config { timelines: vec![self.timeline.to_owned()], ..Config::default() };
                Engine::start(journal, registry, clock, bus, config).await?
            }
        })
    }

    /// Opens the doors for other processes, and tells who asks what runs here. Of exercises only the engine is offered, to
    /// people: no machine takes part.
    pub(super) async fn offer(&mut self, roles: &[Role], engine: &Engine) -> Result<(), Failure> {
        let Some(nats) = &self.nats else { return Ok(()) };
        for role in roles {
            let (name, about) = (self.named(*role), format!("回音 {role}, {}", self.district));
            let offered = match role {
                Role::Engine => {
                    let doors = Arc::new(Doors::new(engine.clone()));
                    if self.timeline == REAL {
                        self.taking = Some(nats.work(Arc::<Doors>::clone(&doors)));
                    }
                    nats.offer(&name, &about, &Doors::of_people(&self.district, self.timeline), "engine", doors).await?
                }
                _ if self.timeline == DRILL => continue,
                role => {
                    let address = format!("huiyin.{}.live.role.{role}", self.district);
                    let status = Status { role: *role, district: self.district.clone(), engine: engine.clone() };
                    nats.offer(&name, &about, &address, &role.to_string(), Arc::new(status)).await?
                }
            };
            self.offered.push(offered);
        }
        Ok(())
    }

    /// Its name in `nats micro ls`. On a server without accounts exercises stand beside the real office.
    fn named(&self, role: Role) -> String {
        if self.timeline == DRILL { format!("huiyin-{role}-drill") } else { format!("huiyin-{role}") }
    }

    /// NATS, where there are other processes.
    pub(super) fn nats(&self) -> Option<&Arc<Nats>> {
        self.nats.as_ref()
    }

    /// Takes no more work from others; what is under way ends.
    pub(super) fn withdraw(self) -> impl Future<Output = ()> {
        if let Some(taking) = &self.taking {
            taking.abort();
        }
        async move {
            for offered in self.offered {
                offered.withdraw().await;
            }
        }
    }
}

fn config(args: &ServeArgs, servers: &str, district: &str) -> NatsConfig {
    let mut config = NatsConfig::new(servers, district);
    config.credentials.clone_from(&args.nats.credentials);
    config.authorities.clone_from(&args.nats.authorities);
    config.replicas = usize::from(args.nats.replicas);
    config.publishes = args.roles.contains(&Role::Engine);
    config
}

/// Says what a role that answers no questions of its own does, and whether it is well.
struct Status {
    role: Role,
    district: String,
    engine: Engine,
}

impl Answers for Status {
    fn answer(&self, _address: String, _question: Vec<u8>) -> Later<'_, Vec<u8>> {
        Box::pin(async move {
            let (role, version) = (self.role.to_string(), env!("CARGO_PKG_VERSION"));
            let told =
                json!({"role": role, "district": self.district, "version": version, "alive": self.engine.is_alive()});
            told.to_string().into_bytes()
        })
    }
}
