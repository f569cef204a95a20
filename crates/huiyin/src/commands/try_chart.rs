//! `huiyin try`: a chart alone on virtual time.

use std::path::Path;
use std::process::ExitCode;

use huiyin_chart::try_run::{Item, Line, read_script, try_run};
use huiyin_check::check;

use super::Failure;
use super::check::district_names;
use crate::cli::{Format, TryArgs};
use crate::library::Library;

/// Where virtual time begins: a Monday morning of a published year.
const START: &str = "2026-03-02T09:00:00+08:00";

pub(crate) fn run(args: &TryArgs) -> Result<ExitCode, Failure> {
    let library = Library::find(args.workflows.as_deref())?;
    let definition = super::check::read(&args.file)??;
    if !args.no_check {
        let report = check(&definition, &district_names(&library, &args.district)?);
        if !report.passed() {
            return Err(format!("{report}\n    to run it all the same: --no-check").into());
        }
    }
    let calendar = library.calendar()?;
    let script = script(&args.script)?;
    let start = chrono::DateTime::parse_from_rfc3339(START)?.to_utc();
    match try_run(&definition, &calendar, start, &script) {
        Ok(lines) => print(&lines, args.format)?,
        Err(stopped) => {
            print(&stopped.lines, args.format)?;
            return Err(format!("{}: {}: {stopped}", args.file.display(), args.script.display()).into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn script(file: &Path) -> Result<Vec<Item>, Failure> {
    let text = super::check::text_of(file)?;
    read_script(&text).map_err(|error| {
        let between = if error.at.is_some() { ":" } else { ": " };
        format!("{}{between}{error}", file.display()).into()
    })
}

/// A reader that has seen enough closes the pipe: then there is nobody to tell.
fn print(lines: &[Line], format: Format) -> Result<(), Failure> {
    let mut told = String::new();
    for line in lines {
        match format {
            Format::Json => told += &serde_json::to_string(line)?,
            Format::Text => {
                told += &format!("{}  {}", line.at, line.active.join(", "));
                for action in &line.actions {
                    told += &format!("\n    {}", action.as_str().map_or_else(|| action.to_string(), str::to_owned));
                }
            }
        }
        told.push('\n');
    }
    crate::say_part!("{told}");
    Ok(())
}
