//! What a case takes along to another version: data, history, delays, marks, owners; and the way back.

use huiyin_calendar::{Calendar, Instant};
use serde_json::{Map, Value};

use super::clocks::{Running, carry_clocks};
use super::states::States;
use super::{Before, Plan};
use crate::case::{CaseState, delay_key};
use crate::definition::{Definition, StateIx};
use crate::machine::{Bits, Configuration, Delay, after_event};
use crate::outcome::{Fact, TimerChange};
use crate::refusal::{FieldError, Refusal};
use crate::step::merge;

/// Most wrong fields named in one refusal.
const FIELDS_NAMED: usize = 20;

/// A case in its new version, before clocks are settled.
pub(crate) struct Carried {
    pub(crate) case: CaseState,
    pub(crate) facts: Vec<Fact>,
    pub(crate) timers: Vec<TimerChange>,
    /// What is to happen to the running clocks.
    pub(crate) running: Vec<Running>,
    /// Active states under whose name it was not active before.
    pub(crate) entered: Bits,
}

/// Takes a case over to another version.
pub(crate) fn carry(
    from: &Definition,
    to: &Definition,
    case: &CaseState,
    plan: &Plan,
    now: Instant,
    calendar: &Calendar,
) -> Result<Carried, Refusal> {
    may_go(from, to, case)?;
    plan.fits(&[], to)?;
    let states = States { from, to, plan };
    let active = states.active(case)?;
    let mut facts = vec![Fact::Migrated {
        from: from.hash.clone(),
        from_version: from.version,
        to: to.hash.clone(),
        to_version: to.version,
    }];
    let entered = moves(from, &case.config.active, to, &active, &mut facts);
    let data = data(from, to, &case.data, &mut facts)?;
    let mut timers = Vec::new();
    let (clocks, running) = carry_clocks(from, to, case, plan, &mut facts, &mut timers)?;
    let mut config = Configuration { active, next_delay: case.config.next_delay, ..Configuration::default() };
    history(&states, case, &mut config)?;
    delays(&states, case, &mut config, now, calendar, &mut timers)?;
    let reassigned = case.reassigned.iter().filter_map(|(ix, party)| {
        let ix = states.counterpart_if_any(*ix)?;
        config.active.contains(ix).then(|| (ix, party.clone()))
    });
    let owners = case.owners.iter().filter_map(|(ix, owner)| Some((states.counterpart_if_any(*ix)?, owner.clone())));
    let carried = CaseState {
        reassigned: reassigned.collect(),
        owners: owners.collect(),
        data,
        clocks,
        before: Some(Before {
            definition: from.hash.clone(),
            state: CaseState { before: None, ..case.clone() }.to_json(from),
        }),
        config,
        ..case.clone()
    };
    Ok(Carried { case: carried, facts, timers, running, entered })
}

fn may_go(from: &Definition, to: &Definition, case: &CaseState) -> Result<(), Refusal> {
    if from.name != to.name {
        return Err(Refusal::new(
            "other_workflow",
            format!("案件属于流程“{}”，不能迁移到“{}”", from.name, to.name),
            format!("the case is a `{}` and cannot become a `{}`", from.name, to.name),
        ));
    }
    if from.hash == to.hash {
        return Err(Refusal::new(
            "same_version",
            format!("案件已在第 {} 版", to.version),
            format!("the case is on version {} already", to.version),
        ));
    }
    if case.config.done {
        return Err(Refusal::new("case_ended", "案件已结束，不再迁移", "the case has ended; it stays on its version"));
    }
    Ok(())
}

/// Facts for the states that are left and entered by name. Returns those entered.
fn moves(from: &Definition, old: &Bits, to: &Definition, new: &Bits, facts: &mut Vec<Fact>) -> Bits {
    let id = |def: &Definition, ix: StateIx| def.states[usize::from(ix)].id.clone();
    // The root is the workflow itself.
    let had: Vec<String> = old.iter().filter(|ix| *ix != 0).map(|ix| id(from, ix)).collect();
    let has: Vec<String> = new.iter().filter(|ix| *ix != 0).map(|ix| id(to, ix)).collect();
    let left = had.iter().rev().filter(|state| !has.contains(state));
    facts.extend(left.map(|state| Fact::StateLeft { state: state.clone() }));
    let mut entered = Bits::default();
    for ix in new.iter().filter(|ix| *ix != 0) {
        let state = id(to, ix);
        if !had.contains(&state) {
            facts.push(Fact::StateEntered { state });
            entered.insert(ix);
        }
    }
    entered
}

/// The data under the new schema: new fields get their defaults. What fits the old schema and not the new is refused.
fn data(from: &Definition, to: &Definition, old: &Value, facts: &mut Vec<Fact>) -> Result<Value, Refusal> {
    let mut data = if to.data.initial.is_object() { to.data.initial.clone() } else { Value::Object(Map::default()) };
    merge(&mut data, old);
    let wrong = crate::admit::data_errors(to, &data, FIELDS_NAMED);
    if !wrong.is_empty() {
        // A value that never fitted (an old import) does not hold the case back.
        let before = crate::admit::data_errors(from, old, usize::MAX);
        let new: Vec<FieldError> = wrong.into_iter().filter(|error| !before.contains(error)).collect();
        if !new.is_empty() {
            let named: Vec<&str> = new.iter().map(|error| error.path.as_str()).collect();
            let named = named.join(", ");
            return Err(Refusal {
                details: new,
                ..Refusal::new(
                    "data_unfit",
                    format!("案件数据不符合新版本的要求：{named}；请先补正数据，或在新版本中给出默认值、放宽要求"),
                    format!(
                        "the data of the case do not fit the new version: {named}; correct them first, or give the \
                         field a default in the new version"
                    ),
                )
            });
        }
    }
    added(&data, old, &mut Vec::new(), facts);
    Ok(data)
}

/// Facts for the fields that the new version added.
fn added(new: &Value, old: &Value, path: &mut Vec<String>, facts: &mut Vec<Fact>) {
    let Value::Object(fields) = new else { return };
    for (name, value) in fields {
        path.push(name.clone());
        match old.get(name) {
            None => facts.push(Fact::DataSet { path: path.join("."), value: value.clone() }),
            Some(known) => added(value, known, path, facts),
        }
        path.pop();
    }
}

fn history(states: &States<'_>, case: &CaseState, config: &mut Configuration) -> Result<(), Refusal> {
    for (ix, remembered) in &case.config.history {
        let Some(to) = states.counterpart_if_any(*ix) else { continue };
        let what = ("历史状态记住的状态", "a state that a history state remembers,");
        let remembered = remembered.iter().map(|old| states.counterpart(*old, what)).collect::<Result<_, _>>()?;
        config.history.insert(to, remembered);
    }
    Ok(())
}

/// Delays of `after:` belong to the new version: one of the same length of the same state goes on, others begin now.
fn delays(
    states: &States<'_>,
    case: &CaseState,
    config: &mut Configuration,
    now: Instant,
    calendar: &Calendar,
    timers: &mut Vec<TimerChange>,
) -> Result<(), Refusal> {
    let mut old: Vec<Delay> = case.config.delays.clone();
    let active: Vec<StateIx> = config.active.iter().collect();
    for ix in active {
        let state = &states.to.states[usize::from(ix)];
        for (slot, (span, _)) in state.after.iter().enumerate() {
            let goes_on = |delay: &Delay| {
                delay.owner.is_some_and(|owner| {
                    let before = &states.from.states[usize::from(owner)];
                    let same = |(n, (length, _)): (usize, &(huiyin_calendar::Span, _))| {
                        length == span && after_event(before, n) == delay.event
                    };
                    states.counterpart_if_any(owner) == Some(ix) && before.after.iter().enumerate().any(same)
                })
            };
            let event = after_event(state, slot);
            if let Some(at) = old.iter().position(goes_on) {
                config.delays.push(Delay { event, owner: Some(ix), ..old.remove(at) });
                continue;
            }
            if config.delays.len() >= crate::machine::DELAY_LIMIT {
                return Err(crate::machine::MachineError::Delays.into());
            }
            let (number, due) = (config.next_delay, calendar.shift(now, *span, false).at);
            config.next_delay += 1;
            timers.push(TimerChange::Set { key: delay_key(number), at: due });
            config.delays.push(Delay { number, due, event, data: Value::Null, id: None, owner: Some(ix) });
        }
    }
    for delay in old {
        if delay.owner.is_some() {
            timers.push(TimerChange::Clear { key: delay_key(delay.number) });
        } else {
            config.delays.push(delay);
        }
    }
    config.delays.sort_by_key(|delay| delay.number);
    Ok(())
}

/// The case as it stood before its migration. `to` is the definition it goes back to, `from` the one it leaves.
pub(crate) fn restore(from: &Definition, to: &Definition, case: &CaseState) -> Result<Carried, Refusal> {
    let Some(before) = case.before.as_ref().filter(|before| before.definition == to.hash) else {
        return Err(Refusal::new(
            "not_reversible",
            "案件在迁移之后已有办理，不能撤销；可另行迁移到其他版本",
            "something happened to the case since, or it was not migrated; it can only be migrated again",
        ));
    };
    let stored = CaseState::from_json(to, &before.state);
    let stored = stored
        .map_err(|error| Refusal::new("not_reversible", format!("迁移前的案件无法读出：{error}"), error.to_string()))?;
    let mut facts = vec![Fact::MigrationUndone {
        from: from.hash.clone(),
        from_version: from.version,
        to: to.hash.clone(),
        to_version: to.version,
    }];
    let entered = moves(from, &case.config.active, to, &stored.config.active, &mut facts);
    let (now, then) = (case.timers(from), stored.timers(to));
    let gone = now.iter().filter(|(key, _)| !then.iter().any(|(kept, _)| kept == key));
    let mut timers: Vec<TimerChange> = gone.map(|(key, _)| TimerChange::Clear { key: key.clone() }).collect();
    let back = then.iter().filter(|timer| !now.contains(timer));
    timers.extend(back.map(|(key, at)| TimerChange::Set { key: key.clone(), at: *at }));
    let case = CaseState { seq: case.seq, last_at: case.last_at, before: None, ..stored };
    Ok(Carried { case, facts, timers, running: Vec::new(), entered })
}
