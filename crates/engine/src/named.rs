//! Cases that an event names by their number: fields of a form with `format: case`. Looked up before the batch begins,
//! judged when the event is carried out. Whether the event itself fits is `chart`'s to say.
//!
//! A form may add `workflow: name` and `in_states: [ids]`: the workflow of the named case, and states of which it must be
//! in one.

use std::collections::HashMap;

use huiyin_chart::Definition;
use huiyin_chart::definition::Text;
use serde_json::Value;

use crate::command::{Command, Detail, Refused, Target};
use crate::core::Core;
use crate::execute::{Item, Trouble};

/// Longest number looked up, in bytes.
const LONGEST: usize = 400;

/// District, timeline and number.
type Name = (String, String, String);

/// A case as it stood when it was looked up.
pub(crate) struct Found {
    workflow: String,
    /// Ids of its active states, those above included.
    states: Vec<String>,
}

/// What was looked up; none: there is no such case.
pub(crate) type Named = HashMap<Name, Option<Found>>;

/// The fields of an event's form that name cases: field and its schema.
fn fields<'d>(definition: &'d Definition, event: &str) -> impl Iterator<Item = (&'d str, &'d Value)> {
    let form = definition.events.iter().find(|decl| decl.name == event).map(|decl| &decl.form);
    let properties = form.and_then(|form| form.get("properties")).and_then(Value::as_object).into_iter().flatten();
    let names_case = |schema: &Value| schema.get("format").and_then(Value::as_str) == Some("case");
    properties.filter(move |(_, schema)| names_case(schema)).map(|(name, schema)| (name.as_str(), schema))
}

fn name(command: &Command, number: &str) -> Name {
    (command.district.clone(), command.timeline.clone(), number.to_owned())
}

impl Core {
    /// Looks up the cases that the events of a batch name.
    pub(crate) async fn named(&self, items: &[Item<'_>]) -> Result<Named, Trouble> {
        let mut named = Named::new();
        let definitions = self.registry.in_force();
        for item in items {
            let Item::Command(command) = item else { continue };
            let Target::Event { event, data, .. } = &command.target else { continue };
            for (field, _) in definitions.iter().flat_map(|definition| fields(definition, event)) {
                let Some(number) = data.get(field).and_then(Value::as_str) else { continue };
                let key = name(command, number);
                if number.is_empty() || number.len() > LONGEST || named.contains_key(&key) {
                    continue;
                }
                let found = self.find(&key).await?;
                named.insert(key, found);
            }
        }
        Ok(named)
    }

    async fn find(&self, (district, timeline, number): &Name) -> Result<Option<Found>, Trouble> {
        let Some(record) = self.journal.case_by_number(district, timeline, number).await? else { return Ok(None) };
        let definition = self.registry.definition_of(&self.journal, &record.definition_hash).await?;
        let mut states = Vec::new();
        for id in &record.active {
            let mut at = definition.states.iter().find(|state| state.id == *id);
            while let Some(state) = at {
                states.push(state.id.clone());
                at = state.parent.and_then(|ix| definition.states.get(usize::from(ix)));
            }
        }
        Ok(Some(Found { workflow: record.workflow, states }))
    }
}

/// Why a named case does not do; none: all of them do.
pub(crate) fn unfit(
    named: &Named,
    definition: &Definition,
    command: &Command,
    event: &str,
    data: &Value,
) -> Option<Refused> {
    let problem = |(field, schema): (&str, &Value)| {
        let number = data.get(field).and_then(Value::as_str).filter(|number| !number.is_empty())?;
        let message = match named.get(&name(command, number)) {
            // Not looked up: the form in force does not ask for it.
            None => return None,
            Some(None) => {
                Text { zh: format!("没有编号为“{number}”的案件"), en: format!("there is no case {number}") }
            }
            Some(Some(found)) => wrong(found, schema, number)?,
        };
        Some(Detail { path: field.to_owned(), message })
    };
    let details: Vec<Detail> = fields(definition, event).filter_map(problem).collect();
    (!details.is_empty()).then(|| Refused {
        details,
        ..Refused::new(
            "form_invalid",
            "填写的案件编号有误，请按提示修改",
            "a case named here does not do; see the fields",
        )
    })
}

fn wrong(found: &Found, schema: &Value, number: &str) -> Option<Text> {
    let workflow = schema.get("workflow").and_then(Value::as_str);
    if workflow.is_some_and(|workflow| workflow != found.workflow) {
        return Some(Text {
            zh: format!("“{number}”不是同一类案件"),
            en: format!("{number} is a case of another workflow"),
        });
    }
    let states = schema.get("in_states").and_then(Value::as_array)?;
    let fits = states.iter().filter_map(Value::as_str).any(|id| found.states.iter().any(|state| state == id));
    (!fits).then(|| Text {
        zh: format!("“{number}”现在的状态不适合：可能已并入他案、已转送或者已办结"),
        en: format!("{number} is not in a fit state: it may follow another case, be passed on or be over"),
    })
}
