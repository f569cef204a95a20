//! An embedded database belongs to one process at a time: a second one would not hear what the first commits.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::cli::StoreArgs;
use crate::commands::Failure;

/// Keeps other processes out as long as what it returns lives. A database server needs no such lock.
pub(crate) fn lock(args: &StoreArgs) -> Result<Option<File>, Failure> {
    let database = args.database.as_deref().unwrap_or("sqlite:");
    let Some(path) = database.strip_prefix("sqlite:") else { return Ok(None) };
    let database = match path {
        "" => args.data.join("huiyin.db"),
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
