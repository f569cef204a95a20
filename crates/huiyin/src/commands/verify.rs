//! `huiyin verify`: is the record whole? Chains, daily roots, every state derived again from its journal, and every row
//! beside it. Makes no store; may run beside a service.

use std::process::ExitCode;

use huiyin_engine::{Clock as _, SystemClock};

use super::Failure;
use crate::cli::StoreArgs;
use crate::house::{House, open_existing};
use crate::library::Library;

pub(crate) fn run(args: &StoreArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(verify(args))
}

async fn verify(args: &StoreArgs) -> Result<ExitCode, Failure> {
    let (library, now) = (Library::find(args.workflows.as_deref())?, SystemClock::default().now());
    let journal = open_existing(args, now).await?;
    let house = House::beside(library, &args.district, &journal).await?;
    let found = huiyin_engine::verify(&journal, &house.registry, now).await?;
    crate::say!("{} cases, {} entries, {} daily roots", found.cases, found.entries, found.roots);
    crate::say!(
        "derived again from the journal: {} cases the same, {} whose retention has ended, {} findings",
        found.same,
        found.forgotten,
        found.findings.len() as u64 + found.more
    );
    crate::say!("public key of the daily roots (Ed25519): {}", journal.roots_key());
    for finding in &found.findings {
        crate::say!("{}: {}", finding.place, finding.problem);
    }
    if found.more > 0 {
        crate::say!("and {} more", found.more);
    }
    for notice in &found.notices {
        crate::say!("note: {notice}");
    }
    crate::say!("{}", if found.is_whole() { "the record is whole" } else { "the record is NOT whole" });
    Ok(if found.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
