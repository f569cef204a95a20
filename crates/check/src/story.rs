//! A counter-example told with dates: people act an hour after each other, delays and rungs come when they are due. The
//! dates are examples; what matters is their order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use huiyin_calendar::{Calendar, Hours, Rule, Span, china};
use huiyin_chart::Definition;
use huiyin_chart::definition::{Action, Anchor, ClockDecl, EventDecl, Sender, StateIx};
use huiyin_chart::machine::after_event;

use crate::cover::{Followed, IDLE, RUNNING};
use crate::graph::{Edge, OPENED};
use crate::report::{Example, StoryLine};
use crate::shadow::Happened;

/// The day on which stories begin: an ordinary Monday in March, at nine.
const BEGINS: (u32, u32, u32) = (3, 2, 9);
/// The year, where no calendar is known.
const YEAR: i32 = 2026;
/// Of a longer way only the last steps are told.
const STEPS: usize = 40;

/// Tells stories about one definition.
pub(crate) struct Teller<'d> {
    def: &'d Definition,
    calendar: Calendar,
}

/// A story being told.
struct Telling<'t, 'd> {
    teller: &'t Teller<'d>,
    clocks: Vec<Followed<'d>>,
    now: DateTime<Utc>,
    /// State → when it was entered.
    entered: BTreeMap<StateIx, DateTime<Utc>>,
    /// Clock → when its run began, while it may run.
    runs: BTreeMap<usize, DateTime<Utc>>,
    statuses: Vec<u8>,
    lines: Vec<StoryLine>,
}

impl<'d> Teller<'d> {
    pub(crate) fn new(def: &'d Definition, calendar: Option<&Calendar>) -> Self {
        let weekdays = || Calendar::from_years(china(), Hours::default(), Vec::new());
        Self { def, calendar: calendar.cloned().unwrap_or_else(weekdays) }
    }

    /// Tells what these steps are, and how it ends.
    pub(crate) fn tell(&self, way: &[&Edge], end: (&str, &str)) -> Example {
        let (month, day, hour) = BEGINS;
        let year = self.calendar.last_year().unwrap_or(YEAR);
        let begins = self.calendar.zone().with_ymd_and_hms(year, month, day, hour, 0, 0).single();
        let clocks: Vec<Followed<'d>> = self.def.clocks.iter().map(|clock| Followed::of(self.def, clock)).collect();
        let mut telling = Telling {
            teller: self,
            statuses: vec![IDLE; clocks.len()],
            clocks,
            now: begins.map_or(DateTime::UNIX_EPOCH, |at| at.to_utc()),
            entered: BTreeMap::new(),
            runs: BTreeMap::new(),
            lines: Vec::new(),
        };
        let told = &way[way.len().saturating_sub(STEPS)..];
        if told.len() < way.len() {
            let left_out = way.len() - told.len();
            telling.line(format!("（之前 {left_out} 步从略）"), format!("({left_out} steps before this are left out)"));
        }
        told.iter().for_each(|edge| telling.step(edge));
        telling.line(end.0.to_owned(), end.1.to_owned());
        let left_out = (told.len() < way.len()).then(|| "…".to_owned());
        Example {
            labels: left_out.into_iter().chain(told.iter().map(|edge| edge.label())).collect(),
            story: telling.lines,
            guessed: way.iter().flat_map(|edge| edge.guesses.guards.iter().copied()).collect::<BTreeSet<_>>(),
        }
    }
}

impl<'d> Telling<'_, 'd> {
    fn step(&mut self, edge: &Edge) {
        let event = self.teller.def.events.iter().find(|event| event.name == edge.event);
        let (zh, en) = if edge.event == OPENED {
            ("立案".to_owned(), "the case is opened".to_owned())
        } else if let Some((span, zh, en)) = edge.fired.as_ref().and_then(|_| self.delay(&edge.event)) {
            self.move_to(span);
            (zh, en)
        } else if let Some((at, clock)) = self.rung(&edge.event) {
            self.move_to(Some(at));
            let title = &clock.title;
            (
                format!("时限“{}”升级：{}", title.zh, name_zh(event, edge)),
                format!("the ladder of {} raises {}", title.en, name_en(event, edge)),
            )
        } else {
            self.now += TimeDelta::hours(1);
            let (zh, en) = sender(event);
            (format!("{zh}：{}", name_zh(event, edge)), format!("{en}: {}", name_en(event, edge)))
        };
        let (fields_zh, fields_en) = fields(event, edge);
        self.line(format!("{zh}{fields_zh}"), format!("{en}{fields_en}"));
        self.follow(edge);
    }

    fn follow(&mut self, edge: &Edge) {
        for happened in &edge.happened {
            if let Happened::Entered(ix) = happened {
                self.entered.insert(*ix, self.now);
            }
        }
        for (ix, clock) in self.clocks.iter().enumerate() {
            let after = clock.after(self.statuses[ix], edge);
            if after & RUNNING != 0 {
                self.runs.entry(ix).or_insert(self.now);
            } else {
                self.runs.remove(&ix);
            }
            self.statuses[ix] = after;
        }
    }

    fn move_to(&mut self, at: Option<DateTime<Utc>>) {
        self.now = at.map_or(self.now, |at| at.max(self.now));
    }

    /// When a delay runs out, and its words.
    fn delay(&self, event: &str) -> Option<(Option<DateTime<Utc>>, String, String)> {
        let calendar = &self.teller.calendar;
        for state in &self.teller.def.states {
            for (slot, (span, _)) in state.after.iter().enumerate() {
                if after_event(state, slot) == event {
                    let since = self.entered.get(&state.ix).copied().unwrap_or(self.now);
                    let title = state.title.clone().unwrap_or_default();
                    let (zh, en) = (format!("在“{}”满 {}", title.zh, span.zh()), format!("{span} in `{}`", state.id));
                    return Some((Some(calendar.shift(since, *span, false).at), zh, en));
                }
            }
        }
        let span = raised_later(self.teller.def, event)?;
        let words = (format!("{} 后：{event}", span.zh()), format!("{span} later: {event}"));
        Some((Some(calendar.shift(self.now, span, false).at), words.0, words.1))
    }

    /// When a rung of a clock that runs raises the event, the earliest.
    fn rung(&self, event: &str) -> Option<(DateTime<Utc>, &'d ClockDecl)> {
        let runs = self.runs.iter().map(|(ix, since)| (self.clocks[*ix].decl, *since));
        let rungs = runs.filter_map(|(clock, since)| Some((self.raised_at(clock, since, event)?, clock)));
        rungs.min_by_key(|(at, _)| *at)
    }

    fn raised_at(&self, clock: &ClockDecl, since: DateTime<Utc>, event: &str) -> Option<DateTime<Utc>> {
        let calendar = &self.teller.calendar;
        let spans = clock.within.into_iter().chain(clock.limit.as_ref().map(|limit| limit.within));
        let due = spans.map(|span| calendar.due(since, span, Rule::default(), &[], since).at).min()?;
        let rungs = clock.ladder.iter().filter(|rung| rung.does.raise.as_deref() == Some(event));
        let at = |anchor: &Anchor| match anchor {
            Anchor::Percent(percent) => since + (due - since) * i32::from(*percent) / 100,
            Anchor::Start(span) => calendar.shift(since, *span, false).at,
            Anchor::Due { offset: None, .. } => due,
            Anchor::Due { before, offset: Some(span) } => calendar.shift(due, *span, *before).at,
        };
        let repeated = clock.repeat.iter().filter(|repeat| repeat.does.raise.as_deref() == Some(event));
        rungs.map(|rung| at(&rung.at)).chain(repeated.map(|repeat| calendar.shift(due, repeat.every, false).at)).min()
    }

    fn line(&mut self, zh: String, en: String) {
        let at = self.now.with_timezone(&self.teller.calendar.zone()).format("%Y-%m-%d %H:%M").to_string();
        self.lines.push(StoryLine { at, zh, en });
    }
}

fn name_zh(event: Option<&EventDecl>, edge: &Edge) -> String {
    event.map_or_else(|| edge.event.clone(), |event| event.title.zh.clone())
}

fn name_en(event: Option<&EventDecl>, edge: &Edge) -> String {
    event.map_or_else(|| edge.event.clone(), |event| event.title.en.clone())
}

/// The fields that decided, as people see them.
fn fields(event: Option<&EventDecl>, edge: &Edge) -> (String, String) {
    let Some(known) = edge.fields.as_ref().filter(|fields| !fields.is_empty()) else { return Default::default() };
    let schema = |key: &str| event.and_then(|event| event.form.get("properties")?.get(key));
    let word = |key: &str, language: &str| {
        let title = schema(key).and_then(|field| field.get("title")?.get(language)?.as_str());
        title.unwrap_or(key).to_owned()
    };
    let value = |key: &str, value: &serde_json::Value, language: &str| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shown = schema(key).and_then(|field| field.get("enumTitles")?.get(&text)?.get(language)?.as_str());
        shown.map_or(text.clone(), str::to_owned)
    };
    let list = |language: &str| -> Vec<String> {
        known.iter().map(|(key, at)| format!("{}: {}", word(key, language), value(key, at, language))).collect()
    };
    (format!("（{}）", list("zh").join("，")), format!(" ({})", list("en").join(", ")))
}

/// Who sends an event, in words.
fn sender(event: Option<&EventDecl>) -> (String, String) {
    let words = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
    match event.and_then(|event| event.by.first()) {
        None => words("另一案件或系统", "another case or the system"),
        Some(Sender::Role(role)) => (format!("角色 {role}"), format!("role {role}")),
        Some(Sender::Unit(unit)) => (format!("单位 {unit}"), format!("unit {unit}")),
        Some(Sender::Owner) => words("责任单位", "the owner"),
        Some(Sender::UnitHead) => words("责任单位负责人", "the head of the owning unit"),
        Some(Sender::Public) => words("公众", "the public"),
        Some(Sender::Machine) => words("监测设备", "a machine"),
    }
}

/// The delay of a delayed `raise` of this event.
fn raised_later(def: &Definition, event: &str) -> Option<Span> {
    let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
    let of_transitions = def.transitions.iter().flat_map(|transition| &transition.actions);
    of_states.chain(of_transitions).find_map(|action| match action {
        Action::Raise { event: name, after, .. } if name == event => *after,
        _ => None,
    })
}
