//! `huiyin adopt`: a new year of the calendar for the cases that are open. It is kept in the store, so that whoever
//! serves it next counts with it too; every open case says in its journal that it adopted it.

use std::process::ExitCode;

use huiyin_engine::REAL;

use super::Failure;
use super::preview::{show, with_year};
use crate::cli::{AdoptArgs, AdoptWhat, CalendarArgs, Format, Lang};
use crate::lock::lock;
use crate::store::Store;

pub(crate) fn run(args: &AdoptArgs) -> Result<ExitCode, Failure> {
    let AdoptWhat::Calendar(args) = &args.what;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(calendar(args))
}

async fn calendar(args: &CalendarArgs) -> Result<ExitCode, Failure> {
    let _lock = lock(&args.store)?;
    let store = Store::open(&args.store).await?;
    let (year, moved) = with_year(&store, &args.file).await?;
    store.house.keep_adopted(&store.journal, &year).await?;
    store.house.use_adopted(&store.journal).await?;
    let engine = store.engine().await?;
    let adopted = engine.adopt_calendar_of(store.house.code(), REAL).await;
    engine.stop().await;
    let adopted = adopted?;
    show(&store, &moved, false, args.answer)?;
    if args.answer.format == Format::Text {
        match args.answer.lang {
            Lang::Zh => crate::say!("{} 年日历已采用，记入 {adopted} 件在办案件", year.year),
            Lang::En => crate::say!("the calendar of {} is adopted and journalled in {adopted} open cases", year.year),
        }
    }
    Ok(ExitCode::SUCCESS)
}
