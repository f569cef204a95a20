//! What units, channels and categories are called, from the directory and the workflows in force. Never the name of a
//! person: a party that is one is told as a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin_chart::{Definition, OPENED};
use huiyin_directory::Directory;

use crate::words::Text;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Names {
    units: BTreeMap<String, Text>,
    roles: BTreeMap<String, Text>,
    channels: BTreeMap<String, Text>,
    categories: BTreeMap<String, Text>,
}

impl Names {
    /// From what is in force.
    #[must_use]
    pub fn of(directory: &Directory, definitions: &[Arc<Definition>]) -> Self {
        let text = |name: &huiyin_directory::Text| Text::new(&name.zh, &name.en);
        let mut names = Self {
            units: directory.units().iter().map(|unit| (unit.id.clone(), text(&unit.name))).collect(),
            roles: directory.roles().map(|(id, name)| (id.to_owned(), text(name))).collect(),
            categories: directory.categories().iter().map(|one| (one.id.clone(), text(&one.name))).collect(),
            channels: BTreeMap::new(),
        };
        for definition in definitions {
            names.channels.extend(channels(definition));
        }
        names
    }

    /// A unit; none: no unit ever had the matter.
    #[must_use]
    pub fn unit(&self, id: Option<&str>) -> Text {
        match id {
            None => Text::new("未派单", "unassigned"),
            Some(id) => named(&self.units, id),
        }
    }

    /// A channel.
    #[must_use]
    pub fn channel(&self, id: &str) -> Text {
        named(&self.channels, id)
    }

    /// A category.
    #[must_use]
    pub fn category(&self, id: &str) -> Text {
        named(&self.categories, id)
    }

    /// Who has a case: `unit:…`, `role:…`; of a person only that it is one.
    #[must_use]
    pub fn party(&self, party: &str) -> Text {
        match party.split_once(':') {
            Some(("unit", id)) => self.unit(Some(id)),
            Some(("role", id)) => named(&self.roles, id),
            _ => Text::new("指定人员", "a person"),
        }
    }
}

fn named(names: &BTreeMap<String, Text>, id: &str) -> Text {
    match id {
        "" => Text::new("未填写", "not given"),
        id => names.get(id).cloned().unwrap_or_else(|| Text::new(id, id)),
    }
}

/// The channels that the form of a workflow's opening offers.
fn channels(definition: &Definition) -> Vec<(String, Text)> {
    let opening = definition.events.iter().find(|event| event.name == OPENED);
    let titles = opening.and_then(|event| event.form.pointer("/properties/channel/enumTitles")?.as_object());
    let word = |title: &serde_json::Value, language: &str| title[language].as_str().unwrap_or_default().to_owned();
    let text = |title| Text { zh: word(title, "zh"), en: word(title, "en") };
    titles.into_iter().flatten().map(|(id, title)| (id.clone(), text(title))).collect()
}
