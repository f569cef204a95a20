//! What the call form shows before saving: the step is made on a state that is thrown away.

use std::collections::BTreeSet;

use huiyin_chart::{CaseState, Context, Definition, Input, OPENED, Outcome, Refusal, admit, step};
use huiyin_directory::Directory;
use huiyin_journal::accounts::User;
use huiyin_journal::read::CaseFilter;
use serde_json::Value;

use super::commands::{actor, no_workflow, text};
use super::{Bureau, duplicates, names, rows};
use crate::permissions::CaseScope;
use crate::ports::{OfficeError, Preview};
use crate::views::case::{DuplicateView, ProposedUnit};
use crate::views::{FieldError, Text};

impl Bureau {
    pub(super) async fn look_ahead(&self, who: &User, workflow: &str, entered: &Value) -> Result<Preview, OfficeError> {
        let definition = self.parts.engine.registry().current(workflow).ok_or_else(no_workflow)?;
        let (directory, district, now) = (self.directory(), self.district()?, self.time());
        let context = Context { now, calendar: &district.calendar, directory: &*district.directory, case_id: "" };
        let mut preview = Preview { unit: proposed(&directory, entered), ..Preview::default() };
        let mut state = CaseState::new(&definition);
        if let Err(refusal) = admit(&definition, &state, OPENED, entered, &actor(who), &context) {
            preview.errors = errors(refusal);
        }
        if step(&definition, &mut state, Input::Open { data: entered }, &context, &mut Outcome::default()).is_ok() {
            preview.clocks = self.clocks(&definition, &state)?;
        }
        preview.searched = duplicates::can_search(&definition, entered);
        preview.duplicates = self.duplicates(&definition, &directory, entered).await?;
        Ok(preview)
    }

    async fn duplicates(
        &self,
        definition: &Definition,
        directory: &Directory,
        draft: &Value,
    ) -> Result<Vec<(DuplicateView, CaseScope)>, OfficeError> {
        let base = CaseFilter {
            district: self.parts.district.clone(),
            timeline: self.parts.timeline.clone(),
            ..CaseFilter::default()
        };
        let found = duplicates::find(&self.journal, definition, &base, draft, self.time()).await?;
        let view = |duplicates::Found { row, why }| {
            let scope = rows::scope(directory, &row.district, row.owner.as_deref(), &row.owners, &row.excluded);
            let owner = row.owner.as_deref().map(|owner| names::party(directory, owner).zh);
            let of = self.parts.engine.registry().current(&row.workflow);
            let duplicate = DuplicateView {
                id: row.id,
                number: row.number,
                title: row.title,
                received_at: row.received_at,
                owner,
                active_titles: names::states(of.as_deref(), &row.active),
                why,
            };
            (duplicate, scope)
        };
        Ok(found.into_iter().map(view).collect())
    }
}

/// The unit that the routing rules name, and why; none until place or category is filled in.
pub(super) fn proposed(directory: &Directory, data: &Value) -> Option<ProposedUnit> {
    let own = |name: &str| data[name].as_str().unwrap_or_default();
    let (place, category) = (own("place"), own("category"));
    if place.is_empty() && category.is_empty() {
        return None;
    }
    let accused = data["accused"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let excluded: BTreeSet<String> = directory.excluded(accused);
    let proposal = directory.propose(place, category, &excluded);
    let reason = Text::new(&proposal.reason.zh, &proposal.reason.en);
    let id = proposal.unit.unwrap_or_else(|| directory.duty_desk().to_owned());
    let unit = directory.unit(&id);
    Some(ProposedUnit {
        name: unit.map_or_else(|| id.clone(), |unit| unit.name.zh.clone()),
        relation: unit.map(|unit| unit.relation.as_str().to_owned()),
        id,
        reason,
    })
}

fn errors(refusal: Refusal) -> Vec<FieldError> {
    if refusal.details.is_empty() {
        return vec![FieldError { path: String::new(), message: text(&refusal.message) }];
    }
    let field = |detail: huiyin_chart::FieldError| FieldError { path: detail.path, message: text(&detail.message) };
    refusal.details.into_iter().map(field).collect()
}
