//! An office on paper: the shipped petition workflow, the real calendar and the directory of Qijiang, with time moved by
//! hand. Times are local, `2026-06-01T10:00`. What the case wrote outside (mails, papers, messages) is kept in `effects`.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, Hours, Instant, YearFile, china};
use huiyin_chart::{Actor, ActorKind, CaseState, Context, Definition, Input, Outcome, Refusal, admit, load, step};
use huiyin_directory::Directory;
use serde_json::{Value, json};

pub struct Office {
    definition: Definition,
    calendar: Calendar,
    directory: Directory,
    case: CaseState,
    now: Instant,
    effects: Vec<Value>,
}

pub fn complaint(received_at: &str) -> Value {
    json!({"received_at": format!("{received_at}:00+08:00"), "channel": "phone", "petitioner": "named",
        "petitioner_name": "张某", "phone": "13800000000", "title": "河水发黑发臭", "content": "河水发黑",
        "category": "water", "place": "500110110"})
}

fn person(id: &str, roles: &[&str], units: &[&str], heads: &[&str]) -> Actor {
    let all = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    Actor { id: id.to_owned(), kind: ActorKind::Person, roles: all(roles), units: all(units), heads: all(heads) }
}

pub fn operator() -> Actor {
    person("operator.zhao", &["operator"], &["petition-office"], &[])
}

pub fn dispatcher() -> Actor {
    person("dispatcher.li", &["dispatcher"], &["petition-office"], &[])
}

pub fn leader() -> Actor {
    person("head.zhou", &["bureau-head"], &["bureau"], &["bureau"])
}

pub fn duty() -> Actor {
    person("duty.chen", &["emergency"], &["duty-desk"], &[])
}

/// Another case of the house: what it sends was written into a checked workflow.
pub fn other_case() -> Actor {
    Actor { kind: ActorKind::Case, ..person("case", &[], &[], &[]) }
}

pub fn unit(id: &str) -> Actor {
    person("handler", &["handler"], &[id], &[])
}

pub fn head(id: &str) -> Actor {
    person("head", &["unit-head"], &[id], &[id])
}

fn workflows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows")
}

fn instant(local: &str) -> Instant {
    format!("{local}:00+08:00").parse().unwrap()
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(workflows().join(path)).ok()
}

fn calendar(directory: &Directory) -> Calendar {
    let years = (2024..=2026).map(|year| {
        let file = format!("calendars/{year}.json");
        YearFile::parse(&file, &read(&file).unwrap()).unwrap()
    });
    Calendar::from_years(china(), Hours::parse(&directory.district().hours_text()).unwrap(), years.collect())
}

impl Office {
    pub fn at(local: &str) -> Self {
        let definition =
            load("petition.yaml", &read("petition.yaml").unwrap(), &read).unwrap_or_else(|e| panic!("{e}"));
        let directory = Directory::load("districts/qijiang", &read).unwrap_or_else(|e| panic!("{e}"));
        let calendar = calendar(&directory);
        let case = CaseState::new(&definition);
        Self { definition, calendar, directory, case, now: instant(local), effects: Vec::new() }
    }

    pub fn open(&mut self, data: Value) {
        self.try_open(data).unwrap_or_else(|r| panic!("{r:?}"));
    }

    pub fn refused_opening(&mut self, data: Value) -> String {
        let refusal = self.try_open(data).err().unwrap_or_else(|| panic!("opened"));
        refusal.message.zh
    }

    fn try_open(&mut self, data: Value) -> Result<(), Refusal> {
        let actor = operator();
        self.admitted("case.opened", &data, &actor)?;
        let data = self.directory.complete("petition", data);
        self.stepped(Input::Open { data: &data })
    }

    fn admitted(&self, event: &str, data: &Value, actor: &Actor) -> Result<(), Refusal> {
        let context = Context { now: self.now, calendar: &self.calendar, directory: &self.directory, case_id: "case" };
        admit(&self.definition, &self.case, event, data, actor, &context)
    }

    fn stepped(&mut self, input: Input) -> Result<(), Refusal> {
        let context = Context { now: self.now, calendar: &self.calendar, directory: &self.directory, case_id: "case" };
        let mut case = self.case.clone();
        let mut out = Outcome::default();
        step(&self.definition, &mut case, input, &context, &mut out)?;
        self.case = case;
        self.effects.extend(out.effects.iter().map(|e| serde_json::to_value(e).unwrap()));
        Ok(())
    }

    /// Events that this person is offered now.
    pub fn offered(&self, actor: &Actor) -> Vec<String> {
        let context = Context { now: self.now, calendar: &self.calendar, directory: &self.directory, case_id: "case" };
        self.case.open_events(&self.definition, actor, &context).into_iter().map(|event| event.name.clone()).collect()
    }

    pub fn owner(&self) -> String {
        self.case.owner.clone()
    }

    pub fn rates(&self, from: &str, to: &str) -> huiyin_chart::rates::Rates {
        let matter = huiyin_chart::rates::Matter::of(&self.definition, &self.case, &self.calendar).unwrap();
        huiyin_chart::rates::rates([&matter], huiyin_chart::rates::Period { from: instant(from), to: instant(to) })
    }

    /// What was sent to other cases: to whom and which event.
    pub fn sent(&self) -> Vec<(String, String)> {
        let sends = self.effects.iter().filter(|e| e["kind"] == "send");
        sends.map(|e| (e["to"].as_str().unwrap().to_owned(), e["event"].as_str().unwrap().to_owned())).collect()
    }

    /// Data of the last case it opened.
    pub fn last_opened(&self) -> Value {
        self.effects.iter().rfind(|e| e["kind"] == "open").map_or(Value::Null, |e| e["data"].clone())
    }

    pub fn send_any(&mut self, event: &str, data: Value, actor: &Actor) -> Result<(), String> {
        self.admitted(event, &data, actor).map_err(|r| r.message.zh)?;
        self.stepped(Input::Event { name: event, data: &data, actor }).map_err(|r| r.message.zh)
    }

    pub fn send(&mut self, event: &str, data: Value, actor: &Actor) {
        self.send_any(event, data, actor).unwrap_or_else(|r| panic!("{event} was refused: {r}"));
    }

    pub fn refused(&mut self, event: &str, data: Value, actor: &Actor) -> String {
        self.send_any(event, data, actor).err().unwrap_or_else(|| panic!("{event} was not refused"))
    }

    /// Lets the time run; everything due on the way happens when it is due.
    pub fn until(&mut self, local: &str) {
        let until = instant(local);
        while let Some(due) =
            self.case.timers(&self.definition).iter().map(|(_, at)| *at).min().filter(|at| *at <= until)
        {
            self.now = self.now.max(due);
            self.stepped(Input::Tick).unwrap_or_else(|r| panic!("{r:?}"));
        }
        self.now = until;
    }

    pub fn active(&self) -> Vec<String> {
        self.case.active(&self.definition).map(str::to_owned).collect()
    }

    /// Is this state active (itself or one below it)?
    pub fn is_in(&self, id: &str) -> bool {
        let ix = self
            .definition
            .states
            .iter()
            .find(|s| s.id == id || s.key == id)
            .unwrap_or_else(|| panic!("no state {id}"))
            .ix;
        self.case.config.active.contains(ix)
    }

    pub fn is_in_path(&self, key: &str) -> bool {
        self.is_in(key)
    }

    pub fn data(&self, field: &str) -> Value {
        self.case.data[field].clone()
    }

    pub fn has_mark(&self, mark: &str) -> bool {
        self.case.marks.contains(mark)
    }

    /// The latest run of a clock, as the case page shows it.
    fn clock(&self, name: &str) -> Option<Value> {
        let views = self.case.clocks_view(&self.definition, &self.calendar, self.now);
        let views = serde_json::to_value(views).unwrap();
        let runs = views.as_array().unwrap().iter().filter(|v| v["clock"] == name);
        runs.max_by_key(|v| v["run"].as_u64()).cloned()
    }

    pub fn status(&self, name: &str) -> String {
        assert!(self.definition.clocks.iter().any(|c| c.name == name), "no clock {name}");
        self.clock(name).map_or("none".to_owned(), |v| v["status"].as_str().unwrap().to_owned())
    }

    fn local(&self, name: &str, field: &str) -> String {
        let view = self.clock(name).unwrap_or_else(|| panic!("{name} never started"));
        let at: Instant =
            view[field].as_str().unwrap_or_else(|| panic!("{name} has no {field}: {view}")).parse().unwrap();
        at.with_timezone(&china()).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Effective due date: the earlier of policy and law.
    pub fn due(&self, clock: &str) -> String {
        self.local(clock, "due_at")
    }

    /// The law's due date.
    pub fn limit(&self, clock: &str) -> String {
        self.local(clock, "limit_due")
    }

    pub fn forget(&mut self) {
        self.effects.clear();
    }

    fn notices<'a>(&'a self, template: &'a str, to: &'a str) -> impl Iterator<Item = &'a Value> {
        self.effects.iter().filter(move |e| {
            e["kind"] == "notify" && e["template"] == template && e["to"].as_array().unwrap().iter().any(|t| t == to)
        })
    }

    pub fn mailed(&self, template: &str, to: &str) -> bool {
        self.notices(template, to).next().is_some()
    }

    pub fn mailed_urgently(&self, template: &str, to: &str) -> bool {
        self.notices(template, to).any(|e| e["urgent"] == true)
    }

    pub fn wrote(&self, paper: &str) -> bool {
        self.effects.iter().any(|e| e["kind"] == "document" && e["template"] == paper)
    }

    pub fn emitted(&self, event: &str) -> bool {
        self.effects.iter().any(|e| e["kind"] == "emit" && e["event"] == event)
    }

    /// Workflows of the cases it opened, in order.
    pub fn opened(&self) -> Vec<String> {
        self.effects
            .iter()
            .filter(|e| e["kind"] == "open")
            .map(|e| e["workflow"].as_str().unwrap().to_owned())
            .collect()
    }
}
