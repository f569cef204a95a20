//! One case for people: its state, deadlines, next events, links, files, papers, history.

use std::sync::Arc;

use huiyin_chart::definition::{Confidential, Sender, StateKind};
use huiyin_chart::{CaseState, Context, Definition};
use huiyin_directory::Directory;
use huiyin_journal::CaseRecord;
use huiyin_journal::accounts::User;
use serde_json::{Value, json};
use uuid::Uuid;

use super::commands::{actor, attachment, text};
use super::{Bureau, failed, history, names, rows, rungs};
use crate::permissions::{self, CaseScope, Permission};
use crate::ports::{CaseFile, CaseKey, CaseQuery, OfficeError};
use crate::views::Text;
use crate::views::case::{CaseRowView, EventFormView, LinkView, ProposedUnit, TimelineEntry};
use crate::views::clock::{ClockView, NextRung};
use crate::views::workflow::{ClockDeclView, StateView, WorkflowView};

/// Most entries of a history in one answer.
const MOST_ENTRIES: u32 = 1000;

/// A list says how many there are up to here; one more means that there are more.
const MOST_COUNTED: u32 = 10_000;
/// The event by which a matter is given to a unit.
const ASSIGN: &str = "assign";
/// Relations of the units that it may be given to: a superior authority is written to, an enterprise never owns a petition.
const ASSIGNABLE: [&str; 3] = ["internal", "town", "peer"];

/// A case with what it runs on.
pub(super) struct Loaded {
    pub(super) record: CaseRecord,
    pub(super) definition: Arc<Definition>,
    pub(super) state: CaseState,
}

impl Bureau {
    pub(super) async fn list(&self, query: CaseQuery) -> Result<(u64, Vec<CaseRowView>), OfficeError> {
        let (now, directory) = (self.time(), self.directory());
        if rows::enterprises(&directory).any(|unit| query.not_excluded.iter().any(|own| own == unit)) {
            return Ok((0, Vec::new()));
        }
        let filter = rows::filter(&self.parts.district, &self.parts.timeline, query);
        let total = self.journal.count_up_to(&filter, now, MOST_COUNTED).await.map_err(failed)?;
        let found = self.journal.list_cases(&filter, now).await.map_err(failed)?;
        let mut listed = Vec::with_capacity(found.len());
        let mut known: std::collections::HashMap<(String, i64), Option<Arc<Definition>>> =
            std::collections::HashMap::new();
        for row in found {
            let version = (row.workflow.clone(), row.version);
            if !known.contains_key(&version) {
                let definition = self.version(&row.workflow, row.version).await?;
                known.insert(version.clone(), definition);
            }
            listed.push(rows::view(&directory, known[&version].as_deref(), row, now));
        }
        Ok((total, listed))
    }

    /// The version of a workflow that a case runs on; the one in force when the store has no such number.
    async fn version(&self, workflow: &str, version: i64) -> Result<Option<Arc<Definition>>, OfficeError> {
        let registry = self.parts.engine.registry();
        let current = registry.current(workflow);
        if current.as_ref().is_some_and(|definition| i64::from(definition.version) == version) {
            return Ok(current);
        }
        let kept = huiyin_engine::Registry::versions(&self.journal, workflow).await.map_err(failed)?;
        match kept.into_iter().rev().find(|(_, number)| *number == version.to_string()) {
            Some((hash, _)) => Ok(Some(registry.definition_of(&self.journal, &hash).await.map_err(failed)?)),
            None => Ok(current),
        }
    }

    pub(super) async fn case_file(&self, key: &CaseKey, viewer: &User) -> Result<Option<CaseFile>, OfficeError> {
        let Some(loaded) = self.load(key).await? else { return Ok(None) };
        let (now, directory) = (self.time(), self.directory());
        let Loaded { record, definition, state } = &loaded;
        // What is strictly confidential shows its text only to who gives a reason, too.
        let strict = record.excluded.iter().any(|who| who.starts_with("role:"));
        let masked = definition.data.confidential.iter();
        let masked = masked.filter(|(_, kind)| strict || **kind == Confidential::Masked);
        let attachments = self.journal.attachments(record.id).await.map_err(failed)?;
        let excluded = &record.excluded;
        let mut scope = rows::scope(&directory, &record.district, record.owner.as_deref(), &record.owners, excluded);
        if !strict {
            scope.owners.extend(self.units_asked(&loaded)?);
        }
        let mut events = self.next_events(&loaded, viewer)?;
        self.fill_reports(&loaded, &mut events).await?;
        Ok(Some(CaseFile {
            scope,
            data: state.data.clone(),
            masked: masked.map(|(path, _)| path.clone()).collect(),
            clocks: self.clocks(definition, state)?,
            events,
            links: self.links_of(record.id).await?,
            attachments: attachments.into_iter().map(attachment).collect(),
            documents: self.papers_of(record.id).await?.into_iter().map(|drawn| drawn.view).collect(),
            row: rows::view(&directory, Some(definition), listed(record.clone(), now), now),
        }))
    }

    pub(super) async fn load(&self, key: &CaseKey) -> Result<Option<Loaded>, OfficeError> {
        let record = match key {
            CaseKey::Id(id) => self.journal.case(*id).await,
            CaseKey::Number(number) => {
                self.journal.case_by_number(&self.parts.district, &self.parts.timeline, number).await
            }
        };
        let here =
            |record: &CaseRecord| record.district == self.parts.district && record.timeline == self.parts.timeline;
        let Some(record) = record.map_err(failed)?.filter(here) else { return Ok(None) };
        let registry = self.parts.engine.registry();
        let definition = registry.definition_of(&self.journal, &record.definition_hash).await.map_err(failed)?;
        let state = self.journal.case_state(&record, true).await.map_err(failed)?;
        let state = CaseState::from_json(&definition, &state).map_err(failed)?;
        Ok(Some(Loaded { record, definition, state }))
    }

    pub(super) fn clocks(&self, definition: &Definition, state: &CaseState) -> Result<Vec<ClockView>, OfficeError> {
        let (calendar, directory) = (self.district()?.calendar, self.directory());
        let views = state.clocks_view(definition, &calendar, self.time());
        Ok(views.into_iter().map(|view| clock(definition, &directory, view)).collect())
    }

    fn next_events(&self, loaded: &Loaded, viewer: &User) -> Result<Vec<EventFormView>, OfficeError> {
        let district = self.district()?;
        let id = loaded.record.id.to_string();
        let context =
            Context { now: self.time(), calendar: &district.calendar, directory: &*district.directory, case_id: &id };
        let open = loaded.state.open_events(&loaded.definition, &actor(viewer), &context);
        let (directory, data) = (self.directory(), &loaded.state.data);
        let has = data["unit"].as_str().unwrap_or_default();
        let free = has.is_empty() || has == directory.duty_desk();
        let proposed = if free { super::preview::proposed(&directory, data) } else { None };
        Ok(open.into_iter().map(|event| form(event, &loaded.state.data, proposed.as_ref())).collect())
    }

    /// Units that an open event names among its senders: whoever is asked to act sees the case.
    pub(super) fn units_asked(&self, loaded: &Loaded) -> Result<Vec<String>, OfficeError> {
        let district = self.district()?;
        let id = loaded.record.id.to_string();
        let context =
            Context { now: self.time(), calendar: &district.calendar, directory: &*district.directory, case_id: &id };
        Ok(loaded.state.units_asked(&loaded.definition, &context))
    }

    async fn links_of(&self, case: Uuid) -> Result<Vec<(LinkView, CaseScope)>, OfficeError> {
        let directory = self.directory();
        let mut links = Vec::new();
        for link in self.journal.links(case).await.map_err(failed)? {
            let (other, name) =
                if link.parent == case { (link.child, link.link) } else { (link.parent, "parent".to_owned()) };
            let Some(record) = self.journal.case(other).await.map_err(failed)? else { continue };
            let scope =
                rows::scope(&directory, &record.district, record.owner.as_deref(), &record.owners, &record.excluded);
            let of = self.parts.engine.registry().current(&record.workflow);
            let state_titles = names::states(of.as_deref(), &record.active);
            let link = LinkView { link: name, case: other, number: record.number, state_titles, may_open: false };
            links.push((link, scope));
        }
        Ok(links)
    }

    pub(super) async fn entries(&self, case: Uuid, after: u64) -> Result<Vec<TimelineEntry>, OfficeError> {
        let Some(record) = self.journal.case(case).await.map_err(failed)? else { return Ok(Vec::new()) };
        let registry = self.parts.engine.registry();
        let definition = registry.definition_of(&self.journal, &record.definition_hash).await.map_err(failed)?;
        let (directory, zone) = (self.directory(), self.district()?.calendar.zone());
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let entries = self.journal.timeline(case, after, MOST_ENTRIES, false).await.map_err(failed)?;
        let mut out = Vec::with_capacity(entries.len());
        let mut definition = definition;
        for entry in entries {
            let body = &entry.body;
            // An entry is told in the words of the version it was made with.
            if let Some(hash) = body["context"]["definition"].as_str().filter(|hash| *hash != definition.hash) {
                definition = registry.definition_of(&self.journal, hash).await.map_err(failed)?;
            }
            let event = body["input"]["event"].as_str().map(str::to_owned);
            let (kind, id) = (body["actor"]["kind"].as_str(), body["actor"]["id"].as_str());
            let name = names::actor(&directory, &self.accounts, kind.unwrap_or("system"), id.unwrap_or_default());
            let facts = body["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
            out.push(TimelineEntry {
                seq: entry.seq.unsigned_abs(),
                at: entry.at,
                actor_name: name.await.map_err(failed)?,
                title: title(&definition, &entry.kind, event.as_deref()),
                lines: history::lines(&definition, &directory, zone, facts),
                data: said(body),
                kind: entry.kind,
                event,
            });
        }
        Ok(out)
    }

    pub(super) fn in_force(&self, viewer: &User) -> Vec<WorkflowView> {
        let workflows = self.parts.engine.registry().in_force();
        workflows.iter().map(|definition| workflow(definition, viewer)).collect()
    }
}

/// The columns of a record that a list shows.
fn listed(record: CaseRecord, now: chrono::DateTime<chrono::Utc>) -> huiyin_journal::read::CaseRow {
    huiyin_journal::read::CaseRow {
        overdue: record.closed_at.is_none() && record.due_at.is_some_and(|due| due < now),
        id: record.id,
        number: record.number,
        district: record.district,
        timeline: record.timeline,
        workflow: record.workflow,
        version: record.version,
        title: record.title,
        place: record.place,
        category: record.category,
        channel: record.channel,
        active: record.active,
        owner: record.owner,
        owners: record.owners,
        due_at: record.due_at,
        due_clock: record.due_clock,
        due_provisional: record.due_provisional,
        marks: record.marks,
        excluded: record.excluded,
        received_at: record.received_at,
        registered_at: record.registered_at,
        opened_at: record.opened_at,
        closed_at: record.closed_at,
        last_at: record.last_at,
        seq: record.seq,
    }
}

/// What was sent with an entry, or noted in it.
pub(super) fn said(body: &Value) -> Value {
    if body["note"].is_null() { body["input"]["data"].clone() } else { body["note"].clone() }
}

fn title(definition: &Definition, kind: &str, event: Option<&str>) -> Text {
    match (event, kind) {
        (Some(event), _) => history::event_title(definition, event),
        (None, "opened") => history::event_title(definition, "case.opened"),
        (None, "migrated") => Text::new("流程版本迁移", "taken over to another version"),
        (None, "migration_undone") => Text::new("撤销流程版本迁移", "a migration was undone"),
        (None, "calendar") => Text::new("采用新公布的日历", "a calendar was adopted"),
        (None, "tick") => Text::new("到时自动处理", "timers"),
        (None, "unmasked") => Text::new("查看了保密信息", "looked behind the mask"),
        (None, "effect_failed") => Text::new("关联案件没有接受，请处理", "a linked case refused it, see to it"),
        (None, "key_destroyed") => {
            Text::new("保存期满，保密内容已销毁", "its retention ended, what was confidential is gone")
        }
        (None, "attached") => Text::new("添加了附件", "a file was added"),
        (None, other) => Text::same(other),
    }
}

/// A clock of the workflow language as the API says it.
fn clock(definition: &Definition, directory: &Directory, view: huiyin_chart::ClockView) -> ClockView {
    let next = |rung: huiyin_chart::NextRung| NextRung { at: rung.at, what: rungs::what(definition, directory, &rung) };
    ClockView {
        next_rung: view.next_rung.map(next),
        clock: view.clock,
        title: text(&view.title),
        run: view.run,
        status: view.status.to_owned(),
        started_at: view.started_at,
        ended_at: view.ended_at,
        due_at: Some(view.due_at),
        policy_due: view.policy_due,
        limit_due: view.limit_due,
        given_due: view.given_due,
        provisional: view.provisional,
        basis: view.basis,
        basis_status: view.basis_status.map(status),
        remaining_text: text(&view.remaining_text),
        paused: view.paused,
        derivation: view.derivation.iter().map(|line| Text::new(&line.zh, &line.en)).collect(),
    }
}

fn status(status: huiyin_chart::definition::LimitStatus) -> String {
    use huiyin_chart::definition::LimitStatus as S;
    match status {
        S::Verified => "verified",
        S::Secondary => "secondary",
        S::Unverified => "unverified",
    }
    .to_owned()
}

/// The form of an event, with what the case already knows under the same names; nothing confidential is filled in.
/// Giving a matter to a unit begins with the unit that the routing rules name, and says why.
fn form(event: &huiyin_chart::definition::EventDecl, data: &Value, proposed: Option<&ProposedUnit>) -> EventFormView {
    let mut prefill = serde_json::Map::new();
    let fields = event.form["properties"].as_object().into_iter().flatten();
    for (name, schema) in fields {
        let open = schema.get("confidential").is_none() && !event.confidential.contains_key(name);
        // Who has the case already is not asked for: a unit is filled in only with what the routing names.
        if schema["format"] == "unit" {
            continue;
        }
        let offered = |known: &Value| schema["enum"].as_array().is_none_or(|choices| choices.contains(known));
        let open = open && data.get(name).is_some_and(offered);
        if let Some(known) = data.get(name).filter(|known| open && !known.is_null() && **known != json!("")) {
            prefill.insert(name.clone(), known.clone());
        }
    }
    let mut form = event.form.clone();
    if event.name == ASSIGN
        && let Some(field) = form.pointer_mut("/properties/unit").and_then(Value::as_object_mut)
    {
        field.insert("relations".to_owned(), json!(ASSIGNABLE));
        if let Some(unit) = proposed {
            let zh = format!("建议：{}（{}）", unit.name, unit.reason.zh);
            let en = format!("proposed: {} ({})", unit.name, unit.reason.en);
            field.insert("description".to_owned(), json!({ "zh": zh, "en": en }));
            prefill.insert("unit".to_owned(), json!(unit.id));
        }
    }
    EventFormView { name: event.name.clone(), title: text(&event.title), form, prefill: Value::Object(prefill) }
}

fn workflow(definition: &Definition, viewer: &User) -> WorkflowView {
    let opening = definition.events.iter().find(|event| event.name == "case.opened");
    let state = |state: &huiyin_chart::definition::State| StateView {
        id: state.id.clone(),
        title: state.title.as_ref().map_or_else(|| Text::same(&state.key), text),
        kind: kind(&state.kind).to_owned(),
    };
    WorkflowView {
        name: definition.name.clone(),
        version: definition.version,
        title: text(&definition.title),
        states: definition.states.iter().skip(1).map(state).collect(),
        clocks: definition
            .clocks
            .iter()
            .map(|clock| ClockDeclView {
                name: clock.name.clone(),
                title: text(&clock.title),
                basis: clock.limit.as_ref().map(|limit| limit.basis.clone()),
                status: clock.limit.as_ref().map(|limit| status(limit.status)),
            })
            .collect(),
        intake: opening.map_or(Value::Null, |event| event.form.clone()),
        data: definition.data.schema.clone(),
        fields: Value::Object(fields(definition)),
        may_open: permissions::may(viewer, Permission::OpenCases)
            && opening.is_some_and(|event| sends(&event.by, viewer)),
    }
}

/// The fields of all events by name: with their titles and the titles of their choices a history can be read.
fn fields(definition: &Definition) -> serde_json::Map<String, Value> {
    let mut fields = serde_json::Map::new();
    for event in &definition.events {
        for (name, schema) in event.form["properties"].as_object().into_iter().flatten() {
            fields.entry(name.clone()).or_insert_with(|| schema.clone());
        }
    }
    fields
}

/// Whether a person may send an event on a case that has no owner yet.
fn sends(by: &[Sender], viewer: &User) -> bool {
    by.iter().any(|sender| match sender {
        Sender::Role(role) => viewer.roles.contains(role),
        Sender::Unit(unit) => viewer.units.contains(unit) || viewer.heads.contains(unit),
        Sender::Owner | Sender::UnitHead | Sender::Public | Sender::Machine => false,
    })
}

fn kind(kind: &StateKind) -> &'static str {
    match kind {
        StateKind::Atomic => "atomic",
        StateKind::Compound => "compound",
        StateKind::Parallel => "parallel",
        StateKind::Final => "final",
        StateKind::History { .. } => "history",
    }
}
