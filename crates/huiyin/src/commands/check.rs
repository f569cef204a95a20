//! `huiyin check`: may these workflows be loaded? Files named on the command line, or all that ship.

use std::path::Path;
use std::process::ExitCode;

use huiyin_chart::{Definition, Diagnostics, load};
use huiyin_check::{Names, Report, check};

use super::Failure;
use crate::cli::{CheckArgs, Format};
use crate::house::{directory_of, directory_source, names, workflow_files};
use crate::library::Library;

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let library = Library::find(args.workflows.as_deref())?;
    let known = district_names(&library, &args.district)?;
    let mut passed = true;
    if args.files.is_empty() {
        for file in workflow_files(&library)? {
            let text = library.read(&file)?;
            passed &= tell(load(&file, &text, &|other| library.read(other).ok()), &known, args.format)?;
        }
    }
    for file in &args.files {
        passed &= tell(read(file)?, &known, args.format)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads and loads one workflow file with what stands beside it.
pub(crate) fn read(file: &Path) -> Result<Result<Definition, Diagnostics>, Failure> {
    let text = text_of(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let beside = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    Ok(load(&file.display().to_string(), &text, &beside))
}

/// The text of a file that a person named.
pub(crate) fn text_of(file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}: this is not UTF-8 text\n    save the file as UTF-8 (not GBK) and try again", file.display())
            .into()
    })
}

/// The names that a district knows.
pub(crate) fn district_names(library: &Library, district: &str) -> Result<Names, Failure> {
    names(library, &directory_of(&directory_source(library, district)?)?)
}

fn tell(loaded: Result<Definition, Diagnostics>, names: &Names, format: Format) -> Result<bool, Failure> {
    let report: Result<Report, Diagnostics> = loaded.map(|definition| check(&definition, names));
    let passed = report.as_ref().is_ok_and(Report::passed);
    match (&report, format) {
        (Ok(report), Format::Json) => println!("{}", serde_json::to_string(report)?),
        (Ok(report), Format::Text) => println!("{report}"),
        (Err(problems), Format::Json) => println!("{}", serde_json::json!({"problems": problems})),
        (Err(problems), Format::Text) => println!("{problems}"),
    }
    Ok(passed)
}
