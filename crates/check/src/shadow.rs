//! The chart without its data: the same states and transitions, with every guard turned into a question to an oracle.
//! The interpreter itself then runs all possible answers, so that what is proved is what runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cel::common::ast::IdedExpr;
use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use huiyin_chart::definition::{Action, DataSchema, Definition, State, StateIx, Transition, TransitionIx};
use huiyin_chart::expr::{Expr, ExprError, Scope};
use huiyin_chart::machine::{Delay, Env, Sink, Tables};
use serde_json::Value;

use crate::decide::{Condition, Fields, Known, written};
use crate::memory::{Chosen, FALSE, Items, Memory, TRUE, UNKNOWN, Write};

/// Most questions in one macrostep; a chart that asks more is not proved.
const QUESTIONS: usize = 24;

/// The shadow of a definition.
pub(crate) struct Shadow {
    pub(crate) def: Definition,
    /// Condition of each transition that has a guard.
    pub(crate) guards: Vec<Option<Condition>>,
    /// What is remembered of the data.
    pub(crate) items: Items,
    /// What actions write of it; an action of the shadow names its number.
    writes: Vec<Write>,
    /// Conditions that cannot fail to be evaluated, as written.
    safe: BTreeSet<String>,
}

impl Shadow {
    pub(crate) fn of(def: &Definition, chosen: &Chosen) -> Self {
        let mut writes = Writes { items: Items::of(def, chosen), found: Vec::new() };
        let states: Vec<State> = def.states.iter().map(|each| state(each, &mut writes)).collect();
        let transitions: Vec<Transition> =
            def.transitions.iter().zip(0..).map(|(each, ix)| transition(each, ix, &mut writes)).collect();
        let guards: Vec<Option<Condition>> =
            def.transitions.iter().map(|t| t.guard.as_ref().map(Condition::of)).collect();
        let mut safe = BTreeSet::new();
        guards.iter().flatten().for_each(|guard| guard.safe_parts(def, &mut safe));
        Self {
            guards,
            items: writes.items,
            writes: writes.found,
            safe,
            def: Definition {
                name: def.name.clone(),
                version: def.version,
                hash: def.hash.clone(),
                sources: Vec::new(),
                title: def.title.clone(),
                number: None,
                data: DataSchema::default(),
                summary: BTreeMap::new(),
                excludes: None,
                events: Vec::new(),
                clocks: Vec::new(),
                targets: Vec::new(),
                mentions: Vec::new(),
                tables: Tables::of(&states, &transitions),
                reactions: Default::default(),
                states,
                transitions,
            },
        }
    }
}

impl Shadow {
    /// Fields of events that are written to what is remembered.
    pub(crate) fn copied(&self, def: &Definition) -> Vec<String> {
        let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
        let of_transitions = def.transitions.iter().flat_map(|transition| &transition.actions);
        of_states.chain(of_transitions).flat_map(|action| self.items.copied(action)).collect()
    }
}

/// Collects what actions write.
struct Writes {
    items: Items,
    found: Vec<Write>,
}

fn state(state: &State, writes: &mut Writes) -> State {
    State {
        ix: state.ix,
        key: state.key.clone(),
        id: state.id.clone(),
        title: None,
        kind: state.kind.clone(),
        parent: state.parent,
        children: state.children.clone(),
        initial: state.initial,
        on: state.on.clone(),
        always: state.always.clone(),
        after: state.after.clone(),
        entry: actions(&state.entry, writes),
        exit: actions(&state.exit, writes),
        owner: None,
        place: state.place.clone(),
    }
}

fn transition(transition: &Transition, ix: TransitionIx, writes: &mut Writes) -> Transition {
    let ask = || {
        Expr::compile(&format!("unit_relation('{ix}') == 'yes'"), transition.place.clone(), &|_| None, &|_| None).ok()
    };
    Transition {
        source: transition.source,
        targets: transition.targets.clone(),
        guard: transition.guard.as_ref().and_then(|_| ask()),
        actions: actions(&transition.actions, writes),
        reenter: transition.reenter,
        forbidden: transition.forbidden,
        place: transition.place.clone(),
    }
}

/// `raise` and `cancel` stay; everything else becomes a remark, so that the oracle notices that data may have changed.
/// A remark that is a number names what is written of the data that are remembered.
fn actions(actions: &[Action], writes: &mut Writes) -> Vec<Action> {
    actions
        .iter()
        .map(|action| match action {
            Action::Raise { event, after, id, .. } => {
                Action::Raise { event: event.clone(), data: Vec::new(), after: *after, id: id.clone() }
            }
            Action::Cancel(id) => Action::Cancel(id.clone()),
            other => Action::Log(writes.items.write(other).map_or_else(String::new, |write| {
                writes.found.push(write);
                (writes.found.len() - 1).to_string()
            })),
        })
        .collect()
}

/// What happened on the way, for clocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Happened {
    /// An event was handled; `outside`: with the fields of this step; `taken`: by a transition.
    Event { name: String, outside: bool, taken: bool },
    /// A state was entered.
    Entered(StateIx),
}

/// What had to be guessed in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guesses {
    /// Transitions whose guards asked for something that is neither remembered nor in the form of the event.
    pub(crate) guards: BTreeSet<TransitionIx>,
}

/// Answers guards: decided ones as they are, the others by a script that is tried in all ways.
pub(crate) struct Oracle<'a> {
    shadow: &'a Shadow,
    fields: Option<&'a Fields>,
    /// Are guards still asked for the event from outside, whose fields are known?
    outside: Cell<bool>,
    /// Choice and number of choices of each question, in order.
    script: RefCell<Vec<(u8, u8)>>,
    asked: Cell<usize>,
    known: RefCell<BTreeMap<String, u8>>,
    memory: RefCell<Memory>,
    active: RefCell<BTreeSet<StateIx>>,
    guesses: RefCell<Guesses>,
    /// More was asked than may be.
    overflow: Cell<bool>,
}

/// What a run leaves behind.
pub(crate) struct Asked {
    /// The script of the next run, if there is one.
    pub(crate) next: Option<Vec<(u8, u8)>>,
    pub(crate) memory: Memory,
    pub(crate) guesses: Guesses,
    pub(crate) overflow: bool,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(
        shadow: &'a Shadow,
        fields: Option<&'a Fields>,
        active: BTreeSet<StateIx>,
        memory: Memory,
        script: Vec<(u8, u8)>,
    ) -> Self {
        Self {
            shadow,
            fields,
            outside: Cell::new(true),
            script: RefCell::new(script),
            asked: Cell::new(0),
            known: RefCell::default(),
            memory: RefCell::new(memory),
            active: RefCell::new(active),
            guesses: RefCell::default(),
            overflow: Cell::new(false),
        }
    }

    /// The last question that has another choice gets it; what came after is asked anew.
    pub(crate) fn end(self) -> Asked {
        let mut script = self.script.into_inner();
        let mut next = None;
        while let Some((choice, of)) = script.pop() {
            if choice + 1 < of {
                script.push((choice + 1, of));
                next = Some(script);
                break;
            }
        }
        Asked {
            next,
            memory: self.memory.into_inner(),
            guesses: self.guesses.into_inner(),
            overflow: self.overflow.get(),
        }
    }

    fn answer(&self, ix: TransitionIx) -> bool {
        let Some(guard) = &self.shadow.guards[usize::from(ix)] else { return true };
        let fields = self.fields.filter(|_| self.outside.get());
        let states = &self.shadow.def.states;
        let active = |id: &str| {
            let ix = states.iter().find(|state| state.id == id.trim_start_matches('#'))?.ix;
            Some(self.active.borrow().contains(&ix))
        };
        let items = &self.shadow.items;
        if items.is_empty() {
            let known = Known { event: fields, active: Some(&active), ..Known::default() };
            return guard.decide(known).unwrap_or_else(|| self.guess(&format!("#{ix}"), 2, ix) == TRUE);
        }
        loop {
            let data = items.known(&self.memory.borrow());
            let known = Known { event: fields, data: Some(&data), active: Some(&active), ask: None };
            if let Some(answer) = guard.decide(known) {
                return answer;
            }
            let open = items.open_question(&self.memory.borrow(), guard.reads.iter());
            let Some((item, choices, entered)) = open else { break };
            let choice = self.choose(choices);
            self.memory.borrow_mut()[item] = choice;
            if !entered {
                self.guesses.borrow_mut().guards.insert(ix);
            }
        }
        let data = items.known(&self.memory.borrow());
        let ask = |part: &IdedExpr| self.part(part, ix);
        let known = Known { event: fields, data: Some(&data), active: Some(&active), ask: Some(&ask) };
        guard.decide(known).unwrap_or(false)
    }

    /// The answer of one part of a guard: remembered, or guessed and then remembered; none: it fails.
    fn part(&self, part: &IdedExpr, ix: TransitionIx) -> Option<bool> {
        let text = written(part);
        let choices = if self.shadow.safe.contains(&text) { 2 } else { 3 };
        let item = self.shadow.items.atom(&text);
        let remembered = item.map(|item| self.memory.borrow()[item]).filter(|answer| *answer != UNKNOWN);
        let answer = remembered.unwrap_or_else(|| self.guess(&text, choices, ix));
        if let Some(item) = item {
            self.memory.borrow_mut()[item] = answer;
        }
        match answer {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }

    /// One of the choices; the same as long as nothing is written and no event is handled.
    fn guess(&self, text: &str, choices: u8, ix: TransitionIx) -> u8 {
        self.guesses.borrow_mut().guards.insert(ix);
        if let Some(answer) = self.known.borrow().get(text) {
            return *answer;
        }
        let answer = self.choose(choices);
        self.known.borrow_mut().insert(text.to_owned(), answer);
        answer
    }

    fn choose(&self, choices: u8) -> u8 {
        let at = self.asked.get();
        if at >= QUESTIONS {
            self.overflow.set(true);
            return 0;
        }
        self.asked.set(at + 1);
        let mut script = self.script.borrow_mut();
        if at == script.len() {
            script.push((0, choices));
        }
        script[at].0
    }

    /// The control fields known now, for clocks.
    fn snapshot(&self) -> Fields {
        self.shadow.items.known(&self.memory.borrow())
    }
}

impl Env for Oracle<'_> {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn ends(&self, _span: Span) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
    fn case(&self) -> Value {
        Value::Null
    }
    fn duty_desk(&self) -> String {
        String::new()
    }
    fn route(&self, _place: &str, _category: &str) -> Option<String> {
        None
    }
    fn unit_relation(&self, transition: &str) -> Option<String> {
        let answer = transition.parse().is_ok_and(|ix| self.answer(ix));
        answer.then(|| "yes".to_owned())
    }
}

/// Listens to a run.
pub(crate) struct Listener<'o, 'a> {
    pub(crate) oracle: &'o Oracle<'a>,
    pub(crate) happened: Vec<Happened>,
    /// What was known of the data at each of these; empty when nothing is remembered.
    pub(crate) data: Vec<Rc<Fields>>,
    pub(crate) left: Vec<StateIx>,
    handled: usize,
}

impl<'o, 'a> Listener<'o, 'a> {
    pub(crate) fn new(oracle: &'o Oracle<'a>) -> Self {
        Self { oracle, happened: Vec::new(), data: Vec::new(), left: Vec::new(), handled: 0 }
    }

    fn forget(&self) {
        self.oracle.known.borrow_mut().clear();
    }

    fn tell(&mut self, happened: Happened) {
        if !self.oracle.shadow.items.is_empty() {
            let data = self.oracle.snapshot();
            let same = self.data.last().filter(|last| ***last == data).cloned();
            self.data.push(same.unwrap_or_else(|| Rc::new(data)));
        }
        self.happened.push(happened);
    }
}

impl Sink for Listener<'_, '_> {
    fn handling(&mut self, event: &str, _scope: &dyn Scope, taken: bool) {
        let outside = self.handled == 0;
        self.handled += 1;
        // The next event is chosen before it is told here; from now on fields of the event are unknown to guards.
        self.oracle.outside.set(false);
        self.forget();
        self.tell(Happened::Event { name: event.to_owned(), outside, taken });
    }
    fn entered(&mut self, ix: StateIx, _scope: &dyn Scope) {
        self.forget();
        self.oracle.active.borrow_mut().insert(ix);
        self.tell(Happened::Entered(ix));
    }
    fn exited(&mut self, ix: StateIx) {
        self.forget();
        self.oracle.active.borrow_mut().remove(&ix);
        self.left.push(ix);
    }
    fn wrote(&mut self, _path: &[String], _value: &Value) {
        self.forget();
    }
    fn perform(&mut self, action: &Action, _scope: &dyn Scope) {
        self.forget();
        let Action::Log(number) = action else { return };
        let shadow = self.oracle.shadow;
        if let Some(write) = number.parse().ok().and_then(|number: usize| shadow.writes.get(number)) {
            let event = self.oracle.fields.filter(|_| self.handled <= 1);
            shadow.items.apply(write, event, &mut self.oracle.memory.borrow_mut());
        }
    }
    fn delayed(&mut self, _delay: &Delay) {}
    fn undelayed(&mut self, _delay: &Delay) {}
    fn failed(&mut self, _error: &ExprError) {}
}
