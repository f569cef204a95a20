//! Names that a workflow uses but does not define: roles, units, templates, letters, other workflows.

use std::collections::BTreeSet;

use huiyin_calendar::Calendar;
use huiyin_chart::definition::{Definition, MentionKind};
use huiyin_chart::load::nearest;

use crate::{Problem, Report};

/// What the district knows. `None`: this kind of name is not checked, and the report says so.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Roles, e.g. `dispatcher`.
    pub roles: Option<BTreeSet<String>>,
    /// Unit ids, e.g. `duty-desk`.
    pub units: Option<BTreeSet<String>>,
    /// Mail templates, e.g. `clock-reminder`.
    pub templates: Option<BTreeSet<String>>,
    /// Letters that `document` draws up, e.g. `告知书`.
    pub letters: Option<BTreeSet<String>>,
    /// Workflows that `open` may name, beside the one that is checked.
    pub workflows: Option<BTreeSet<String>>,
    /// The district's working days: for times in different units, and for the dates of examples.
    pub calendar: Option<Calendar>,
}

impl Names {
    /// The word for a kind, the names known of it, and what to do about one that is missing.
    fn of(&self, kind: MentionKind) -> (&'static str, Option<&BTreeSet<String>>, &'static str) {
        match kind {
            MentionKind::Role => ("role", self.roles.as_ref(), "add it to the directory's roles"),
            MentionKind::Unit => ("unit", self.units.as_ref(), "add it to the district's directory"),
            MentionKind::Template => ("template", self.templates.as_ref(), "add it to the templates folder"),
            MentionKind::Letter => ("letter", self.letters.as_ref(), "add it to the folder of letters"),
            MentionKind::Workflow => ("workflow", self.workflows.as_ref(), "add it to the workflows folder"),
        }
    }
}

pub(crate) fn check(def: &Definition, names: &Names, report: &mut Report) {
    let mut unchecked = BTreeSet::new();
    for mention in &def.mentions {
        let (word, known, add) = names.of(mention.kind);
        let Some(known) = known else {
            unchecked.insert(word);
            continue;
        };
        let itself = mention.kind == MentionKind::Workflow && mention.name == def.name;
        if itself || known.contains(&mention.name) {
            continue;
        }
        let cure = match nearest(&mention.name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? or {add}"),
            None => add.to_owned(),
        };
        let problem = format!("{}: there is no {word} `{}`", mention.path, mention.name);
        let state = state_of(def, &mention.path);
        report.problems.push(Problem::at("unknown-name", mention.place.clone(), state, problem, cure));
    }
    for word in unchecked {
        report.assumptions.push(format!("the {word}s named exist (no list was given)"));
    }
}

/// The state in whose part of the file this stands.
fn state_of(def: &Definition, path: &str) -> Option<String> {
    let mut at = 0;
    let mut steps = path.split('.');
    while steps.next() == Some("states") {
        let key = steps.next()?;
        at = *def.states[usize::from(at)].children.iter().find(|child| def.states[usize::from(**child)].key == key)?;
    }
    (at != 0).then(|| def.states[usize::from(at)].id.clone())
}
