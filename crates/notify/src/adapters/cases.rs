//! Cases from the journal, with the names of the directory in force. Confidential values stay sealed: no key is asked for.

use std::sync::Arc;

use huiyin_directory::Directory;
use huiyin_journal::{CaseRecord, Journal};
use serde_json::Value;
use uuid::Uuid;

use crate::notice::{CaseNow, ClockNow, Instant, Stand};
use crate::seams::{Cases, Later, Unavailable};

/// What the definition of a case says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowNow {
    /// Title of the workflow, Chinese.
    pub title: String,
    /// Its clocks, all runs.
    pub clocks: Vec<ClockNow>,
    /// How long its notices stay true.
    pub stands: Vec<Stand>,
}

/// Id of the state in which a case counts as closed although aftercare goes on.
const CLOSED: &str = "closed";
/// Entries of a history read at a time.
const PAGE: u32 = 500;

/// The definitions in force and those of running cases.
pub trait Workflows: Send + Sync {
    /// Reads the clocks out of a case's state (confidential values null).
    fn read<'a>(
        &'a self,
        record: &'a CaseRecord,
        state: &'a Value,
        now: Instant,
    ) -> Later<'a, Result<WorkflowNow, Unavailable>>;
}

/// Cases in the journal.
#[derive(Clone)]
pub struct JournalCases {
    journal: Journal,
    directory: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>,
    workflows: Arc<dyn Workflows>,
}

impl JournalCases {
    /// `directory` gives the directory in force.
    #[must_use]
    pub fn new(
        journal: Journal,
        directory: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>,
        workflows: Arc<dyn Workflows>,
    ) -> Self {
        Self { journal, directory, workflows }
    }

    async fn read(&self, district: &str, case: Uuid, now: Instant) -> Result<Option<CaseNow>, Unavailable> {
        let words = |error: huiyin_journal::JournalError| Unavailable(error.to_string());
        let Some(mut record) = self.journal.case(case).await.map_err(words)? else { return Ok(None) };
        if record.district != district {
            return Ok(None);
        }
        if record.closed_at.is_none() && record.active.iter().any(|state| state == CLOSED) {
            record.closed_at = self.closed_since(case).await.map_err(words)?;
        }
        let state = self.journal.case_state(&record, false).await.map_err(words)?;
        let workflow = self.workflows.read(&record, &state, now).await?;
        Ok(Some(describe(record, workflow, &(self.directory)())))
    }

    /// When the case last came into the state that counts as closed.
    async fn closed_since(&self, case: Uuid) -> Result<Option<Instant>, huiyin_journal::JournalError> {
        let (mut after, mut since) = (0, None);
        loop {
            let entries = self.journal.timeline(case, after, PAGE, false).await?;
            let Some(last) = entries.last() else { return Ok(since) };
            after = last.seq;
            let enters = |fact: &Value| fact["kind"] == "state_entered" && fact["state"] == CLOSED;
            let closing = |body: &Value| body["facts"].as_array().is_some_and(|facts| facts.iter().any(enters));
            since = entries.iter().rfind(|entry| closing(&entry.body)).map(|entry| entry.at).or(since);
        }
    }
}

impl Cases for JournalCases {
    fn case<'a>(
        &'a self,
        district: &'a str,
        case: Uuid,
        now: Instant,
    ) -> Later<'a, Result<Option<CaseNow>, Unavailable>> {
        Box::pin(self.read(district, case, now))
    }
}

/// Town and category are named only when the directory knows them: whatever else was typed there stays in the case.
fn describe(record: CaseRecord, workflow: WorkflowNow, directory: &Directory) -> CaseNow {
    let owner = record.owner.clone().or_else(|| record.owners.first().cloned());
    let mut owners: Vec<String> = owner.iter().cloned().collect();
    owners.extend(record.owners.iter().filter(|other| Some(*other) != owner.as_ref()).cloned());
    CaseNow {
        id: record.id,
        district: record.district,
        number: record.number,
        district_name: directory.district().name.zh.clone(),
        workflow_title: workflow.title,
        category: directory.category(&record.category).map(|category| category.name.zh.clone()).unwrap_or_default(),
        place_town: directory.town(&record.place).map(|town| town.name.zh.clone()).unwrap_or_default(),
        unit_name: owner.map(|party| name_of(&party, directory)).unwrap_or_default(),
        owners,
        excluded: record.excluded,
        closed_at: record.closed_at,
        clocks: workflow.clocks,
        stands: workflow.stands,
    }
}

/// A party in words: the unit, the role, or the unit of the person.
fn name_of(party: &str, directory: &Directory) -> String {
    let unit = |id: &str| directory.unit(id).map(|unit| unit.name.zh.clone());
    let named = match party.split_once(':') {
        Some(("unit", id)) => unit(id),
        Some(("role", id)) => directory.roles().find(|(role, _)| *role == id).map(|(_, name)| name.zh.clone()),
        Some(("person", id)) => directory.person(id).and_then(|person| person.units.first()).and_then(|id| unit(id)),
        _ => unit(party),
    };
    named.unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::adapters::DirectoryPeople;
    use crate::seams::People;

    fn qijiang() -> Arc<Directory> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang");
        Arc::new(Directory::load("", &|path| std::fs::read_to_string(root.join(path)).ok()).unwrap())
    }

    fn record() -> CaseRecord {
        let mut record = CaseRecord::opening(Uuid::from_u128(1), "500110", "real", Instant::default());
        record.number = "XF-20261123-000001".into();
        record.owner = Some("unit:water-section".into());
        record.owners = vec!["role:dispatcher".into(), "unit:water-section".into()];
        record
    }

    #[test]
    fn a_town_is_named_and_whatever_else_was_typed_as_a_place_is_not() {
        let directory = qijiang();
        let town = directory.towns()[0].clone();
        let named = describe(CaseRecord { place: town.code, ..record() }, WorkflowNow::default(), &directory);
        assert_eq!(named.place_town, town.name.zh);
        let typed =
            CaseRecord { place: "某村张三家后院".into(), category: "张三说很臭".into(), ..record() };
        let case = describe(typed, WorkflowNow::default(), &directory);
        assert_eq!((case.place_town.as_str(), case.category.as_str()), ("", ""));
    }

    #[test]
    fn the_owner_comes_first_and_has_a_name() {
        let case = describe(record(), WorkflowNow::default(), &qijiang());
        assert_eq!(case.owners, ["unit:water-section", "role:dispatcher"]);
        assert_eq!(case.unit_name, qijiang().unit("water-section").unwrap().name.zh);
        assert_eq!(case.district_name, qijiang().district().name.zh);
    }

    #[test]
    fn the_accused_and_theirs_are_not_written_to() {
        let directory = qijiang();
        let people = DirectoryPeople::new(Arc::new(move || directory.clone()));
        let told = |excluded: &[&str]| -> Vec<String> {
            let excluded = excluded.iter().map(|unit| (*unit).to_owned()).collect();
            let case = describe(CaseRecord { excluded, ..record() }, WorkflowNow::default(), &qijiang());
            let found = people.recipients(&["unit:enforcement".into()], None, &case, Instant::default());
            found.into_iter().map(|contact| contact.id).collect()
        };
        assert!(told(&[]).contains(&"handler.enforcement2".to_owned()));
        assert!(!told(&["yongsheng"]).contains(&"handler.enforcement2".to_owned()), "has an interest in it");
        assert!(!told(&["enforcement"]).iter().any(|id| id.contains("enforcement")), "the unit itself");
    }
}
