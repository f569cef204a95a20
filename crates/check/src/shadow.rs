//! The chart without its data: the same states and transitions, with every guard turned into a question to an oracle.
//! The interpreter itself then runs all possible answers, so that what is proved is what runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use huiyin_calendar::Span;
use huiyin_chart::definition::{Action, DataSchema, Definition, State, StateIx, Transition, TransitionIx};
use huiyin_chart::expr::{Expr, ExprError, Scope};
use huiyin_chart::machine::{Delay, Env, Sink, Tables};
use serde_json::Value;

use crate::decide::{Condition, Fields};

/// Most questions in one macrostep; what is asked beyond it is answered `false`.
const QUESTIONS: usize = 24;

/// The shadow of a definition.
pub(crate) struct Shadow {
    pub(crate) def: Definition,
    /// Condition of each transition that has a guard.
    pub(crate) guards: Vec<Option<Condition>>,
}

impl Shadow {
    pub(crate) fn of(def: &Definition) -> Self {
        let states: Vec<State> = def.states.iter().map(state).collect();
        let transitions: Vec<Transition> =
            def.transitions.iter().zip(0..).map(|(transition, ix)| self::transition(transition, ix)).collect();
        Self {
            guards: def.transitions.iter().map(|t| t.guard.as_ref().map(Condition::of)).collect(),
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

fn state(state: &State) -> State {
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
        entry: actions(&state.entry),
        exit: actions(&state.exit),
        owner: None,
        place: state.place.clone(),
    }
}

fn transition(transition: &Transition, ix: TransitionIx) -> Transition {
    let ask = || {
        Expr::compile(&format!("unit_relation('{ix}') == 'yes'"), transition.place.clone(), &|_| None, &|_| None).ok()
    };
    Transition {
        source: transition.source,
        targets: transition.targets.clone(),
        guard: transition.guard.as_ref().and_then(|_| ask()),
        actions: actions(&transition.actions),
        reenter: transition.reenter,
        forbidden: transition.forbidden,
        place: transition.place.clone(),
    }
}

/// `raise` and `cancel` stay; everything else becomes a remark, so that the oracle notices that data may have changed.
fn actions(actions: &[Action]) -> Vec<Action> {
    actions
        .iter()
        .map(|action| match action {
            Action::Raise { event, after, id, .. } => {
                Action::Raise { event: event.clone(), data: Vec::new(), after: *after, id: id.clone() }
            }
            Action::Cancel(id) => Action::Cancel(id.clone()),
            _ => Action::Log(String::new()),
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

/// Answers guards: decided ones as they are, the others by a script that is tried in all ways.
pub(crate) struct Oracle<'a> {
    shadow: &'a Shadow,
    fields: Option<&'a Fields>,
    /// Are guards still asked for the event from outside, whose fields are known?
    outside: Cell<bool>,
    script: RefCell<Vec<bool>>,
    asked: Cell<usize>,
    known: RefCell<BTreeMap<usize, bool>>,
    active: RefCell<BTreeSet<StateIx>>,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(
        shadow: &'a Shadow,
        fields: Option<&'a Fields>,
        active: BTreeSet<StateIx>,
        script: Vec<bool>,
    ) -> Self {
        Self {
            shadow,
            fields,
            outside: Cell::new(true),
            script: RefCell::new(script),
            asked: Cell::new(0),
            known: RefCell::default(),
            active: RefCell::new(active),
        }
    }

    /// The script of the next run, if there is one: the last `false` becomes `true`, what came after is asked anew.
    pub(crate) fn next_script(self) -> Option<Vec<bool>> {
        let mut script = self.script.into_inner();
        while let Some(last) = script.pop() {
            if !last {
                script.push(true);
                return Some(script);
            }
        }
        None
    }

    fn answer(&self, ix: usize) -> bool {
        if let Some(answer) = self.known.borrow().get(&ix) {
            return *answer;
        }
        let fields = self.fields.filter(|_| self.outside.get());
        let states = &self.shadow.def.states;
        let active = |id: &str| {
            let ix = states.iter().find(|state| state.id == id.trim_start_matches('#'))?.ix;
            Some(self.active.borrow().contains(&ix))
        };
        let decided = self.shadow.guards[ix].as_ref().and_then(|guard| guard.decide(fields, &active));
        let answer = decided.unwrap_or_else(|| self.asked());
        self.known.borrow_mut().insert(ix, answer);
        answer
    }

    fn asked(&self) -> bool {
        let at = self.asked.get();
        if at >= QUESTIONS {
            return false;
        }
        self.asked.set(at + 1);
        let mut script = self.script.borrow_mut();
        if at == script.len() {
            script.push(false);
        }
        script[at]
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
    pub(crate) left: Vec<StateIx>,
    handled: usize,
}

impl<'o, 'a> Listener<'o, 'a> {
    pub(crate) fn new(oracle: &'o Oracle<'a>) -> Self {
        Self { oracle, happened: Vec::new(), left: Vec::new(), handled: 0 }
    }

    fn forget(&self) {
        self.oracle.known.borrow_mut().clear();
    }
}

impl Sink for Listener<'_, '_> {
    fn handling(&mut self, event: &str, _scope: &dyn Scope, taken: bool) {
        let outside = self.handled == 0;
        self.handled += 1;
        // The next event is chosen before it is told here; from now on fields of the event are unknown to guards.
        self.oracle.outside.set(false);
        self.forget();
        self.happened.push(Happened::Event { name: event.to_owned(), outside, taken });
    }
    fn entered(&mut self, ix: StateIx, _scope: &dyn Scope) {
        self.forget();
        self.oracle.active.borrow_mut().insert(ix);
        self.happened.push(Happened::Entered(ix));
    }
    fn exited(&mut self, ix: StateIx) {
        self.forget();
        self.oracle.active.borrow_mut().remove(&ix);
        self.left.push(ix);
    }
    fn wrote(&mut self, _path: &[String], _value: &Value) {
        self.forget();
    }
    fn perform(&mut self, _action: &Action, _scope: &dyn Scope) {
        self.forget();
    }
    fn delayed(&mut self, _delay: &Delay) {}
    fn undelayed(&mut self, _delay: &Delay) {}
    fn failed(&mut self, _error: &ExprError) {}
}
