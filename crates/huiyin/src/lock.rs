//! An embedded database belongs to one process at a time: a second one would not hear what the first commits.

use std::fs::{File, TryLockError};

use crate::cli::StoreArgs;
use crate::commands::Failure;

/// Keeps other processes out as long as what it returns lives. A database server needs no such lock.
pub(crate) fn lock(args: &StoreArgs) -> Result<Option<File>, Failure> {
    let database = args.database.as_deref().unwrap_or("sqlite:");
    let Some(path) = database.strip_prefix("sqlite:") else { return Ok(None) };
    let path = if path.is_empty() {
        args.data.join("huiyin.lock")
    } else {
        format!("{}.lock", path.trim_start_matches("//")).into()
    };
    let refused = |error: std::io::Error| {
        format!("{}: {error}. give a folder that this user may write to with --data", path.display())
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(refused)?;
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
