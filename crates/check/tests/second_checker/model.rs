//! A workflow as a model for stateright: what a case is between two steps, and what can happen to it.
//!
//! The chart and its data are real: `huiyin_chart::machine` runs the definition itself, with real expressions over real
//! data. What no condition reads is left out of the data, so that there are finitely many. A clock is its status and
//! how many of its rungs have fired: time is the order of rungs, each clock by itself, in any order between clocks.
//! People and linked cases do anything that the workflow names, with every value that a condition can tell apart;
//! what an event requires is not asked, which only makes them stronger. Nothing of `huiyin-check` is used here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use huiyin_chart::Definition;
use huiyin_chart::definition::{Claim, Descriptor, StateIx, TriggerOn};
use huiyin_chart::machine::{Configuration, Delay, Machine, MachineError, after_event, done_event};
use serde_json::{Map, Value};

use super::clocks::{Clock, Listener, Still, in_time, paused};
use super::forms;

/// One case at rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    pub active: Vec<StateIx>,
    pub history: Vec<(StateIx, Vec<StateIx>)>,
    pub delays: Vec<(String, Option<String>, Option<StateIx>)>,
    pub done: bool,
    /// Only what conditions read, as JSON.
    pub data: String,
    pub clocks: Vec<Clock>,
    /// Which of the states that `without:` names were entered so far.
    pub entered: BTreeSet<StateIx>,
    /// Targets that were broken on the way.
    pub broken: BTreeSet<usize>,
    /// A loop in which time does not advance.
    pub endless: bool,
    /// Nobody acts any more, until this target is reached.
    pub owed: Option<usize>,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happens {
    /// Somebody, or a linked case, sends an event. `owed`: from now on nobody acts, and this target is owed.
    Sent { event: String, data: Value, owed: Option<usize> },
    /// A delay runs out.
    Delay(usize),
    /// The next rung of a clock.
    Rung(usize),
    /// The time of the target that is owed is over.
    Over,
}

/// What was seen on all ways together.
#[derive(Debug, Default)]
pub struct Seen {
    pub entered: BTreeSet<StateIx>,
    pub left: BTreeSet<StateIx>,
    pub rested: BTreeSet<StateIx>,
}

/// See the module.
pub struct Model {
    pub def: Definition,
    /// Event → the data with which it comes.
    alphabet: BTreeMap<String, Vec<Value>>,
    openings: Vec<Value>,
    /// Events that come only from people.
    people: BTreeSet<String>,
    relevant: BTreeSet<String>,
    pub seen: Mutex<Seen>,
}

impl Model {
    pub fn of(def: Definition) -> Self {
        let relevant = forms::relevant(&def);
        let events = events(&def).into_iter();
        let alphabet = events.map(|name| (name.clone(), forms::values(&def, &name, &relevant))).collect();
        let rungs = def.clocks.iter().flat_map(|clock| {
            clock.ladder.iter().map(|rung| &rung.does).chain(clock.repeat.iter().map(|last| &last.does))
        });
        let raised: BTreeSet<String> = rungs.filter_map(|does| does.raise.clone()).collect();
        let people = def.events.iter().filter(|event| !event.by.is_empty() && !raised.contains(&event.name));
        let people = people.map(|event| event.name.clone()).collect();
        let openings = forms::values(&def, "case.opened", &relevant);
        Self { alphabet, openings, people, relevant, seen: Mutex::default(), def }
    }

    /// Targets that are owed after this event though nobody acts.
    fn owing<'m>(&'m self, event: &'m str) -> impl Iterator<Item = usize> + 'm {
        self.def.targets.iter().enumerate().filter_map(move |(ix, target)| {
            matches!(&target.claim, Claim::Reaches { every, nobody_acts: true, .. } if every == event).then_some(ix)
        })
    }

    /// Every way of opening a case.
    pub fn openings(&self) -> Vec<Case> {
        let mut found = Vec::new();
        for data in &self.openings {
            for owed in self.owing("case.opened").map(Some).chain([None]) {
                let mut all = self.def.data.initial.clone();
                if all.is_null() {
                    all = Value::Object(Map::new());
                }
                for (key, value) in data.as_object().into_iter().flatten() {
                    all[key] = value.clone();
                }
                let none = Case {
                    active: Vec::new(),
                    history: Vec::new(),
                    delays: Vec::new(),
                    done: false,
                    data: all.to_string(),
                    clocks: vec![Clock::default(); self.def.clocks.len()],
                    entered: BTreeSet::new(),
                    broken: BTreeSet::new(),
                    endless: false,
                    owed: None,
                };
                found.extend(self.run(&none, owed, |machine| machine.start("case.opened", data).map(|()| true)));
            }
        }
        found
    }

    /// Everything that can happen to a case now.
    pub fn happens(&self, case: &Case, happens: &mut Vec<Happens>) {
        if case.done || case.endless {
            return;
        }
        for (event, values) in &self.alphabet {
            if case.owed.is_some() && self.people.contains(event) {
                continue;
            }
            for data in values {
                let sent = |owed| Happens::Sent { event: event.clone(), data: data.clone(), owed };
                happens.push(sent(None));
                if case.owed.is_none() {
                    happens.extend(self.owing(event).map(|ix| sent(Some(ix))));
                }
            }
        }
        happens.extend((0..case.delays.len()).map(Happens::Delay));
        for (ix, (clock, decl)) in case.clocks.iter().zip(&self.def.clocks).enumerate() {
            let next = usize::from(clock.fired) < decl.ladder.len() || decl.repeat.is_some();
            if clock.running && next && !paused(decl, &case.active) {
                happens.push(Happens::Rung(ix));
            }
        }
        if let Some(target) = case.owed
            && self.may_be_over(case, target)
        {
            happens.push(Happens::Over);
        }
    }

    /// The time of a target can be over only when every rung that comes within it, of clocks that run since the event,
    /// has fired.
    fn may_be_over(&self, case: &Case, target: usize) -> bool {
        let Claim::Reaches { within, .. } = &self.def.targets[target].claim else { return false };
        let clocks = case.clocks.iter().zip(&self.def.clocks);
        !clocks.filter(|(clock, _)| clock.running && clock.began).any(|(clock, decl)| {
            decl.ladder.iter().skip(usize::from(clock.fired)).any(|rung| in_time(decl, rung, *within))
        })
    }

    /// What becomes of a case. None: nothing.
    pub fn becomes(&self, case: &Case, happens: &Happens) -> Option<Case> {
        match happens {
            Happens::Sent { event, data, owed } => self.run(case, *owed, |machine| machine.send(event, data)),
            Happens::Delay(ix) => {
                let number = u32::try_from(*ix).unwrap();
                self.run(case, None, |machine| machine.fire(number).map(|_| true))
            }
            Happens::Rung(ix) => {
                let decl = &self.def.clocks[*ix];
                let fired = usize::from(case.clocks[*ix].fired);
                let mut after = Case { broken: BTreeSet::new(), ..case.clone() };
                if fired < decl.ladder.len() {
                    after.clocks[*ix].fired += 1;
                }
                let does = decl.ladder.get(fired).map(|rung| &rung.does);
                let does = does.or(decl.repeat.as_ref().map(|last| &last.does))?;
                match &does.raise {
                    Some(event) => self.run(&after, None, |machine| machine.send(event, &Value::Null)).or(Some(after)),
                    None => Some(after),
                }
            }
            Happens::Over => {
                let mut after = case.clone();
                after.broken.clear();
                after.broken.extend(after.owed.take());
                after.clocks.iter_mut().for_each(|clock| clock.began = false);
                Some(after)
            }
        }
    }

    /// One step of the chart, with what it does to clocks and targets. None: nothing took the event.
    fn run(
        &self,
        before: &Case,
        owes: Option<usize>,
        act: impl FnOnce(&mut Machine<'_>) -> Result<bool, MachineError>,
    ) -> Option<Case> {
        let mut config = configuration(before);
        let mut data: Value = serde_json::from_str(&before.data).unwrap();
        let mut listener = Listener::new(&self.def, before.clocks.clone(), owes.is_some());
        let result = act(&mut Machine::new(&self.def, &mut config, &mut data, &Still, &mut listener));
        let Listener { clocks, entered, left, heard, .. } = listener;
        // A broken target is told of the case right after it, not of all that follow.
        let mut after = Case { broken: BTreeSet::new(), ..before.clone() };
        match result {
            Ok(false) if !heard => return None,
            Ok(_) => {}
            Err(_) => {
                after.endless = true;
                return Some(after);
            }
        }
        after.active = config.active.iter().collect();
        after.done = config.done;
        after.clocks = clocks;
        for (clock, decl) in after.clocks.iter_mut().zip(&self.def.clocks) {
            clock.began &= clock.running && !paused(decl, &after.active);
        }
        (after.delays, after.history) = (Vec::new(), Vec::new());
        if !config.done {
            after.delays = config.delays.into_iter().map(|d| (d.event, d.id, d.owner)).collect();
            after.delays.sort();
            after.delays.dedup();
            after.history = config.history.into_iter().collect();
        }
        after.data = forms::only(&data, &self.relevant).to_string();
        after.owed = owes.or(before.owed);
        self.judge(&mut after, &entered);
        if after.owed.is_none() {
            after.clocks.iter_mut().for_each(|clock| clock.began = false);
        }
        let mut seen = self.seen.lock().unwrap();
        seen.entered.extend(entered);
        seen.left.extend(left);
        seen.rested.extend(after.active.iter().copied());
        Some(after)
    }

    /// Targets on the way: what was entered before what, and what is still owed.
    fn judge(&self, case: &mut Case, entered: &[StateIx]) {
        for state in entered {
            for (ix, target) in self.def.targets.iter().enumerate() {
                match &target.claim {
                    Claim::NeverWithout { never, without } => {
                        if state == never && !without.iter().any(|needed| case.entered.contains(needed)) {
                            case.broken.insert(ix);
                        }
                        if without.contains(state) {
                            case.entered.insert(*state);
                        }
                    }
                    Claim::Reaches { reaches, .. } if case.owed == Some(ix) && reaches.contains(state) => {
                        case.owed = None;
                    }
                    Claim::Reaches { .. } => {}
                }
            }
        }
        if case.done {
            case.broken.extend(case.owed.take());
        }
    }
}

/// Names of everything that can come from outside.
fn events(def: &Definition) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = def.events.iter().map(|event| event.name.clone()).collect();
    for (descriptor, _) in def.states.iter().flat_map(|state| &state.on) {
        match descriptor {
            Descriptor::Exact(name) => drop(names.insert(name.clone())),
            Descriptor::Prefix(name) => names.extend([name.clone(), format!("{name}.other")]),
            Descriptor::Any => drop(names.insert("any.other".into())),
        }
    }
    let triggers = def.clocks.iter().flat_map(|clock| clock.met_by.iter().chain(&clock.void_by).chain(&clock.starts));
    names.extend(triggers.filter_map(|trigger| match &trigger.on {
        TriggerOn::Event(name) => Some(name.clone()),
        TriggerOn::Entered(_) => None,
    }));
    let inside = |state: &huiyin_chart::definition::State| {
        let delays: Vec<String> = (0..state.after.len()).map(|slot| after_event(state, slot)).collect();
        delays.into_iter().chain([done_event(state)])
    };
    let inside: BTreeSet<String> = def.states.iter().flat_map(inside).collect();
    names.retain(|name| name != "case.opened" && !inside.contains(name));
    names
}

/// The configuration of a case, for the interpreter. Delays are numbered as they stand in the case.
pub fn configuration(case: &Case) -> Configuration {
    let mut config =
        Configuration { history: case.history.iter().cloned().collect(), done: case.done, ..Configuration::default() };
    case.active.iter().for_each(|ix| config.active.insert(*ix));
    for (number, (event, id, owner)) in (0..).zip(&case.delays) {
        let due = chrono::DateTime::UNIX_EPOCH;
        let (event, id, owner) = (event.clone(), id.clone(), *owner);
        config.delays.push(Delay { number, due, event, data: Value::Null, id, owner });
        config.next_delay = number + 1;
    }
    config
}
