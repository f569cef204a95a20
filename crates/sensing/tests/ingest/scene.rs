//! A house with stations: the district's registry and rules, a real store and engine, a clock that the test moves.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use huiyin_bus::InProcess;
use huiyin_calendar::YearFile;
use huiyin_chart::Directory;
use huiyin_engine::{CalendarSource, Clock, Config, DirectorySource, Engine, ManualClock, REAL, Registry as Workflows};
use huiyin_journal::{Journal, OpenOptions};
use huiyin_sensing::ingest::{Intake, Scope};
use huiyin_sensing::observation::{Flag, Kind, Observation, Source};
use huiyin_sensing::quality::Quality;
use huiyin_sensing::registry::Registry;
use huiyin_sensing::rules::Rules;
use huiyin_sensing::watch::Parts;
use tempfile::TempDir;

pub(crate) const DISTRICT: &str = "500110";

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows").join(path)).ok()
}

/// Every unit is the bureau's own.
struct Units;

impl Directory for Units {
    fn version(&self) -> &str {
        "units"
    }
    fn duty_desk(&self) -> String {
        "duty-desk".into()
    }
    fn unit_exists(&self, _: &str) -> bool {
        true
    }
    fn role_exists(&self, _: &str) -> bool {
        true
    }
    fn route(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn relation(&self, _: &str) -> Option<String> {
        Some("internal".into())
    }
}

/// Minutes after Monday, 23 November 2026, 09:00 local time.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// Fails once, at the next reach of a point, or from now on.
#[derive(Default)]
pub(crate) struct Trap(Mutex<Option<&'static str>>, pub(crate) AtomicUsize, AtomicBool);

impl Trap {
    pub(crate) fn set(&self, point: &'static str) {
        *self.0.lock().unwrap() = Some(point);
    }

    /// Fails at a point until it is let go.
    pub(crate) fn hold(&self, point: &'static str) {
        self.2.store(true, Ordering::SeqCst);
        self.set(point);
    }

    pub(crate) fn let_go(&self) {
        self.2.store(false, Ordering::SeqCst);
        *self.0.lock().unwrap() = None;
    }

    fn springs(&self, point: &'static str) -> bool {
        let mut armed = self.0.lock().unwrap();
        let springs = *armed == Some(point);
        if springs {
            if !self.2.load(Ordering::SeqCst) {
                *armed = None;
            }
            self.1.fetch_add(1, Ordering::SeqCst);
        }
        springs
    }
}

pub(crate) struct Scene {
    pub(crate) parts: Parts,
    pub(crate) intake: Intake,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) trap: Arc<Trap>,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (trap, clock) = (Arc::new(Trap::default()), Arc::new(ManualClock::new(at(0))));
        let folder_of = "districts/qijiang/sensing";
        let registry = Arc::new(Registry::load(folder_of, &read).unwrap_or_else(|problems| panic!("{problems}")));
        let rules = read(&format!("{folder_of}/rules.yaml")).unwrap();
        let rules = Rules::load("rules.yaml", &rules, Some(Arc::clone(&registry))).unwrap();
        let (parts, intake) = house(&folder, &trap, clock.clone(), registry, rules).await;
        Self { parts, intake, clock, trap, _folder: folder }
    }

    pub(crate) fn journal(&self) -> &Journal {
        self.parts.engine.journal()
    }

    pub(crate) async fn incidents(&self) -> u64 {
        self.journal().cases_in(DISTRICT, REAL).await.unwrap()
    }

    /// Fluoride at the gas station of the aluminium park, once a minute from `from` to before `until`.
    pub(crate) async fn fluoride(&self, from: i64, until: i64, value: f64) {
        for minute in from..until {
            self.clock.advance_to(at(minute));
            let (new, refused) = self.intake.keep(&[reading(minute, value)]).await.unwrap();
            assert_eq!((new, refused), (1, vec![]), "minute {minute}");
        }
    }
}

/// One reading of fluoride. Its last digit moves, so that the line is not flat.
pub(crate) fn reading(minute: i64, value: f64) -> Observation {
    let wobble = f64::from(i32::try_from(minute % 7).unwrap()) / 10.0;
    Observation {
        station: "G1".into(),
        pollutant: "a21018".into(),
        kind: Kind::Real,
        value: value + wobble,
        unit: "µg/m³".into(),
        flag: Flag::N,
        observed_at: at(minute),
        received_at: at(minute),
        source: Source::Http,
    }
}

/// A store in a folder, an engine on it, and the way in.
pub(crate) async fn house(
    folder: &TempDir,
    trap: &Arc<Trap>,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    rules: Rules,
) -> (Parts, Intake) {
    let journal = store(folder, trap).await;
    let bus = Arc::new(InProcess::default());
    let config = Config { seed: Some(11), ..Config::default() };
    let engine = Engine::start(journal.clone(), workflows(), Arc::clone(&clock), bus, config).await.unwrap();
    let scope = Scope { district: DISTRICT.into(), timeline: REAL.into() };
    let (intake, _) = Intake::start(journal, scope.clone(), Arc::clone(&registry));
    let (quality, rules, news) = (Quality::default(), Arc::new(rules), Arc::clone(intake.news()));
    let holder = uuid::Uuid::from_u128(1);
    (Parts { engine, clock, scope, registry, quality, rules, holder, news }, intake)
}

async fn store(folder: &TempDir, trap: &Arc<Trap>) -> Journal {
    let url = format!("sqlite:{}", folder.path().join("huiyin.db").display());
    let mut options = OpenOptions::new(&url, folder.path(), at(0));
    options.seed = Some(7);
    let trap = Arc::clone(trap);
    options.fault = Some(Box::new(move |point| trap.springs(point)));
    options.open().await.unwrap()
}

fn workflows() -> Arc<Workflows> {
    let registry = Workflows::new(|_| Ok(Arc::new(Units) as Arc<dyn Directory>));
    for name in ["incident", "incident-task", "petition"] {
        let file = format!("{name}.yaml");
        let definition =
            huiyin_chart::load(&file, &read(&file).unwrap(), &read).unwrap_or_else(|problems| panic!("{problems}"));
        registry.add_definition(Arc::new(definition)).unwrap();
    }
    let year = YearFile::parse("2026.json", &read("calendars/2026.json").unwrap()).unwrap();
    let calendar =
        CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years: vec![year] };
    registry.set_district(DISTRICT, &DirectorySource::new(), &calendar).unwrap();
    Arc::new(registry)
}
