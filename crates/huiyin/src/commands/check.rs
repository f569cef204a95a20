//! `huiyin check`: may these workflows be loaded? Files named on the command line, or all that ship. Draws one of them
//! with `--diagram`.

use std::path::Path;
use std::process::ExitCode;

use huiyin_chart::{Definition, Diagnostics, load};
use huiyin_check::{Names, Report, check, diagram, sarif};

use super::Failure;
use crate::cli::{CheckArgs, CheckFormat, Language};
use crate::house::{RESPONSE_PLAN, directory_of, directory_source, fields_agree, names, workflow_files};
use crate::library::Library;

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    if args.diagram.is_some() && args.files.len() != 1 {
        return Err("--diagram draws one workflow: name exactly one file".into());
    }
    let library = Library::find(args.workflows.as_deref())?;
    let known = district_names(&library, &args.district)?;
    let mut answers = Answers::new(args.format);
    if args.files.is_empty() {
        for file in workflow_files(&library)? {
            let text = library.read(&file)?;
            answers.add(load(&file, &text, &|other| library.read(other).ok()), &known)?;
        }
        plan_fields(&library)?;
    }
    for file in &args.files {
        let loaded = read(file)?;
        if let (Some(svg), Ok(definition)) = (&args.diagram, &loaded) {
            draw(definition, svg, args.language)?;
        }
        answers.add(loaded, &known)?;
    }
    answers.end()
}

/// The list of fields of response plans holds together and is what the workflow asks for.
fn plan_fields(library: &Library) -> Result<(), Failure> {
    let file = format!("{RESPONSE_PLAN}.yaml");
    if let (Some(fields), Ok(text)) = (library.plan_fields()?, library.read(&file))
        && let Ok(definition) = load(&file, &text, &|other| library.read(other).ok())
    {
        fields_agree(&fields, &definition)?;
    }
    Ok(())
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

fn draw(definition: &Definition, svg: &Path, language: Language) -> Result<(), Failure> {
    let language = match language {
        Language::Zh => diagram::Language::Zh,
        Language::En => diagram::Language::En,
    };
    std::fs::write(svg, diagram::svg(definition, language)).map_err(|error| format!("{}: {error}", svg.display()))?;
    eprintln!("the diagram is in {}", svg.display());
    Ok(())
}

/// What was found so far; said at once, or as one log at the end.
struct Answers {
    format: CheckFormat,
    passed: bool,
    reports: Vec<Report>,
    unread: Vec<Diagnostics>,
}

impl Answers {
    fn new(format: CheckFormat) -> Self {
        Self { format, passed: true, reports: Vec::new(), unread: Vec::new() }
    }

    fn add(&mut self, loaded: Result<Definition, Diagnostics>, names: &Names) -> Result<(), Failure> {
        let report: Result<Report, Diagnostics> = loaded.map(|definition| check(&definition, names));
        self.passed &= report.as_ref().is_ok_and(Report::passed);
        match (report, self.format) {
            (Ok(report), CheckFormat::Json) => crate::say!("{}", serde_json::to_string(&report)?),
            (Ok(report), CheckFormat::Text) => crate::say!("{report}"),
            (Ok(report), CheckFormat::Sarif) => self.reports.push(report),
            (Err(problems), CheckFormat::Json) => crate::say!("{}", serde_json::json!({"problems": problems})),
            (Err(problems), CheckFormat::Text) => crate::say!("{problems}"),
            (Err(problems), CheckFormat::Sarif) => self.unread.push(problems),
        }
        Ok(())
    }

    fn end(self) -> Result<ExitCode, Failure> {
        if self.format == CheckFormat::Sarif {
            crate::say!("{}", serde_json::to_string_pretty(&sarif(&self.reports, &self.unread))?);
        }
        Ok(if self.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
