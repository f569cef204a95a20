//! `huiyin due`: when a time allowed ends, and how it was counted.

use std::process::ExitCode;

use huiyin_calendar::{DueQuestion, due_report};

use super::Failure;
use crate::cli::{DueArgs, Format};
use crate::library::Library;

pub(crate) fn run(args: &DueArgs) -> Result<ExitCode, Failure> {
    let calendar = Library::find(args.workflows.as_deref())?.calendar()?;
    let question = DueQuestion { from: &args.from, within: &args.within, pauses: &args.pause, rolls: args.rolls };
    let report = due_report(&calendar, question)?;
    match args.format {
        Format::Json => crate::say!("{}", serde_json::to_string(&report)?),
        Format::Text => {
            crate::say!("{}", report.due);
            for line in &report.derivation {
                crate::say!("  {}\n  {}", line.zh, line.en);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
