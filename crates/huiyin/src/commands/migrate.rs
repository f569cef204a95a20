//! `huiyin migrate`: the open cases of a workflow go over to another version; first shown, then done, and taken back as
//! long as nothing else happened.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use huiyin_chart::{Definition, Plan};
use huiyin_engine::{Actor, ActorKind, CaseChange, Command, Registry, migrate_command, preview_undo, undo_command};

use super::Failure;
use super::preview::{checked, migration, plan, scope, show};
use crate::cli::{Format, Lang, MigrateArgs};
use crate::lock::lock;
use crate::store::{Store, carry_out};

pub(crate) fn run(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(migrate(args))
}

async fn migrate(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    // A dry run only reads, and may look on while the store is served.
    let _lock = if args.apply { lock(&args.store)? } else { None };
    let store = Store::open(&args.store).await?;
    let way = match &args.to {
        Some(to) => Some((destination(&store, &args.workflow, to).await?, plan(&args.map, &args.clock, "--clock")?)),
        None => None,
    };
    let found = match &way {
        Some((to, plan)) => migration(&store, to, plan).await?,
        None => {
            let scope = scope(&store, Some(&args.workflow));
            preview_undo(&store.journal, &store.house.registry, &scope).await?
        }
    };
    let shown = show(&store, &found, true, args.answer)?;
    if !args.apply {
        if args.answer.format == Format::Text {
            crate::say!(
                "{}",
                pick(
                    args,
                    "以上为预演，未作任何变动；确认后加 --apply 执行",
                    "this was a dry run; add --apply to do it"
                )
            );
        }
        return Ok(shown);
    }
    apply(args, &store, &found, way.as_ref()).await
}

async fn apply(
    args: &MigrateArgs,
    store: &Store,
    found: &[CaseChange],
    way: Option<&(Arc<Definition>, Plan)>,
) -> Result<ExitCode, Failure> {
    if let Some((to, _)) = way {
        store.house.registry.know_definition(Arc::clone(to))?;
    }
    let by = Actor { id: args.by.clone(), kind: ActorKind::System, ..Actor::system() };
    let scope = scope(store, Some(&args.workflow));
    let command = |change: &CaseChange| match way {
        Some((to, plan)) => migrate_command(&scope, change, to, plan, &by),
        None => undo_command(&scope, change, &by),
    };
    let commands: Vec<Command> = found.iter().filter(|change| change.refused.is_none()).map(command).collect();
    let engine = store.engine().await?;
    let carried = carry_out(&engine, commands).await;
    engine.stop().await;
    let carried = carried?;
    let stay = found.iter().filter(|change| change.refused.is_some()).count() + carried.refused.len();
    for refused in &carried.refused {
        eprintln!("{}", pick(args, &refused.message.zh, &refused.message.en));
    }
    if args.answer.format == Format::Text {
        let done = carried.done;
        match (args.answer.lang, args.undo) {
            (Lang::Zh, false) => crate::say!("已迁移 {done} 件，{stay} 件未变"),
            (Lang::Zh, true) => crate::say!("已撤销 {done} 件的迁移，{stay} 件未变"),
            (Lang::En, false) => crate::say!("{done} cases went over, {stay} stay"),
            (Lang::En, true) => crate::say!("the migration of {done} cases was undone, {stay} stay"),
        }
    }
    Ok(if stay == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The version to go to: one that is in force, one that the store has, or a file.
async fn destination(store: &Store, workflow: &str, to: &str) -> Result<Arc<Definition>, Failure> {
    let registry = &store.house.registry;
    let in_force = registry.current(workflow);
    let number: Option<u32> = to.parse().ok();
    if let Some(current) = in_force.filter(|current| current.hash == to || Some(current.version) == number) {
        return Ok(current);
    }
    let path = Path::new(to);
    if number.is_none() && path.is_file() {
        let definition = checked(store, path)?;
        if definition.name != workflow {
            return Err(format!("{to}: this is the workflow `{}`, not `{workflow}`", definition.name).into());
        }
        return unused(store, definition).await;
    }
    let kept = Registry::versions(&store.journal, workflow).await?;
    let fits: Vec<&(String, String)> = kept.iter().filter(|(hash, version)| hash == to || version == to).collect();
    match fits[..] {
        [(hash, _)] => Ok(registry.definition_of(&store.journal, hash).await?),
        [] => {
            let known: Vec<&str> = kept.iter().map(|(_, version)| version.as_str()).collect();
            Err(format!(
                "--to {to}: no such file, and the store has no such version of `{workflow}`; it has {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )
            .into())
        }
        _ => {
            let hashes: Vec<&str> = fits.iter().map(|(hash, _)| hash.as_str()).collect();
            Err(format!("--to {to}: several definitions have that number; name one: {}", hashes.join(", ")).into())
        }
    }
}

/// A version number means one definition: whoever changes a workflow raises it.
async fn unused(store: &Store, definition: Arc<Definition>) -> Result<Arc<Definition>, Failure> {
    let in_force = store.house.registry.current(&definition.name);
    let known = Registry::versions(&store.journal, &definition.name).await?;
    let number = definition.version.to_string();
    let taken = in_force.is_some_and(|other| other.version == definition.version && other.hash != definition.hash)
        || known.iter().any(|(hash, version)| *version == number && *hash != definition.hash);
    if taken {
        let (name, place) = (&definition.name, &definition.sources[0].path);
        return Err(
            format!("{place}: version {number} of `{name}` is another definition already; raise `version:`").into()
        );
    }
    Ok(definition)
}

fn pick<'t>(args: &MigrateArgs, zh: &'t str, en: &'t str) -> &'t str {
    match args.answer.lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}
