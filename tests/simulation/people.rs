//! Adversaries: people who do anything they may, with any values their forms take, at any time, or nothing; linked
//! cases that send what they like; an engine that crashes; a clock that jumps.

use chrono::TimeDelta;
use huiyin_chart::definition::{EventDecl, Sender};
use huiyin_chart::{Actor, ActorKind};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use crate::life::Life;
use crate::script::{Act, Script};
use crate::world::World;

/// Tries to find something that is admitted.
const TRIES: usize = 6;

/// The script of a new case, still without acts.
pub fn begin(world: &World, rng: &mut StdRng) -> Script {
    // The petition is most of the work of a district, and most of its states.
    let petition = world.workflows.iter().position(|workflow| workflow.name == "petition").unwrap_or(0);
    let any = rng.random_range(0..world.workflows.len());
    let workflow = if rng.random_bool(0.25) { petition } else { any };
    Script { workflow, begins: rng.random_range(0..400 * 86_400), nobody: rng.random_bool(0.1), acts: Vec::new() }
}

/// The event that opens the case; none: nobody managed to open it.
pub fn open(life: &Life<'_>, rng: &mut StdRng) -> Option<Act> {
    let Some(decl) = life.workflow.def.events.iter().find(|event| event.name == "case.opened") else {
        return Some(Act::Open { data: json!({}), actor: linked() });
    };
    (0..20 * TRIES).find_map(|_| {
        let actor = if decl.by.is_empty() || rng.random_bool(0.05) { linked() } else { sender(life, decl, rng)? };
        let data = form(life, &decl.form, rng);
        life.admits("case.opened", &data, &actor).then_some(Act::Open { data, actor })
    })
}

/// What happens next.
pub fn next(life: &Life<'_>, nobody: bool, rng: &mut StdRng) -> Act {
    let seconds = match rng.random_range(0..8) {
        0 => rng.random_range(0..120),
        1 | 2 => rng.random_range(0..36) * 3600,
        3..=5 => rng.random_range(0..12) * 86_400 + rng.random_range(0..86_400),
        _ => rng.random_range(0..70) * 86_400,
    };
    let crash = rng.random_bool(0.15);
    match rng.random_range(0..100) {
        0..20 => Act::Run { seconds },
        20..26 => Act::Jump { seconds, crash },
        26..29 => Act::Tick { back: rng.random_range(0..10 * 86_400) },
        29..30 => Act::Adopt,
        30..34 => event(life, true, crash, rng).unwrap_or(Act::Run { seconds }),
        _ if nobody => Act::Run { seconds },
        _ => event(life, false, crash, rng).unwrap_or(Act::Run { seconds }),
    }
}

/// Something that somebody, or a linked case, sends.
fn event(life: &Life<'_>, by_case: bool, crash: bool, rng: &mut StdRng) -> Option<Act> {
    let events = &life.workflow.def.events;
    let back = if rng.random_bool(0.05) { rng.random_range(1..5 * 86_400) } else { 0 };
    for _ in 0..TRIES {
        let decl = &events[rng.random_range(0..events.len())];
        if decl.name == "case.opened" || (by_case && !decl.by.is_empty()) {
            continue;
        }
        // What a linked case sends was written in another workflow, which may send what has no sender here.
        let actor = if by_case {
            linked()
        } else if let Some(actor) = sender(life, decl, rng) {
            actor
        } else {
            continue;
        };
        let data = form(life, &decl.form, rng);
        if life.admits(&decl.name, &data, &actor) {
            return Some(Act::Send { event: decl.name.clone(), data, actor, back, crash });
        }
    }
    None
}

fn linked() -> Actor {
    Actor { id: "other-case".into(), kind: ActorKind::Case, ..Actor::system() }
}

/// Somebody who may send it.
fn sender(life: &Life<'_>, decl: &EventDecl, rng: &mut StdRng) -> Option<Actor> {
    let person = Actor { id: "person".into(), kind: ActorKind::Person, ..Actor::system() };
    let by = decl.by.get(rng.random_range(0..decl.by.len().max(1)))?;
    let owners = life.case.all_owners();
    let owner = (!owners.is_empty()).then(|| owners[rng.random_range(0..owners.len())]);
    Some(match by {
        Sender::Role(role) => Actor { roles: vec![role.clone()], ..person },
        Sender::Unit(unit) => Actor { units: vec![unit.clone()], ..person },
        Sender::Owner => match owner?.split_once(':')? {
            ("role", role) => Actor { roles: vec![role.into()], ..person },
            ("unit", unit) => Actor { units: vec![unit.into()], ..person },
            (_, id) => Actor { id: id.into(), ..person },
        },
        Sender::UnitHead => Actor { heads: vec![owner?.strip_prefix("unit:")?.into()], ..person },
        Sender::Public => Actor { id: "public".into(), kind: ActorKind::Public, ..person },
        Sender::Machine => Actor { id: "machine".into(), kind: ActorKind::Machine, ..person },
    })
}

/// Any values that a form takes; now and then one that it does not.
fn form(life: &Life<'_>, schema: &Value, rng: &mut StdRng) -> Value {
    let mut data = Map::new();
    let required = schema.get("required").and_then(Value::as_array);
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let must = required.is_some_and(|names| names.iter().any(|each| each == name));
        if rng.random_bool(if must { 0.99 } else { 0.35 }) {
            data.insert(name.clone(), value(life, field, rng));
        }
    }
    if data.is_empty() { Value::Null } else { Value::Object(data) }
}

fn value(life: &Life<'_>, field: &Value, rng: &mut StdRng) -> Value {
    if let Some(words) = field.get("enum").and_then(Value::as_array) {
        return words[rng.random_range(0..words.len())].clone();
    }
    let number = |key: &str| field.get(key).and_then(Value::as_i64);
    match field.get("type").and_then(Value::as_str) {
        Some("boolean") => rng.random_bool(0.8).into(),
        Some("integer" | "number") => {
            let least = number("minimum").unwrap_or(0);
            let most = number("maximum").unwrap_or(least + 100).max(least);
            // Small numbers are where limits lie.
            let near = most.min(least + 40);
            let most = if rng.random_bool(0.8) { near } else { most };
            rng.random_range(least..=most).into()
        }
        Some("array") => {
            let most = number("maxItems").unwrap_or(3).min(2);
            let items = field.get("items").cloned().unwrap_or(json!({"type": "string"}));
            (0..rng.random_range(0..=most)).map(|_| value(life, &items, rng)).collect::<Vec<_>>().into()
        }
        Some("object") => form(life, field, rng),
        _ => text(life, field, rng),
    }
}

fn text(life: &Life<'_>, field: &Value, rng: &mut StdRng) -> Value {
    let directory = &life.world.directory;
    // Mostly the past, sometimes the future, so that both sides of `<= now` are tried.
    let days = if rng.random_bool(0.85) { -rng.random_range(0..20) } else { rng.random_range(1..60) };
    let at = life.now + TimeDelta::minutes(days * 1440);
    let at = at.with_timezone(&huiyin_calendar::china());
    match field.get("format").and_then(Value::as_str) {
        Some("date") => at.format("%Y-%m-%d").to_string().into(),
        Some("date-time") => at.format("%Y-%m-%dT%H:%M:%S+08:00").to_string().into(),
        Some("unit") => {
            let units = directory.units();
            units[rng.random_range(0..units.len())].id.clone().into()
        }
        Some("town") => {
            let towns = directory.towns();
            towns[rng.random_range(0..towns.len())].code.clone().into()
        }
        Some("category") => {
            let categories = directory.categories();
            categories[rng.random_range(0..categories.len())].id.clone().into()
        }
        _ => {
            let length = |key: &str| field.get(key).and_then(Value::as_u64);
            let least = length("minLength").unwrap_or(0);
            let most = length("maxLength").unwrap_or(least + 20).min(least + 20);
            let length = usize::try_from(rng.random_range(least..=most.max(least))).unwrap_or(1);
            "河水发黑需要尽快处理".chars().cycle().take(length).collect::<String>().into()
        }
    }
}
