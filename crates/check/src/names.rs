//! Names that a workflow uses but does not define: roles, units, templates, other workflows.

use std::collections::BTreeSet;

use huiyin_chart::definition::{Action, Definition, Owner, Party, Place, Recipient, RungActions, Sender};
use huiyin_chart::load::nearest;

use crate::Report;

/// The template of a rung that names none.
const DEFAULT_TEMPLATE: &str = "clock-notice";

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
    /// Workflows that `open` may name.
    pub workflows: Option<BTreeSet<String>>,
}

struct Walk<'a> {
    names: &'a Names,
    report: &'a mut Report,
}

pub(crate) fn check(def: &Definition, names: &Names, report: &mut Report) {
    for (kind, known) in [
        ("roles", &names.roles),
        ("units", &names.units),
        ("templates", &names.templates),
        ("letters", &names.letters),
        ("workflows", &names.workflows),
    ] {
        if known.is_none() {
            report.assumptions.push(format!("the {kind} named exist (no list was given)"));
        }
    }
    let mut walk = Walk { names, report };
    for event in &def.events {
        for sender in &event.by {
            match sender {
                Sender::Role(name) => walk.role(name, &event.place),
                Sender::Unit(name) => walk.unit(name, &event.place),
                Sender::Owner | Sender::UnitHead | Sender::Public | Sender::Machine => {}
            }
        }
    }
    for state in &def.states {
        walk.actions(&state.entry, &state.place);
        walk.actions(&state.exit, &state.place);
        if let Some(Owner::Party(party)) = &state.owner {
            walk.party(party, &state.place);
        }
    }
    for transition in &def.transitions {
        walk.actions(&transition.actions, &transition.place);
    }
    for clock in &def.clocks {
        for rung in &clock.ladder {
            walk.rung(&rung.does, &rung.place);
        }
        if let Some(repeat) = &clock.repeat {
            walk.rung(&repeat.does, &repeat.place);
        }
        if let Some(extension) = &clock.extension {
            walk.party(&extension.approved_by, &clock.place);
            if let Some(letter) = &extension.sends {
                walk.letter(letter, &clock.place);
            }
        }
    }
}

impl Walk<'_> {
    fn actions(&mut self, actions: &[Action], place: &Place) {
        for action in actions {
            match action {
                Action::Notify { to, template, .. } => {
                    self.recipients(to, place);
                    self.template(template, place);
                }
                Action::Document { template } => self.letter(template, place),
                Action::Reassign(Owner::Party(party)) => self.party(party, place),
                Action::Open { workflow, .. } => {
                    self.known("workflow", workflow, &self.names.workflows, "add it to the workflows folder", place);
                }
                _ => {}
            }
        }
    }

    fn rung(&mut self, does: &RungActions, place: &Place) {
        self.recipients(&does.notify, place);
        if !does.notify.is_empty() {
            self.template(does.template.as_deref().unwrap_or(DEFAULT_TEMPLATE), place);
        }
        if let Some(party) = &does.reassign {
            self.party(party, place);
        }
    }

    fn recipients(&mut self, recipients: &[Recipient], place: &Place) {
        for recipient in recipients {
            if let Recipient::Party(party) = recipient {
                self.party(party, place);
            }
        }
    }

    fn party(&mut self, party: &Party, place: &Place) {
        match party {
            Party::Role(name) => self.role(name, place),
            Party::Unit(name) => self.unit(name, place),
            // People come and go; they are looked up when a notice is sent.
            Party::Person(_) => {}
        }
    }

    fn role(&mut self, name: &str, place: &Place) {
        self.known("role", name, &self.names.roles, "add it to the directory's roles", place);
    }

    fn unit(&mut self, name: &str, place: &Place) {
        self.known("unit", name, &self.names.units, "add it to the district's directory", place);
    }

    fn template(&mut self, name: &str, place: &Place) {
        self.known("template", name, &self.names.templates, "add it to the templates folder", place);
    }

    fn letter(&mut self, name: &str, place: &Place) {
        self.known("letter", name, &self.names.letters, "add it to the folder of letters", place);
    }

    fn known(&mut self, kind: &str, name: &str, known: &Option<BTreeSet<String>>, add: &str, place: &Place) {
        let Some(known) = known else { return };
        if known.contains(name) {
            return;
        }
        let cure = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? or {add}"),
            None => add.to_owned(),
        };
        self.report.problem("unknown-name", place, format!("there is no {kind} `{name}`"), cure);
    }
}
