//! Petitions lived through on virtual time, on a store that is thrown away: the same engine, workflow, clocks, ladders
//! and mail rules as in `huiyin serve`, with an office that acts by a plan ([`plan`]), or not at all. What is printed is
//! measured from the cases as they stand at the end ([`measure`]), with the rates that the console shows.

mod live;
mod made_up;
mod measure;
mod plan;
mod report;

use std::path::Path;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};

use self::live::live;
use self::measure::Findings;
use crate::commands::Failure;
use crate::house::House;
use crate::import::petition::{Fault, Petition};

pub(crate) use self::made_up::made_up;
pub(crate) use self::report::Report;

/// With nobody acting, each matter is followed for so long after the month of its receipt: past the last rung of its
/// reply ladder and into the repetitions. Without an end the repetitions alone would be millions.
const FOLLOWED: TimeDelta = TimeDelta::days(80);
/// After the last act of the office, so long for what comes by itself: the aftercare of a closed petition.
const AFTER: TimeDelta = TimeDelta::days(45);

/// How to live through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    /// Decides every delay.
    pub(crate) seed: u64,
    /// Nobody in the office does anything.
    pub(crate) nobody_acts: bool,
}

/// Petitions that begin together, and until when they are followed.
pub(crate) struct Cohort {
    pub(crate) seed: u64,
    /// Each with its acts.
    pub(crate) plans: Vec<plan::Plan>,
    pub(crate) until: DateTime<Utc>,
}

/// Lives through the petitions. `refused`: rows of the file that could not be read, for the report. `keep`: a new folder in
/// which the store stays, for a simulation in which people act: there is one store then.
pub(crate) async fn simulate(
    petitions: Vec<Petition>,
    refused: Vec<Fault>,
    house: &House,
    conditions: Conditions,
    keep: Option<&Path>,
) -> Result<Report, Failure> {
    let calendar = house.registry.district(house.code()).ok_or("the district is not set up")?.calendar;
    let office = plan::Office { directory: &house.directory, calendar: &calendar, conditions };
    let plans = petitions.into_iter().zip(0u64..).map(|(petition, n)| office.plan(petition, n)).collect();
    let mut findings = Findings::default();
    let cohorts = cohorts(plans, conditions);
    let n = cohorts.len();
    for (done, cohort) in cohorts.into_iter().enumerate() {
        if n > 1 {
            eprintln!(
                "month {} of {n}: {} petitions followed until {} …",
                done + 1,
                cohort.plans.len(),
                cohort.until.date_naive()
            );
        }
        findings.add(live(house, cohort, keep).await?);
    }
    Ok(Report::of(findings, refused, conditions, house.zone()?))
}

/// One for all; with nobody acting one for each month, as each is followed for a while only.
fn cohorts(mut plans: Vec<plan::Plan>, conditions: Conditions) -> Vec<Cohort> {
    plans.sort_by_key(plan::Plan::begins);
    let seed = conditions.seed;
    if !conditions.nobody_acts {
        let last = plans.iter().map(plan::Plan::ends).max();
        return last.map(|last| Cohort { seed, plans, until: last + AFTER }).into_iter().collect();
    }
    let month = |plan: &plan::Plan| (plan.begins().year(), plan.begins().month());
    let mut cohorts: Vec<Cohort> = Vec::new();
    for plan in plans {
        let until = plan.begins() + FOLLOWED;
        match cohorts.last_mut() {
            Some(cohort) if cohort.plans.last().is_some_and(|last| month(last) == month(&plan)) => {
                cohort.plans.push(plan);
                cohort.until = until;
            }
            _ => cohorts.push(Cohort { seed: seed + cohorts.len() as u64, plans: vec![plan], until }),
        }
    }
    cohorts
}
