//! Response plans: what one says, as far as its case and its journal tell; how a new one begins; what still keeps one from
//! review. Saving is an event of the case like any other: nothing is written here.

use std::sync::Arc;

use huiyin_chart::Definition;
use huiyin_directory::Directory;
use huiyin_journal::accounts::User;
use huiyin_response::Defaults;
use huiyin_water::network::{Detail, Network, Place};
use huiyin_water::plan::{Document, Field, Fields, From, Kind, Known, Task, draft};
use serde_json::{Value, json};
use uuid::Uuid;

use super::casefile::Loaded;
use super::commands::wrong_field;
use super::{Bureau, failed, history, names};
use crate::incident::{Entry, words};
use crate::ports::{CaseKey, Deed, NewPlan, OfficeError, Submission};
use crate::views::case::AcceptedView;
use crate::views::plans::{
    ChapterView, CompletenessView, ContactView, ContactsView, FieldTextView, FieldView, MaterialView, MaterialsView,
    PlanTaskView, PlanTextView, PlanVersionView, PlanView, TasksView,
};
use crate::views::{FieldError, Text};

/// The workflow of plans.
pub(crate) const PLAN: &str = "response-plan";
/// The most bytes of text that an opening carries: an event holds 256 KiB with everything around it.
const MOST_OPENING: usize = 200 * 1024;
/// Versions that a list shows.
const MOST_VERSIONS: usize = 300;
/// Longest title of a plan, letters.
const LONGEST_TITLE: usize = 120;

/// What plans are made of beside their cases.
#[derive(Clone, Debug, Default)]
pub struct PlanParts {
    /// The list of fields.
    pub fields: Arc<Fields>,
    /// Tasks that a new plan of each kind of source begins with.
    pub defaults: Arc<Defaults>,
}

/// A plan as it stood once.
struct Then {
    loaded: Loaded,
    version: PlanVersionView,
    /// It has no newer version.
    latest: bool,
    document: Document,
}

impl Bureau {
    /// A case that is a plan.
    async fn plan_case(&self, case: Uuid) -> Result<Option<Loaded>, OfficeError> {
        let loaded = self.load(&CaseKey::Id(case)).await?;
        Ok(loaded.filter(|loaded| loaded.record.workflow == PLAN))
    }

    /// A plan as it stands; none: the case is no plan.
    pub(super) async fn plan_page(&self, case: Uuid, may_save: bool) -> Result<Option<PlanView>, OfficeError> {
        let Some(loaded) = self.plan_case(case).await? else { return Ok(None) };
        let (data, entries) = (&loaded.state.data, self.record_of(case).await?);
        let (document, fields) = (Document::of(data), &self.parts.plans.fields);
        let place = self.source_of(words(data, "source"));
        let known = if may_save { self.known(place, words(data, "predecessor")).await? } else { Document::default() };
        let mut versions = versions(&loaded.definition, fields, &entries);
        let mut chapters = Vec::with_capacity(fields.chapters.len());
        for chapter in &fields.chapters {
            let field = |field| view(field, &document, &known, &versions);
            let fields = chapter.fields.iter().map(field).collect();
            chapters.push(ChapterView { id: chapter.id.clone(), title: text(&chapter.title), fields });
        }
        versions.reverse();
        versions.truncate(MOST_VERSIONS);
        let state = loaded.record.active.first().cloned().unwrap_or_default();
        let titles = names::states(Some(&loaded.definition), std::slice::from_ref(&state));
        Ok(Some(PlanView {
            case,
            number: loaded.record.number.clone(),
            title: loaded.record.title.clone(),
            source: words(data, "source").to_owned(),
            source_name: place.map(|place| text(&place.name)),
            state_title: titles.into_iter().next().unwrap_or_default(),
            state,
            predecessor: words(data, "predecessor").to_owned(),
            may_save,
            chapters,
            contacts: contacts(&document),
            materials: materials(&document),
            tasks: self.tasks_view(&document),
            completeness: completeness(&document, fields),
            versions,
        }))
    }

    /// What a plan said at a version; none: it is no plan, or has no such version.
    pub(super) async fn plan_text(&self, case: Uuid, n: u32) -> Result<Option<PlanTextView>, OfficeError> {
        let Some(then) = self.plan_then(case, n).await? else { return Ok(None) };
        let fields = self.parts.plans.fields.all().map(|field| FieldTextView {
            id: field.id.clone(),
            title: text(&field.title),
            text: self.as_text(&then.document, &field.id, field.kind),
        });
        Ok(Some(PlanTextView { fields: fields.collect(), version: then.version }))
    }

    /// The same as a page for printing; chapters and fields that say nothing are left out.
    pub(super) async fn plan_paper(&self, case: Uuid, n: u32) -> Result<Option<String>, OfficeError> {
        let Some(Then { loaded, version, latest, document }) = self.plan_then(case, n).await? else { return Ok(None) };
        let chapters = self.parts.plans.fields.chapters.iter().filter_map(|chapter| {
            let filled = |field: &&Field| document.is_filled(&field.id, field.kind);
            let fields: Vec<Value> = chapter.fields.iter().filter(filled).map(|field| {
                let list = (field.kind == Kind::List).then_some(&field.id);
                json!({"title": field.title.zh, "list": list, "text": self.as_text(&document, &field.id, field.kind)})
            }).collect();
            (!fields.is_empty()).then(|| json!({"title": chapter.title.zh, "fields": fields}))
        });
        let state = names::states(Some(&loaded.definition), &loaded.record.active);
        let own = json!({
            "chapters": chapters.collect::<Vec<_>>(),
            "contacts": contacts(&document).rows, "materials": materials(&document).rows,
            "tasks": self.tasks_view(&document).rows,
            "version": version.n, "version_text": self.in_words(version.at)?,
            "state_text": latest.then(|| state.first().map(|state| state.zh.clone())),
        });
        self.parts.letters.print("预案", self.paper_of(&loaded, own)?).map(Some)
    }

    /// A plan as it stood at a version.
    async fn plan_then(&self, case: Uuid, n: u32) -> Result<Option<Then>, OfficeError> {
        let Some(loaded) = self.plan_case(case).await? else { return Ok(None) };
        let (entries, fields) = (self.record_of(case).await?, &self.parts.plans.fields);
        let mut versions = versions(&loaded.definition, fields, &entries);
        let latest = versions.len() == n as usize;
        let Some(at) = versions.iter().position(|known| known.n == n) else { return Ok(None) };
        let mut document = Document::default();
        for entry in entries.iter().filter(|entry| entry.event.is_some()).take(n as usize) {
            match entry.event.as_deref().unwrap_or_default() {
                "case.opened" => document = Document::of(&entry.data),
                event => drop(document.apply(event, &entry.data)),
            }
        }
        Ok(Some(Then { version: versions.swap_remove(at), loaded, latest, document }))
    }

    /// Begins the plan of a source: with the text of the one in force, else with what the system knows.
    pub(super) async fn begin(&self, who: &User, new: NewPlan) -> Result<AcceptedView, OfficeError> {
        let NewPlan { id, source, unit, title, current } = new;
        let place = self.source_of(&source).ok_or(OfficeError::NotFound)?;
        let before = match current {
            Some(case) => self.plan_case(case).await?,
            None => None,
        };
        let title =
            if title.trim().is_empty() { format!("{}突发环境事件应急预案", place.name.zh) } else { title };
        let mut data = json!({
            "title": title.chars().take(LONGEST_TITLE).collect::<String>(), "source": source, "unit": unit,
        });
        let town = place.town.as_deref().filter(|town| self.directory().town(town).is_some());
        if let Some(town) = town {
            data["place"] = json!(town);
        }
        let number = before.as_ref().map(|before| before.record.number.clone());
        let document = match &before {
            Some(before) => Document::of(&before.state.data),
            None => self.known(Some(place), "").await?,
        };
        if let (Value::Object(data), Some(number)) = (&mut data, number) {
            data.insert("predecessor".to_owned(), json!(number));
        }
        if let Value::Object(data) = &mut data {
            data.extend(document.opening(MOST_OPENING).0);
        }
        self.command(who, Submission { id, deed: Deed::Open { workflow: PLAN.to_owned(), data } }).await
    }

    /// What keeps a plan from review: every required field with nothing in it, by name. The workflow refuses at the first.
    pub(super) async fn gaps(&self, case: Uuid) -> Result<(), OfficeError> {
        let Some(loaded) = self.plan_case(case).await? else { return Ok(()) };
        let fields = &self.parts.plans.fields;
        let missing = Document::of(&loaded.state.data).completeness(fields).missing;
        let missing: Vec<_> = missing.iter().filter_map(|id| fields.get(id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let listed = |pick: fn(&huiyin_water::network::Text) -> &str, between: &str| {
            missing.iter().map(|field| pick(&field.title)).collect::<Vec<_>>().join(between)
        };
        let message = Text::new(
            format!("必填内容尚未填写：{}", listed(|title| &title.zh, "、")),
            format!("required and still empty: {}", listed(|title| &title.en, ", ")),
        );
        let empty = || Text::new("尚未填写", "nothing stands here yet");
        let details = missing.iter().map(|field| FieldError { path: field.id.clone(), message: empty() }).collect();
        Err(OfficeError::Refused { code: "requirement".to_owned(), message, details })
    }

    /// What the system knows of a source now; a plan that was revised lends what it said where the system knows nothing.
    async fn known(&self, place: Option<&Place>, predecessor: &str) -> Result<Document, OfficeError> {
        let mut known = match (place, &self.parts.waters) {
            (Some(place), Some(network)) => self.network_knows(network, place)?,
            _ => Document::default(),
        };
        if !predecessor.is_empty()
            && let Some(before) = self.load(&CaseKey::Number(predecessor.to_owned())).await?
            && before.record.workflow == PLAN
        {
            for (id, section) in Document::of(&before.state.data).sections {
                known.sections.entry(id).or_insert(section);
            }
        }
        Ok(known)
    }

    fn network_knows(&self, network: &Network, place: &Place) -> Result<Document, OfficeError> {
        let directory = self.directory();
        let unit = |id: &str| directory.unit(id).map(|unit| unit.name.zh.clone());
        let known = Known { network, place, tasks: self.usual_tasks(place, &directory), unit: &unit };
        draft(&known).map_err(|refusals| failed(&refusals))
    }

    /// What an activation would hand out as long as there is no plan.
    fn usual_tasks(&self, place: &Place, directory: &Directory) -> Vec<Task> {
        let Detail::Source { kind, .. } = &place.detail else { return Vec::new() };
        let defaults = &self.parts.plans.defaults;
        let tasks = defaults.of_kind(kind).iter().map(|task| {
            let task = defaults.assigned(task, &place.name.zh, place.town.as_deref(), directory);
            Task { key: task.key, unit: task.unit, task: task.task, before_minutes: task.before_minutes.into() }
        });
        tasks.collect()
    }

    fn source_of(&self, id: &str) -> Option<&Place> {
        let place = self.parts.waters.as_ref()?.place(id)?;
        matches!(place.detail, Detail::Source { .. }).then_some(place)
    }

    fn tasks_view(&self, document: &Document) -> TasksView {
        let directory = self.directory();
        let rows = document.tasks.0.iter().map(|task| PlanTaskView {
            key: task.key.clone(),
            unit_name: names::party(&directory, &format!("unit:{}", task.unit)),
            unit: task.unit.clone(),
            task: task.task.clone(),
            before_minutes: task.before_minutes,
        });
        TasksView { rev: document.tasks.1, rows: rows.collect() }
    }

    /// A field as people compare it.
    fn as_text(&self, document: &Document, id: &str, kind: Kind) -> String {
        let joined =
            |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" · ");
        let lines: Vec<String> = match (kind, id) {
            (Kind::List, "contacts") => {
                document.contacts.0.iter().map(|row| joined(&[&row.unit, &row.post, &row.phone, &row.duty])).collect()
            }
            (Kind::List, "materials") => document
                .materials
                .0
                .iter()
                .map(|row| joined(&[&row.name, &row.amount, &row.place, &row.keeper]))
                .collect(),
            (Kind::List, _) => {
                let rows = self.tasks_view(document).rows;
                rows.iter()
                    .map(|row| joined(&[&row.before_minutes.to_string(), &row.unit_name.zh, &row.task]))
                    .collect()
            }
            _ => return document.sections.get(id).map(|section| section.text.clone()).unwrap_or_default(),
        };
        lines.join("\n")
    }
}

/// Every entry that an event made, numbered from the opening on, the oldest first.
fn versions(definition: &Definition, fields: &Fields, entries: &[Entry]) -> Vec<PlanVersionView> {
    let mut scratch = Document::default();
    let made = entries.iter().filter_map(|entry| Some((entry, entry.event.as_deref()?)));
    let version = made.enumerate().map(|(n, (entry, event))| {
        let field = scratch.apply(event, &entry.data);
        let title = field.as_deref().and_then(|id| fields.get(id)).map(|field| text(&field.title));
        PlanVersionView {
            n: u32::try_from(n + 1).unwrap_or(u32::MAX),
            at: entry.at,
            who: entry.who.clone(),
            what: title.unwrap_or_else(|| history::event_title(definition, event)),
            field,
        }
    });
    version.collect()
}

fn view(
    field: &huiyin_water::plan::Field,
    document: &Document,
    known: &Document,
    versions: &[PlanVersionView],
) -> FieldView {
    let section = document.sections.get(&field.id);
    let now = section.map(|section| section.text.clone()).unwrap_or_default();
    let rev = match (field.kind, field.id.as_str()) {
        (Kind::List, "contacts") => document.contacts.1,
        (Kind::List, "materials") => document.materials.1,
        (Kind::List, _) => document.tasks.1,
        _ => section.map_or(0, |section| section.rev),
    };
    let mark = match (document.is_filled(&field.id, field.kind), rev) {
        (false, _) => "empty",
        (true, 0) => "begun",
        (true, _) => "saved",
    };
    let last = versions.iter().rev().find(|version| version.field.as_deref() == Some(&field.id));
    let better = known.sections.get(&field.id).map(|section| section.text.clone());
    FieldView {
        id: field.id.clone(),
        title: text(&field.title),
        kind: match field.kind {
            Kind::Text => "text",
            Kind::Date => "date",
            Kind::Zone => "zone",
            Kind::List => "list",
        }
        .to_owned(),
        required: field.required,
        from: match field.from {
            From::Law => "law",
            From::Secondary => "secondary",
            From::Customary => "customary",
        }
        .to_owned(),
        law: field.law.clone(),
        hint: field.hint.as_ref().map(text),
        known: better.filter(|better| *better != now),
        text: now,
        rev,
        mark: mark.to_owned(),
        saved_at: last.map(|version| version.at),
        saved_by: last.map(|version| version.who.clone()),
    }
}

fn contacts(document: &Document) -> ContactsView {
    let rows = document.contacts.0.iter().cloned().map(|row| ContactView {
        unit: row.unit,
        duty: row.duty,
        post: row.post,
        phone: row.phone,
    });
    ContactsView { rev: document.contacts.1, rows: rows.collect() }
}

fn materials(document: &Document) -> MaterialsView {
    let rows = document.materials.0.iter().cloned().map(|row| MaterialView {
        name: row.name,
        amount: row.amount,
        place: row.place,
        keeper: row.keeper,
    });
    MaterialsView { rev: document.materials.1, rows: rows.collect() }
}

fn completeness(document: &Document, fields: &Fields) -> CompletenessView {
    let count = document.completeness(fields);
    CompletenessView {
        filled: count.filled,
        of: count.of,
        required_filled: count.required_filled,
        required: count.required,
        missing: count.missing,
    }
}

fn text(words: &huiyin_water::network::Text) -> Text {
    Text::new(words.zh.clone(), words.en.clone())
}

/// There is a plan for this source that is not in force yet.
pub(crate) fn begun(state: &Text) -> OfficeError {
    let message = Text::new(
        format!("该水源已有预案（{}），不能再启动一个", state.zh),
        format!("the source has a plan already ({}): no second one can be begun", state.en),
    );
    wrong_field("source", message)
}
