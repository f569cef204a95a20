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
    let told = match args.format {
        Format::Json => serde_json::to_string(&report)? + "\n",
        Format::Text => {
            let lines = report.derivation.iter().map(|line| format!("  {}\n  {}\n", line.zh, line.en));
            format!("{}\n{}", report.due, lines.collect::<String>())
        }
    };
    crate::say_part!("{told}");
    Ok(ExitCode::SUCCESS)
}
