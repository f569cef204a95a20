//! Papers of a case (交办单, 告知书, 答复意见书 …): found in its journal, rendered from the district's letter templates.
//!
//! A letter to a unit names neither the petitioner nor how to reach them; an article that was not read is never printed.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Utc};
use huiyin_calendar::Calendar;
use huiyin_chart::definition::{CountsAs, LimitStatus};
use huiyin_chart::{CaseState, Definition};
use huiyin_directory::{Directory, Relation};
use huiyin_engine::state_at;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Bureau;
use super::casefile::said;
use crate::mask;
use crate::ports::{Document, OfficeError};
use crate::views::case::DocumentView;

/// Entries of a journal read at once.
const PAGE: u32 = 500;

/// Letters that go to a unit: written without the person.
const TO_UNITS: [&str; 3] = ["交办单", "转送函", "催办通知书"];

/// The templates of letters, by name without ending; `_letter` is the frame.
#[derive(Debug, Default)]
pub struct Letters {
    environment: Environment<'static>,
}

/// A paper that was drawn up: which, and by which entry.
pub(crate) struct Drawn {
    pub(crate) view: DocumentView,
    seq: i64,
}

/// What a paper is made of.
struct Paper<'a> {
    /// Template name.
    template: &'a str,
    /// When it was drawn up.
    at: DateTime<Utc>,
    /// Case number.
    number: &'a str,
    /// It belongs to an exercise.
    exercise: bool,
    /// The case as it stood then.
    state: &'a CaseState,
    /// Data of the event that drew it up.
    event: &'a Value,
    /// With the petitioner's name in the clear.
    named: bool,
}

impl Bureau {
    /// The papers of a case, in the order in which they were drawn up.
    pub(super) async fn papers_of(&self, case: Uuid) -> Result<Vec<Drawn>, OfficeError> {
        let mut papers: Vec<Drawn> = Vec::new();
        let mut after = 0;
        loop {
            let entries = self.journal.timeline(case, after, PAGE, false).await.map_err(super::failed)?;
            let Some(last) = entries.last() else { return Ok(papers) };
            after = last.seq;
            for entry in entries {
                let effects = entry.body["effects"].as_array().map(Vec::as_slice).unwrap_or_default();
                for effect in effects.iter().filter(|effect| effect["kind"] == "document") {
                    let n = u32::try_from(papers.len() + 1).unwrap_or(u32::MAX);
                    let template = effect["template"].as_str().unwrap_or_default().to_owned();
                    let to_unit = TO_UNITS.contains(&template.as_str());
                    let view = DocumentView { n, template, at: entry.at, names_petitioner: !to_unit };
                    papers.push(Drawn { view, seq: entry.seq });
                }
            }
        }
    }

    /// One paper as it was drawn up, from the case as its journal says it stood then.
    pub(super) async fn paper(&self, case: Uuid, n: u32, named: bool) -> Result<Option<Document>, OfficeError> {
        let papers = self.papers_of(case).await?;
        let Some(Drawn { view, seq }) = papers.into_iter().find(|drawn| drawn.view.n == n) else { return Ok(None) };
        let registry = self.parts.engine.registry();
        let then = state_at(&self.journal, registry, case, seq).await.map_err(super::failed)?;
        let Some((definition, state)) = then else { return Ok(None) };
        let entry = self.journal.timeline(case, seq - 1, 1, true).await.map_err(super::failed)?;
        let event = entry.first().map_or(Value::Null, |entry| said(&entry.body));
        let paper = Paper {
            template: &view.template,
            at: view.at,
            number: &state.number,
            exercise: self.is_exercise(),
            state: &state,
            event: &event,
            named,
        };
        let calendar = self.district()?.calendar;
        let html = self.parts.letters.render(&self.directory(), &definition, &calendar, &paper)?;
        Ok(Some(Document { view, html }))
    }
}

impl Letters {
    /// Reads the templates: file name with ending → text.
    ///
    /// # Errors
    /// When one does not parse: file, line and what is wrong.
    pub fn new(files: BTreeMap<String, String>) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        for (name, text) in files {
            environment.add_template_owned(name.clone(), text).map_err(|e| format!("letter {name}: {e:#}"))?;
        }
        Ok(Self { environment })
    }

    /// A paper from values that were put together elsewhere. What is drawn in it (`sketch`) comes from this program and is
    /// safe as it is; everything else is escaped.
    pub(super) fn print(&self, template: &str, mut values: Value) -> Result<String, OfficeError> {
        let sketch = values.as_object_mut().and_then(|values| values.remove("sketch"));
        let template = self.environment.get_template(&format!("{template}.html")).map_err(|_| OfficeError::NotFound)?;
        let sketch =
            sketch.as_ref().and_then(Value::as_str).map(|svg| minijinja::Value::from_safe_string(svg.to_owned()));
        let values = minijinja::context! {
            sketch => sketch.unwrap_or(minijinja::Value::UNDEFINED),
            ..minijinja::Value::from(minijinja::value::Serde(&values))
        };
        template.render(values).map_err(super::failed)
    }

    /// The paper as a page of HTML.
    fn render(
        &self,
        directory: &Directory,
        definition: &Definition,
        calendar: &Calendar,
        paper: &Paper<'_>,
    ) -> Result<String, OfficeError> {
        let name = format!("{}.html", paper.template);
        let template = self.environment.get_template(&name).map_err(|_| OfficeError::NotFound)?;
        let variables = minijinja::value::Serde(variables(directory, definition, calendar, paper));
        template.render(variables).map_err(super::failed)
    }
}

fn variables(directory: &Directory, definition: &Definition, calendar: &Calendar, paper: &Paper<'_>) -> Value {
    let (district, zone) = (directory.district(), calendar.zone());
    let data = &paper.state.data;
    let own = |name: &str| data.get(name).cloned().unwrap_or(Value::Null);
    let event = |name: &str| paper.event.get(name).cloned().unwrap_or(Value::Null);
    let words = |value: Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let day = |value: Value| words(value).map(|text| date_in_words(&text, zone));
    let to_unit = TO_UNITS.contains(&paper.template);
    let unit = words(own("unit")).and_then(|id| directory.unit(&id).cloned());
    let due = due(definition, calendar, paper, to_unit);
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    };
    put("office_name", json!(district.office.zh));
    put("telephone", json!(district.telephone));
    put("number", json!(paper.number));
    put("exercise", json!(paper.exercise));
    put("date_text", json!(day_in_words(paper.at, zone)));
    if !to_unit {
        let name = words(own("petitioner_name"));
        put("petitioner_name", json!(name.map(|name| if paper.named { name } else { mask::text_hidden(&name) })));
    }
    let outside = [Relation::Peer, Relation::Partner, Relation::Superior];
    let to_others = paper.template == "转送函" || unit.as_ref().is_some_and(|unit| outside.contains(&unit.relation));
    let strict = own("confidentiality") == "strict" && to_unit && to_others;
    put("title", if strict { json!("（严格保密事项，标题略）") } else { own("title") });
    put("received_text", json!(day(own("received_at"))));
    put("accepted_text", json!(day(own("accepted_on"))));
    put("served_text", json!(day(own("notice_served_on"))));
    put("route", own("route"));
    let route = choice(definition, "route", &own("route"));
    put("route_text", json!(route.map(|title| title.trim_start_matches("第三十一条").to_owned())));
    put("unit_name", json!(unit.as_ref().map(|unit| unit.name.zh.clone())));
    put("unit_relation", json!(unit.as_ref().map(|unit| unit.relation.as_str())));
    put("sender", own("sender"));
    put("ticket", own("ticket"));
    put("referred_to", first(event("referred_to"), own("referred_to")));
    put("main_case", json!(words(own("main_case"))));
    put("urgency", own("urgency"));
    put("authority", event("authority"));
    put("authority_text", json!(choice(definition, "authority", &event("authority"))));
    put("first_case", first(event("first_case"), own("earlier_case")));
    put("ground_text", json!(choice(definition, "ground", &first(event("ground"), own("ground")))));
    if let Some(due) = due {
        put("clock_title", json!(due.title));
        put("due_text", json!(day_in_words(due.at, zone)));
        put("due_provisional", json!(due.provisional));
        put("limit_text", json!(due.limit.map(|at| day_in_words(at, zone))));
        put("basis", json!(due.basis));
    }
    put("days", event("days"));
    put("reason", event("reason"));
    put("note", event("note"));
    put("category_text", json!(words(own("category")).map(|id| category(directory, &id))));
    put("town", own("place"));
    put("reply", reply(definition, data));
    Value::Object(all)
}

/// The date by which the answer is owed, as a paper says it.
struct Due {
    title: String,
    at: DateTime<Utc>,
    provisional: bool,
    /// The law's date, and its article; only one that was read in a source of the law.
    limit: Option<DateTime<Utc>>,
    basis: Option<String>,
}

/// To a unit: the earliest date of the running clocks that count as an answer, the office's own targets included, and
/// beside it the earliest date of the law. To a citizen: the law's date alone; a target, or an article that was not
/// read, promises nothing on paper.
fn due(definition: &Definition, calendar: &Calendar, paper: &Paper<'_>, to_unit: bool) -> Option<Due> {
    let answers = |name: &str| {
        let clock = definition.clocks.iter().find(|clock| clock.name == name);
        clock.is_some_and(|clock| clock.counts_as == Some(CountsAs::Answer))
    };
    let clocks = paper.state.clocks_view(definition, calendar, paper.at);
    let running: Vec<_> = clocks.iter().filter(|clock| clock.status == "running" && answers(&clock.clock)).collect();
    let lawful = running.iter().filter(|clock| clock.basis_status == Some(LimitStatus::Verified));
    let law = lawful.filter_map(|clock| Some((clock.limit_due?, *clock))).min_by_key(|(at, _)| *at);
    let limit = law.map(|(at, _)| at);
    let basis = law.and_then(|(_, clock)| clock.basis.clone());
    let (at, clock) =
        if to_unit { running.iter().map(|clock| (clock.due_at, *clock)).min_by_key(|(at, _)| *at)? } else { law? };
    Some(Due { title: clock.title.zh.clone(), at, provisional: clock.provisional, limit, basis })
}

/// The reply as its letter prints it.
fn reply(definition: &Definition, data: &Value) -> Value {
    let mut reply = data["reply"].clone();
    if let Some(fields) = reply.as_object_mut().filter(|fields| !fields.is_empty()) {
        let conclusion = fields.get("conclusion").cloned().unwrap_or_default();
        let title = choice(definition, "conclusion", &conclusion).unwrap_or_default();
        let title = title.trim_start_matches("（五）").trim_start_matches("（六）");
        fields.insert("conclusion_text".to_owned(), json!(title));
        fields.insert("request".to_owned(), data["request"].clone());
    }
    reply
}

fn first(a: Value, b: Value) -> Value {
    if a.is_null() { b } else { a }
}

fn category(directory: &Directory, id: &str) -> String {
    directory.category(id).map_or_else(|| id.to_owned(), |category| category.name.zh.clone())
}

/// The Chinese title of a choice, as the schema of the case's data or one of its forms has it.
pub(super) fn choice(definition: &Definition, field: &str, value: &Value) -> Option<String> {
    let value = value.as_str().filter(|text| !text.is_empty())?;
    let forms = definition.events.iter().map(|event| &event.form);
    let titles = std::iter::once(&definition.data.schema).chain(forms);
    let mut found = titles.filter_map(|schema| {
        schema.pointer(&format!("/properties/{field}/enumTitles/{value}/zh"))?.as_str().map(str::to_owned)
    });
    found.next().or_else(|| Some(value.to_owned()))
}

fn date_in_words(text: &str, zone: FixedOffset) -> String {
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return day_in_words(at, zone);
    }
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d");
    date.map_or_else(|_| text.to_owned(), |date| date.format("%Y年%-m月%-d日").to_string())
}

pub(super) fn day_in_words(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%Y年%-m月%-d日").to_string()
}
