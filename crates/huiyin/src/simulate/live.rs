//! Living through one cohort: the engine driven by hand on virtual time, the notifier beside it, the acts of the office in
//! their order. Nothing sleeps and nothing is durable; the store goes with the folder, unless it is to be kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_bus::InProcess;
use huiyin_directory::Directory;
use huiyin_engine::{Answer, Clock, Command, Config, Driver, ManualClock, REAL, Target};
use huiyin_journal::{Journal, OpenOptions};
use huiyin_notify::notifier::Seams;
use huiyin_notify::templates::Templates;
use huiyin_notify::{Notifier, NotifyConfig};
use uuid::Uuid;

use super::Cohort;
use super::measure::{Findings, RefusedAct, look};
use super::plan::Act;
use crate::commands::Failure;
use crate::commands::serve::store::{DEMONSTRATION, PURPOSE};
use crate::house::House;

/// Namespace of command ids.
const ACTS: Uuid = Uuid::from_u128(0x8e15_7f02_3c4d_5aa6_b1c9_0d84_f7e2_6b3a);
/// Invariants are looked at so often.
const LOOKS: TimeDelta = TimeDelta::days(30);

/// One cohort under way.
struct Life<'a> {
    house: &'a House,
    driver: Driver,
    notifier: Notifier,
    seams: Seams,
    /// Petition → its case.
    cases: HashMap<u64, Uuid>,
    seed: u64,
    /// The next round of mails, once something happened since the last.
    mails_at: Option<DateTime<Utc>>,
    findings: Findings,
}

/// See the module.
pub(super) async fn live(house: &House, cohort: Cohort, keep: Option<&Path>) -> Result<Findings, Failure> {
    let begins = cohort.plans.iter().map(super::plan::Plan::begins).min().unwrap_or(cohort.until);
    let folder = tempfile::tempdir()?;
    let journal = match keep {
        Some(kept) => kept_store(kept, begins).await?,
        None => store(folder.path(), cohort.seed, begins).await?,
    };
    let mut life = Life::begin(house, journal, cohort.seed, begins).await?;
    let lines = cohort.plans.iter().map(|plan| (plan.n, plan.line)).collect::<HashMap<_, _>>();
    let mut acts: Vec<(u64, usize, Act)> = Vec::new();
    for plan in cohort.plans {
        acts.extend(plan.acts.into_iter().enumerate().map(|(k, act)| (plan.n, k, act)));
    }
    acts.sort_by_key(|(n, k, act)| (act.at, *n, *k));
    life.through(acts, cohort.until).await?;
    life.end(&lines, cohort.until).await
}

async fn store(folder: &std::path::Path, seed: u64, now: DateTime<Utc>) -> Result<Journal, Failure> {
    let url = format!("sqlite:{}", folder.join("simulation.db").display());
    let options = OpenOptions { seed: Some(seed), durable: false, ..OpenOptions::new(url, folder, now) };
    Ok(options.open().await?)
}

/// A store that stays and can be opened by the other subcommands. Its keys are its own: a seed would have to be known to
/// read it again.
async fn kept_store(folder: &Path, now: DateTime<Utc>) -> Result<Journal, Failure> {
    if folder.join("huiyin.db").exists() {
        let folder = folder.display();
        return Err(format!("{folder}: there is a store already; give a new folder with --keep").into());
    }
    let url = format!("sqlite:{}", folder.join("huiyin.db").display());
    let journal = OpenOptions { durable: false, ..OpenOptions::new(url, folder, now) }.open().await?;
    journal.set_setting(PURPOSE, DEMONSTRATION).await?;
    Ok(journal)
}

impl<'a> Life<'a> {
    async fn begin(house: &'a House, journal: Journal, seed: u64, begins: DateTime<Utc>) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::new(begins));
        let config = Config { seed: Some(seed), ..Config::default() };
        let (registry, bus) = (Arc::clone(&house.registry), Arc::new(InProcess::default()));
        let driver = Driver::open(journal.clone(), registry, Arc::clone(&clock), bus, config).await?;
        let directory = Arc::clone(&house.directory);
        let current: Arc<dyn Fn() -> Arc<Directory> + Send + Sync> = Arc::new(move || Arc::clone(&directory));
        let seams = Seams::of_house(&journal, &house.registry, current, clock as Arc<dyn Clock>);
        let templates = Templates::load(house.files("templates")?)?;
        let notifier = Notifier::new(NotifyConfig::default(), templates, journal.deliveries(), seams.clone())?;
        let findings = Findings::default();
        Ok(Self { house, driver, notifier, seams, cases: HashMap::new(), seed, mails_at: None, findings })
    }

    /// Everything in its order: timers, acts, mails.
    async fn through(&mut self, acts: Vec<(u64, usize, Act)>, until: DateTime<Utc>) -> Result<(), Failure> {
        let mut acts = acts.into_iter().peekable();
        let mut look_at = self.driver.now() + LOOKS;
        loop {
            let act = acts.peek().map(|(.., act)| act.at);
            let timer = self.driver.journal().next_due(self.house.code(), REAL).await?;
            let Some(next) = [act, timer, self.mails_at].into_iter().flatten().min().filter(|at| *at <= until) else {
                break;
            };
            self.findings.timers += self.driver.run_until(next).await?;
            let mut now = Vec::new();
            while let Some(act) = acts.next_if(|(.., act)| act.at <= next) {
                now.push(act);
            }
            self.act(now).await?;
            self.mail().await?;
            if self.driver.now() >= look_at {
                self.look().await?;
                look_at = self.driver.now() + LOOKS;
            }
        }
        self.driver.run_until(until).await?;
        Ok(())
    }

    async fn act(&mut self, acts: Vec<(u64, usize, Act)>) -> Result<(), Failure> {
        let mut sent = Vec::with_capacity(acts.len());
        let mut commands = Vec::with_capacity(acts.len());
        for (n, k, act) in acts {
            let target = match (act.event, self.cases.get(&n)) {
                ("case.opened", _) => Target::Open { workflow: "petition".into(), data: act.data, parent: None },
                (event, Some(case)) => Target::Event { case: *case, event: event.into(), data: act.data },
                // Its opening was refused, which is told already.
                (_, None) => continue,
            };
            let id = Uuid::new_v5(&ACTS, format!("{}/{n}/{k}", self.seed).as_bytes());
            let (district, timeline) = (self.house.code().to_owned(), REAL.to_owned());
            commands.push(Command { id, district, timeline, target, actor: act.actor });
            sent.push((n, act.event));
        }
        for ((n, event), answer) in sent.into_iter().zip(self.driver.submit_all(commands).await) {
            match answer? {
                Answer::Accepted(accepted) if event == "case.opened" => {
                    self.cases.insert(n, accepted.case);
                }
                Answer::Accepted(_) => {}
                Answer::Refused(refused) => {
                    let refused = RefusedAct { petition: n + 1, event, problem: refused.message.en };
                    self.findings.refused_acts.push(refused);
                }
                Answer::Conflict => return Err(format!("command {event} of petition {n} came twice").into()),
            }
            self.findings.acts += 1;
        }
        Ok(())
    }

    /// A round of mails at the first opening of the office after something happened.
    async fn mail(&mut self) -> Result<(), Failure> {
        let now = self.driver.now();
        if self.mails_at.is_some_and(|at| at <= now) {
            self.notifier.tick().await?;
            let wake = self.driver.journal().deliveries().next_wake().await?;
            self.mails_at = wake.map(|wake| wake.max(now + TimeDelta::minutes(1)));
        } else if self.mails_at.is_none() {
            self.mails_at = Some(self.seams.hours.next_opening(now).max(now + TimeDelta::minutes(1)));
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let without_timer = self.driver.self_check().await?;
        self.findings.invariants.clocks_without_timer += without_timer as u64;
        let overdue = self.driver.metrics().await?.timers_overdue;
        self.findings.invariants.timers_left_behind += overdue;
        Ok(())
    }

    async fn end(mut self, lines: &HashMap<u64, u64>, until: DateTime<Utc>) -> Result<Findings, Failure> {
        self.notifier.tick().await?;
        self.look().await?;
        self.findings.until = Some(until);
        let lines = self.cases.iter().filter_map(|(n, case)| Some((*case, *lines.get(n)?))).collect();
        let journal = self.driver.journal().clone();
        look(&journal, self.house, &lines, &mut self.findings).await?;
        journal.close().await;
        Ok(self.findings)
    }
}
