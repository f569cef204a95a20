//! `huiyin retention end`: destroys what is confidential of a closed case, through the engine's door and into its journal.

use std::process::ExitCode;
use std::sync::Arc;

use huiyin_bus::InProcess;
use huiyin_engine::{Actor, ActorKind, Answer, Clock as _, Command, Config, Engine, REAL, SystemClock, Target};
use huiyin_journal::Journal;
use uuid::Uuid;

use super::Failure;
use crate::cli::RetentionWhat;
use crate::house::{House, open_existing};
use crate::library::Library;

/// Namespace of the commands: ending the retention of a case again is the same command.
const ENDS: Uuid = Uuid::from_u128(0x2b8e_7d10_44c3_5e9b_a1f6_0c5d_93e7_7a42);

pub(crate) fn run(what: &RetentionWhat) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(end(what))
}

async fn end(what: &RetentionWhat) -> Result<ExitCode, Failure> {
    let RetentionWhat::End { case, basis, by, store } = what;
    let (library, clock) = (Library::find(store.workflows.as_deref())?, SystemClock::default());
    let journal = open_existing(store, clock.now()).await?;
    let house = House::beside(library, &store.district, &journal).await?;
    let id = find(&journal, house.code(), case).await?;
    let command = Command {
        id: Uuid::new_v5(&ENDS, format!("{id} {basis} {by}").as_bytes()),
        district: house.code().to_owned(),
        timeline: REAL.to_owned(),
        target: Target::EndRetention { case: id, basis: basis.clone() },
        actor: Actor {
            id: by.clone(),
            kind: ActorKind::Machine,
            roles: Vec::new(),
            units: Vec::new(),
            heads: Vec::new(),
        },
    };
    // It fires no timers: whoever serves this store does.
    let config = Config { timelines: Vec::new(), ..Config::default() };
    let (registry, bus) = (Arc::clone(&house.registry), Arc::new(InProcess::default()));
    let engine = Engine::start(journal.clone(), registry, Arc::new(clock), bus, config).await?;
    let answer = engine.end_retention(command).await;
    engine.stop().await;
    journal.close().await;
    match answer? {
        Answer::Accepted(accepted) => {
            crate::say!(
                "{}: its retention has ended (entry {}); backups still hold its key until they are replaced",
                accepted.number,
                accepted.seq
            );
            Ok(ExitCode::SUCCESS)
        }
        Answer::Refused(refused) => Err(format!("{case}: {}", refused.message.en).into()),
        Answer::Conflict => Err(format!("{case}: another command has this id").into()),
    }
}

async fn find(journal: &Journal, district: &str, case: &str) -> Result<Uuid, Failure> {
    let found = match case.parse::<Uuid>() {
        Ok(id) => journal.case(id).await?,
        Err(_) => journal.case_by_number(district, REAL, case).await?,
    };
    found.map(|record| record.id).ok_or_else(|| format!("{case}: no case of this number or id in {district}").into())
}
