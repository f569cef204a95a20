//! `huiyin detect`: rules over a file of readings, outside of the house. Reads, prints, keeps nothing.

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use huiyin_sensing::problem::Problems;
use huiyin_sensing::registry::{FILES, Registry};
use huiyin_sensing::rules::{Rules, Severity};
use huiyin_sensing::series::{Found, detect};

use super::Failure;
use crate::cli::Format;
use crate::cli::sensing::DetectArgs;

/// So many skipped rows are shown to people; JSON has more.
const SHOWN: usize = 20;

pub(crate) fn run(args: &DetectArgs) -> Result<ExitCode, Failure> {
    let rules = rules(&args.rules)?;
    let name = args.series.display().to_string();
    let file = File::open(&args.series).map_err(|error| format!("{name}: {error}; expected a CSV file of readings"))?;
    let found = detect(&name, file, &rules)?;
    match args.format {
        Format::Json => crate::say!("{}", serde_json::to_string_pretty(&found)?),
        Format::Text => table(&found),
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules. They stand alone, or need the stations, pollutants and limits that lie beside them.
fn rules(path: &Path) -> Result<Rules, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}; expected a YAML file of rules"))?;
    let alone = Rules::load(&name, &text, None);
    let folder = path.parent().unwrap_or(Path::new(""));
    if alone.is_ok() || !FILES.iter().all(|file| folder.join(file).is_file()) {
        return Ok(alone?);
    }
    let registry = beside(folder)?;
    Ok(Rules::load(&name, &text, Some(Arc::new(registry)))?)
}

fn beside(folder: &Path) -> Result<Registry, Problems> {
    Registry::load(&folder.display().to_string(), &|path| fs::read_to_string(path).ok())
}

fn table(found: &Found) {
    for alarm in &found.alarms {
        let severity = match alarm.severity {
            Severity::Notice => "提示 notice",
            Severity::Warning => "警告 warning",
            Severity::Severe => "严重 severe",
        };
        let end = alarm.end.as_deref().unwrap_or("仍在持续 lasts");
        crate::say!("{} — {end}  {severity}  {}  [{}]", alarm.start, alarm.rule, alarm.parameters.join(", "));
        crate::say!("    {}\n    {}", alarm.reason.zh, alarm.reason.en);
    }
    let (alarms, readings, skipped) = (found.alarms.len(), found.readings, found.skipped_in_all());
    crate::say!("告警 alarms: {alarms}  读数 readings: {readings}  跳过的行 skipped rows: {skipped}");
    for row in found.skipped.iter().take(SHOWN) {
        crate::say!("    第 {} 行 line {}: {} {}", row.line, row.line, row.column, row.reason);
    }
}
