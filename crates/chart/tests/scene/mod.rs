//! An emergency desk on paper: the shipped incident workflow, the real calendar and the directory of Qijiang, with time
//! moved by hand. Times are local, `2026-06-01T10:00`. What the case wrote outside is kept in `effects`.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::path::{Path, PathBuf};

use huiyin_calendar::{Calendar, Hours, Instant, YearFile, china};
use huiyin_chart::{Actor, ActorKind, CaseState, Context, Definition, Input, Outcome, Refusal, admit, load, step};
use huiyin_directory::Directory;
use serde_json::{Value, json};

pub struct Scene {
    pub definition: Definition,
    calendar: Calendar,
    directory: Directory,
    pub case: CaseState,
    now: Instant,
    pub effects: Vec<(Instant, Value)>,
}

fn actor(id: &str, kind: ActorKind, roles: &[&str], units: &[&str]) -> Actor {
    let all = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    Actor { id: id.to_owned(), kind, roles: all(roles), units: all(units), heads: vec![] }
}

pub fn duty() -> Actor {
    actor("duty.chen", ActorKind::Person, &["emergency"], &["duty-desk"])
}

pub fn lead() -> Actor {
    actor("lead.emergency", ActorKind::Person, &["emergency", "unit-head"], &["emergency-command"])
}

pub fn operator() -> Actor {
    actor("operator.zhao", ActorKind::Person, &["operator"], &["petition-office"])
}

pub fn machine() -> Actor {
    actor("sensing", ActorKind::Machine, &[], &[])
}

/// Another case of the house.
pub fn other_case() -> Actor {
    actor("case", ActorKind::Case, &[], &[])
}

/// A telephone call about a river.
pub fn call(learned_at: &str) -> Value {
    json!({"title": "綦江河水面有油膜", "learned_at": time(learned_at), "source": "phone", "category": "water",
        "place": "500110110"})
}

/// What an alarm rule sends.
pub fn alarm(learned_at: &str) -> Value {
    json!({"title": "扶欢断面氨氮超限", "learned_at": time(learned_at), "source": "rule", "category": "water",
        "rule": "ammonia-high", "station": "fuhuan", "pollutant": "ammonia", "value": 2.4, "limit": 1.0,
        "since": time(learned_at)})
}

/// An initial report with all its elements, sent at this time to the District Government and the City Bureau.
pub fn initial(sent_at: &str) -> Value {
    json!({"sent_at": time(sent_at), "method": "network", "to_government": true, "to_city_bureau": true,
        "happened_at": time(sent_at), "where": "綦江河赶水段", "cause": "待查", "process": "群众发现油膜",
        "pollutants": "石油类，数量待查", "readings": "采样中", "casualties": "无", "receptors": "下游取水口暂未受影响",
        "trend": "缓慢下移", "handling": "已布设围油栏", "measures": "继续拦截吸附", "signer": "周局长", "contact": "值班室"})
}

pub fn followup(sent_at: &str) -> Value {
    json!({"sent_at": time(sent_at), "method": "network", "to_government": true, "to_city_bureau": true,
        "handling": "油膜已拦截", "signer": "周局长", "contact": "值班室"})
}

pub fn grade(grade: &str) -> Value {
    json!({"grade": grade, "crosses": "none", "findings": "现场核实属实"})
}

/// The criteria with nothing in them but these.
pub fn criteria(change: &[(&str, Value)]) -> Value {
    let mut all = json!({"deaths": 0, "injured": 0, "evacuated": 0, "loss": 0, "ecology": "none", "drinking": "none",
        "crosses": "none", "radiation_source": "none"});
    for (name, value) in change {
        all[name] = value.clone();
    }
    all
}

pub fn time(local: &str) -> String {
    format!("{local}:00+08:00")
}

fn instant(local: &str) -> Instant {
    time(local).parse().unwrap()
}

fn read(path: &str) -> Option<String> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    std::fs::read_to_string(folder.join(path)).ok()
}

impl Scene {
    pub fn at(local: &str) -> Self {
        let definition =
            load("incident.yaml", &read("incident.yaml").unwrap(), &read).unwrap_or_else(|e| panic!("{e}"));
        let directory = Directory::load("districts/qijiang", &read).unwrap_or_else(|e| panic!("{e}"));
        let years = (2024..=2026).map(|year| {
            let file = format!("calendars/{year}.json");
            YearFile::parse(&file, &read(&file).unwrap()).unwrap()
        });
        let hours = Hours::parse(&directory.district().hours_text()).unwrap();
        let calendar = Calendar::from_years(china(), hours, years.collect());
        let case = CaseState::new(&definition);
        Self { definition, calendar, directory, case, now: instant(local), effects: Vec::new() }
    }

    /// Opened at this time by the duty officer.
    pub fn opened(local: &str, data: Value) -> Self {
        Self::opened_by(local, data, &duty())
    }

    pub fn opened_by(local: &str, data: Value, actor: &Actor) -> Self {
        let mut scene = Self::at(local);
        scene.open(data, actor).unwrap_or_else(|refusal| panic!("{refusal}"));
        scene
    }

    pub fn open(&mut self, data: Value, actor: &Actor) -> Result<(), String> {
        self.admitted("case.opened", &data, actor)?;
        let data = self.directory.complete("incident", data);
        self.stepped(Input::Open { data: &data }).map_err(|refusal| refusal.message.zh)
    }

    fn context(&self) -> Context<'_> {
        Context { now: self.now, calendar: &self.calendar, directory: &self.directory, case_id: "case" }
    }

    fn admitted(&self, event: &str, data: &Value, actor: &Actor) -> Result<(), String> {
        admit(&self.definition, &self.case, event, data, actor, &self.context())
            .map_err(|refusal| format!("{} {} {:?}", refusal.code, refusal.message.zh, refusal.details))
    }

    fn stepped(&mut self, input: Input) -> Result<(), Refusal> {
        let mut case = self.case.clone();
        let mut out = Outcome::default();
        step(&self.definition, &mut case, input, &self.context(), &mut out)?;
        self.case = case;
        self.effects.extend(out.effects.iter().map(|effect| (self.now, serde_json::to_value(effect).unwrap())));
        Ok(())
    }

    pub fn try_send(&mut self, event: &str, data: Value, actor: &Actor) -> Result<(), String> {
        self.admitted(event, &data, actor)?;
        self.stepped(Input::Event { name: event, data: &data, actor }).map_err(|refusal| refusal.message.zh)
    }

    pub fn send(&mut self, event: &str, data: Value, actor: &Actor) -> &mut Self {
        self.try_send(event, data, actor).unwrap_or_else(|refusal| panic!("{event} was refused: {refusal}"));
        self
    }

    pub fn refused(&mut self, event: &str, data: Value, actor: &Actor) -> String {
        self.try_send(event, data, actor).err().unwrap_or_else(|| panic!("{event} was not refused"))
    }

    /// Lets the time run; everything due on the way happens when it is due.
    pub fn until(&mut self, local: &str) -> &mut Self {
        let until = instant(local);
        let next = |case: &CaseState, def: &Definition| case.timers(def).iter().map(|(_, at)| *at).min();
        while let Some(due) = next(&self.case, &self.definition).filter(|at| *at <= until) {
            self.now = self.now.max(due);
            self.stepped(Input::Tick).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        }
        self.now = until;
        self
    }

    pub fn is_in(&self, id: &str) -> bool {
        let state = self.definition.states.iter().find(|state| state.id == id);
        self.case.is_in(state.unwrap_or_else(|| panic!("no state {id}")).ix)
    }

    /// The latest run of a clock, as the case page shows it.
    pub fn clock(&self, name: &str) -> Value {
        assert!(self.definition.clocks.iter().any(|clock| clock.name == name), "no clock {name}");
        let views = serde_json::to_value(self.case.clocks_view(&self.definition, &self.calendar, self.now)).unwrap();
        let runs = views.as_array().unwrap().iter().filter(|view| view["clock"] == name);
        runs.max_by_key(|view| view["run"].as_u64()).cloned().unwrap_or(Value::Null)
    }

    pub fn status(&self, name: &str) -> String {
        self.clock(name)["status"].as_str().unwrap_or("none").to_owned()
    }

    /// Due date of a clock, local: `2026-06-01 10:00`.
    pub fn due(&self, name: &str) -> String {
        let view = self.clock(name);
        let text = view["due_at"].as_str().unwrap_or_else(|| panic!("{name} has no due date: {view}"));
        let at: Instant = text.parse().unwrap();
        at.with_timezone(&china()).format("%Y-%m-%d %H:%M").to_string()
    }

    /// When this party was first written to with this template, urgently: `10:03`; none: never.
    pub fn first_urgent(&self, template: &str, to: &str) -> Option<String> {
        let found = self.effects.iter().find(|(_, effect)| {
            effect["kind"] == "notify"
                && effect["urgent"] == true
                && effect["template"] == template
                && effect["to"].as_array().unwrap().iter().any(|each| each == to)
        });
        found.map(|(at, _)| at.with_timezone(&china()).format("%H:%M").to_string())
    }

    /// Receivers and events of what was sent to other cases.
    pub fn sent(&self) -> Vec<(String, String)> {
        let sends = self.effects.iter().map(|(_, effect)| effect).filter(|effect| effect["kind"] == "send");
        sends.map(|e| (e["to"].as_str().unwrap().to_owned(), e["event"].as_str().unwrap().to_owned())).collect()
    }

    pub fn emitted(&self, event: &str) -> bool {
        self.effects.iter().any(|(_, effect)| effect["kind"] == "emit" && effect["event"] == event)
    }

    /// Data of the last case it opened, and its workflow.
    pub fn last_opened(&self) -> (String, Value) {
        let found = self.effects.iter().rfind(|(_, effect)| effect["kind"] == "open");
        let (_, effect) = found.unwrap_or_else(|| panic!("nothing was opened"));
        (effect["workflow"].as_str().unwrap().to_owned(), effect["data"].clone())
    }
}
