//! `huiyin quarantine`: what was set aside because it could not be carried out, shown and taken up again.

use std::process::ExitCode;

use huiyin_engine::{Clock as _, SystemClock};

use super::Failure;
use crate::cli::QuarantineWhat;
use crate::house::open_existing;

/// Rows shown at most.
const MOST: u32 = 1000;

pub(crate) fn run(what: &QuarantineWhat) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match what {
            QuarantineWhat::List { store } => {
                let journal = open_existing(store, SystemClock::default().now()).await?;
                for row in journal.quarantined(MOST).await? {
                    crate::say!("{}", serde_json::to_string(&row)?);
                }
                Ok(ExitCode::SUCCESS)
            }
            QuarantineWhat::Retry { id, store } => {
                let journal = open_existing(store, SystemClock::default().now()).await?;
                if journal.retry_quarantined(*id).await? {
                    crate::say!("{id}: taken out; timers are due again, a command may be sent again with the same id");
                    return Ok(ExitCode::SUCCESS);
                }
                Err(format!("{id}: nothing of this id is set aside; `huiyin quarantine list` shows the ids").into())
            }
        }
    })
}
