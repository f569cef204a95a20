//! `huiyin backup`: an embedded store copied whole into a new folder while it is in use. The database comes first: what it
//! mentions (attachments) was there before, and what is beside it only grows.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::ExitCode;

use huiyin_engine::{Clock as _, SystemClock};

use super::Failure;
use crate::cli::StoreArgs;
use crate::house::open_existing;

pub(crate) fn run(folder: &Path, store: &StoreArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(backup(folder, store))
}

async fn backup(folder: &Path, store: &StoreArgs) -> Result<ExitCode, Failure> {
    let said = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Failure::from(format!("{path}: {error}"))
    };
    let journal = open_existing(store, SystemClock::default().now()).await?;
    fs::DirBuilder::new().mode(0o700).create(folder).map_err(said(folder))?;
    let database = folder.join("huiyin.db");
    journal.copy_to(&database).await?;
    fs::File::open(&database).and_then(|file| file.sync_all()).map_err(said(&database))?;
    let key = store.master_key_file.clone().unwrap_or_else(|| store.data.join("master.key"));
    fs::copy(&key, folder.join("master.key")).map_err(said(&key))?;
    for name in ["attachments", "roots"] {
        let from = store.data.join(name);
        if from.is_dir() {
            copy(&from, &folder.join(name)).map_err(said(&from))?;
        }
    }
    crate::say!("{}: copied; check it with `huiyin verify --data {}`", folder.display(), folder.display());
    crate::say!("it holds the master key: whoever has it can read everything");
    Ok(ExitCode::SUCCESS)
}

/// Copies a folder; files that are still being written are left out.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.path().extension().is_none_or(|ending| ending != "part") {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
