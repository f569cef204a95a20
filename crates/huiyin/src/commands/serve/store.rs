//! The store of a running service: opened by one process where only one may have it, and never a demonstration's and a
//! real one at the same time.

use std::fs::File;

use chrono::{DateTime, Utc};
use huiyin_journal::Journal;

use crate::cli::ServeArgs;
use crate::commands::Failure;
use crate::house::open_store;
use crate::lock::lock;

/// Setting that says what a store is for.
pub(crate) const PURPOSE: &str = "store.purpose";
/// A store whose clock was moved and whose cases are examples.
pub(crate) const DEMONSTRATION: &str = "demonstration";

/// Opens the store. What comes with it keeps other processes out as long as it lives.
pub(super) async fn open(args: &ServeArgs, now: DateTime<Utc>) -> Result<(Journal, Option<File>), Failure> {
    let lock = lock(&args.store)?;
    let journal = open_store(&args.store, now).await?;
    purpose(args, &journal).await?;
    Ok((journal, lock))
}

/// The cases, accounts and moved clock of a demonstration must not become the record, nor real cases a demonstration.
async fn purpose(args: &ServeArgs, journal: &Journal) -> Result<(), Failure> {
    let wanted = if args.demo_clock { DEMONSTRATION } else { "service" };
    match journal.setting(PURPOSE).await?.as_deref() {
        Some(known) if known == wanted => Ok(()),
        Some(DEMONSTRATION) => {
            Err("this store is a demonstration: its clock was moved and its accounts are examples. start it with \
                 --demo-clock, or give another --data (or --database) for the real service"
                .into())
        }
        Some(_) => Err(
            "this store is a real service: a demonstration would move its clock. start it without --demo-clock, or \
                 give another --data (or --database) for the demonstration"
                .into(),
        ),
        None => Ok(journal.set_setting(PURPOSE, wanted).await?),
    }
}
