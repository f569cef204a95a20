//! `huiyin preview`: which open cases would move, and by how much, before a calendar or a workflow is applied.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use huiyin_calendar::YearFile;
use huiyin_chart::{ClockRule, Definition, Plan};
use huiyin_engine::{CaseChange, REAL, Scope, preview_calendar, preview_migration};

use super::Failure;
use super::check::district_names;
use crate::changes;
use crate::cli::{AnswerArgs, CalendarArgs, Format, PreviewArgs, PreviewWhat};
use crate::store::Store;

pub(crate) fn run(args: &PreviewArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.what {
            PreviewWhat::Calendar(args) => calendar(args).await,
            PreviewWhat::Workflow { file, rule, map, answer, store } => {
                let store = Store::open(store).await?;
                let to = checked(&store, file)?;
                let plan = plan(map, rule, "--rule")?;
                let found = migration(&store, &to, &plan).await?;
                show(&store, &found, true, *answer)
            }
        }
    })
}

async fn calendar(args: &CalendarArgs) -> Result<ExitCode, Failure> {
    let store = Store::open(&args.store).await?;
    let (_, found) = with_year(&store, &args.file).await?;
    show(&store, &found, true, args.answer)
}

/// The year of a file, and what adopting it would do.
pub(super) async fn with_year(store: &Store, file: &Path) -> Result<(YearFile, Vec<CaseChange>), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let year = YearFile::parse(&file.display().to_string(), &text)?;
    let mut years = store.house.adopted(&store.journal).await?;
    years.retain(|known| known.year != year.year);
    years.push(year.clone());
    let calendar = Arc::new(store.house.calendar_with(&years)?.calendar()?);
    let found = preview_calendar(&store.journal, &store.house.registry, &scope(store, None), calendar).await?;
    Ok((year, found))
}

/// What taking the open cases of a workflow over would do.
pub(super) async fn migration(store: &Store, to: &Arc<Definition>, plan: &Plan) -> Result<Vec<CaseChange>, Failure> {
    let scope = scope(store, Some(&to.name));
    Ok(preview_migration(&store.journal, &store.house.registry, &scope, to, plan).await?)
}

/// The open cases of the district.
pub(super) fn scope<'a>(store: &'a Store, workflow: Option<&'a str>) -> Scope<'a> {
    Scope { district: store.house.code(), timeline: REAL, workflow, now: store.now() }
}

/// A workflow file that passed the check. Its content address is that of the same file in the folder of workflows: the
/// name counts, the folder does not.
pub(super) fn checked(store: &Store, file: &Path) -> Result<Arc<Definition>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let folder = file.parent().unwrap_or(Path::new(""));
    let beside = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let definition =
        huiyin_chart::load(&name, &text, &beside).map_err(|problems| format!("{}:\n{problems}", file.display()))?;
    let report = huiyin_check::check(&definition, &district_names(&store.house.library, &store.house.district)?);
    if report.passed() { Ok(Arc::new(definition)) } else { Err(report.to_string().into()) }
}

/// The plan as it was written on the command line.
pub(super) fn plan(map: &[String], rules: &[String], option: &str) -> Result<Plan, Failure> {
    let pair = |text: &str, option: &str, form: &str| {
        let (left, right) = text.split_once('=').ok_or_else(|| format!("{option} {text}: write {form}"))?;
        Ok::<_, Failure>((left.trim().to_owned(), right.trim().to_owned()))
    };
    let states = map.iter().map(|text| pair(text, "--map", "OLD=NEW")).collect::<Result<BTreeMap<_, _>, _>>()?;
    let mut clocks = BTreeMap::new();
    for text in rules {
        let (clock, rule) = pair(text, option, "CLOCK=keep, CLOCK=recompute or CLOCK=drop")?;
        clocks.insert(clock, rule.parse::<ClockRule>().map_err(|problem| format!("{option} {text}: {problem}"))?);
    }
    Ok(Plan { states, clocks })
}

/// Prints what was found.
pub(super) fn show(store: &Store, found: &[CaseChange], all: bool, answer: AnswerArgs) -> Result<ExitCode, Failure> {
    match answer.format {
        Format::Json => crate::say!("{}", serde_json::to_string(found)?),
        Format::Text => crate::say_part!("{}", changes::written(found, all, store.house.zone()?, answer.lang)),
    }
    let stays = found.iter().any(|change| change.refused.is_some());
    Ok(if stays { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
