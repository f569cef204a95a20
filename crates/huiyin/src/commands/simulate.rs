//! `huiyin simulate`: petitions lived through on virtual time, and both rates by their definitions.

use std::process::ExitCode;
use std::time::Instant;

use chrono::{DateTime, FixedOffset, TimeZone as _};

use super::Failure;
use crate::cli::{Format, SimulateArgs};
use crate::house::House;
use crate::import::Petitions;
use crate::library::Library;
use crate::simulate::{Conditions, made_up, simulate};

/// Most petitions of one simulation.
const MOST: usize = 200_000;

pub(crate) fn run(args: &SimulateArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(live(args))
}

async fn live(args: &SimulateArgs) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let house = House::load(Library::find(args.workflows.as_deref())?, &args.district)?;
    let zone = house.zone()?;
    let (mut petitions, mut refused) = (Vec::new(), Vec::new());
    match &args.file {
        None => petitions = made_up(args.seed, zone)?,
        Some(file) => {
            let mut rows = Petitions::open(file, last_day(&house, zone)?)?;
            while let Some(row) = rows.next_row()? {
                match row {
                    Ok(petition) => petitions.push(petition),
                    Err(faults) => refused.extend(faults),
                }
                if petitions.len() > MOST {
                    return Err(
                        format!("{}: more than {MOST} petitions; simulate them in parts", file.display()).into()
                    );
                }
            }
        }
    }
    let conditions = Conditions { seed: args.seed, nobody_acts: args.nobody_acts };
    let report = simulate(petitions, refused, &house, conditions, args.keep.as_deref()).await?;
    match args.format {
        Format::Json => crate::say!("{}", serde_json::to_string(&report)?),
        Format::Text => crate::say_part!("{report}"),
    }
    eprintln!("took {:.1} s", began.elapsed().as_secs_f64());
    Ok(if report.sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The end of the last year whose calendar is published: virtual time goes no further.
fn last_day(house: &House, zone: FixedOffset) -> Result<DateTime<FixedOffset>, Failure> {
    let years = house.library.years()?;
    let last = years.iter().map(|year| year.year).max().ok_or("no calendar is published")?;
    Ok(zone.with_ymd_and_hms(last, 12, 31, 23, 59, 59).single().ok_or("no such day")?)
}
