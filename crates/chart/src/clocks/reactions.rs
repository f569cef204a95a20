//! Which clocks listen to which event and state, and the compiled forms: worked out once per definition, on first use.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::definition::{ClockDecl, ClockIx, Definition, Descriptor, StateIx, Trigger, TriggerOn};
use crate::machine::matches;

/// What a clock does when it hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Meet,
    Void,
    Ask,
    Grant,
    Refuse,
    Start,
}

/// One clock that listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reaction {
    pub(crate) clock: ClockIx,
    pub(crate) role: Role,
    /// Index in the list of triggers of its role; unused for extensions.
    trigger: u16,
    /// No state names the event: it is heard although no transition takes it.
    pub(crate) alone: bool,
}

impl Reaction {
    /// The trigger it was made from; none for extensions.
    pub(crate) fn trigger(self, decl: &ClockDecl) -> Option<&Trigger> {
        let list = match self.role {
            Role::Meet => &decl.met_by,
            Role::Void => &decl.void_by,
            Role::Start => &decl.starts,
            Role::Ask | Role::Grant | Role::Refuse => return None,
        };
        list.get(usize::from(self.trigger))
    }
}

#[derive(Debug, Default)]
struct Table {
    by_event: HashMap<String, Vec<Reaction>>,
    by_state: Vec<Vec<Reaction>>,
    pausing: Vec<ClockIx>,
    forms: HashMap<String, Option<jsonschema::Validator>>,
    data: Option<jsonschema::Validator>,
}

/// The tables of one definition.
#[derive(Debug, Default)]
pub struct Reactions(OnceLock<Table>);

impl Definition {
    /// Does no state name this event (a wildcard names nothing)? Then the clocks that wait for it hear it wherever the
    /// case is. An event that states do name is heard by clocks only when a transition takes it.
    #[must_use]
    pub fn only_clocks_hear(&self, event: &str) -> bool {
        let mut named = self.states.iter().flat_map(|state| &state.on);
        !named.any(|(descriptor, _)| !matches!(descriptor, Descriptor::Any) && matches(descriptor, event))
    }

    fn reaction_table(&self) -> &Table {
        self.reactions.0.get_or_init(|| Table::of(self))
    }

    /// Clocks that listen to an event: endings and extensions first, then starts, each in document order.
    pub(crate) fn on_event(&self, name: &str) -> &[Reaction] {
        self.reaction_table().by_event.get(name).map_or(&[], Vec::as_slice)
    }

    /// Clocks that listen to a state being entered, in the same order.
    pub(crate) fn on_entered(&self, state: StateIx) -> &[Reaction] {
        self.reaction_table().by_state.get(usize::from(state)).map_or(&[], Vec::as_slice)
    }

    /// Clocks that can be paused.
    pub(crate) fn pausing(&self) -> &[ClockIx] {
        &self.reaction_table().pausing
    }

    /// The compiled form of an event; none when it has no form.
    pub(crate) fn form(&self, event: &str) -> Option<&jsonschema::Validator> {
        self.reaction_table().forms.get(event).and_then(Option::as_ref)
    }

    /// The compiled schema of a case's data; none when the workflow declares none.
    pub(crate) fn data_validator(&self) -> Option<&jsonschema::Validator> {
        self.reaction_table().data.as_ref()
    }
}

impl Table {
    fn of(def: &Definition) -> Self {
        let mut table = Self { by_state: vec![Vec::new(); def.states.len()], ..Self::default() };
        for role in [Role::Meet, Role::Void, Role::Ask, Role::Grant, Role::Refuse, Role::Start] {
            for clock in &def.clocks {
                table.listen(clock, role);
            }
        }
        for (event, reactions) in &mut table.by_event {
            let alone = def.only_clocks_hear(event);
            reactions.iter_mut().for_each(|reaction| reaction.alone = alone);
        }
        table.pausing = def
            .clocks
            .iter()
            .filter(|clock| {
                !clock.pauses_in.is_empty() || clock.limit.as_ref().is_some_and(|l| !l.pauses_in.is_empty())
            })
            .map(|clock| clock.ix)
            .collect();
        table.data = compile(&def.data.schema);
        table.forms = def.events.iter().map(|event| (event.name.clone(), compile(&event.form))).collect();
        table
    }

    fn listen(&mut self, clock: &ClockDecl, role: Role) {
        let triggers = match role {
            Role::Meet => &clock.met_by,
            Role::Void => &clock.void_by,
            Role::Start => &clock.starts,
            Role::Ask | Role::Grant | Role::Refuse => {
                let event = clock.extension.as_ref().and_then(|extension| match role {
                    Role::Ask => Some(&extension.asked_by),
                    Role::Grant => Some(&extension.granted_by),
                    _ => extension.refused_by.as_ref(),
                });
                if let Some(event) = event {
                    let reaction = Reaction { clock: clock.ix, role, trigger: 0, alone: false };
                    self.by_event.entry(event.clone()).or_default().push(reaction);
                }
                return;
            }
        };
        for (ix, trigger) in triggers.iter().enumerate() {
            let reaction =
                Reaction { clock: clock.ix, role, trigger: u16::try_from(ix).unwrap_or(u16::MAX), alone: false };
            match &trigger.on {
                TriggerOn::Event(name) => self.by_event.entry(name.clone()).or_default().push(reaction),
                TriggerOn::Entered(state) => {
                    if let Some(list) = self.by_state.get_mut(usize::from(*state)) {
                        list.push(reaction);
                    }
                }
            }
        }
    }
}

/// A form was compiled once when it was loaded, so it compiles again.
fn compile(form: &serde_json::Value) -> Option<jsonschema::Validator> {
    if form.is_null() {
        return None;
    }
    let schema = crate::load::plain_schema(form);
    jsonschema::options().should_validate_formats(true).build(&schema).ok()
}
