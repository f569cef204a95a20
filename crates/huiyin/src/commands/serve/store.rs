//! The store of a running service: opened by one process where only one may have it, and never a demonstration's and a
//! real one at the same time.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use huiyin_journal::Journal;

use crate::cli::ServeArgs;
use crate::commands::Failure;
use crate::house::open_store;

/// Setting that says what a store is for.
const PURPOSE: &str = "store.purpose";

/// Opens the store. What comes with it keeps other processes out as long as it lives.
pub(super) async fn open(args: &ServeArgs, now: DateTime<Utc>) -> Result<(Journal, Option<File>), Failure> {
    let lock = lock(args)?;
    let journal = open_store(&args.store, now).await?;
    purpose(args, &journal).await?;
    Ok((journal, lock))
}

/// An embedded database belongs to one service: a second one would not hear what the first commits.
fn lock(args: &ServeArgs) -> Result<Option<File>, Failure> {
    let database = args.store.database.as_deref().unwrap_or("sqlite:");
    let Some(path) = database.strip_prefix("sqlite:") else { return Ok(None) };
    let database = match path {
        "" => args.store.data.join("huiyin.db"),
        path => PathBuf::from(path.trim_start_matches("//")),
    };
    // One database has one lock, whatever path leads to it.
    let path = canonical(&database).with_extension("lock");
    let refused = |error: std::io::Error| {
        format!("{}: {error}. give a folder that this user may write to with --data", path.display())
    };
    if let Some(folder) = path.parent() {
        own_folder(folder).map_err(refused)?;
    }
    let file = File::create(&path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(format!(
            "{}: another huiyin serves this store. stop it, give another --data, or use PostgreSQL (--database), which \
             many processes can share",
            path.display()
        )
        .into()),
        Err(TryLockError::Error(error)) => Err(refused(error).into()),
    }
}

/// Makes a folder that only its owner may look into.
fn own_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The path of a database that may not be there yet, without links and detours.
fn canonical(database: &Path) -> PathBuf {
    if let Ok(path) = database.canonicalize() {
        return path;
    }
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The folder is made by whoever opens the store; here first, so that its path is known.
    let folder = own_folder(folder).and_then(|()| folder.canonicalize()).unwrap_or(folder.to_owned());
    database.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}

/// The cases, accounts and moved clock of a demonstration must not become the record, nor real cases a demonstration.
async fn purpose(args: &ServeArgs, journal: &Journal) -> Result<(), Failure> {
    let wanted = if args.demo_clock { "demonstration" } else { "service" };
    match journal.setting(PURPOSE).await?.as_deref() {
        Some(known) if known == wanted => Ok(()),
        Some("demonstration") => {
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
