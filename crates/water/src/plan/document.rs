//! What a plan says: read from the data of its case, and from its journal save by save.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::{Fields, Kind};

/// A text as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What it says.
    pub text: String,
    /// How often it was saved.
    pub rev: i64,
}

/// Whom to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Unit, in words.
    pub unit: String,
    /// What it does in an incident.
    pub duty: String,
    /// Post or name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub post: String,
    /// Office telephone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

/// What lies where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// What.
    pub name: String,
    /// How much, with its unit.
    pub amount: String,
    /// Where.
    pub place: String,
    /// Who keeps it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keeper: String,
}

/// What a unit has done so many minutes before the pollutant's earliest arrival at the intake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Key, of its own within the plan.
    pub key: String,
    /// Unit id of the directory.
    pub unit: String,
    /// What it does.
    pub task: String,
    /// Minutes before the earliest arrival; negative: after it. −10080 to 10080.
    pub before_minutes: i64,
}

/// All that a plan says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Texts by the id of their field.
    pub sections: BTreeMap<String, Section>,
    /// Contacts, and how often they were saved.
    pub contacts: (Vec<Contact>, i64),
    /// Material, likewise.
    pub materials: (Vec<Material>, i64),
    /// Key actions, likewise.
    pub tasks: (Vec<Task>, i64),
}

/// How much of a plan is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Fields with something in them.
    pub filled: usize,
    /// All fields.
    pub of: usize,
    /// Required fields with something in them.
    pub required_filled: usize,
    /// Required fields.
    pub required: usize,
    /// Ids of required fields with nothing in them, in the order of the chapters.
    pub missing: Vec<String>,
}

/// A list that does not read as one counts as empty: the workflow admits none that does not.
fn list<T: serde::de::DeserializeOwned>(data: &Value, name: &str) -> Vec<T> {
    data.get(name).and_then(|list| serde_json::from_value(list.clone()).ok()).unwrap_or_default()
}

fn number(data: &Value, name: &str) -> i64 {
    data.get(name).and_then(Value::as_i64).unwrap_or(0)
}

impl Document {
    /// What the data of a plan's case say; of a plan that began before it could say anything: nothing.
    #[must_use]
    pub fn of(data: &Value) -> Self {
        #[derive(Deserialize)]
        struct Kept {
            id: String,
            text: String,
            rev: i64,
        }
        let sections = list::<Kept>(data, "sections");
        Self {
            sections: sections.into_iter().map(|kept| (kept.id, Section { text: kept.text, rev: kept.rev })).collect(),
            contacts: (list(data, "contacts"), number(data, "contacts_rev")),
            materials: (list(data, "materials"), number(data, "materials_rev")),
            tasks: (list(data, "tasks"), number(data, "tasks_rev")),
        }
    }

    /// What it says after an event of the case, with what was sent; gives the field that was saved, if one was.
    pub fn apply(&mut self, event: &str, sent: &Value) -> Option<String> {
        let next = number(sent, "base") + 1;
        match event {
            "section.saved" => {
                let (id, text) =
                    (sent["section"].as_str()?.to_owned(), sent["text"].as_str().unwrap_or_default().to_owned());
                self.sections.insert(id.clone(), Section { text, rev: next });
                return Some(id);
            }
            "contacts.saved" => self.contacts = (list(sent, "contacts"), next),
            "materials.saved" => self.materials = (list(sent, "materials"), next),
            "tasks.saved" => self.tasks = (list(sent, "tasks"), next),
            _ => return None,
        }
        event.split('.').next().map(str::to_owned)
    }

    /// Does anything stand in a field?
    #[must_use]
    pub fn is_filled(&self, id: &str, kind: Kind) -> bool {
        match (kind, id) {
            // A list of names without a telephone helps nobody.
            (Kind::List, "contacts") => self.contacts.0.iter().any(|contact| !contact.phone.is_empty()),
            (Kind::List, "materials") => !self.materials.0.is_empty(),
            (Kind::List, _) => !self.tasks.0.is_empty(),
            _ => self.sections.get(id).is_some_and(|section| !section.text.trim().is_empty()),
        }
    }

    /// How much is written, field by field.
    #[must_use]
    pub fn completeness(&self, fields: &Fields) -> Completeness {
        let mut count = Completeness::default();
        for field in fields.all() {
            let filled = self.is_filled(&field.id, field.kind);
            count.of += 1;
            count.filled += usize::from(filled);
            if field.required {
                count.required += 1;
                count.required_filled += usize::from(filled);
                if !filled {
                    count.missing.push(field.id.clone());
                }
            }
        }
        count
    }

    /// As the opening of a plan's case carries it: every count of saves begins anew. Texts are left out, the last ones
    /// first, once more than `most` bytes would be sent; gives their ids, too.
    #[must_use]
    pub fn opening(&self, most: usize) -> (Map<String, Value>, Vec<String>) {
        let mut data = Map::new();
        let (contacts, materials, tasks) = (json!(self.contacts.0), json!(self.materials.0), json!(self.tasks.0));
        let mut used = [&contacts, &materials, &tasks].into_iter().map(|list| list.to_string().len()).sum::<usize>();
        let (mut sections, mut left) = (Vec::new(), Vec::new());
        for (id, section) in self.sections.iter().filter(|(_, section)| !section.text.is_empty()) {
            let kept = json!({"id": id, "text": section.text, "rev": 0});
            used += kept.to_string().len() + 1;
            if used > most {
                left.push(id.clone());
            } else {
                sections.push(kept);
            }
        }
        data.insert("sections".into(), Value::Array(sections));
        data.insert("contacts".into(), contacts);
        data.insert("materials".into(), materials);
        data.insert("tasks".into(), tasks);
        (data, left)
    }
}
