//! `huiyin report`: both rates of a period, by unit, channel and category, and every promise that was broken, from the
//! journal alone. Reads a store; changes nothing in it.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use huiyin_assurance::report::Maker;
use huiyin_assurance::{Asked, Ledger, Scope, Stretch};
use huiyin_engine::{Clock as _, REAL, SystemClock};
use huiyin_journal::Journal;

use super::Failure;
use crate::cli::{ReportArgs, ReportFormat};
use crate::house::{House, open_store};
use crate::library::Library;
use crate::plans::Plans;
use crate::report::{csv, text, xlsx};

pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(report(args))
}

async fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    if args.format == ReportFormat::Xlsx && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err("a workbook is no text for a terminal; expected --out FILE.xlsx".into());
    }
    let plans = Plans::read(Library::find(args.store.workflows.as_deref())?, &args.store.district)?;
    let system = SystemClock::default().now();
    // A period that cannot be meant is refused before a store is opened, let alone made.
    let asked = asked(args)?;
    Stretch::read(asked, &plans.calendar()?, system)?;
    let journal = open_store(&args.store, system).await?;
    let house = House::built(plans, &journal).await?;
    let calendar = house.registry.district(house.code()).ok_or("the district is not set up")?.calendar;
    let now = shown(&journal, system).await?;
    let stretch = Stretch::read(asked, &calendar, now)?;
    let mut ledger = Ledger::new(Scope { district: house.code().to_owned(), timeline: REAL.to_owned() });
    ledger.look(&journal, &house.registry, now).await?;
    for (case, why) in ledger.unreadable().iter().take(20) {
        eprintln!("left out: case {case}: {why}");
    }
    let maker = Maker { journal: &journal, registry: &house.registry, directory: &house.directory };
    let report = maker.report(&ledger, &stretch, now).await?;
    let zone = house.zone()?;
    let bytes = match args.format {
        ReportFormat::Text => text(&report, zone).into_bytes(),
        ReportFormat::Json => serde_json::to_vec_pretty(&report)?,
        ReportFormat::Csv => csv(&report, zone)?,
        ReportFormat::Xlsx => xlsx(&report, zone)?,
    };
    match &args.out {
        Some(file) => std::fs::write(file, bytes).map_err(|error| {
            format!("{}: {error}. give a file that this user may write to with --out", file.display())
        })?,
        None => std::io::stdout().write_all(&bytes)?,
    }
    Ok(if report.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The moment of counting: what the clock of a demonstration shows on its store.
async fn shown(journal: &Journal, system: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let offset = journal.setting("clock.demo_offset").await?;
    let ahead = offset.and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    Ok(system + chrono::TimeDelta::microseconds(ahead))
}

fn asked(args: &ReportArgs) -> Result<Asked<'_>, Failure> {
    let ReportArgs { from, to, month, quarter, year, .. } = args;
    Ok(match (from, to, month, quarter, year) {
        (Some(from), Some(to), None, None, None) => Asked::Days { from, to },
        (None, None, Some(month), None, None) => Asked::Month(month),
        (None, None, None, Some(quarter), None) => Asked::Quarter(quarter),
        (None, None, None, None, Some(year)) => Asked::Year(year),
        _ => {
            return Err("which period? expected one of --from DAY --to DAY, --month YYYY-MM, --quarter YYYY-Qn, \
                        --year YYYY"
                .into());
        }
    })
}
