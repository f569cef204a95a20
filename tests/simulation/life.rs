//! One case, as an engine without a store would keep it: the state, the timers that were asked for, and what was said
//! about it so far. Every step is watched; the first thing that must not be is the failure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::TimeDelta;
use huiyin_calendar::Instant;
use huiyin_chart::{Actor, CaseState, Context, Input, Outcome, TimerChange, admit, step};
use serde_json::Value;

use crate::script::{Act, Script};
use crate::watch::{self, Failure};
use crate::world::{Workflow, World};

/// Most timers that ring one by one in one act; what is due later is done in one step.
const RINGS: usize = 24;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Count {
    pub acts: u64,
    pub steps: u64,
    pub refused: u64,
    pub rungs: u64,
    pub crashes: u64,
    pub back: u64,
    pub jumps: u64,
    pub linked: u64,
    pub closed: u64,
    pub promises: u64,
}

impl Count {
    pub fn add(&mut self, other: &Self) {
        self.acts += other.acts;
        self.steps += other.steps;
        self.refused += other.refused;
        self.rungs += other.rungs;
        self.crashes += other.crashes;
        self.back += other.back;
        self.jumps += other.jumps;
        self.linked += other.linked;
        self.closed += other.closed;
        self.promises += other.promises;
    }
}

/// See the module.
pub struct Life<'w> {
    pub world: &'w World,
    pub workflow: &'w Workflow,
    pub case: CaseState,
    pub now: Instant,
    /// Published calendars.
    pub calendar: usize,
    pub timers: BTreeMap<String, Instant>,
    /// Keys of rungs and of effects, which come once.
    pub keys: HashSet<String>,
    /// States entered so far, and when first; none: in a step that made up for several things at once.
    pub entered: BTreeMap<String, Option<Instant>>,
    /// The step that is taken now does one thing, when it is due.
    pub on_time: bool,
    /// Configurations in which it rested.
    pub rested: BTreeSet<(Vec<u16>, bool)>,
    pub count: Count,
}

/// One step, before it is taken over.
pub struct Taken {
    pub case: CaseState,
    pub out: Outcome,
}

impl<'w> Life<'w> {
    pub fn new(world: &'w World, script: &Script) -> Self {
        let workflow = &world.workflows[script.workflow];
        Self {
            world,
            workflow,
            case: CaseState::new(&workflow.def),
            now: world.begins + TimeDelta::seconds(script.begins),
            calendar: 0,
            timers: BTreeMap::new(),
            keys: HashSet::new(),
            entered: BTreeMap::new(),
            on_time: true,
            rested: BTreeSet::new(),
            count: Count::default(),
        }
    }

    /// Does a whole script again.
    pub fn replay(world: &'w World, script: &Script) -> Result<Self, Failure> {
        let mut life = Self::new(world, script);
        for act in &script.acts {
            life.act(act)?;
        }
        life.end(script.nobody)?;
        Ok(life)
    }

    pub fn context(&self, now: Instant) -> Context<'w> {
        let calendar = &self.world.calendars[self.calendar];
        Context { now, calendar, directory: &self.world.directory, case_id: "case" }
    }

    /// Would it be admitted now?
    pub fn admits(&self, event: &str, data: &Value, actor: &Actor) -> bool {
        admit(&self.workflow.def, &self.case, event, data, actor, &self.context(self.now)).is_ok()
    }

    pub fn act(&mut self, act: &Act) -> Result<(), Failure> {
        self.count.acts += 1;
        match act {
            Act::Open { data, actor } => {
                if self.case.seq == 0 && self.admits("case.opened", data, actor) {
                    let data = self.world.directory.complete(&self.workflow.name, data.clone());
                    self.stepped(Input::Open { data: &data }, self.now, false)?;
                }
            }
            Act::Send { event, data, actor, back, crash } => {
                if self.case.seq > 0 && self.admits(event, data, actor) {
                    self.count.back += u64::from(*back > 0);
                    self.count.linked += u64::from(actor.kind == huiyin_chart::ActorKind::Case);
                    let at = self.now - TimeDelta::seconds(*back);
                    self.stepped(Input::Event { name: event, data, actor }, at, *crash)?;
                }
            }
            Act::Run { seconds } => self.run(self.now + TimeDelta::seconds(*seconds))?,
            Act::Jump { seconds, crash } => {
                self.count.jumps += 1;
                self.now += TimeDelta::seconds(*seconds);
                self.late(Input::Tick, self.now, *crash)?;
            }
            Act::Tick { back } => {
                self.count.back += 1;
                self.stepped(Input::Tick, self.now - TimeDelta::seconds(*back), false)?;
            }
            Act::Adopt => {
                self.calendar = self.world.calendars.len() - 1;
                self.stepped(Input::AdoptCalendar, self.now, false)?;
            }
        }
        Ok(())
    }

    /// Lets time pass; timers ring when they are due, as long as there are not too many.
    fn run(&mut self, until: Instant) -> Result<(), Failure> {
        for _ in 0..RINGS {
            let Some(due) = self.timers.values().copied().min().filter(|due| *due <= until) else { break };
            self.now = self.now.max(due);
            self.stepped(Input::Tick, self.now, false)?;
            if self.timers.values().any(|at| *at < due) {
                return Err(Failure::new(
                    "late timer",
                    format!("a timer is left from before {due}: {:?}", self.timers),
                ));
            }
        }
        self.now = until;
        self.late(Input::Tick, self.now, false)
    }

    /// A step that makes up for everything that was missed.
    fn late(&mut self, input: Input<'_>, at: Instant, crash: bool) -> Result<(), Failure> {
        self.on_time = false;
        let done = self.stepped(input, at, crash);
        self.on_time = true;
        done
    }

    /// One step, watched, and taken over when it was not refused.
    fn stepped(&mut self, input: Input<'_>, at: Instant, crash: bool) -> Result<(), Failure> {
        if self.case.seq == 0 && !matches!(input, Input::Open { .. }) {
            return Ok(());
        }
        let Some(taken) = self.computed(input, at, &self.case) else {
            self.count.refused += 1;
            return Ok(());
        };
        if crash {
            self.count.crashes += 1;
            watch::again(self, input, at, &taken)?;
        }
        self.count.steps += 1;
        watch::step(self, &taken, at)?;
        for change in &taken.out.timers {
            match change {
                TimerChange::Set { key, at } => drop(self.timers.insert(key.clone(), *at)),
                TimerChange::Clear { key } => drop(self.timers.remove(key)),
            }
        }
        self.case = taken.case;
        watch::rest(self)
    }

    /// Computes a step on a copy. None: it was refused.
    pub fn computed(&self, input: Input<'_>, at: Instant, case: &CaseState) -> Option<Taken> {
        let mut case = case.clone();
        let mut out = Outcome::default();
        step(&self.workflow.def, &mut case, input, &self.context(at), &mut out).ok()?;
        Some(Taken { case, out })
    }

    /// What must hold at the end of the script.
    pub fn end(&mut self, nobody: bool) -> Result<(), Failure> {
        self.count.closed += u64::from(self.case.closed_at.is_some());
        if nobody && self.case.seq > 0 { watch::promises(self) } else { Ok(()) }
    }
}
