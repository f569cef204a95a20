//! Papers of a case (交办单, 告知书, 答复意见书 …): found in its journal, rendered from the district's letter templates.
//!
//! A letter to a unit names neither the petitioner nor how to reach them; an article that was not read is never printed.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Utc};
use huiyin_chart::Definition;
use huiyin_directory::Directory;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};

use crate::ports::OfficeError;
use crate::views::clock::ClockView;

/// Letters that go to a unit: written without the person.
const TO_UNITS: [&str; 3] = ["交办单", "转送函", "催办通知书"];

/// The templates of letters, by name without ending; `_letter` is the frame.
#[derive(Debug, Default)]
pub struct Letters {
    environment: Environment<'static>,
}

/// What a paper is made of.
pub(crate) struct Paper<'a> {
    /// Template name.
    pub(crate) template: &'a str,
    /// When it was drawn up.
    pub(crate) at: DateTime<Utc>,
    /// Case number.
    pub(crate) number: &'a str,
    /// Data of the case.
    pub(crate) data: &'a Value,
    /// Data of the event that drew it up.
    pub(crate) event: &'a Value,
    /// Deadlines of the case.
    pub(crate) clocks: &'a [ClockView],
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

    /// The paper as a page of HTML.
    pub(crate) fn render(
        &self,
        directory: &Directory,
        definition: &Definition,
        zone: FixedOffset,
        paper: &Paper<'_>,
    ) -> Result<String, OfficeError> {
        let name = format!("{}.html", paper.template);
        let template = self.environment.get_template(&name).map_err(|_| OfficeError::NotFound)?;
        let variables = minijinja::value::Serde(variables(directory, definition, zone, paper));
        template.render(variables).map_err(super::failed)
    }
}

fn variables(directory: &Directory, definition: &Definition, zone: FixedOffset, paper: &Paper<'_>) -> Value {
    let district = directory.district();
    let own = |name: &str| paper.data.get(name).cloned().unwrap_or(Value::Null);
    let event = |name: &str| paper.event.get(name).cloned().unwrap_or(Value::Null);
    let words = |value: Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let day = |value: Value| words(value).map(|text| date_in_words(&text, zone));
    let unit = words(own("unit")).and_then(|id| directory.unit(&id).cloned());
    let clock =
        paper.clocks.iter().filter(|clock| clock.due_at.is_some() && clock.basis.is_some()).min_by_key(|c| c.due_at);
    let clock = clock.or_else(|| paper.clocks.iter().filter(|clock| clock.due_at.is_some()).min_by_key(|c| c.due_at));
    let verified = clock.filter(|clock| clock.basis_status.as_deref() == Some("verified"));
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    };
    put("office_name", json!(district.office.zh));
    put("telephone", json!(district.telephone));
    put("number", json!(paper.number));
    put("date_text", json!(paper.at.with_timezone(&zone).format("%Y年%-m月%-d日").to_string()));
    if !TO_UNITS.contains(&paper.template) {
        put("petitioner_name", json!(words(own("petitioner_name"))));
    }
    put("title", own("title"));
    put("received_text", json!(day(own("received_at"))));
    put("accepted_text", json!(day(own("accepted_on"))));
    put("served_text", json!(day(own("notice_served_on"))));
    put("route", own("route"));
    put("route_text", json!(choice(definition, "route", &own("route"))));
    put("unit_name", json!(unit.as_ref().map(|unit| unit.name.zh.clone())));
    put("unit_relation", json!(unit.as_ref().map(|unit| unit.relation.as_str())));
    put("sender", own("sender"));
    put("ticket", own("ticket"));
    put("referred_to", first(event("authority"), own("referred_to")));
    put("first_case", first(event("first_case"), own("earlier_case")));
    put("ground_text", json!(choice(definition, "ground", &first(event("ground"), own("ground")))));
    put("clock_title", json!(clock.map(|clock| clock.title.zh.clone())));
    put("due_text", json!(clock.and_then(|clock| clock.due_at).map(|due| day_in_words(due, zone))));
    put("due_provisional", json!(clock.is_some_and(|clock| clock.provisional)));
    put("basis", json!(verified.and_then(|clock| clock.basis.clone())));
    put("days", event("days"));
    put("reason", event("reason"));
    put("note", event("note"));
    put("category_text", json!(words(own("category")).map(|id| category(directory, &id))));
    put("town", own("place"));
    put("reply", own("reply"));
    Value::Object(all)
}

fn first(a: Value, b: Value) -> Value {
    if a.is_null() { b } else { a }
}

fn category(directory: &Directory, id: &str) -> String {
    directory.category(id).map_or_else(|| id.to_owned(), |category| category.name.zh.clone())
}

/// The Chinese title of a choice, as the schema of the case's data or one of its forms has it.
fn choice(definition: &Definition, field: &str, value: &Value) -> Option<String> {
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

fn day_in_words(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%Y年%-m月%-d日").to_string()
}
