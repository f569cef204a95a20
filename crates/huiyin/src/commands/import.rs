//! `huiyin import`: historic files into the journal.

use std::process::ExitCode;

use huiyin_engine::{Clock as _, SystemClock};

use super::Failure;
use crate::cli::{Format, ImportArgs, ImportWhat};
use crate::house::{House, open_store};
use crate::import::{Petitions, Report, load};
use crate::library::Library;
use crate::plans::Plans;

pub(crate) fn run(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(import(args))
}

async fn import(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let ImportWhat::Petitions { file, format, store } = &args.what;
    let plans = Plans::read(Library::find(store.workflows.as_deref())?, &store.district)?;
    let now = SystemClock::default().now();
    let mut petitions = Petitions::open(file, now.with_timezone(&plans.zone()?))?;
    let journal = open_store(store, now).await?;
    let house = House::built(plans, &journal).await?;
    let told = |report: &Report| eprintln!("{} rows …", report.rows());
    let report = load(&mut petitions, &house, journal, &told).await?;
    match format {
        Format::Json => crate::say!("{}", serde_json::to_string(&report)?),
        Format::Text => crate::say!("{}", report.words(&file.display().to_string())),
    }
    Ok(if report.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
