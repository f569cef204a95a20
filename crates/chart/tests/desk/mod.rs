//! A desk with one case on it: a small chart, the shipped calendar, a made-up directory, and time moved by hand.
//! It keeps everything the case said, and the timers as an engine would.
#![allow(dead_code, clippy::unwrap_used, clippy::needless_pass_by_value, missing_docs, unreachable_pub)]

use std::collections::BTreeMap;
use std::path::Path;

use huiyin_calendar::{Calendar, Hours, Instant, YearFile, china};
use huiyin_chart::{
    Actor, ActorKind, CaseState, Context, Definition, Directory, Effect, Input, Outcome, Plan, Refusal, TimerChange,
    admit, load, step,
};
use serde_json::{Value, json};

pub struct Units;

impl Directory for Units {
    fn version(&self) -> &str {
        "1"
    }
    fn duty_desk(&self) -> String {
        "duty-desk".into()
    }
    fn unit_exists(&self, unit: &str) -> bool {
        ["duty-desk", "office", "water", "air"].contains(&unit)
    }
    fn role_exists(&self, role: &str) -> bool {
        ["dispatcher", "supervisor", "leader"].contains(&role)
    }
    fn route(&self, _place: &str, category: &str) -> Option<String> {
        (category == "water").then(|| "water".into())
    }
    fn relation(&self, unit: &str) -> Option<String> {
        self.unit_exists(unit).then(|| "internal".into())
    }
}

pub fn calendar_until(last: i32) -> Calendar {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/calendars");
    let years = (2024..=last).map(|year| {
        let name = format!("{year}.json");
        YearFile::parse(&name, &std::fs::read_to_string(folder.join(&name)).unwrap()).unwrap()
    });
    Calendar::from_years(china(), Hours::default(), years.collect())
}

/// A local time: `2026-06-01T10:00`, or with seconds.
pub fn at(local: &str) -> Instant {
    let seconds = if local.matches(':').count() == 1 { ":00" } else { "" };
    format!("{local}{seconds}+08:00").parse().unwrap()
}

pub fn local(at: Instant) -> String {
    at.with_timezone(&china()).format("%Y-%m-%d %H:%M:%S").to_string()
}

pub fn person(roles: &[&str], units: &[&str], heads: &[&str]) -> Actor {
    let all = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    Actor { id: "p1".into(), kind: ActorKind::Person, roles: all(roles), units: all(units), heads: all(heads) }
}

pub fn leader() -> Actor {
    person(&["leader"], &["office"], &[])
}

pub struct Desk {
    pub def: Definition,
    pub calendar: Calendar,
    pub case: CaseState,
    pub now: Instant,
    pub facts: Vec<Value>,
    pub effects: Vec<Effect>,
    pub timers: BTreeMap<String, Instant>,
}

impl Desk {
    pub fn at(local: &str, yaml: &str) -> Self {
        let def = load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
        let case = CaseState::new(&def);
        Self {
            def,
            calendar: calendar_until(2026),
            case,
            now: at(local),
            facts: vec![],
            effects: vec![],
            timers: BTreeMap::new(),
        }
    }

    /// Opens a case on the chart at once.
    pub fn open(local: &str, yaml: &str, data: Value) -> Self {
        let mut desk = Self::at(local, yaml);
        desk.try_open(data).unwrap();
        desk
    }

    pub fn try_open(&mut self, data: Value) -> Result<(), Refusal> {
        self.stepped(Input::Open { data: &data })
    }

    pub fn stepped(&mut self, input: Input) -> Result<(), Refusal> {
        let context = Context { now: self.now, calendar: &self.calendar, directory: &Units, case_id: "case-1" };
        let mut case = self.case.clone();
        let mut out = Outcome::default();
        step(&self.def, &mut case, input, &context, &mut out)?;
        self.case = case;
        self.facts.extend(out.facts.iter().map(|fact| serde_json::to_value(fact).unwrap()));
        self.effects.extend(out.effects);
        for change in out.timers {
            match change {
                TimerChange::Set { key, at } => drop(self.timers.insert(key, at)),
                TimerChange::Clear { key } => drop(self.timers.remove(&key)),
            }
        }
        Ok(())
    }

    /// Goes over to another version of the chart.
    pub fn migrate(&mut self, yaml: &str, plan: &Plan) -> Result<(), Refusal> {
        self.reform(yaml, Some(plan))
    }

    /// Takes the migration back.
    pub fn undo(&mut self, yaml: &str) -> Result<(), Refusal> {
        self.reform(yaml, None)
    }

    fn reform(&mut self, yaml: &str, plan: Option<&Plan>) -> Result<(), Refusal> {
        let to = load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
        let from = std::mem::replace(&mut self.def, to);
        let done = self.stepped(match plan {
            Some(plan) => Input::Migrate { from: &from, plan },
            None => Input::UndoMigration { from: &from },
        });
        if done.is_err() {
            self.def = from;
        }
        done
    }

    pub fn try_send(&mut self, event: &str, data: Value, actor: &Actor) -> Result<(), Refusal> {
        self.stepped(Input::Event { name: event, data: &data, actor })
    }

    pub fn send(&mut self, event: &str) {
        self.send_with(event, json!({}));
    }

    pub fn send_with(&mut self, event: &str, data: Value) {
        self.try_send(event, data, &leader()).unwrap_or_else(|refusal| panic!("{event}: {refusal:?}"));
    }

    pub fn admitted(&self, event: &str, data: &Value, actor: &Actor) -> Result<(), Refusal> {
        let context = Context { now: self.now, calendar: &self.calendar, directory: &Units, case_id: "case-1" };
        admit(&self.def, &self.case, event, data, actor, &context)
    }

    /// Sets the time without anything being looked at.
    pub fn clock(&mut self, local: &str) -> &mut Self {
        self.now = at(local);
        self
    }

    /// Wakes up once, at this time: as after an outage.
    pub fn wake(&mut self, local: &str) {
        self.clock(local);
        self.stepped(Input::Tick).unwrap();
    }

    /// Runs on time: wakes for every timer as it is due, up to this time.
    pub fn run_until(&mut self, local: &str) {
        let end = at(local);
        for _ in 0..10_000 {
            let Some(due) = self.timers.values().copied().min().filter(|due| *due <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(due);
            self.stepped(Input::Tick).unwrap();
        }
        panic!("the timers never come to rest: {:?}", self.timers);
    }

    pub fn views(&self) -> Vec<Value> {
        let views = self.case.clocks_view(&self.def, &self.calendar, self.now);
        serde_json::to_value(views).unwrap().as_array().unwrap().clone()
    }

    /// The latest run of a clock as the case page shows it.
    pub fn view(&self, clock: &str) -> Value {
        let runs = self.views().into_iter().filter(|view| view["clock"] == clock);
        runs.max_by_key(|view| view["run"].as_u64()).unwrap_or(Value::Null)
    }

    pub fn status(&self, clock: &str) -> String {
        self.view(clock)["status"].as_str().unwrap_or("none").to_owned()
    }

    pub fn due(&self, clock: &str) -> String {
        let view = self.view(clock);
        let text = view["due_at"].as_str().unwrap_or_else(|| panic!("{clock} has no due date: {view}"));
        local(text.parse().unwrap())
    }

    pub fn active(&self) -> Vec<String> {
        self.case.active(&self.def).map(str::to_owned).collect()
    }

    pub fn facts_of(&self, kind: &str) -> Vec<&Value> {
        self.facts.iter().filter(|fact| fact["kind"] == kind).collect()
    }

    /// Templates of the notices so far, in order.
    pub fn notices(&self) -> Vec<String> {
        let notices = self.effects.iter().filter_map(|effect| match effect {
            Effect::Notify { template, .. } => Some(template.clone()),
            Effect::Document { .. } | Effect::Emit { .. } | Effect::Open { .. } | Effect::Send { .. } => None,
        });
        notices.collect()
    }

    pub fn forget(&mut self) {
        self.facts.clear();
        self.effects.clear();
    }
}
