//! Looking through very many cases as they stand, for figures: page by page, without confidential values.

use huiyin_chart::{CaseState, Definition};
use huiyin_journal::read::CaseFilter;
use huiyin_journal::{CaseRecord, Instant, Journal};
use uuid::Uuid;

use crate::command::EngineError;
use crate::registry::Registry;

/// Cases read at once.
const PAGE: u32 = 500;

/// A case as it stands.
#[derive(Debug)]
pub struct Stood<'a> {
    /// What lists show of it.
    pub record: &'a CaseRecord,
    /// What it runs on.
    pub definition: &'a Definition,
    /// Its state; confidential values are null.
    pub state: &'a CaseState,
}

/// Shows every case that the filter finds to `see`, in id order; the filter's order, limit and offset mean nothing here.
/// Returns how many there were.
///
/// # Errors
/// When the store does not answer, or has lost what a case was stepped with.
pub async fn look_through(
    journal: &Journal,
    registry: &Registry,
    filter: &CaseFilter,
    now: Instant,
    see: &mut (dyn FnMut(Stood<'_>) + Send),
) -> Result<u64, EngineError> {
    let filter = CaseFilter { limit: PAGE, ..filter.clone() };
    let (mut after, mut seen) = (Uuid::nil(), 0);
    loop {
        let page = journal.case_records(&filter, now, after).await?;
        let Some(last) = page.last() else { return Ok(seen) };
        after = last.id;
        for record in &page {
            let definition = registry.definition_of(journal, &record.definition_hash).await?;
            let state = journal.case_state(record, false).await?;
            let state = CaseState::from_json(&definition, &state)
                .map_err(|e| EngineError::Setup(format!("the state of case {} does not read: {e}", record.id)))?;
            see(Stood { record, definition: &definition, state: &state });
            seen += 1;
        }
        if page.len() < PAGE as usize {
            return Ok(seen);
        }
    }
}
