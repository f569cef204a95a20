//! `huiyin try`: a chart alone on virtual time.

use std::path::Path;
use std::process::ExitCode;

use huiyin_chart::try_run::{Item, Line, try_run};
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
    for line in try_run(&definition, &calendar, start, &script)? {
        print(&line, args.format)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn script(file: &Path) -> Result<Vec<Item>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        let expected = r#"expected [{"event": "name", "data": {…}, "after": "1s"}, …]"#;
        format!("{}:{}:{}: {error}\n    {expected}", file.display(), error.line(), error.column()).into()
    })
}

fn print(line: &Line, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => crate::say!("{}", serde_json::to_string(line)?),
        Format::Text => {
            crate::say!("{}  {}", line.at, line.active.join(", "));
            for action in &line.actions {
                crate::say!("    {}", action.as_str().map_or_else(|| action.to_string(), str::to_owned));
            }
        }
    }
    Ok(())
}
