//! The columns of a case drawn again out of its state, and compared with what is stored: who searches, lists and counts
//! reads the columns, so that a changed one is as bad as a changed state.

use std::sync::Arc;

use huiyin_chart::{CaseState, Definition};
use huiyin_journal::{CaseKey, CaseRecord, Instant, Vault};

use crate::execute::Trouble;
use crate::registry::District;
use crate::work::Working;

/// What the journal says about a case beside its state.
pub(crate) struct Told {
    /// Time of its first entry.
    pub(crate) opened_at: Instant,
    /// Time of its last step: the columns were drawn then.
    pub(crate) stepped_at: Instant,
    /// Time of its newest entry.
    pub(crate) last_at: Instant,
}

/// Names the columns that are not what the state and the journal lead to.
pub(crate) fn differing(
    record: &CaseRecord,
    key: Option<CaseKey>,
    definition: &Arc<Definition>,
    district: District,
    state: CaseState,
    told: &Told,
    vault: &Vault,
) -> Result<Vec<&'static str>, Trouble> {
    let number = state.number.clone();
    let stepped = CaseRecord { last_at: told.stepped_at, ..record.clone() };
    let mut working = Working::again(stepped, key, Arc::clone(definition), district, state);
    working.settle(vault)?;
    let again = &working.record;
    let pairs = [
        ("number", record.number == number),
        ("workflow", record.workflow == definition.name),
        ("version", record.version == i64::from(definition.version)),
        ("definition_hash", record.definition_hash == definition.hash),
        ("title", record.title == again.title),
        ("place", record.place == again.place),
        ("category", record.category == again.category),
        ("channel", record.channel == again.channel),
        ("active", record.active == again.active),
        ("owner", record.owner == again.owner),
        ("owners", record.owners == again.owners),
        ("due_at", record.due_at == again.due_at),
        ("due_clock", record.due_clock == again.due_clock),
        ("due_provisional", record.due_provisional == again.due_provisional),
        ("marks", record.marks == again.marks),
        ("excluded", record.excluded == again.excluded),
        ("running", record.running == again.running),
        ("received_at", record.received_at == again.received_at),
        ("registered_at", record.registered_at == told.opened_at),
        ("opened_at", record.opened_at == told.opened_at),
        ("closed_at", record.closed_at == again.closed_at),
        ("last_at", record.last_at == told.last_at),
        ("plain", record.plain == again.plain),
    ];
    Ok(pairs.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect())
}
