//! `huiyin verify`: is the record whole? Chains, daily roots, and every state derived again from its journal.

use std::process::ExitCode;

use huiyin_engine::{Clock as _, Rederived, SystemClock, rederive};
use serde_json::json;

use super::Failure;
use crate::cli::StoreArgs;
use crate::house::{House, open_store};
use crate::library::Library;

pub(crate) fn run(args: &StoreArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(verify(args))
}

async fn verify(args: &StoreArgs) -> Result<ExitCode, Failure> {
    let house = House::load(Library::find(args.workflows.as_deref())?, &args.district)?;
    let journal = open_store(args, SystemClock::default().now()).await?;
    let chains = journal.verify_chains().await?;
    let (roots, root_breaks) = journal.verify_roots().await?;
    let (mut same, mut forgotten, mut different) = (0_u64, 0_u64, Vec::new());
    let mut last = uuid::Uuid::nil();
    loop {
        let page = journal.case_heads(last, 500).await?;
        let Some((next, ..)) = page.last() else { break };
        last = *next;
        for (case, ..) in page {
            match rederive(&journal, &house.registry, case).await? {
                Rederived::Same { .. } => same += 1,
                Rederived::Forgotten => forgotten += 1,
                Rederived::Different { seq, problem } => {
                    different.push(json!({"case": case, "seq": seq, "problem": problem}));
                }
            }
        }
    }
    let whole = chains.breaks.is_empty() && root_breaks.is_empty() && different.is_empty();
    crate::say!("{} cases, {} entries, {roots} daily roots", chains.cases, chains.entries);
    crate::say!(
        "states derived again from the journal: {same} the same, {forgotten} whose key was destroyed, {} different",
        different.len()
    );
    for found in &chains.breaks {
        crate::say!("broken chain: case {} entry {}: {}", found.case, found.seq, found.problem);
    }
    for found in &root_breaks {
        crate::say!("broken root: {found:?}");
    }
    for found in &different {
        crate::say!("different: {found}");
    }
    crate::say!("{}", if whole { "the record is whole" } else { "the record is NOT whole" });
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
