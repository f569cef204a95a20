//! What forms let people choose from: units, towns, categories.

use huiyin_directory::{Directory, Kind};

use super::names::text;
use crate::views::directory::{ChoiceView, UnitView};

/// Units in the order of the directory.
pub(crate) fn units(directory: &Directory) -> Vec<UnitView> {
    let head = |id: &Option<String>| {
        let id = id.as_ref()?;
        directory.people().iter().find(|person| person.id == *id).map(|person| person.name.clone())
    };
    let view = |unit: &huiyin_directory::Unit| UnitView {
        id: unit.id.clone(),
        name: unit.name.zh.clone(),
        title: text(&unit.name),
        relation: unit.relation.as_str().to_owned(),
        kind: Some(kind(unit.kind).to_owned()),
        head: head(&unit.head),
    };
    directory.units().iter().map(view).collect()
}

/// Towns; also the places outside the district that callers name.
pub(crate) fn towns(directory: &Directory) -> Vec<ChoiceView> {
    directory.towns().iter().map(|town| ChoiceView { id: town.name.zh.clone(), title: text(&town.name) }).collect()
}

/// Categories.
pub(crate) fn categories(directory: &Directory) -> Vec<ChoiceView> {
    directory.categories().iter().map(|one| ChoiceView { id: one.id.clone(), title: text(&one.name) }).collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bureau => "bureau",
        Kind::Section => "section",
        Kind::Enforcement => "enforcement",
        Kind::Department => "department",
        Kind::Committee => "committee",
        Kind::Company => "company",
        Kind::Town => "town",
        Kind::Authority => "authority",
        Kind::Partner => "partner",
    }
}
